"""A budget of effects that is used up is told loudly, once for the hour."""

import pytest

from fleet.events.chatops import BudgetUsedUp
from tests.functions.chatops.office import Office, event

DATA = {
    "capability": "findings",
    "account": "111122223333",
    "region": "eu-west-1",
    "hour": "2026-03-02T09",
    "limit": 500,
}


def used_up(**changes: object) -> str:
    return event(BudgetUsedUp, DATA | changes, "budget-1", account="111122223333")


def test_it_is_told_once_in_the_default_channel_before_others() -> None:
    office = Office()
    assert office.take(used_up(), used_up()) == []
    office.drain()
    (told,) = [arguments for _, arguments, _ in office.slack.calls]
    assert "500 things in an hour" in told["text"]
    assert "effects_per_hour" in str(told["blocks"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"account": "999999999999"}, "foreign"), ({"region": "mars-1"}, "foreign"), ({"hour": "<!here>"}, "malformed")],
)
def test_what_is_not_of_the_fleet_is_refused(changes: dict[str, object], reason: str) -> None:
    office = Office()
    office.take(used_up(**changes))
    assert office.dead.reasons == [reason]
    assert office.slack.calls == []
