"""Lines for people: aligned, and with nothing in them that a terminal would obey. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from fleetctl.mrkdwn import harmless

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 24 * 3_600_000


class Line(NamedTuple):
    """A line, and in which style a terminal shows it."""

    text: str
    style: str = ""


def block(label: str, lines: Iterable[Line], *, indent: int = 2, width: int = 11) -> Iterator[Line]:
    """Lines under a label that stands before the first of them."""
    for index, line in enumerate(lines):
        head = label if index == 0 else ""
        yield Line(f"{'':{indent}}{head:<{width}}{harmless(line.text)}".rstrip(), line.style)


def table(rows: Iterable[Iterable[str]], *, indent: int = 2) -> Iterator[Line]:
    """Rows in columns that are as wide as they need to be."""
    cells = [[harmless(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield Line(
            f"{'':{indent}}{'  '.join(f'{cell:<{width}}' for cell, width in zip(row, widths, strict=True))}".rstrip()
        )


def when(ms: int, now: int) -> str:
    """`2026-12-10 10:15 UTC (in 14 d)`."""
    moment = datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    away = abs(ms - now)
    size = (
        f"{away // _DAY} d" if away >= 2 * _DAY else f"{away // _HOUR} h" if away >= _HOUR else f"{away // _MINUTE} min"
    )
    return f"{moment} ({f'in {size}' if ms > now else f'{size} ago'})"


def count(number: int, thing: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
