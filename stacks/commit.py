"""Which commit is being deployed, for the tags."""

import subprocess
from pathlib import Path


def commit(root: Path) -> str:
    """Short hash of HEAD, or `unknown` outside git."""
    try:
        found = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "unknown"
    return found.stdout.strip() or "unknown"
