"""When the clock has to look at a problem again, and what for."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.attend import attended
from functions.findings.decision import suppressed, taken
from functions.findings.effects import Attention, attention
from functions.findings.lease import DAY_MS, WARN_MS
from functions.findings.policy import Match, Policy, Rule
from functions.findings.problem import Problem
from tests.functions.findings.histories import OPEN, RESOLVED, SUPPRESSED
from tests.functions.findings.laws import (
    FIRST,
    NOW,
    finding_like,
    law,
    lease,
    open_problem,
    policy,
    problem_of,
    seen,
    suppressing,
)

DUE = FIRST.updated_at + 30 * DAY_MS
POLICY = policy(remind_days=2, escalate_days=5)
END = NOW + 80 * DAY_MS


def granted(**changes: Any) -> Problem:
    return suppressed(problem_of(), lease(**changes), law(), NOW)


@pytest.mark.parametrize(
    ("stage", "ahead"),
    [
        ((0, 0), Attention(DUE - 2 * DAY_MS, "remind")),
        ((DUE, 0), Attention(DUE - 2 * DAY_MS, "remind")),
        ((DUE, 1), Attention(DUE, "overdue")),
        ((DUE, 2), Attention(DUE + 5 * DAY_MS, "escalate")),
        ((DUE, 3), None),
        ((DUE - 1, 3), Attention(DUE - 2 * DAY_MS, "remind")),
    ],
)
def test_an_open_problem_is_reminded_of_then_overdue_then_escalated_once_for_each_deadline(
    stage: tuple[int, int], ahead: Attention | None
) -> None:
    assert attention(open_problem(stage=stage), POLICY) == ahead


@pytest.mark.parametrize(
    "problem",
    [
        problem_of(quiet=True),
        problem_of(by=law(Rule(name="noise", ignore=True))),
        problem_of(finding_like(severity="INFORMATIONAL")),
        problem_of(finding_like(status=RESOLVED)),
        problem_of(finding_like(status=SUPPRESSED)),
    ],
    ids=["quiet", "ignored", "no deadline", "resolved", "suppressed there"],
)
def test_what_nobody_has_to_do_anything_about_needs_no_attention(problem: Problem) -> None:
    assert attention(problem, POLICY) is None


def test_a_rules_lease_is_looked_at_when_it_ends_and_nobody_is_warned_of_it() -> None:
    assert attention(problem_of(by=law(suppressing())), POLICY) == Attention(END, "review")


LATER = suppressing("later", start=NOW + 3 * DAY_MS, until=END)


def test_a_rules_lease_that_is_to_come_is_looked_at_when_it_begins() -> None:
    problem = problem_of(by=law(LATER))
    assert problem.state.begins == NOW + 3 * DAY_MS
    assert attention(problem, policy()) == Attention(NOW + 3 * DAY_MS, "review")
    begun = attended(problem, law(LATER), NOW + 3 * DAY_MS).problem
    assert (begun.state.status, begun.state.begins) == (SUPPRESSED, 0)
    assert attention(begun, POLICY) == Attention(END, "review")


@pytest.mark.parametrize(
    "rules",
    [
        [suppressing("other", start=NOW + DAY_MS, match=Match(resource=["another"]))],
        [suppressing("flawed", start=NOW + DAY_MS, approver="ada")],
        [suppressing(), LATER],
        [Rule(name="noise", ignore=True), LATER],
    ],
    ids=["another's", "no lease", "suppressed already", "ignored"],
)
def test_what_no_later_lease_will_suppress_is_not_looked_at_for_one(rules: list[Rule]) -> None:
    assert problem_of(by=law(*rules)).state.begins == 0


def test_a_lease_that_was_taken_back_before_it_began_is_looked_for_in_vain_and_once() -> None:
    problem = problem_of(by=law(LATER))
    after = attended(problem, law(), NOW + 3 * DAY_MS).problem
    assert (after.state.status, after.state.begins) == (OPEN, 0)


def test_who_was_granted_a_lease_is_warned_a_week_before_its_end_and_once() -> None:
    problem = granted()
    assert attention(problem, POLICY) == Attention(END - WARN_MS, "warn")
    assert attention(msgspec.structs.replace(problem, warned=END), POLICY) == Attention(END, "review")


@pytest.mark.parametrize("days", [1, 2, 6, 7])
def test_of_a_lease_of_a_week_or_less_people_are_warned_half_way_and_not_as_it_begins(days: int) -> None:
    end = NOW + days * DAY_MS
    assert attention(granted(until=end, start=NOW), POLICY) == Attention(NOW + days * DAY_MS // 2, "warn")


@given(st.integers(1, 400), st.integers(0, 40), st.integers(1, 90))
def test_no_warning_and_no_reminder_comes_with_the_first_message(hours: int, remind: int, days: int) -> None:
    start, end = NOW, NOW + hours * 3_600_000
    warning = attention(granted(start=start, until=end), POLICY)
    assert warning is not None
    assert start < warning.at < end
    due = FIRST.updated_at + days * DAY_MS
    problem = open_problem()
    problem = msgspec.structs.replace(problem, state=msgspec.structs.replace(problem.state, due=due))
    reminder = attention(problem, policy(remind_days=remind))
    assert reminder is not None
    assert problem.state.opened < reminder.at <= due


@pytest.mark.parametrize(("days", "remind", "ahead"), [(1, 1, 0.5), (7, 7, 3.5), (7, 9, 3.5), (7, 6, 6), (7, 0, 0)])
def test_where_the_deadline_is_as_near_as_the_reminder_that_comes_half_way(
    days: int, remind: int, ahead: float
) -> None:
    problem = open_problem()
    due = problem.state.opened + days * DAY_MS
    problem = msgspec.structs.replace(problem, state=msgspec.structs.replace(problem.state, due=due))
    assert attention(problem, policy(remind_days=remind)) == Attention(int(due - ahead * DAY_MS), "remind")


def test_a_grant_that_does_not_hold_is_looked_at_when_it_is_over_and_forgotten_then() -> None:
    problem = msgspec.structs.replace(granted(approver="ada"), stage=(DUE, 3))
    assert attention(problem, POLICY) == Attention(END, "review")
    over = taken(problem, seen(event_time=END, event_id="e9"), law(), END)
    assert over is not None
    assert attention(msgspec.structs.replace(over, stage=(DUE, 3)), POLICY) is None


def test_a_closed_problem_with_a_grant_is_looked_at_when_that_is_over_so_that_it_can_expire() -> None:
    closed = taken(granted(), seen(finding_like(status=RESOLVED, updated_at=NOW), event_id="e9"), law(), NOW)
    assert closed is not None
    assert attention(closed, POLICY) == Attention(END, "review")


def test_what_comes_first_is_looked_at_first() -> None:
    problem = granted(approver="ada", until=NOW + DAY_MS)  # it is no lease, so the problem is open and has a deadline
    assert attention(problem, POLICY) == Attention(NOW + DAY_MS, "review")
    assert attention(problem, policy(remind_days=29)) == Attention(DUE - 29 * DAY_MS, "remind")


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_stages_of_a_deadline_follow_one_another(remind: int, escalate: int) -> None:
    given: Policy = policy(remind_days=remind, escalate_days=escalate)
    times = [attention(open_problem(stage=(DUE, level)), given) for level in range(4)]
    assert [one.what for one in times if one] == ["remind", "overdue", "escalate"]
    ahead = remind if remind < 30 else 15
    assert [one.at for one in times if one] == [DUE - ahead * DAY_MS, DUE, DUE + escalate * DAY_MS]
