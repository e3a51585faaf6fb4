"""The configuration as a revision of git has it."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stacks.config.load import FLEET_FILE, load
from stacks.config.model import Config

_FOLDERS = ("config/", "local/")


class NoSuchRevisionError(LookupError):
    """git does not have it. The text says what git says."""


def config_at(
    root: Path, revision: str, fleet_file: str = FLEET_FILE, substitutions: Mapping[str, str] | None = None
) -> Config:
    """The configuration of a revision. Raises NoSuchRevisionError, and ConfigError as `load` does."""
    commit = (
        _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in _git(root, "ls-tree", "-z", "--name-only", commit, "--", *_FOLDERS).decode().split("\0"):
            if name.endswith(".yaml"):
                file = Path(folder, name)
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(_git(root, "show", f"{commit}:{name}"))
        return load(Path(folder), fleet_file, substitutions)


def _git(root: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False)
    except OSError as error:
        raise NoSuchRevisionError(f"git does not start: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise NoSuchRevisionError(said or "git has no such revision")
    return done.stdout
