"""The fake Slack refuses what Slack refuses, and keeps messages as Slack keeps them."""

import itertools
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from local.client import slack_behave, slack_messages
from local.process import Instance, get_json
from local.slack_limits import view_refusal
from local.slack_messages import Board, channel_id
from local.slack_views import Triggers

_channels = (f"a-channel-{number}" for number in itertools.count(1))


@pytest.fixture
def slack(cloud: Instance) -> WebClient:
    slack_behave(cloud)
    return WebClient(token="xoxb-local-1", base_url=f"{cloud.endpoint}/_local/slack/api/")


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_a_message_of_slack_sdk_is_kept_as_it_was_sent(cloud: Instance, slack: WebClient) -> None:
    last = max((message["seq"] for message in slack_messages(cloud)), default=0)
    answer = slack.chat_postMessage(
        channel="C0SRE00000",
        text="a finding",
        blocks=[_section("*a finding*")],
        metadata={"event_type": "finding", "event_payload": {"id": "f-1"}},
    )
    [message] = slack_messages(cloud, since=last)
    assert (message["channel"], message["text"], message["ts"]) == ("C0SRE00000", "a finding", answer["ts"])
    assert message["blocks"] == [_section("*a finding*")]
    assert message["metadata"]["event_payload"] == {"id": "f-1"}


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"text": "x", "blocks": [_section("x" * 3001)]}, "invalid_blocks"),
        ({"text": "x", "blocks": [_section("")]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "sektion"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{**_section("x"), "block_id": "same"}] * 2}, "invalid_blocks"),
        ({"text": "x", "blocks": [_section("x" * 2900)] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "blocks": "not a list"}, "invalid_blocks_format"),
        ({"text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
    ],
)
def test_a_message_beyond_slacks_limits_is_refused(slack: WebClient, message: dict[str, Any], error: str) -> None:
    with pytest.raises(SlackApiError) as caught:
        slack.api_call("chat.postMessage", json={"channel": "C0SRE00000", **message})
    assert caught.value.response["error"] == error


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-stolen", "invalid_auth")])
def test_a_call_without_a_valid_token_is_refused(cloud: Instance, token: str, error: str) -> None:
    slack = WebClient(token=token or None, base_url=f"{cloud.endpoint}/_local/slack/api/")
    with pytest.raises(SlackApiError) as caught:
        slack.auth_test()
    assert caught.value.response["error"] == error


def test_an_unknown_channel_is_not_found(cloud: Instance, slack: WebClient) -> None:
    slack_behave(cloud, missing_channels=["C0GONE0000"])
    for channel in ("C0GONE0000", "", "no such channel!"):
        with pytest.raises(SlackApiError) as caught:
            slack.api_call("chat.postMessage", json={"channel": channel, "text": "x"})
        assert caught.value.response["error"] == "channel_not_found"


def test_a_rate_limit_says_when_to_come_back_and_then_ends(cloud: Instance, slack: WebClient) -> None:
    slack_behave(cloud, next=1, status=429, retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        slack.chat_postMessage(channel="C0SRE00000", text="x")
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "7")
    assert slack.chat_postMessage(channel="C0SRE00000", text="x")["ok"]


def test_a_form_body_is_understood_like_json(slack: WebClient) -> None:
    assert slack.api_call("chat.postMessage", data={"channel": "#sre", "text": "x"})["ok"]
    assert slack.auth_test()["team"] == "Yagura local"


def _refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


def _section_with(**confirm: Any) -> dict[str, Any]:
    plain = {"type": "plain_text", "text": "x"}
    button = {"type": "button", "text": plain, "action_id": "a", "confirm": {"title": plain, "text": plain} | confirm}
    return {"type": "actions", "elements": [button]}


def test_a_name_and_its_id_are_one_channel(cloud: Instance, slack: WebClient) -> None:
    name = next(_channels)
    by_name = slack.chat_postMessage(channel=f"#{name}", text="first")
    by_id = slack.chat_postMessage(channel=by_name["channel"], text="second")
    assert by_name["channel"] == by_id["channel"] == channel_id(name)
    found = [each for each in slack_messages(cloud) if each["channel_name"] == name]
    assert [(each["channel"], each["channel_id"]) for each in found] == [
        (f"#{name}", channel_id(name)),
        (channel_id(name), channel_id(name)),
    ]


