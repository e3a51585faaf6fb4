"""What the fake Slack sends to an app is what Slack sends, and it takes answers as Slack takes them."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from local.client import HUB, slack_behave
from local.errors import LocalCloudError
from local.process import Instance
from local.slack_hooks import Hooks
from local.slack_messages import Board, channel_id
from local.slack_out import RequestUrl, signed
from tests.local.conftest import Aws
from tests.local.slack_desk import AIKO, BEN, CHIE, Desk, listening


@pytest.fixture
def desk(cloud: Instance) -> Iterator[Desk]:
    with listening(cloud) as app:
        yield Desk(cloud, app)


def test_a_command_is_a_signed_form_with_every_field(desk: Desk) -> None:
    answer = desk.ask("command", user=AIKO, channel="#sre", text="/yagura queues list  --all & more")
    assert (answer["status"], answer["error"]) == (200, "")
    assert desk.app.valid() == [True]
    form = desk.app.form
    assert form["text"] == "queues list  --all & more"
    assert (form["command"], form["team_id"], form["user_id"], form["user_name"]) == (
        "/yagura",
        "T0LOCAL0000",
        AIKO,
        "aiko",
    )
    assert (form["channel_id"], form["channel_name"]) == (channel_id("sre"), "sre")
    assert form["is_enterprise_install"] == "false"
    assert form["response_url"].startswith(f"{desk.instance.endpoint}/_local/slack/hooks/")
    assert re.fullmatch(r"\d+\.\d+\.[0-9a-f]+", form["trigger_id"])
    assert {"token", "team_domain", "api_app_id"} <= form.keys()


def test_a_click_is_a_signed_payload_with_the_button_and_its_message(desk: Desk) -> None:
    asked = desk.ask_for_approval("r-1")
    desk.ask("click", user=BEN, **asked, action_id="deny", value="r-1")
    assert desk.app.valid() == [True]
    sent = desk.app.payload
    assert (sent["type"], sent["user"]["id"], sent["user"]["team_id"], sent["team"]["id"]) == (
        "block_actions",
        BEN,
        "T0LOCAL0000",
        "T0LOCAL0000",
    )
    assert sent["container"] == {
        "type": "message",
        "message_ts": asked["ts"],
        "channel_id": asked["channel"],
        "is_ephemeral": False,
    }
    assert (sent["message"]["ts"], sent["channel"]["name"]) == (asked["ts"], "sre")
    [action] = sent["actions"]
    assert (action["action_id"], action["value"], action["block_id"], action["type"]) == (
        "deny",
        "r-1",
        "row-r-1",
        "button",
    )


def test_a_click_on_an_ephemeral_message_carries_no_message(desk: Desk) -> None:
    block = {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}],
    }
    ts = desk.slack.chat_postEphemeral(channel="#sre", user=AIKO, text="psst", blocks=[block])["message_ts"]
    desk.ask("click", user=AIKO, ts=ts, action_id="go")
    sent = desk.app.payload
    assert ("message" in sent, sent["container"]["is_ephemeral"], sent["container"]["message_ts"]) == (False, True, ts)
    with pytest.raises(LocalCloudError, match="sees no button"):
        desk.ask("click", user=BEN, ts=ts, action_id="go")


def test_a_stranger_presses_with_a_team_of_his_own(desk: Desk) -> None:
    asked = desk.ask_for_approval("r-2")
    desk.ask("click", user="U0OTHER0000", **asked, action_id="approve")
    assert (desk.app.payload["user"]["team_id"], desk.app.payload["team"]["id"]) == ("T0OTHER0000", "T0LOCAL0000")
    desk.ask("command", user="U0OTHER0000", channel="#sre", text="help")
    assert desk.app.form["team_id"] == "T0OTHER0000"


def test_the_app_that_answers_late_or_badly_has_failed_before_the_persons_eyes(desk: Desk) -> None:
    since = desk.last()
    desk.app.status = 500
    assert desk.ask("command", user=AIKO, channel="#sre", text="status")["error"] == "operation_timeout"
    desk.app.status, desk.app.seconds = 200, 3.3
    answer = desk.ask("command", user=AIKO, channel="#sre", text="status")
    assert (answer["error"], answer["status"], answer["milliseconds"] >= 3000) == ("operation_timeout", 0, True)
    assert [(each["by"], each["text"]) for each in desk.sees(AIKO, since)] == [
        ("slackbot", '/yagura failed with the error "operation_timeout"')
    ] * 2
    assert desk.sees(BEN, since) == []


def test_the_body_of_the_answer_is_shown_to_the_person_or_to_all(desk: Desk) -> None:
    since = desk.last()
    for answer in (b"only you", b"", b"{}", b'{"text": "you too"}', b'{"response_type": "in_channel", "text": "all"}'):
        desk.app.answer = answer
        desk.ask("command", user=AIKO, channel="#sre", text="status")
    assert [each["text"] for each in desk.sees(AIKO, since)] == ["only you", "you too", "all"]
    assert [each["text"] for each in desk.sees(BEN, since)] == ["all"]


def test_the_next_interaction_comes_twice_and_the_one_after_it_once(desk: Desk) -> None:
    slack_behave(desk.instance, deliver="twice")
    asked = desk.ask_for_approval("r-4")
    desk.ask("click", user=BEN, **asked, action_id="approve")
    one, two = desk.app.requests
    assert one == two
    desk.ask("click", user=BEN, **asked, action_id="approve")
    assert len(desk.app.requests) == 3
    assert desk.app.valid() == [True] * 3


@pytest.mark.parametrize("deliver", ["old_timestamp", "bad_signature"])
def test_an_interaction_that_an_app_must_refuse_is_sent_on_demand(desk: Desk, deliver: str) -> None:
    slack_behave(desk.instance, deliver=deliver)
    desk.ask("command", user=AIKO, channel="#sre", text="help")
    desk.ask("command", user=AIKO, channel="#sre", text="help")
    assert desk.app.valid() == [False, True]
    old = time.time() - int(desk.app.requests[0][0]["x-slack-request-timestamp"])
    assert (old > 300) == (deliver == "old_timestamp")


def test_a_late_click_comes_late_and_signed_anew(desk: Desk) -> None:
    slack_behave(desk.instance, deliver="late", seconds=0.5)
    started = time.monotonic()
    answer = desk.ask("command", user=AIKO, channel="#sre", text="help")
    assert time.monotonic() - started >= 0.5
    assert (answer["error"], answer["milliseconds"] < 500, desk.app.valid()) == ("", True, [True])
    assert desk.ask("deliveries")["deliveries"][-1]["deliver"] == "late"


def test_a_response_url_answers_the_one_person_five_times(desk: Desk) -> None:
    desk.ask("command", user=AIKO, channel="#sre", text="help")
    since, hook = desk.last(), WebhookClient(desk.app.form["response_url"])
    assert hook.send(text="x", blocks=[{"type": "sektion"}]).status_code == 400
    for number in range(5):
        assert hook.send(text=f"answer {number}").status_code == 200
    used = hook.send(text="one too many")
    assert (used.status_code, json.loads(used.body)) == (404, {"ok": False, "error": "used_url"})
    assert [each["text"] for each in desk.sees(AIKO, since)] == [f"answer {number}" for number in range(5)]
    assert desk.sees(BEN, since) == []
    assert {each["channel_id"] for each in desk.sees(AIKO, since)} == {channel_id("sre")}


def test_a_response_url_replaces_or_deletes_the_message_of_the_button(desk: Desk) -> None:
    asked = desk.ask_for_approval("r-5")
    since = desk.last()
    desk.ask("click", user=BEN, **asked, action_id="approve")
    hook = WebhookClient(desk.app.payload["response_url"])
    hook.send(text="granted by ben", replace_original=True)
    [message] = [each for each in desk.sees(CHIE) if each["ts"] == asked["ts"]]
    assert (message["text"], "blocks" in message, desk.sees(CHIE, since)) == ("granted by ben", False, [])
    hook.send(delete_original=True)
    assert [each for each in desk.sees(CHIE) if each["ts"] == asked["ts"]] == []
    with pytest.raises(SlackApiError, match="message_not_found"):
        desk.slack.chat_update(**asked, text="x")


def test_a_response_url_is_dead_after_thirty_minutes() -> None:
    board = Board()
    hooks = Hooks(board)
    key = hooks.make(AIKO, channel_id("sre"), 1000.0)
    assert hooks.respond(key, {"text": "x"}, 1000.0 + 1800) == (200, "")
    assert hooks.respond(key, {"text": "x"}, 1000.1 + 1800) == (404, "expired_url")
    assert hooks.respond("made-up", {"text": "x"}, 1000.0) == (404, "no_service")
    assert len(board.since(0)) == 1


def test_the_signature_is_that_of_slacks_own_example() -> None:
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = signed(body.encode(), 1531420618, "8f742231b10e8888abcd99yyyzzz85a5")
    assert headers["X-Slack-Signature"] == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


@pytest.mark.parametrize("url", ["https://example.com/slack", "http://192.0.2.1:80/", "file:///etc/passwd", "slack"])
def test_signed_requests_go_to_this_machine_only(url: str) -> None:
    with pytest.raises(ValueError, match="this machine"):
        RequestUrl().set(url)


def test_the_deployed_api_of_the_hub_is_found_by_its_name(desk: Desk, aws: Aws) -> None:
    desk.ask("app", request_url="")
    with pytest.raises(LocalCloudError, match="nobody takes commands"):
        desk.ask("command", user=AIKO, channel="#sre", text="help")
    gateway = aws("apigatewayv2", HUB)
    api = gateway.create_api(Name="yagura-chatops", ProtocolType="HTTP")["ApiId"]
    try:
        integration = gateway.create_integration(
            ApiId=api,
            IntegrationType="HTTP_PROXY",
            IntegrationMethod="POST",
            IntegrationUri=desk.app.url.partition("?")[0],
            PayloadFormatVersion="1.0",
        )["IntegrationId"]
        gateway.create_route(ApiId=api, RouteKey="POST /slack", Target=f"integrations/{integration}")
        gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        assert desk.ask("command", user=AIKO, channel="#sre", text="help")["status"] == 200
        assert desk.app.form["text"] == "help"
        assert desk.app.valid() == [True], "the body arrives as it was signed"
    finally:
        gateway.delete_api(ApiId=api)
