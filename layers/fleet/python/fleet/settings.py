"""What FleetFunction tells a function through its environment, read once."""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Self

import msgspec


class SettingsError(LookupError):
    """The function was deployed without a setting that it needs."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the function runs, and its capability's resources. What a capability lacks is empty."""

    account: str
    region: str
    capability: str
    table: str
    bus: str
    dead_letters: str
    """URL of the capability's dead-letter queue."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """From `YAGURA_*`. Raises SettingsError with the name of the variable."""
        try:
            return cls(
                account=environment["YAGURA_ACCOUNT"],
                region=environment["AWS_REGION"],
                capability=environment["YAGURA_CAPABILITY"],
                table=environment.get("YAGURA_TABLE", ""),
                bus=environment.get("YAGURA_BUS", ""),
                dead_letters=environment.get("YAGURA_DEAD_LETTERS", ""),
            )
        except KeyError as error:
            raise SettingsError(f"environment variable {error} is not set; FleetFunction sets it") from error


def compiled[T](kind: type[T], beside: str) -> tuple[T, str]:
    """The capability's compiled configuration, `config.json` beside the module file `beside`, and its hash."""
    content = Path(beside).with_name("config.json").read_bytes()
    return msgspec.json.decode(content, type=kind), sha256(content).hexdigest()[:12]
