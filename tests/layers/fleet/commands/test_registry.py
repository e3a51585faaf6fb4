"""Declarations are checked when they are brought together."""

import sys
from pathlib import Path

import pytest

from fleet import commands
from fleet.commands import (
    Account,
    Argument,
    Command,
    Count,
    Id,
    Known,
    Queue,
    Registry,
    RegistryError,
    Request,
    Shown,
    Text,
    Value,
    Word,
    parse,
    registry,
)
from fleet.commands.grammar.command import Kind
from fleet.commands.grammar.registry import build
from tests.layers.fleet.commands.declared import BY_TEXT, COMMANDS, PEEK, REGISTRY, argument, command

NEW_FILE = """
from fleet.commands import Argument, Command, Count, Who

COMMANDS = (
    Command(
        words=("drills", "start"), capability="drills", tier=2, who=Who.SRE, summary="Start a drill.",
        arguments=(Argument("minutes", Count(5, 60), "how long"),),
    ),
)
"""


def problems(*declared: Command, name: str = "tests") -> list[str]:
    with pytest.raises(RegistryError) as refused:
        build({name: declared})
    assert str(refused.value) == "\n".join(refused.value.problems)
    return list(refused.value.problems)


def of_arguments(*arguments: Argument) -> list[str]:
    return [
        problem.removeprefix("fleet/commands/tests.py: `x`: ")
        for problem in problems(command("x", arguments=arguments))
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tier": -1}, "has tier -1; expected 0 to 3"),
        ({"tier": 4}, "has tier 4; expected 0 to 3"),
        ({"tier": 1, "reads": True}, "only reads, and has tier 1; expected 0"),
        ({"summary": " "}, "has no summary"),
        ({"capability": "other"}, "is of the capability 'other'; expected that of the file, 'tests'"),
    ],
)
def test_a_command_is_of_its_file_with_a_summary_and_a_tier(changes: dict[str, object], problem: str) -> None:
    assert problems(command("x", **changes)) == [f"fleet/commands/tests.py: `x`: {problem}"]


@pytest.mark.parametrize("tier", [0, 1, 2, 3])
def test_there_are_four_tiers(tier: int) -> None:
    assert build({"tests": (command("x", tier=tier),)}).commands[("x",)].tier == tier


@pytest.mark.parametrize("word", ["X", "9x", "x y", "x-", "-x", "x--y", "x_y", "x\n", ""])
def test_a_command_is_of_words_that_people_can_type(word: str) -> None:
    wrong = f"has the word {word!r}; expected lower-case letters and digits, joined by hyphens"
    assert problems(command("a", word)) == [f"fleet/commands/tests.py: `a {word}`: {wrong}"]


@pytest.mark.parametrize("words", [("x",), ("x-y", "z9"), ("a", "b", "c-d-e")])
def test_a_command_has_one_to_three_words(words: tuple[str, ...]) -> None:
    assert build({"tests": (command(*words),)}).find(words) == command(*words)


@pytest.mark.parametrize(("words", "text"), [((), ""), (("a", "b", "c", "d"), "a b c d")])
def test_a_command_of_no_words_or_of_four_is_refused(words: tuple[str, ...], text: str) -> None:
    wrong = f"has {len(words)} words; expected 1 to 3"
    assert problems(command(*words)) == [f"fleet/commands/tests.py: `{text}`: {wrong}"]


def test_two_commands_with_the_same_words_are_refused_with_both_files() -> None:
    with pytest.raises(RegistryError) as refused:
        build({"one": (command("x", capability="one"),), "two": (command("x", capability="two"),) * 2})
    assert refused.value.problems == ("fleet/commands/two.py: `x`: fleet/commands/one.py declares it too",) * 2


@pytest.mark.parametrize("found", [None, (), command("x"), [command("x")], (command("x"), "y")])
def test_a_file_without_a_tuple_of_commands_is_refused(found: object) -> None:
    with pytest.raises(RegistryError) as refused:
        build({"tests": found})
    assert refused.value.problems == ("fleet/commands/tests.py: has no tuple COMMANDS of commands",)


def test_two_arguments_with_the_same_name_are_refused() -> None:
    assert of_arguments(argument("a", Queue()), argument("a", Count(1, 2))) == ["has 2 arguments with the name 'a'"]


def test_an_optional_argument_before_a_required_one_is_refused() -> None:
    wrong = "has the optional argument 'a' before the required 'b'"
    assert of_arguments(argument("a", Count(1, 2), 1), argument("b", Queue())) == [wrong]


def test_a_text_before_another_argument_is_refused() -> None:
    wrong = "has the text 'a' before its end; a text takes the rest of the line"
    assert of_arguments(argument("a", Text(9)), argument("b", Queue())) == [wrong]


def test_a_second_account_is_refused() -> None:
    wrong = "has several accounts; expected one, where the work is done"
    assert of_arguments(argument("a", Account()), argument("b", Account(many=True))) == [wrong]


