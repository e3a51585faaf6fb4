"""A reconciliation that dies, or runs out of time: it goes on where it was, and ends with what Security Hub says."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings import reconcile, securityhub
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS
from tests.functions.findings.deployments import MINUTE, Context, Deployment
from tests.functions.findings.hubs import asff
from tests.functions.findings.laws import NOW
from tests.functions.findings.reconciled import problem_of
from tests.layers.fleet.refute import REFUTE

type Break = Callable[[Deployment], None]


def sound(_deployment: Deployment) -> None:
    """As it is."""


SAID: dict[str, dict[str, Any]] = {
    "open": {},
    "suppressed": {"workflow": "SUPPRESSED"},
    "passed": {"status": "PASSED", "workflow": "RESOLVED"},
    "archived": {"RecordState": "ARCHIVED"},
}
MEANS = {
    "open": Status.OPEN,
    "suppressed": Status.SUPPRESSED,
    "passed": Status.RESOLVED,
    "archived": Status.GONE,
    "nothing": Status.GONE,
}


class Pair(NamedTuple):
    """What is known of a finding, and what Security Hub says of it by now, of which no event came."""

    known: str
    now: str
    lost: bool
    """Whether it is a workflow-only change: `UpdatedAt` is as it was."""


def prepared(pairs: Sequence[Pair]) -> Deployment:
    deployment = Deployment()
    deployment.known()
    deployment.tick()  # the configuration is no longer new
    deployment.hub.calls.clear()
    for number, pair in enumerate(pairs):
        if pair.known != "nothing":
            deployment.put(f"b{number}", **SAID[pair.known])
    deployment.rest()
    for number, pair in enumerate(pairs):
        found = asff(f"b{number}", at=NOW)
        deployment.hub.remove(found["Id"])
        if pair.now != "nothing":
            at = NOW if pair.lost else NOW + MINUTE
            deployment.hub.put(asff(f"b{number}", at=at, **SAID[pair.now]))
    deployment.hub.events.clear()
    deployment.now += 2 * DAY_MS
    return deployment


def assert_ends_with_what_is_there(
    pairs: Sequence[Pair], kills: Sequence[int | None], looks: int, break_it: Break = sound
) -> None:
    """Killed at any steps, a few pages at a time: each problem is as Security Hub has it; no page is read in vain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(securityhub, "PAGE", 2)
        patch.setattr(reconcile, "MOST_IDS", 2)
        deployment = prepared(pairs)
        problems = [problem_of(deployment, f"b{number}") for number in range(len(pairs))]

        def work() -> None:
            break_it(deployment)
            with contextlib.suppress(ExceptionGroup):
                deployment.tick(Context(looks=looks))

        for _ in range(3):
            deployment.survive(work, kills, minutes=1)
            deployment.rest()
        for _ in range(4 * len(pairs) + 4):
            work()
            deployment.rest()
            deployment.now += MINUTE
        _assert_as_it_is(deployment, problems, pairs)
        pages = len(deployment.hub.asked("GetFindings"))
        live = sum(pair.now in ("open", "suppressed") for pair in pairs)
        lost = sum(pair.now == "nothing" for pair in pairs)  # what is missing is asked for twice
        assert pages <= (live // 2 + 1) + len(pairs) + lost + 4 * len(kills) + 1, "it never begins anew"


def _assert_as_it_is(deployment: Deployment, problems: Sequence[str], pairs: Sequence[Pair]) -> None:
    for problem, pair in zip(problems, pairs, strict=True):
        found = deployment.store.get(problem).problem
        if pair.known == "nothing" and pair.now in ("passed", "archived", "nothing"):
            assert found is None
            continue
        assert found is not None
        closed = ("passed", "archived")
        was_live = pair.known in ("open", "suppressed")
        if was_live or pair.now in ("open", "suppressed"):
            assert found.state.status is MEANS[pair.now], pair
        else:
            assert pair.known in closed
            assert found.state.status is MEANS[pair.known], "what is closed is not looked for"


pairs_ = st.lists(
    st.builds(Pair, st.sampled_from([*SAID, "nothing"]), st.sampled_from([*SAID, "nothing"]), st.booleans()),
    min_size=1,
    max_size=5,
)
kills_ = st.lists(st.none() | st.integers(1, 40), max_size=3)
looks_ = st.sampled_from([1, 2, 100])


@given(pairs_, kills_, looks_)
def test_killed_at_any_step_it_ends_with_what_security_hub_says(
    pairs: list[Pair], kills: list[int | None], looks: int
) -> None:
    assert_ends_with_what_is_there(pairs, kills, looks)


STORY = [Pair("open", "nothing", lost=False), Pair("nothing", "open", lost=False), Pair("open", "passed", lost=True)]


@pytest.mark.parametrize("step", range(1, 60, 2))
def test_killed_at_each_single_step_it_ends_with_what_security_hub_says(step: int) -> None:
    assert_ends_with_what_is_there(STORY, [step], 100)


def writes_down_the_page_first(deployment: Deployment) -> None:
    """The next page is written down before this one is recorded."""
    walks = deployment.sweep.rounds._walks
    begin = type(walks).begin

    def early(name: str, *args: Any, **more: Any) -> Any:
        walk = begin(walks, name, *args, **more)
        if walk and name == reconcile.NAME and walk.place.get("phase", "theirs") == "theirs":
            walk = walks.go_on(walk, {"phase": "ours", "team": 0})
        return walk

    walks.begin = early


def begins_anew(deployment: Deployment) -> None:
    """Where it was is not written down."""
    walks = deployment.sweep.rounds._walks
    walks.go_on = lambda walk, place: type(walk)(name=walk.name, run=walk.run, started=walk.started, place=place)


def takes_only_their_word(deployment: Deployment) -> None:
    """What Security Hub has no more is not looked for."""
    deployment.sweep.office.store.live_page = lambda *_: ([], None)


def takes_what_is_silent_for_gone(deployment: Deployment) -> None:
    """Nobody asks whether it is there."""
    deployment.sweep.hub.find = lambda _findings: []


@pytest.mark.parametrize(
    "broken", [writes_down_the_page_first, begins_anew, takes_only_their_word, takes_what_is_silent_for_gone]
)
def test_the_property_refutes(broken: Break) -> None:
    @REFUTE
    @given(pairs_, kills_, looks_)
    def holds(pairs: list[Pair], kills: list[int | None], looks: int) -> None:
        assert_ends_with_what_is_there(pairs, kills, looks, broken)

    with pytest.raises(AssertionError):
        holds()
