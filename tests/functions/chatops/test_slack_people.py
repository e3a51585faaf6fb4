"""Slack and single people: answers that one sees, who somebody is, forms."""

import json

import pytest

from fleet.posting import Answer, UnreachableError
from functions.chatops.slack import Slack, SlackRefusedError, SlackUnavailableError, SlackUser
from tests.functions.chatops.office import HOOK, Office, note

MESSAGE = note(channel="#intake")


@pytest.fixture
def office() -> Office:
    return Office()


def slack(office: Office) -> Slack:
    found: Slack = office.notify.slack
    return found


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
