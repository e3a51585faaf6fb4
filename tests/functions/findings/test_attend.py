"""What the clock does to a problem: each thing once, and of what has passed together the last alone is told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.attend import attended
from functions.findings.decision import Law, suppressed
from functions.findings.effects import attention
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS, WARN_MS
from functions.findings.policy import Route, Rule, Tell
from functions.findings.problem import Problem
from tests.functions.findings.histories import RESOLVED
from tests.functions.findings.laws import FIRST, NOW, finding_like, law, lease, problem_of, suppressing

LAW = law(remind_days=2, escalate_days=5)
DUE = FIRST.updated_at + 30 * DAY_MS
END = NOW + 80 * DAY_MS


def granted(by: Law = LAW, **changes: Any) -> Problem:
    return suppressed(problem_of(by=by), lease(**changes), by, NOW)


def acts(problem: Problem) -> list[str]:
    return [act.what for act in problem.acts]


@pytest.mark.parametrize(
    ("at", "said", "stage"),
    [
        (DUE - 2 * DAY_MS - 1, None, 0),
        (DUE - 2 * DAY_MS, "remind", 1),
        (DUE - 1, "remind", 1),
        (DUE, "overdue", 2),
        (DUE + 5 * DAY_MS - 1, "overdue", 2),
        (DUE + 5 * DAY_MS, "escalate", 3),
        (DUE + 500 * DAY_MS, "escalate", 3),
    ],
)
def test_of_the_stages_of_a_deadline_only_the_last_that_has_passed_is_told(
    at: int, said: str | None, stage: int
) -> None:
    done = attended(problem_of(by=LAW), LAW, at)
    assert done.said == said
    assert done.problem.stage == ((DUE, stage) if stage else (0, 0))
    assert attended(done.problem, LAW, at).said is None, "and once"


def test_what_was_told_is_remembered_as_an_act_of_the_clock() -> None:
    late = DUE + 5 * DAY_MS
    done = attended(problem_of(by=LAW), LAW, late).problem
    deeds = ("reminded", "overdue", "escalated")
    assert [(act.at, act.what, act.by) for act in done.acts] == [(late, deed, "clock") for deed in deeds]
    warned = attended(granted(), LAW, END - WARN_MS).problem.acts[-1]
    assert (warned.at, warned.what, warned.by) == (END - WARN_MS, "warned", "clock")


@pytest.mark.parametrize(("tell", "said"), [("now", "escalate"), ("digest", "escalate"), ("never", None)])
def test_what_nobody_is_told_is_not_escalated(tell: Tell, said: str | None) -> None:
    by = law(Rule(name="way", route=Route(tell=tell)), remind_days=2, escalate_days=5)
    before = attended(problem_of(by=by), by, DUE)
    done = attended(before.problem, by, DUE + 5 * DAY_MS)
    assert (before.said, done.said) == ("overdue", said)
    assert ("escalated" in acts(done.problem)) is (said is not None)
    assert attention(done.problem, by.judge.policy) is None


def test_another_deadline_is_told_of_anew() -> None:
    told = attended(problem_of(by=LAW), LAW, DUE + 9 * DAY_MS).problem
    worse = msgspec.structs.replace(told, state=msgspec.structs.replace(told.state, due=DUE + 20 * DAY_MS))
    assert attended(worse, LAW, DUE + 19 * DAY_MS).said == "remind"


@pytest.mark.parametrize(
    "problem",
    [
        problem_of(by=LAW, quiet=True),
        problem_of(finding_like(status=RESOLVED), by=LAW),
        problem_of(by=law(Rule(name="noise", ignore=True))),
    ],
    ids=["from before the fleet", "closed", "ignored"],
)
def test_of_what_nobody_has_to_do_anything_about_nothing_is_told(problem: Problem) -> None:
    assert attended(problem, LAW, DUE + 50 * DAY_MS).said is None


def test_a_suppression_that_is_over_ends_and_the_deadline_begins_anew() -> None:
    done = attended(granted(), LAW, END)
    after = done.problem
    assert (after.state.status, after.state.lease, after.granted) == (Status.OPEN, None, None)
    assert acts(after)[-1] == "suppression_ended"
    assert (after.state.opened, after.state.due) == (END, END + 30 * DAY_MS)
    assert done.said is None, "nobody is warned of what is over"


def test_one_of_a_rule_ends_as_well() -> None:
    by = law(suppressing())
    done = attended(problem_of(by=by), by, END)
    assert (done.problem.state.status, done.said) == (Status.OPEN, None)
    assert attended(problem_of(by=by), by, END - 1).problem.state.status is Status.SUPPRESSED


def test_people_are_warned_a_week_before_a_granted_one_ends_and_once() -> None:
    assert attended(granted(), LAW, END - WARN_MS - 1).said is None
    done = attended(granted(), LAW, END - WARN_MS)
    assert (done.said, done.problem.warned, acts(done.problem)[-1]) == ("warn", END, "warned")
    assert attended(done.problem, LAW, END - 1).said is None


def test_where_a_rule_takes_over_from_people_nobody_is_warned_of_the_rules_end() -> None:
    by = law(suppressing(until=END + 60 * DAY_MS, start=NOW))
    problem = granted(by, until=NOW + 20 * DAY_MS)
    assert problem.state.lease is not None
    assert problem.state.lease.by == "request:r1"
    done = attended(problem, by, NOW + 20 * DAY_MS)
    assert done.problem.state.lease is not None
    assert done.problem.state.lease.by == "rule:accepted"
    assert done.said is None


def test_a_grant_that_never_held_is_forgotten_and_what_else_is_due_is_told() -> None:
    problem = granted(reason=" ", until=DUE)
    assert problem.state.status is Status.OPEN
    done = attended(problem, LAW, DUE)
    assert (done.said, done.problem.granted) == ("overdue", None)


moments = st.lists(st.integers(0, 140), min_size=1, max_size=8).map(sorted)


@given(moments, st.booleans(), st.integers(1, 130))
def test_whenever_it_is_looked_at_it_comes_to_the_same_and_nothing_is_left_over(
    days: list[int], is_granted: bool, ends: int
) -> None:
    problem = granted(until=NOW + ends * DAY_MS) if is_granted else problem_of(by=LAW)
    one, last = problem, NOW + days[-1] * DAY_MS
    for day in days:
        one = attended(one, LAW, NOW + day * DAY_MS).problem
        ahead = attention(one, LAW.judge.policy)
        assert ahead is None or ahead.at > NOW + day * DAY_MS
    other = attended(problem, LAW, last).problem
    assert one.state.status is other.state.status
    assert one.granted == other.granted
    if not is_granted:
        assert one.stage == other.stage
