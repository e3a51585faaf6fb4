"""What came in, what became of it and how long that took, by day: for people, beside the metrics.

    pk numbers#<day>    counts by name; TTL 400 days

Counted in memory and written at most once a minute, so that counting costs no event a write of its own. A function
that dies takes the last minute's counts with it: the metrics in its log have them all.
"""

from collections import Counter
from datetime import UTC, datetime

import msgspec

from fleet.items import Table
from functions.findings.lease import DAY_MS

EVERY_MS = 60_000
_TRIES = 5
_KEEP_MS = 400 * DAY_MS
_VERSION = 1


class Tally:
    """Of one deployment."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._counts: Counter[str] = Counter()
        self._written = 0

    def count(self, name: str, by: int = 1) -> None:
        """So many more of it."""
        self._counts[name] += by

    def write(self, now: int) -> None:
        """Write down what has been counted, if it is time. What cannot be written now is kept."""
        self._written = self._written or now
        if not self._counts or 0 <= now - self._written < EVERY_MS:  # a clock that was set back keeps nothing waiting
            return
        pk = f"numbers#{day_of(now)}"
        for _ in range(_TRIES):
            item = self._table.get(pk)
            counts = Counter(msgspec.json.decode(item["counts"], type=dict[str, int]) if item else {})
            counts.update(self._counts)
            after = {"pk": pk, "v": _VERSION, "counts": msgspec.json.encode(counts).decode()}
            if self._table.put(after | {"expires": (now + _KEEP_MS) // 1000}, over=item):
                self._counts.clear()
                self._written = now
                return

    def of_days(self, now: int, days: int) -> Counter[str]:
        """The counts of the last days, this function's own unwritten ones left out."""
        total: Counter[str] = Counter()
        for back in range(days):
            item = self._table.get(f"numbers#{day_of(now - back * DAY_MS)}")
            total.update(msgspec.json.decode(item["counts"], type=dict[str, int]) if item else {})
        return total


def day_of(now: int) -> str:
    """`2026-11-23`, in UTC."""
    return datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d")
