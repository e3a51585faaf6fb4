"""Where an event is told, and whether somebody is woken."""

from typing import Any

import msgspec
import pytest

from functions.chatops.routes import Match, Route, Routing, Told
from tests.functions.chatops.office import ROUTING
from tests.layers.fleet.entries import meta

EVENT = "FindingOpened"


def routing(*routes: Route) -> Routing:
    return msgspec.structs.replace(msgspec.convert(ROUTING, Routing), routes=list(routes))


@pytest.mark.parametrize(
    ("service", "team", "channel"),
    [
        ("intake", "front-door", "#intake"),
        ("other", "front-door", "#front"),
        ("unknown", "platform", "#default"),
        ("intake", "platform", "#intake"),
    ],
)
def test_without_a_route_the_owner_is_told_and_nobody_woken(service: str, team: str, channel: str) -> None:
    assert routing().told(EVENT, "CRITICAL", meta(service=service, team=team)) == Told(channel=channel)


@pytest.mark.parametrize(
    ("match", "matches"),
    [
        ({}, True),
        ({"severity": ["HIGH", "CRITICAL"]}, True),
        ({"severity": ["LOW"]}, False),
        ({"team": ["front-door"]}, True),
        ({"team": ["platform"]}, False),
        ({"environment": ["staging"]}, True),
        ({"environment": ["production"]}, False),
        ({"event": [EVENT]}, True),
        ({"event": ["RolloutRolledBack"]}, False),
        ({"severity": ["HIGH"], "team": ["front-door"], "environment": ["staging"], "event": [EVENT]}, True),
        ({"severity": ["HIGH"], "team": ["front-door"], "environment": ["production"], "event": [EVENT]}, False),
    ],
)
def test_a_route_matches_when_all_that_it_names_does(match: dict[str, Any], matches: bool) -> None:
    told = routing(Route(match=Match(**match), channel="#route")).told(EVENT, "HIGH", meta())
    assert (told.channel == "#route") is matches


def test_the_first_route_that_matches_is_the_only_one() -> None:
    routes = [
        Route(match=Match(severity=["LOW"]), channel="#low"),
        Route(match=Match(), channel="owner"),
        Route(match=Match(), page=True),
    ]
    assert routing(*routes).told(EVENT, "HIGH", meta()) == Told(channel="#intake")


@pytest.mark.parametrize(
    ("service", "team", "paged"),
    [("billing", "front-door", "PBILL01"), ("intake", "front-door", "PFRONT1"), ("intake", "platform", "")],
)
def test_a_page_goes_to_the_pagerduty_service_of_the_service_or_of_its_team(
    service: str, team: str, paged: str
) -> None:
    told = routing(Route(match=Match(), page=True)).told(EVENT, "HIGH", meta(service=service, team=team))
    assert (told.page, told.pagerduty) == (True, paged)


def test_who_is_not_paged_has_no_pagerduty_service() -> None:
    assert routing(Route(match=Match(), channel="#x")).told(EVENT, "HIGH", meta()) == Told(channel="#x")


def test_the_fleets_accounts_are_known_by_id() -> None:
    assert routing().ids == {"111122223333", "444455556666"}


def test_the_configuration_knows_the_channels_that_it_names() -> None:
    known = msgspec.structs.replace(
        routing(Route(match=Match(), channel="#route"), Route(match=Match())), policy_channels=["#policy"]
    )
    named = ["#default", "#front", "#intake", "#route", "#policy"]
    assert [channel for channel in [*named, "owner", "#other", ""] if known.knows(channel)] == named


@pytest.mark.parametrize(("wanted", "channel"), [("#front", "#front"), ("#other", "#intake"), ("", "#intake")])
def test_a_problem_is_told_where_policy_wants_it_if_that_is_known(wanted: str, channel: str) -> None:
    assert routing().problem("HIGH", meta(), wanted) == Told(channel=channel)


def test_a_problem_pages_as_it_is_routed_wherever_it_is_told() -> None:
    route = Route(match=Match(event=["FindingOpened"], severity=["HIGH"]), channel="#route", page=True)
    told = routing(route).problem("HIGH", meta(), "#front")
    assert told == Told(channel="#front", page=True, pagerduty="PFRONT1")
    assert routing(route).problem("LOW", meta(), "") == Told(channel="#intake")


@pytest.mark.parametrize(
    ("match", "channel"),
    [
        ({"event": ["FindingsSummarized"]}, "#route"),
        ({"team": ["front-door"]}, "#route"),
        ({"environment": ["staging"]}, "#front"),
        ({"severity": ["HIGH"]}, "#front"),
    ],
)
def test_a_team_is_told_in_one_channel_whichever_service_or_environment_it_is_about(
    match: dict[str, Any], channel: str
) -> None:
    assert routing(Route(match=Match(**match), channel="#route")).team("FindingsSummarized", meta()) == channel


@pytest.mark.parametrize(
    ("account", "region", "name", "id_"),
    [
        ("444455556666", "eu-west-1", "clinic", "444455556666"),
        ("444455556666", "us-east-1", "444455556666", "444455556666"),
        ("999900001111", "eu-west-1", "[masked]", "[masked]"),
    ],
)
def test_accounts_of_the_fleet_have_names_and_others_are_masked(account: str, region: str, name: str, id_: str) -> None:
    assert (routing().entry(account, region), routing().account(account)) == (name, id_)
