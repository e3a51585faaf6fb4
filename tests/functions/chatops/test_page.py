"""A page as PagerDuty takes it."""

import json
from typing import Any

from functions.chatops.page import MOST_BYTES, Action, Page, event
from tests.functions.chatops.outside import KEY


def page(version: int = 1, action: Action = "trigger", **changes: Any) -> Page:
    known: dict[str, Any] = {"subject": "s", "service": "PFRONT1", "summary": "it burns", "source": "arn:aws:s3:::x"}
    return Page(action=action, version=version, **(known | changes))


def test_an_event_keeps_pagerdutys_limits() -> None:
    said = event(page(summary="x" * 5000, source="", details={"all": "y" * 600_000}), KEY)
    payload = said["payload"]
    assert (len(payload["summary"]), payload["source"]) == (1024, "yagura")
    assert len(json.dumps(said).encode()) <= MOST_BYTES
    assert payload["custom_details"] == {"left_out": "the details were too long"}
    assert event(page(summary=""), KEY)["payload"]["summary"]
    assert len(event(page(control="x" * 5000), KEY)["payload"]["class"]) == 1024


def test_alerts_can_be_grouped_by_control() -> None:
    assert event(page(control="S3.8"), KEY)["payload"]["class"] == "S3.8"


def test_a_resolution_carries_no_payload() -> None:
    assert set(event(page(2, "resolve"), KEY)) == {"routing_key", "event_action", "dedup_key", "client"}
