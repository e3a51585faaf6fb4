"""Files that are there whole, or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO


@contextmanager
def replacing(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when it is whole; what is there stays until then.

    Raises FileExistsError if something is there, unless by `force` it may be overwritten.
    """
    opened: Any = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    temporary = Path(opened.name)
    try:
        with opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        if not force and path.exists():  # since it was begun
            raise FileExistsError(errno.EEXIST, "is there already", str(path))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
