"""The budget of effects: so many in an hour, told once when they are used up, and more in the next."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.budget import Budget, next_hour
from fleet.events.envelope import Entry
from fleet.items import ConflictError, Item, Table, to_dynamodb
from tests.layers.fleet.entries import entry
from tests.layers.fleet.fakes import FakeDynamoDB, KilledError, Steps, interleave
from tests.layers.fleet.refute import REFUTE

NOW = 1_772_500_000_000  # 2026-03-03T01:06:40Z
HOUR = 3_600_000
PK = "budget#2026-03-03T01"

type Break = Callable[[Budget], None]


def used_up(hour: str, now: int) -> Entry:
    assert now
    return entry(f"used-up-{hour}")


class World:
    """A table and how often people were told."""

    def __init__(self, per_hour: int = 10) -> None:
        self.steps = Steps()
        self.dynamodb = FakeDynamoDB(self.steps)
        client: Any = self.dynamodb
        self.table = Table(client, "t")
        self.budget = self.another(per_hour)

    def another(self, per_hour: int) -> Budget:
        return Budget(self.table, per_hour=per_hour, capability="tests", used_up=used_up)

    def told(self, pk: str = PK) -> list[str]:
        return [each["id"] for each in (self.table.get(pk) or {}).get("outbox", [])]

    @property
    def used(self) -> int:
        return int((self.table.get(PK) or {"used": 0})["used"])


@pytest.fixture
def world() -> World:
    return World()


def test_as_many_as_are_wanted_are_given_as_long_as_there_are_any(world: World) -> None:
    assert [world.budget.take(4, NOW) for _ in range(4)] == [4, 4, 2, 0]
    assert world.used == 10


def test_people_are_told_once_in_the_same_write_when_it_falls_short(world: World) -> None:
    world.budget.take(10, NOW)
    assert world.told() == [], "all of it may be used"
    for _ in range(3):
        world.budget.take(1, NOW)
    assert world.told() == ["used-up-2026-03-03T01"]
    assert world.dynamodb.written[-1]["pending"] == {"S": "1"}


def test_who_asks_for_more_than_is_left_gets_what_is_left_and_people_are_told(world: World) -> None:
    assert world.budget.take(25, NOW) == 10
    assert len(world.told()) == 1


def test_the_next_hour_has_a_budget_of_its_own(world: World) -> None:
    world.budget.take(11, NOW)
    assert world.budget.take(11, NOW + HOUR) == 10
    assert world.told("budget#2026-03-03T02") == ["used-up-2026-03-03T02"]


def test_without_a_budget_nothing_is_given(world: World) -> None:
    assert world.another(0).take(1, NOW) == 0
    assert len(world.told()) == 1


def test_nothing_wanted_is_nothing_written(world: World) -> None:
    assert world.budget.take(0, NOW) == 0
    assert world.dynamodb.written == []


def test_once_it_is_used_up_nothing_is_written_any_more(world: World) -> None:
    world.budget.take(11, NOW)
    written = len(world.dynamodb.written)
    world.budget.take(5, NOW)
    assert len(world.dynamodb.written) == written


def test_who_only_looks_what_is_left_writes_nothing(world: World) -> None:
    assert world.budget.left(NOW) == 10
    world.budget.take(7, NOW)
    written = len(world.dynamodb.written)
    assert (world.budget.left(NOW), world.another(5).left(NOW), world.budget.left(NOW + HOUR)) == (3, 0, 10)
    assert len(world.dynamodb.written) == written


def test_that_something_must_wait_is_said_once_whatever_is_left_and_nothing_is_used(world: World) -> None:
    world.budget.take(7, NOW)
    for _ in range(3):
        world.budget.say_short(NOW)
    assert (world.told(), world.used) == (["used-up-2026-03-03T01"], 7)
    assert world.budget.take(7, NOW) == 3
    assert len(world.told()) == 1


@given(st.integers(0, 2 * 10**12))
def test_the_next_hour_is_the_first_whose_budget_is_another(now: int) -> None:
    world, then = World(), next_hour(now)
    world.budget.take(10, now)
    assert now < then <= now + HOUR
    assert (world.budget.left(then - 1), world.budget.left(then)) == (0, 10)


def test_what_did_not_come_about_is_given_back(world: World) -> None:
    world.budget.take(10, NOW)
    world.budget.give_back(3, NOW)
    assert world.budget.take(5, NOW) == 3


def test_no_more_is_given_back_than_was_taken(world: World) -> None:
    world.budget.give_back(3, NOW)
    world.budget.take(1, NOW)
    world.budget.give_back(3, NOW)
    world.budget.give_back(0, NOW)
    assert world.used == 0
    assert world.budget.take(20, NOW) == 10


def test_nothing_given_back_is_nothing_written(world: World) -> None:
    world.budget.take(1, NOW)
    written = len(world.dynamodb.written)
    world.budget.give_back(0, NOW)
    assert len(world.dynamodb.written) == written


def test_when_it_first_falls_short_that_is_counted(world: World, logged: Callable[[], str]) -> None:
    world.budget.take(10, NOW)
    assert "Held" not in logged()
    world.budget.take(1, NOW)
    (line,) = logged().splitlines()
    said = json.loads(line)
    assert (said["Held"], said["reason"], said["service"]) == ([1.0], "budget", "tests")


def test_giving_back_does_not_forget_that_people_were_told(world: World) -> None:
    world.budget.take(11, NOW)
    world.budget.give_back(10, NOW)
    world.budget.take(1, NOW)
    world.budget.take(11, NOW)
    assert len(world.told()) == 1


def test_an_item_goes_away_by_itself_after_a_month(world: World) -> None:
    world.budget.take(1, NOW)
    assert (world.table.get(PK) or {})["expires"] == NOW // 1000 + 30 * 24 * 3600


def test_who_never_gets_to_write_is_told_so(world: World) -> None:
    world.budget.take(1, NOW)
    get = world.table.get

    def overtaken(pk: str) -> Item | None:
        item = get(pk)
        world.table.put(item or {"pk": pk}, over=item)
        return item

    world.table.get = overtaken  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        world.budget.take(1, NOW)
    world.budget.give_back(1, NOW)  # is no reason to fail


wishes = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=3), min_size=1, max_size=3)
choices = st.lists(st.integers(0, 5), max_size=40)
kills = st.lists(st.none() | st.integers(1, 5), max_size=5)


def assert_no_more_is_given(wanted: Sequence[Sequence[int]], order: Sequence[int], break_it: Break) -> None:
    """Several take side by side, one step at a time: together they get what there is, and people are told once."""
    world = World()
    given: list[int] = []

    def taking(some: Sequence[int]) -> Callable[[], None]:
        budget = world.another(10)
        break_it(budget)
        return lambda: given.extend(budget.take(each, NOW) for each in some)

    interleave(world.steps, [taking(some) for some in wanted], order)
    total = sum(sum(some) for some in wanted)
    assert sum(given) == world.used == min(10, total)
    assert len(world.told()) == (total > 10)


def sound(_budget: Budget) -> None:
    """As it is."""


@given(wishes, choices)
def test_side_by_side_no_more_is_given_than_there_is(wanted: list[list[int]], order: list[int]) -> None:
    assert_no_more_is_given(wanted, order, sound)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), kills)
def test_killed_at_any_step_no_more_is_given_and_people_are_told(wanted: list[int], after: list[int | None]) -> None:
    world = World()
    given = 0
    for number, each in enumerate(wanted):
        kill = after[number] if number < len(after) else None
        world.steps.kill_at = None if kill is None else world.steps.taken + kill
        try:
            given += world.budget.take(each, NOW)
        except KilledError:
            world.steps.kill_at = None
    world.steps.kill_at = None
    assert given <= world.used <= 10
    while world.budget.take(1, NOW):
        given += 1
    assert len(world.told()) == 1


def unconditional(budget: Budget) -> None:
    """Whoever writes last has counted."""
    table = budget._table

    class Careless(Table):
        def put(self, item: Item, *, over: Item | None) -> bool:
            rev = 1 if over is None else over["rev"] + 1
            self.client.put_item(TableName=self.name, Item=to_dynamodb(item | {"rev": rev}))
            return True

    budget._table = Careless(table.client, table.name)


def tells_every_time(budget: Budget) -> None:
    """It is not remembered that people were told."""
    table = budget._table

    class Forgetful(Table):
        def get(self, pk: str) -> Item | None:
            item = super().get(pk)
            return item and item | {"told": False}

    budget._table = Forgetful(table.client, table.name)


def gives_without_writing(budget: Budget) -> None:
    """What is given is not counted."""
    table = budget._table

    class Idle(Table):
        def put(self, item: Item, *, over: Item | None) -> bool:
            return True

    budget._table = Idle(table.client, table.name)


@pytest.mark.parametrize("broken", [unconditional, tells_every_time, gives_without_writing])
def test_the_property_refutes(broken: Break) -> None:
    @REFUTE
    @given(wishes, choices)
    def holds(wanted: list[list[int]], order: list[int]) -> None:
        assert_no_more_is_given(wanted, order, broken)

    with pytest.raises(AssertionError):
        holds()
