"""The light lines are those that Powertools prints."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fleet import light_telemetry, telemetry


def line(logged: Callable[[], str]) -> dict[str, Any]:
    (text,) = logged().splitlines()
    return dict(json.loads(text))


def comparable(found: dict[str, Any]) -> dict[str, Any]:
    """Without the time, and dimensions in one order."""
    found["_aws"].pop("Timestamp")
    for metric in found["_aws"]["CloudWatchMetrics"]:
        metric["Dimensions"] = [sorted(each) for each in metric["Dimensions"]]
    return found


@pytest.mark.parametrize("reason", [None, "signature"])
@pytest.mark.parametrize("by", [1, 3])
def test_a_count_is_the_same_line_as_with_powertools(logged: Callable[[], str], reason: str | None, by: int) -> None:
    light_telemetry.count("Refused", capability="chatops", reason=reason, by=by)
    ours = line(logged)
    telemetry.count("Refused", capability="chatops", reason=reason, by=by)
    theirs = line(logged)
    assert abs(ours["_aws"]["Timestamp"] - theirs["_aws"]["Timestamp"]) < 60_000
    assert comparable(ours) == comparable(theirs)


def test_a_failure_is_one_line_with_what_is_needed_to_find_it(logged: Callable[[], str]) -> None:
    light_telemetry.log_failure("not taken", ValueError("PutItem failed"), capability="chatops", delivery="d1")
    assert line(logged) == {
        "level": "ERROR",
        "message": "not taken",
        "service": "yagura-chatops",
        "error": "ValueError",
        "why": "PutItem failed",
        "delivery": "d1",
    }
