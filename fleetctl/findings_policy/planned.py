"""A plan in words for people. Pure."""

from collections import Counter
from collections.abc import Iterator

from fleetctl.findings_policy.planning import MOST_EXAMPLES, Group, Plan, Shift
from fleetctl.findings_policy.words import Line, count, table, when

_HEADS = {
    "suppressed": "newly suppressed",
    "unsuppressed": "no longer suppressed",
    "lease": "suppressed by another lease, or until another day",
    "ignored": "newly ignored",
    "unignored": "no longer ignored",
    "severity": "of another severity",
    "owner": "of another owner",
    "told": "told otherwise",
    "due": "due on another day",
    "ticket": "get an issue",
    "no ticket": "have their issue closed",
}
_MOST_NAMED = 8


def lines_of(plan: Plan, what: str) -> Iterator[Line]:
    """All of it; `what` tells where the problems are from."""
    base = f"as the policy of {plan.base} has them" if plan.base else "as they are kept"
    yield Line(f"The problems of {plan.account} {what}, {base}, against the policy of this checkout", "bold")
    same = plan.problems - plan.changed
    yield Line(
        f"{count(plan.problems, 'problem')}, of which {same} {'stays as it is' if same == 1 else 'stay as they are'}; "
        f"open: {plan.open_before} before, {plan.open_after} after"
    )
    if plan.problems and plan.by_this_policy == plan.problems and not plan.base:
        yield Line("This very policy judged them" + (": what changes is the work of time" if plan.changed else ""))
    for kind, group in plan.shifts.items():
        yield Line("")
        yield from _group(kind, group, plan)
    yield Line("")
    yield from _consequences(plan)


def _group(kind: str, group: Group, plan: Plan) -> Iterator[Line]:
    yield Line(f"{group.count} {_HEADS[kind]}", "bold")
    yield from table([["by", _counted(group.by)], ["team", _counted(group.teams)]])
    if kind == "due" and plan.overdue:
        yield Line(f"  {plan.overdue} of them would be overdue at once", "yellow")
    yield from table([_example(shift, plan.at) for shift in group.examples], indent=4)
    if group.count > MOST_EXAMPLES:
        yield Line(f"    and {group.count - len(group.examples)} more", "dim")


def _counted(counts: Counter[str]) -> str:
    named = [f"{number} {name}" for name, number in counts.most_common(_MOST_NAMED)]
    more = sum(counts.values()) - sum(number for _, number in counts.most_common(_MOST_NAMED))
    return ", ".join([*named, *([f"{more} others"] if more > 0 else [])])


def _example(shift: Shift, now: int) -> list[str]:
    return [shift.problem, shift.severity, shift.control, shift.resource, shift.account, _change(shift, now)]


def _change(shift: Shift, now: int) -> str:
    match shift.kind:
        case "suppressed":
            return _lease(shift.becomes, now)
        case "unsuppressed":
            return f"was {_lease(shift.was, now)}; {shift.becomes}" if shift.was else "was suppressed in Security Hub"
        case "lease":
            return f"{_lease(shift.was, now)}, then {_lease(shift.becomes, now)}"
        case "due":
            return f"{_due(shift.was, now)}, then {_due(shift.becomes, now)}"
        case "ticket":
            return f"in {shift.becomes}"
        case "ignored" | "unignored":
            return shift.by
        case _:
            return f"{shift.was}, then {shift.becomes}"


def _lease(text: str, now: int) -> str:
    by, _, until = text.rpartition(" ")
    return f"{by} until {when(int(until), now)}" if by else "nothing of ours"


def _due(text: str, now: int) -> str:
    return when(int(text), now) if int(text) else "whenever"


def _consequences(plan: Plan) -> Iterator[Line]:
    suppress, undo = plan.asked["SUPPRESSED"], plan.asked["NEW"]
    if suppress:
        hours = -(-suppress // plan.effects_per_hour)
        pace = f", in {count(hours, 'hour')} at {plan.effects_per_hour} an hour" if hours > 1 else ""
        held = "" if plan.acting else "; not yet, since by its mode in fleet.yaml it only observes"
        yield Line(f"Security Hub would be asked to suppress {count(suppress, 'finding')}{pace}{held}")
    if undo:
        yield Line(f"Security Hub would be asked to take the suppression of {count(undo, 'finding')} back")
    events = ", ".join(f"{number} {name}" for name, number in sorted(plan.events.items()))
    yield Line(f"Fleet events: {events or 'none'}")
