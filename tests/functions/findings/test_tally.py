"""Numbers for people: counted in memory, written at most once a minute, added up by day."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.items import Item, Table, to_dynamodb
from functions.findings.lease import DAY_MS
from functions.findings.tally import EVERY_MS, Tally, day_of
from tests.layers.fleet.fakes import FakeDynamoDB, Steps, client_error, interleave
from tests.layers.fleet.refute import REFUTE

NOW = 1_772_500_000_000  # 2026-03-03


class World:
    def __init__(self) -> None:
        self.steps = Steps()
        self.dynamodb = FakeDynamoDB(self.steps)
        client: Any = self.dynamodb
        self.table = Table(client, "t")


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_is_written_within_the_first_minute(world: World) -> None:
    tally = Tally(world.table)
    tally.count("received", 3)
    tally.write(NOW)
    tally.write(NOW + EVERY_MS - 1)
    assert world.dynamodb.written == []
    tally.write(NOW + EVERY_MS)
    assert tally.of_days(NOW, 1) == {"received": 3}


def test_it_is_written_once_a_minute_and_then_only_what_is_new(world: World) -> None:
    tally = Tally(world.table)
    for minute in range(4):
        tally.count("received")
        tally.write(NOW + minute * EVERY_MS)
        tally.write(NOW + minute * EVERY_MS + 1)
    assert len(world.dynamodb.written) == 3
    assert tally.of_days(NOW, 1) == {"received": 4}


def test_a_clock_that_is_set_back_keeps_nothing_waiting(world: World) -> None:
    tally = Tally(world.table)
    tally.count("received")
    tally.write(NOW + DAY_MS)
    tally.write(NOW)
    assert tally.of_days(NOW, 1) == {"received": 1}


def test_nothing_counted_is_nothing_written(world: World) -> None:
    tally = Tally(world.table)
    tally.write(NOW)
    tally.write(NOW + 5 * EVERY_MS)
    assert world.dynamodb.written == []


def test_what_cannot_be_written_is_kept(world: World) -> None:
    tally = Tally(world.table)
    tally.count("received")
    tally.write(NOW)
    world.dynamodb.error = client_error("InternalServerError")
    with pytest.raises(type(world.dynamodb.error)):
        tally.write(NOW + EVERY_MS)
    world.dynamodb.error = None
    tally.write(NOW + 2 * EVERY_MS)
    assert tally.of_days(NOW, 1) == {"received": 1}


def test_days_are_added_up_and_older_ones_left_out(world: World) -> None:
    for back in range(3):
        tally = Tally(world.table)
        tally.count("told", 10**back)
        tally.write(NOW - back * DAY_MS - EVERY_MS)
        tally.write(NOW - back * DAY_MS)
    assert [Tally(world.table).of_days(NOW, days)["told"] for days in (1, 2, 3, 30)] == [1, 11, 111, 111]


def test_a_day_goes_away_by_itself_after_more_than_a_year(world: World) -> None:
    tally = Tally(world.table)
    tally.count("told")
    tally.write(NOW)
    tally.write(NOW + EVERY_MS)
    (item,) = world.dynamodb.items.values()
    assert int(item["expires"]["N"]) == (NOW + EVERY_MS + 400 * DAY_MS) // 1000


def test_a_day_is_one_in_utc() -> None:
    assert [day_of(NOW - NOW % DAY_MS + ms) for ms in (-1, 0, DAY_MS - 1)] == ["2026-03-02", "2026-03-03", "2026-03-03"]


class Careless(Table):
    """Whoever writes last has counted."""

    def put(self, item: Item, *, over: Item | None) -> bool:
        self.client.put_item(TableName=self.name, Item=to_dynamodb(item | {"rev": 1 if over is None else over["rev"]}))
        return True


def assert_adds_up(counts: Sequence[Sequence[int]], order: Sequence[int], table: Callable[..., Table] = Table) -> None:
    """Several functions count side by side: nothing is lost, and nothing counted twice."""
    world = World()
    tallies = [Tally(table(world.table.client, "t")) for _ in counts]

    def counting(tally: Tally, some: Sequence[int]) -> Callable[[], None]:
        def run() -> None:
            tally.write(NOW)
            for number, by in enumerate(some):
                tally.count("received", by)
                tally.write(NOW + (number + 1) * EVERY_MS)

        return run

    interleave(world.steps, [counting(*each) for each in zip(tallies, counts, strict=True)], order)
    for tally in tallies:  # what lost its race is written a minute later
        tally.write(NOW + 100 * EVERY_MS)
    assert tallies[0].of_days(NOW, 1)["received"] == sum(map(sum, counts))


counts_ = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3), min_size=1, max_size=3)
order_ = st.lists(st.integers(0, 5), max_size=40)


@given(counts_, order_)
def test_side_by_side_it_adds_up(counts: list[list[int]], order: list[int]) -> None:
    assert_adds_up(counts, order)


def test_the_property_refutes_a_write_without_its_condition() -> None:
    @REFUTE
    @given(counts_, order_)
    def holds(counts: list[list[int]], order: list[int]) -> None:
        assert_adds_up(counts, order, Careless)

    with pytest.raises(AssertionError):
        holds()
