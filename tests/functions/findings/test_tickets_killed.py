"""Tickets that die, and two of them side by side: there is one issue, in the state of its problem."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from functions.findings.finding import Status
from tests.functions.entry import batch
from tests.functions.findings.deployments import TICKETS, Deployment
from tests.functions.findings.laws import FIRST
from tests.functions.findings.repositories import TICKETED, Repository, file, issue, tell
from tests.layers.fleet.fakes import KilledError, interleave
from tests.layers.fleet.refute import REFUTE

type Break = Callable[[Deployment], None]

OPEN, RESOLVED, GONE = Status.OPEN, Status.RESOLVED, Status.GONE


def sound(_deployment: Deployment) -> None:
    """As it is."""


def assert_one_issue(deployment: Deployment, github: "Watched") -> None:
    problem = deployment.problem(FIRST.problem)
    wanted = ["open" if problem.state.open else "closed"] if problem.issue and problem.issue.number else []
    assert github.states == wanted
    assert "wants" not in deployment.item(problem.id)
    assert deployment.queues.dead == []
    turned = [state for before, state in zip(["open", *github.turns], github.turns, strict=False) if before != state]
    assert len(github.comments) == len(turned), "each closing and opening is said once"


def assert_survives_being_killed(
    statuses: Sequence[Status], kills: Sequence[int | None], break_it: Break = sound
) -> None:
    """Killed at any steps and delivered again: one issue, and what is said in it is said once."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        deployment = Deployment(TICKETED)
        github = Watched(monkeypatch, deployment)

        def work() -> None:
            break_it(deployment)
            file(deployment)

        for number, status in enumerate(statuses):
            tell(deployment, status)
            deployment.survive(work, kills[number : number + 2])
        deployment.now += 20 * 60_000
        deployment.tick()
        deployment.survive(work, [])
        assert_one_issue(deployment, github)
        if OPEN in statuses:
            assert issue(deployment).number == 1


class Watched(Repository):
    """It remembers how its one issue was turned."""

    @property
    def turns(self) -> list[str]:
        return [document["state"] for method, _, document in self.calls if method == "PATCH"]


def assert_survives_company(
    statuses: Sequence[Status], choices: Sequence[int], kill: int | None, break_it: Break = sound
) -> None:
    """Two of the function on the same problem, in any interleaving, while it changes."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        deployment = Deployment(TICKETED)
        github = Watched(monkeypatch, deployment)
        tell(deployment)
        deployment.stream()
        (body,) = deployment.queues.bodies[TICKETS]
        break_it(deployment)
        handler, triage = deployment.tickets.handler, deployment.triage.handler
        assert triage

        def taking() -> None:
            for _ in range(3):
                handler(batch(body), None)

        def changing() -> None:
            for status in statuses:
                tell_within(deployment, status)

        deployment.steps.kill_at = None if kill is None else deployment.steps.taken + kill
        with deployment.running():
            try:
                interleave(deployment.steps, [taking, taking, changing], choices)
            except KilledError:
                deployment.steps.kill_at = None
        deployment.steps.kill_at = None
        for _ in range(3):
            deployment.now += 20 * 60_000
            deployment.tick()
            deployment.survive(lambda: file(deployment), [])
        assert_one_issue(deployment, github)


def tell_within(deployment: Deployment, status: Status) -> None:
    """As `tell`, by a clock that is patched already; it may be overtaken."""
    for _ in range(20):
        try:
            tell(deployment, status)
        except AssertionError:
            continue
        return


histories = st.lists(st.sampled_from([OPEN, OPEN, RESOLVED, GONE]), min_size=1, max_size=4)
kills_ = st.lists(st.none() | st.integers(1, 24), max_size=5)
choices_ = st.lists(st.integers(0, 5), max_size=60)


@given(histories, kills_)
def test_killed_at_any_step_and_delivered_again_there_is_one_issue(
    statuses: list[Status], kills: list[int | None]
) -> None:
    assert_survives_being_killed(statuses, kills)


@pytest.mark.parametrize("step", range(1, 26))
@pytest.mark.parametrize("status", [OPEN, RESOLVED])
def test_killed_at_each_single_step_there_is_one_issue(step: int, status: Status) -> None:
    assert_survives_being_killed([OPEN, status], [step])
    assert_survives_being_killed([OPEN, status, OPEN], [None, step])


@given(histories, choices_, st.none() | st.integers(1, 60))
def test_two_side_by_side_open_one_issue(statuses: list[Status], choices: list[int], kill: int | None) -> None:
    assert_survives_company(statuses, choices, kill)


def looks_for_nothing(deployment: Deployment) -> None:
    """Who comes after one that died opens an issue at once."""
    deployment.tickets.github.find = lambda *_: None


def says_nothing_before(deployment: Deployment) -> None:
    """The intent is kept with its issue only."""
    issues: Any = deployment.tickets.issues
    claim = type(issues)._claim

    def unsaid(problem_id: str) -> Any:
        found = claim(issues, problem_id)
        if found:
            office = deployment.tickets.office
            known = None if found.issue.number == 0 else found.issue
            office.change(problem_id, lambda p, _now: replace(p, issue=known), actor="tests")
        return found

    issues._claim = unsaid


def is_never_busy(deployment: Deployment) -> None:
    """Nobody looks whether somebody is at it."""
    issues: Any = deployment.tickets.issues
    may = type(issues)._may

    def always(problem: Any) -> bool:
        known = problem.issue
        return bool(may(issues, replace(problem, issue=known and replace(known, busy=0))))

    issues._may = always


@pytest.mark.parametrize("broken", [looks_for_nothing, says_nothing_before])
def test_the_property_of_being_killed_refutes(broken: Break) -> None:
    @REFUTE
    @given(histories, kills_)
    def holds(statuses: list[Status], kills: list[int | None]) -> None:
        assert_survives_being_killed(statuses, kills, broken)

    with pytest.raises(AssertionError):
        holds()


@pytest.mark.parametrize("broken", [is_never_busy, says_nothing_before])
def test_the_property_of_company_refutes(broken: Break) -> None:
    @REFUTE
    @given(histories, choices_, st.none() | st.integers(1, 60))
    def holds(statuses: list[Status], choices: list[int], kill: int | None) -> None:
        assert_survives_company(statuses, choices, kill, broken)

    with pytest.raises(AssertionError):
        holds()
