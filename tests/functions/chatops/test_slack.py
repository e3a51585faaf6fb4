"""Slack through slack-sdk: what is posted, and what its answers mean."""

import http.client
import json
import urllib.error
from typing import Any

import pytest

from functions.chatops.message import Message
from functions.chatops.slack import SlackRefusedError, SlackUnavailableError
from tests.functions.chatops.desk import Desk

MESSAGE = Message(id="m", channel="C0INTAKE", text="t", blocks=[{"type": "divider"}])


@pytest.fixture
def desk() -> Desk:
    return Desk()


def post(desk: Desk) -> str:
    answer: str = desk.run(lambda: desk.notify.slack.post(MESSAGE))
    return answer


def test_a_message_is_posted_with_the_token_of_the_secret(desk: Desk) -> None:
    assert post(desk) == "1.1"
    assert desk.slack.tokens == ["Bearer xoxb-1"]
    (sent,) = desk.slack.posts
    assert (sent["channel"], sent["text"], sent["blocks"]) == ("C0INTAKE", "t", [{"type": "divider"}])
    assert sent["unfurl_links"] is False
    assert sent["metadata"] == {"event_type": "yagura", "event_payload": {"id": "m"}}


def test_without_a_token_slack_is_not_asked_and_the_status_says_what_to_do(desk: Desk) -> None:
    desk.secrets.value = None
    with pytest.raises(SlackUnavailableError, match="fleetctl secrets set slack"):
        post(desk)
    assert desk.slack.calls == 0


@pytest.mark.parametrize("code", ["not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"])
def test_a_refused_token_is_read_again_next_time(desk: Desk, code: str) -> None:
    desk.slack.says(code)
    with pytest.raises(SlackUnavailableError, match=code):
        post(desk)
    desk.secrets.value = "xoxb-2"
    desk.slack.works()
    post(desk)
    assert desk.slack.tokens[-1] == "Bearer xoxb-2"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ratelimited", 429),
        ("ratelimited", 200),
        ("internal_error", 200),
        ("fatal_error", 500),
        ("service_unavailable", 503),
        ("anything", 502),
    ],
)
def test_what_passes_is_unavailable(desk: Desk, code: str, status: int) -> None:
    desk.slack.says(code, status)
    with pytest.raises(SlackUnavailableError):
        post(desk)


@pytest.mark.parametrize(
    "error",
    [
        urllib.error.URLError("refused"),
        ConnectionResetError(),
        TimeoutError(),
        http.client.RemoteDisconnected("closed"),
        pytest.param(http.client.IncompleteRead(b"")),
        pytest.param(http.client.BadStatusLine("")),
    ],
    ids=repr,
)
def test_a_slack_that_cannot_be_reached_is_unavailable(desk: Desk, error: Exception) -> None:
    desk.slack.error = error
    with pytest.raises(SlackUnavailableError, match="cannot be reached"):
        post(desk)


@pytest.mark.parametrize("status", [502, 429])
def test_an_answer_that_is_not_slacks_own_is_unavailable_when_its_status_says_so(desk: Desk, status: int) -> None:
    desk.slack.status, desk.slack.body = status, "<html>Bad Gateway</html>"
    with pytest.raises(SlackUnavailableError):
        post(desk)


@pytest.mark.parametrize("status", [200, 403])
def test_an_answer_that_is_not_slacks_own_is_never_a_refusal(desk: Desk, status: int) -> None:
    desk.slack.status, desk.slack.body = status, "<html>Sign in to the network</html>"
    with pytest.raises(SlackUnavailableError):
        post(desk)


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "is_archived", "invalid_blocks", "no_text"])
def test_what_slack_will_never_take_is_refused_with_its_word(desk: Desk, code: str) -> None:
    desk.slack.says(code)
    with pytest.raises(SlackRefusedError) as refusal:
        post(desk)
    assert refusal.value.code == code


def test_the_token_is_not_in_what_is_raised(desk: Desk) -> None:
    for code in ("invalid_auth", "channel_not_found"):
        desk.slack.says(code)
        with pytest.raises((SlackUnavailableError, SlackRefusedError)) as error:
            post(desk)
        assert "xoxb" not in str(error.value)


def test_the_request_is_json(desk: Desk) -> None:
    post(desk)
    sent: Any = desk.slack.posts[0]
    assert json.loads(json.dumps(sent)) == sent
