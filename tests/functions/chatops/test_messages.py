"""Messages in the table: the newest version of each, in its lane."""

from collections.abc import Sequence
from typing import Any

import boto3
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from fleet.items import ConflictError, Table
from functions.chatops import outbox
from functions.chatops.message import Message, Priority
from functions.chatops.messages import MessageStore, UnreadableError, key
from functions.chatops.outbox import Lane, Telling
from tests.functions.chatops.office import HOOK, note
from tests.layers.fleet.fakes import FakeDynamoDB

NOW = 1_000_000
PK = key("m", "#intake")
DAY_SECONDS = 24 * 3600


@pytest.fixture
def table() -> Table:
    client: Any = FakeDynamoDB()
    return Table(client, "t")


@pytest.fixture
def store(table: Table) -> MessageStore:
    return MessageStore(table)


def read(store: MessageStore, pk: str = PK) -> Telling:
    found = store.read(pk)
    assert found
    return found


def draft(store: MessageStore, table: Table, message: Message, now: int) -> None:
    """As a transaction writes it."""
    table.client.put_item(**store.keep_item(message, now)["Put"])


def test_a_message_is_kept_once(store: MessageStore) -> None:
    assert store.keep(note(), NOW)
    assert not store.keep(note(), NOW + 1)
    assert read(store) == Telling(message=note(), since=NOW, born=NOW)


def test_a_newer_version_takes_the_place_of_what_was_not_told_yet_and_keeps_its_turn(store: MessageStore) -> None:
    store.keep(note(version=1), NOW)
    assert store.keep(note(version=3), NOW + 5)
    assert not store.keep(note(version=2), NOW + 6)
    assert (read(store).message.version, read(store).since) == (3, NOW)


def test_the_same_subject_in_two_channels_is_two_messages(store: MessageStore) -> None:
    assert store.keep(note(channel="#a"), NOW)
    assert store.keep(note(channel="#b"), NOW)


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=12))
def test_any_order_and_multiplicity_of_versions_keeps_the_newest(versions: list[tuple[int, bool]]) -> None:
    client: Any = FakeDynamoDB()
    table = Table(client, "t")
    store = MessageStore(table)
    for at, (version, in_transaction) in enumerate(versions):
        if in_transaction:
            draft(store, table, note(version=version), NOW + at)
        else:
            store.keep(note(version=version), NOW + at)
        if at % 3 == 0:
            store.place_drafts(NOW + at)
    store.place_drafts(NOW)
    assert read(store).message == note(version=max(version for version, _ in versions))
    assert store.waiting("#intake", most=9) == [PK]


def test_a_draft_is_placed_once_and_forgotten_a_day_later(store: MessageStore, table: Table) -> None:
    draft(store, table, note(), NOW)
    assert store.read(PK) is None
    assert store.place_drafts(NOW + 7) == {"#intake"}
    assert read(store).since == NOW
    assert store.place_drafts(NOW + 8) == set()
    item = table.get("draft#m@#intake#1") or {}
    assert item["expires"] == (NOW + 7) // 1000 + DAY_SECONDS
    assert "pending" not in item


def test_a_draft_that_is_written_again_after_its_message_was_told_changes_nothing(
    store: MessageStore, table: Table
) -> None:
    draft(store, table, note(), NOW)
    store.place_drafts(NOW)
    store.change(PK, lambda one: outbox.posted(one, 1, NOW, place="C1", ts="1.1"), NOW)
    before = table.get(PK)
    draft(store, table, note(), NOW + 9)
    store.place_drafts(NOW + 9)
    assert table.get(PK) == before


