"""When the clock has to look at a problem again, and what for."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.decision import suppressed, taken
from functions.findings.effects import Attention, attention
from functions.findings.lease import DAY_MS, WARN_MS
from functions.findings.policy import Policy, Rule
from functions.findings.problem import Problem
from tests.functions.findings.histories import RESOLVED, SUPPRESSED
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


def test_who_was_granted_a_lease_is_warned_a_week_before_its_end_and_once() -> None:
    problem = granted()
    assert attention(problem, POLICY) == Attention(END - WARN_MS, "warn")
    assert attention(msgspec.structs.replace(problem, warned=END), POLICY) == Attention(END, "review")


def test_a_lease_that_is_shorter_than_a_week_is_warned_of_when_it_begins() -> None:
    assert attention(granted(until=NOW + DAY_MS, start=NOW), POLICY) == Attention(NOW, "warn")


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
    assert [one.at for one in times if one] == [DUE - remind * DAY_MS, DUE, DUE + escalate * DAY_MS]
