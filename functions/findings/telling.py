"""What the fleet is told of what became of a problem: pure. One event for each change that somebody may act on."""

import msgspec

from fleet.catalogue import UNKNOWN
from fleet.events.chatops import BudgetUsedUp
from fleet.events.envelope import Entry, Meta
from fleet.events.findings import (
    AboutProblem,
    FindingChanged,
    FindingOpened,
    FindingOverdue,
    FindingResolved,
    FindingSuppressed,
    SuppressionExpiring,
)
from fleet.masking import mask, mask_identifier
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS
from functions.findings.problem import Problem, State


class Here(msgspec.Struct, frozen=True):
    """Where and when the decision is made; `now` in ms."""

    account: str
    region: str
    now: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How to tell of one problem."""

    problem: Problem
    here: Here
    revision: int
    cause: str | None
    actor: str

    def entry(self, kind: type[AboutProblem], **more: object) -> Entry:
        """A fleet event about it."""
        problem, state = self.problem, self.problem.state
        shown = problem.shown
        data = kind(
            problem=problem.id,
            account=problem.account,
            region=problem.region,
            control=problem.control,
            resource=mask_identifier(problem.resource, known={problem.account}),
            resource_type=shown.resource_type,
            severity=state.severity,
            title=mask(shown.title),
            finding_id=shown.finding_id,
            owner_rule=state.owner.rule,
            revision=self.revision,
            tell="never" if problem.quiet else state.tell,
            channel=state.channel,
            opened=state.opened,
            due=state.due,
            **more,
        )
        meta = Meta(
            # A revision is written once, with its events: whoever sends them again sends the same.
            id=f"{problem.id}-{self.revision}-{kind.__name__}",
            version=kind.version,
            time=self.here.now,
            account=self.here.account,
            region=self.here.region,
            service=state.owner.service,
            team=state.owner.team,
            environment=state.owner.environment,
            actor=self.actor,
            cause=self.cause,
        )
        return Entry.of(data, meta)


def entries(before: State | None, told: Told, *, quiet_days: int) -> list[Entry]:
    """The events by which `before` became what `told` tells of."""
    after = told.problem.state
    was, now = _shown(before), _shown(after)
    match (was, now):
        case (Status.OPEN, Status.OPEN):
            return _changed(before, told) if before else []
        case (_, Status.OPEN):
            return [_opened(before, told, quiet_days)]
        case (Status.SUPPRESSED, Status.SUPPRESSED):
            return [_suppressed(told)] if _terms(before) != _terms(after) else []
        case (_, Status.SUPPRESSED):
            return [_suppressed(told)]
        case (Status.OPEN | Status.SUPPRESSED, _):
            return [told.entry(FindingResolved, gone=now is not Status.RESOLVED, closed=after.closed)]
        case _:
            return []


def overdue(told: Told, stage: str, escalate_to: str) -> Entry:
    """The deadline comes near, or is over."""
    return told.entry(FindingOverdue, stage=stage, escalate_to=escalate_to if stage == "escalate" else "")


def expiring(told: Told) -> list[Entry]:
    """A granted suppression ends soon."""
    lease = told.problem.state.lease
    if lease is None:
        return []
    return [told.entry(SuppressionExpiring, until=lease.until, by=lease.by, requester=lease.requester)]


def budget_used_up(account: str, region: str, limit: int, hour: str, now: int) -> Entry:
    """No more is changed outside the fleet in this hour."""
    event = BudgetUsedUp(capability="findings", account=account, region=region, hour=hour, limit=limit)
    meta = of_all(Here(account, region, now), event.version, f"budget-findings-{account}-{region}-{hour}")
    return Entry.of(event, meta, source="yagura.findings")


def of_all(here: Here, version: int, event_id: str) -> Meta:
    """Of an event that is about no problem, but about all of this deployment."""
    return Meta(
        id=event_id,
        version=version,
        time=here.now,
        account=here.account,
        region=here.region,
        service="yagura",
        team=UNKNOWN,
        environment=UNKNOWN,
        actor="yagura.findings",
    )


def _shown(state: State | None) -> Status | None:
    """The status as far as anybody is to see it: what is ignored is as if it were gone."""
    if state is None or (state.ignored and state.failing):
        return None
    return state.status


def _terms(state: State | None) -> tuple[str, int]:
    """Who suppressed it, and until when; of a suppression that nothing of ours explains there is neither."""
    lease = state.lease if state else None
    return (lease.by, lease.until) if lease else ("", 0)


def _opened(before: State | None, told: Told, quiet_days: int) -> Entry:
    state = told.problem.state
    was_closed = before is not None and before.status in (Status.RESOLVED, Status.GONE)
    return told.entry(
        FindingOpened,
        reopened=state.openings > 1 or (before is not None and before.status is Status.SUPPRESSED),
        openings=state.openings,
        anew=was_closed and state.opened - state.closed >= quiet_days * DAY_MS,
    )


def _changed(before: State, told: Told) -> list[Entry]:
    after = told.problem.state
    if (before.severity, before.owner.team, before.owner.service, before.channel, before.tell) == (
        after.severity,
        after.owner.team,
        after.owner.service,
        after.channel,
        after.tell,
    ):
        return []
    return [
        told.entry(
            FindingChanged,
            was_severity=before.severity,
            was_team=before.owner.team,
            was_service=before.owner.service,
            was_channel=before.channel,
        )
    ]


def _suppressed(told: Told) -> Entry:
    lease = told.problem.state.lease
    if lease is None:
        return told.entry(FindingSuppressed)
    return told.entry(
        FindingSuppressed,
        by=lease.by,
        until=lease.until,
        reason=mask(lease.reason),
        requester=lease.requester,
        approver=lease.approver,
    )
