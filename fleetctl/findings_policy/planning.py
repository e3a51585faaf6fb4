"""What a changed policy would do to the problems that are open or suppressed: pure. Times are ms since the epoch.

Each problem is judged anew, as the sweep will judge it when the policy is deployed (`decision.reviewed`), and held
against how it is kept, or how another policy judges it. What people granted or assigned, they granted or assigned.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from fleetctl.findings_policy.deployments import Deployment
from functions.findings.decision import Law, judged, reviewed
from functions.findings.effects import changes, issue_wanted
from functions.findings.finding import FAILING, Status
from functions.findings.judge import Step
from functions.findings.problem import Problem, State
from functions.findings.telling import Told, entries

MOST_EXAMPLES = 5
LEVELS, CATALOGUE, HUB = "levels of findings.yaml", "services.yaml", "Security Hub"
GONE = "no longer"
"""How the cause of a change ends that comes from a rule which does not decide any more."""

type Kind = Literal[
    "suppressed", "unsuppressed", "lease", "ignored", "unignored", "severity", "owner", "told", "due", "ticket",
    "no ticket",
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "suppressed", "unsuppressed", "lease", "ignored", "unignored", "severity", "owner", "told", "due", "ticket",
    "no ticket",
)  # fmt: skip
_ISSUES = ("open", "reopen")


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that becomes otherwise with one problem."""

    kind: Kind
    by: str
    """What decides it now: a rule, or where else it stands."""
    problem: str
    severity: str
    control: str
    resource: str
    account: str
    team: str
    was: str
    becomes: str


class Group(msgspec.Struct, kw_only=True):
    """All shifts of a kind."""

    count: int = 0
    by: Counter[str] = msgspec.field(default_factory=Counter)
    teams: Counter[str] = msgspec.field(default_factory=Counter)
    examples: list[Shift] = msgspec.field(default_factory=list)

    def add(self, shift: Shift) -> None:
        """One more."""
        self.count += 1
        self.by[shift.by] += 1
        self.teams[shift.team] += 1
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(shift)


class Plan(msgspec.Struct, kw_only=True):
    """What would become of all problems."""

    account: str
    at: int
    base: str = ""
    """The git revision by whose policy they are judged for comparison; empty: they are compared as they are kept."""
    problems: int = 0
    changed: int = 0
    by_this_policy: int = 0
    """So many are kept as this very configuration judged them."""
    open_before: int = 0
    open_after: int = 0
    shifts: dict[str, Group] = msgspec.field(default_factory=dict)
    """By kind, in the order of KINDS; none that is empty."""
    asked: Counter[str] = msgspec.field(default_factory=Counter)
    """What Security Hub would be asked about how many findings: SUPPRESSED, NEW."""
    events: Counter[str] = msgspec.field(default_factory=Counter)
    """Fleet events by which others would hear of it."""
    overdue: int = 0
    """Of the deadlines that change, so many would be over at once."""
    acting: bool = False
    """Whether the deployment may suppress anything in Security Hub, and open issues."""
    effects_per_hour: int = 0


def plan(problems: Iterable[Problem], deployment: Deployment, now: int, base: Law | None = None) -> Plan:
    """Judge all problems by the deployment's policy, and hold that against how they are kept, or what `base` says."""
    made = Plan(
        account=deployment.account.name,
        at=now,
        acting=deployment.acting,
        effects_per_hour=deployment.policy.effects_per_hour,
    )
    groups: dict[str, Group] = {}
    for kept in problems:
        before = reviewed(kept, base, now) if base else kept
        after = reviewed(kept, deployment.law, now)
        made.problems += 1
        made.by_this_policy += kept.config == deployment.law.config
        made.open_before += before.state.open
        made.open_after += after.state.open
        found = list(shifts(before, after))
        made.changed += bool(found)
        for shift in found:
            group = groups.setdefault(shift.kind, Group())
            if shift.kind == "unsuppressed" and len(group.examples) < MOST_EXAMPLES:
                why = _why_ended(before, after, deployment.law, now)
                group.add(msgspec.structs.replace(shift, becomes=why))
            else:
                group.add(shift)
            made.overdue += shift.kind == "due" and 0 < after.state.due <= now
        if found:
            _consequences(made, before, after, deployment, now)
    made.shifts = {kind: groups[kind] for kind in KINDS if kind in groups}
    return made


