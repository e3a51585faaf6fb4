"""Modes: what a capability may do, and how soon a freeze holds."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from fleet.modes import CACHE_MS, FREEZE, Mode, ModeSwitch, effective, parameter
from tests.layers.fleet.fakes import FakeParameters, client_error


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def parameters() -> FakeParameters:
    return FakeParameters(breakers="act")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def switch(parameters: FakeParameters, clock: Clock) -> ModeSwitch:
    client: Any = parameters
    return ModeSwitch(client, "breakers", clock)


@pytest.mark.parametrize(
    ("value", "frozen", "mode"),
    [
        ("off", False, Mode.OFF),
        ("off", True, Mode.OFF),
        ("observe", False, Mode.OBSERVE),
        ("observe", True, Mode.OBSERVE),
        ("act", False, Mode.ACT),
        ("act", True, Mode.OBSERVE),
        (None, False, Mode.OBSERVE),
        (None, True, Mode.OBSERVE),
        ("", False, Mode.OBSERVE),
        ("ACT", False, Mode.OBSERVE),
        ("act ", False, Mode.OBSERVE),
        ("nonsense", True, Mode.OBSERVE),
    ],
)
def test_the_mode_that_holds(value: str | None, frozen: bool, mode: Mode) -> None:
    assert effective(value, frozen=frozen) is mode


def test_the_parameter_says_the_mode(switch: ModeSwitch) -> None:
    assert switch.mode() is Mode.ACT


def test_each_capability_has_a_parameter_of_its_own(parameters: FakeParameters, clock: Clock) -> None:
    client: Any = parameters
    assert parameter("rollouts") == "/yagura/mode/rollouts"
    assert ModeSwitch(client, "rollouts", clock).mode() is Mode.OBSERVE


@pytest.mark.parametrize(
    "error",
    [client_error("AccessDeniedException"), EndpointConnectionError(endpoint_url="https://ssm")],
    ids=["refused", "away"],
)
def test_unreadable_means_observe_even_after_act(
    switch: ModeSwitch, parameters: FakeParameters, clock: Clock, error: Exception
) -> None:
    assert switch.mode() is Mode.ACT
    parameters.error = error
    clock.now += CACHE_MS
    assert switch.mode() is Mode.OBSERVE


def test_a_mode_is_read_once_in_five_seconds(switch: ModeSwitch, parameters: FakeParameters, clock: Clock) -> None:
    for _ in range(10):
        switch.mode()
        clock.now += CACHE_MS // 10 - 1
    assert parameters.reads == 1
    clock.now += 10
    switch.mode()
    assert parameters.reads == 2


def test_a_freeze_holds_within_the_cache_time_and_no_later(
    switch: ModeSwitch, parameters: FakeParameters, clock: Clock
) -> None:
    assert switch.mode() is Mode.ACT
    parameters.values[FREEZE] = "on"
    clock.now += CACHE_MS
    assert switch.mode() is Mode.OBSERVE
    del parameters.values[FREEZE]
    clock.now += CACHE_MS
    assert switch.mode() is Mode.ACT


def test_half_of_the_ten_seconds_is_the_caches() -> None:
    assert CACHE_MS <= 5_000


def test_the_names_are_those_that_operators_and_stacks_use() -> None:
    assert FREEZE == "/yagura/freeze"
    assert parameter("findings") == "/yagura/mode/findings"
    assert [mode.value for mode in Mode] == ["off", "observe", "act"]
