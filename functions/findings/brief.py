"""A problem as it stands in lists and sums: pure."""

import msgspec

from functions.findings.finding import Status
from functions.findings.problem import Problem

OPEN, SUPPRESSED = Status.OPEN, Status.SUPPRESSED


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """A problem in a list."""

    problem: str
    account: str
    region: str
    control: str
    resource: str
    severity: str
    status: str
    team: str
    service: str
    title: str
    opened: int
    due: int
    until: int
    """When its suppression ends; 0: it has none of ours."""
    quiet: bool
    """It was there before the fleet."""
    config: str
    heard: int = 0
    """When something was last heard of its findings: of the one that has been silent for longest."""


def brief_of(problem: Problem) -> Brief:
    """Of a problem."""
    state, history = problem.state, problem.history
    last = [history.last_of(key) for key, copy in problem.copies.items() if copy.status in (OPEN, SUPPRESSED)]
    return Brief(
        problem=problem.id,
        account=problem.account,
        region=problem.region,
        control=problem.control,
        resource=problem.resource,
        severity=state.severity,
        status=state.status,
        team=state.owner.team,
        service=state.owner.service,
        title=problem.shown.title,
        opened=state.opened,
        due=state.due,
        until=state.lease.until if state.lease else 0,
        quiet=problem.quiet,
        config=problem.config,
        heard=min((report.event_time for report in last if report), default=0),
    )