@pytest.mark.parametrize(
    ("kind", "default", "problem"),
    [
        (Count(2, 1), None, "has bounds that nothing fits: 2 to 1"),
        (Text(9, least=10), None, "has bounds that nothing fits: 10 to 9"),
        (Word(()), None, "has no choices, or some that are not in lower case"),
        (Word(("a", "B")), None, "has no choices, or some that are not in lower case"),
        (Word(("a", "")), None, "has no choices, or some that are not in lower case"),
        (Shown(("x", "y")), None, "refers to `x y`, which nobody declares"),
        (Count(1, 2), 3, "has a default that is not allowed: 3"),
        (Count(1, 2), "2", "has a default that is not allowed: '2'"),
        (Count(0, 2), "", "has a default that is not allowed: ''"),
        (Word(("a", "b")), "c", "has a default that is not allowed: 'c'"),
        (Queue(), "", "has a default that is not allowed: ''"),
        (Id(most=3), "long", "has a default that is not allowed: 'long'"),
        (Id(), "Upper", "has a default that is not allowed: 'Upper'"),
        (Request(), "R-0123456789", "has a default that is not allowed: 'R-0123456789'"),
        (Account(), "all", "has a default that is not allowed: 'all'"),
        (Account(many=True), "hub", "has a default that is not allowed: 'hub'"),
        (Text(9, least=5), "four", "has a default that is not allowed: 'four'"),
    ],
)
def test_an_argument_that_nobody_could_give_is_refused(kind: Kind, default: Value | None, problem: str) -> None:
    assert of_arguments(argument("a", kind, default)) == [f"argument 'a' {problem}"]


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        (Count(1, 1), 1),
        (Word(("a", "b")), "b"),
        (Queue(), "orders"),
        (Id(most=3), "all"),
        (Account(many=True), "all"),
        (Text(9, least=5), ""),
        (Text(5, least=5), "words"),
        (Shown(("x",)), None),
    ],
)  # fmt: skip
def test_an_argument_that_somebody_could_give_is_taken(kind: Kind, default: Value | None) -> None:
    wanted = command("x", arguments=(argument("a", kind, default),))
    assert build({"tests": (wanted,)}).commands == {("x",): wanted}


@pytest.mark.parametrize("name", ["A", "a-b", "9", "", "a b"])
def test_an_argument_has_a_name_that_an_event_can_carry(name: str) -> None:
    wrong = f"argument {name!r} has no name of lower-case letters, digits and underscores"
    assert of_arguments(Argument(name, Queue(), "what it is")) == [wrong]


def test_a_command_may_have_several_optional_arguments() -> None:
    wanted = command("x", arguments=(argument("a", Queue()), argument("b", Queue(), "q"), argument("c", Text(9), "")))
    assert build({"tests": (wanted,)}).find(["x"]) is wanted


def test_an_argument_without_help_is_refused() -> None:
    assert of_arguments(Argument("a", Queue(), " ")) == ["argument 'a' has no help"]


def test_all_problems_are_told_at_once() -> None:
    wrong = command("x", tier=9, summary="", arguments=(Argument("A", Text(1), ""), argument("b", Count(2, 1))))
    assert len(problems(wrong, command("y", tier=9), command("x"))) == 8


def test_of_two_commands_that_a_line_begins_with_the_longer_one_is_found() -> None:
    assert REGISTRY.find(["freeze", "list", "x"]) is BY_TEXT["freeze list"]
    assert REGISTRY.find(["freeze", "lists"]) is BY_TEXT["freeze"]
    assert REGISTRY.find(["freeze"]) is BY_TEXT["freeze"]
    for words in ([], ["queues"], ["list"], ["Freeze"]):
        assert REGISTRY.find(words) is None


def test_a_command_of_three_words_is_found() -> None:
    long = command("a", "b", "c")
    assert build({"tests": (long, command("a", "b"))}).find(["a", "b", "c", "d"]) is long


def test_what_somebody_may_run_stands_in_the_order_of_the_alphabet() -> None:
    reads = [each.text for each in REGISTRY.allowed(lambda each: each.reads)]
    assert reads == ["freeze list", "queues list", "queues peek"]


def test_the_usage_shows_what_is_required_and_what_is_not() -> None:
    assert BY_TEXT["queues peek"].usage == "queues peek <account> <queue> [count]"
    assert BY_TEXT["freeze"].usage == "freeze <account|all>"
    assert command("x", arguments=(argument("many", Word(("a",)), "a"),)).usage == "x [many]"


def test_a_command_reads_and_helps_nothing_unless_it_says_so() -> None:
    plain = command("x")
    assert (plain.reads, plain.help, plain.arguments) == (False, "", ())
    assert (Account().many, Text(5).least, argument("a", Queue()).default) == (False, 1, None)
    assert {each.text for each in COMMANDS if ("shown", Shown(PEEK)) in [(a.name, a.kind) for a in each.arguments]} == {
        "queues redrive"
    }


def test_a_capability_adds_a_command_by_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "drills.py").write_text(NEW_FILE)
    (tmp_path / "notes.txt").write_text("no module")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("raise AssertionError('a package declares nothing')")
    before = registry()
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "fleet.commands.drills", raising=False)
    registry.cache_clear()
    try:
        after = registry()
        assert parse("drills start 30", after, Known()).arguments == {"minutes": 30}
        assert {text: each for text, each in after.commands.items() if text not in before.commands} == {
            ("drills", "start"): after.commands["drills", "start"]
        }
    finally:
        registry.cache_clear()
        sys.modules.pop("fleet.commands.drills", None)


def test_a_file_that_declares_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty_of_commands.py").write_text("COMMAND = ()\n")
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    registry.cache_clear()
    try:
        with pytest.raises(RegistryError, match=r"^fleet/commands/empty_of_commands\.py: has no tuple COMMANDS"):
            registry()
    finally:
        registry.cache_clear()
        sys.modules.pop("fleet.commands.empty_of_commands", None)


def test_the_registry_is_built_once() -> None:
    assert registry() is registry()
    assert isinstance(registry(), Registry)
