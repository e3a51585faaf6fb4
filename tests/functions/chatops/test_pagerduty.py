"""The routing keys of PagerDuty's services: without one, a page waits and says why."""

import json
from collections.abc import Callable

import pytest

from tests.functions.chatops.office import Office, opened
from tests.functions.chatops.outside import KEY


@pytest.fixture
def office() -> Office:
    return Office()


def unfilled(office: Office) -> None:
    office.secrets.versions.clear()


def no_such_service(office: Office) -> None:
    office.secrets.versions["v1"] = "{}"


def no_json(office: Office) -> None:
    office.secrets.versions["v1"] = KEY


def short_key(office: Office) -> None:
    office.secrets.versions["v1"] = json.dumps({"PFRONT1": "short"})


def no_pagerduty(office: Office) -> None:
    office.notify.pagerduty._secret = ""


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (unfilled, "no routing keys: run `fleetctl secrets set pagerduty`"),
        (no_such_service, "no routing key of PFRONT1: run `fleetctl secrets set pagerduty`"),
        (no_json, "the routing keys are no JSON object of texts: run `fleetctl secrets set pagerduty`"),
        (short_key, "no routing key of PFRONT1: run `fleetctl secrets set pagerduty`"),
        (no_pagerduty, "fleet.yaml names no PagerDuty"),
    ],
)
def test_without_a_routing_key_a_page_waits_with_a_clear_status(
    office: Office, trouble: Callable[[Office], None], status: str
) -> None:
    trouble(office)
    office.take(opened(finding={"severity": "CRITICAL"}))
    (item,) = [office.table.get(pk) or {} for pk in office.dynamodb.items if pk.startswith("page#")]
    assert item["state"] == "waiting"
    assert (office.table.get("status#pagerduty") or {})["status"] == status
    assert office.web.events == []
