"""What somebody probably meant."""

from collections.abc import Iterable, Sequence

from fleet.commands.grammar.command import Command

ALIKE = 0.6
"""From 0, nothing in common, to 1, the same: difflib's own threshold for close matches."""
AT_MOST = 3
_BEGINNING = 0.8
"""What the beginning of a name is worth: `payments` may mean `payments-production`."""
_ONE_WORD = 0.75
"""What one word of several is worth: `redrive` may mean `queues redrive`."""
_MARGIN = 0.15
"""What is this much less alike than the best is not what was meant."""
_LONGEST = 60
"""The comparison is quadratic, and no command or account is longer."""


def nearest(word: str, choices: Iterable[str]) -> list[str]:
    """The choices that are like `word`, best first."""
    return _best({choice: _alike(word, choice) for choice in choices})


def nearest_commands(words: Sequence[str], commands: Iterable[Command]) -> list[str]:
    """The commands that are like the beginning of `words`, best first."""
    return _best({command.text: _alike_command(words, command) for command in commands})


def _best(scores: dict[str, float]) -> list[str]:
    enough = max([ALIKE, *(score - _MARGIN for score in scores.values())])
    alike = [(-score, choice) for choice, score in scores.items() if score >= enough]
    return [choice for _, choice in sorted(alike)[:AT_MOST]]


def _alike_command(words: Sequence[str], command: Command) -> float:
    one = max(_alike(words[0], word) for word in command.words)
    return max(_alike(" ".join(words[: len(command.words)]), command.text), _ONE_WORD * one)


def _alike(one: str, other: str) -> float:
    from difflib import SequenceMatcher  # noqa: PLC0415 - 1 ms that only a mistake has to pay for

    beginning = _BEGINNING if other.startswith(one) else 0
    return max(beginning, SequenceMatcher(None, one[:_LONGEST], other[:_LONGEST]).ratio())
