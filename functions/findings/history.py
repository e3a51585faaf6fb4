"""What findings have reported of a problem, in the order in which it was so: pure.

A problem's past is a set of reports, and its state the fold of them in their order. So the same events, in any order
and multiplicity, leave the same history, and a report that comes late takes its place in the past.

    report   a finding's status at one time (`at`), brought by an event
    order    (at, time of the event, digest): a workflow-only change leaves `UpdatedAt` as it was and has a later event;
             the digest makes the order total, so two workers never disagree about the last word
    change   the problem's status became another one

Reports that are more than WINDOW_MS older than the newest are folded into `past`, since a queue keeps an event for 14
days at most: of each finding only the last of them stays.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from typing import Self

import msgspec

from functions.findings.finding import Seen, Status

WINDOW_MS = 15 * 24 * 3_600_000
MOST_PAST = 50
"""Changes that are remembered from before the window; how often it opened is counted all the same."""
MOST_COPIES = 60
"""Findings of one problem, some 5 KB each at most. Of more, those whose word weighs least are forgotten (`_kept`)."""
MOST_REPORTS = 400
"""Reports that are kept one by one, about 45 KB of an item that may have 400. Of more, the window begins later."""


_WEIGHT = (Status.GONE, Status.RESOLVED, Status.SUPPRESSED, Status.OPEN)


class Report(msgspec.Struct, frozen=True, array_like=True, order=True):
    """What one finding said at one time."""

    at: int
    """When it was so, in ms: the finding's `UpdatedAt`, but never later than the event that says it."""
    event_time: int
    digest: str
    copy: str
    """Which finding: `Finding.copy`."""
    status: Status
    event: str
    """Id of the event."""
    terms: str = ""
    """`Finding.terms`."""
    echo: bool = False
    """Whether it is the fleet's own suppression, come back: then it is open, as far as `status` goes."""

    @classmethod
    def of(cls, seen: Seen) -> Self:
        """What `seen` reports. A finding that the fleet has suppressed itself is still open as far as it knows."""
        finding = seen.finding
        echo = finding.ours and finding.status is Status.SUPPRESSED
        digest = sha256(msgspec.json.encode(finding, order="sorted")).hexdigest()[:12]
        return cls(
            at=min(finding.updated_at, seen.event_time),
            event_time=seen.event_time,
            digest=digest,
            copy=finding.copy,
            status=Status.OPEN if echo else finding.status,
            event=seen.event_id,
            terms=finding.terms,
            echo=echo,
        )


class Change(msgspec.Struct, frozen=True, array_like=True):
    """The problem became this, by the report of an event."""

    at: int
    status: Status
    event: str


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All that was reported."""

    reports: list[Report] = []
    settled: int = 0
    """So many of the first reports are from before the window; their changes stand in `past`."""
    past: list[Change] = []
    openings: int = 0
    """How often it opened before the window."""

    def __contains__(self, report: Report) -> bool:
        """Whether this was reported before."""
        at = bisect_left(self.reports, report)
        return at < len(self.reports) and self.reports[at] == report

    def with_report(self, report: Report) -> "History":
        """The history with one report more; the same if it says nothing new."""
        if report in self:
            return self
        if self.settled and report < self.reports[self.settled - 1]:
            return self._with_late(report)
        reports = list(self.reports)
        insort(reports, report)
        after = _settled(msgspec.structs.replace(self, reports=reports))
        return self if after == self else after

    def _with_late(self, report: Report) -> "History":
        """With a report from before the window: it may still be the last word of a finding that was heard of late."""
        settled = self.reports[: self.settled]
        known = next((r for r in settled if r.copy == report.copy), None)
        if known is not None and known > report:
            return self
        words = sorted([report, *(r for r in settled if r is not known)])
        before, now = (over_all([r.status for r in them]) for them in (settled, words))
        past, openings = self.past, self.openings
        if now is not before:  # what was folded is not taken apart again: the change comes after what is known
            past = [*past, Change(max(report.at, past[-1].at), now, report.event)]
            openings += now is Status.OPEN
        reports = [*words, *self.reports[self.settled :]]
        after = _settled(History(reports=reports, settled=len(words), past=past[-MOST_PAST:], openings=openings))
        return self if after == self else after

    def told(self) -> tuple[list[Change], int]:
        """All changes that are remembered, oldest first; and how often the problem was opened, then and before."""
        made = list(_fold(self.reports, self.settled))
        return [*self.past, *made], self.openings + sum(change.status is Status.OPEN for change in made)

    def changes(self) -> list[Change]:
        """All changes that are remembered, oldest first."""
        return self.told()[0]

    @property
    def opened(self) -> int:
        """How often the problem was opened."""
        return self.told()[1]

    def last_of(self, copy: str) -> Report | None:
        """The last word of a finding."""
        return next((report for report in reversed(self.reports) if report.copy == copy), None)

    @property
    def status(self) -> Status:
        """What the findings say of the problem now."""
        return over_all({report.copy: report.status for report in self.reports}.values())

    @property
    def copies(self) -> set[str]:
        """The findings that it knows of."""
        return {report.copy for report in self.reports}


def over_all(statuses: Collection[Status]) -> Status:
    """Of a problem whose findings say these: it is open while one says so; nobody's pass hides another's failure."""
    for one in (Status.OPEN, Status.SUPPRESSED, Status.RESOLVED):
        if one in statuses:
            return one
    return Status.GONE


def _fold(reports: Sequence[Report], settled: int) -> Iterator[Change]:
    """The changes that the reports after the settled ones made."""
    words = {report.copy: report.status for report in reports[:settled]}
    before = over_all(words.values()) if words else None
    for report in reports[settled:]:
        words[report.copy] = report.status
        now = over_all(words.values())
        if now is not before:
            yield Change(report.at, now, report.event)
            before = now


def _settled(history: History) -> History:
    """The same history, with what lies before the window folded; all of it, if there are too many findings."""
    reports, settled = history.reports, history.settled
    cutoff = reports[-1].at - WINDOW_MS
    old = max(bisect_left(reports, cutoff, key=lambda report: report.at), len(reports) - MOST_REPORTS)
    crowded = len(history.copies) > MOST_COPIES
    if crowded:  # what they have changed stays, though not who they were
        old = len(reports)
    if old <= settled and not crowded:
        return history
    made = list(_fold(reports[:old], settled))
    kept = _kept({report.copy: report for report in reports[:old]}.values())
    return History(
        reports=[*kept, *reports[old:]],
        settled=len(kept),
        past=[*history.past, *made][-MOST_PAST:],
        openings=history.openings + sum(change.status is Status.OPEN for change in made),
    )


def _kept(words: Collection[Report]) -> list[Report]:
    """The last words of at most so many findings, in order.

    Forgotten are closed ones before failing ones, and those that were heard of longest ago: so the problem is what it
    was, and which they are does not depend on the order in which the findings were first heard of.
    """
    heaviest = sorted(words, key=lambda word: (_WEIGHT.index(word.status), word), reverse=True)
    return sorted(heaviest[:MOST_COPIES])
