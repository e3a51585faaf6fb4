"""The parts of the scoreboard that need the emulator, small."""

import io

import pytest
from rich.console import Console

from bench import approvals, chain
from local.process import Instance

pytestmark = pytest.mark.local


def test_approvals_are_counted_on_the_model_and_on_the_emulator(cloud: Instance) -> None:
    out = Console(file=io.StringIO(), width=160)
    assert approvals.run(out, cloud, model=50, real=5, seed=3) == 0


def test_a_small_chain_is_written_by_several_at_once(cloud: Instance) -> None:
    shown = io.StringIO()
    assert chain.run(Console(file=shown, width=160), cloud, writers=4, entries=5) == 0
    assert "Audit chain" in shown.getvalue()
