"""What is said of an opened finding, and where."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.events.envelope import receive
from fleet.events.findings import FindingOpened
from fleet.refusal import RefusedError
from functions.chatops.message import Channels, Message, compose, escape
from tests.functions.chatops.desk import CHANNELS, opened

import msgspec  # isort: skip


def message(finding: dict[str, Any] | None = None, **about: Any) -> Message:
    return compose(receive(FindingOpened, opened(finding=finding, **about)), msgspec.convert(CHANNELS, Channels))


def everything(message: Message) -> str:
    """All text that Slack shows as mrkdwn."""
    return message.text + json.dumps(message.blocks[1:])


@pytest.mark.parametrize(
    ("severity", "mark"),
    [
        ("CRITICAL", ":rotating_light:"),
        ("HIGH", ":red_circle:"),
        ("MEDIUM", ":large_orange_circle:"),
        ("LOW", ":white_circle:"),
        ("INFORMATIONAL", ":white_circle:"),
    ],
)
def test_the_message_begins_with_its_severity_and_says_what_where_and_whose(severity: str, mark: str) -> None:
    said = message({"severity": severity})
    arn = "arn:aws:s3:::clinic-staging-intake-forms"
    assert said.id == "p1-1-1"
    assert said.text == f"{mark} {severity} S3.8 is open: Buckets should block public access ({arn})"
    header, title, facts, context = said.blocks
    assert header == {"type": "header", "text": {"type": "plain_text", "text": "S3.8 is open"}}
    assert title == {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "Buckets should block public access", "verbatim": True},
    }
    assert facts == {
        "type": "section",
        "text": {
            "type": "mrkdwn",
            "text": f"*Severity:* {mark} {severity}\n*Owner:* front-door (intake, by tag)\n"
            f"*Account:* 111122223333 eu-west-1 (staging)\n*Resource:* `{arn}`",
            "verbatim": True,
        },
    }
    assert context == {"type": "context", "elements": [{"type": "mrkdwn", "text": "problem `p1`"}]}


def test_a_problem_that_is_open_again_is_said_to_be() -> None:
    assert "S3.8 is open again" in message({"reopened": True}).text


@pytest.mark.parametrize(
    ("service", "team", "channel"),
    [
        ("intake", "front-door", "C0INTAKE"),
        ("other", "front-door", "C0FRONT"),
        ("unknown", "platform", "C0DEFAULT"),
    ],
)
def test_the_channel_is_the_services_or_the_teams_or_the_default(service: str, team: str, channel: str) -> None:
    assert message(service=service, team=team).channel == channel


def test_an_event_of_an_account_outside_the_fleet_is_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        message(account="999900001111")
    assert (refusal.value.reason, refusal.value.path) == ("foreign", "$.detail.meta.account")


@pytest.mark.parametrize(
    "field",
    [
        "title",
        "resource",
        "control",
        *(pytest.param(field) for field in ("region", "account", "severity", "owner_rule")),
    ],
)
def test_no_text_of_a_finding_becomes_a_mention_or_a_link(field: str) -> None:
    said = everything(message({field: "<!channel> <https://evil|x> &"}))
    assert "<" not in said
    assert "&lt;!channel&gt;" in said


@given(st.text())
def test_escaping_leaves_none_of_slacks_control_characters(text: str) -> None:
    escaped = escape(text)
    assert not set("<>") & set(escaped)
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@given(st.fixed_dictionaries({name: st.text(max_size=2048) for name in ("title", "resource", "control")}))
@example({"title": "&" * 2048, "resource": "<" * 2048, "control": "&" * 2048})
@example({"title": "", "resource": "", "control": ""})
def test_every_message_keeps_slacks_limits(finding: dict[str, str]) -> None:
    said = message(finding)
    header, *sections, context = said.blocks
    assert 1 <= len(header["text"]["text"]) <= 150  # type: ignore[index]
    assert all(1 <= len(section["text"]["text"]) <= 3000 for section in sections)  # type: ignore[index]
    assert len(context["elements"][0]["text"]) <= 3000  # type: ignore[index]
    assert len(said.blocks) <= 50
    assert len(said.text) <= 40_000


def test_slacks_control_characters_are_escaped_once() -> None:
    assert escape("a&b<c>d") == "a&amp;b&lt;c&gt;d"
