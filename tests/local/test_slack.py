"""The fake Slack refuses what Slack refuses."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from local.client import slack_behave, slack_messages
from local.process import Instance


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
