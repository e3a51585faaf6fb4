"""A line as a command with its arguments, or what is wrong with it."""

import json
import re
import shlex
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.canonical import canonical
from fleet.commands import Command, CommandError, Parsed, Value, Who, parse
from fleet.commands.grammar import parse as parsing
from fleet.commands.grammar import refused, typed, values
from fleet.commands.grammar.typed import Typed
from tests.layers.fleet.commands.declared import (
    BY_TEXT,
    HUB,
    KNOWN,
    PAYMENTS,
    RECORDS,
    RECORDS_OSAKA,
    REGISTRY,
    command,
)
from tests.layers.fleet.refute import REFUTE

QUEUE = "the name of an SQS queue: up to 80 letters, digits, hyphens and underscores"
EXPLAIN_USAGE = "Usage: `/yagura explain &lt;why&gt;`"
PEEK_USAGE = "Usage: `/yagura queues peek &lt;account&gt; &lt;queue&gt; [count]`"
LIKELY = st.sampled_from(
    [*"<>|&;`\"'“@#!-=\u200b\u00a0 ", "&lt;", "<@", "<#C1|", "<>", "²", "٣", "r-", "ﷺ", "10", "\ud800", "\u202e"]
)
ANYTHING = st.builds(
    lambda command, text: f"{command} {text}",
    st.sampled_from(["", *BY_TEXT, "queues peek hub orders", "deny r-0123456789 why:"]),
    st.text(st.characters())
    | st.lists(LIKELY | st.text(max_size=2)).map("".join)
    | st.builds(str.__mul__, LIKELY, st.integers(1, 900)),
)
"""Lines that get far: a command first, then what could break what reads on."""

SAID: dict[str, st.SearchStrategy[list[Value]]] = {
    "freeze": st.sampled_from(["hub", "all", "333333333333"]).map(lambda account: [account]),
    "queues peek": st.tuples(
        st.sampled_from(["hub", "payments-production", "records-osaka"]),
        st.from_regex(r"\A[A-Za-z0-9_-]{1,20}(\.fifo)?\Z"),
        st.integers(1, 50),
    ).map(list),
    "queues redrive": st.from_regex(r"\Ar-[0-9a-hjkmnp-tv-z]{10}\Z").map(lambda request: [request]),
    "mode": st.sampled_from(["act", "observe"]).map(lambda mode: [mode]),
}
"""What could be said after a command, in the form in which it is kept."""
TIDY: list[Callable[[str], str]] = [str, lambda word: f"“{word}”", lambda word: f"`{word}`", lambda word: f"'{word}'"]
BLANKS = st.lists(st.sampled_from([" ", "\u00a0", "\u3000", "\t", "\u200b "]), min_size=1, max_size=3).map("".join)


def understood(text: str) -> Parsed:
    return parse(text, REGISTRY, KNOWN)


def misunderstood(text: str, may: Callable[[Command], bool] = lambda _: True) -> CommandError:
    with pytest.raises(CommandError) as refusal:
        parse(text, REGISTRY, KNOWN, may)
    return refusal.value


@pytest.mark.parametrize(
    ("text", "command", "arguments"),
    [
        ("freeze hub", "freeze", {"account": "hub"}),
        ("FREEZE Hub", "freeze", {"account": "hub"}),
        ("queues list", "queues list", {"account": "all"}),
        ("queues list hub", "queues list", {"account": "hub"}),
        ("queues peek hub Orders", "queues peek", {"account": "hub", "queue": "Orders", "count": 10}),
        ("queues peek 111111111111 o 5", "queues peek", {"account": "hub", "queue": "o", "count": 5}),
        ("queues peek hub <http://o.com|o> ５", "queues peek", {"account": "hub", "queue": "o", "count": 5}),
        ("queues redrive R-0123456789", "queues redrive", {"shown": "r-0123456789"}),
        ("deny r-0123456789", "deny", {"request": "r-0123456789", "reason": ""}),
        (
            "deny r-0123456789  It’s&nbsp;“too  late” &amp; &lt;big&gt; `—`",
            "deny",
            {"request": "r-0123456789", "reason": "It’s&nbsp;“too late” & <big> `—`"},
        ),
        ("explain not before noon", "explain", {"why": "not before noon"}),
        ("/yagura mode act", "mode", {"to": "act"}),
        ("`/Yagura mode act`", "mode", {"to": "act"}),
        ("freeze list", "freeze list", {}),
    ],
)
def test_a_line_is_a_command_and_its_arguments(text: str, command: str, arguments: dict[str, Value]) -> None:
    parsed = understood(text)
    assert (parsed.command, parsed.arguments) == (BY_TEXT[command], arguments)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("freeze hub", (HUB,)),
        ("freeze 333333333333", (RECORDS, RECORDS_OSAKA)),
        ("freeze all", (HUB, PAYMENTS, RECORDS, RECORDS_OSAKA)),
        ("queues list", (HUB, PAYMENTS, RECORDS, RECORDS_OSAKA)),
        ("mode all", ()),
    ],
)
def test_the_account_says_where_the_work_is_done(text: str, places: tuple[values.Place, ...]) -> None:
    assert understood(text).places == places


