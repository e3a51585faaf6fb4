"""Hurrying the pump: each channel once, and whoever hurries never suffers from it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from functions.chatops.hurry import Hurry
from tests.functions.chatops.counters import AIKO, PUMP_QUEUE, Desk
from tests.layers.fleet.fakes import FakeQueue, client_error

TROUBLES: list[Any] = [
    client_error("AccessDenied", "SendMessage", "not allowed: sqs:SendMessage"),
    client_error("AWS.SimpleQueueService.NonExistentQueue"),
    client_error("ThrottlingException"),
    EndpointConnectionError(endpoint_url="https://sqs"),
    ReadTimeoutError(endpoint_url="https://sqs"),
    NoCredentialsError(),
]


def hurry(queue: FakeQueue) -> Hurry:
    client: Any = queue
    return Hurry(client, PUMP_QUEUE)


def test_each_channel_is_called_once_on_the_pumps_queue() -> None:
    queue = FakeQueue()
    hurry(queue)({"#b", "#a"})
    assert queue.messages == [
        {"QueueUrl": PUMP_QUEUE, "MessageBody": json.dumps({"pump": channel})} for channel in ("#a", "#b")
    ]


def test_nothing_told_calls_nobody() -> None:
    queue = FakeQueue()
    hurry(queue)(set())
    assert queue.messages == []


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda each: type(each).__name__)
def test_what_cannot_be_hurried_is_logged_and_waits_for_the_sweep(trouble: Any, logged: Callable[[], str]) -> None:
    queue = FakeQueue()
    queue.error = trouble
    hurry(queue)({"#a", "#b"})
    lines = [json.loads(line) for line in logged().splitlines()]
    assert [(line["message"], line["error"]) for line in lines] == [("not hurried", type(trouble).__name__)]
    assert queue.steps.taken == 2  # the next channel would fail too


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda each: type(each).__name__)
def test_a_delivery_is_done_though_nobody_can_be_hurried(trouble: Any) -> None:
    desk = Desk()
    desk.sqs.pump.error = trouble
    desk.types(AIKO, "unfreeze spoke")
    assert desk.only().status == "PENDING"
    assert f"request#{desk.only().id}" in desk.drafts()
    assert desk.sqs.dead.messages == []
    desk.sqs.pump.error = None
    desk.types(AIKO, "whoami")
    assert desk.woken() == ["C0SRE000000"]
