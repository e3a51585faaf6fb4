"""Errors are for people: one clear line, a status, no traceback."""

from typing import NoReturn

import typer
from rich.console import Console

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def fail(message: str, status: int = 1) -> NoReturn:
    """Say what is wrong, and stop."""
    err.print(message, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(status)
