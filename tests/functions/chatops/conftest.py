"""Fixtures of the ingress's tests."""

import json
from collections.abc import Callable

import pytest

from tests.functions.chatops.gateway import Gateway


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def counts(logged: Callable[[], str]) -> Callable[[], list[str]]:
    """What was counted since the last call, as `Name` or `Name:reason`."""

    def read() -> list[str]:
        lines = [json.loads(line) for line in logged().splitlines()]
        found = []
        for line in lines:
            if "_aws" in line:
                (metric,) = line["_aws"]["CloudWatchMetrics"]
                assert metric["Namespace"] == "Yagura"
                assert line["service"] == "chatops"
                name = metric["Metrics"][0]["Name"]
                found.append(f"{name}:{line['reason']}" if "reason" in line else name)
        return found

    return read
