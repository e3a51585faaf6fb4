"""The one clock."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.clock import ClockError, from_environment, scaled, wall_ms

times = st.integers(0, 4_000_000_000_000)


def test_the_wall_clock_counts_milliseconds() -> None:
    assert abs(wall_ms() - time.time() * 1000) < 60_000


@given(times, st.integers(1, 1000), st.integers(-(10**9), 10**9), times)
def test_a_scaled_clock_starts_at_its_anchor_and_runs_by_its_factor(
    anchor: int, factor: int, offset: int, elapsed: int
) -> None:
    clock = scaled(f"{anchor}:{factor}:{offset}", wall=lambda: anchor + elapsed)
    assert clock() == anchor + offset + elapsed * factor


@pytest.mark.parametrize("spec", ["", "1", "1:2", "1:2:3:4", "a:1:0", "1:b:0", "1:1:c", "1.5:1:0"])
def test_a_clock_that_cannot_be_read_is_an_error_that_shows_it(spec: str) -> None:
    with pytest.raises(ClockError, match="anchor_ms:factor:offset_ms"):
        scaled(spec)


def test_without_a_setting_the_wall_clock_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YAGURA_CLOCK", raising=False)
    assert from_environment() is wall_ms


def test_the_environment_sets_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YAGURA_CLOCK", f"{wall_ms()}:1:3600000")
    assert 3_500_000 < from_environment()() - wall_ms() < 3_700_000