def test_the_account_is_no_argument_of_the_work() -> None:
    assert understood("queues peek hub orders 5").work == {"queue": "orders", "count": 5}
    assert understood("freeze all").work == {}
    assert understood("deny r-0123456789 no").work == {"request": "r-0123456789", "reason": "no"}


@pytest.mark.parametrize(
    ("text", "reason", "told"),
    [
        ("", "no_command", "Which command? `/yagura help` shows what you may run."),
        (" \u200b `` ", "no_command", "Which command? `/yagura help` shows what you may run."),
        ("/yagura", "no_command", "Which command? `/yagura help` shows what you may run."),
        ("x" * 3001, "too_long", "That is 3001 characters; expected at most 3000."),
        (
            "Queues",
            "incomplete_command",
            "`queues` is the beginning of `queues list`, `queues peek`, `queues redrive`.",
        ),
        ("queues lst", "unknown_command", "`queues lst` is not a command. Did you mean `queues list`?"),
        ("dney it is late", "unknown_command", "`dney it` is not a command. Did you mean `deny`?"),
        ("zzz", "unknown_command", "`zzz` is not a command. `/yagura help` shows what you may run."),
        ("<&zzz>", "unknown_command", "`&amp;zzz` is not a command. `/yagura help` shows what you may run."),
        (
            "queues peek hub",
            "missing_argument",
            f"`queue` is missing: expected {QUEUE}. {PEEK_USAGE}",
        ),
        (
            "queues peek hubb",
            "bad_argument",
            "`account`: found `hubb`, expected the name or the id of an account of the fleet. Did you mean `hub`? "
            + PEEK_USAGE,
        ),
        (
            "queues peek hub orders 51",
            "bad_argument",
            f"`count`: found `51`, expected a whole number from 1 to 50. {PEEK_USAGE}",
        ),
        (
            "explain no ?.",
            "bad_argument",
            f"`why`: found `no ?.`, expected a text in words of 10 to 60 characters. {EXPLAIN_USAGE}",
        ),
        (
            "queues peek hub orders 5 6 “7”",
            "too_many_arguments",
            f"`6 “7”` is more than `queues peek` takes. {PEEK_USAGE}",
        ),
        ("freeze list 1", "too_many_arguments", "`1` is more than `freeze list` takes. Usage: `/yagura freeze list`"),
    ],
)
def test_what_is_wrong_is_told_with_what_was_found_and_what_is_expected(text: str, reason: str, told: str) -> None:
    error = misunderstood(text)
    assert (error.reason, error.text) == (reason, told)


def test_a_line_of_3000_characters_is_read() -> None:
    assert misunderstood("x" * 3000).reason == "unknown_command"


def test_what_was_found_is_shortened_to_60_characters_and_can_do_nothing() -> None:
    assert f"found `{'q' * 59}…`," in misunderstood(f"queues peek hub {'q' * 81}").text
    assert f"found `{'!' * 60}`," in misunderstood(f"queues peek hub {'!' * 60}").text
    assert f"found `{'&lt;' * 59}…`," in misunderstood(f"queues peek hub {'&lt;' * 61}").text
    assert "found `a'&lt;!here&gt;'b`," in misunderstood("queues peek hub a`&lt;!here&gt;`b").text


def test_an_error_says_its_reason_to_logs_and_the_rest_to_the_person_alone() -> None:
    error = misunderstood("freeze 19700101-1234")
    assert str(error) == "bad_argument"
    assert "19700101-1234" in error.text


def test_an_error_proposes_only_what_the_person_may_run() -> None:
    def may(command: Command) -> bool:
        return command.who is Who.EVERYONE

    assert misunderstood("queues", may).text == "`queues` is the beginning of `queues list`, `queues peek`."
    assert misunderstood("freezee", may).text == "`freezee` is not a command. Did you mean `freeze list`?"
    told = "`queues` is not a command. `/yagura help` shows what you may run."
    assert misunderstood("queues", lambda _: False).text == told


