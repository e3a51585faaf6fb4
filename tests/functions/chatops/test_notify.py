"""The function `notify`: what is kept is told, in its turn; who may speak to it, and what it calls for."""

import json
from collections.abc import Callable

import pytest

from fleet.posting import Answer
from functions.chatops.standing import BETWEEN
from tests.functions.chatops.office import HOOK, Office, away, no_token, note, opened, rate_limited, token_refused
from tests.layers.fleet.fakes import client_error

type Logged = Callable[[], str]

MINUTE = 60_000


@pytest.fixture
def office() -> Office:
    return Office()


def test_an_event_is_told_at_once_and_kept_with_where_it_stands(office: Office) -> None:
    assert office.take(opened()) == []
    assert [post["channel"] for post in office.slack.posts] == ["#intake"]
    telling = office.telling()
    assert (telling.state, telling.posted, telling.place, telling.ts) == ("sent", BETWEEN, "C00000000", "1.1")
    assert office.status == "ok"
    assert office.queues.waiting == []


def test_a_repeated_event_is_not_told_again(office: Office, logged: Logged) -> None:
    assert office.take(opened(), opened()) == []
    office.later(5 * MINUTE)
    assert len(office.slack.posts) == 1
    assert logged().count('"Repeated"') == 2  # the name of the metric, and its value


def test_the_second_message_of_a_channel_goes_a_second_later_and_that_of_another_at_once(office: Office) -> None:
    began = office.now
    office.take(opened("a"), opened("b"), opened("c", service="x"))
    assert [said["channel"] for said in office.slack.posts] == ["#intake", "#front"]
    office.drain()
    assert [at - began for _, _, at in office.slack.calls] == [0, 0, 1000]


def test_mode_off_keeps_messages_and_pages_waiting_until_it_is_on_again(office: Office) -> None:
    office.parameters.values["/yagura/mode/chatops"] = "off"
    assert office.take(opened(finding={"severity": "CRITICAL"})) == []
    office.later(5 * MINUTE)
    assert (office.slack.calls, office.web.events, office.telling().state) == ([], [], "waiting")
    office.parameters.values["/yagura/mode/chatops"] = "observe"
    office.later(5 * MINUTE)
    assert (len(office.slack.texts), len(office.web.events)) == (1, 1)


def test_a_pump_that_finds_nothing_looks_once_more(office: Office) -> None:
    office.queues.put('{"pump": "#intake"}')
    office.drain(office.now + 1_000)
    office.keep(note())
    del office.queues.waiting[-1]  # it was not hurried
    office.drain()
    assert office.slack.texts == ["m v1"]
    assert office.queues.waiting == []


def test_what_was_not_hurried_is_found_by_the_tick(office: Office) -> None:
    office.keep(note())
    office.queues.waiting.clear()
    office.later(5 * MINUTE)
    assert office.slack.texts == ["m v1"]


def test_a_tick_calls_no_pump_where_one_is_underway(office: Office) -> None:
    away(office)
    office.take(opened())
    before = len(office.queues.waiting)
    for _ in range(3):
        office.tick()
    assert len(office.queues.waiting) == before


def test_many_events_of_one_channel_call_for_one_pump(office: Office) -> None:
    office.take(*[opened(f"e{number}") for number in range(15)])
    assert len(office.queues.waiting) == 1


def test_a_tick_without_time_leaves_the_rest_to_the_next(office: Office) -> None:
    for number in range(5):
        office.store.keep(note(channel=f"#c{number}"), office.now)
    office.now += 5 * MINUTE
    left = iter([30_000, 30_000, 1_000])

    class Hurried:
        def get_remaining_time_in_millis(self) -> int:
            return next(left)

    office.run(lambda: office.notify.handler({"tick": 120}, Hurried()))
    assert len(office.queues.waiting) == 2
    office.tick()
    assert len(office.queues.waiting) == 5


def test_a_pump_that_comes_too_early_is_called_again(office: Office) -> None:
    office.take(opened("a"), opened("b"))
    ((at, _, body),) = office.queues.waiting
    office.queues.waiting.clear()
    office.now = at - 300
    office.take(body)
    office.drain()
    assert len(office.slack.texts) == 2


def test_a_queue_that_takes_no_calls_loses_nothing(office: Office) -> None:
    office.queues.own.error = client_error("InternalError", "SendMessage")
    assert office.take(opened("a"), opened("b")) == []
    office.queues.own.error = None
    office.later(10 * MINUTE)
    assert len(office.slack.texts) == 2


def test_an_event_from_outside_the_fleet_is_a_dead_letter_and_is_not_told(office: Office) -> None:
    assert office.take(opened(account="999900001111"), opened()) == []
    assert office.dead.reasons == ["foreign"]
    assert len(office.slack.posts) == 1


def test_a_forged_source_is_a_dead_letter_and_is_not_told(office: Office) -> None:
    forged = json.loads(opened()) | {"source": "acme.findings"}
    assert office.take(json.dumps(forged)) == []
    assert (office.dead.reasons, office.slack.calls, office.dynamodb.items) == (["foreign"], [], {})


def test_an_event_after_too_many_hops_is_a_dead_letter_called_loop(office: Office) -> None:
    assert office.take(opened(hops=6)) == []
    assert (office.dead.reasons, office.slack.calls) == (["loop"], [])


@pytest.mark.parametrize("body", ["{}", '{"id": "x"}', "[]", '{"pump": 7}', "no JSON"])
def test_what_is_neither_an_event_nor_a_call_is_a_dead_letter(office: Office, body: str) -> None:
    assert office.take(body) == []
    assert office.dead.reasons == ["malformed"]


def test_a_table_that_is_away_makes_the_event_come_again(office: Office) -> None:
    office.dynamodb.error = client_error("InternalServerError", "PutItem")
    assert office.take(opened()) == ["m0"]
    office.dynamodb.error = None
    assert office.take(opened(), receives=2) == []
    assert len(office.slack.posts) == 1


def test_a_secret_that_may_not_be_read_loses_nothing(office: Office) -> None:
    office.secrets.error = client_error("AccessDeniedException", "GetSecretValue")
    assert office.take(opened()) == []
    assert office.slack.texts == []
    office.secrets.error = None
    office.later(5 * MINUTE)
    assert len(office.slack.texts) == 1


def test_nothing_of_an_event_or_a_token_is_logged(office: Office, logged: Logged) -> None:
    marker = "PATIENT-4711"
    body = opened(finding={"title": marker, "resource": marker, "severity": "CRITICAL"})
    office.web.answer = Answer(500, marker, 0)
    for trouble in (no_token, token_refused, rate_limited, away):
        trouble(office)
        office.take(body)
        office.later(10 * MINUTE)
        office.secrets.value = "xoxb-1"
        office.slack.works()
    office.slack.says("channel_not_found")
    office.keep(note(text=marker, reply_url=HOOK))
    office.later(10 * MINUTE)
    office.take(opened("other", finding={"title": marker}))
    output = logged()
    assert "Waiting" in output
    assert marker not in output
    assert "xoxb" not in output
    assert HOOK not in output
