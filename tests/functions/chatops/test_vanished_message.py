"""Many problems that vanish at once are told loudly, and that nothing is closed."""

import pytest

from fleet.events.findings import ProblemsVanished
from tests.functions.chatops.office import Office, event

DATA = {
    "account": "111122223333",
    "region": "eu-west-1",
    "missing": 340,
    "known": 412,
    "places": {"111122223333 eu-west-1": 330, "999999999999 us-east-1": 10},
    "believed": 1_772_755_200_000,
}


def vanished(**changes: object) -> str:
    return event(ProblemsVanished, DATA | changes, "vanished-1", account="111122223333")


def test_it_is_told_once_in_the_default_channel_with_the_numbers_and_what_to_do() -> None:
    office = Office()
    assert office.take(vanished(), vanished()) == []
    office.drain()
    (told,) = [arguments for _, arguments, _ in office.slack.calls]
    assert "340 of 412 open problems" in told["text"]
    blocks = str(told["blocks"])
    assert "eu-west-1: 330" in blocks
    assert "nothing is closed" in blocks
    assert "2026-03-06" in blocks


def test_an_account_that_the_fleet_does_not_know_is_not_named_in_full() -> None:
    office = Office()
    office.take(vanished())
    office.drain()
    (told,) = [arguments for _, arguments, _ in office.slack.calls]
    assert "999999999999" not in str(told)


@pytest.mark.parametrize("changes", [{"account": "999999999999"}, {"region": "mars-1"}])
def test_what_is_not_of_the_fleet_is_refused(changes: dict[str, object]) -> None:
    office = Office()
    office.take(vanished(**changes))
    assert office.dead.reasons == ["foreign"]
    assert office.slack.calls == []
