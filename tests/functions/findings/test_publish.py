"""The function `publish`: what waits on problems gets to the bus."""

import json
from itertools import product

import pytest

from functions.findings.finding import Status
from functions.findings.history import Report
from tests.functions.findings.histories import event_of, seen_at
from tests.functions.findings.worlds import PK, STREAM, TICK, World
from tests.layers.fleet.fakes import client_error

OPEN = event_of(seen_at(1, 1, Status.OPEN))

# In one second, as EventBridge counts time, with the same UpdatedAt: the digests say which is the last word.
TIE = sorted(
    (seen_at(4, 4, status, title=title) for status, title in product((Status.OPEN, Status.RESOLVED), "abcdef")),
    key=Report.of,
)


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


def test_what_was_sent_leaves_the_problem_in_the_index_for_the_clock(world: World) -> None:
    world.publish.handler(STREAM, None)
    item = world.table.get(PK)
    assert item is not None
    assert (item["pending"], item["pending_since"]) == ("due", item["due_at"])


def test_a_problem_with_nothing_ahead_of_it_leaves_the_index(world: World) -> None:
    world.take(event_of(seen_at(2, 2, Status.RESOLVED)))
    world.publish.handler(STREAM, None)
    item = world.table.get(PK)
    assert item is not None
    assert {"pending", "pending_since", "due_at"} & set(item) == set()
    assert [entry["DetailType"] for entry in world.events.taken] == ["FindingOpened", "FindingResolved"]


def test_a_record_that_cannot_be_sent_is_reported_and_stays(world: World) -> None:
    world.events.error = client_error("InternalException", "PutEvents")
    assert world.publish.handler(STREAM, None) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert len(world.waiting) == 1


def test_a_tick_that_cannot_send_fails_loudly(world: World) -> None:
    world.events.refuse = lambda _detail: True
    with pytest.raises(ExceptionGroup):
        world.publish.handler(TICK, None)
    assert len(world.waiting) == 1


def test_a_problem_that_opened_twice_within_one_second_is_sent_without_an_error(world: World) -> None:
    for seen in TIE:
        assert world.take(event_of(seen)) == []
    assert len(world.waiting) > 2
    assert world.publish.handler(STREAM, None) == {"batchItemFailures": []}
    assert world.waiting == []
