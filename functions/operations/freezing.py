"""The freeze of this account and Region, and the modes that hold: parameters of Systems Manager."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fleet.modes import FREEZE, effective, parameter
from functions.operations.calls import calling

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_MODES = parameter("").rstrip("/")
_LOOKS = 3
"""A parameter may be read as it was, for a moment after it was written."""


class Freezing:
    """Sets, unsets and reads the freeze. Raises CallFailedError."""

    def __init__(self, client: "SSMClient", sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._sleep = client, sleep

    def set(self, *, frozen: bool) -> bool:
        """Freeze or unfreeze; again is no harm. Returns whether it is frozen, as read back."""
        if frozen:
            with calling("PutParameter"):
                self._client.put_parameter(Name=FREEZE, Value="frozen", Type="String", Overwrite=True)
        else:
            with calling("DeleteParameters"):  # the plural, since it does not mind one that is not there
                self._client.delete_parameters(Names=[FREEZE])
        for look in range(_LOOKS):
            if look:
                self._sleep(0.5)
            if self._frozen() == frozen:
                return frozen
        return not frozen

    def modes(self, *, frozen: bool) -> dict[str, tuple[str, str]]:
        """Of each capability here the mode that is configured, and the one that holds."""
        with calling("GetParametersByPath"):
            pages = self._client.get_paginator("get_parameters_by_path").paginate(Path=_MODES)
            found = {one["Name"].rpartition("/")[2]: one["Value"] for page in pages for one in page["Parameters"]}
        return {name: (mode, effective(mode, frozen=frozen).value) for name, mode in found.items()}

    def _frozen(self) -> bool:
        with calling("GetParameters"):
            return bool(self._client.get_parameters(Names=[FREEZE])["Parameters"])
