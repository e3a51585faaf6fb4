"""Redrive under crashes, repeats and company: nothing lost, nothing moved that was not shown, a true answer."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.operations.properties import (
    Break,
    all_that_is_there,
    answered_again,
    assert_survives_being_killed,
    assert_survives_company,
    assert_two_requests_move_once,
    deleted_before_sent,
    forgetful,
    never_released,
    no_lease,
    sent_is_written_first,
    sent_without_looking,
    sound,
    twice_is_forgotten,
)
from tests.layers.fleet.refute import REFUTE

kinds = st.lists(st.sampled_from(["shown", "altered", "bystander"]), min_size=1, max_size=4)
kills = st.lists(st.none() | st.integers(1, 70), max_size=4)
choices = st.lists(st.integers(0, 1), max_size=80)


@given(kinds, kills)
def test_killed_at_any_step_and_delivered_again_nothing_is_lost_and_nothing_else_moves(
    each: list[str], after: list[int | None]
) -> None:
    assert_survives_being_killed(each, after)


def test_killed_at_each_single_step_nothing_is_lost() -> None:
    for step in range(1, 60):
        assert_survives_being_killed(["bystander", "shown", "shown"], [step])


def assert_survives_being_killed_twice(broken: Break = sound) -> None:
    for first, second in product(range(22, 36, 2), range(22, 36)):
        assert_survives_being_killed(["shown"], [first, second], broken)


def test_killed_twice_between_intent_and_answer_a_letter_that_went_twice_is_told_as_such() -> None:
    assert_survives_being_killed_twice()
    with pytest.raises(AssertionError):
        assert_survives_being_killed_twice(twice_is_forgotten)


@given(st.integers(1, 3), choices, st.booleans())
def test_one_event_at_two_workers_or_two_requests_at_once_move_each_letter_once_and_say_so(
    count: int, order: list[int], same: bool
) -> None:
    (assert_survives_company if same else assert_two_requests_move_once)(count, order)


@pytest.mark.parametrize(
    "broken",
    [
        deleted_before_sent,
        sent_without_looking,
        all_that_is_there,
        never_released,
        forgetful,
        sent_is_written_first,
        answered_again,
    ],
)
def test_the_property_of_being_killed_refutes(broken: Break) -> None:
    @REFUTE
    @given(kinds, kills)
    def holds(each: list[str], after: list[int | None]) -> None:
        assert_survives_being_killed(each, after, broken)

    with pytest.raises(AssertionError):
        holds()


@pytest.mark.parametrize("broken", [no_lease])
def test_the_property_of_two_workers_refutes(broken: Break) -> None:
    @REFUTE
    @given(st.integers(1, 3), choices)
    def holds(count: int, order: list[int]) -> None:
        assert_survives_company(count, order, broken)

    with pytest.raises(AssertionError):
        holds()
