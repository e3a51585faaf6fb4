"""Each docs/quickstart-*.md, block by block, as somebody does who has just got a copy of this repository.

A page has blocks of `sh`, and after each a block of `text`: the proof that its reader sees. Its lines come in the
block's output in this order, `…` standing for anything. A block whose proof ends with `It stays up …` runs on while the
others run, as in a terminal of its own; meanwhile every address on this machine that the page names must answer. The
copy has the checkout's environments by links, and a port of its own.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.local.conftest import free_port

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(ROOT.glob("docs/quickstart-*.md"))
MOST_COMMANDS, MOST_LINES, ERRORS = 5, 15, 3
SECONDS = 300.0
_BLOCK = re.compile(r"^```(?P<kind>sh|text)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(r"http://127\.0\.0\.1:4566(?P<path>[^\s>)`]*)")
_LINKED = (".venv", ".venv-cloud", "node_modules", ".build")
_PINNED = ("requirements.txt", "local/requirements.txt", "pyproject.toml", "package-lock.json")
_LOOK = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).status)"


@dataclass(frozen=True)
class Block:
    """Commands, and what their reader sees."""

    commands: str
    proof: list[str]

    @property
    def stays(self) -> bool:
        return self.proof[-1].startswith("It stays up")


def blocks_of(page: str) -> list[Block]:
    found = [(match["kind"], match["body"]) for match in _BLOCK.finditer(page)]
    kinds = [kind for kind, _ in found]
    assert kinds == ["sh", "text"] * (len(kinds) // 2), f"each block of sh is followed by its proof: {kinds}"
    return [
        Block(commands, proof.strip("\n").splitlines())
        for (_, commands), (_, proof) in zip(found[::2], found[1::2], strict=True)
    ]


def lacking(proof: list[str], output: list[str]) -> str:
    """The first line of a proof that does not come, in its turn; empty if all do."""
    rest = iter(output)
    for line in proof:
        pattern = re.compile(".*".join(map(re.escape, line.strip().split("…"))))
        if not any(pattern.search(each) for each in rest):
            return line
    return ""


class Running:
    """A block that runs in a shell of its own, and what it has said so far."""

    def __init__(self, block: Block, folder: Path, environment: dict[str, str]) -> None:
        self.block, self.output = block, list[str]()
        self.process = subprocess.Popen(
            ["bash", "-eu", "-c", block.commands],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self.output.append(line.rstrip("\n"))

    def proved(self) -> None:
        """Wait until its proof has come; a block that does not stay must end well besides."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            over = self.process.poll() is not None
            if over:
                self._reader.join(10)
            if not (missing := lacking(self.block.proof, list(self.output))) and (over or self.block.stays):
                break
            if over:
                break
            time.sleep(0.2)
        said = "\n".join(self.output)
        assert not missing, f"{self.block.commands}never said: {missing}\nIt said:\n{said}"
        assert self.block.stays or self.process.returncode == 0, said

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)


@contextmanager
def copy(empty: Path, port: int) -> Iterator[tuple[Path, dict[str, str]]]:
    """The checkout as it stands, tracked or about to be, in a folder that was empty."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (source := ROOT / name).is_file():
            (empty / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, empty / name)
    for name in _LINKED:
        (empty / name).symlink_to(ROOT / name)
    for name in _PINNED:
        os.utime(empty / name, (0, 0))  # what is installed is what they ask for: `make test` has seen to that
    paths = [empty, *(empty / name for name in ("layers/fleet/python", "layers/sdk/python", "constructs"))]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("YAGURA_", "MAKE", "AWS_"))},
        "PORT": str(port),
        "YAGURA_LOCAL_PORT": str(port),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "COLUMNS": "200",
        "PYTHONUNBUFFERED": "1",  # as at a terminal
    }
    try:
        yield empty, environment
    finally:
        down = [sys.executable, "-m", "fleetctl.main", "local", "down"]
        subprocess.run(down, cwd=empty, env=environment, capture_output=True, check=False, timeout=60)


@pytest.mark.local
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_does_what_it_promises_from_an_empty_folder(page: Path, tmp_path: Path, socket_enabled: None) -> None:
    port, text = free_port(), page.read_text()
    with copy(tmp_path.resolve(), port) as (folder, environment), ExitStack() as running:
        for block in blocks_of(text):
            one = Running(block, folder, environment)
            running.callback(one.stop)
            one.proved()
        for address in _ADDRESS.finditer(text):
            look = [sys.executable, "-c", _LOOK, f"http://127.0.0.1:{port}{address['path']}"]
            seen = subprocess.run(look, capture_output=True, text=True, check=False)
            assert seen.stdout.strip() == "200", f"{address[0]}: {seen.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_is_short_and_names_the_likeliest_errors(page: Path) -> None:
    text = page.read_text()
    blocks = blocks_of(text)
    commands = [line for block in blocks for line in block.commands.splitlines() if line and not line.startswith("#")]
    assert len(commands) <= MOST_COMMANDS, commands
    first_proof = text.index("```text")
    assert len([line for line in text[:first_proof].splitlines() if line.strip()]) <= MOST_LINES
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) == 1 + ERRORS, rows


# What proves, and what does not


@pytest.mark.parametrize(
    ("proof", "output", "missing"),
    [
        (["b"], ["a", "xbx", "c"], ""),
        (["a", "c"], ["a", "b", "c"], ""),
        (["c", "a"], ["a", "b", "c"], "a"),
        (["entries 1 to … are"], ["entries 1 to 12 are intact"], ""),
        (["a.c"], ["abc"], "a.c"),
        (["a", "a"], ["a"], "a"),
    ],
)
def test_a_proof_comes_line_by_line_in_its_order(proof: list[str], output: list[str], missing: str) -> None:
    assert lacking(proof, output) == missing


def test_a_block_without_a_proof_is_no_quickstart() -> None:
    with pytest.raises(AssertionError, match="followed by its proof"):
        blocks_of("```sh\nmake demo\n```\n\n```sh\nls\n```\n\n```text\nx\n```\n")


@pytest.mark.parametrize(
    ("commands", "wrong"),
    [
        ("echo; echo; echo yes", ""),
        ("echo no", "never said: yes"),
        ("echo yes; false", "yes"),
        ("cd /nowhere", "never"),
    ],
)
def test_what_does_not_say_so_or_does_not_end_well_fails(commands: str, wrong: str, tmp_path: Path) -> None:
    one = Running(Block(f"{commands}\n", ["yes"]), tmp_path, dict(os.environ))
    if not wrong:
        return one.proved()
    with pytest.raises(AssertionError, match=wrong):
        one.proved()
    return None
