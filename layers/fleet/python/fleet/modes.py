"""The mode of a capability: `off`, `observe` or `act`. Every external effect reads it first.

`/yagura/mode/<capability>` comes from fleet.yaml; `/yagura/freeze` exists while the account is frozen, and holds
`act` down to `observe`. Unreadable means observe. Undoing is never blocked, so it does not ask.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fleet import telemetry
from fleet.clock import Clock, wall_ms

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

FREEZE = "/yagura/freeze"
CACHE_MS = 5_000
"""A freeze must hold within 10 s; half of it may be spent in the cache."""


class Mode(StrEnum):
    """What a capability may do."""

    OFF = "off"
    OBSERVE = "observe"
    ACT = "act"


def parameter(capability: str) -> str:
    """Name of the SSM parameter that holds the capability's mode."""
    return f"/yagura/mode/{capability}"


def effective(mode: str | None, *, frozen: bool) -> Mode:
    """The mode that holds, from what the parameter says (None: it could not be read)."""
    try:
        wanted = Mode(mode or "")
    except ValueError:
        return Mode.OBSERVE
    return Mode.OBSERVE if frozen and wanted is Mode.ACT else wanted


class ModeSwitch:
    """Reads one capability's mode, at most once in CACHE_MS of wall time."""

    def __init__(self, client: "SSMClient", capability: str, clock: Clock = wall_ms) -> None:
        self._client, self._name, self._clock = client, parameter(capability), clock
        self._mode, self._read_at = Mode.OBSERVE, -CACHE_MS

    def mode(self) -> Mode:
        """The mode that holds now."""
        if self._clock() - self._read_at >= CACHE_MS:
            self._mode, self._read_at = self._read(), self._clock()
        return self._mode

    def _read(self) -> Mode:
        try:
            found = self._client.get_parameters(Names=[self._name, FREEZE])["Parameters"]
        except (ClientError, BotoCoreError) as error:
            telemetry.log_failure("mode unreadable: observing", error)
            return Mode.OBSERVE
        values = {parameter["Name"]: parameter["Value"] for parameter in found}
        return effective(values.get(self._name), frozen=FREEZE in values)
