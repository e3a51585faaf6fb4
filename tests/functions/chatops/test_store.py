"""Messages in the table: waiting, claimed, sent or refused."""

from typing import Any

import pytest

from fleet.items import ConflictError, Table
from functions.chatops.message import Message
from functions.chatops.store import CLAIM_MS, Claimed, MessageStore, key
from tests.layers.fleet.fakes import FakeDynamoDB

NOW = 1_000_000
EVENT = '{"detail-type": "FindingOpened"}'
MESSAGE = Message(id="m", channel="C", text="t", blocks=[{"type": "header"}])


@pytest.fixture
def table() -> Table:
    client: Any = FakeDynamoDB()
    return Table(client, "t")


@pytest.fixture
def store(table: Table) -> MessageStore:
    return MessageStore(table)


def test_a_message_is_added_once(store: MessageStore) -> None:
    assert store.add(MESSAGE, EVENT, NOW)
    assert not store.add(MESSAGE, EVENT, NOW + 1)


def test_a_message_expires_ninety_days_after_it_was_sent_and_not_while_it_waits(
    store: MessageStore, table: Table
) -> None:
    store.add(MESSAGE, EVENT, NOW)
    assert "expires" not in (table.get(key("m")) or {})
    store.sent("m", "1.0", NOW)
    assert (table.get(key("m")) or {})["expires"] == 1000 + 90 * 24 * 3600


def test_a_claimed_message_comes_as_it_was_and_to_one_only(store: MessageStore) -> None:
    store.add(MESSAGE, EVENT, NOW)
    assert store.claim("m", NOW) == Claimed(MESSAGE, EVENT)
    assert store.claim("m", NOW + CLAIM_MS - 1) is None


def test_a_claim_runs_out(store: MessageStore) -> None:
    store.add(MESSAGE, EVENT, NOW)
    store.claim("m", NOW)
    assert store.claim("m", NOW + CLAIM_MS) == Claimed(MESSAGE, EVENT)


def test_a_released_message_may_be_claimed_at_once(store: MessageStore) -> None:
    store.add(MESSAGE, EVENT, NOW)
    store.claim("m", NOW)
    store.release("m")
    assert store.claim("m", NOW) == Claimed(MESSAGE, EVENT)


def test_what_nobody_added_cannot_be_claimed_or_changed(store: MessageStore, table: Table) -> None:
    assert store.claim("m", NOW) is None
    store.sent("m", "1.0", NOW)
    assert table.get(key("m")) is None


def test_a_sent_message_neither_waits_nor_is_claimed_again(store: MessageStore, table: Table) -> None:
    store.add(MESSAGE, EVENT, NOW)
    store.claim("m", NOW)
    store.sent("m", "1.0", NOW)
    assert list(store.waiting(before=10**15)) == []
    assert store.claim("m", NOW + 10 * CLAIM_MS) is None
    assert (table.get(key("m")) or {})["ts"] == "1.0"


def test_a_refused_message_does_not_wait_and_says_why(store: MessageStore, table: Table) -> None:
    store.add(MESSAGE, EVENT, NOW)
    store.claim("m", NOW)
    store.refused("m", "channel_not_found", NOW)
    assert list(store.waiting(before=10**15)) == []
    item = table.get(key("m")) or {}
    assert (item["state"], item["why"]) == ("refused", "channel_not_found")


def test_messages_wait_oldest_first(store: MessageStore) -> None:
    for number, id_ in enumerate(("c", "a", "b")):
        store.add(Message(id=id_, channel="C", text="t", blocks=[]), EVENT, NOW + number)
    assert store.waiting(before=NOW + 2) == ["c", "a"]


def test_the_status_is_written_only_when_it_changes(store: MessageStore, table: Table) -> None:
    store.report("no token", NOW)
    store.report("no token", NOW + 1)
    assert table.get("status#slack") == {
        "pk": "status#slack",
        "v": 1,
        "status": "no token",
        "since": NOW,
        "rev": 1,
    }
    store.report("ok", NOW + 2)
    assert (table.get("status#slack") or {})["since"] == NOW + 2


def test_an_item_that_does_not_hold_still_is_an_error(store: MessageStore, table: Table) -> None:
    store.add(MESSAGE, EVENT, NOW)
    stubborn: Any = table
    stubborn.put = lambda _item, *, over: False
    with pytest.raises(ConflictError):
        store.release("m")
