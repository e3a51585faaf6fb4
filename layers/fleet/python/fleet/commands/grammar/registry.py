"""All commands of the fleet, checked when they are brought together."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

import msgspec

from fleet.commands.grammar.command import Account, Argument, Command, Count, Shown, Text, Word
from fleet.commands.grammar.values import ALL, Known, UnfitError, read

PACKAGE = "fleet.commands"
_COMMAND_WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ARGUMENT_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MOST_WORDS = 3
_TIERS = range(4)


class RegistryError(Exception):
    """Declarations are wrong. `problems` has all of them, each with its file and command, and `str()` one a line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Registry(msgspec.Struct, frozen=True):
    """Commands by their words."""

    commands: Mapping[tuple[str, ...], Command]

    def find(self, words: Sequence[str]) -> Command | None:
        """The command that `words` begin with; of two the longer one."""
        for count in range(min(len(words), _MOST_WORDS), 0, -1):
            if found := self.commands.get(tuple(words[:count])):
                return found
        return None

    def allowed(self, may: Callable[[Command], bool]) -> list[Command]:
        """Those that somebody may run, in the order of their words."""
        return [command for _, command in sorted(self.commands.items()) if may(command)]


@cache
def registry() -> Registry:
    """The commands that the modules of `fleet.commands` declare. Raises RegistryError."""
    # By listing the folder: it is one on a Lambda layer too, and metadata of packages would cost 20 ms.
    folder = importlib.import_module(PACKAGE).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(folder) if not module.ispkg)
    return build({name: getattr(importlib.import_module(f"{PACKAGE}.{name}"), "COMMANDS", None) for name in names})


def build(declarations: Mapping[str, object]) -> Registry:
    """The registry of the `COMMANDS` of each file, by the capability's name. Raises RegistryError with all problems."""
    declared = {name: _commands(found) for name, found in declarations.items()}
    problems = [f"{_file(name)}: has no tuple COMMANDS of commands" for name, found in declared.items() if not found]
    all_words = {command.words for commands in declared.values() for command in commands}
    owners: dict[tuple[str, ...], str] = {}
    for name, commands in declared.items():
        for command in commands:
            found = [*_of_command(command, name), *_of_arguments(command.arguments, all_words)]
            if command.words in owners:
                found.append(f"{_file(owners[command.words])} declares it too")
            owners.setdefault(command.words, name)
            problems += [f"{_file(name)}: `{command.text}`: {problem}" for problem in found]
    if problems:
        raise RegistryError(problems)
    return Registry({command.words: command for commands in declared.values() for command in commands})


def _commands(found: object) -> tuple[Command, ...]:
    # One Command in brackets is no tuple: the comma is forgotten easily.
    return found if isinstance(found, tuple) and all(isinstance(each, Command) for each in found) else ()


def _file(capability: str) -> str:
    return f"{PACKAGE.replace('.', '/')}/{capability}.py"


def _of_command(command: Command, file: str) -> Iterator[str]:
    if not 1 <= len(command.words) <= _MOST_WORDS:
        yield f"has {len(command.words)} words; expected 1 to {_MOST_WORDS}"
    for word in command.words:
        if not _COMMAND_WORD.fullmatch(word):
            yield f"has the word {word!r}; expected lower-case letters and digits, joined by hyphens"
    if command.capability != file:
        yield f"is of the capability {command.capability!r}; expected that of the file, {file!r}"
    if command.tier not in _TIERS:
        yield f"has tier {command.tier}; expected 0 to {_TIERS[-1]}"
    elif command.reads and command.tier:
        yield f"only reads, and has tier {command.tier}; expected 0"
    if not command.summary.strip():
        yield "has no summary"


def _of_arguments(arguments: Sequence[Argument], all_words: set[tuple[str, ...]]) -> Iterator[str]:
    for name, count in Counter(argument.name for argument in arguments).items():
        if count > 1:
            yield f"has {count} arguments with the name {name!r}"
    if sum(isinstance(argument.kind, Account) for argument in arguments) > 1:
        yield "has several accounts; expected one, where the work is done"
    optional = ""
    for place, argument in enumerate(arguments, start=1):
        if optional and argument.default is None:
            yield f"has the optional argument {optional!r} before the required {argument.name!r}"
        if argument.default is not None:
            optional = argument.name
        if isinstance(argument.kind, Text) and place < len(arguments):
            yield f"has the text {argument.name!r} before its end; a text takes the rest of the line"
        for problem in _of_argument(argument, all_words):
            yield f"argument {argument.name!r} {problem}"


def _of_argument(argument: Argument, all_words: set[tuple[str, ...]]) -> Iterator[str]:
    if not _ARGUMENT_NAME.fullmatch(argument.name):
        yield "has no name of lower-case letters, digits and underscores"
    if not argument.help.strip():
        yield "has no help"
    match argument.kind:
        case Count(least, most) | Text(most, least) if least > most:
            yield f"has bounds that nothing fits: {least} to {most}"
        case Word(choices) if not choices or any(choice != choice.lower() or not choice for choice in choices):
            yield "has no choices, or some that are not in lower case"
        case Shown(by) if by not in all_words:
            yield f"refers to `{' '.join(by)}`, which nobody declares"
        case _ if not _fits(argument):
            yield f"has a default that is not allowed: {argument.default!r}"


def _fits(argument: Argument) -> bool:
    """Whether somebody could have said the default; a text may be missing."""
    kind, default = argument.kind, argument.default
    if default is None or (default == "" and isinstance(kind, Text)):
        return True
    if isinstance(kind, Account):
        return kind.many and default == ALL
    try:
        return read(kind, str(default), Known()) == default
    except UnfitError:
        return False
