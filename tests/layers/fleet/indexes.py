"""Query of the indexes in memory: `pending` page by page, and `live` of the findings.

Part of `fakes.FakeDynamoDB`; held to moto in test_items.py and in the findings' test_store.py.
"""

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.layers.fleet.fakes import Steps


class Indexes:
    """What DynamoDB finds without a key."""

    steps: "Steps"
    items: dict[str, dict[str, Any]]

    def get_paginator(self, operation: str) -> "Indexes":
        assert operation == "query"
        return self

    def paginate(
        self,
        *,
        TableName: str,  # noqa: N803
        IndexName: str,  # noqa: N803
        KeyConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: dict[str, Any],  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        assert TableName
        assert IndexName == "pending"
        found = self.steps.call("Query", lambda: self._pending(KeyConditionExpression, ExpressionAttributeValues))
        for start in range(0, len(found), 2):  # pages of two: whoever reads only the first page loses the rest
            yield {"Items": found[start : start + 2]}

    def _pending(self, condition: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        assert condition == "pending = :kind AND pending_since < :before"
        found = [
            (int(item["pending_since"]["N"]), pk)
            for pk, item in self.items.items()
            if item.get("pending") == values[":kind"] and int(item["pending_since"]["N"]) < int(values[":before"]["N"])
        ]
        return [{"pk": {"S": pk}} for _, pk in sorted(found)]

    def query(
        self,
        *,
        TableName: str,  # noqa: N803
        IndexName: str,  # noqa: N803
        KeyConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: dict[str, Any],  # noqa: N803
        Limit: int,  # noqa: N803
        ExclusiveStartKey: dict[str, Any] | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        """A page of the index `live`: the keys, and what is projected."""
        assert TableName
        assert (IndexName, KeyConditionExpression) == ("live", "live = :team")
        after = "" if ExclusiveStartKey is None else _place(ExclusiveStartKey)

        def page() -> list[dict[str, Any]]:
            team = ExpressionAttributeValues[":team"]
            found = [item for item in self.items.values() if item.get("live") == team and "rank" in item]
            return sorted((item for item in found if _place(item) > after), key=_place)[:Limit]

        found = copy.deepcopy(self.steps.call("Query", page))
        # As DynamoDB: a full page has a next one, even if that is empty.
        last = {name: found[-1][name] for name in ("pk", "live", "rank")} if len(found) == Limit else None
        items = [{name: item[name] for name in ("pk", "live", "rank", "brief")} for item in found]
        return {"Items": items} | ({} if last is None else {"LastEvaluatedKey": last})


def _place(item: dict[str, Any]) -> str:
    """Where it stands in the index `live`."""
    return f"{item['rank']['S']} {item['pk']['S']}"
