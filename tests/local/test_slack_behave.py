"""The fake Slack's wishes: a strict channel keeps its rate, and a wish that means nothing changes nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.slack_behave import Behaviour
from tests.layers.fleet.refute import REFUTE


def test_a_strict_channel_counts_only_what_it_took() -> None:
    behaviour = Behaviour()
    behaviour.wish({"strict_rate": True})
    assert [behaviour.too_fast("C", now) for now in (10.0, 10.4, 10.9, 11.0, 11.5, 12.0)] == [0, 1, 1, 0, 1, 0]
    behaviour.wish({})
    assert [behaviour.too_fast("C", now) for now in (20.0, 20.0)] == [0, 0]


# (channel, eighths of a second since the last call, whether a refused caller comes back as told)
_ARRIVALS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 24), st.booleans()), max_size=20)


def _keeps_its_rate(behaviour: Behaviour, arrivals: list[tuple[str, int, bool]]) -> None:
    """Per channel: never two within a second, nobody waits without cause, and who waits as told is let in."""
    behaviour.wish({"strict_rate": True})
    now, taken = 100.0, {"a": 0.0, "b": 0.0}
    for channel, pause, patient in arrivals:
        now += pause / 8
        wait, gap = behaviour.too_fast(channel, now), now - taken[channel]
        assert (wait == 0) == (gap >= 1)
        if wait and patient:
            now += wait
            assert behaviour.too_fast(channel, now) == 0
        if patient or not wait:
            taken[channel] = now


@given(_ARRIVALS)
def test_a_strict_channel_keeps_its_rate_whatever_arrives(arrivals: list[tuple[str, int, bool]]) -> None:
    _keeps_its_rate(Behaviour(), arrivals)


class _OneRateForAll(Behaviour):
    def too_fast(self, channel: str, now: float) -> int:
        return super().too_fast("all", now)


class _RefusedCountToo(Behaviour):
    def too_fast(self, channel: str, now: float) -> int:
        wait = super().too_fast(channel, now)
        self._posted[channel] = now
        return wait


class _NeverTooFast(Behaviour):
    def too_fast(self, channel: str, now: float) -> int:
        return 0


class _WaitTooShort(Behaviour):
    def too_fast(self, channel: str, now: float) -> int:
        wait = super().too_fast(channel, now)
        if wait:
            self._posted[channel] = now + wait
        return wait


@pytest.mark.parametrize("broken", [_OneRateForAll, _RefusedCountToo, _NeverTooFast, _WaitTooShort])
def test_the_rate_property_refutes(broken: type[Behaviour]) -> None:
    @REFUTE
    @given(_ARRIVALS)
    def tried(arrivals: list[tuple[str, int, bool]]) -> None:
        _keeps_its_rate(broken(), arrivals)

    with pytest.raises(AssertionError):
        tried()


@pytest.mark.parametrize("wish", [{"deliver": "upside down"}, {"deliver": "late", "seconds": 3600}, {"next": "x"}])
def test_a_wish_that_means_nothing_changes_nothing(wish: dict[str, Any]) -> None:
    behaviour = Behaviour()
    behaviour.wish({"next": 1, "deliver": "twice"})
    with pytest.raises(ValueError):
        behaviour.wish(wish)
    assert (behaviour.told()["next"], behaviour.manner().deliver, behaviour.manner().deliver) == (1, "twice", "")
