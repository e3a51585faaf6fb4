"""What somebody probably meant."""

import pytest

from fleet.commands.grammar.nearest import nearest, nearest_commands
from tests.layers.fleet.commands.declared import COMMANDS, command


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("qeueus list", ["queues list"]),
        ("queue list", ["queues list"]),
        ("queues lst", ["queues list"]),
        ("queues rediv", ["queues redrive"]),
        ("frezee hub", ["freeze"]),
        ("redrive r-0123456789", ["queues redrive"]),
        ("peek hub orders", ["queues peek"]),
        ("den r-0123456789", ["deny"]),
        ("queues", ["queues list", "queues peek", "queues redrive"]),
        ("zzz", []),
    ],
)
def test_the_commands_that_are_like_a_line_are_named_best_first(said: str, meant: list[str]) -> None:
    assert nearest_commands(said.split(), COMMANDS) == meant


def test_arguments_do_not_hide_what_was_meant() -> None:
    assert nearest_commands(["dney", *("reason",) * 500], COMMANDS) == ["deny"]


def test_at_most_three_are_named_and_those_alike_in_the_order_of_the_alphabet() -> None:
    assert nearest("name-", ["name-d", "name-b", "name-a", "name-c"]) == ["name-a", "name-b", "name-c"]


def test_what_is_much_less_alike_than_the_best_is_not_named() -> None:
    assert nearest("records-tokyo", ["records-tokyo2", "records-osaka"]) == ["records-tokyo2"]
    assert nearest("records-x", ["records-a", "records-b"]) == ["records-a", "records-b"]


def test_little_in_common_is_not_alike() -> None:
    assert nearest("abcdefghij", ["abcdefzzzz"]) == ["abcdefzzzz"]  # 0.6 of both is the same
    assert nearest("abcdefghij", ["abcdezzzzz"]) == []


def test_the_beginning_of_a_name_is_like_it_however_long_it_is() -> None:
    assert nearest("pay", ["payments-production-of-the-whole-clinic"]) == ["payments-production-of-the-whole-clinic"]
    assert nearest("clinic", ["payments-production-of-the-whole-clinic"]) == []


def test_without_choices_nothing_is_named() -> None:
    assert nearest("a", []) == []
    assert nearest_commands(["a"], []) == []


def test_a_word_of_a_command_is_worth_less_than_the_whole() -> None:
    commands = [command("peek"), command("queues", "peek")]
    assert nearest_commands(["peek"], commands) == ["peek"]


def test_only_the_beginning_of_a_long_word_is_compared() -> None:
    name = "n" * 60
    assert nearest(name + "x" * 3000, [name]) == [name]
