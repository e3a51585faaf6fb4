"""What people and the audit chain may see of what others wrote: pure.

Ids, small numbers and fixed words stay; whatever else it holds is masked. What is masked twice is as if masked once.
"""

import re
from collections.abc import Collection
from typing import Any

from fleet.masking import MASK, mask, mask_identifier
from functions.chatops.request import Request

_MOST_DIGITS = 6
"""A count of messages has as many; numbers of people have more."""
_QUEUE = "queue"
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
"""SQS's own rule (CreateQueue, QueueName)."""


def cell(value: str, known: Collection[str]) -> str:
    """One value; `known` are the accounts whose numbers say nothing of anybody."""
    if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return value
    return mask_identifier(value, known=known)


def rows(table: list[list[str]], known: Collection[str]) -> list[list[str]]:
    """All cells of a table."""
    return [[cell(value, known) for value in row] for row in table]


def fact(request: Request, name: str, value: str, known: Collection[str]) -> tuple[str, str]:
    """Name and value of something that people should know before they decide."""
    return mask(name), value if _names_queue(request, name, value) else cell(value, known)


def arguments(request: Request, known: Collection[str]) -> dict[str, Any]:
    """A request's arguments. What is claimed is not this: it is what their hash covers."""
    return {
        mask(name): value if _names_queue(request, name, value) else _tree(value, known)
        for name, value in request.arguments.items()
    }


def _names_queue(request: Request, name: str, value: object) -> bool:
    """Whether it is the queue of a command: two that differ in digits alone must not look the same to whoever approves.

    Of what a capability asks, no word is believed to be a queue's name because it is called so.
    """
    return name == _QUEUE and not request.asked and isinstance(value, str) and bool(_QUEUE_NAME.fullmatch(value))


def _tree(value: Any, known: Collection[str]) -> Any:
    match value:
        case dict():
            return {mask(str(name)): _tree(inner, known) for name, inner in value.items()}
        case list() | tuple():
            return [_tree(inner, known) for inner in value]
        case str():
            return cell(value, known)
        case int() | float() if MASK in cell(str(value), known):
            return MASK
        case _:
            return value