def test_drafts_stand_in_one_transaction_beside_each_other_whatever_is_known_already() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", "eu-west-1")
        client.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "pending", "AttributeType": "S"},
                {"AttributeName": "pending_since", "AttributeType": "N"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "pending",
                    "KeySchema": [
                        {"AttributeName": "pending", "KeyType": "HASH"},
                        {"AttributeName": "pending_since", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        store = MessageStore(Table(client, "t"))
        store.keep(note("known", 7), NOW)
        messages = [note(), note("other"), note("known", 3), note("r", reply_url=HOOK)]
        for _ in range(2):
            elements: Any = [store.keep_item(message, NOW) for message in messages]
            client.transact_write_items(TransactItems=elements)
        assert store.place_drafts(NOW) == {"#intake", "reply:#intake"}
        assert set(store.waiting("#intake", most=9)) == {PK, key("other", "#intake"), key("known", "#intake")}
        assert read(store, key("known", "#intake")).message.version == 7


def test_critical_ones_go_first_then_the_oldest(store: MessageStore) -> None:
    for at, (subject, priority) in enumerate(
        [("old", Priority.NORMAL), ("new", Priority.NORMAL), ("first", Priority.CRITICAL), ("next", Priority.CRITICAL)]
    ):
        store.keep(note(subject, priority=priority), NOW + at)
    subjects = ["first", "next", "old", "new"]
    assert store.waiting("#intake", most=9) == [key(subject, "#intake") for subject in subjects]
    assert store.waiting("#intake", most=9, critical=True) == [key(subject, "#intake") for subject in subjects[:2]]
    assert store.waiting("#intake", most=1) == [key("first", "#intake")]


def test_a_newer_version_that_is_critical_goes_to_the_front(store: MessageStore) -> None:
    store.keep(note("a"), NOW)
    store.keep(note("b"), NOW + 1)
    store.keep(note("b", 2, priority=Priority.CRITICAL), NOW + 2)
    assert store.waiting("#intake", most=1) == [key("b", "#intake")]


def test_an_answer_to_one_person_has_a_lane_of_its_own(store: MessageStore) -> None:
    store.keep(note(reply_url=HOOK), NOW)
    assert store.waiting("#intake", most=9) == []
    assert store.waiting("reply:#intake", most=9) == [PK]
    assert list(store.lanes()) == ["reply:#intake"]


def test_a_message_expires_a_year_after_it_was_told_and_not_while_it_waits(store: MessageStore, table: Table) -> None:
    store.keep(note(), NOW)
    assert "expires" not in (table.get(PK) or {})
    store.change(PK, lambda one: outbox.posted(one, 1, NOW, place="C1", ts="1.1"), NOW)
    item = table.get(PK) or {}
    assert item["expires"] == NOW // 1000 + 365 * DAY_SECONDS
    assert item["state"] == "sent"
    store.keep(note(version=2), NOW)
    assert "expires" not in (table.get(PK) or {})


@pytest.mark.parametrize("state", ["sent", "refused", "dropped", "told"])
def test_what_is_done_with_does_not_wait(store: MessageStore, state: Any) -> None:
    store.keep(note(), NOW)
    store.change(PK, lambda one: outbox.ended(one, state, "why"), NOW)
    assert store.waiting("#intake", most=9) == []


def test_what_nobody_kept_cannot_be_changed(store: MessageStore, table: Table) -> None:
    assert store.change(PK, lambda one: outbox.ended(one, "refused", ""), NOW) is None
    assert table.get(PK) is None


def test_a_change_returns_what_the_message_is_then(store: MessageStore) -> None:
    store.keep(note(), NOW)
    after = store.change(PK, lambda one: outbox.ended(one, "refused", "w"), NOW)
    assert after == read(store)
    assert store.change(PK, lambda _one: None, NOW) == after


def test_a_refused_message_is_revived_into_its_lane_and_no_other(store: MessageStore) -> None:
    store.keep(note(), NOW)
    assert store.revive(PK, NOW) == "#intake"
    store.change(PK, lambda one: outbox.ended(one, "refused", "w"), NOW)
    assert store.revive(PK, NOW + 5) == "#intake"
    assert (read(store).state, read(store).since) == ("waiting", NOW + 5)
    assert store.revive("message#nobody@#intake", NOW) == ""


def test_what_cannot_be_read_is_named_and_leaves_its_lane(store: MessageStore, table: Table) -> None:
    store.keep(note(), NOW)
    client: Any = table.client
    client.items[PK]["telling"] = {"S": "spoilt"}
    with pytest.raises(UnreadableError, match="m@#intake"):
        store.read(PK)
    store.spoilt(PK, NOW)
    assert store.waiting("#intake", most=9) == []
    assert (table.get(PK) or {})["telling"] == "spoilt"


def test_a_lane_is_looked_after_from_the_first_message_on(store: MessageStore) -> None:
    assert list(store.lanes()) == []
    store.keep(note(), NOW)
    assert list(store.lanes()) == ["#intake"]
    state, item = store.lane("#intake")
    assert state == Lane(marked_at=NOW)
    assert store.save_lane("#intake", state, over=item, waits=False)
    assert list(store.lanes()) == []
    store.keep(note(), NOW + 1)
    assert list(store.lanes()) == ["#intake"], "whoever died between the two writes comes again"


def test_a_lane_keeps_being_looked_after_until_it_is_said_to_be_empty(store: MessageStore) -> None:
    store.keep(note(), NOW)
    state, item = store.lane("#intake")
    assert store.save_lane("#intake", msgspec.structs.replace(state, next_at=5), over=item)
    assert list(store.lanes()) == ["#intake"]
    assert store.lane("#intake")[0].next_at == 5


def test_of_two_who_write_a_lane_one_is_told_so(store: MessageStore) -> None:
    state, item = store.lane("#intake")
    assert store.save_lane("#intake", state, over=item)
    assert not store.save_lane("#intake", state, over=item)


def test_the_status_is_written_only_when_it_changes(store: MessageStore, table: Table) -> None:
    assert store.status() == ""
    store.report("no token", NOW)
    store.report("no token", NOW + 1)
    item = table.get("status#slack") or {}
    assert (item["status"], item["since"], item["rev"]) == ("no token", NOW, 1)
    store.report("ok", NOW + 2)
    assert (store.status(), (table.get("status#slack") or {})["since"]) == ("ok", NOW + 2)


def test_an_item_that_does_not_hold_still_is_an_error(store: MessageStore, table: Table) -> None:
    stubborn: Any = table
    stubborn.put = lambda _item, *, over: False
    with pytest.raises(ConflictError):
        store.keep(note(), NOW)


def first_version(table: Table, ids: Sequence[str], **changes: Any) -> None:
    for at, id_ in enumerate(ids):
        old = {"id": id_, "channel": "#intake", "text": id_, "blocks": []}
        item = {
            "pk": f"message#{id_}",
            "v": 1,
            "state": "waiting",
            "message": msgspec.json.encode(old).decode(),
            "event": "{}",
            "pending": "1",
            "pending_since": NOW + at,
        }
        table.put(item | changes, over=None)


def test_what_the_version_before_left_waiting_is_told(store: MessageStore, table: Table) -> None:
    first_version(table, ["a", "b"])
    store.adopt(NOW + 9)
    store.adopt(NOW + 9)
    assert store.waiting("#intake", most=9) == [key("problem#a", "#intake"), key("problem#b", "#intake")]
    assert list(table.pending(before=10**15)) == []


def test_what_the_version_before_is_posting_at_this_moment_is_left_to_it(store: MessageStore, table: Table) -> None:
    first_version(table, ["a"], claimed_until=NOW + 60_000)
    store.adopt(NOW + 9)
    assert store.waiting("#intake", most=9) == []
    store.adopt(NOW + 60_000)
    assert store.waiting("#intake", most=9) == [key("problem#a", "#intake")]


def test_events_that_wait_for_the_publisher_are_not_taken_for_messages(store: MessageStore, table: Table) -> None:
    request = {"pk": "request#r-1", "v": 1, "outbox": [], "pending": "1", "pending_since": NOW}
    table.put(request, over=None)
    store.adopt(NOW + 9)
    assert (table.get("request#r-1") or {})["pending"] == "1"
