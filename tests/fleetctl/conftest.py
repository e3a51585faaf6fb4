"""A hub in memory, and a checkout with a table of findings, for every test that asks for one."""

from pathlib import Path

import pytest

from tests.fleetctl.desk import Desk, install
from tests.fleetctl.hub import Hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub().install(monkeypatch)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    root = tmp_path / "checkout"
    root.mkdir()
    return install(Desk(root), monkeypatch)
