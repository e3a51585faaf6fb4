"""What a team has to know of its problems all together: the day's digest, and the baseline: pure."""

from bisect import insort
from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from fleet.events.envelope import Entry, Meta
from fleet.events.findings import FindingsSummarized
from fleet.masking import mask, mask_identifier
from functions.findings.brief import Brief
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS, WARN_MS
from functions.findings.telling import Here

MOST_FIRST, MOST_LATE, MOST_CONTROLS = 10, 10, 10
SOON_MS = 2 * DAY_MS
AGES = {1: "< 1 d", 7: "< 7 d", 30: "< 30 d", 90: "< 90 d", 1_000_000: "older"}
"""Names of ages, by how many days are too many for each."""


class Summary(msgspec.Struct, kw_only=True):
    """Counts of a team's problems, taken one by one: there may be a hundred thousand."""

    open: Counter[str] = msgspec.field(default_factory=Counter)
    opened: Counter[str] = msgspec.field(default_factory=Counter)
    controls: Counter[str] = msgspec.field(default_factory=Counter)
    ages: Counter[str] = msgspec.field(default_factory=Counter)
    overdue: int = 0
    suppressed: int = 0
    unexplained: int = 0
    ending: int = 0
    oldest: int = 0
    due_soon: int = 0
    first: list[Brief] = msgspec.field(default_factory=list)
    late: list[Brief] = msgspec.field(default_factory=list)

    def add(self, brief: Brief, now: int) -> None:
        """One more; they come in their order, the worst and then the oldest first."""
        if brief.status == Status.SUPPRESSED:
            self.suppressed += 1
            self.unexplained += not brief.until
            self.ending += 0 < brief.until <= now + WARN_MS
            return
        self.open[brief.severity] += 1
        self.opened[brief.severity] += brief.opened > now - DAY_MS
        self.controls[brief.control] += 1
        self.ages[age(now - brief.opened)] += 1
        self.due_soon += now < brief.due <= now + SOON_MS
        if 0 < brief.due <= now:
            self.overdue += 1
            insort(self.late, brief, key=lambda one: one.due)
            del self.late[MOST_LATE:]
        self.oldest = min(filter(None, (self.oldest, brief.opened)), default=0)
        if len(self.first) < MOST_FIRST:
            self.first.append(brief)

    def event(self, kind: Literal["digest", "baseline"], day: str, account: str, region: str) -> FindingsSummarized:
        """As the fleet is told."""
        return FindingsSummarized(
            kind=kind,
            day=day,
            account=account,
            region=region,
            open=dict(self.open),
            opened={severity: count for severity, count in self.opened.items() if count},
            overdue=self.overdue,
            suppressed=self.suppressed,
            unexplained=self.unexplained,
            ending=self.ending,
            oldest=self.oldest,
            controls=dict(self.controls.most_common(MOST_CONTROLS)),
            first=[_named(brief) for brief in self.first],
            late=[_named(brief) for brief in self.late],
            due_soon=self.due_soon,
        )

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.open or self.suppressed)


def summary_of(briefs: Iterable[Brief], now: int) -> Summary:
    """All of them."""
    summary = Summary()
    for brief in briefs:
        summary.add(brief, now)
    return summary


def _named(brief: Brief) -> dict[str, Any]:
    names = ("problem", "severity", "control", "opened", "due")
    texts = {"resource": mask_identifier(brief.resource, known={brief.account}), "title": mask(brief.title)}
    return {name: getattr(brief, name) for name in names} | texts


def age(milliseconds: int) -> str:
    """The name of an age."""
    days = milliseconds // DAY_MS
    return next(name for too_many, name in AGES.items() if days < too_many)


def entry(event: FindingsSummarized, team: str, here: Here) -> Entry:
    """The fleet event about a team's problems; the same for the same day."""
    meta = Meta(
        id=f"{event.kind}-{here.account}-{here.region}-{event.account}-{team}-{event.day}",
        version=event.version,
        time=here.now,
        account=here.account,
        region=here.region,
        service="",
        team=team,
        environment="",
        actor="yagura.findings",
    )
    return Entry.of(event, meta)
