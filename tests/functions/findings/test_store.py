"""Problems in the table."""

import pytest

from fleet.items import Table
from functions.findings.finding import Status
from functions.findings.problem import triage
from functions.findings.store import ProblemStore, key
from tests.functions.findings.histories import FIRST, HERE, OWNER, seen_at
from tests.layers.fleet.fakes import FakeDynamoDB

OPENED = triage(None, seen_at(7, 1, Status.OPEN), OWNER, "hash", HERE)


@pytest.fixture
def dynamodb() -> FakeDynamoDB:
    return FakeDynamoDB()


@pytest.fixture
def store(dynamodb: FakeDynamoDB) -> ProblemStore:
    client: object = dynamodb
    return ProblemStore(Table(client, "t"))  # type: ignore[arg-type]


def test_an_unknown_problem_is_none(store: ProblemStore) -> None:
    stored = store.get("nothing")
    assert (stored.problem, stored.item) == (None, None)


def test_a_problem_comes_back_as_it_was_put(store: ProblemStore) -> None:
    assert OPENED.problem is not None
    assert store.put(OPENED.problem, [], over=store.get(FIRST.problem), now=5)
    assert store.get(FIRST.problem).problem == OPENED.problem


def test_the_event_is_in_the_same_write_as_the_fact(store: ProblemStore, dynamodb: FakeDynamoDB) -> None:
    assert OPENED.problem is not None
    store.put(OPENED.problem, OPENED.entries, over=store.get(FIRST.problem), now=5)
    (item,) = dynamodb.written
    assert item["pending"] == {"S": "1"}
    assert item["pending_since"] == {"N": "5"}
    assert item["v"] == {"N": "1"}
    assert [entry["M"]["id"]["S"] for entry in item["outbox"]["L"]] == [OPENED.entries[0].id]


def test_a_write_over_an_older_reading_is_refused(store: ProblemStore) -> None:
    assert OPENED.problem is not None
    stale = store.get(FIRST.problem)
    assert store.put(OPENED.problem, [], over=stale, now=5)
    assert not store.put(OPENED.problem, [], over=stale, now=6)


def test_what_still_waits_stays_on_the_item_with_its_first_time(store: ProblemStore, dynamodb: FakeDynamoDB) -> None:
    assert OPENED.problem is not None
    store.put(OPENED.problem, OPENED.entries, over=store.get(FIRST.problem), now=5)
    resolved = triage(OPENED.problem, seen_at(8, 2, Status.RESOLVED), OWNER, "hash", HERE).problem
    assert resolved is not None
    store.put(resolved, [], over=store.get(FIRST.problem), now=9)
    item = dynamodb.items[key(FIRST.problem)]
    assert len(item["outbox"]["L"]) == 1
    assert item["pending_since"] == {"N": "5"}
    assert store.get(FIRST.problem).problem == resolved
