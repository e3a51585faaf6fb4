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
        Route(match=Match()),
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
