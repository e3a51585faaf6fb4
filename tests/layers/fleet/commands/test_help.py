"""What a person is told of the commands: those that they may run, and no others."""

import pytest

from fleet.commands import Command, CommandError, Count, Id, Who, help_for, parse
from fleet.commands.grammar.help import example
from fleet.commands.grammar.registry import build
from tests.layers.fleet.commands.declared import BY_TEXT, COMMANDS, KNOWN, REGISTRY, argument, command


def everything(_: object) -> bool:
    return True


def test_without_a_subject_it_lists_what_the_person_may_run_in_the_order_of_the_alphabet() -> None:
    page = help_for(REGISTRY, lambda command: command.who is Who.EVERYONE)
    assert page.title == "Commands that you may run"
    assert page.lines == [
        "`deny &lt;request&gt; [reason]` Do it.",
        "`explain &lt;why&gt;` Do it. (needs a step-up page on the dashboard)",
        "`freeze list` Do it.",
        "`mode &lt;to&gt;` Do it. (needs two other people)",
        "`queues list [account|all]` Do it.",
        "`queues peek &lt;account&gt; &lt;queue&gt; [count]` Do it.",
        "`/yagura help &lt;command&gt;` tells more of one.",
    ]


@pytest.mark.parametrize("about", ["queues", " “Queues” "])
def test_of_a_first_word_it_lists_the_verbs(about: str) -> None:
    page = help_for(REGISTRY, lambda command: "peek" not in command.words, about)
    assert page.title == "Commands that begin with `queues`"
    assert page.lines == [
        "`queues list [account|all]` Do it.",
        "`queues redrive &lt;shown&gt;` Do it. (needs one other person)",
    ]


@pytest.mark.parametrize("about", ["queues peek", "QUEUES `peek`", "queues peek hub"])
def test_of_a_command_it_tells_arguments_tier_and_an_example(about: str) -> None:
    page = help_for(REGISTRY, everything, about)
    assert page.title == "`/yagura queues peek`"
    assert page.lines == [
        "Do it.",
        "Bodies stay where they are.",
        "Usage: `/yagura queues peek &lt;account&gt; &lt;queue&gt; [count]`",
        "`account`: what account is; the name or the id of an account of the fleet",
        "`queue`: what queue is; the name of an SQS queue: up to 80 letters, digits, hyphens and underscores",
        "`count`: what count is; a whole number from 1 to 50 (if you say nothing: `10`)",
        "It changes nothing. It is for everyone whom the fleet knows.",
        "Example: `/yagura queues peek payments-production orders-dead-letters 10`",
    ]


def test_of_a_command_without_further_help_it_tells_what_there_is() -> None:
    assert help_for(REGISTRY, everything, "deny").lines == [
        "Do it.",
        "Usage: `/yagura deny &lt;request&gt; [reason]`",
        "`request`: what request is; the id of a request, such as `r-0123456789`",
        "`reason`: what reason is; a text in words of at most 40 characters (may be left out)",
        "It is carried out at once. It is for everyone whom the fleet knows.",
        "Example: `/yagura deny r-0123456789 the reason in a few words`",
    ]


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ("freeze list", "It changes nothing. It is for everyone whom the fleet knows."),
        ("queues redrive", "It needs one other person. It is for the SRE team."),
        ("mode", "It needs two other people. It is for everyone whom the fleet knows."),
        ("explain", "It needs a step-up page on the dashboard. It is for everyone whom the fleet knows."),
    ],
)
def test_the_tier_and_who_may_run_it_are_told_in_words(about: str, told: str) -> None:
    assert told in help_for(REGISTRY, everything, about).lines


@pytest.mark.parametrize(
    ("about", "reason", "told"),
    [
        ("queues redrive", "unknown_command", "`queues redrive` is not a command. "),
        ("queues x", "unknown_command", "`queues x` is not a command. "),
        ("zzz", "unknown_command", "`zzz` is not a command. `/yagura help` shows what you may run."),
    ],
)
def test_what_a_person_may_not_run_is_not_told_of(about: str, reason: str, told: str) -> None:
    with pytest.raises(CommandError) as refused:
        help_for(REGISTRY, lambda command: command.who is Who.EVERYONE, about)
    assert "redrive" not in refused.value.text.partition(".")[2]
    assert (refused.value.reason, refused.value.text[: len(told)]) == (reason, told)


def test_of_a_word_with_a_command_that_a_person_may_not_run_the_others_are_listed() -> None:
    page = help_for(REGISTRY, lambda command: command.who is Who.EVERYONE, "freeze")
    assert (page.title, page.lines) == ("Commands that begin with `freeze`", ["`freeze list` Do it."])


@pytest.mark.parametrize("who", Who)
def test_whomever_a_command_is_for_the_page_says_so(who: Who) -> None:
    page = help_for(build({"tests": (command("x", who=who),)}), everything, "x")
    assert any("It is for " in line for line in page.lines)


def test_an_example_has_a_value_of_each_kind() -> None:
    assert example(BY_TEXT["mode"]) == "/yagura mode act"
    counts = (argument("most", Count(1, 5)), argument("other", Count(1, 5), 2))
    assert example(command("x", arguments=counts)) == "/yagura x 5 2"
    ids = (argument("team", Id()), argument("other", Id(), "all"))
    assert example(command("x", arguments=ids)) == "/yagura x team all"


@pytest.mark.parametrize("each", COMMANDS, ids=lambda each: each.text)
def test_the_example_of_a_command_is_understood_as_that_command(each: Command) -> None:
    assert parse(example(each), REGISTRY, KNOWN).command is each
