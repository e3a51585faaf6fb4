"""The decision: what a finding, the time, or people change about a problem: pure.

taken     a finding was seen            judged    what policy and people make of it now
granted   people suppressed it          given up  a suppression ended, or was taken back
"""

from collections.abc import Iterable

import msgspec

from fleet.catalogue import Catalogue, owner_of
from fleet.catalogue import Trace as Claims
from functions.findings.finding import Seen, Status
from functions.findings.history import History, Report
from functions.findings.judge import Facts, Judge, Trace
from functions.findings.lease import DAY_MS, Lease
from functions.findings.problem import (
    ASKED,
    CLOSED,
    MOST_ACTS,
    NEW,
    OPENED,
    SUPPRESSED,
    Act,
    Deed,
    Heard,
    Problem,
    State,
)

_CLOSED = (Status.RESOLVED, Status.GONE)
_ENDED: tuple[Deed, ...] = ("unsuppressed", "suppression_ended")
_LAG_MS = 60_000
"""Security Hub's events may be so far behind what it was asked."""


class Law(msgspec.Struct, frozen=True):
    """By what problems are judged: rules, catalogue, and the hash of the configuration that both come from."""

    judge: Judge
    catalogue: Catalogue
    config: str


def taken(known: Problem | None, seen: Seen, law: Law, now: int, *, quiet: bool = False) -> Problem | None:
    """The problem after `seen`; None if that says nothing new. `quiet`: if it is not known, it was before the fleet."""
    report, finding = Report.of(seen), seen.finding
    before = known.history if known else History()
    history = before.with_report(report)
    if history is before:
        return None
    problem = known or Problem(
        account=finding.account,
        region=finding.region,
        control=finding.control,
        resource=finding.resource,
        baseline=quiet,
    )
    copies = dict(problem.copies)
    if history.last_of(report.copy) == report:
        copies[report.copy] = finding
    kept = history.copies
    copies = {key: copy for key, copy in copies.items() if key in kept}
    after = msgspec.structs.replace(_answered(problem, report, history), copies=copies, history=history)
    return reviewed(after, law, now)


def _answered(problem: Problem, report: Report, history: History) -> Problem:
    """With what is known of what was asked, as it follows from the reports in their order and not as they come."""
    if not problem.asked:
        return problem
    reports = sorted({*problem.history.reports, report})
    asked: dict[str, str] = {}
    heard: dict[str, Heard] = {}
    for key in problem.asked.keys() & history.copies:
        since = problem.heard.get(key) or Heard(problem.asked[key], problem.history.last_of(key))
        settled = [each for each in history.reports[: history.settled] if each.copy == key]
        label = since.label
        for each in reports:
            if each.copy == key and (since.last is None or each > since.last):
                label = _heard(label, each, problem.asked_at.get(key))
                if settled and each <= settled[0]:  # those before it are not to be had any more
                    since = Heard(label, each)
        asked[key], heard[key] = label, since
    asked_at = {key: at for key, at in problem.asked_at.items() if key in asked}
    return msgspec.structs.replace(problem, asked=asked, asked_at=asked_at, heard=heard)


def judged(problem: Problem, law: Law, now: int, trace: Trace | None = None) -> Problem:
    """The problem as its history, the policy and people would have it now. A grant that is over is forgotten."""
    facts = facts_of(problem, law)
    verdict = law.judge.judge(facts, now, granted=problem.granted, assigned=problem.assigned, trace=trace)
    world, (changes, openings) = problem.history.status, problem.history.told()
    status = Status.SUPPRESSED if world is Status.OPEN and verdict.lease else world
    opened = _last(change.at for change in changes if change.status is Status.OPEN)
    if status is Status.OPEN:  # it was open all along, but nobody had to do anything about it
        opened = max(opened, _last(act.at for act in problem.acts if act.what in _ENDED))
    days = law.judge.level(verdict.severity).due_days
    state = State(
        status=status,
        severity=verdict.severity,
        reported=facts.severity,
        owner=verdict.owner,
        tell=verdict.tell,
        channel=verdict.channel,
        ticket=verdict.ticket,
        ignored=verdict.ignored,
        lease=verdict.lease if status is Status.SUPPRESSED else None,
        reasons=verdict.reasons,
        opened=opened,
        openings=openings,
        closed=_last(change.at for change in changes if change.status in _CLOSED),
        due=opened + days * DAY_MS if status is Status.OPEN and days and not verdict.ignored else 0,
        begins=_begins(facts, problem, law, now) if status is Status.OPEN and not verdict.ignored else 0,
    )
    granted = problem.granted if problem.granted and now < problem.granted.until else None
    again = problem.again if state == problem.state else None  # what is wanted now has not been in vain yet
    return msgspec.structs.replace(problem, state=state, granted=granted, again=again, config=law.config)


