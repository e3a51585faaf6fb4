"""Much that vanishes at once is not believed at once, and told once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.lease import DAY_MS
from functions.findings.vanishing import FEW, MOST_PLACES, Doubts, Gaps
from tests.functions.findings.deployments import HOUR, Deployment
from tests.functions.findings.laws import NOW

HERE, THERE = "111122223333 eu-west-1", "444455556666 us-east-1"
MANY = FEW + 1
MIDNIGHT = NOW - NOW % DAY_MS


def gaps(**places: tuple[int, int]) -> Gaps:
    found = Gaps()
    for place, (missing, known) in places.items():
        found.count(place, known=known, missing=missing)
    return found


@pytest.mark.parametrize(
    ("missing", "known", "doubted"),
    [(MANY, MANY, True), (MANY, MANY * 5 - 1, True), (MANY, MANY * 5, False), (FEW, FEW, False), (0, 500, False)],
)
def test_more_than_a_few_and_more_than_a_fifth_are_too_many(missing: int, known: int, doubted: bool) -> None:
    assert gaps(here=(missing, known)).doubtful() == ({"here"} if doubted else set())


def test_one_place_of_many_is_doubted_by_itself() -> None:
    assert gaps(here=(MANY, MANY), there=(1, 5000), far=(0, 9)).doubtful() == {"here"}


def test_a_little_of_each_place_is_doubted_if_it_is_much_over_all() -> None:
    assert gaps(here=(15, 15), there=(15, 20), far=(0, 9)).doubtful() == {"here", "there"}


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 60), st.integers(0, 300))))
def test_what_is_not_doubted_is_few_or_a_small_part_wherever_one_looks(places: dict[str, tuple[int, int]]) -> None:
    found = gaps(**{place: (missing, missing + more) for place, (missing, more) in places.items()})
    believed = found.missing.keys() - found.doubtful()
    for some in ({place} for place in believed):
        missing, known = sum(found.missing[each] for each in some), sum(found.known[each] for each in some)
        assert missing <= FEW or missing * 5 <= known
    lost = sum(found.missing[each] for each in believed)
    assert lost <= FEW or lost * 5 <= sum(found.known.values())


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


def held(deployment: Deployment, found: Gaps, at: int) -> set[str]:
    return Doubts(deployment.office).held(found, at)


def told(deployment: Deployment) -> list[dict[str, Any]]:
    return deployment.told("ProblemsVanished")


def test_it_is_told_once_with_its_numbers_and_from_when_on_it_is_believed(deployment: Deployment) -> None:
    found = gaps(**{HERE: (30, 40), THERE: (25, 50), "far eu-west-1": (3, 900)})
    for _ in range(2):
        assert held(deployment, found, MIDNIGHT + HOUR) == {HERE, THERE}
    (event,) = told(deployment)
    assert (event["missing"], event["known"], event["places"]) == (55, 90, {HERE: 30, THERE: 25})
    assert event["believed"] == MIDNIGHT + 3 * DAY_MS
    assert event["meta"]["id"] == f"vanished-111122223333-eu-west-1-{MIDNIGHT + HOUR}"


def test_on_the_third_day_it_is_believed_however_often_it_is_asked_again(deployment: Deployment) -> None:
    found = gaps(**{HERE: (30, 40)})
    times = [MIDNIGHT + HOUR, MIDNIGHT + DAY_MS, MIDNIGHT + 3 * DAY_MS - 1, MIDNIGHT + 3 * DAY_MS]
    assert [held(deployment, found, at) for at in [*times, times[-1], times[-1]]] == [{HERE}] * 3 + [set()] * 3
    assert len(told(deployment)) == 1


def test_what_came_back_meanwhile_is_doubted_anew_when_it_vanishes_again(deployment: Deployment) -> None:
    found = gaps(**{HERE: (30, 40)})
    assert held(deployment, found, MIDNIGHT) == {HERE}
    assert held(deployment, gaps(**{HERE: (3, 40)}), MIDNIGHT + DAY_MS) == set()
    assert held(deployment, found, MIDNIGHT + 4 * DAY_MS) == {HERE}
    assert len(told(deployment)) == 2


def test_only_the_places_that_are_new_among_the_doubted_are_told(deployment: Deployment) -> None:
    held(deployment, gaps(**{HERE: (30, 40), THERE: (0, 50)}), MIDNIGHT)
    assert held(deployment, gaps(**{HERE: (30, 40), THERE: (40, 50)}), MIDNIGHT + DAY_MS) == {HERE, THERE}
    assert [each["places"] for each in told(deployment)] == [{HERE: 30}, {THERE: 40}]
    assert held(deployment, gaps(**{HERE: (30, 40), THERE: (40, 50)}), MIDNIGHT + 3 * DAY_MS) == {THERE}


def test_of_many_places_the_worst_are_named_and_all_are_counted(deployment: Deployment) -> None:
    found = gaps(**{f"{number:012d} eu-west-1": (30 + number, 100) for number in range(12)})
    held(deployment, found, NOW)
    (event,) = told(deployment)
    assert len(event["places"]) == MOST_PLACES
    assert next(iter(event["places"])) == "000000000011 eu-west-1"
    assert event["missing"] == sum(range(30, 42))


def test_where_nothing_is_doubted_nothing_is_written(deployment: Deployment) -> None:
    assert held(deployment, gaps(**{HERE: (3, 40)}), NOW) == set()
    assert [pk for pk in deployment.dynamodb.items if pk == "vanished"] == []
