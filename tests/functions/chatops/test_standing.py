"""How a problem stands, in words."""

import json
from typing import Any

import pytest

from fleet.events.envelope import receive
from fleet.events.findings import (
    AboutProblem,
    FindingChanged,
    FindingOpened,
    FindingOverdue,
    FindingResolved,
    FindingSuppressed,
)
from functions.chatops.message import Message, Priority
from functions.chatops.problem_message import Said, message
from functions.chatops.standing import moved, standing
from tests.functions.chatops.problem_events import ARN, DAY_MS, OPENED_AT, ROUTES, about, version, word


def shown(word: Said) -> Message:
    assert word.standing
    return message(word.standing, word.channel, news=word.version)


def facts(message: Message) -> str:
    return str(message.blocks[2]["text"]["text"])  # type: ignore[index]


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
    found = shown(word(severity=severity))
    assert (found.subject, found.channel, found.version, found.news) == (
        "problem#p1",
        "#intake",
        version(1),
        version(1),
    )
    assert (found.severity, found.owner, found.thread, found.reply_url) == (severity, "front-door", "", "")
    assert (found.afresh, found.told_in, found.reply_only) == (0, "", False)
    assert found.text == f"{mark} {severity} S3.8 is open: Buckets should block public access ({ARN})"
    assert found.blocks == [
        {"type": "header", "text": {"type": "plain_text", "text": "S3.8 is open"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "Buckets should block public access", "verbatim": True},
        },
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": f"*Severity:* {mark} {severity}\n*Owner:* front-door (intake, by tag)\n"
                f"*Account:* 111122223333 eu-west-1 (staging)\n*Resource:* `{ARN}`",
                "verbatim": True,
            },
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "problem `p1`"}]},
    ]


def test_a_deadline_is_told() -> None:
    assert facts(shown(word(due=OPENED_AT + DAY_MS))).endswith("\n*Due:* 2026-03-03")


def test_a_problem_that_is_open_again_is_said_to_be() -> None:
    assert "S3.8 is open again:" in shown(word(reopened=True)).text


@pytest.mark.parametrize("kind", [FindingOpened, FindingChanged, FindingOverdue])
@pytest.mark.parametrize(("due", "head"), [(0, "open"), (OPENED_AT + 1, "open"), (OPENED_AT, "overdue")])
def test_whichever_event_tells_of_it_a_problem_past_its_deadline_is_overdue(
    kind: type[AboutProblem], due: int, head: str
) -> None:
    found = word(kind, due=due).standing
    assert found
    assert (found.head, found.open) == (f"S3.8 is {head}", True)


def test_a_problem_without_a_title_is_told_by_its_control() -> None:
    assert shown(word(title="")).blocks[1]["text"]["text"] == "S3.8 is open"  # type: ignore[index]


@pytest.mark.parametrize(("gone", "head"), [(False, "resolved"), (True, "gone")])
def test_what_is_no_more_is_told_without_a_severity_or_a_deadline(gone: bool, head: str) -> None:
    found = shown(word(FindingResolved, gone=gone, severity="INFORMATIONAL", due=OPENED_AT + 1))
    assert found.text == f":white_check_mark: S3.8 is {head}: Buckets should block public access ({ARN})"
    assert facts(found).splitlines()[0] == "*Owner:* front-door (intake, by tag)"
    assert "Due" not in facts(found)
    assert (found.severity, found.priority) == ("", Priority.NORMAL)


def test_a_suppression_is_told_with_who_why_and_until_when() -> None:
    found = shown(word(FindingSuppressed, due=OPENED_AT + 1, severity="CRITICAL"))
    assert found.text == f":no_bell: CRITICAL S3.8 is suppressed: Buckets should block public access ({ARN})"
    assert facts(found).splitlines()[4:] == [
        "*By:* request:r-0a1b2c3d4e",
        "*Until:* 2026-04-01 09:15 UTC",
        "*Asked by:* aiko",
        "*Approved by:* ben",
        "*Reason:* the bucket is public by design",
    ]
    assert found.priority is Priority.NORMAL


def test_a_reason_is_one_line_masked_and_not_too_long() -> None:
    reason = "asked by taro@example.com\n*Owner:* nobody " + "x" * 600
    line = facts(shown(word(FindingSuppressed, reason=reason))).splitlines()[-1]
    assert line.startswith("*Reason:* asked by [masked] *Owner:* nobody xxx")
    assert len(line) == len("*Reason:* ") + 500


def test_a_suppression_that_nothing_of_ours_explains_is_said_to_be() -> None:
    found = facts(shown(word(FindingSuppressed, by="", until=0, reason="r")))
    assert found.splitlines()[4:] == ["*By:* Security Hub: nothing of the fleet's explains it"]


@pytest.mark.parametrize(("home", "where"), [("#pay", ", told in #pay"), ("C0123456789", ""), ("", "")])
def test_an_owner_who_was_told_is_told_who_owns_it_now(home: str, where: str) -> None:
    standing = word(FindingChanged, severity="CRITICAL", meta={"team": "payments"}).standing
    assert standing
    found = moved(standing, home)
    line = f"S3.8 is now owned by payments{where}: Buckets should block public access ({ARN})"
    assert (found.mark, found.line, found.urgent, found.open) == (":arrow_right:", line, False, True)


def test_an_account_of_the_fleet_is_named_and_another_is_not() -> None:
    known, other = shown(word(account="444455556666")), shown(word(account="999900001111"))
    assert "444455556666 eu-west-1" in everything(known)
    assert "999900001111" not in everything(other)
    assert "[masked] eu-west-1" in everything(other)


@pytest.mark.parametrize("field", ["title", "resource", "control", "region", "account", "severity", "owner_rule"])
def test_no_text_of_a_finding_becomes_a_mention_or_a_link(field: str) -> None:
    texts: dict[str, Any] = {field: "<!channel> <https://evil|x> &"}
    found = everything(shown(word(**texts)))
    assert "<" not in found
    assert "&lt;!channel&gt;" in found


@pytest.mark.parametrize(
    ("kind", "open_"),
    [(FindingOpened, True), (FindingChanged, True), (FindingSuppressed, False), (FindingResolved, False)],
)
def test_what_is_suppressed_or_closed_is_not_open_nor_urgent(kind: type[AboutProblem], open_: bool) -> None:
    found = word(kind, severity="CRITICAL").standing
    assert found
    assert (found.open, found.urgent) == (open_, open_)


def test_a_severity_that_nobody_knows_is_masked_and_not_urgent() -> None:
    found = word(severity="ask taro@example.com").standing
    assert found
    assert (found.severity, found.urgent, found.mark) == ("ask [masked]", False, ":white_circle:")


def test_a_problem_is_shown_by_a_command_where_it_is_kept() -> None:
    found = word(account="444455556666").standing
    assert found
    assert (found.command, found.account) == ("/yagura findings show hub p1", "444455556666")


@pytest.mark.parametrize(("severity", "urgent"), [("CRITICAL", True), ("HIGH", False)])
def test_what_is_critical_is_urgent_although_nobody_is_woken(severity: str, urgent: bool) -> None:
    event = receive(FindingOpened, about(severity=severity))
    assert standing(event, ROUTES, again=False, urgent=False).urgent is urgent
    assert standing(event, ROUTES, again=False, urgent=True).urgent
