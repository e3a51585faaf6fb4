"""Slack's signing secret: the one in force and the one before it, each read at most once in five minutes.

A missing one is remembered like any other, so a stranger's requests cost no calls. `fleet.secrets` is the same for
functions that have boto3.
"""

from fleet.sigv4 import AwsError
from functions.chatops.door import UnfitError
from functions.chatops.signature import fresh, verify

TYPE_CHECKING = False  # `typing` costs the acknowledging path 3 ms; type checkers know the name
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    type Stage = Literal["AWSCURRENT", "AWSPREVIOUS"]
    type Read = Callable[[Stage, float], str | None]

CACHE_SECONDS = 300
UNFILLED_CACHE_SECONDS = 10
"""Whoever has just filled it, or mended a permission, should not have to wait."""


class UnreadableError(Exception):
    """It could not be read just now, or a moment ago."""


class _Cached:
    def __init__(self, *, patience: float) -> None:
        self.value: str | None = None
        self.error: AwsError | None = None
        self.until = float("-inf")
        self.patience = patience
        """How long a missing value is remembered."""


class SigningSecret:
    """Reads stages through `read(stage, deadline)`; `clock` gives seconds that never go back."""

    def __init__(self, read: "Read", clock: "Callable[[], float]") -> None:
        self._read, self._clock = read, clock
        self._current = _Cached(patience=UNFILLED_CACHE_SECONDS)
        self._previous = _Cached(patience=CACHE_SECONDS)

    def check(self, timestamp: str, body: bytes, given: str, *, now_s: int, deadline: float) -> None:
        """Refuse what Slack has not signed just now. Raises UnfitError, UnreadableError.

        The secret before is read only for what the current one has not signed, and none for what is too old.
        """
        if not fresh(timestamp, now_s):
            raise UnfitError("timestamp")
        current = self.current(deadline)
        if current is None:
            raise UnfitError("no_secret")
        if verify([current], timestamp, body, given, now_s):
            return
        previous = self.previous(deadline)
        if previous is None or not verify([previous], timestamp, body, given, now_s):
            raise UnfitError("signature")

    def current(self, deadline: float) -> str | None:
        """The secret in force; None while nobody has filled it. Raises UnreadableError."""
        before = self._current.value
        value = self._value(self._current, "AWSCURRENT", deadline)
        if value != before:
            self._previous.until = float("-inf")  # rotated: what was current is the previous one now
        return value

    def previous(self, deadline: float) -> str | None:
        """The one before it, if there was one. Raises UnreadableError."""
        return self._value(self._previous, "AWSPREVIOUS", deadline)

    def _value(self, cached: _Cached, stage: "Stage", deadline: float) -> str | None:
        if self._clock() >= cached.until:
            try:
                cached.value, cached.error = self._read(stage, deadline), None
                seconds = CACHE_SECONDS if cached.value else cached.patience
            except AwsError as error:
                # What was read before still verifies: an outage of Secrets Manager is none of ours.
                cached.error = None if cached.value else error
                seconds = UNFILLED_CACHE_SECONDS
            cached.until = self._clock() + seconds
        if cached.error is not None:
            raise UnreadableError(f"{stage}: {cached.error}") from cached.error
        return cached.value
