"""What is said of an opened finding, and where."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.events.envelope import receive
from fleet.events.findings import FindingOpened
from fleet.refusal import RefusedError
from functions.chatops.message import Composed, Message, Priority, compose, escape, section
from functions.chatops.routes import Routing
from tests.functions.chatops.office import ROUTING, opened

import msgspec  # isort: skip

ROUTES = msgspec.convert(ROUTING, Routing)


def composed(finding: dict[str, Any] | None = None, **about: Any) -> Composed:
    return compose(receive(FindingOpened, opened(finding=finding, **about)), ROUTES)


def message(finding: dict[str, Any] | None = None, **about: Any) -> Message:
    return composed(finding, **about).message


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
    assert (said.subject, said.channel, said.version) == ("problem#p1-1-1", "#intake", 1)
    assert (said.severity, said.owner, said.thread, said.reply_url) == (severity, "front-door", "", "")
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
        ("intake", "front-door", "#intake"),
        ("other", "front-door", "#front"),
        ("unknown", "platform", "#default"),
    ],
)
def test_the_channel_is_the_services_or_the_teams_or_the_default(service: str, team: str, channel: str) -> None:
    assert message(service=service, team=team).channel == channel


def test_an_event_of_an_account_outside_the_fleet_is_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        message(account="999900001111")
    assert (refusal.value.reason, refusal.value.path) == ("foreign", "$.detail.meta.account")


def test_each_opening_of_a_problem_is_told_anew_and_pages_for_the_same_alert() -> None:
    first, second = (composed({"severity": "CRITICAL"}, id_=id_) for id_ in ("p1-1-1", "p1-2-1"))
    assert first.message.subject != second.message.subject
    assert first.page
    assert second.page
    assert first.page.subject == second.page.subject == "problem#p1"


@pytest.mark.parametrize(("severity", "pages"), [("CRITICAL", True), ("HIGH", False)])
def test_who_is_paged_for_is_told_first(severity: str, pages: bool) -> None:
    said = composed({"severity": severity})
    assert said.message.priority is (Priority.CRITICAL if pages else Priority.NORMAL)
    assert bool(said.page) is pages


def test_a_page_says_what_the_message_says_without_markup() -> None:
    page = composed({"severity": "CRITICAL"}, service="billing").page
    assert page
    arn = "arn:aws:s3:::clinic-staging-intake-forms"
    assert (page.service, page.action, page.severity, page.source) == ("PBILL01", "trigger", "critical", arn)
    assert page.summary == f"CRITICAL S3.8 is open: Buckets should block public access ({arn})"
    assert page.details == {
        "Severity": "CRITICAL",
        "Owner": "front-door (billing, by tag)",
        "Account": "111122223333 eu-west-1 (staging)",
        "Resource": arn,
    }


@pytest.mark.parametrize(
    ("severity", "urgency"), [("CRITICAL", "critical"), ("HIGH", "error"), ("MEDIUM", "warning"), ("LOW", "info")]
)
def test_a_page_is_as_urgent_as_the_finding_is_severe(severity: str, urgency: str) -> None:
    always = msgspec.convert(ROUTING | {"routes": [{"match": {}, "page": True}]}, Routing)
    page = compose(receive(FindingOpened, opened(finding={"severity": severity})), always).page
    assert page
    assert page.severity == urgency


def test_an_account_of_the_fleet_is_named_and_another_is_not() -> None:
    known, other = message({"account": "444455556666"}), message({"account": "999900001111"})
    assert "444455556666 eu-west-1" in everything(known)
    assert "999900001111" not in everything(other)
    assert "[masked] eu-west-1" in everything(other)


def test_a_block_of_text_has_at_most_what_slack_takes() -> None:
    assert section("x" * 5000) == {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "x" * 3000, "verbatim": True},
    }


@pytest.mark.parametrize("field", ["title", "resource", "control", "region", "account", "severity", "owner_rule"])
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
    assert len(said.text) <= 3000


def test_slacks_control_characters_are_escaped_once() -> None:
    assert escape("a&b<c>d") == "a&amp;b&lt;c&gt;d"
