"""TransactWriteItems, BatchGetItem and UpdateItem in memory: all or nothing, with the reasons that AWS gives.

Part of `fakes.FakeDynamoDB`; held to moto in test_items.py.
"""

import copy
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from tests.layers.fleet.conditions import holds, refused

if TYPE_CHECKING:
    from tests.layers.fleet.fakes import Steps

MOST_ITEMS = 100
MOST_BYTES = 400 * 1024
_NONE: dict[str, Any] = {"Code": "None"}


class TransactionCanceledException(ClientError):  # noqa: N818 - botocore's name
    def __init__(self, reasons: list[dict[str, Any]]) -> None:
        codes = ", ".join(reason["Code"] for reason in reasons)
        message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
        response: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": message},
            "CancellationReasons": reasons,
        }
        super().__init__(response, "TransactWriteItems")


class _Kept(Protocol):
    steps: "Steps"
    items: dict[str, dict[str, Any]]
    written: list[dict[str, Any]]
    error: ClientError | None
    lock: threading.Lock
    conflicts: int
    unprocessed: int
    transactions: list[list[dict[str, Any]]]


class Transactions:
    """What DynamoDB does with several items at once."""

    def transact_write_items(self: _Kept, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        def write() -> None:
            if self.error:
                raise self.error
            parts = [_part(element) for element in TransactItems]
            _check(parts)
            self.transactions.append(copy.deepcopy(TransactItems))
            with self.lock:
                if self.conflicts:
                    self.conflicts -= 1
                    raise TransactionCanceledException([{"Code": "TransactionConflict"}, *[_NONE] * (len(parts) - 1)])
                reasons = [_reason(body, self.items.get(_key(body))) for _, body in parts]
                if any(reason is not _NONE for reason in reasons):
                    raise TransactionCanceledException(reasons)
                for kind, body in parts:
                    _apply(self, kind, body)

        self.steps.call("TransactWriteItems", write)
        return {}

    def batch_get_item(self: _Kept, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        def read() -> dict[str, Any]:
            ((table, wanted),) = RequestItems.items()
            keys = [key["pk"]["S"] for key in wanted["Keys"]]
            if not 1 <= len(keys) <= MOST_ITEMS:
                raise refused(f"1 to {MOST_ITEMS} keys, not {len(keys)}")
            if len(set(keys)) < len(keys):
                raise refused("Provided list of item keys contains duplicates")
            assert wanted["ConsistentRead"]
            left, self.unprocessed = keys[len(keys) - min(self.unprocessed, len(keys)) :], 0
            found = [copy.deepcopy(self.items[key]) for key in keys if key not in left and key in self.items]
            # In no order of ours, as AWS does.
            answer: dict[str, Any] = {"Responses": {table: found[::-1]}, "UnprocessedKeys": {}}
            if left:
                again = {"Keys": [{"pk": {"S": key}} for key in left], "ConsistentRead": True}
                answer["UnprocessedKeys"] = {table: again}
            return answer

        return self.steps.call("BatchGetItem", read)

    def update_item(
        self: _Kept,
        *,
        TableName: str,  # noqa: N803
        Key: dict[str, Any],  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ConditionExpression: str | None = None,  # noqa: N803
        ExpressionAttributeNames: dict[str, str] | None = None,  # noqa: N803
        ExpressionAttributeValues: dict[str, Any] | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        assert TableName
        body = {
            "Key": Key,
            "UpdateExpression": UpdateExpression,
            "ConditionExpression": ConditionExpression,
            "ExpressionAttributeNames": ExpressionAttributeNames,
            "ExpressionAttributeValues": ExpressionAttributeValues,
        }

        def update() -> None:
            if self.error:
                raise self.error
            with self.lock:
                if _reason(body, self.items.get(_key(body))) is not _NONE:
                    raise self.exceptions.ConditionalCheckFailedException  # type: ignore[attr-defined]
                _apply(self, "Update", body)

        self.steps.call("UpdateItem", update)
        return {}


def _part(element: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    ((kind, body),) = element.items()
    assert body["TableName"]
    if kind not in {"Put", "Update", "Delete", "ConditionCheck"}:
        raise refused(kind)
    if kind == "ConditionCheck" and "ConditionExpression" not in body:
        raise refused("a ConditionCheck without a condition")
    return kind, body


def _check(parts: list[tuple[str, dict[str, Any]]]) -> None:
    if not 1 <= len(parts) <= MOST_ITEMS:
        raise refused(f"Member must have length less than or equal to {MOST_ITEMS}: {len(parts)}")
    keys = [_key(body) for _, body in parts]
    if len(set(keys)) < len(keys):
        raise refused("Transaction request cannot include multiple operations on one item")
    for _, body in parts:
        if len(str(body.get("Item", ""))) > MOST_BYTES:
            raise refused("Item size has exceeded the maximum allowed size")


def _key(body: dict[str, Any]) -> str:
    return str((body.get("Key") or body["Item"])["pk"]["S"])


def _reason(body: dict[str, Any], item: dict[str, Any] | None) -> dict[str, Any]:
    names, values = body.get("ExpressionAttributeNames") or {}, body.get("ExpressionAttributeValues") or {}
    if update := body.get("UpdateExpression"):
        condition = body.get("ConditionExpression") or ""
        names = {name: each for name, each in names.items() if name in condition or name not in update}
        values = {name: each for name, each in values.items() if name in condition or name not in update}
    if holds(body.get("ConditionExpression"), item, names, values):
        return _NONE
    return {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}


def _apply(kept: _Kept, kind: str, body: dict[str, Any]) -> None:
    key = _key(body)
    changes: dict[str, Callable[[], dict[str, Any] | None]] = {
        "Put": lambda: copy.deepcopy(body["Item"]),
        "Update": lambda: _updated(kept.items.get(key) or body["Key"], body),
        "Delete": lambda: None,
    }
    if kind not in changes:
        return
    item = changes[kind]()
    if item is None:
        kept.items.pop(key, None)
        return
    if "pending" in item:
        assert "N" in item["pending_since"]
    kept.items[key] = item
    kept.written.append(copy.deepcopy(item))


def _updated(item: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """`SET a = :a, #b = :b` and `REMOVE c, d`."""
    item, names = copy.deepcopy(item), body.get("ExpressionAttributeNames") or {}
    for clause in body["UpdateExpression"].replace(" REMOVE ", "\nREMOVE ").split("\n"):
        verb, _, rest = clause.partition(" ")
        for part in rest.split(", "):
            name, _, value = part.partition(" = ")
            if verb == "SET":
                item[names.get(name, name)] = copy.deepcopy(body["ExpressionAttributeValues"][value])
            elif verb == "REMOVE":
                item.pop(names.get(name, name), None)
            else:
                raise NotImplementedError(clause)
    return item
