"""Runs tests against mutants, two at a time, each in a fork of this process."""

import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from bench.mutants import Mutant

SIDE_BY_SIDE = 2
LONGEST_SECONDS = 60.0
"""Then it hangs, which somebody would notice."""
_ROOTS = ("layers/fleet/python/", "")


@dataclass(frozen=True)
class Result:
    """A mutant, and whether the tests passed with it."""

    mutant: Mutant
    survived: bool


def prepare() -> None:
    """Load what all tests use, once; nothing of ours, since that is what is replaced."""
    import aws_lambda_powertools  # noqa: F401, PLC0415
    import boto3  # noqa: F401, PLC0415
    import pytest  # noqa: F401, PLC0415
    from hypothesis import HealthCheck, Phase, settings  # noqa: PLC0415

    settings.register_profile(
        "mutation",
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    os.environ["HYPOTHESIS_PROFILE"] = "mutation"
    loaded = [name for name in sys.modules if name.partition(".")[0] in {"fleet", "functions"}]
    assert not loaded, f"{loaded} are loaded already and would not be replaced"


def run_all(path: str, found: Sequence[Mutant], tests: Sequence[str]) -> Iterator[Result]:
    """Run the tests on the module as it is, which must pass, then on each mutant, then on the module again."""
    _must_pass(path, tests)
    left, running = list(reversed(found)), dict[int, tuple[Mutant, float]]()
    while left or running:
        while left and len(running) < SIDE_BY_SIDE:
            mutant = left.pop()
            running[_start(path, mutant, tests)] = (mutant, time.monotonic())
        for pid, (mutant, began) in list(running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done and time.monotonic() - began > LONGEST_SECONDS:
                os.kill(pid, signal.SIGKILL)
                done, status = os.waitpid(pid, 0)
            if done:
                del running[pid]
                yield Result(mutant, survived=status == 0)
        time.sleep(0.005)
    # If somebody has edited the tests meanwhile, the mutants were not what failed.
    _must_pass(path, tests)


def _must_pass(path: str, tests: Sequence[str]) -> None:
    if _wait(_start(path, None, tests), LONGEST_SECONDS) != 0:
        raise SystemExit(f"the tests of {path} fail without any change: pytest {' '.join(tests)}")


def _start(path: str, mutant: Mutant | None, tests: Sequence[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            code = _run(path, mutant, tests)
    finally:
        os._exit(code)


def _run(path: str, mutant: Mutant | None, tests: Sequence[str]) -> int:
    import pytest  # noqa: PLC0415 - loaded by prepare()

    if mutant:
        code = compile(mutant.tree, path, "exec", dont_inherit=True)
        sys.meta_path.insert(0, _Replaced(_module(path), Path(path).resolve(), code))
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))


def _wait(pid: int, seconds: float) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 1


def _module(path: str) -> str:
    root = next(root for root in _ROOTS if path.startswith(root))
    return path.removeprefix(root).removesuffix(".py").replace("/", ".")


class _Replaced(MetaPathFinder):
    """Gives one module other code, however often it is imported."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self._name, self._path, self._code = name, path, code

    def find_spec(self, fullname: str, *_: Sequence[str] | ModuleType | None) -> ModuleSpec | None:
        """The module's spec, as from its file."""
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=_Loader(self))

    @property
    def code(self) -> CodeType:
        """What it consists of."""
        return self._code

    @property
    def place(self) -> tuple[str, str]:
        """Name and file."""
        return self._name, str(self._path)


class _Loader(SourceFileLoader):
    def __init__(self, replaced: _Replaced) -> None:
        super().__init__(*replaced.place)
        self._replaced = replaced

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - there is only one
        """Not what stands in the file."""
        return self._replaced.code
