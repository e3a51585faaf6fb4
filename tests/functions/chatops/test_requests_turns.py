"""Writers of the chain take turns: conflicts, crashes, and many at once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops import audit
from functions.chatops.audit import Entry
from functions.chatops.store import (
    ATTEMPTS,
    HEAD,
    BusyError,
    Decision,
    RepeatedError,
    Store,
    audit_key,
    due_key,
    request_key,
)
from tests.functions.chatops.core import Core
from tests.functions.chatops.requests import NOW, request
from tests.layers.fleet.fakes import KilledError, client_error, interleave
from tests.layers.fleet.refute import REFUTE

ONE = request()


def entry(name: str = "a") -> Entry:
    return Entry(kind="executed", actor=name, via="tests")


def filed(once: str = "file", **changes: Any) -> Decision:
    return Decision(once=once, request=ONE, entries=[entry()], due=ONE.expires_at, **changes)


def test_a_conflict_is_tried_again() -> None:
    core = Core()
    core.dynamodb.conflicts = ATTEMPTS - 1
    core.store.commit(filed(), NOW)
    assert core.kinds() == ["executed"]


def test_whoever_never_gets_a_turn_is_told_and_has_changed_nothing() -> None:
    core = Core()
    core.dynamodb.conflicts = ATTEMPTS
    with pytest.raises(BusyError):
        core.store.commit(filed(), NOW)
    assert core.dynamodb.items == {}


def test_between_turns_it_waits_and_before_the_first_it_does_not() -> None:
    core, slept = Core(), list[float]()
    core.store = Store(core.table, sleep=slept.append)
    core.store.commit(filed(), NOW)
    assert slept == []
    core.dynamodb.conflicts = 20
    core.store.commit(Decision(once="x", entries=[entry()]), NOW)
    assert len(slept) == 20
    assert all(0 <= each <= max(0.06, 0.9 / attempt) for attempt, each in enumerate(slept, 1))
    assert len(set(slept)) == 20


def test_an_error_that_is_no_matter_of_turns_is_raised_at_once() -> None:
    core = Core()
    cancelled = core.dynamodb.exceptions.TransactionCanceledException([{"Code": "ValidationError"}])
    for error, text in ((client_error("AccessDeniedException"), "AccessDenied"), (cancelled, "ValidationError")):
        core.dynamodb.error = error
        core.steps.names.clear()
        with pytest.raises(ClientError, match=text):
            core.store.commit(filed(), NOW)
        assert core.steps.names.count("before TransactWriteItems") == 1


def test_killed_at_any_call_all_of_a_decision_is_true_or_nothing_and_the_delivery_may_come_again() -> None:
    for step in range(1, 5):
        core = Core()
        core.steps.kill_at = step
        with pytest.raises(KilledError):
            core.store.commit(filed(), NOW)
        keys = {request_key(ONE.id), due_key(ONE.id), "once#file", HEAD, audit_key(1)}
        assert set(core.dynamodb.items) in ({*keys}, set())
        try:
            core.store.commit(filed(), NOW)
        except RepeatedError:
            assert step == 4
        assert set(core.dynamodb.items) == keys
        assert core.kinds() == ["executed"]


side_by_side = st.lists(st.integers(0, 11), max_size=60)


def assert_one_line(core: Core, choices: list[int]) -> None:
    """Three write side by side: every entry stands in the chain once, and the chain is intact."""

    def write(name: str) -> Callable[[], None]:
        def twice() -> None:
            for n in range(2):
                core.store.commit(Decision(once=f"{name}{n}", entries=[entry(name), entry(name)]), NOW)

        return twice

    interleave(core.steps, [write(name) for name in "abc"], choices)
    records = list(core.store.records(1, core.store.head().seq))
    assert audit.verify(records, end=core.store.head()).intact
    assert sorted(record.entry.actor for record in records) == sorted("abc" * 4)


@given(side_by_side)
def test_whoever_writes_at_the_same_time_the_chain_is_one_line(choices: list[int]) -> None:
    assert_one_line(Core(), choices)


def _no_condition(core: Core, which: Callable[[dict[str, Any]], bool]) -> None:
    write = core.dynamodb.transact_write_items

    def careless(*, TransactItems: list[dict[str, Any]]) -> Any:  # noqa: N803
        bare = [
            {"Put": {name: each["Put"][name] for name in ("TableName", "Item")}} if which(each["Put"]) else each
            for each in TransactItems
        ]
        return write(TransactItems=bare)

    core.dynamodb.transact_write_items = careless


def _one_by_one(core: Core) -> None:
    def torn(*, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803
        for element in TransactItems:
            core.dynamodb.put_item(**element["Put"])

    core.dynamodb.transact_write_items = torn


def _blind_head(core: Core) -> None:
    _no_condition(core, lambda put: put["Item"]["pk"]["S"] == HEAD or "audit#" in put["Item"]["pk"]["S"])


@pytest.mark.parametrize("broken", [_blind_head, _one_by_one])
def test_the_property_refutes(broken: Callable[[Core], None]) -> None:
    @REFUTE
    @given(side_by_side)
    def holds(choices: list[int]) -> None:
        core = Core()
        broken(core)
        try:
            assert_one_line(core, choices)
        except ClientError as error:  # what stands alone cannot be cancelled together
            raise AssertionError from error

    with pytest.raises(AssertionError):
        holds()


def test_threads_that_write_at_once_write_one_line() -> None:
    core = Core()
    threads = [
        threading.Thread(target=lambda name=name: core.store.commit(Decision(once=name, entries=[entry(name)]), NOW))
        for name in "abcdefgh"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(record.entry.actor for record in core.trail()) == list("abcdefgh")
