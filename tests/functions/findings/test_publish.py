"""The function `publish`: what waits on problems gets to the bus."""

import json

import pytest

from functions.findings.finding import Status
from tests.functions.findings.histories import event_of, seen_at
from tests.functions.findings.worlds import STREAM, TICK, World
from tests.layers.fleet.fakes import client_error

OPEN = event_of(seen_at(1, 1, Status.OPEN))


@pytest.fixture
def world() -> World:
    world = World()
    world.take(OPEN)
    return world


def test_the_stream_sends_what_waits_to_the_fleet_bus(world: World) -> None:
    assert world.publish.handler(STREAM, None) == {"batchItemFailures": []}
    (entry,) = world.events.taken
    assert (entry["EventBusName"], entry["Source"], entry["DetailType"]) == (
        "yagura",
        "yagura.findings",
        "FindingOpened",
    )
    assert json.loads(entry["Detail"])["data"]["control"] == "S3.8"
    assert world.waiting == []


def test_the_tick_sends_what_the_stream_has_left(world: World) -> None:
    world.publish.handler(TICK, None)
    assert (len(world.events.taken), world.waiting) == (1, [])


def test_a_record_that_cannot_be_sent_is_reported_and_stays(world: World) -> None:
    world.events.error = client_error("InternalException", "PutEvents")
    assert world.publish.handler(STREAM, None) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert len(world.waiting) == 1


def test_a_tick_that_cannot_send_fails_loudly(world: World) -> None:
    world.events.refuse = lambda _detail: True
    with pytest.raises(ExceptionGroup):
        world.publish.handler(TICK, None)
    assert len(world.waiting) == 1
