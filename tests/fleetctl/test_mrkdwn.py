"""Slack's mrkdwn as a terminal shows it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.mrkdwn import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold* and _italic_ and ~gone~", "bold and italic and gone"),
        ("`code` with `*stars*`", "code with *stars*"),
        ("a_name_with_underscores 2*3*4", "a_name_with_underscores 2*3*4"),
        ("```a  b\n*1*  2```", "a  b\n*1*  2"),
        ("before\n```a```", "before\n\na"),
        (
            "<https://example.com/x|the page>, <https://example.com>",
            "the page (https://example.com/x), https://example.com",
        ),
        ("<@U0AIKO00000> <#C1|general> <!channel>", "@U0AIKO00000 #general @channel"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("&amp;lt;", "&lt;"),
        (":white_check_mark: *local-spoke* done", "✓ local-spoke done"),
        (":partyparrot: 12:30:00", ":partyparrot: 12:30:00"),
        ("arn:aws:sqs:us-east-1:222222222222:q", "arn:aws:sqs:us-east-1:222222222222:q"),
        ("red\x1b[31m\u202e", "red[31m"),
    ],
)
def test_it_is_shown_as_slack_would(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text())
def test_nothing_that_a_terminal_obeys_comes_through(text: str) -> None:
    assert all(each == "\n" or unicodedata.category(each) not in {"Cc", "Cf"} for each in plain(text))


def escape(text: str) -> str:
    """As Slack wants its control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"], exclude_characters="`")))
def test_code_is_shown_as_it_was_written(text: str) -> None:
    assert plain(f"`{escape(text)}`") == text.strip()
