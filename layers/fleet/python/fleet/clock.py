"""The fleet's one clock, for stamps, leases and expiries.

On AWS it is the wall clock. The local cloud may run it faster through `YAGURA_CLOCK`
(`anchor_ms:factor:offset_ms`); synth refuses that setting for any account on AWS.
"""

import os
import time
from collections.abc import Callable

type Clock = Callable[[], int]
"""Gives the present as milliseconds since 1970-01-01T00:00Z."""


class ClockError(ValueError):
    """`YAGURA_CLOCK` does not have the form `anchor_ms:factor:offset_ms`."""


def wall_ms() -> int:
    """The wall clock, in ms."""
    return time.time_ns() // 1_000_000


def scaled(spec: str, wall: Clock = wall_ms) -> Clock:
    """A clock that stood at `anchor + offset` when the wall clock showed `anchor`, and has run `factor` times as fast.

    >>> scaled("1000:60:500", wall=lambda: 3000)()
    121500
    """
    try:
        anchor_text, factor_text, offset_text = spec.split(":")
        anchor, factor, offset = int(anchor_text), float(factor_text), int(offset_text)
    except ValueError as error:
        message = f"YAGURA_CLOCK is {spec!r}; expected anchor_ms:factor:offset_ms, for example 1767225600000:60:0"
        raise ClockError(message) from error
    return lambda: anchor + offset + int((wall() - anchor) * factor)


def from_environment() -> Clock:
    """The clock that this function runs by."""
    spec = os.environ.get("YAGURA_CLOCK")
    return scaled(spec) if spec else wall_ms


now_ms: Clock = from_environment()
