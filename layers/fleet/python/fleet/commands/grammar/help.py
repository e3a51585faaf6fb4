"""What a person is told of the commands: those that they may run, and no others."""

from collections.abc import Callable, Iterator

import msgspec

from fleet.commands.grammar.command import (
    Account,
    Argument,
    Command,
    Count,
    Id,
    Problem,
    Queue,
    Request,
    Shown,
    Text,
    Who,
    Word,
)
from fleet.commands.grammar.parse import SLASH, unknown
from fleet.commands.grammar.refused import code
from fleet.commands.grammar.registry import Registry
from fleet.commands.grammar.typed import typed
from fleet.commands.grammar.values import expected

TIERS = (
    "is carried out at once",
    "needs one other person",
    "needs two other people",
    "needs a step-up page on the dashboard",
)
"""What people have to do before a command is carried out, by its tier."""
_MANY = 7
_WHO = {Who.EVERYONE: "everyone whom the fleet knows", Who.SRE: "the SRE team"}


class Help(msgspec.Struct, frozen=True, kw_only=True):
    """A page of help, in mrkdwn."""

    title: str
    lines: list[str]


def help_for(registry: Registry, may: Callable[[Command], bool], about: str = "") -> Help:
    """Help for somebody who `may` run some commands: on all of them, on those with one first word, or on one.

    Raises CommandError if there is none of that name for them: what they may not run, they are not told of.
    """
    allowed = registry.allowed(may)
    said = [word.plain.lower() for word in typed(about)]
    if not said:
        more = f"{code(f'{SLASH} help <command>')} tells more of one."
        return Help(title="Commands that you may run", lines=[*map(_line, allowed), more])
    command = registry.find(said)
    if command is not None and may(command):
        return Help(title=code(f"{SLASH} {command.text}"), lines=list(_page(command)))
    group = [command for command in allowed if command.words[0] == said[0]]
    if group and len(said) == 1:
        return Help(title=f"Commands that begin with {code(said[0])}", lines=[_line(command) for command in group])
    raise unknown(said, allowed)


def _line(command: Command) -> str:
    tier = f" ({TIERS[command.tier]})" if command.tier else ""
    return f"{code(command.usage)} {command.summary}{tier}"


def _page(command: Command) -> Iterator[str]:
    yield command.summary
    if command.help:
        yield command.help
    yield f"Usage: {code(f'{SLASH} {command.usage}')}"
    for argument in command.arguments:
        yield f"{code(argument.name)}: {argument.help}; {expected(argument.kind)}{_otherwise(argument)}"
    yield f"{_what_it_takes(command)} It is for {_WHO[command.who]}."
    yield f"Example: {code(example(command))}"


def _what_it_takes(command: Command) -> str:
    if command.reads:
        return "It changes nothing."
    if not command.tier and any(isinstance(argument.kind, Shown) for argument in command.arguments):
        return f"It {TIERS[0]}, or others must agree: what was shown says it."
    return f"It {TIERS[command.tier]}."


def _otherwise(argument: Argument) -> str:
    if argument.default is None:
        return ""
    return f" (if you say nothing: {code(str(argument.default))})" if argument.default != "" else " (may be left out)"


def example(command: Command) -> str:
    """A line that a person could type, with an account and a queue of the example organisation."""
    return " ".join([SLASH, *command.words, *(_example(argument) for argument in command.arguments)])


def _example(argument: Argument) -> str:
    match argument.kind:
        case Account():
            return "payments-production"
        case Queue():
            return "orders-dead-letters"
        case Request() | Shown():
            return "r-0123456789"
        case Count(_, most):
            return str(min(most, _MANY) if argument.default is None else argument.default)
        case Problem():
            return "3337317e320f0a78243d396f8b5ffa2c"
        case Id():
            return argument.name if argument.default is None else str(argument.default)
        case Text():
            return "the reason in a few words"
        case Word(choices):
            return choices[0]
