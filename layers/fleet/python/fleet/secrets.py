"""A secret that was created empty and is filled by `fleetctl secrets set`: unfilled is a state, not an error."""

from typing import TYPE_CHECKING

from fleet.clock import Clock, wall_ms

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_MS = 300_000
UNFILLED_CACHE_MS = 10_000
"""Whoever has just filled it should not have to wait."""


class Secret:
    """One secret's current value, cached for five minutes of wall time."""

    def __init__(self, client: "SecretsManagerClient", name: str, clock: Clock = wall_ms) -> None:
        self._client, self._name, self._clock = client, name, clock
        self._value: str | None = None
        self._good_until = -1

    def value(self) -> str | None:
        """The value, or None while nobody has filled it."""
        if self._clock() >= self._good_until:
            self._value = self._read()
            self._good_until = self._clock() + (CACHE_MS if self._value else UNFILLED_CACHE_MS)
        return self._value

    def forget(self) -> None:
        """Read again next time: the value was refused."""
        self._good_until = -1

    def _read(self) -> str | None:
        try:
            return self._client.get_secret_value(SecretId=self._name)["SecretString"] or None
        except self._client.exceptions.ResourceNotFoundException:
            return None
