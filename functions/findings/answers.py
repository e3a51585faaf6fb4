"""What people are answered about problems: ids, names, numbers and masked titles: pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from fleet.command_answer import Answer
from fleet.masking import mask
from functions.findings.brief import Brief
from functions.findings.policy import SEVERITIES, Level
from functions.findings.problem import Problem
from functions.findings.summary import AGES, Summary

_MOST_ROWS, _MOST_CELL = 20, 300
_AGREE = ("nobody else", "one other person", "two other people", "a second factor on the dashboard")
"""What a suppression needs, by its tier."""


def listed(briefs: Iterable[Brief], status: str, *, most: int, now: int) -> Answer:
    """Problems, the worst and then the oldest first, at most so many."""
    order: dict[str, int] = {severity: -place for place, severity in enumerate(SEVERITIES)}
    found = sorted(briefs, key=lambda brief: (order.get(brief.severity, 1), brief.opened, brief.problem))
    heads = ["Problem", "Severity", "Control", "Resource", "Team", "Opened", "Ends" if status != "open" else "Due"]
    rows = [
        [
            brief.problem,
            brief.severity,
            brief.control,
            brief.resource,
            brief.team,
            _when(brief.opened, now),
            (_when(brief.until, now) if brief.until else "not ours") if status != "open" else _when(brief.due, now),
        ]
        for brief in found[:most]
    ]
    headline = f"{len(rows)} {status} problem{'' if len(rows) == 1 else 's'}"
    more = "; there are more" if len(found) > most else ""
    return Answer(outcome="done", headline=headline + more, table=[heads, *rows])


def elsewhere() -> Answer:
    """This deployment keeps no problems."""
    return Answer(outcome="done", headline="no problems are kept here: findings.home of fleet.yaml says where")


def shown(problem: Problem, level: Level, now: int, request: str) -> Answer:
    """One problem, and what its suppression would need, which refers to the `request` to which this is the answer.

    No longer than people approve whole (`filing.MOST_SHOWN`).
    """
    state = problem.state
    decided = "; ".join(f"{kind} {why.rule}" for kind, why in state.reasons.items())
    may = state.failing and state.lease is None and level.suppress_days > 0
    often = f", {state.openings} times" if state.openings > 1 else ""
    facts = [
        ["Problem", problem.id],
        ["Control", problem.control],
        ["Title", mask(problem.shown.title)],
        ["Resource", problem.resource],
        ["Place", f"{problem.account}:{problem.region}"],
        ["Status", str(state.status)],
        ["Severity", state.severity],
        *([["Reported as", state.reported]] if state.reported != state.severity else []),
        ["Team", f"{state.owner.team} ({state.owner.service}, by {state.owner.rule})"],
        ["Told", "never: it was there before the fleet" if problem.quiet else state.tell],
        ["Opened", f"{_when(state.opened, now)}{often}"],
        ["Due", _when(state.due, now)],
        *([["Suppressed by", f"{state.lease.by}, ends {_when(state.lease.until, now)}"]] if state.lease else []),
        *([["Ignored", "yes"]] if state.ignored else []),
        *([["Decided by", decided[:_MOST_CELL]]] if decided else []),
        *([["Issue", f"{problem.issue.repository} {problem.issue.number}"]] if problem.issue else []),
        ["Days at most", str(level.suppress_days)],
        ["Tier", str(level.tier)],
        ["Must agree", _AGREE[level.tier]],
        *([["To suppress", f"findings suppress {request} <days> <reason>"]] if may else []),
    ]
    changes = [(change.at, str(change.status), _event(change.event)) for change in problem.history.changes()]
    acts = [(act.at, act.what.replace("_", " "), act.by) for act in problem.acts]
    past = [[_when(at, now), what, by] for at, what, by in sorted([*changes, *acts])]
    past = past[max(0, len(past) + len(facts) - _MOST_ROWS) :]
    return Answer(
        outcome="done",
        headline=f"{state.severity} {problem.control} is {state.status}, of {state.owner.team}",
        table=[["Fact", "Value", "By"], *([*fact, ""] for fact in facts), *past],
        shown={
            "problem": problem.id,
            "severity": state.severity,
            "status": str(state.status),
            "tier": level.tier,
            "most_days": level.suppress_days,
        },
    )


def changed(problem: Problem, what: str, now: int) -> Answer:
    """A problem, after a command."""
    state = problem.state
    ends = f", which ends {_when(state.lease.until, now)}" if state.lease else ""
    return Answer(
        outcome="done",
        headline=f"{problem.control} is {what}{ends}",
        table=[["Problem", "Status", "Severity", "Team"], [problem.id, state.status, state.severity, state.owner.team]],
    )


def numbers(sums: Mapping[str, Summary], counts: Counter[str], days: int) -> Answer:
    """Open problems by team, severity and age; and what the last days were like."""
    rows = [
        [
            team,
            str(sum(summary.open.values())),
            *(str(summary.open[severity]) for severity in reversed(SEVERITIES)),
            str(summary.overdue),
            str(summary.suppressed),
            ", ".join(f"{name}: {_count(summary.ages[name])}" for name in AGES.values() if summary.ages[name]) or "-",
        ]
        for team, summary in sums.items()
        if summary
    ]
    heads = ["Team", "Open", *reversed(SEVERITIES), "Overdue", "Suppressed", "Age"]
    opened, told = counts["opened"], counts["told"]
    came = f"{_count(counts['received'])} events, {_count(opened)} problems opened, {_count(told)} told at once"
    past = [
        [f"Last {days} days", came],
        [
            "Noise",
            f"{_ratio(counts['received'], told)} events for a message; {_share(opened - told, opened)} kept quiet",
        ],
        ["Time to triage", _mean(counts, "triage")],
        ["Time to resolve", _mean(counts, "resolve")],
    ]
    total = sum(sum(summary.open.values()) for summary in sums.values())
    return Answer(
        outcome="done", headline=f"{_count(total)} open problem{'' if total == 1 else 's'}", table=[heads, *rows, *past]
    )


def _mean(counts: Counter[str], what: str) -> str:
    number = counts[f"{what}_number"]
    if not number:
        return "-"
    seconds = counts[f"{what}_ms"] / number / 1000
    hours = seconds / 3600
    minutes = f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.1f} s"
    days = f"{hours / 24:.1f}" if hours < 24_000 else _count(round(hours / 24))
    text = f"{days} d" if hours >= 48 else f"{hours:.1f} h" if hours >= 1 else minutes
    return f"{text} on average, of {_count(number)}"


def _count(number: int) -> str:
    """In at most four digits: more would be masked, as somebody's."""
    for size, unit in ((1, ""), (10**3, " k"), (10**6, " M"), (10**9, " G")):
        if number < 10_000 * size:
            return f"{number // size}{unit}"
    return "very many"


def _ratio(one: int, other: int) -> str:
    if not other:
        return "-"
    return f"{one / other:.1f}" if one < 100 * other else _count(round(one / other))


def _share(part: int, whole: int) -> str:
    return f"{100 * max(0, part) / whole:.0f} %" if whole else "-"


def _event(name: str) -> str:
    """By which event: Security Hub's own have ids, those that reconciliation makes have dates."""
    return "reconciliation" if name.startswith("reconciled-") else name


def _when(ms: int, now: int) -> str:
    """`3 d ago`, `in 5 h`, rounded: dates would be masked, as somebody's."""
    if not ms:
        return "-"
    minutes = round(abs(ms - now) / 60_000)
    size = (
        f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h" if minutes < 2880 else f"{minutes / 1440:.0f} d"
    )
    return f"in {size}" if ms > now else f"{size} ago"
