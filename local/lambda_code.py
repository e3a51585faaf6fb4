"""A function's bundle and its layers are unpacked once, however many workers run them.

The emulator unpacks them anew for each worker and deletes them with it: 1,500 files for each cold start here. On AWS a
function finds them ready under /var/task and /opt, which are read-only (Lambda Developer Guide, "Lambda execution
environment"), so none can tell whether it shares them. Each worker gets links to what was unpacked first.
"""

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

_unpacking = Lock()


class SharedZip(zipfile.ZipFile):
    """A bundle or a layer; `extractall` links to the one place where it lies."""

    _shared: Path | None = None

    def namelist(self) -> list[str]:
        """Of what was unpacked before, its top: the emulator looks at every name, whether it leads out of its place."""
        if self._place().exists():
            return sorted(each.name for each in self._place().iterdir())
        return super().namelist()

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Into an empty folder."""
        with _unpacking:
            if not self._place().exists():
                begun = Path(tempfile.mkdtemp(prefix="unpacking-"))
                super().extractall(begun, members, pwd)
                self._place().parent.mkdir(exist_ok=True)
                begun.rename(self._place())
        for each in self._place().iterdir():
            Path(path, each.name).symlink_to(each)

    def _place(self) -> Path:
        if self._shared is None:
            content = Path(str(self.filename)).read_bytes()
            self._shared = Path(tempfile.gettempdir(), "unpacked", hashlib.sha256(content).hexdigest())
        return self._shared


def install() -> None:
    """Have the emulator unpack so. `tmp` goes with the local cloud."""
    shutil.rmtree(Path(tempfile.gettempdir(), "unpacked"), ignore_errors=True)
    # The last is what the emulator calls zipfile.LargeZipFile.
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZip, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )
