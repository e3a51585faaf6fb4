"""Slack through slack-sdk: what is posted, and what its answers mean."""

import http.client
import json
import urllib.error
from typing import Any

import pytest

from functions.chatops.slack import Posted, Slack, SlackRefusedError, SlackUnavailableError
from tests.functions.chatops.office import Office, note

MESSAGE = note(channel="#intake")


@pytest.fixture
def office() -> Office:
    return Office()


def slack(office: Office) -> Slack:
    found: Slack = office.notify.slack
    return found


def post(office: Office) -> Posted:
    return office.run(lambda: slack(office).post(MESSAGE))


def test_a_message_is_posted_with_the_token_of_the_secret(office: Office) -> None:
    assert post(office) == Posted("C00000000", "1.1")
    assert office.slack.tokens == ["Bearer xoxb-1"]
    (sent,) = office.slack.posts
    assert (sent["channel"], sent["text"], sent["blocks"]) == ("#intake", "m v1", [{"type": "divider"}])
    assert sent["unfurl_links"] is False
    assert sent["metadata"] == {"event_type": "yagura", "event_payload": {"id": "62c66a7a5dd70c31"}}
    assert "thread_ts" not in sent


def test_without_a_token_slack_is_not_asked_and_the_status_says_what_to_do(office: Office) -> None:
    office.secrets.value = None
    with pytest.raises(SlackUnavailableError, match="fleetctl secrets set slack"):
        post(office)
    assert office.slack.calls == []


@pytest.mark.parametrize("code", ["not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"])
def test_a_refused_token_is_read_again_next_time(office: Office, code: str) -> None:
    office.slack.says(code)
    with pytest.raises(SlackUnavailableError, match=code):
        post(office)
    office.secrets.value = "xoxb-2"
    office.slack.works()
    post(office)
    assert office.slack.tokens[-1] == "Bearer xoxb-2"


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
def test_what_passes_is_unavailable(office: Office, code: str, status: int) -> None:
    office.slack.says(code, status)
    with pytest.raises(SlackUnavailableError):
        post(office)


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
def test_a_slack_that_cannot_be_reached_is_unavailable(office: Office, error: Exception) -> None:
    office.slack.error = error
    with pytest.raises(SlackUnavailableError, match="cannot be reached"):
        post(office)


@pytest.mark.parametrize("status", [502, 429])
def test_an_answer_that_is_not_slacks_own_is_unavailable_when_its_status_says_so(office: Office, status: int) -> None:
    office.slack.status, office.slack.body = status, "<html>Bad Gateway</html>"
    with pytest.raises(SlackUnavailableError):
        post(office)


@pytest.mark.parametrize("status", [200, 403])
def test_an_answer_that_is_not_slacks_own_is_never_a_refusal(office: Office, status: int) -> None:
    office.slack.status, office.slack.body = status, "<html>Sign in to the network</html>"
    with pytest.raises(SlackUnavailableError):
        post(office)


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "is_archived", "invalid_blocks", "no_text"])
def test_what_slack_will_never_take_is_refused_with_its_word(office: Office, code: str) -> None:
    office.slack.says(code)
    with pytest.raises(SlackRefusedError) as refusal:
        post(office)
    assert refusal.value.code == code


def test_the_token_is_not_in_what_is_raised(office: Office) -> None:
    for code in ("invalid_auth", "channel_not_found"):
        office.slack.says(code)
        with pytest.raises((SlackUnavailableError, SlackRefusedError)) as error:
            post(office)
        assert "xoxb" not in str(error.value)


def test_the_request_is_json(office: Office) -> None:
    post(office)
    sent: Any = office.slack.posts[0]
    assert json.loads(json.dumps(sent)) == sent


def test_a_reply_stands_under_its_parent(office: Office) -> None:
    office.run(lambda: slack(office).post(MESSAGE, "1.7"))
    assert office.slack.posts[0]["thread_ts"] == "1.7"


def test_an_edit_names_the_channel_by_its_id_and_takes_buttons_away_with_all_blocks(office: Office) -> None:
    place, ts = post(office)
    office.run(lambda: slack(office).update(place, ts, note(text="done", blocks=[])))
    method, said, _ = office.slack.calls[-1]
    assert method == "chat.update"
    assert said == {"channel": "C00000000", "ts": "1.1", "text": "done"}


def test_an_answer_of_ok_false_with_status_200_is_a_failure_of_an_edit_too(office: Office) -> None:
    with pytest.raises(SlackRefusedError, match="message_not_found"):
        office.run(lambda: slack(office).update("C1", "9.9", MESSAGE))


def test_an_answer_without_a_ts_is_not_taken_for_a_message_that_stands(office: Office) -> None:
    office.slack.body = json.dumps({"ok": True, "channel": "C1"})
    with pytest.raises(SlackUnavailableError) as error:
        post(office)
    assert error.value.unclear


def unavailable(office: Office) -> SlackUnavailableError:
    with pytest.raises(SlackUnavailableError) as error:
        post(office)
    return error.value


def test_slack_is_asked_once_whoever_calls_decides_on_another_try(office: Office) -> None:
    office.slack.error = ConnectionResetError()
    unavailable(office)
    assert len(office.slack.calls) == 1


@pytest.mark.parametrize(("header", "pause"), [("30", 30_000), ("0", 0), ("soon", 0), ("-1", 0), ("999999", 3_600_000)])
def test_how_long_to_wait_is_read_from_what_slack_says(office: Office, header: str, pause: int) -> None:
    office.slack.says("ratelimited", 429, Retry_After=header)
    assert unavailable(office).retry_after_ms == pause


@pytest.mark.parametrize(
    ("error", "unclear"),
    [
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (http.client.RemoteDisconnected("closed"), True),
        (urllib.error.URLError(ConnectionRefusedError()), False),
        (ConnectionRefusedError(), False),
    ],
    ids=repr,
)
def test_whether_slack_may_have_a_message_is_known(office: Office, error: Exception, unclear: bool) -> None:
    office.slack.error = error
    assert unavailable(office).unclear is unclear


@pytest.mark.parametrize(("word", "status", "unclear"), [("ratelimited", 429, False), ("internal_error", 200, True)])
def test_a_limit_takes_nothing_and_an_internal_error_may_have(
    office: Office, word: str, status: int, unclear: bool
) -> None:
    office.slack.says(word, status)
    assert unavailable(office).unclear is unclear