def shifts(before: Problem, after: Problem) -> Iterator[Shift]:
    """What becomes otherwise. Of a problem that nobody sees any more, or did not see before, only that."""
    was, then = before.state, after.state
    if was.status not in FAILING or then.status not in FAILING:
        return
    if was.ignored or then.ignored:
        yield from _of_ignoring(before, after)
        return
    yield from _of_leases(before, after)
    if was.severity != then.severity:
        yield _of("severity", before, after, "severity", otherwise=HUB, was=was.severity, becomes=then.severity)
    if _owner(was) != _owner(then):
        otherwise = f"{CATALOGUE}, by {then.owner.rule}"
        shift = _of("owner", before, after, "owner", otherwise=otherwise, was=_owner(was), becomes=_owner(then))
        moved = was.owner.team != then.owner.team
        yield msgspec.structs.replace(shift, team=f"{was.owner.team} to {then.owner.team}") if moved else shift
    if then.status is Status.OPEN:
        yield from _of_open(before, after)


def _of_ignoring(before: Problem, after: Problem) -> Iterator[Shift]:
    was, then = before.state, after.state
    if was.ignored is not then.ignored:
        yield _of("ignored" if then.ignored else "unignored", before, after, "ignore")
    if issue_wanted(after) == "close" and issue_wanted(before) != "close":
        yield _of("no ticket", before, after, "ignore", was=_issue(before), becomes="closed")


def _of_open(before: Problem, after: Problem) -> Iterator[Shift]:
    was, then = before.state, after.state
    if _told(was) != _told(then) and not after.quiet:
        yield _of("told", before, after, "route", otherwise=LEVELS, was=_told(was), becomes=_told(then))
    if was.status is Status.OPEN and was.due != then.due:
        decided = "severity" if was.severity != then.severity else ""
        yield _of("due", before, after, decided, otherwise=LEVELS, was=str(was.due), becomes=str(then.due))
    if issue_wanted(after) in _ISSUES and issue_wanted(before) not in _ISSUES:
        yield _of("ticket", before, after, "ticket", becomes=then.ticket)


def _of_leases(before: Problem, after: Problem) -> Iterator[Shift]:
    was, then = before.state, after.state
    if was.status is Status.OPEN and then.status is Status.SUPPRESSED:
        yield _of("suppressed", before, after, "suppress", becomes=_lease(then))
    elif was.status is Status.SUPPRESSED and then.status is Status.OPEN:
        yield _of("unsuppressed", before, after, "suppress", was=_lease(was))
    elif was.status is Status.SUPPRESSED and _lease(was) != _lease(then):
        yield _of("lease", before, after, "suppress", otherwise=HUB, was=_lease(was), becomes=_lease(then))


def _of(
    kind: Kind, before: Problem, after: Problem, decided: str, *, otherwise: str = "", was: str = "", becomes: str = ""
) -> Shift:
    """`decided` is the kind of action that does it; `otherwise`: who decides where no rule does."""
    now, then = after.state.reasons.get(decided), before.state.reasons.get(decided)
    if now is not None:
        by = now.rule
    elif then is not None:
        by = f"{then.rule} {GONE}"
    else:
        by = otherwise
    state = after.state
    return Shift(
        kind=kind,
        by=by,
        problem=after.id,
        severity=state.severity,
        control=after.control,
        resource=after.resource,
        account=after.account,
        team=state.owner.team,
        was=was,
        becomes=becomes,
    )


def _why_ended(before: Problem, after: Problem, law: Law, now: int) -> str:
    """Why a suppression of ours does not hold any more."""
    lease = before.state.lease
    if lease is None:
        return ""
    steps: list[Step] = []
    judged(msgspec.structs.replace(after, granted=before.granted), law, now, steps.append)
    why = next((step.why_not for step in steps if (step.kind, step.rule) == ("suppress", lease.by)), "")
    return why or "there is no such rule any more"


def _consequences(made: Plan, before: Problem, after: Problem, deployment: Deployment, now: int) -> None:
    """What others would be asked and told, that they would not be without the change."""
    asked_anyway = {(each.copy, each.workflow) for each in changes(before)}
    made.asked.update(each.workflow for each in changes(after) if (each.copy, each.workflow) not in asked_anyway)
    told = Told(problem=after, here=deployment.here(now), revision=0, cause=None, actor="yagura.findings")
    made.events.update(
        entry.detail_type for entry in entries(before.state, told, quiet_days=deployment.policy.quiet_days)
    )


def _owner(state: State) -> str:
    owner = state.owner
    return f"{owner.team} ({owner.service})"


def _told(state: State) -> str:
    return f"{state.tell} {state.channel}".strip()


def _lease(state: State) -> str:
    return f"{state.lease.by} {state.lease.until}" if state.lease else ""


def _issue(problem: Problem) -> str:
    return f"{problem.issue.repository} {problem.issue.number}" if problem.issue else ""
