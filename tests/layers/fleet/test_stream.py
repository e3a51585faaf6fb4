"""What wakes a publisher: the stream's records, or a tick."""

from collections.abc import Callable
from typing import Any

import pytest

from fleet.stream import publish

type Logged = Callable[[], str]


class Waiting:
    """An outbox whose items fail or do not."""

    def __init__(self, *bad: str) -> None:
        self.bad, self.flushed = bad, list[str]()

    def flush(self, pk: str) -> int:
        self.flushed.append(pk)
        if pk in self.bad:
            raise RuntimeError("PATIENT-4711")
        return 1

    def overdue(self) -> list[str]:
        return ["a", "b", "c"]


def records(*pks: str) -> dict[str, Any]:
    return {
        "Records": [
            {"dynamodb": {"Keys": {"pk": {"S": pk}}, "SequenceNumber": str(number)}} for number, pk in enumerate(pks)
        ]
    }


def run(event: dict[str, Any], outbox: Any) -> dict[str, Any]:
    return publish(event, outbox, capability="tests")


def test_every_record_of_the_stream_is_flushed() -> None:
    outbox = Waiting()
    assert run(records("a", "b"), outbox) == {"batchItemFailures": []}
    assert outbox.flushed == ["a", "b"]


def test_the_stream_comes_back_from_the_first_record_that_failed() -> None:
    outbox = Waiting("b", "c")
    assert run(records("a", "b", "c"), outbox) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert outbox.flushed == ["a", "b"]


def test_a_record_without_a_key_is_reported_too() -> None:
    event = {"Records": [{"dynamodb": {"Keys": {}, "SequenceNumber": "7"}}]}
    assert run(event, Waiting()) == {"batchItemFailures": [{"itemIdentifier": "7"}]}


def test_a_tick_flushes_what_is_overdue() -> None:
    outbox = Waiting()
    assert run({"tick": 120}, outbox) == {"batchItemFailures": []}
    assert outbox.flushed == ["a", "b", "c"]


def test_a_tick_goes_on_after_an_item_that_fails_and_fails_at_its_end() -> None:
    outbox = Waiting("a")
    with pytest.raises(ExceptionGroup, match="1 items"):
        run({"tick": 120}, outbox)
    assert outbox.flushed == ["a", "b", "c"]


def test_the_text_of_an_error_is_not_logged(logged: Logged) -> None:
    run(records("a"), Waiting("a"))
    with pytest.raises(ExceptionGroup):
        run({"tick": 120}, Waiting("a"))
    output = logged()
    assert "RuntimeError" in output
    assert "PATIENT" not in output


def record(pk: str, number: str = "1") -> dict[str, Any]:
    return {"dynamodb": {"Keys": {"pk": {"S": pk}}, "SequenceNumber": number}}


def test_what_was_published_is_counted_and_nothing_is_not(logged: Logged) -> None:
    outbox: Any = Waiting()
    publish({"Records": [record("a"), record("b")]}, outbox, capability="c")
    assert logged().count('"Published":[1.0]') == 2
    publish({}, outbox, capability="c")
    assert '"Swept":[1.0]' in logged()
    outbox.flush = lambda _pk: 0
    publish({"Records": [record("a")]}, outbox, capability="c")
    publish({}, outbox, capability="c")
    text = logged()
    assert "Published" not in text
    assert "Swept" not in text


def test_a_failure_is_logged_without_its_text(logged: Logged) -> None:
    outbox: Any = Waiting("a")
    assert publish({"Records": [record("a", "7")]}, outbox, capability="c") == {
        "batchItemFailures": [{"itemIdentifier": "7"}]
    }
    text = logged()
    assert '"message":"publish failed"' in text
    assert "PATIENT-4711" not in text
