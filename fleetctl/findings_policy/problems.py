"""Problems as a file (JSON Lines): all that judging them needs, so that a policy can be tried away from the table.

first line   whose they are, and when they were read
then         a problem in each line, as the table has it; titles are masked
last line    how many there are: a file that was cut off is known
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from fleet.masking import mask
from functions.findings.problem import Problem

_VERSION = 1
_MOST_LINE = 1_000_000


class UnusableError(Exception):
    """The file cannot be used. Its text says where, and why."""


class Origin(msgspec.Struct, frozen=True, kw_only=True, tag="problems", tag_field="of"):
    """Whose problems they are, and when (ms) they were read."""

    account: str
    region: str
    at: int
    v: int = _VERSION


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end", tag_field="of"):
    """The last line."""

    count: int


def write(file: BinaryIO, origin: Origin, problems: Iterable[Problem]) -> int:
    """Write them; how many there were."""
    file.write(msgspec.json.encode(origin) + b"\n")
    count = 0
    for count, problem in enumerate(problems, 1):  # noqa: B007 - it counts
        file.write(msgspec.json.encode(_masked(problem)) + b"\n")
    file.write(msgspec.json.encode(End(count=count)) + b"\n")
    return count


class Export:
    """A file of problems, read line by line."""

    def __init__(self, path: Path) -> None:
        """Raises UnusableError if it does not begin as one."""
        self._path = path
        with self._opened() as file:
            first = file.readline(_MOST_LINE)
        try:
            self.origin = msgspec.json.decode(first, type=Origin)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise UnusableError(f"{path}: is not made by `fleetctl findings export`: {error}") from error
        if self.origin.v != _VERSION:
            raise UnusableError(f"{path}: made by another fleetctl (version {self.origin.v}); export it again")

    def problems(self) -> Iterator[Problem]:
        """Each of them. Raises UnusableError at the first line that is none."""
        count = 0
        with self._opened() as file:
            for number, line in enumerate(file, 1):
                if number == 1:
                    continue
                if line.startswith(b'{"of":"end"'):
                    self._complete(line, count, number)
                    return
                yield self._problem(line, number)
                count += 1
        raise UnusableError(f"{self._path}: cut off after {count} problems; export it again")

    def _problem(self, line: bytes, number: int) -> Problem:
        try:
            problem = msgspec.json.decode(line, type=Problem)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise UnusableError(f"{self._path}:{number}: no problem: {error}") from error
        if not problem.copies or not problem.history.reports:
            raise UnusableError(f"{self._path}:{number}: a problem that no finding reports")
        return problem

    def _complete(self, line: bytes, count: int, number: int) -> None:
        try:
            said = msgspec.json.decode(line, type=End).count
        except (msgspec.DecodeError, UnicodeError) as error:
            raise UnusableError(f"{self._path}:{number}: no end: {error}") from error
        if said != count:
            raise UnusableError(f"{self._path}: {count} problems, and the end says {said}; export it again")

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise UnusableError(f"{self._path}: {(error.strerror or str(error)).lower()}") from error


def _masked(problem: Problem) -> Problem:
    copies = {key: msgspec.structs.replace(copy, title=mask(copy.title)) for key, copy in problem.copies.items()}
    return msgspec.structs.replace(problem, copies=copies)
