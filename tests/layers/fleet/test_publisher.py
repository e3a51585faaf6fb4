"""The publisher: batches that EventBridge takes, retried by index; nothing dropped silently."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from fleet.events.envelope import MAX_ENTRY_BYTES
from fleet.publisher import Publisher
from tests.layers.fleet.entries import entry
from tests.layers.fleet.fakes import FakeEvents, client_error


def publisher(events: FakeEvents, slept: list[float] | None = None) -> Publisher:
    client: Any = events
    return Publisher(client, "yagura", sleep=(slept if slept is not None else []).append)


def sizes(call: list[dict[str, Any]]) -> int:
    return sum(len(entry["Detail"].encode()) for entry in call)


@given(st.lists(st.sampled_from([1, 100, 60_000, 120_000, 239_000]), max_size=25))
def test_every_batch_has_at_most_ten_entries_and_the_size_that_eventbridge_takes(lengths: list[int]) -> None:
    events = FakeEvents()
    entries = [entry(f"n{index}", size) for index, size in enumerate(lengths)]
    assert publisher(events).put(entries) == {one.id for one in entries}
    assert events.ids == [one.id for one in entries]
    assert all(len(call) <= 10 and sizes(call) <= MAX_ENTRY_BYTES for call in events.calls)


def test_small_events_go_ten_at_a_time() -> None:
    events = FakeEvents()
    publisher(events).put([entry(f"n{index}") for index in range(25)])
    assert [len(call) for call in events.calls] == [10, 10, 5]


def test_no_events_make_no_call() -> None:
    events = FakeEvents()
    assert publisher(events).put([]) == set()
    assert events.calls == []


def test_an_entry_is_what_the_outbox_kept() -> None:
    events = FakeEvents()
    publisher(events).put([entry("n1")])
    assert events.taken == [
        {
            "EventBusName": "yagura",
            "Source": "yagura.tests",
            "DetailType": "NoteTaken",
            "Detail": entry("n1").detail,
        }
    ]


@given(st.lists(st.lists(st.booleans(), min_size=10, max_size=10), min_size=3, max_size=3))
def test_only_what_was_not_taken_is_put_again_and_only_what_was_taken_is_confirmed(verdicts: list[list[bool]]) -> None:
    """Round by round, which of the ten events EventBridge refuses."""
    events = FakeEvents()
    entries = [entry(f"n{index}") for index in range(10)]
    events.refuse = lambda detail: verdicts[len(events.calls) - 1][int(json.loads(detail)["meta"]["id"][1:])]
    confirmed = publisher(events).put(entries)
    assert confirmed == set(events.ids)
    assert len(events.ids) == len(set(events.ids)), "nothing that was taken is put again"
    lasting = [index for index in range(10) if all(refused[index] for refused in verdicts)]
    assert confirmed == {f"n{index}" for index in range(10) if index not in lasting}


def test_a_refused_entry_is_tried_three_times_with_growing_pauses() -> None:
    slept: list[float] = []
    events = FakeEvents(refuse=lambda _detail: True)
    assert publisher(events, slept).put([entry()]) == set()
    assert len(events.calls) == 3
    assert slept == sorted(slept)
    assert len(slept) == 2


def test_a_later_batch_goes_out_when_an_earlier_one_was_refused() -> None:
    events = FakeEvents(refuse=lambda detail: json.loads(detail)["meta"]["id"] == "n3")
    confirmed = publisher(events).put([entry(f"n{index}") for index in range(15)])
    assert confirmed == {f"n{index}" for index in range(15)} - {"n3"}


def test_a_call_that_fails_as_a_whole_confirms_nothing() -> None:
    events = FakeEvents()
    events.error = client_error("InternalException", "PutEvents")
    with pytest.raises(ClientError):
        publisher(events).put([entry()])


def test_an_answer_that_does_not_match_the_request_is_an_error() -> None:
    class Short(FakeEvents):
        def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            answer = super().put_events(Entries=Entries)
            return answer | {"Entries": answer["Entries"][1:]}

    with pytest.raises(ValueError, match="zip"):
        publisher(Short()).put([entry("n1"), entry("n2")])
