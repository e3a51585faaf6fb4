"""A line of text as a command with its arguments, or what is wrong with it."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from fleet.commands.grammar.command import Account, Argument, Command, Text, Value
from fleet.commands.grammar.nearest import nearest_commands
from fleet.commands.grammar.refused import CommandError, code, quoted
from fleet.commands.grammar.registry import Registry
from fleet.commands.grammar.typed import Typed, typed
from fleet.commands.grammar.values import Known, Place, UnfitError, expected, read

MOST_CHARACTERS = 3000
SLASH = "/yagura"
_HELP = f"{code(f'{SLASH} help')} shows what you may run."


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A command, and what it was told."""

    command: Command
    arguments: dict[str, Value]
    """All of the command's arguments by name, defaults too. An account is its name in fleet.yaml, `all`, or the id of
    one that is in several Regions."""
    places: tuple[Place, ...] = ()
    """Where the work is done: what the account stood for when it was said. Empty for a command without one."""

    @property
    def work(self) -> dict[str, Value]:
        """The arguments without the account, which travels beside them: `CommandRequested.arguments`."""
        accounts = {each.name for each in self.command.arguments if isinstance(each.kind, Account)}
        return {name: value for name, value in self.arguments.items() if name not in accounts}


def anybody(_: Command) -> bool:
    """Every command may be run."""
    return True


def parse(text: str, registry: Registry, known: Known, may: Callable[[Command], bool] = anybody) -> Parsed:
    """The command that `text` says. Raises CommandError, and nothing else whatever the text.

    It does not judge who may run it: only what an error proposes is limited to what the caller `may` run.
    """
    if len(text) > MOST_CHARACTERS:
        raise CommandError("too_long", f"That is {len(text)} characters; expected at most {MOST_CHARACTERS}.")
    words = typed(text)
    if words and words[0].plain.lower() == SLASH:  # copied from a message with the command in it
        words = words[1:]
    if not words:
        raise CommandError("no_command", f"Which command? {_HELP}")
    said = [word.plain.lower() for word in words]
    command = registry.find(said)
    if command is None:
        raise unknown(said, registry.allowed(may))
    arguments = dict(_arguments(command, words[len(command.words) :], known))
    where = [known.places(arguments[each.name]) for each in command.arguments if isinstance(each.kind, Account)]
    return Parsed(command=command, arguments=arguments, places=where[0] if where else ())


def unknown(said: Sequence[str], allowed: Sequence[Command]) -> CommandError:
    """Why no command was found in these lower-case words, and which of the allowed ones may be meant."""
    verbs = [code(command.text) for command in allowed if command.words[0] == said[0]]
    if verbs and len(said) == 1:
        return CommandError("incomplete_command", f"{quoted(said[0])} is the beginning of {', '.join(verbs)}.")
    close = [code(each) for each in nearest_commands(said, allowed)]
    advice = f"Did you mean {' or '.join(close)}?" if close else _HELP
    longest = max((len(command.words) for command in allowed), default=1)
    return CommandError("unknown_command", f"{quoted(' '.join(said[:longest]))} is not a command. {advice}")


def _arguments(command: Command, words: Sequence[Typed], known: Known) -> Iterator[tuple[str, Value]]:
    usage = f"Usage: {code(f'{SLASH} {command.usage}')}"
    for place, argument in enumerate(command.arguments):
        yield argument.name, _argument(argument, words[place:], known, usage)
    takes_rest = any(isinstance(argument.kind, Text) for argument in command.arguments)
    if len(words) > len(command.arguments) and not takes_rest:
        surplus = quoted(" ".join(word.raw for word in words[len(command.arguments) :]))
        raise CommandError("too_many_arguments", f"{surplus} is more than {code(command.text)} takes. {usage}")


def _argument(argument: Argument, words: Sequence[Typed], known: Known, usage: str) -> Value:
    if not words:
        if argument.default is None:
            text = f"{code(argument.name)} is missing: expected {expected(argument.kind)}. {usage}"
            raise CommandError("missing_argument", text)
        return argument.default
    found = " ".join(word.raw for word in words) if isinstance(argument.kind, Text) else words[0].plain
    try:
        return read(argument.kind, found, known)
    except UnfitError as error:
        text = f"{code(argument.name)}: found {quoted(found)}, expected {error.expected}.{error.advice} {usage}"
        raise CommandError("bad_argument", text) from error
