"""Hypothesis profiles: 200 examples in `make test`, 20,000 in `make prove` (HYPOTHESIS_PROFILE=prove)."""

import io
import logging
import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

_SUPPRESSED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]

settings.register_profile(
    "default", max_examples=200, deadline=None, print_blob=True, suppress_health_check=_SUPPRESSED
)
settings.register_profile(
    "prove", max_examples=20_000, deadline=None, print_blob=True, suppress_health_check=_SUPPRESSED
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """All that has been logged, counted and printed since the last call, as CloudWatch Logs would have it."""
    from fleet import telemetry  # noqa: PLC0415 - boto3 is not for every folder of tests

    stream = io.StringIO()
    for handler in telemetry.logger._logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            monkeypatch.setattr(handler, "stream", stream)

    def everything() -> str:
        captured = capsys.readouterr()
        text = stream.getvalue() + captured.out + captured.err
        stream.truncate(0)
        stream.seek(0)
        return text

    return everything
