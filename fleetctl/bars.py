"""Progress on the terminal, beside what a command answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from fleetctl.plain import err


@contextmanager
def bar(text: str, *, counted: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A bar that is called with what is done and how much there is; as a share where the numbers say nothing."""
    number = MofNCompleteColumn() if counted else TaskProgressColumn()
    columns = (TextColumn(f"{text:<8}"), BarColumn(), number, TimeElapsedColumn())
    # In a file or a pipe there is nobody to watch it.
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def tick(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield tick
