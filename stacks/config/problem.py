"""What is wrong with the configuration, told so that a person can put it right."""

import json
import re
from difflib import get_close_matches

import msgspec

type Path = tuple[str | int, ...]
"""Where a value stands: `("accounts", 2, "id")`."""

SHOWN = 100
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, and what to do."""

    file: str
    line: int = 0
    """From 1; 0 if it concerns the file as a whole."""
    path: Path = ()
    found: str
    expected: str
    advice: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        path = f" {path_text(self.path)}:" if self.path else ""
        return f"{place}:{path} found {self.found}; expected {self.expected}; {self.advice}"


class ConfigError(Exception):
    """The configuration has problems. `problems` has all of them, and `str()` one line for each."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line))

    def __str__(self) -> str:
        count = len(self.problems)
        title = f"The configuration has {count} problem{'s' if count > 1 else ''}; nothing was built:"
        lines = [f"  {problem}" for problem in self.problems[:SHOWN]]
        more = [f"  ... and {count - SHOWN} more"] if count > SHOWN else []
        return "\n".join([title, *lines, *more])


def path_text(path: Path) -> str:
    """A path as people write it.

    >>> path_text(("services", 0, "tags", "my key"))
    'services[0].tags["my key"]'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step[:60])}]"
    return text


def one_of(choices: list[str]) -> str:
    """The choices, for the words after "expected"; of many, only how many there are."""
    return f"one of {', '.join(choices)}" if len(choices) <= 24 else f"one of {len(choices)} names"


def nearest(text: str, choices: list[str]) -> str | None:
    """The choice that was probably meant."""
    close = get_close_matches(text[:80], choices, n=1)
    return close[0] if close else None


def did_you_mean(text: str, choices: list[str], otherwise: str) -> str:
    """Advice that names the choice that was probably meant, or else other advice."""
    close = nearest(text, choices)
    return f"did you mean {close}?" if close else otherwise
