"""How often Security Hub may be called, per account, Region and operation.

Evidence: API reference, "Welcome": GetFindings 3 requests a second with a burst of 6; all other operations (of those
that are here) 10 with a burst of 30. Amazon's throttles are token buckets: a full bucket holds the burst and refills
at the rate (cloud-custodian pull request 6809 measured it for BatchImportFindings). That each operation has a bucket
of its own is how the list reads. The clock can be stopped and moved by tests.
"""

import time
from collections.abc import Callable

_GET, _OTHERS = (3.0, 6.0), (10.0, 30.0)
_ROUNDING = 1e-6


class Buckets:
    """One token bucket per account, Region and operation."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, str, str], tuple[float, float]] = {}

    def take(self, account: str, region: str, operation: str, now: float) -> bool:
        """Whether a call at `now` (seconds) is let through; a refused one costs nothing."""
        rate, burst = _GET if operation == "GetFindings" else _OTHERS
        left, then = self._left.get((account, region, operation), (burst, now))
        left = min(burst, left + max(0.0, now - then) * rate)
        let_through = left >= 1 - _ROUNDING
        self._left[account, region, operation] = (left - 1 if let_through else left, now)
        return let_through


class Clock:
    """Seconds that run, or stand still until they are moved."""

    def __init__(self, wall: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._stopped_at: float | None = None
        self._ahead = 0.0

    def now(self) -> float:
        """The time that the buckets go by."""
        return self._ahead + (self._wall() if self._stopped_at is None else self._stopped_at)

    def stop(self) -> None:
        """Stand still, if it ran."""
        if self._stopped_at is None:
            self._stopped_at = self._wall()

    def run(self) -> None:
        """Go on from where it stands; never back."""
        if self._stopped_at is not None:
            self._ahead += self._stopped_at - self._wall()
            self._stopped_at = None

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self._ahead += seconds
