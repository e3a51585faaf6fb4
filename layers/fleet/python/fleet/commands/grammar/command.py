"""What a capability declares of a command: its words, its arguments, its risk, and who may run it."""

from enum import StrEnum

import msgspec

type Value = str | int
"""What an argument comes to: it can stand in JSON, and so be hashed."""


class Who(StrEnum):
    """Whose command it is."""

    EVERYONE = "everyone"
    """Any person whom the fleet knows."""
    SRE = "sre"
    """People of the fleet's SRE team."""


class Account(msgspec.Struct, frozen=True):
    """An account of the fleet, by its name or its 12 digits. It says where the work is done."""

    many: bool = False
    """Also `all`, and the id of an account that is in several Regions."""


class Queue(msgspec.Struct, frozen=True):
    """The name of an SQS queue."""


class Request(msgspec.Struct, frozen=True):
    """The id of a request, for example `r-0123456789`."""


class Shown(msgspec.Struct, frozen=True):
    """The id of an earlier request, whose answer showed what this command is about."""

    by: tuple[str, ...]
    """The words of the command that showed it."""


class Problem(msgspec.Struct, frozen=True):
    """The id of a problem of the capability `findings`."""


class Count(msgspec.Struct, frozen=True):
    """A whole number."""

    least: int
    most: int


class Id(msgspec.Struct, frozen=True):
    """A name or an id: letters, digits and hyphens, in lower case."""

    most: int = 64


class Text(msgspec.Struct, frozen=True):
    """The rest of the line, as it was typed, in characters."""

    most: int
    least: int = 1


class Word(msgspec.Struct, frozen=True):
    """One of some words."""

    choices: tuple[str, ...]


type Kind = Account | Queue | Request | Shown | Problem | Count | Id | Text | Word


class Argument(msgspec.Struct, frozen=True):
    """One thing that a command is told."""

    name: str
    kind: Kind
    help: str
    default: Value | None = None
    """What it is if nothing is said. None: it must be said."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command, as its capability declares it."""

    words: tuple[str, ...]
    """What people say, for example `("queues", "redrive")`; of two that fit, the longer one is meant."""
    capability: str
    """Who does the work: the name of the file that declares it."""
    tier: int
    """0: carried out at once, and audited. 1: one other person agrees. 2: two. 3: a step-up page.

    What was shown may raise it: an answer whose `shown` has a `tier` says how risky it is to act on it. It may limit
    it too: `most_days` says how large the argument `days` may be.
    """
    who: Who
    reads: bool = False
    """It only shows, and changes nothing anywhere."""
    summary: str
    """One line, in the imperative."""
    help: str = ""
    """What one should know before using it."""
    arguments: tuple[Argument, ...] = ()

    @property
    def text(self) -> str:
        """The command's words as people write them, and as `CommandRequested.command` has them."""
        return " ".join(self.words)

    @property
    def usage(self) -> str:
        """The command and its arguments: `queues peek <account> <queue> [count]`."""
        return " ".join([*self.words, *(_place(argument) for argument in self.arguments)])


def _place(argument: Argument) -> str:
    name = f"{argument.name}|all" if isinstance(argument.kind, Account) and argument.kind.many else argument.name
    return f"<{name}>" if argument.default is None else f"[{name}]"