def test_an_edit_takes_the_channels_id_and_no_name(slack: WebClient) -> None:
    name = next(_channels)
    posted = slack.chat_postMessage(channel=name, text="before")
    for channel in (name, f"#{name}"):
        assert _refused(slack.chat_update, channel=channel, ts=posted["ts"], text="x") == "channel_not_found"
    assert slack.chat_update(channel=posted["channel"], ts=posted["ts"], text="after")["text"] == "after"


def test_an_edit_is_in_place_and_marked_only_when_the_text_changes(cloud: Instance, slack: WebClient) -> None:
    posted = slack.chat_postMessage(channel=next(_channels), text="before", blocks=[_section("before")])
    where = {"channel": posted["channel"], "ts": posted["ts"]}

    def now() -> dict[str, Any]:
        [found] = [each for each in slack_messages(cloud) if each["ts"] == posted["ts"]]
        return found

    slack.api_call("chat.update", json={**where, "blocks": [_section("after")]})
    assert (now()["blocks"], now()["edited"]) == ([_section("after")], False)
    slack.chat_update(**where, text="no buttons now")
    assert ("blocks" in now(), now()["text"], now()["edited"], now()["edits"]) == (False, "no buttons now", True, 2)


def test_what_is_not_there_or_ephemeral_cannot_be_edited(cloud: Instance, slack: WebClient) -> None:
    posted = slack.chat_postMessage(channel=next(_channels), text="x")
    elsewhere = slack.chat_postMessage(channel=next(_channels), text="x")["channel"]
    whispered = slack.chat_postEphemeral(channel=posted["channel"], user="U0BEN000000", text="psst")["message_ts"]
    for channel, ts in ((posted["channel"], "1.000001"), (elsewhere, posted["ts"]), (posted["channel"], whispered)):
        assert _refused(slack.chat_update, channel=channel, ts=ts, text="y") == "message_not_found"
    assert [each["text"] for each in slack_messages(cloud) if each["ts"] == posted["ts"]] == ["x"]


def test_an_ephemeral_message_needs_a_person(slack: WebClient) -> None:
    channel = next(_channels)
    assert _refused(slack.chat_postEphemeral, channel=channel, user="U0NOBODY000", text="x") == "user_not_in_channel"


def test_people_are_what_they_are(slack: WebClient) -> None:
    def told(user: str, *names: str) -> list[Any]:
        return [slack.users_info(user=user)["user"].get(name) for name in names]

    marks = ("team_id", "is_restricted", "is_bot", "deleted", "is_stranger")
    assert told("U0AIKO00000", *marks) == ["T0LOCAL0000", False, False, False, None]
    assert told("U0GUEST0000", *marks) == ["T0LOCAL0000", True, False, False, None]
    assert told("U0BOT000000", *marks) == ["T0LOCAL0000", False, True, False, None]
    assert told("U0OTHER0000", *marks) == ["T0OTHER0000", False, False, False, True]
    # Of a deactivated account Slack tells no role: who reads `is_restricted` with a default sees no guest.
    assert told("U0GONE00000", *marks) == ["T0LOCAL0000", None, False, True, None]
    assert told("U0CHIE00000", "name", "profile")[1]["email"] == "chie@example.com"
    assert _refused(slack.users_info, user="U0NOBODY000") == "user_not_found"


def test_a_strict_channel_takes_one_message_a_second_and_others_are_not_held_up(
    cloud: Instance, slack: WebClient
) -> None:
    slack_behave(cloud, strict_rate=True)
    one, other = next(_channels), next(_channels)
    slack.chat_postMessage(channel=one, text="x")
    with pytest.raises(SlackApiError) as caught:
        slack.chat_postMessage(channel=channel_id(one), text="x")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "1"
    assert slack.chat_postMessage(channel=other, text="x")["ok"]


def test_every_fifth_call_fails_until_the_next_wish(cloud: Instance, slack: WebClient) -> None:
    slack_behave(cloud, every=5, error="internal_error")
    answers = []
    for _ in range(10):
        try:
            answers.append(bool(slack.auth_test()["ok"]))
        except SlackApiError as error:
            answers.append(bool(error.response["ok"]))
    assert answers == [True, True, True, True, False] * 2
    slack_behave(cloud)
    assert all(slack.auth_test()["ok"] for _ in range(5))


