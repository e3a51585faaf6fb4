"""Requests and the chain in the table: once, all or nothing, and in one line, however many write at once."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from fleet.items import to_dynamodb
from functions.chatops import audit
from functions.chatops.audit import Anchor, Entry, Head
from functions.chatops.request import Request, approve
from functions.chatops.store import (
    HEAD,
    Decision,
    Kept,
    MovedError,
    RepeatedError,
    audit_key,
)
from tests.functions.chatops.core import Core, no_sleep
from tests.functions.chatops.requests import NOW, request, voter
from tests.layers.fleet.fakes import FakeDynamoDB
from tests.layers.fleet.test_items import on_moto

ONE = request()


@pytest.fixture(params=["fake", "moto"])
def core(request: pytest.FixtureRequest) -> Iterator[Core]:
    if request.param == "fake":
        yield Core()
        return
    with on_moto() as table:
        yield Core(table.client, table.name, sleep=no_sleep)


def entry(name: str = "a") -> Entry:
    return Entry(kind="executed", actor=name, via="tests")


def filed(once: str = "file", **changes: Any) -> Decision:
    return Decision(once=once, request=ONE, entries=[entry()], due=ONE.expires_at, **changes)


def read(core: Core) -> Kept:
    kept = core.store.request(ONE.id)
    assert kept is not None
    return kept


def voted(kept: Kept, once: str = "vote", name: str = "ben") -> Decision:
    after = approve(kept.request, voter(name), NOW)
    return Decision(once=once, request=after, over=kept, entries=[entry(name)], due=0)


# One commit


def test_a_request_comes_back_as_it_was_filed(core: Core) -> None:
    core.store.commit(filed(), NOW)
    assert read(core).request == ONE
    assert list(core.store.due(ONE.expires_at)) == []
    assert list(core.store.due(ONE.expires_at + 1)) == [ONE.id]


def test_what_conditions_look_at_stands_beside_the_request(core: Core) -> None:
    core.store.commit(filed(), NOW)
    core.store.commit(voted(read(core)), NOW)
    item = read(core).item
    assert item.pop("request")
    assert item == {
        "pk": "request#r-0123456789",
        "v": 1,
        "rev": 2,
        "status": "GRANTED",
        "capability": "operations",
        "command": "queues redrive",
        "arguments_hash": ONE.arguments_hash,
        "targets": ["222222222222:us-east-1"],
        "requester": "aiko",
        "voters": ["ben"],
        "expires_at": ONE.expires_at,
        "execute_until": NOW + 3_600_000,
    }


def test_entries_stand_in_the_chain_one_after_the_other_and_the_head_is_the_last(core: Core) -> None:
    first = core.store.commit(Decision(once="1", entries=[entry("a"), entry("b")]), NOW)
    second = core.store.commit(Decision(once="2", entries=[entry("c")]), NOW + 1)
    assert core.trail() == first + second
    assert [record.entry.seq for record in first + second] == [1, 2, 3]
    assert core.store.head() == Head(seq=3, hash=second[0].hash, at=NOW + 1)


def test_what_was_decided_is_not_decided_again(core: Core) -> None:
    core.store.commit(filed(), NOW)
    assert core.store.decided("file")
    assert not core.store.decided("vote")
    with pytest.raises(RepeatedError):
        core.store.commit(Decision(once="file", entries=[entry()]), NOW)
    assert core.store.head().seq == 1


def test_a_request_is_filed_once_under_its_id(core: Core) -> None:
    core.store.commit(filed("one delivery"), NOW)
    with pytest.raises(MovedError):
        core.store.commit(filed("another"), NOW)
    assert core.store.head().seq == 1


def test_a_decision_made_on_an_old_reading_does_not_become_true(core: Core) -> None:
    core.store.commit(filed(), NOW)
    old = read(core)
    core.store.commit(voted(old, "first"), NOW)
    with pytest.raises(MovedError):
        core.store.commit(voted(old, "second", "dai"), NOW)
    assert read(core).request.decided_by == ["ben"]
    assert core.kinds() == ["executed", "executed"]
    assert not core.store.decided("second")


@pytest.mark.parametrize(
    "change",
    [
        {"status": "DENIED"},
        {"expires_at": NOW},
        {"requester": "ben"},
        {"voters": ["ben"]},
    ],
)
def test_the_write_itself_refuses_what_the_rules_would_have(core: Core, change: dict[str, Any]) -> None:
    """Somebody changed the item and not its revision: nobody may, and it would not help."""
    core.store.commit(filed(), NOW)
    kept = read(core)
    core.dynamodb.put_item(TableName=core.table.name, Item=to_dynamodb(kept.item | change))
    with pytest.raises(MovedError):
        core.store.commit(voted(kept), NOW)


def test_an_expired_request_may_be_written_after_its_time(core: Core) -> None:
    core.store.commit(filed(), NOW)
    kept = read(core)
    after = msgspec.structs.replace(kept.request, status="EXPIRED")
    core.store.commit(Decision(once="x", request=after, over=kept, entries=[entry()], due=0), ONE.expires_at)
    assert read(core).request.status == "EXPIRED"
    assert list(core.store.due(10**15)) == []


def test_a_settled_request_is_not_looked_at_again(core: Core) -> None:
    core.store.commit(filed(), NOW)
    core.store.settled(ONE.id, NOW)
    assert list(core.store.due(10**15)) == []


def test_a_decision_without_entries_leaves_the_chain_alone(core: Core) -> None:
    assert core.store.commit(Decision(once="said"), NOW) == []
    assert core.table.get(HEAD) is None
    with pytest.raises(RepeatedError):
        core.store.commit(Decision(once="said"), NOW)


def test_what_fleetctl_waits_for_is_kept_for_a_day(core: Core) -> None:
    core.store.commit(Decision(once="d", also=[core.store.reply_item("d", ["so", "it is"], "r-1", NOW)]), NOW)
    item = core.table.get("reply#d") or {}
    assert (item["texts"], item["request"], item["expires"]) == (["so", "it is"], "r-1", NOW // 1000 + 86_400)


# The chain, read


def test_missing_entries_are_left_out_and_what_is_not_read_at_once_is_asked_for_again(core: Core) -> None:
    for n in range(3):
        core.store.commit(Decision(once=f"{n}", entries=[entry(f"{n}-{m}") for m in range(50)]), NOW)
    if isinstance(core.dynamodb, FakeDynamoDB):
        core.dynamodb.unprocessed = 30
    assert [record.entry.seq for record in core.store.records(1, 150)] == list(range(1, 151))
    assert [record.entry.seq for record in core.store.records(149, 160)] == [149, 150]
    assert [record.entry.seq for record in core.store.records(-5, 2)] == [1, 2]
    assert list(core.store.records(3, 2)) == []


@pytest.mark.parametrize("text", ["not JSON", "{}", '{"kind":"unknown"}', None])
def test_an_entry_that_is_not_as_the_chain_writes_them_is_there_and_broken(core: Core, text: str | None) -> None:
    core.store.commit(Decision(once="1", entries=[entry(), entry(), entry()]), NOW)
    item: dict[str, Any] = {"pk": audit_key(2), "v": 1, "hash": "ab"} | ({"entry": text} if text is not None else {})
    core.dynamodb.put_item(TableName=core.table.name, Item=to_dynamodb(item))
    broken = audit.verify(core.store.records(1, 3)).broken
    assert broken is not None
    assert broken.seq == 2


def test_a_field_beside_those_of_an_entry_breaks_it_though_its_hash_does_not_cover_it(core: Core) -> None:
    core.store.commit(Decision(once="1", entries=[entry()]), NOW)
    item = core.table.get(audit_key(1)) or {}
    text = item["entry"].replace('"via"', '"note":"forged","via"')
    core.dynamodb.put_item(TableName=core.table.name, Item=to_dynamodb(item | {"entry": text}))
    assert not audit.verify(core.store.records(1, 1)).intact


def test_anchors_are_remembered_in_their_order_and_each_number_once(core: Core) -> None:
    def anchor(number: int, hour: str = "2025-11-24T16") -> Anchor:
        return Anchor(number=number, at=NOW, hour=hour, first=1, last=0, hash="", previous="")

    assert core.store.last_anchor() is None
    assert core.store.remember_anchor(anchor(1))
    assert core.store.remember_anchor(anchor(2))
    assert not core.store.remember_anchor(anchor(2, "2025-11-24T17"))
    assert not core.store.remember_anchor(anchor(1))
    assert core.store.last_anchor() == anchor(2)


def test_a_request_of_an_older_shape_is_read_with_what_has_been_added_since(core: Core) -> None:
    core.store.commit(filed(), NOW)
    item = read(core).item
    old = {name: value for name, value in msgspec.to_builtins(ONE).items() if name not in {"asked", "reviews", "note"}}
    core.dynamodb.put_item(
        TableName=core.table.name, Item=to_dynamodb(item | {"request": msgspec.json.encode(old).decode()})
    )
    assert isinstance(read(core).request, Request)
    assert read(core).request == ONE
