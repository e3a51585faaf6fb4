"""Slack through slack-sdk: what is posted, and what its answers mean."""

import http.client
import json
import urllib.error
from typing import Any

import pytest

from functions.chatops.posting import Answer, UnreachableError
from functions.chatops.slack import Posted, Slack, SlackRefusedError, SlackUnavailableError, SlackUser
from tests.functions.chatops.office import HOOK, Office, note

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


def respond(office: Office, url: str = HOOK) -> None:
    office.run(lambda: slack(office).respond(url, MESSAGE))


def test_an_answer_to_one_person_is_ephemeral_and_replaces_nothing(office: Office) -> None:
    respond(office)
    (said,) = office.web.replies
    assert said == {
        "response_type": "ephemeral",
        "replace_original": False,
        "text": "m v1",
        "blocks": [{"type": "divider"}],
    }
    assert office.slack.tokens == []


@pytest.mark.parametrize(
    "url", ["http://evil.test/hooks/1", "http://hooks.test.evil.test/", "http://hooks.test@evil.test/", "", "file:///x"]
)
def test_an_address_that_is_not_slacks_is_never_asked(office: Office, url: str) -> None:
    with pytest.raises(SlackRefusedError, match="foreign_response_url"):
        respond(office, url)
    assert office.web.replies == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(404, '{"ok":false,"error":"used_url"}', 0), "used_url"),
        (Answer(404, "expired_url", 0), "expired_url"),
        (Answer(404, "no_service", 0), "http_404"),
        (Answer(400, "invalid_payload", 0), "http_400"),
    ],
)
def test_what_a_response_url_will_never_take_is_refused(office: Office, answer: Answer, code: str) -> None:
    office.web.answer = answer
    with pytest.raises(SlackRefusedError) as refusal:
        respond(office)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("answer", "pause", "unclear"), [(Answer(429, "", 7_000), 7_000, False), (Answer(503, "", 0), 0, True)]
)
def test_a_response_url_that_takes_nothing_now_is_unavailable(
    office: Office, answer: Answer, pause: int, unclear: bool
) -> None:
    office.web.answer = answer
    with pytest.raises(SlackUnavailableError) as error:
        respond(office)
    assert (error.value.retry_after_ms, error.value.unclear, error.value.for_all) == (pause, unclear, False)


def test_a_response_url_that_cannot_be_reached_is_unavailable(office: Office) -> None:
    office.web.error = UnreachableError("TimeoutError", unclear=True)
    with pytest.raises(SlackUnavailableError, match="TimeoutError"):
        respond(office)


USER = {
    "id": "U1",
    "team_id": "T1",
    "deleted": False,
    "is_bot": False,
    "is_restricted": False,
    "is_ultra_restricted": False,
    "profile": {"email": "aiko@example.com"},
}


def user(office: Office, answer: object) -> SlackUser:
    office.slack.body = json.dumps(answer)
    return office.run(lambda: slack(office).user("U1"))


def test_a_user_is_what_slack_says(office: Office) -> None:
    assert user(office, {"ok": True, "user": USER}) == SlackUser("U1", "T1", False, False, False, "aiko@example.com")
    assert office.slack.calls[0][:2] == ("users.info", {"user": "U1"})


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("deleted", (True, False, False)),
        ("is_bot", (False, True, False)),
        ("is_workflow_bot", (False, True, False)),
        ("is_restricted", (False, False, True)),
        ("is_ultra_restricted", (False, False, True)),
        ("is_stranger", (False, False, True)),
    ],
)
def test_who_is_gone_no_person_or_a_guest_is_known_to_be(
    office: Office, field: str, found: tuple[bool, bool, bool]
) -> None:
    one = user(office, {"ok": True, "user": USER | {field: True}})
    assert (one.deleted, one.bot, one.restricted) == found


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": True},
        {"ok": True, "user": None},
        {"ok": True, "user": {"id": "U1", "team_id": "T1"}},
        {"ok": True, "user": USER | {"deleted": "no"}},
        {"ok": True, "user": USER | {"is_bot": None}},
    ],
)
def test_a_user_of_whom_slack_does_not_say_enough_is_no_user(office: Office, answer: object) -> None:
    with pytest.raises(SlackUnavailableError):
        user(office, answer)


def test_a_user_whom_slack_does_not_know_is_refused(office: Office) -> None:
    with pytest.raises(SlackRefusedError, match="user_not_found"):
        user(office, {"ok": False, "error": "user_not_found"})


def test_a_form_is_shown_to_whoever_did_something(office: Office) -> None:
    office.slack.body = json.dumps({"ok": True, "view": {"id": "V1"}})
    office.run(lambda: slack(office).open_view("t.1", {"type": "modal"}))
    method, said, _ = office.slack.calls[0]
    assert (method, said["trigger_id"], said["view"]) == ("views.open", "t.1", {"type": "modal"})


def test_a_form_that_comes_too_late_is_refused(office: Office) -> None:
    office.slack.says("expired_trigger_id")
    with pytest.raises(SlackRefusedError, match="expired_trigger_id"):
        office.run(lambda: slack(office).open_view("t.1", {"type": "modal"}))
