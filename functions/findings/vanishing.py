"""Many problems that vanish at once are not believed to be gone at once.

Where Security Hub was switched off and on again, where a Region is no longer aggregated, or where the sweep may read
less than before, it has no word of findings that are still there. To believe that would end their suppressions, close
their issues, and tell people that all is well. So what is more than a few and a large share of what is known, of one
account and Region or over all, is held: nothing is marked, people are told once, and only a walk on the third day
after that which still finds the same is believed. That is a weekend, and more than the day that checks take to come
back. Until then the worst is that something is shown as open which is not.

    pk vanished    places: since when (ms) the word on each account and Region is doubted; what people are told of it
                   waits in its outbox (fleet.outbox)
"""

from collections.abc import Mapping

import msgspec

from fleet import telemetry
from fleet.events.envelope import Entry
from fleet.events.findings import ProblemsVanished
from fleet.items import ConflictError
from fleet.outbox import with_entries
from functions.findings.lease import DAY_MS
from functions.findings.office import Office
from functions.findings.telling import Here, of_all

FEW = 20
"""So many may vanish, whatever their share is."""
SHARE = 0.2
"""So large a part may vanish, however many these are."""
WAIT_DAYS = 3
MOST_PLACES = 10
"""In what people are told."""
_KEY, _VERSION = "vanished", 1


class Gaps(msgspec.Struct, kw_only=True):
    """What one walk has found missing so far, by place (`<account> <Region>`)."""

    known: dict[str, int] = {}
    """How many open, suppressed and ignored problems are known."""
    missing: dict[str, int] = {}
    """Of how many of them Security Hub has nothing any more by which they fail."""

    def count(self, place: str, *, known: int = 0, missing: int = 0) -> None:
        """So many more."""
        self.known[place] = self.known.get(place, 0) + known
        self.missing[place] = self.missing.get(place, 0) + missing

    def doubtful(self) -> set[str]:
        """The places of which too many are missing; all that miss any, if too many are missing over all."""
        if _too_many(sum(self.missing.values()), sum(self.known.values())):
            return {place for place, missing in self.missing.items() if missing}
        return {place for place, missing in self.missing.items() if _too_many(missing, self.known[place])}


class Doubts:
    """Of one deployment."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def held(self, gaps: Gaps, now: int) -> set[str]:
        """The places whose word is not believed yet; people are told of those that are new among them.

        Asked again, as after a kill, it says the same. Raises ConflictError.
        """
        item = self._office.table.get(_KEY)
        before: dict[str, int] = msgspec.json.decode(item["places"]) if item else {}
        places = {place: before.get(place, now) for place in sorted(gaps.doubtful())}
        new = places.keys() - before.keys()
        if places != before:
            after = (item or {"pk": _KEY, "v": _VERSION}) | {"places": msgspec.json.encode(places).decode()}
            told = [self._told(gaps, new, now)] if new else []
            if not self._office.table.put(with_entries(after, told, now), over=item):
                raise ConflictError(_KEY)
        held = {place for place, since in places.items() if now < _believed(since)}
        if missing := sum(gaps.missing[place] for place in held):
            telemetry.count("Held", capability="findings", reason="vanished", by=missing)
        return held

    def _told(self, gaps: Gaps, places: set[str], now: int) -> Entry:
        settings = self._office.settings
        event = ProblemsVanished(
            account=settings.account,
            region=settings.region,
            missing=sum(gaps.missing[place] for place in places),
            known=sum(gaps.known[place] for place in places),
            places=_worst(gaps.missing, places),
            believed=_believed(now),
        )
        here = Here(settings.account, settings.region, now)
        return Entry.of(event, of_all(here, event.version, f"vanished-{here.account}-{here.region}-{now}"))


def _too_many(missing: int, known: int) -> bool:
    return missing > FEW and missing > known * SHARE


def _believed(since: int) -> int:
    """From when on (ms): a midnight, since walks begin with the day."""
    return (since // DAY_MS + WAIT_DAYS) * DAY_MS


def _worst(missing: Mapping[str, int], places: set[str]) -> dict[str, int]:
    worst = sorted(places, key=lambda place: (-missing[place], place))[:MOST_PLACES]
    return {place: missing[place] for place in worst}
