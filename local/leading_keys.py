"""`dynamodb:LeadingKeys`: policies that open only some items of a table.

Evidence: Amazon DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control":
`dynamodb:LeadingKeys` "represents the first key attribute of a table, in other words, the partition key", with the
values that the request names; in a transaction each item is authorized as the single-item action that it performs.
The emulator does not set the key. Queries and scans, whose keys stand in an expression, are not covered: a policy
with this condition refuses them here.
"""

import json
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

KEY = "dynamodb:LeadingKeys"
_MEMBERS = ("ConditionCheck", "Put", "Update", "Delete", "Get")


class ItemArn(str):
    """A table's ARN, with the keys that one item of a transaction names."""

    __slots__ = ("leading_keys",)
    leading_keys: list[str]


def install() -> None:
    """Set the key for single calls and batches, and for each item of a transaction."""
    context, checks = iam_actions.dynamodb_service_context, iam_actions.dynamodb_transaction_checks
    resolve = iam_evaluator._resolve_condition_key

    def with_keys(body: bytes) -> dict[str, Any]:
        keys = _leading_keys(_request(body))
        return {**context(body), **({KEY: keys} if keys else {})}

    def with_keys_of_each(action: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        found = checks(action, body, region, account)
        each = [
            _leading_keys(item[name]) for item in _request(body).get("TransactItems") or [] for name in _members(item)
        ]
        return [(one, _arn(arn, keys)) for (one, arn), keys in zip(found, each, strict=True)] if found else []

    def resolved(key: str, ctx: Any) -> Any:
        if key.lower() == KEY.lower() and isinstance(ctx.resource_arn, ItemArn):
            return ctx.resource_arn.leading_keys or None
        return resolve(key, ctx)

    iam_actions.dynamodb_service_context = with_keys
    iam_actions.dynamodb_transaction_checks = with_keys_of_each
    iam_evaluator._resolve_condition_key = resolved


def _arn(arn: str, keys: list[str]) -> ItemArn:
    item = ItemArn(arn)
    item.leading_keys = keys
    return item


def _request(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body or b"{}")
    except (ValueError, UnicodeDecodeError):
        return {}
    return data if isinstance(data, dict) else {}


def _members(item: Any) -> list[str]:
    """As the emulator takes a transaction's item apart."""
    if not isinstance(item, dict):
        return []
    return [name for name in _MEMBERS if isinstance(item.get(name), dict) and item[name].get("TableName")]


def _leading_keys(request: dict[str, Any]) -> list[str]:
    """Values of the partition key of all items that a request names."""
    batches = request.get("RequestItems")
    if isinstance(batches, dict):
        return [key for table, batch in batches.items() for item in _items(batch) for key in _key(table, item)]
    return _key(request.get("TableName"), request.get("Key") or request.get("Item"))


def _items(batch: Any) -> list[Any]:
    if isinstance(batch, dict):
        return list(batch.get("Keys") or [])
    requests = [each for write in batch or [] for each in write.values()]
    return [each.get("Item") or each.get("Key") for each in requests]


def _key(table: Any, item: Any) -> list[str]:
    known = dynamodb._tables.get(str(table).rpartition("/")[2])
    value = item.get(known["pk_name"]) if known and isinstance(item, dict) else None
    return [str(next(iter(value.values())))] if isinstance(value, dict) and value else []
