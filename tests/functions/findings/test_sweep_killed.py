"""A sweep that dies: what was due is done, told once for each deadline, and nothing is left suppressed for ever."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from functions.findings.decision import suppressed
from functions.findings.lease import DAY_MS
from functions.findings.policy import Match
from tests.functions.findings.deployments import HOUR, MINUTE, Context, Deployment
from tests.functions.findings.hubs import asff
from tests.functions.findings.laws import NOW, lease, suppressing
from tests.layers.fleet.fakes import KilledError
from tests.layers.fleet.refute import REFUTE

KINDS = ("plain", "by rule", "granted")
DUE, END = 30 * DAY_MS, 20 * DAY_MS

type Break = Callable[[Deployment], None]


def sound(_deployment: Deployment) -> None:
    """As it is."""


def prepared(kinds: Sequence[str]) -> Deployment:
    found = [f"arn:aws:s3:::b{number}" for number, kind in enumerate(kinds) if kind == "by rule"]
    rule = suppressing("accepted", match=Match(resource=found or ["none"]), start=NOW - DAY_MS, until=NOW + END)
    deployment = Deployment(rule, remind_days=2, escalate_days=5)
    deployment.known()
    for problem, kind in zip(deployment.put(*(f"b{n}" for n in range(len(kinds)))), kinds, strict=True):
        if kind == "granted":
            given = lease(start=NOW, until=NOW + END)
            with deployment.running():
                office = deployment.office
                office.change(problem, lambda p, now: suppressed(p, given, office.law, now), actor="ada")  # noqa: B023
    deployment.rest()
    return deployment


def assert_all_is_done_once(
    kinds: Sequence[str], days: Sequence[int], kills: Sequence[int | None], looks: int, break_it: Break = sound
) -> None:
    """Ticks on these days, killed at these steps: in the end each problem has had what the clock does to it, once."""
    deployment = prepared(kinds)
    for number, day in enumerate([*sorted(days), 60]):
        deployment.now = max(deployment.now, NOW + day * DAY_MS)

        def work() -> None:
            break_it(deployment)
            with contextlib.suppress(ExceptionGroup):
                deployment.stream()
                deployment.tick(Context(looks=looks))
                deployment.stream()

        deployment.survive(work, kills[number : number + 2], minutes=1)
        break_it(deployment)
        deployment.rest()
    for _ in range(30 // looks + 4):
        deployment.now += HOUR
        deployment.tick(Context(looks=looks))
        deployment.rest()
    _assert_done(deployment, kinds)


def _assert_done(deployment: Deployment, kinds: Sequence[str]) -> None:
    for number, kind in enumerate(kinds):
        problem = next(
            pk.removeprefix("problem#")
            for pk in deployment.dynamodb.items
            if pk.startswith("problem#")
            and deployment.problem(pk.removeprefix("problem#")).resource == f"arn:aws:s3:::b{number}"
        )
        assert deployment.hub.workflow(asff(f"b{number}", at=NOW)["Id"]) == "NEW", "no suppression outlives its end"
        told = [each for each in deployment.told() if each.get("problem") == problem]
        stages = [(each["due"], each["stage"]) for each in told if each["type"] == "FindingOverdue"]
        assert len(stages) == len(set(stages)), "each stage of a deadline is told once"
        assert [each["type"] for each in told].count("FindingOpened") == (1 if kind in ("plain", "by rule") else 2)
        assert [each["type"] for each in told].count("SuppressionExpiring") <= (kind == "granted")
        acts = [act.what for act in deployment.problem(problem).acts]
        assert acts.count("suppression_ended") == (kind != "plain")
        assert acts.count("warned") == (kind == "granted")
        if kind == "plain":
            assert stages[-1:] == [(NOW + DUE, "escalate")]


some_kinds = st.lists(st.sampled_from(KINDS), min_size=1, max_size=3)
some_days = st.lists(st.sampled_from([1, 13, 14, 20, 28, 30, 35]), max_size=3)
kills_ = st.lists(st.none() | st.integers(1, 40), max_size=5)
looks_ = st.sampled_from([2, 5, 1000])


@given(some_kinds, some_days, kills_, looks_)
def test_killed_at_any_step_all_that_is_due_is_done_once(
    kinds: list[str], days: list[int], kills: list[int | None], looks: int
) -> None:
    assert_all_is_done_once(kinds, days, kills, looks)


@pytest.mark.parametrize("step", range(1, 60, 2))
def test_killed_at_each_single_step_all_that_is_due_is_done_once(step: int) -> None:
    assert_all_is_done_once(["by rule", "granted", "plain"], [20], [step], 1000)


def tells_before_it_writes(deployment: Deployment) -> None:
    """What is to be told goes out, then it is written down that it was."""
    office = deployment.sweep.office
    put = office.store.put

    def early(problem: Any, entries: Any, **more: Any) -> bool:
        if entries:
            put(replace(more["over"].problem, assigned=""), entries, **more)
            more["over"] = office.store.get(problem.id)
        return bool(put(problem, [], **more))

    office.store.put = early


def forgets_what_was_told(deployment: Deployment) -> None:
    """Stages that were told are not written down."""
    office = deployment.sweep.office
    put = office.store.put

    def forgetful(problem: Any, entries: Any, **more: Any) -> bool:
        return bool(put(replace(problem, stage=(0, 0)), entries, **more))

    office.store.put = forgetful


def gives_up_at_the_first(deployment: Deployment) -> None:
    """Only the first problem that is due is looked at."""
    store = deployment.sweep.office.store
    due = type(store).due
    store.due = lambda now: list(due(store, now))[: 0 if deployment.now > NOW + 59 * DAY_MS else 1]


def ends_without_undoing(deployment: Deployment) -> None:
    """Security Hub is not told of the end."""
    deployment.sweep.rounds._errands.send = lambda *_args: None
    deployment.publish.errands.send = lambda *_args: None


@pytest.mark.parametrize(
    "broken", [tells_before_it_writes, forgets_what_was_told, gives_up_at_the_first, ends_without_undoing]
)
def test_the_property_refutes(broken: Break) -> None:
    @REFUTE
    @given(some_kinds, some_days, kills_, looks_)
    def holds(kinds: list[str], days: list[int], kills: list[int | None], looks: int) -> None:
        assert_all_is_done_once(kinds, days, kills, looks, broken)

    with pytest.raises(AssertionError):
        holds()


def test_killed_while_it_works_leaves_the_rest_for_the_next_tick() -> None:
    deployment = prepared(["plain", "plain", "plain"])
    deployment.now = NOW + DUE
    deployment.steps.kill_at = deployment.steps.taken + 8
    with pytest.raises(KilledError):
        deployment.tick()
    assert 0 < len(deployment.told("FindingOverdue")) < 3
    deployment.stream()
    deployment.now += MINUTE
    deployment.tick()
    assert len(deployment.told("FindingOverdue")) == 3
