"""What Slack, telephones and Japanese keyboards make of a line, and the words that were meant."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.commands.grammar.typed import typed

LONG = 100_000


def plain(text: str) -> list[str]:
    return [word.plain for word in typed(text)]


def raw(text: str) -> list[str]:
    return [word.raw for word in typed(text)]


@pytest.mark.parametrize("blank", [" ", "  ", "\t", "\n", "\u00a0", "\u2003", "\u3000", "\x1f", "\x85"])
def test_every_blank_parts_words(blank: str) -> None:
    assert raw(f"{blank}one{blank}{blank}two{blank}") == ["one", "two"]


@pytest.mark.parametrize(
    ("slack", "word"),
    [
        ("<@U123|ben>", "@U123"),
        ("<@U123>", "@U123"),
        ("<#C123|orders>", "#orders"),
        ("<#C123>", "#C123"),
        ("<#C123|>", "#C123"),
        ("<!here>", "@here"),
        ("<!subteam^S1|@sre>", "@sre"),
        ("<http://orders.com|orders.com>", "orders.com"),
        ("<https://example.com/a?b=1&amp;c=2>", "https://example.com/a?b=1&c=2"),
        ("<mailto:a@example.com|a@example.com>", "a@example.com"),
        ("a<#C1|b>c<#C2|d>e", "a#bc#de"),
        ("<>", "<>"),
        ("<|a>", "<|a>"),
        ("<a", "<a"),
        ("a>", "a>"),
        ("<a|b|c>", "b|c"),
    ],
)
def test_of_slacks_escapes_remains_what_a_person_sees_and_of_a_person_the_id(slack: str, word: str) -> None:
    assert raw(slack) == [word]


def test_a_label_of_several_words_is_several_words() -> None:
    assert raw("see <https://example.com|the  page> now") == ["see", "the", "page", "now"]


@pytest.mark.parametrize(
    ("entity", "character"),
    [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;lt;", "&lt;"), ("&quot;", "&quot;"), ("&amp", "&amp")],
)
def test_an_entity_is_read_once(entity: str, character: str) -> None:
    assert raw(f"a{entity}b") == [f"a{character}b"]


def test_what_a_person_typed_as_an_escape_stays_text() -> None:
    assert raw("&lt;@U123|ben&gt;") == ["<@U123|ben>"]


@pytest.mark.parametrize("quote", list("\"'`“”„‘’‚«»‹›「」＂｀"))
def test_quotes_and_code_marks_around_a_word_are_not_meant(quote: str) -> None:
    assert [(word.raw, word.plain) for word in typed(f"{quote}it's{quote}")] == [(f"{quote}it's{quote}", "it's")]
    assert typed(f"{quote} {quote}{quote}") == []


@pytest.mark.parametrize(
    ("dash", "meant"), [("‐", "-"), ("‑", "-"), ("‒", "-"), ("–", "-"), ("−", "-"), ("—", "--"), ("－", "-")]
)
def test_every_dash_is_a_simple_one(dash: str, meant: str) -> None:
    assert [(word.raw, word.plain) for word in typed(f"a{dash}b")] == [(f"a{dash}b", f"a{meant}b")]


def test_letters_digits_and_underscores_around_a_word_are_meant() -> None:
    assert plain("XaX 1a1 _a_ -a-") == ["XaX", "1a1", "_a_", "-a-"]


def test_full_width_letters_and_digits_are_made_narrow() -> None:
    assert plain("ｆｒｅｅｚｅ\u3000ＨＵＢ　１０") == ["freeze", "HUB", "10"]


@pytest.mark.parametrize("invisible", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\x00", "\ud800", "\ue000"])
def test_what_cannot_be_seen_is_not_there(invisible: str) -> None:
    assert raw(f"{invisible}fre{invisible}eze {invisible}") == ["freeze"]
    assert raw(f"<{invisible}@U1|{invisible}a>") == ["@U1"]


@given(st.text(st.characters() | st.sampled_from("<>|&;@#!`\"' ampltg\u200b")))
def test_no_word_is_empty_or_has_a_blank_or_an_invisible_character(text: str) -> None:
    for word in typed(text):
        assert word.raw.split() == [word.raw]
        assert word.raw.isprintable()
        assert word.plain


@pytest.mark.parametrize("piece", ["<", "<a", "<a|", "<a|b", "|", "&", "&amp;", "&lt;", "`", "a ", ">", "<@", "ﷺ"])
def test_the_time_grows_as_the_text_does(piece: str) -> None:
    text = piece * (LONG // len(piece))
    began = time.process_time()
    typed(text)
    assert time.process_time() - began < 2, "a quadratic pattern would need minutes"
