"""DynamoDB items as plain Python values, and optimistic writes by revision.

Every item of the fleet has `pk` (string), `rev` (its revision, from 1) and `v` (version of its shape). An item with
something still to be done has `pending` and `pending_since` (ms), and only such items stand in the index `pending`:
"1" for fleet events that wait in the item's outbox, another word for work of the capability's own. What the clock will
do to an item stands on it as `due_at` (ms), and in the index as "due" while nothing else is to be done.
"""

import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PENDING = "pending"
"""Name of the sparse index: `pending` (hash: which work is to be done), `pending_since` (range)."""
UNSENT = "1"
"""`pending` of an item with fleet events that wait for the publisher."""
DUE = "due"
"""`pending` of an item that is to be looked at when `due_at` has come."""

CONFLICTS = 8
"""How often a write is tried while transactions are at the same item."""

type Item = dict[str, Any]

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def to_dynamodb(item: Item) -> dict[str, Any]:
    """Plain values to DynamoDB's attribute values."""
    return {name: _serialize(value) for name, value in item.items()}


def from_dynamodb(item: dict[str, Any]) -> Item:
    """DynamoDB's attribute values to plain ones; whole numbers become int."""
    return {name: _plain(_deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case str() | bool() | None:
            return value
        case _:
            return int(value)


class Table:
    """One table: consistent reads by key, and writes that succeed only on the revision that was read."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self.client, self.name = client, name

    def get(self, pk: str) -> Item | None:
        """The item under `pk`, strongly consistent, or None."""
        found = self.client.get_item(TableName=self.name, Key={"pk": {"S": pk}}, ConsistentRead=True).get("Item")
        return None if found is None else from_dynamodb(found)

    def put(self, item: Item, *, over: Item | None) -> bool:
        """Write `item` where `over` was read (None: where nothing was). False if someone else was faster."""
        written = item | {"rev": 1 if over is None else over["rev"] + 1}
        condition: dict[str, Any] = (
            {"ConditionExpression": "attribute_not_exists(pk)"}
            if over is None
            else {"ConditionExpression": "rev = :rev", "ExpressionAttributeValues": {":rev": {"N": str(over["rev"])}}}
        )
        for attempt in range(CONFLICTS):
            try:
                self.client.put_item(TableName=self.name, Item=to_dynamodb(written), **condition)
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
            except ClientError as error:
                # A transaction is at the same item: it takes milliseconds, and says nothing about our condition.
                if error.response["Error"]["Code"] != "TransactionConflictException" or attempt == CONFLICTS - 1:
                    raise
                time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311 - taking turns, not a secret
            else:
                return True
        return False

    def pending(self, *, before: int, of: str = UNSENT, under: str = "") -> Iterator[str]:
        """Keys of the items with work `of` a kind, pending since before `before` (ms), oldest first, from the index.

        Only those that begin with `under`: who may write some keys of a table can give these any attributes.
        """
        query: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": PENDING,
            "KeyConditionExpression": "pending = :kind AND pending_since < :before",
            "ExpressionAttributeValues": {":kind": {"S": of}, ":before": {"N": str(before)}},
        }
        for page in self.client.get_paginator("query").paginate(**query):
            for item in page["Items"]:
                if item["pk"]["S"].startswith(under):
                    yield item["pk"]["S"]


class ConflictError(Exception):
    """Others kept writing the same item; the event is tried again later."""
