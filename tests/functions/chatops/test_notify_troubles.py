"""Slack that takes nothing now, or never: what waits, what is refused, what is sent back."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.chatops import outbox
from functions.chatops.messages import key
from tests.functions.chatops.office import Office, away, no_token, note, opened, rate_limited, token_refused
from tests.layers.fleet.fakes import client_error

type Break = Callable[[Office], None]

NO_TOKEN = "no token: run `fleetctl secrets set slack`"

MINUTE = 60_000


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (no_token, NO_TOKEN),
        (token_refused, "token refused (invalid_auth): run `fleetctl secrets set slack`"),
        (rate_limited, "Slack is not taking messages (ratelimited)"),
        (away, "Slack cannot be reached (ConnectionResetError)"),
    ],
)
def test_what_slack_cannot_take_now_waits_with_a_clear_status_and_is_told_later(
    office: Office, trouble: Break, status: str
) -> None:
    trouble(office)
    assert office.take(opened()) == []
    assert (office.telling().state, office.status, office.dead.messages) == ("waiting", status, [])
    office.later(10 * MINUTE)
    assert office.slack.texts == []
    office.secrets.value = "xoxb-2"
    office.slack.works()
    office.later(6 * MINUTE)
    assert len(office.slack.texts) == 1
    assert (office.telling().state, office.status) == ("sent", "ok")
    office.later(10 * MINUTE)
    assert len(office.slack.texts) == 1


def test_a_channel_waits_as_long_as_slack_says_and_no_other_does(office: Office) -> None:
    office.slack.says("ratelimited", 429, Retry_After="40")
    office.take(opened())
    office.slack.works()
    began = office.now
    office.take(opened("b", service="x"), opened("c"))
    assert [said["channel"] for said in office.slack.posts[1:]] == ["#front"]
    office.drain(began + 39_999)
    assert len(office.slack.texts) == 1
    office.drain(began + 40_000)
    assert len(office.slack.texts) == 2


def test_tries_come_ever_more_seldom_while_slack_is_away(office: Office) -> None:
    away(office)
    office.take(opened())
    office.later(60 * MINUTE)
    assert 15 < len(office.slack.calls) < 25


def test_a_message_that_slack_chokes_on_steps_aside_after_some_tries(office: Office) -> None:
    def chokes(_method: str, said: dict[str, Any]) -> tuple[str, int, bool] | None:
        return ("internal_error", 200, False) if said["text"] == "bad v1" else None

    office.slack.trouble = chokes
    office.keep(note("bad"))
    office.now += 1
    office.keep(note("good"))
    office.drain(office.now + 10 * MINUTE)
    assert office.slack.texts == ["good v1"]
    assert office.telling("bad").state == "waiting"


def test_after_a_day_of_tries_a_message_is_a_dead_letter_that_can_be_redriven(office: Office) -> None:
    away(office)
    office.take(opened())
    office.later(outbox.GIVE_UP_MS + 10 * MINUTE, every=60 * MINUTE)
    assert office.telling().state == "refused"
    assert office.dead.reasons == ["slack"]
    office.slack.works()
    office.later(10 * MINUTE)
    assert office.slack.texts == []
    office.take(office.dead.messages[0]["MessageBody"])
    assert len(office.slack.texts) == 1


@pytest.mark.parametrize("trouble", [no_token, token_refused])
def test_without_a_token_a_message_waits_however_long_and_is_told_then(office: Office, trouble: Break) -> None:
    trouble(office)
    office.take(opened())
    office.later(3 * outbox.GIVE_UP_MS, every=60 * MINUTE)
    assert (office.telling().state, office.dead.messages) == ("waiting", [])
    office.secrets.value = "xoxb-2"
    office.slack.works()
    office.later(10 * MINUTE)
    assert len(office.slack.texts) == 1


def test_the_day_of_tries_begins_when_there_is_a_token(office: Office) -> None:
    no_token(office)
    office.take(opened())
    office.later(3 * outbox.GIVE_UP_MS, every=60 * MINUTE)
    office.secrets.value = "xoxb-2"
    away(office)
    office.later(outbox.GIVE_UP_MS - 60 * MINUTE, every=60 * MINUTE)
    assert office.telling().state == "waiting"
    office.later(2 * 60 * MINUTE, every=60 * MINUTE)
    assert office.telling().state == "refused"


def test_a_permanent_refusal_is_a_dead_letter_with_slacks_word_and_where_it_goes_back_to(office: Office) -> None:
    office.slack.says("channel_not_found")
    assert office.take(opened()) == []
    (letter,) = office.dead.messages
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (attributes["yagura-reason"], attributes["yagura-text"]) == ("slack_channel_not_found", "channel_not_found")
    assert attributes["yagura-queue"] == "arn:aws:sqs:eu-west-1:111122223333:yagura-chatops"
    assert json.loads(letter["MessageBody"]) == {"pump": "#intake", "message": "message#problem#p1@#intake"}
    assert (office.telling().state, office.telling().why) == ("refused", "channel_not_found")


def test_a_dead_letter_that_is_sent_back_after_the_repair_is_told_once(office: Office) -> None:
    office.slack.says("not_in_channel")
    office.take(opened())
    office.slack.works()
    body = office.dead.messages[0]["MessageBody"]
    office.now += MINUTE
    office.take(body, body)
    office.take(body)
    office.later(5 * MINUTE)
    assert len(office.slack.texts) == 1


def test_an_event_that_is_redriven_after_its_message_was_refused_does_not_revive_it(office: Office) -> None:
    office.slack.says("not_in_channel")
    office.take(opened())
    office.slack.works()
    office.later(5 * MINUTE)
    office.take(opened())
    office.later(5 * MINUTE)
    assert office.slack.texts == []


def test_a_newer_version_of_a_refused_message_is_tried(office: Office) -> None:
    office.slack.says("not_in_channel")
    office.keep(note(version=1))
    office.drain()
    office.slack.works()
    office.keep(note(version=2))
    office.drain()
    assert office.slack.texts == ["m v2"]


def test_a_refused_message_keeps_those_behind_it_from_nothing(office: Office) -> None:
    office.slack.trouble = lambda _method, said: ("invalid_blocks", 200, False) if said["text"] == "a v1" else None
    office.keep(note("a"), note("b"))
    office.drain()
    assert office.slack.texts == ["b v1"]
    assert office.dead.reasons == ["slack_invalid_blocks"]


def test_a_refusal_whose_dead_letter_could_not_be_sent_is_told_the_next_time(office: Office) -> None:
    office.slack.says("channel_not_found")
    office.dead.error = client_error("InternalError", "SendMessage")
    assert office.take(opened()) == ["m0"]
    office.dead.error = None
    office.later(5 * MINUTE)
    assert office.dead.reasons == ["slack_channel_not_found"]
    assert office.telling().state == "refused"


def test_a_message_that_cannot_be_read_is_a_dead_letter_and_the_others_are_told(office: Office) -> None:
    office.secrets.value = None
    office.take(opened("a"), opened("b"))
    office.dynamodb.items[key("problem#a", "#intake")]["telling"] = {"S": "spoilt"}
    office.secrets.value = "xoxb-1"
    office.later(6 * MINUTE)
    assert len(office.slack.texts) == 1
    assert office.dead.reasons == ["unreadable"]
