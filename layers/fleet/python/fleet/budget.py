"""A capability's budget of effects: so many in an hour, then it only observes until the next, and says so loudly.

    pk      budget#<hour>   used: effects of the hour; told: that they are used up, once, in its outbox (fleet.outbox)

Whatever makes it act without end (a policy that matches all, a storm, an attacker) is stopped by it. Undoing costs
nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from fleet import telemetry
from fleet.events.envelope import Entry
from fleet.items import ConflictError, Table
from fleet.outbox import with_entries

HOUR_MS = 3_600_000
_TRIES = 10
_KEEP_SECONDS = 30 * 24 * 3600
_VERSION = 1


class Budget:
    """Of one capability in one account and Region."""

    def __init__(self, table: Table, *, per_hour: int, capability: str, used_up: Callable[[str, int], Entry]) -> None:
        """`used_up` makes the event that tells people, from the hour and the time (ms)."""
        self.per_hour = per_hour
        self._table, self._capability, self._used_up = table, capability, used_up

    def left(self, now: int) -> int:
        """How many may still be had in this hour."""
        item = self._table.get(f"budget#{_hour(now)}")
        return max(0, self.per_hour - (int(item["used"]) if item else 0))

    def say_short(self, now: int) -> None:
        """Say, once, that something must wait for another hour. Raises ConflictError."""
        self._take(1, now, most=0)

    def take(self, wanted: int, now: int) -> int:
        """How many of so many effects may be had now; they count as used. Raises ConflictError."""
        return self._take(wanted, now, most=wanted)

    def _take(self, wanted: int, now: int, *, most: int) -> int:
        hour = _hour(now)
        pk = f"budget#{hour}"
        for _ in range(_TRIES):
            item = self._table.get(pk)
            used, told = (int(item["used"]), bool(item["told"])) if item else (0, False)
            given = min(most, max(0, self.per_hour - used))
            short = given < wanted
            if not given and (told or not short):
                return 0
            after = (item or {"pk": pk, "v": _VERSION}) | {
                "used": used + given,
                "told": told or short,
                "expires": now // 1000 + _KEEP_SECONDS,
            }
            if self._table.put(
                with_entries(after, [self._used_up(hour, now)] if short and not told else [], now), over=item
            ):
                if short:
                    telemetry.count("Held", capability=self._capability, reason="budget")
                return given
        raise ConflictError(pk)

    def give_back(self, unused: int, now: int) -> None:
        """So many of those that were taken in this hour did not come about. If others keep writing, they stay used."""
        pk = f"budget#{_hour(now)}"
        for _ in range(_TRIES):
            item = self._table.get(pk)
            if not unused or item is None or self._table.put(item | {"used": max(0, item["used"] - unused)}, over=item):
                return


def next_hour(now: int) -> int:
    """When there is a budget again (ms)."""
    return now - now % HOUR_MS + HOUR_MS


def _hour(now: int) -> str:
    return datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H")
