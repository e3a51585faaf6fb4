"""Pages: kept, sent by the key that opened the alert, tried again; Slack's troubles are none of theirs."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.posting import Answer, UnreachableError
from functions.chatops.page import GIVE_UP_MS, LEASE_MS, Action, Page, Paging, dedup_key
from tests.functions.chatops.office import ROUTING, Office, opened
from tests.functions.chatops.outside import KEY
from tests.layers.fleet.fakes import KilledError, client_error

MINUTE = 60_000
PK = f"page#{dedup_key('s')}"
NEW_KEY = "f" * 32


@pytest.fixture
def office() -> Office:
    return Office()


def page(version: int = 1, action: Action = "trigger", **changes: Any) -> Page:
    known: dict[str, Any] = {"subject": "s", "service": "PFRONT1", "summary": "it burns", "source": "arn:aws:s3:::x"}
    return Page(action=action, version=version, **(known | changes))


def keep(office: Office, *wanted: Page) -> None:
    for one in wanted:
        office.notify.pages.keep(one)


def send(office: Office) -> None:
    office.run(lambda: office.notify.pages.send(PK))


def paging(office: Office, pk: str = PK) -> Paging:
    return msgspec.json.decode((office.table.get(pk) or {})["paging"], type=Paging)


def actions(office: Office) -> list[tuple[str, str]]:
    return [(said["event_action"], said["routing_key"]) for said in office.web.events]


def rotate(office: Office) -> None:
    office.secrets.versions["v2"] = json.dumps({"PFRONT1": NEW_KEY})
    office.secrets.current = "v2"


def test_a_critical_finding_pages_its_owners_service(office: Office) -> None:
    assert office.take(opened(finding={"severity": "CRITICAL"})) == []
    (said,) = office.web.events
    assert (said["event_action"], said["routing_key"], said["dedup_key"]) == ("trigger", KEY, dedup_key("problem#p1"))
    assert said["payload"]["source"] == "arn:aws:s3:::clinic-staging-intake-forms"


def test_the_same_event_again_pages_nobody_again(office: Office) -> None:
    office.take(*[opened(finding={"severity": "CRITICAL"})] * 3)
    office.later(10 * MINUTE)
    assert len(office.web.events) == 1


def test_an_alert_is_resolved_by_the_key_that_opened_it_although_the_key_has_changed_since(office: Office) -> None:
    keep(office, page())
    send(office)
    rotate(office)
    keep(office, page(2, "acknowledge"))
    send(office)
    keep(office, page(3, "resolve"))
    send(office)
    assert actions(office) == [("trigger", KEY), ("acknowledge", KEY), ("resolve", KEY)]
    keep(office, page(4))
    send(office)
    assert actions(office)[-1] == ("trigger", NEW_KEY), "a new alert takes the new key"


def test_an_alert_is_resolved_at_the_service_that_it_was_opened_at(office: Office) -> None:
    keep(office, page())
    send(office)
    keep(office, page(2, "resolve", service="PBILL01"))
    send(office)
    assert actions(office) == [("trigger", KEY), ("resolve", KEY)]


def test_an_alert_whose_key_is_gone_is_a_dead_letter_rather_than_a_resolution_that_pagerduty_drops(
    office: Office,
) -> None:
    keep(office, page())
    send(office)
    rotate(office)
    del office.secrets.versions["v1"]
    keep(office, page(2, "resolve"))
    send(office)
    assert actions(office) == [("trigger", KEY)]
    assert office.dead.reasons == ["pagerduty"]
    assert (paging(office).state, paging(office).why) == ("refused", "routing_key_is_gone")


def test_what_is_resolved_before_anybody_was_woken_wakes_nobody(office: Office) -> None:
    keep(office, page(), page(2, "resolve"))
    send(office)
    assert office.web.events == []
    assert (paging(office).state, paging(office).why) == ("dropped", "not_open")


def test_a_resolution_after_a_trigger_that_may_have_arrived_is_sent(office: Office) -> None:
    office.web.error = UnreachableError("TimeoutError", unclear=True)
    keep(office, page())
    send(office)
    office.web.error = None
    keep(office, page(2, "resolve"))
    send(office)
    assert actions(office) == [("resolve", KEY)]


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=12))
def test_any_order_and_multiplicity_of_versions_ends_with_what_the_newest_says(steps: list[tuple[int, bool]]) -> None:
    """Odd versions trigger, even ones resolve."""
    office = Office()
    for version, sends in steps:
        keep(office, page(version, "trigger" if version % 2 else "resolve"))
        if sends:
            send(office)
    send(office)
    newest = max(version for version, _ in steps)
    open_ = bool(actions(office)) and actions(office)[-1][0] == "trigger"
    assert open_ is bool(newest % 2)
    assert paging(office).open is open_
    assert paging(office).state in {"sent", "dropped"}


@pytest.mark.parametrize(
    "answer", [Answer(429, "", 0), Answer(500, "", 0), Answer(503, "", 0), Answer(200, "<html>", 0)]
)
def test_what_pagerduty_cannot_take_now_is_tried_again_minutes_later(office: Office, answer: Answer) -> None:
    office.web.answer = answer
    keep(office, page())
    send(office)
    assert (paging(office).state, paging(office).due - office.now) == ("waiting", MINUTE)
    office.web.answer = None
    send(office)
    assert office.web.events == [], "not before its time"
    office.later(4 * MINUTE)
    assert actions(office) == [("trigger", KEY)]
    assert (office.table.get("status#pagerduty") or {})["status"] == "ok"


def test_pauses_double_up_to_half_an_hour(office: Office) -> None:
    office.web.error = UnreachableError("ConnectionRefusedError", unclear=False)
    keep(office, page())
    pauses = []
    for _ in range(7):
        send(office)
        pauses.append((paging(office).due - office.now) // MINUTE)
        office.now = paging(office).due
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_an_event_that_pagerduty_calls_invalid_is_never_tried_again(office: Office) -> None:
    office.web.answer = Answer(400, "invalid", 0)
    keep(office, page())
    send(office)
    office.web.answer = None
    office.later(60 * MINUTE)
    assert office.web.events == []
    (letter,) = office.dead.messages
    assert letter["MessageAttributes"]["yagura-text"]["StringValue"] == "http_400"
    assert json.loads(letter["MessageBody"]) == {"page": PK}


def test_a_dead_letter_that_is_sent_back_is_tried(office: Office) -> None:
    office.web.answer = Answer(400, "invalid", 0)
    keep(office, page())
    send(office)
    office.web.answer = None
    office.take(office.dead.messages[0]["MessageBody"])
    assert actions(office) == [("trigger", KEY)]
    office.take(office.dead.messages[0]["MessageBody"])
    assert len(office.web.events) == 1


def test_after_a_day_of_tries_a_page_is_a_dead_letter(office: Office) -> None:
    office.web.answer = Answer(503, "", 0)
    keep(office, page())
    office.later(GIVE_UP_MS + 60 * MINUTE, every=30 * MINUTE)
    assert office.dead.reasons == ["pagerduty"]
    assert paging(office).state == "refused"


def test_a_page_never_waits_for_slack(office: Office) -> None:
    office.slack.error = TimeoutError()
    office.take(opened(finding={"severity": "CRITICAL"}))
    assert len(office.web.events) == 1
    assert office.slack.texts == []


def test_slack_never_waits_for_a_page(office: Office) -> None:
    office.web.error = UnreachableError("TimeoutError", unclear=True)
    office.take(opened(finding={"severity": "CRITICAL"}))
    assert len(office.slack.texts) == 1


def test_a_page_whose_item_is_spoilt_keeps_slack_from_nothing(office: Office) -> None:
    def broken(_pk: str) -> None:
        raise client_error("InternalServerError", "GetItem")

    office.notify.pages.send = broken
    assert office.take(opened(finding={"severity": "CRITICAL"})) == ["m0"]
    assert len(office.slack.texts) == 1


@pytest.mark.parametrize("step", range(1, 25))
def test_killed_at_any_step_a_page_is_sent_in_the_end(step: int) -> None:
    office = Office()
    keep(office, page())
    office.steps.kill_at = office.steps.taken + step
    try:
        send(office)
    except KilledError:
        office.now += LEASE_MS
    office.steps.kill_at = None
    office.later(10 * MINUTE)
    assert {action for action, _ in actions(office)} == {"trigger"}
    assert paging(office).open


def test_of_two_who_send_a_page_one_does(office: Office) -> None:
    keep(office, page())
    taken = []

    def both(url: str, document: Any, *, timeout: float = 10) -> Answer:
        taken.append(document)
        office.notify.pages.send(PK)
        return Answer(202, "", 0)

    office.web.post = both  # type: ignore[method-assign]
    send(office)
    assert len(taken) == 1


def test_an_open_alert_is_remembered_for_ever_and_a_closed_one_for_ninety_days(office: Office) -> None:
    keep(office, page())
    send(office)
    assert "expires" not in (office.table.get(PK) or {})
    keep(office, page(2, "resolve"))
    send(office)
    assert (office.table.get(PK) or {})["expires"] == office.now // 1000 + 90 * 24 * 3600


def test_an_owner_without_a_pagerduty_service_is_a_status_and_slack_hears_all_the_same(office: Office) -> None:
    office.take(opened(finding={"severity": "CRITICAL"}, team="platform", service="x"))
    assert "a service that services.yaml does not name" in (office.table.get("status#pagerduty") or {})["status"]
    assert len(office.slack.texts) == 1


def test_a_routing_key_is_neither_kept_nor_logged(office: Office, logged: Callable[[], str]) -> None:
    office.take(opened(finding={"severity": "CRITICAL"}))
    office.web.answer = Answer(400, KEY, 0)
    office.take(opened("p1-2-1", finding={"severity": "CRITICAL"}, time=2))
    assert KEY not in json.dumps(office.dynamodb.items) + logged() + json.dumps(office.dead.messages)
    assert ROUTING["routes"][0]["page"]
