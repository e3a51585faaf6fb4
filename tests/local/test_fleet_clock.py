"""The fleet's clock on the local cloud: what a wish makes of it, and that the fleet reads it so."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from fleet.clock import scaled
from local import commands, fleet_clock
from local.errors import LocalCloudError
from local.fleet_clock import FleetClock
from local.process import Instance
from tests.local.conftest import Aws

NOW, HOUR, DAY = 1_795_000_000_000, 3_600_000, 86_400_000
REAL = FleetClock(1_767_225_600_000, 1.0, 0)


@given(
    st.integers(0, 2 * NOW), st.sampled_from([0.5, 1.0, 60.0, 1440.0]), st.integers(0, 400 * DAY), st.integers(0, NOW)
)
def test_the_fleet_reads_it_as_it_was_meant(anchor: int, factor: float, offset: int, later: int) -> None:
    clock = FleetClock(anchor, factor, offset)
    assert FleetClock.of(clock.spec) == clock
    assert scaled(clock.spec, wall=lambda: anchor + later)() == clock.at(anchor + later)


@pytest.mark.parametrize(
    ("wish", "at_once", "an_hour_later"),
    [
        ("+2d", 2 * DAY, 2 * DAY),
        ("+90m", 3 * HOUR // 2, 3 * HOUR // 2),
        ("+3h", 3 * HOUR, 3 * HOUR),
        ("+30s", 30_000, 30_000),
        ("x60", 0, 59 * HOUR),
        ("x1.5", 0, HOUR // 2),
        ("real", 0, 0),
    ],
)
def test_a_wish_moves_it_so_far_ahead_of_the_wall(wish: str, at_once: int, an_hour_later: int) -> None:
    clock = REAL.changed(wish, NOW)
    assert (clock.at(NOW) - NOW, clock.at(NOW + HOUR) - NOW - HOUR) == (at_once, an_hour_later)


def test_ten_years_ahead_are_enough() -> None:
    assert REAL.changed("+3650d", NOW).at(NOW) == NOW + fleet_clock.MOST_MS
    with pytest.raises(ValueError, match="at most 3650 days ahead"):
        REAL.changed("+3650d", NOW).changed("+1s", NOW)


def test_whoever_is_a_day_ahead_is_told_what_comes_of_it() -> None:
    wall = fleet_clock.wall_ms()
    assert fleet_clock.warning(FleetClock(wall, 1.0, DAY // 2)) == ""
    assert "audit verify" in fleet_clock.warning(FleetClock(wall, 1.0, 2 * DAY))


@given(st.lists(st.sampled_from(["+2d", "+1h", "x60", "x1"]), min_size=1, max_size=6))
def test_wishes_add_up_and_none_turns_it_back_but_real(wishes: list[str]) -> None:
    clock, wall, before = REAL, NOW, NOW
    for wish in wishes:
        wall += HOUR
        clock = clock.changed(wish, wall)
        assert clock.at(wall) >= before + HOUR
        before = clock.at(wall)
    assert clock.changed("real", wall).real


@pytest.mark.parametrize("wish", ["2d", "+2", "+2w", "-2d", "x0", "x", "fast", "+ 2d", "x1e3", ""])
def test_what_means_nothing_is_refused(wish: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{wish!r}: expected +2d")):
        REAL.changed(wish, NOW)


def test_without_a_fleet_there_is_no_clock(cloud: Instance) -> None:
    options = ["--port", str(cloud.port), "--state", str(cloud.state_dir)]
    said = CliRunner().invoke(commands.app, ["clock", *options])
    assert said.exit_code == 1
    assert "fleetctl local up" in said.output


def test_functions_that_disagree_are_told_until_all_are_real(
    cloud: Instance, aws: Aws, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_clock, "_ACCOUNTS", (account,))
    monkeypatch.setattr(fleet_clock, "wait_for_rest", lambda _instance: None)
    for name, spec in (("one", REAL.spec), ("other", f"{NOW}:60.0:0")):
        aws("lambda", account).create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="handler.run",
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
            Role=aws.role(account, name, trust={"Service": "lambda.amazonaws.com"}),
            Environment={"Variables": {"YAGURA_CLOCK": spec, "KEPT": name}},
        )
    with pytest.raises(LocalCloudError, match="different clocks"):
        fleet_clock.read(cloud)
    with pytest.raises(LocalCloudError, match="different clocks"):
        fleet_clock.set_clock(cloud, "+2d")
    assert fleet_clock.set_clock(cloud, "real").real
    ahead = fleet_clock.set_clock(cloud, "+2d")
    assert fleet_clock.read(cloud) == ahead
    kept = [variables["KEPT"] for *_, variables in fleet_clock._functions(cloud)]
    assert sorted(kept) == ["one", "other"]
