"""The fleet's clock on the local cloud: ahead, faster, or the wall's, for all functions of all accounts at once.

Functions read `YAGURA_CLOCK` when they start (`fleet.clock`), so setting it starts them afresh. One that is at work
loses its code by that, and what it had in hand comes again minutes later: so the fleet is first let come to rest.
"""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local import trace
from local.client import AUDIT, HUB, SPOKE, client
from local.errors import LocalCloudError
from local.process import Instance

NAME = "YAGURA_CLOCK"
_ACCOUNTS = (HUB, SPOKE, AUDIT)
_REST_SECONDS = 15.0
_AHEAD = re.compile(r"\+([0-9]{1,6})([smhd])")
_FACTOR = re.compile(r"x([0-9]{1,4}(?:\.[0-9]{1,3})?)")
MOST_MS = 3650 * 86_400_000
_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True)
class FleetClock:
    """`anchor + offset` when the wall shows `anchor` (both ms since the epoch), and `factor` times as fast."""

    anchor: int
    factor: float
    offset: int

    @classmethod
    def of(cls, spec: str) -> "FleetClock":
        """As `YAGURA_CLOCK` has it."""
        anchor, factor, offset = spec.split(":")
        return cls(int(anchor), float(factor), int(offset))

    @property
    def spec(self) -> str:
        """For `YAGURA_CLOCK`."""
        return f"{self.anchor}:{self.factor}:{self.offset}"

    @property
    def real(self) -> bool:
        """Whether it is the wall clock."""
        return self.factor == 1 and self.offset == 0

    def at(self, wall: int) -> int:
        """What it shows when the wall clock shows `wall`."""
        return self.anchor + self.offset + int((wall - self.anchor) * self.factor)

    def changed(self, wish: str, wall: int) -> "FleetClock":
        """`+2d`: so far ahead of what it shows; `x60`: so fast from now on; `real`: the wall clock. Else ValueError."""
        if wish == "real":
            return FleetClock(wall, 1.0, 0)
        offset = self.at(wall) - wall
        if ahead := _AHEAD.fullmatch(wish):
            offset += int(ahead[1]) * _UNITS[ahead[2]]
            if offset > MOST_MS:
                raise ValueError(f"{wish!r}: expected at most {MOST_MS // _UNITS['d']} days ahead of the wall clock")
            return FleetClock(wall, self.factor, offset)
        if (faster := _FACTOR.fullmatch(wish)) and float(faster[1]) > 0:
            return FleetClock(wall, float(faster[1]), offset)
        raise ValueError(f"{wish!r}: expected +2d (or s, m, h), x60 or real")


def wall_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def read(instance: Instance) -> FleetClock:
    """The clock by which the fleet runs. Raises LocalCloudError if there is no fleet, or its functions disagree."""
    specs = {variables[NAME] for *_, variables in _functions(instance)}
    if not specs:
        raise LocalCloudError("The fleet is not deployed: fleetctl local up")
    clocks = {FleetClock.of(spec) for spec in specs}
    if len(clocks) > 1 and not all(clock.real for clock in clocks):
        raise LocalCloudError("Functions run by different clocks: a deployment changed some. fleetctl local clock real")
    return clocks.pop()


def set_clock(instance: Instance, wish: str) -> FleetClock:
    """Change the clock of all functions. Raises LocalCloudError for a wish that means nothing."""
    try:
        # From what the functions show now: one that a deployment has set back does not keep the others from `real`.
        now = FleetClock(wall_ms(), 1.0, 0) if wish == "real" else read(instance)
        wait_for_rest(instance)
        clock = now.changed(wish, wall_ms())
    except ValueError as error:
        raise LocalCloudError(str(error)) from error
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: _set(instance, clock, *one), list(_functions(instance))))
    return clock


def described(clock: FleetClock) -> str:
    """In a sentence."""
    wall = wall_ms()
    shown = datetime.fromtimestamp(clock.at(wall) / 1000, UTC)
    ahead = timedelta(seconds=round((clock.at(wall) - wall) / 1000))
    off = f"{ahead} ahead of the wall clock" if ahead else "the wall clock's time"
    speed = "" if clock.factor == 1 else f", and runs {clock.factor:g} times as fast"
    return f"The fleet's clock shows {shown:%Y-%m-%d %H:%M:%S} UTC: {off}{speed}."


def warning(clock: FleetClock) -> str:
    """What surprises people whose fleet lives in another time than they do; empty if it does not."""
    wall = wall_ms()
    if clock.at(wall) - wall < _UNITS["d"]:
        return ""
    return (
        "What is replayed stands in no Security Hub: a day later its problem is gone. After `real` what was written "
        "meanwhile keeps its times, and `fleetctl audit verify --live` finds the trail out of order."
    )


def wait_for_rest(instance: Instance) -> None:
    """Until no function has anything in hand, or for a while: what waits for a fake that is down is no reason."""
    try:
        trace.wait_until_quiet(instance, 0, lambda _done, _total: None, seconds=_REST_SECONDS)
    except trace.RestlessError:
        return


def _set(instance: Instance, clock: FleetClock, account: str, name: str, variables: dict[str, str]) -> None:
    client(instance, "lambda", account).update_function_configuration(
        FunctionName=name, Environment={"Variables": variables | {NAME: clock.spec}}
    )


def _functions(instance: Instance) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Account, name and variables of each function that has a clock."""
    for account in _ACCOUNTS:
        functions: Any = client(instance, "lambda", account).get_paginator("list_functions")
        for page in functions.paginate():
            for each in page["Functions"]:
                variables = each.get("Environment", {}).get("Variables", {})
                if NAME in variables:
                    yield account, each["FunctionName"], variables
