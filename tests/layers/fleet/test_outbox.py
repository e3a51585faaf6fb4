"""The outbox: an event stays on its item until EventBridge has confirmed it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from fleet.events.envelope import Entry
from fleet.items import ConflictError, Table
from fleet.outbox import SWEEP_AFTER_MS, Outbox, UnsentError, with_entries, without_entries
from fleet.publisher import Publisher
from tests.layers.fleet.entries import entry
from tests.layers.fleet.fakes import FakeDynamoDB, FakeEvents, KilledError, Steps, client_error, interleave
from tests.layers.fleet.refute import REFUTE


class Bench:
    """A table, a bus, and the outbox between them."""

    def __init__(self) -> None:
        self.steps = Steps()
        self.dynamodb = FakeDynamoDB(self.steps)
        self.events = FakeEvents(self.steps)
        self.now = 1_000_000
        client: Any = self.dynamodb
        bus: Any = self.events
        self.table = Table(client, "t")
        self.outbox = Outbox(self.table, Publisher(bus, "yagura", sleep=lambda _s: None), lambda: self.now)

    def write(self, *entries: Entry, pk: str = "a", **fact: Any) -> None:
        """A fact, and what is to be told of it."""
        while True:
            old = self.table.get(pk)
            item = (old or {}) | {"pk": pk, "facts": [*(old or {}).get("facts", []), *(e.id for e in entries)]} | fact
            if self.table.put(with_entries(item, entries, self.now), over=old):
                return

    def waiting(self, pk: str = "a") -> list[str]:
        return [one["id"] for one in (self.table.get(pk) or {}).get("outbox", [])]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_was_sent_leaves_the_item_and_the_index_and_the_fact_stays(bench: Bench) -> None:
    bench.write(entry("n1"), entry("n2"))
    assert bench.outbox.flush("a") == 2
    assert bench.events.ids == ["n1", "n2"]
    assert bench.table.get("a") == {"pk": "a", "facts": ["n1", "n2"], "rev": 2}
    assert list(bench.table.pending(before=10**15)) == []


def test_an_item_with_nothing_to_tell_makes_no_call(bench: Bench) -> None:
    bench.write()
    assert bench.outbox.flush("a") == bench.outbox.flush("missing") == 0
    assert bench.events.calls == []


def test_what_was_not_taken_stays_and_is_an_error(bench: Bench) -> None:
    bench.write(entry("n1"), entry("n2"))
    bench.events.refuse = lambda detail: '"n1"' in detail
    with pytest.raises(UnsentError, match="1 of 2"):
        bench.outbox.flush("a")
    assert bench.waiting() == ["n1"]
    assert list(bench.table.pending(before=10**15)) == ["a"]


def test_a_flush_that_sends_nothing_writes_nothing_since_the_stream_would_bring_it_back(bench: Bench) -> None:
    bench.write(entry("n1"))
    bench.events.refuse = lambda _detail: True
    written = len(bench.dynamodb.written)
    with pytest.raises(UnsentError):
        bench.outbox.flush("a")
    assert len(bench.dynamodb.written) == written


def test_a_bus_that_is_away_leaves_everything_as_it_was(bench: Bench) -> None:
    bench.write(entry("n1"))
    bench.events.error = client_error("InternalException", "PutEvents")
    with pytest.raises(ClientError):
        bench.outbox.flush("a")
    assert bench.waiting() == ["n1"]


def test_killed_between_sending_and_confirming_it_sends_again_under_the_same_id(bench: Bench) -> None:
    bench.write(entry("n1"))
    bench.steps.names.clear()
    bench.steps.kill_at = bench.steps.taken + 4
    with pytest.raises(KilledError, match="after PutEvents"):
        bench.outbox.flush("a")
    assert bench.waiting() == ["n1"]
    bench.outbox.flush("a")
    assert bench.events.ids == ["n1", "n1"]
    assert bench.waiting() == []


@pytest.mark.parametrize("step", range(1, 7))
def test_killed_at_any_step_nothing_is_lost(bench: Bench, step: int) -> None:
    bench.write(entry("n1"))
    bench.steps.kill_at = bench.steps.taken + step
    with pytest.raises(KilledError):
        bench.outbox.flush("a")
    bench.outbox.flush("a")
    assert set(bench.events.ids) == {"n1"}
    assert bench.waiting() == []


def assert_nothing_lost(bench: Bench, choices: list[int]) -> None:
    """Two writers and two publishers on one item: what was written was sent, and the facts are all there."""

    def flush() -> None:
        for _ in range(2):
            try:
                bench.outbox.flush("a")
            except ConflictError:
                continue

    def write(name: str) -> None:
        bench.write(entry(f"{name}1"))
        bench.write(entry(f"{name}2"))

    interleave(bench.steps, [lambda: write("a"), lambda: write("b"), flush, flush], choices)
    bench.outbox.flush("a")
    item = bench.table.get("a") or {}
    assert sorted(item["facts"]) == ["a1", "a2", "b1", "b2"]
    assert set(bench.events.ids) == {"a1", "a2", "b1", "b2"}
    assert "outbox" not in item
    assert "pending" not in item


side_by_side = st.lists(st.integers(0, 11), max_size=60)


@given(side_by_side)
def test_a_write_between_sending_and_confirming_loses_neither_fact_nor_event(choices: list[int]) -> None:
    assert_nothing_lost(Bench(), choices)


def takes_all_off(bench: Bench) -> None:
    """Confirms whatever stands on the item, not what was sent."""

    def confirm(pk: str, _item: Any, _sent: set[str]) -> None:
        item = bench.table.get(pk)
        assert item is not None
        bench.table.put(without_entries(item, {one["id"] for one in item.get("outbox", [])}), over=item)

    outbox: Any = bench.outbox
    outbox._confirm = confirm


def writes_over(bench: Bench) -> None:
    """Confirms by writing back what it read before."""

    def confirm(pk: str, item: Any, sent: set[str]) -> None:
        now = bench.table.get(pk)
        bench.table.put(without_entries(item, sent), over=now)

    outbox: Any = bench.outbox
    outbox._confirm = confirm


@pytest.mark.parametrize("broken", [takes_all_off, writes_over])
def test_the_property_refutes(broken: Any) -> None:
    @REFUTE
    @given(side_by_side)
    def holds(choices: list[int]) -> None:
        bench = Bench()
        broken(bench)
        assert_nothing_lost(bench, choices)

    with pytest.raises(AssertionError):
        holds()


def test_an_item_that_does_not_hold_still_is_an_error_and_keeps_its_event(bench: Bench) -> None:
    bench.write(entry("n1"))
    put = bench.table.put

    def overtaken(item: Any, *, over: Any) -> bool:
        bench.dynamodb.items["a"]["rev"] = {"N": str(int(bench.dynamodb.items["a"]["rev"]["N"]) + 1)}
        return put(item, over=over)

    table: Any = bench.table
    table.put = overtaken
    with pytest.raises(ConflictError):
        bench.outbox.flush("a")
    assert bench.waiting() == ["n1"]


def test_an_item_that_was_deleted_after_sending_is_let_go(bench: Bench) -> None:
    bench.write(entry("n1"))

    def vanish(_detail: str) -> bool:
        bench.dynamodb.items.clear()
        return False

    bench.events.refuse = vanish
    assert bench.outbox.flush("a") == 1


@given(st.lists(st.integers(-300_000, 0), max_size=8))
def test_the_sweep_finds_only_what_is_older_than_two_minutes_oldest_first(ages: list[int]) -> None:
    bench = Bench()
    end = bench.now
    for index, age in enumerate(ages):
        bench.now = end + age
        bench.write(entry(f"n{index}"), pk=f"item{index}")
    bench.now = end
    found = list(bench.outbox.overdue())
    assert set(found) == {f"item{index}" for index, age in enumerate(ages) if age < -SWEEP_AFTER_MS}
    assert [ages[int(pk[4:])] for pk in found] == sorted(ages[int(pk[4:])] for pk in found)


def test_a_later_event_does_not_make_an_item_younger(bench: Bench) -> None:
    bench.write(entry("n1"))
    bench.now += SWEEP_AFTER_MS
    bench.write(entry("n2"))
    bench.now += 1
    assert list(bench.outbox.overdue()) == ["a"]


def test_two_minutes_are_two_minutes() -> None:
    assert SWEEP_AFTER_MS == 2 * 60 * 1000


def test_adding_nothing_changes_nothing() -> None:
    assert with_entries({"pk": "a"}, [], 5) == {"pk": "a"}
