"""A hub in memory for every test that asks for one."""

import pytest

from tests.fleetctl.hub import Hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub().install(monkeypatch)
