"""The fake Slack's page asks for what people do, tells what they see, and obeys nobody else."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from local.client import slack_behave
from local.errors import LocalCloudError
from local.process import Instance
from local.slack_behave import Manner
from local.slack_page import own
from local.slack_workspace import UnknownError, Workspace
from tests.local.slack_desk import AIKO, BEN, Desk, listening


@pytest.fixture
def desk(cloud: Instance) -> Iterator[Desk]:
    with listening(cloud) as app:
        yield Desk(cloud, app)


def test_a_view_opens_is_filled_in_corrected_and_closed(desk: Desk) -> None:
    desk.ask("command", user=BEN, channel="#sre", text="freeze")
    plain = {"type": "plain_text", "text": "Why?"}
    element = {"type": "plain_text_input", "action_id": "reason"}
    view = {
        "type": "modal",
        "callback_id": "break-glass",
        "private_metadata": "r-3",
        "title": plain,
        "submit": plain,
        "blocks": [{"type": "input", "block_id": "why", "label": plain, "element": element}],
    }
    opened = desk.slack.views_open(trigger_id=desk.app.form["trigger_id"], view=view)["view"]
    [shown] = desk.ask(f"state?user={BEN}")["views"]
    assert (shown["id"], desk.ask(f"state?user={AIKO}")["views"]) == (opened["id"], [])
    sent = len(desk.app.requests)
    submit = {"user": BEN, "view_id": opened["id"]}
    assert desk.ask("submit", **submit, values={"reason": "  "})["errors"].keys() == {"why"}
    assert len(desk.app.requests) == sent, "Slack itself says that a required field is empty"
    desk.app.answer = json.dumps({"response_action": "errors", "errors": {"why": "say more"}}).encode()
    assert desk.ask("submit", **submit, values={"reason": "fire"})["errors"] == {"why": "say more"}
    payload = desk.app.payload
    assert (payload["type"], payload["view"]["callback_id"], payload["view"]["private_metadata"]) == (
        "view_submission",
        "break-glass",
        "r-3",
    )
    assert payload["view"]["state"]["values"] == {"why": {"reason": {"type": "plain_text_input", "value": "fire"}}}
    assert [view["id"] for view in desk.ask(f"state?user={BEN}")["views"]] == [opened["id"]]
    desk.app.answer = b""
    desk.ask("submit", **submit, values={"reason": "fire in the cellar"})
    assert (desk.ask(f"state?user={BEN}")["views"], all(desk.app.valid())) == ([], True)


def test_nobody_submits_the_view_of_another(desk: Desk) -> None:
    desk.ask("command", user=BEN, channel="#sre", text="freeze")
    title = {"type": "plain_text", "text": "x"}
    view = {"type": "modal", "title": title, "blocks": [{"type": "divider"}]}
    opened = desk.slack.views_open(trigger_id=desk.app.form["trigger_id"], view=view)["view"]
    with pytest.raises(LocalCloudError, match="no view"):
        desk.ask("submit", user=AIKO, view_id=opened["id"])
    desk.ask("dismiss", user=BEN, view_id=opened["id"])
    with pytest.raises(LocalCloudError, match="no view"):
        desk.ask("submit", user=BEN, view_id=opened["id"])


def test_all_that_the_app_ever_said_is_kept_also_what_is_not_to_be_seen_any_more(desk: Desk) -> None:
    posted = desk.slack.chat_postMessage(channel="#sre", text="MRN 12345678")
    desk.slack.chat_update(channel=posted["channel"], ts=posted["ts"], text="masked")
    slack_behave(desk.instance, next=1, status=429)
    with pytest.raises(SlackApiError):
        desk.slack.chat_postMessage(channel="#sre", text="MRN 87654321")
    desk.ask("command", user=AIKO, channel="#sre", text="help")
    WebhookClient(desk.app.form["response_url"]).send(text="MRN 11223344")
    said = [(each["method"], each["arguments"]["text"]) for each in desk.ask("calls")["calls"][-4:]]
    assert said == [
        ("chat.postMessage", "MRN 12345678"),
        ("chat.update", "masked"),
        ("chat.postMessage", "MRN 87654321"),
        ("response_url", "MRN 11223344"),
    ]
    assert "xoxb" not in json.dumps(desk.ask("calls"))


def test_unknown_people_channels_and_buttons_are_named(desk: Desk) -> None:
    asked = desk.ask_for_approval("r-6")
    for path, body, said in (
        ("command", {"user": "U0NOBODY000", "channel": "#sre", "text": "x"}, "no person"),
        ("command", {"user": AIKO, "channel": "no such channel!", "text": "x"}, "no channel"),
        ("click", {"user": AIKO, **asked, "action_id": "approve", "value": "r-7"}, "no button"),
        ("click", {"user": AIKO}, "KeyError"),
        ("messages?since=yesterday", {}, "it is a number"),
    ):
        with pytest.raises(LocalCloudError, match=said):
            desk.ask(path, **body)
    assert desk.app.requests == []


def test_the_page_runs_nothing_but_its_own_script(desk: Desk) -> None:
    with urllib.request.urlopen(f"{desk.instance.endpoint}/_local/slack/") as answer:  # noqa: S310
        policy, page = answer.headers["content-security-policy"], answer.read().decode()
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    for outside in ("http://", "https://", "//", "innerHTML", "insertAdjacentHTML", "document.write", "eval("):
        found = [line for line in page.splitlines() if outside in line and not line.strip().startswith("//")]
        assert [line for line in found if outside != "//" or re.search(r"[\"'(]//", line)] == []


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"host": "rebound.example:4566"}, False),
    ],
)
def test_another_page_of_the_browser_can_press_nothing(headers: dict[str, str], allowed: bool) -> None:
    sent = {"host": "127.0.0.1:4566", **headers}
    scope = {"headers": [(name.encode(), value.encode()) for name, value in sent.items()]}
    assert own(scope) is allowed


def test_a_foreign_page_that_posts_is_refused_at_each_route_that_does_something(desk: Desk) -> None:
    for path in ("command", "click", "submit", "dismiss", "app", "behave"):
        request = urllib.request.Request(  # noqa: S310
            f"{desk.instance.endpoint}/_local/slack/{path}", b"{}", {"sec-fetch-site": "cross-site"}
        )
        with pytest.raises(HTTPError) as caught:
            urllib.request.urlopen(request)  # noqa: S310
        assert caught.value.code == 403


def test_a_page_that_knows_the_newest_version_is_told_nothing_more(desk: Desk) -> None:
    version = desk.ask(f"state?user={AIKO}")["version"]
    assert desk.ask(f"state?user={AIKO}&version={version}") == {"version": version}
    desk.slack.chat_postMessage(channel="#sre", text="news")
    assert desk.ask(f"state?user={AIKO}&version={version}")["messages"][-1]["text"] == "news"


async def _refuse_unknown(workspace: Workspace) -> None:
    await workspace.type("U0NOBODY000", "#sre", "help")


def test_the_manner_is_kept_for_an_interaction_that_is_really_sent() -> None:
    workspace = Workspace()
    workspace.behaviour.wish({"deliver": "twice"})
    with pytest.raises(UnknownError):
        asyncio.run(_refuse_unknown(workspace))
    assert workspace.behaviour.manner() == Manner("twice", 4.0)
