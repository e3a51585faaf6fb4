"""What the clock will do to an item stands in the index of the outbox, while nothing waits to be sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.items import DUE, UNSENT, Item
from fleet.outbox import SWEEP_AFTER_MS, with_due, with_entries, without_entries
from tests.layers.fleet.entries import entry
from tests.layers.fleet.refute import REFUTE
from tests.layers.fleet.test_outbox import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_is_due_stands_in_the_index_by_its_time() -> None:
    assert with_due({"pk": "a", "due_at": 7}) == {"pk": "a", "due_at": 7, "pending": DUE, "pending_since": 7}


def test_what_is_due_at_another_time_stands_there_instead() -> None:
    item = with_due({"pk": "a", "due_at": 7}) | {"due_at": 9}
    assert with_due(item)["pending_since"] == 9


def test_what_is_due_no_more_leaves_the_index() -> None:
    assert with_due({"pk": "a", "pending": DUE, "pending_since": 7}) == {"pk": "a"}


def test_what_waits_to_be_sent_comes_before_what_is_due_and_keeps_its_time() -> None:
    waiting = with_entries({"pk": "a", "due_at": 7}, [entry("n1")], 5)
    assert with_due(waiting) == waiting
    assert (waiting["pending"], waiting["pending_since"]) == (UNSENT, 5)


def test_an_event_of_an_item_that_is_due_waits_since_it_was_written_not_since_the_item_is_due() -> None:
    item = with_entries(with_due({"pk": "a", "due_at": 7}), [entry("n1")], 50)
    assert (item["pending"], item["pending_since"]) == (UNSENT, 50)


def test_when_all_is_sent_the_item_stands_in_the_index_by_when_it_is_due() -> None:
    item = with_entries({"pk": "a", "due_at": 7}, [entry("n1"), entry("n2")], 5)
    half = without_entries(item, {"n1"})
    assert (half["pending"], half["pending_since"], half["due_at"]) == (UNSENT, 5, 7)
    assert without_entries(half, {"n2"}) == {"pk": "a", "due_at": 7, "pending": DUE, "pending_since": 7}


def test_the_sweep_and_the_clock_each_find_their_own(bench: Bench) -> None:
    bench.write(entry("n1"), pk="waits", due_at=1)
    bench.table.put(with_due({"pk": "due", "due_at": 1}), over=None)
    bench.now += SWEEP_AFTER_MS + 1
    assert list(bench.outbox.overdue()) == ["waits"]
    assert list(bench.table.pending(before=2, of=DUE)) == ["due"]
    bench.outbox.flush("waits")
    assert list(bench.outbox.overdue()) == []
    assert sorted(bench.table.pending(before=2, of=DUE)) == ["due", "waits"]


def test_a_flush_leaves_an_item_that_is_only_due_alone(bench: Bench) -> None:
    bench.table.put(with_due({"pk": "a", "due_at": 1}), over=None)
    written = len(bench.dynamodb.written)
    assert bench.outbox.flush("a") == 0
    assert (len(bench.dynamodb.written), bench.events.calls) == (written, [])


steps = st.lists(
    st.tuples(st.just("write"), st.integers(0, 9))
    | st.tuples(st.just("due"), st.none() | st.integers(0, 9))
    | st.tuples(st.just("sent"), st.sets(st.integers(0, 9))),
    max_size=12,
)


def assert_index_tells_what_is_next(story: list[Any], write: Any, due: Any, sent: Any) -> None:
    """In the index for sending while something waits, since the first of it came; else by when it is due; else not."""
    item: Item = {"pk": "a"}
    waiting: list[str] = []
    since = 0
    for now, (what, value) in enumerate(story, start=100):
        if what == "write":
            since = since if waiting else now
            waiting.append(f"n{value}")
            item = due(write(item, [entry(f"n{value}")], now))
        elif what == "due":
            plain = {name: each for name, each in item.items() if name != "due_at"}
            item = due(plain if value is None else plain | {"due_at": value})
        else:
            taken = {f"n{number}" for number in value}
            waiting = [one for one in waiting if one not in taken]
            item = sent(item, taken)
        stands = (item.get("pending"), item.get("pending_since"))
        if waiting:
            assert stands == (UNSENT, since)
        else:
            assert stands == ((DUE, item["due_at"]) if "due_at" in item else (None, None))
        assert [one["id"] for one in item.get("outbox", [])] == waiting


@given(steps)
def test_an_item_stands_in_the_index_for_what_is_to_be_done_next(story: list[Any]) -> None:
    assert_index_tells_what_is_next(story, with_entries, with_due, without_entries)


def due_first(item: Item) -> Item:
    """What is due hides what waits to be sent."""
    return item | {"pending": DUE, "pending_since": item["due_at"]} if "due_at" in item else item


def since_it_was_due(item: Item, entries: Any, now: int) -> Item:
    """An event is as old as the item's place in the index, whatever that was for."""
    return with_entries(item, entries, now) | {"pending_since": item.get("pending_since", now)}


def out_of_the_index(item: Item, sent: set[str]) -> Item:
    """When all is sent, what is due is forgotten."""
    left = without_entries(item, sent)
    return left if "outbox" in left else {k: v for k, v in left.items() if not k.startswith("pending")}


@pytest.mark.parametrize(
    ("write", "due", "sent"),
    [
        (with_entries, due_first, without_entries),
        (since_it_was_due, with_due, without_entries),
        (with_entries, with_due, out_of_the_index),
        (with_entries, lambda item: item, without_entries),
    ],
)
def test_the_property_of_the_index_refutes(write: Any, due: Any, sent: Any) -> None:
    @REFUTE
    @given(steps)
    def holds(story: list[Any]) -> None:
        assert_index_tells_what_is_next(story, write, due, sent)

    with pytest.raises(AssertionError):
        holds()
