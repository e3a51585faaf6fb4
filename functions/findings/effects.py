"""What is to be changed outside the fleet for a problem, and when it must be looked at again: pure.

Security Hub is asked to suppress the findings of a problem that a lease covers, and to take back what the fleet has
suppressed when the lease is over; never anything else. What it was asked stays on the problem (`asked`), so that it
is not asked twice, and a person who decides otherwise in its console is not overruled. A finding about several
resources is left as it is, since its workflow is that of all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import Literal, NamedTuple

import msgspec

from fleet.masking import mask
from functions.findings.finding import TAKEN_BACK, Finding, Status, note_of
from functions.findings.lease import DAY_MS, WARN_MS, Lease
from functions.findings.policy import Policy
from functions.findings.problem import ASKED, CLOSED, NEW, REFUSED, SUPPRESSED, Again, Problem

BATCH = 100
"""Findings in one call of BatchUpdateFindings, and of its V2."""
RETRY_MS, MOST_RETRY_MS = 15 * 60_000, 4 * 3_600_000
"""What could not be done is asked for again after so long, and then each time after twice as long, up to the most."""
SECURITY_HUB, TICKET = "security-hub", "ticket"
_MOST_NOTE = 512

type Workflow = Literal["SUPPRESSED", "NEW"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What Security Hub is to be asked about one finding."""

    problem: str
    copy: str
    finding: Finding
    workflow: Workflow
    label: str
    """As `Problem.asked` remembers it."""
    note: str
    reported: int = 0
    """When it was last heard of (ms)."""


class Batch(NamedTuple):
    """Changes that one call can make: all of one form, to the same workflow, with the same note."""

    form: str
    workflow: Workflow
    note: str
    changes: tuple[Change, ...]


def changes(problem: Problem, *, undo_only: bool = False) -> Iterator[Change]:
    """What Security Hub has not been asked yet. Undoing is never held back by a mode."""
    lease, ignored = problem.state.lease, problem.state.ignored
    for key, copy in sorted(problem.copies.items()):
        state, _, asked_on = problem.asked.get(key, "").partition(" ")
        workflow: Workflow = "NEW"
        if copy.shared:
            continue
        if lease is not None and copy.status is Status.OPEN and not (ignored or undo_only):
            terms = _terms(lease)
            if asked_on == terms:
                continue
            workflow, label, note = "SUPPRESSED", f"{ASKED} {terms}", note_of(terms, _why(lease))
        elif (
            lease is None
            and copy.status is Status.SUPPRESSED
            and (state in (ASKED, SUPPRESSED, CLOSED) or _lost(copy, state))
        ):
            label, note = NEW, TAKEN_BACK
        else:
            continue
        report = problem.history.last_of(key)
        yield Change(
            problem=problem.id,
            copy=key,
            finding=copy,
            workflow=workflow,
            label=label,
            note=note[:_MOST_NOTE],
            reported=report.event_time if report else 0,
        )


def in_batches(wanted: Iterable[Change]) -> Iterator[Batch]:
    """Calls of at most BATCH findings; undoing first."""
    groups: dict[tuple[str, Workflow, str], list[Change]] = {}
    for change in wanted:
        groups.setdefault((change.finding.form, change.workflow, change.note), []).append(change)
    for (form, workflow, note), members in sorted(groups.items(), key=lambda group: group[0][1]):
        for some in batched(members, BATCH, strict=False):
            yield Batch(form, workflow, note, some)


def answered(problem: Problem, done: Sequence[Change], now: int) -> Problem:
    """After Security Hub took these."""
    taken = {change.copy: change.label for change in done if change.copy in problem.copies}
    return msgspec.structs.replace(
        problem,
        asked=problem.asked | taken,
        asked_at=problem.asked_at | dict.fromkeys(taken, now),
        heard={key: heard for key, heard in problem.heard.items() if key not in taken},
        again=None,
    )


def refused(change: Change) -> Change:
    """As it is remembered when Security Hub will never do it: it is not asked for again on the same terms."""
    return msgspec.structs.replace(change, label=change.label.replace(ASKED, REFUSED, 1))