def test_a_trigger_id_opens_one_view_within_three_seconds() -> None:
    triggers = Triggers()
    early, late = triggers.make("U0AIKO00000", 100.0), triggers.make("U0AIKO00000", 100.0)
    assert triggers.exchange(early, 102.9) == ("U0AIKO00000", "")
    assert triggers.exchange(early, 102.9) == ("", "exchanged_trigger_id")
    assert triggers.exchange(late, 103.1) == ("", "expired_trigger_id")
    assert triggers.exchange("1.2.made-up", 100.0) == ("", "invalid_trigger_id")


_PLAIN = {"type": "plain_text", "text": "x"}
_INPUT = {"type": "input", "label": _PLAIN, "element": {"type": "plain_text_input", "action_id": "why"}}
_MODAL = {"type": "modal", "title": _PLAIN, "submit": _PLAIN, "blocks": [_INPUT]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "home"},
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"title": {"type": "mrkdwn", "text": "x"}},
        {"submit": None},
        {"private_metadata": "x" * 3001},
        {"callback_id": "x" * 256},
        {"blocks": "none"},
        {"blocks": [{"type": "divider"}] * 101},
        {"blocks": [{**_INPUT, "label": None}]},
    ],
)
def test_a_view_beyond_slacks_limits_is_refused_with_the_place(wrong: dict[str, Any]) -> None:
    assert view_refusal(_MODAL) == []
    assert "json-pointer:/" in view_refusal({**_MODAL, **wrong})[0]


def test_a_view_without_a_fresh_trigger_is_not_opened(slack: WebClient) -> None:
    assert _refused(slack.views_open, trigger_id="1.2.x", view=_MODAL) == "invalid_trigger_id"
    assert _refused(slack.views_open, trigger_id="1.2.x", view={**_MODAL, "submit": None}) == "invalid_arguments"


@pytest.mark.parametrize(
    "block",
    [
        _section_with(text={"type": "mrkdwn", "text": "x" * 301}, confirm=_PLAIN, deny=_PLAIN),
        _section_with(confirm=_PLAIN),
        {"type": "actions", "elements": [{"type": "button", "text": _PLAIN, "style": "loud"}]},
    ],
)
def test_a_button_beyond_slacks_limits_is_refused(slack: WebClient, block: dict[str, Any]) -> None:
    assert _refused(slack.chat_postMessage, channel="sre", text="x", blocks=[block]) == "invalid_blocks"


def test_a_late_click_finds_the_button_that_an_edit_removed() -> None:
    def row(value: str) -> list[dict[str, Any]]:
        return [{"type": "actions", "elements": [{"type": "button", "action_id": "approve", "value": value}]}]

    board = Board()
    message = board.post({"channel": "sre", "text": "x", "blocks": row("r-1")})
    board.update(message, {"blocks": row("r-2")})
    board.update(message, {"text": "granted"})
    assert [board.button(message, "approve", value) is not None for value in ("r-1", "r-2", "r-3")] == [
        True,
        True,
        False,
    ]
    newest = board.button(message, "approve", None)
    assert newest is not None
    assert newest["value"] == "r-2"


def test_a_message_to_a_person_is_seen_by_that_person_only(slack: WebClient, cloud: Instance) -> None:
    posted = slack.chat_postMessage(channel="U0CHIE00000", text="for chie")
    assert posted["channel"] == channel_id("U0CHIE00000") != channel_id("chie")
    slack.chat_update(channel=posted["channel"], ts=posted["ts"], text="still for chie")

    def seen(user: str) -> list[str]:
        found = get_json(cloud, f"/_local/slack/messages?user={user}")["messages"]
        return [each["text"] for each in found if each["ts"] == posted["ts"]]

    assert (seen("U0CHIE00000"), seen("U0AIKO00000")) == (["still for chie"], [])
    board = get_json(cloud, "/_local/slack/state?user=U0AIKO00000")["channels"]
    assert posted["channel"] not in [each["id"] for each in board]
