"""What a word means where an argument of some kind is expected."""

import re

import msgspec

from fleet.commands.grammar.command import Account, Count, Id, Kind, Problem, Queue, Request, Shown, Text, Value, Word
from fleet.commands.grammar.nearest import nearest
from fleet.commands.grammar.refused import code

ALL = "all"
REQUEST = re.compile(r"r-[0-9a-hjkmnp-tv-z]{10}")
"""Crockford's digits: nothing in an id is taken for something else when it is read aloud."""
PROBLEM = re.compile(r"[0-9a-f]{32}")
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NUMBER = re.compile(r"[0-9]{1,9}")
"""ASCII digits alone, and few: `int` takes more scripts than one, and very long numbers slowly."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One account in one Region, under the name that fleet.yaml gives it."""

    name: str
    account: str
    region: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What there is in the fleet that a command can name."""

    accounts: tuple[Place, ...] = ()

    def places(self, account: Value) -> tuple[Place, ...]:
        """Where the value of an Account argument is; nothing for what is no account of the fleet."""
        return tuple(each for each in self.accounts if account in (ALL, each.name, each.account))


class UnfitError(ValueError):
    """A word is not what is expected; `expected` and `advice` say in mrkdwn what is."""

    def __init__(self, expected: str, advice: str = "") -> None:
        super().__init__("unfit")
        self.expected, self.advice = expected, advice


def read(kind: Kind, word: str, known: Known) -> Value:
    """The value of an argument of this kind for which `word` was said. Raises UnfitError."""
    match kind:
        case Account():
            return _account(kind, word.lower(), known)
        case Request() | Shown():
            return _fitting(kind, REQUEST, word.lower())
        case Problem():
            return _fitting(kind, PROBLEM, word.lower())
        case Queue():
            return _fitting(kind, _QUEUE, word)
        case Id(most):
            value: Value = _fitting(kind, _ID, word.lower())
            fits = len(str(value)) <= most
        case Count(least, most):
            value = int(_fitting(kind, _NUMBER, word))
            fits = least <= int(value) <= most
        case Word(choices):
            value = word.lower()
            fits = value in choices
        case Text(most, least):
            value = word
            fits = least <= len(word) <= most and any(each.isalnum() for each in word)
    if not fits:
        raise UnfitError(expected(kind))
    return value


def expected(kind: Kind) -> str:
    """What an argument of this kind must be, in mrkdwn."""
    match kind:
        case Account():
            return f"the name or the id of an account of the fleet{f', or {code(ALL)}' if kind.many else ''}"
        case Queue():
            return "the name of an SQS queue: up to 80 letters, digits, hyphens and underscores"
        case Request():
            return f"the id of a request, such as {code('r-0123456789')}"
        case Shown():
            return f"the id that {code(' '.join(kind.by))} was answered under, such as {code('r-0123456789')}"
        case Problem():
            return f"the id of a problem, 32 characters, as {code('findings list')} shows it"
        case Id():
            return f"a name or an id: up to {kind.most} letters, digits and hyphens"
        case Count():
            return f"a whole number from {kind.least} to {kind.most}"
        case Text():
            return f"a text in words of {f'{kind.least} to' if kind.least > 1 else 'at most'} {kind.most} characters"
        case Word():
            return f"one of {', '.join(code(choice) for choice in kind.choices)}"


def _fitting(kind: Kind, pattern: re.Pattern[str], word: str) -> str:
    if not pattern.fullmatch(word):
        raise UnfitError(expected(kind))
    return word


def _account(kind: Account, word: str, known: Known) -> str:
    """The name of the one place that is meant; or `all`, or the id of an account in several Regions."""
    if word == ALL and kind.many:
        return word
    places = () if word == ALL else known.places(word)
    names = [place.name for place in places]
    if len(places) == 1:
        return names[0]
    if places and kind.many:
        return word
    meant = [code(name) for name in names or nearest(word, (place.name for place in known.accounts))]
    raise UnfitError(expected(kind), f" Did you mean {' or '.join(meant)}?" if meant else "")