def test_unless_it_is_told_who_asks_an_error_proposes_all_commands() -> None:
    with pytest.raises(CommandError) as refusal:
        parse("freezee", REGISTRY, KNOWN)
    assert refusal.value.text == "`freezee` is not a command. Did you mean `freeze`?"


def test_a_verb_that_is_like_none_is_answered_with_those_that_there_are() -> None:
    words = ("records", "w" * 30)
    error = parsing.unknown(["records", "x"], [command(*words)])
    assert error.text == f"`records x` is not a command. Did you mean `records {'w' * 30}`?"


def test_no_more_of_a_line_is_quoted_than_could_be_a_command() -> None:
    assert parsing.unknown(["a", "b"], []).text.startswith("`a` is not a command.")
    assert parsing.unknown(["a", "b", "c"], [command("x", "y"), command("z")]).text.startswith("`a b` is not")


def test_who_may_not_run_a_command_is_understood_all_the_same() -> None:
    assert parse("freeze hub", REGISTRY, KNOWN, lambda _: False).command.text == "freeze"


def only_understands_or_refuses(text: str) -> None:
    """Nothing but a command or a CommandError comes of any line."""
    refusal = None
    try:
        parsed = understood(text)
    except CommandError as error:
        refusal = error
    if refusal:
        assert re.fullmatch("[a-z_]+", str(refusal))
        # What was typed is inside code marks, and no control character of Slack's is left.
        assert not re.search("[<>]|&(?!(amp|lt|gt);)", refusal.text)
        assert refusal.text.count("`") % 2 == 0
        assert len(refusal.text) < 900
    else:
        assert list(parsed.arguments) == [argument.name for argument in parsed.command.arguments]
        assert json.loads(canonical(parsed.arguments)) == parsed.arguments
        assert all(str(value).isprintable() for value in parsed.arguments.values())


test_any_line_is_understood_or_refused_with_a_text_that_does_nothing = given(ANYTHING)(only_understands_or_refuses)


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [
        (parsing, "typed", lambda text: [Typed(word, word) for word in shlex.split(text)]),
        (parsing, "typed", lambda text: [Typed(word, typed._plain(word)) for word in text.split(" ")]),
        (typed, "_SLACK", re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")),
        (values, "_NUMBER", re.compile(r"\S+")),
        (parsing, "quoted", lambda text: f"`{text}`"),
        (refused, "code", lambda text: f"`{text}`"),
        (parsing, "quoted", refused.code),
    ],
    ids=["shell words", "invisible kept", "empty escapes", "any number", "unescaped", "unescaped code", "unshortened"],
)
def test_a_reader_that_breaks_on_some_line_or_quotes_it_raw_is_found(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, broken: object
) -> None:
    monkeypatch.setattr(module, name, broken)
    with pytest.raises((AssertionError, ValueError, IndexError)):
        REFUTE(given(ANYTHING)(only_understands_or_refuses))()


@st.composite
def dressed(draw: st.DrawFn) -> tuple[str, list[Value], str]:
    """A command, what was said after it, and the line that Slack makes of that."""
    name = draw(st.sampled_from(sorted(SAID)))
    said = draw(SAID[name])
    words = [draw(st.sampled_from([word, word.upper(), word.title()])) for word in name.split()]
    line = [draw(st.sampled_from(TIDY))(word) for word in [*words, *map(str, said)]]
    blank = draw(BLANKS)
    return name, said, f"{blank}{blank.join(line)}{blank}"


def reads_through_slacks_habits(case: tuple[str, list[Value], str]) -> None:
    name, said, line = case
    parsed = understood(line)
    assert (parsed.command.text, list(parsed.arguments.values())) == (name, said)


test_a_line_means_the_same_however_slack_dresses_it = given(dressed())(reads_through_slacks_habits)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("_plain", lambda raw: raw),
        ("_plain", lambda raw: unicodedata.normalize("NFKC", raw).strip("'")),
        ("_QUOTES", "_-`“”'"),
        ("_plain", lambda raw: raw.lower().strip("`“”'")),
    ],
    ids=["quotes kept", "code marks kept", "letters of names stripped", "case of queues lost"],
)
def test_a_reader_that_is_misled_by_slacks_habits_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, broken: object
) -> None:
    monkeypatch.setattr(typed, name, broken)
    with pytest.raises((AssertionError, CommandError)):
        REFUTE(given(dressed())(reads_through_slacks_habits))()
