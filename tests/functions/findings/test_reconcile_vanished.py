"""A Security Hub that suddenly knows little does not close everything: that waits, also for a sweep that is killed."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings import reconcile, securityhub, vanishing
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS as DAY
from functions.findings.policy import Match, Rule
from tests.functions.findings.deployments import HOUR, MINUTE, Context, Deployment
from tests.functions.findings.hubs import asff, ocsf
from tests.functions.findings.laws import NOW, suppressing
from tests.functions.findings.reconciled import day, known, status
from tests.layers.fleet.refute import REFUTE

MANY = [f"b{number}" for number in range(vanishing.FEW + 5)]
LEASED = suppressing("accepted", match=Match(resource=["arn:aws:s3:::b1"]))


def statuses(deployment: Deployment, problems: Sequence[str]) -> set[Status | None]:
    return {status(deployment, each) for each in problems}


def test_all_that_vanishes_at_once_is_held_told_once_and_believed_on_the_third_day() -> None:
    deployment = known(Deployment(LEASED))
    problems = deployment.put(*MANY)
    deployment.rest()
    deployment.hub.hub.findings.clear()
    day(deployment, days=2)
    for _ in range(2):
        assert statuses(deployment, problems) == {Status.OPEN, Status.SUPPRESSED}
        assert deployment.told("FindingResolved") == []
        day(deployment)
    (told,) = deployment.told("ProblemsVanished")
    assert (told["missing"], told["known"]) == (len(MANY), len(MANY))
    day(deployment)
    assert statuses(deployment, problems) == {Status.GONE}
    assert len(deployment.told("ProblemsVanished")) == 1


def test_what_comes_back_before_it_is_believed_was_never_gone() -> None:
    deployment = known(Deployment())
    problems = deployment.put(*MANY)
    there = dict(deployment.hub.hub.findings)
    deployment.hub.hub.findings.clear()
    day(deployment, days=2)
    deployment.hub.hub.findings.update(there)
    for _ in range(4):
        day(deployment)
    assert statuses(deployment, problems) == {Status.OPEN}
    assert deployment.told("FindingResolved") == []
    assert len(deployment.told("FindingOpened")) == len(MANY)


def test_a_few_are_believed_while_many_of_another_region_are_held() -> None:
    deployment = known(Deployment())
    few = deployment.put("x", "y")
    others = [asff(f"o{number}", at=NOW, Region="us-east-1") for number in range(len(MANY))]
    for each in others:
        deployment.hub.put(each)
    deployment.echo()
    deployment.put(*(f"k{number}" for number in range(200)))
    for name in ("x", "y"):
        deployment.hub.remove(asff(name, at=NOW)["Id"])
    for each in others:
        deployment.hub.remove(each["Id"])
    day(deployment, days=2)
    assert statuses(deployment, few) == {Status.GONE}
    (told,) = deployment.told("ProblemsVanished")
    assert told["places"] == {"111122223333 us-east-1": len(others)}
    assert len(deployment.told("FindingResolved")) == len(few)


def test_findings_that_have_come_back_under_other_ids_vanish_without_a_doubt() -> None:
    deployment = known(Deployment())
    problems = deployment.put(*MANY)
    deployment.hub.hub.findings.clear()
    deployment.now += DAY
    for name in MANY:
        deployment.hub.put(asff(name, at=deployment.now, Id=f"anew-{name}"))
    deployment.echo()
    day(deployment)
    assert statuses(deployment, problems) == {Status.OPEN}
    assert deployment.told("ProblemsVanished") == []
    old = asff(MANY[0], at=NOW)["Id"]
    gone = [each.status for each in deployment.problem(problems[0]).copies.values() if each.finding_id == old]
    assert gone == [Status.GONE]


def test_archived_ones_are_no_gap_however_many() -> None:
    deployment = known(Deployment())
    problems = deployment.put(*MANY)
    for name in MANY:
        deployment.hub.put(asff(name, at=NOW + MINUTE, RecordState="ARCHIVED"))
    deployment.hub.events.clear()
    day(deployment, days=2)
    assert statuses(deployment, problems) == {Status.GONE}
    assert deployment.told("ProblemsVanished") == []


def test_what_is_missing_when_it_is_counted_and_there_when_it_is_to_be_closed_is_not_gone() -> None:
    deployment = known(Deployment())
    (problem,) = deployment.put("a")
    hub, find = deployment.sweep.hub, deployment.sweep.hub.find
    deployment.hub.hub.findings.clear()

    def once_blind(_findings: Any) -> Any:
        hub.find = find
        deployment.hub.put(asff("a", at=NOW))
        deployment.hub.events.clear()
        return []

    hub.find = once_blind
    day(deployment, days=2)
    assert status(deployment, problem) is Status.OPEN


def test_more_than_one_walk_carries_is_the_next_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "MOST_MISSING", 3)
    deployment = known(Deployment())
    problems = deployment.put(*"abcde")
    deployment.hub.hub.findings.clear()
    day(deployment, days=2)
    assert [status(deployment, each) for each in problems].count(Status.GONE) == 3
    day(deployment)
    assert statuses(deployment, problems) == {Status.GONE}


def test_an_ignored_problem_that_vanished_is_gone_and_not_kept_for_ever() -> None:
    deployment = known(Deployment(Rule(name="noise", ignore=True)))
    (problem,) = deployment.put("a")
    assert "expires" not in deployment.item(problem)
    deployment.hub.hub.findings.clear()
    day(deployment, days=2)
    assert deployment.problem(problem).history.status is Status.GONE
    assert "expires" in deployment.item(problem)
    assert deployment.told("FindingResolved") == []


# Killed at any step.

type Break = Callable[[Deployment], None]


def sound(_deployment: Deployment) -> None:
    """As it is."""


def assert_held_until_the_third_day(
    many: int, stay: int, kills: Sequence[int | None], looks: int, back: bool, break_it: Break = sound
) -> None:
    """So many vanish and so many stay: killed at any steps, it is told once, and nothing is closed before its day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(securityhub, "PAGE", 2)
        patch.setattr(reconcile, "MOST_IDS", 2)
        patch.setattr(vanishing, "FEW", 2)
        patch.setattr(vanishing, "SHARE", 0.5)
        deployment = known(Deployment())
        deployment.tick()  # the configuration is no longer new
        gone = deployment.put(*(f"g{number}" for number in range(many)))
        for number in range(stay):
            deployment.hub.put_v2(ocsf(f"s{number}", at=NOW))
        deployment.echo()
        there = dict(deployment.hub.hub.findings)
        deployment.hub.hub.findings.clear()
        doubted = many > 2 and many > stay
        since = NOW - NOW % DAY + 2 * DAY + HOUR

        def work() -> None:
            break_it(deployment)
            with contextlib.suppress(ExceptionGroup):
                deployment.tick(Context(looks=looks))

        def whole_day(number: int) -> None:
            deployment.now = since + number * DAY
            deployment.survive(work, kills, minutes=1)
            for _ in range(2 if looks > 10 else 20 // looks):
                work()
                deployment.now += MINUTE
            deployment.stream()

        for number in (0, 2):
            whole_day(number)
            assert statuses(deployment, gone) == {Status.OPEN if doubted else Status.GONE}
        if back:
            deployment.hub.hub.findings.update(there)
        whole_day(3)
        assert statuses(deployment, gone) == {Status.OPEN if back else Status.GONE}
        told = deployment.told("ProblemsVanished")
        assert [(each["missing"], each["known"]) for each in told] == ([(many, many + stay)] if doubted else [])


kills_ = st.lists(st.none() | st.integers(1, 60), max_size=3)
looks_ = st.sampled_from([1, 2, 100])


@given(st.integers(1, 4), st.integers(0, 5), kills_, looks_, st.booleans())
def test_killed_at_any_step_what_vanished_is_held_until_the_third_day_and_told_once(
    many: int, stay: int, kills: list[int | None], looks: int, back: bool
) -> None:
    assert_held_until_the_third_day(many, stay, kills, looks, back)


@pytest.mark.parametrize("step", range(1, 80, 3))
def test_killed_at_each_single_step_it_is_held_until_the_third_day(step: int) -> None:
    assert_held_until_the_third_day(3, 1, [step], 100, back=False)


def forgets(deployment: Deployment) -> None:
    """Since when it is doubted is not written down."""
    deployment.dynamodb.items.pop("vanished", None)


def counts_the_last_page_alone(deployment: Deployment) -> None:
    """What earlier pages have counted is not carried on."""
    walks = deployment.sweep.rounds._walks
    go_on = type(walks).go_on
    walks.go_on = lambda walk, place: go_on(walks, walk, place | {"gaps": {}})


@pytest.mark.parametrize("broken", [forgets, counts_the_last_page_alone])
def test_the_property_refutes(broken: Break) -> None:
    @REFUTE
    @given(st.integers(1, 4), st.integers(0, 5), kills_, looks_, st.booleans())
    def holds(many: int, stay: int, kills: list[int | None], looks: int, back: bool) -> None:
        assert_held_until_the_third_day(many, stay, kills, looks, back, broken)

    with pytest.raises(AssertionError):
        holds()
