"""Many problems of one control in one channel become one message."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops import storm as core
from functions.chatops.message import Message, Priority
from functions.chatops.standing import Standing
from functions.chatops.storm import SINGLY, WINDOW_MS, Storm, counted, key, message
from tests.functions.chatops.problem_events import ARN, OPENED_AT, word


def standing(**changes: Any) -> Standing:
    found = word(**changes).standing
    assert found
    return found


def storm(count: int, *, time: int = OPENED_AT, **changes: Any) -> Storm:
    """So many problems, at one time."""
    found: Storm | None = None
    for _ in range(count):
        found = counted(found, standing(**changes), "#intake", time)
    assert found
    return found


def texts(message: Message) -> list[str]:
    return [block["text"]["text"] for block in message.blocks]  # type: ignore[index]


def test_the_first_five_are_told_one_by_one() -> None:
    assert SINGLY == 5
    assert [storm(count).tells for count in range(1, 8)] == [False] * 5 + [True] * 2


@pytest.mark.parametrize(("after", "count"), [(0, 2), (WINDOW_MS - 1, 2), (WINDOW_MS, 1), (-5 * WINDOW_MS, 2)])
def test_a_window_begins_with_its_first_problem_and_lasts_ten_minutes(after: int, count: int) -> None:
    found = counted(storm(1), standing(), "#intake", OPENED_AT + after)
    assert WINDOW_MS == 600_000
    assert (found.count, found.start) == (count, OPENED_AT if count == 2 else OPENED_AT + after)


def test_problems_are_counted_by_control_and_channel() -> None:
    assert key(standing(), "#intake") == "S3.8@#intake"
    assert key(standing(control="EC2.2"), "#front") == "EC2.2@#front"
    assert len(key(standing(control="x" * 3000), "#intake")) == 200 + len("@#intake")
    assert storm(6).subject == f"storm#S3.8#{OPENED_AT}"
    assert len(storm(6, control="x" * 3000).subject) < 300


def test_vulnerabilities_are_counted_together_whatever_their_ids() -> None:
    found: Storm | None = None
    for number in range(500):
        one = standing(control=f"inspector:CVE-2026-{number}", title=f"CVE-2026-{number} - openssl", resource="image")
        assert key(one, "#intake") == "inspector@#intake"
        found = counted(found, one, "#intake", OPENED_AT)
    assert found
    assert message(found).text == ":red_circle: inspector: 500 problems within 10 minutes: Vulnerabilities"
    assert texts(message(found))[3].startswith("• `CVE-2026-0, image`\n• `CVE-2026-1, image`")


@pytest.mark.parametrize("control", ["guardduty:Recon:EC2-Portscan", "inspector", "inspectors:x"])
def test_whatever_else_has_no_control_is_counted_by_what_was_found(control: str) -> None:
    assert key(standing(control=control), "#intake") == f"{control}@#intake"
    assert storm(6, control=control).title == "Buckets should block public access"


def test_the_message_says_how_many_of_what_where_and_how_to_see_all() -> None:
    found = storm(12)
    found = counted(found, standing(severity="LOW", account="444455556666", resource="r"), "#intake", OPENED_AT)
    said = message(found)
    assert said.text == ":red_circle: S3.8: 13 problems within 10 minutes: Buckets should block public access"
    assert texts(said) == [
        "S3.8: 13 problems within 10 minutes",
        "Buckets should block public access",
        "*Severity:* 12 HIGH, 1 LOW\n*Account:* 111122223333 (12), 444455556666 (1)",
        "\n".join([f"• `{ARN}`"] * 10 + ["and 3 more"]),
        "The first 5 were told one by one. All of them: `/yagura findings list hub`",
    ]
    assert (said.subject, said.channel, said.version) == (found.subject, "#intake", 13)
    assert (said.severity, said.news, said.told_in) == ("HIGH", 0, "")


def test_overdue_ones_are_counted_apart_and_critical() -> None:
    found: Storm | None = None
    for _ in range(6):
        found = counted(found, standing(), "#default", OPENED_AT, overdue=True)
    assert found
    assert key(standing(), "#default", overdue=True) == "overdue#S3.8@#default"
    assert found.subject == f"overdue#S3.8#{OPENED_AT}"
    said = message(found)
    assert texts(said)[0] == "S3.8: 6 overdue problems within 10 minutes"
    assert said.priority is Priority.CRITICAL


def test_what_several_accounts_keep_is_listed_in_all() -> None:
    found = counted(storm(6), standing(meta={"account": "444455556666"}), "#intake", OPENED_AT)
    assert texts(message(found))[-1].endswith("`/yagura findings list all`")


def test_all_resources_are_named_while_they_are_few() -> None:
    assert "more" not in texts(message(storm(10)))[3]


@pytest.mark.parametrize(("severity", "priority"), [("CRITICAL", Priority.CRITICAL), ("HIGH", Priority.NORMAL)])
def test_the_message_is_critical_if_one_of_them_is(severity: str, priority: Priority) -> None:
    found = counted(counted(storm(6), standing(severity=severity), "#intake", OPENED_AT), standing(), "#i", OPENED_AT)
    assert message(found).priority is priority


def test_one_that_pages_makes_it_critical() -> None:
    urgent = msgspec.structs.replace(standing(), urgent=True)
    assert message(counted(storm(6), urgent, "#intake", OPENED_AT)).priority is Priority.CRITICAL


def test_accounts_are_named_the_most_affected_first_and_not_without_end() -> None:
    found = storm(1)
    found = msgspec.structs.replace(found, accounts={f"{n:012}": n + 1 for n in range(20)})
    line = texts(message(found))[2].splitlines()[1]
    assert line.startswith("*Account:* 000000000019 (20), 000000000018 (19)")
    assert line.endswith("000000000005 (6) and 5 more")


def test_the_least_severe_has_a_mark_too_and_ties_go_by_name() -> None:
    found = msgspec.structs.replace(storm(6, severity="LOW"), accounts={"b": 3, "a": 3}, first=["r"] * 5)
    said = message(found)
    assert said.text.startswith(":white_circle: S3.8")
    assert "*Account:* a (3), b (3)" in texts(said)[2]
    assert texts(said)[3].endswith("and 1 more")


def test_a_control_without_a_title_is_told_by_its_name() -> None:
    assert texts(message(storm(6, title="")))[1] == "S3.8: 6 problems within 10 minutes"


@given(st.lists(st.fixed_dictionaries({name: st.text(max_size=3500) for name in ("title", "resource", "severity")})))
def test_every_message_keeps_slacks_limits_and_counts_all(findings: list[dict[str, Any]]) -> None:
    found = storm(1)
    for finding in findings:
        found = counted(found, standing(**finding), "#intake", OPENED_AT)
    said = message(found)
    assert found.count == sum(found.severities.values()) == sum(found.accounts.values()) == len(findings) + 1
    assert all(1 <= len(text) <= 3000 for text in texts(said))
    assert len(texts(said)[0]) <= 150
    assert len(said.text) <= 3000
    assert len(found.first) <= 10
    assert all(len(resource) <= 200 for resource in found.first)
    assert core.SINGLY < 10
