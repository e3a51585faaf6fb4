"""What all texts of messages have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops.message import Priority, context, cut, day, escape, facts_text, header, moment, rank, section
from tests.functions.chatops.office import note

NOW = 1_772_442_912_000
"""2026-03-02 09:15:12 UTC."""


def test_a_block_of_text_has_at_most_what_slack_takes() -> None:
    assert section("x" * 5000) == {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "x" * 3000, "verbatim": True},
    }


def test_a_header_and_small_print_have_at_most_what_slack_takes() -> None:
    assert header("x" * 200) == {"type": "header", "text": {"type": "plain_text", "text": "x" * 150}}
    assert context("x" * 5000) == {"type": "context", "elements": [{"type": "mrkdwn", "text": "x" * 3000}]}


def test_facts_stand_one_a_line_and_escaped() -> None:
    assert facts_text({"Owner": "front-door", "Resource": "<x>"}) == "*Owner:* front-door\n*Resource:* &lt;x&gt;"


@given(st.text())
def test_escaping_leaves_none_of_slacks_control_characters(text: str) -> None:
    escaped = escape(text)
    assert not set("<>") & set(escaped)
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


def test_slacks_control_characters_are_escaped_once() -> None:
    assert escape("a&b<c>d") == "a&amp;b&lt;c&gt;d"


def test_times_are_told_in_utc() -> None:
    assert (moment(NOW), day(NOW)) == ("2026-03-02 09:15 UTC", "2026-03-02")


@pytest.mark.parametrize("at", [0, -1, 10**15, 253_402_300_800_000])
def test_what_is_no_time_is_said_to_be_none(at: int) -> None:
    assert moment(at) == day(at) == "an unknown time"


def test_the_last_day_that_there_is_is_told() -> None:
    assert day(253_402_300_799_999) == "9999-12-31"


@pytest.mark.parametrize(("text", "most", "cuts"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("", 3, "")])
def test_a_text_that_is_too_long_is_seen_to_be_cut(text: str, most: int, cuts: str) -> None:
    assert cut(text, most) == cuts


def test_the_worst_severity_ranks_first_and_an_unknown_one_last() -> None:
    found = sorted(["x", "LOW", "CRITICAL", "INFORMATIONAL", "HIGH", "MEDIUM"], key=rank)
    assert found == ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "x"]


def test_each_version_of_a_message_is_worth_one_of_its_own_unless_it_says_which_was() -> None:
    assert note(version=3).worth == 3
    assert note(version=3, news=2).worth == 2


def test_priorities_are_stored_under_these_words() -> None:
    assert [priority.value for priority in Priority] == ["critical", "normal"]
