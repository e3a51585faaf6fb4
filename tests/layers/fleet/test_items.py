"""Items, and optimistic writes: the fake of these tests and moto's DynamoDB behave alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from fleet.items import Table, from_dynamodb, to_dynamodb
from tests.layers.fleet.fakes import FakeDynamoDB


@pytest.fixture(params=["fake", "moto"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    if request.param == "fake":
        fake: Any = FakeDynamoDB()
        yield Table(fake, "t")
        return
    with on_moto() as table:
        yield table


@contextmanager
def on_moto() -> Iterator[Table]:
    """An empty table of moto's DynamoDB, with the indexes of the findings' table."""
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        client.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "pending", "AttributeType": "S"},
                {"AttributeName": "pending_since", "AttributeType": "N"},
                {"AttributeName": "live", "AttributeType": "S"},
                {"AttributeName": "rank", "AttributeType": "S"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "pending",
                    "KeySchema": [
                        {"AttributeName": "pending", "KeyType": "HASH"},
                        {"AttributeName": "pending_since", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                },
                {
                    "IndexName": "live",
                    "KeySchema": [
                        {"AttributeName": "live", "KeyType": "HASH"},
                        {"AttributeName": "rank", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["brief"]},
                },
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Table(client, "t")


def test_nothing_is_none(table: Table) -> None:
    assert table.get("a") is None


def test_revisions_count_from_one(table: Table) -> None:
    assert table.put({"pk": "a", "v": 1}, over=None)
    first = table.get("a")
    assert first == {"pk": "a", "v": 1, "rev": 1}
    assert table.put({"pk": "a", "v": 2}, over=first)
    assert table.get("a") == {"pk": "a", "v": 2, "rev": 2}


def test_who_read_an_older_revision_writes_nothing(table: Table) -> None:
    table.put({"pk": "a"}, over=None)
    first = table.get("a")
    assert table.put({"pk": "a", "who": "fast"}, over=first)
    assert not table.put({"pk": "a", "who": "slow"}, over=first)
    assert (table.get("a") or {})["who"] == "fast"


def test_who_read_nothing_writes_nothing_over_something(table: Table) -> None:
    assert table.put({"pk": "a", "who": "first"}, over=None)
    assert not table.put({"pk": "a", "who": "second"}, over=None)
    assert (table.get("a") or {})["who"] == "first"


def test_who_read_something_does_not_bring_it_back_when_it_is_gone(table: Table) -> None:
    assert not table.put({"pk": "a"}, over={"pk": "a", "rev": 1})
    assert table.get("a") is None


def test_the_index_gives_what_has_been_pending_since_before_oldest_first(table: Table) -> None:
    for pk, since in (("c", 30), ("a", 10), ("e", 50), ("b", 20), ("d", 40)):
        table.put({"pk": pk, "pending": "1", "pending_since": since}, over=None)
    table.put({"pk": "done"}, over=None)
    assert list(table.pending(before=50)) == ["a", "b", "c", "d"]
    assert list(table.pending(before=10)) == []


def test_what_is_no_longer_pending_leaves_the_index(table: Table) -> None:
    table.put({"pk": "a", "pending": "1", "pending_since": 1}, over=None)
    table.put({"pk": "a"}, over=table.get("a"))
    assert list(table.pending(before=100)) == []


plain = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(-(10**37), 10**37),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), plain, max_size=4))
def test_plain_values_come_back_as_they_went(item: dict[str, Any]) -> None:
    assert from_dynamodb(to_dynamodb(item)) == item