def _begins(facts: Facts, problem: Problem, law: Law, now: int) -> int:
    """When the lease of a rule will begin to suppress it; 0: none will."""
    judge = law.judge
    return next((at for at in judge.starts(now) if judge.judge(facts, at, assigned=problem.assigned).lease), 0)


def _heard(asked: str, report: Report, asked_at: int | None) -> str:
    """What is known of what Security Hub was asked about a finding, after this word of it. Empty: as if it never was.

    It may say that it has done what it has not, as of a finding that it does not know yet. Whoever sets another status
    leaves our note on it, or has seen the status that we asked for: that is not mistaken for it.
    """
    state, _, terms = asked.partition(" ")
    if asked_at is not None and report.event_time > asked_at + _LAG_MS:
        if state == ASKED and report.status is Status.OPEN and not report.echo and report.terms != terms:
            return ""
        if state == NEW and report.echo:
            return f"{SUPPRESSED} {report.terms}"
    if state == ASKED and report.terms == terms:  # before, it is only that it has not come about yet
        state = SUPPRESSED
    if state not in (SUPPRESSED, CLOSED):
        return asked
    if report.status in _CLOSED:
        return f"{CLOSED} {terms}"
    if report.echo or report.status is Status.SUPPRESSED:
        return f"{SUPPRESSED} {terms}"
    return f"{OPENED} {terms}" if state == SUPPRESSED else OPENED  # what passed and fails as new may be asked for anew


def facts_of(problem: Problem, law: Law, claims: Claims | None = None) -> Facts:
    """What rules look at; `claims` is told who claims the resource."""
    tags = problem.tags()
    return Facts(
        control=problem.control,
        severity=problem.severity(),
        account=problem.account,
        region=problem.region,
        resource=problem.resource,
        tags=tags,
        owner=owner_of(law.catalogue, account=problem.account, resource=problem.resource, tags=tags, trace=claims),
    )


def suppressed(problem: Problem, lease: Lease, law: Law, now: int) -> Problem:
    """After people granted a lease."""
    return reviewed(did(msgspec.structs.replace(problem, granted=lease), "suppressed", lease.by, now), law, now)


def unsuppressed(problem: Problem, law: Law, by: str, now: int) -> Problem:
    """After somebody took a granted lease back. One that a rule gives ends with the rule."""
    return judged(did(msgspec.structs.replace(problem, granted=None), "unsuppressed", by, now), law, now)


def assigned(problem: Problem, team: str, law: Law, by: str, now: int) -> Problem:
    """After somebody gave it to a team; to none: back to whom the rules say."""
    return reviewed(did(msgspec.structs.replace(problem, assigned=team), "assigned", by, now), law, now)


def reviewed(problem: Problem, law: Law, now: int) -> Problem:
    """As time and a changed policy leave it: a lease that ended is written down as such."""
    after = judged(problem, law, now)
    was = problem.state.lease
    if was is None or after.state.status is not Status.OPEN:
        return after
    return judged(did(problem, "suppression_ended", was.by, now), law, now)


def did(problem: Problem, what: Deed, by: str, now: int) -> Problem:
    """With one act more."""
    return msgspec.structs.replace(problem, acts=[*problem.acts, Act(now, what, by)][-MOST_ACTS:])


def _last(times: Iterable[int]) -> int:
    return max(times, default=0)
