"""The decision: what a finding changes about its problem, and what the fleet is told.

The unit is the problem (account, Region, control, resource), not the finding. Its state is that of the latest finding
seen, by `Seen.order`, so the same events in any order and multiplicity leave the same state.
"""

from typing import Self

import msgspec

from fleet.catalogue import Owner
from fleet.events.envelope import Entry, Meta
from fleet.events.findings import FindingOpened
from functions.findings.finding import Finding, Seen, Status


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What the table remembers of a problem. Times are ms since the epoch."""

    finding: Finding
    """The latest."""
    order: tuple[int, int, str]
    owner: Owner
    config: str
    """Hash of the configuration that decided the owner."""

    @classmethod
    def of(cls, seen: Seen, owner: Owner, config: str) -> Self:
        """The problem as the finding tells it."""
        return cls(finding=seen.finding, order=seen.order, owner=owner, config=config)


class Here(msgspec.Struct, frozen=True):
    """Where and when the decision is made; `now` in ms."""

    account: str
    region: str
    now: int


class Decision(msgspec.Struct, frozen=True):
    """What to write, and what to tell with the same write."""

    problem: Problem | None
    """None: nothing has changed."""
    entries: list[Entry]


def triage(known: Problem | None, seen: Seen, owner: Owner, config: str, here: Here) -> Decision:
    """Decide on `seen`, given what is known of its problem."""
    if known and seen.order <= known.order:
        return Decision(None, [])
    problem = Problem.of(seen, owner, config)
    was_open = known is not None and known.finding.status is Status.OPEN
    if problem.finding.status is not Status.OPEN or was_open:
        return Decision(problem, [])
    return Decision(problem, [_opened(seen, owner, here, reopened=known is not None)])


def _opened(seen: Seen, owner: Owner, here: Here, *, reopened: bool) -> Entry:
    finding = seen.finding
    return Entry.of(
        FindingOpened(
            problem=finding.problem,
            account=finding.account,
            region=finding.region,
            control=finding.control,
            resource=finding.resource,
            resource_type=finding.resource_type,
            severity=finding.severity,
            title=finding.title,
            finding_id=finding.finding_id,
            owner_rule=owner.rule,
            reopened=reopened,
        ),
        Meta(
            # All of the order: suppressing and opening again leaves `updated_at` as it was, and events count seconds.
            id=f"{finding.problem}-{seen.order[0]}-{seen.order[1]}-{seen.order[2][:8]}",
            version=FindingOpened.version,
            time=here.now,
            account=here.account,
            region=here.region,
            service=owner.service,
            team=owner.team,
            environment=owner.environment,
            actor="aws.securityhub",
            cause=seen.event_id,
        ),
    )