def issue_wanted(problem: Problem) -> Literal["open", "reopen", "close", ""]:
    """What is to become of its issue."""
    state, issue = problem.state, problem.issue
    if state.open and state.ticket:
        if issue is None or not issue.number:
            return "open"
        return "" if issue.open else "reopen"
    closed = state.status in (Status.RESOLVED, Status.GONE) or state.ignored
    # One that was about to be opened may be there: then nobody has written down its number.
    return "close" if closed and issue is not None and issue.open else ""


def issue_deed(problem: Problem) -> str:
    """What is to become of its issue, and where: `open acme/shop`."""
    return f"{issue_wanted(problem)} {problem.state.ticket}"


def wants(problem: Problem, *, acting: bool) -> list[str]:
    """What is to be asked for outside the fleet now; `acting`: whether more than undoing may be."""
    if problem.again is not None and problem.again.at:
        return []
    found = [SECURITY_HUB] if next(changes(problem, undo_only=not acting), None) else []
    issue = issue_wanted(problem)
    if problem.issue is not None and problem.issue.refused == issue_deed(problem):
        return found
    return [*found, TICKET] if issue == "close" or (issue and acting) else found


def cost(problem: Problem) -> int:
    """How many effects what it wants now would have; undoing is none."""
    wanted = wants(problem, acting=True)
    suppressions = sum(change.workflow == "SUPPRESSED" for change in changes(problem)) if SECURITY_HUB in wanted else 0
    return suppressions + (TICKET in wanted and issue_wanted(problem) != "close")


def due_again(problem: Problem, now: int) -> Problem:
    """It wants again what it waits to ask for, if the time has come."""
    again = problem.again
    return msgspec.structs.replace(problem, again=Again(0, again.times)) if again and again.at <= now else problem


def put_off(problem: Problem, now: int, *, until: int = 0) -> Problem:
    """What it wants is being asked for, and if that is in vain, again later. `until`: it is not asked for before."""
    times = problem.again.times if problem.again else 0
    pause = min(RETRY_MS << min(times, 8), MOST_RETRY_MS)
    again = Again(until, times) if until else Again(now + pause, times + 1)
    return msgspec.structs.replace(problem, again=again)


class Attention(NamedTuple):
    """What the clock does to a problem next, and when (ms)."""

    at: int
    what: Literal["review", "warn", "remind", "overdue", "escalate", "again"]


def attention(problem: Problem, policy: Policy) -> Attention | None:
    """The next thing that no event triggers; None if there is none."""
    return min(_ahead(problem, policy), default=None)


def _ahead(problem: Problem, policy: Policy) -> Iterator[Attention]:
    state, granted = problem.state, problem.granted
    if problem.again is not None and problem.again.at:
        yield Attention(problem.again.at, "again")
    if state.lease is not None:
        yield Attention(state.lease.until, "review")
        if granted is not None and granted.by == state.lease.by and problem.warned != state.lease.until:
            yield Attention(_before(state.lease.until, WARN_MS, since=state.lease.start), "warn")
    elif granted is not None:  # then at the latest it is over, and is forgotten
        yield Attention(granted.until, "review")
    if state.begins:
        yield Attention(state.begins, "review")
    if state.due and state.open and not problem.quiet:
        due, level = problem.stage
        level = level if due == state.due else 0
        stages: tuple[Attention, ...] = (
            Attention(_before(state.due, policy.remind_days * DAY_MS, since=state.opened), "remind"),
            Attention(state.due, "overdue"),
            Attention(state.due + policy.escalate_days * DAY_MS, "escalate"),
        )
        last = 2 if state.tell == "never" else 3  # of what nobody is told nobody else is to hear either
        yield from stages[level : min(level + 1, last)]


def _before(end: int, ahead: int, *, since: int) -> int:
    """So long before the end; half way to it, where that would be at once: people have only just been told."""
    return end - ahead if end - ahead > since else since + (end - since) // 2


def _lost(copy: Finding, state: str) -> bool:
    """Whether it was asked, and that was never written down."""
    return copy.ours and not state


def _terms(lease: Lease) -> str:
    last_day = datetime.fromtimestamp((lease.until - 1) / 1000, UTC)  # `until` itself is 24:00 of it
    return f"until {last_day:%Y-%m-%d} by {lease.by}"


def _why(lease: Lease) -> str:
    return f"{lease.requester} asked, {lease.approver} agreed): {mask(lease.reason)}"
