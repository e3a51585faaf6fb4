"""Commands and letters in the table."""

from typing import Any

import pytest

from fleet.command_work import LEASE_MS, BusyError, CommandStore, key
from fleet.items import ConflictError, Table
from functions.operations.redrive import Intent
from functions.operations.store import LetterStore
from tests.layers.fleet.entries import entry
from tests.layers.fleet.fakes import FakeDynamoDB

NINETY_DAYS = 90 * 24 * 3600


@pytest.fixture
def dynamodb() -> FakeDynamoDB:
    return FakeDynamoDB()


@pytest.fixture
def table(dynamodb: FakeDynamoDB) -> Table:
    client: Any = dynamodb
    return Table(client, "t")


@pytest.fixture
def commands(table: Table) -> CommandStore:
    return CommandStore(table)


def test_a_command_that_somebody_works_on_is_busy_until_the_lease_is_over(commands: CommandStore) -> None:
    assert commands.begin("r", 1000)
    with pytest.raises(BusyError):
        commands.begin("r", 1000 + LEASE_MS - 1)
    assert commands.begin("r", 1000 + LEASE_MS)


def test_two_that_begin_at_once_are_one_that_begins(commands: CommandStore, table: Table) -> None:
    get = table.get

    def overtaken(pk: str) -> Any:
        found = get(pk)
        assert table.put({"pk": pk, "v": 1}, over=found)
        return found

    table.get = overtaken  # type: ignore[method-assign]
    with pytest.raises(BusyError):
        commands.begin("r", 1000)


def test_the_answer_and_that_it_is_to_be_told_are_one_write_and_last(commands: CommandStore, table: Table) -> None:
    taken = commands.begin("r", 1000)
    assert taken is not None
    commands.finish(taken, entry("a"), 2000, authorised=True)
    item = table.get(key("r"))
    assert item is not None
    assert (item["state"], item["pending"], [one["id"] for one in item["outbox"]]) == ("answered", "1", ["a"])
    assert item["expires"] == 1 + NINETY_DAYS
    assert commands.begin("r", 10**15) is None


def test_who_lost_the_lease_cannot_answer(commands: CommandStore) -> None:
    first = commands.begin("r", 1000)
    second = commands.begin("r", 1000 + LEASE_MS)
    assert first is not None
    assert second is not None
    with pytest.raises(ConflictError):
        commands.finish(first, entry("a"), 2000, authorised=True)
    commands.finish(second, entry("a"), 2000, authorised=True)


def test_a_refused_command_may_be_begun_again_at_once_and_is_told_once(commands: CommandStore, table: Table) -> None:
    for _ in range(2):
        taken = commands.begin("r", 1000)
        assert taken is not None
        commands.finish(taken, entry("a"), 1000, authorised=False)
    assert [one["id"] for one in (table.get(key("r")) or {})["outbox"]] == ["a"]


def test_a_letter_is_remembered_by_its_queue_and_by_any_request(table: Table) -> None:
    letters = LetterStore(table, "q", "r1", 1000)
    assert letters.recall("m") is None
    letters.intend("m", "arn")
    assert LetterStore(table, "q", "r2", 1000).recall("m") == Intent(to="arn", sent=False)
    assert LetterStore(table, "other", "r1", 1000).recall("m") is None
    letters.sent("m")
    assert letters.recall("m") == Intent(to="arn", sent=True)
    item = table.get("letter#q#m") or {}
    assert (item["v"], item["request"], item["expires"]) == (1, "r1", 1 + NINETY_DAYS)


def test_a_second_intent_is_known_as_one_that_may_send_again_unless_the_first_was_withdrawn(table: Table) -> None:
    letters = LetterStore(table, "q", "r1", 1000)
    letters.intend("m", "arn")
    letters.withdraw("m")
    assert letters.recall("m") is None
    letters.intend("m", "arn")
    assert letters.recall("m") == Intent(to="arn", sent=False)
    letters.intend("m", "arn")
    letters.sent("m")
    assert letters.recall("m") == Intent(to="arn", sent=True, again=True)


def test_two_intents_at_once_are_one_intent(table: Table) -> None:
    get = table.get

    def overtaken(pk: str) -> Any:
        found = get(pk)
        assert table.put({"pk": pk, "v": 1}, over=found)
        return found

    table.get = overtaken  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        LetterStore(table, "q", "r1", 1000).intend("m", "arn")
