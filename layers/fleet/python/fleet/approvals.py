"""What people granted, for whoever executes it: read by key, claimed once, never granted here.

An event that says that something was granted authorises nothing. Before the effect, the executor claims the request
in the hub's table: one transaction that holds only if the request is granted, its time is not over, and its command,
its arguments (by their hash) and its place are those about to be executed. The role behind this may write items
`claim#...` and no others: it cannot grant.
"""

import os
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fleet import aws
from fleet.canonical import digest
from fleet.items import from_dynamodb, to_dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

GRANTED = "GRANTED"
_BEGUN = {GRANTED, "FAILED"}
"""A place that does not answer in time is called silent, and the request FAILED: who has begun there goes on."""
CONFLICTS = 12
"""How often a claim is tried while others are at the same request."""


class NotApprovedError(Exception):
    """The request authorises nothing here and now.

    `reason`: unknown, not_granted, expired, altered (other arguments or command), elsewhere (another place), or
    claimed_by_another.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class People(NamedTuple):
    """Those of a request."""

    requester: str
    voters: list[str]
    """None if it needed none, or the glass was broken."""


class Approvals:
    """Claims in the hub's table of requests."""

    def __init__(
        self, client_for: Callable[[str], "DynamoDBClient"], table: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client_for, self._table, self._sleep = client_for, table, sleep

    def claim(
        self, request: str, *, command: str, arguments: dict[str, Any], account: str, region: str, by: str, now: int
    ) -> None:
        """Take a granted request for execution here. Claiming the same again `by` the same name goes on with it, also
        when its time is over and the place has been called silent: what is half done must not be called not done.

        Raises NotApprovedError; any other error means that nothing is known, so nothing may be done.
        """
        client, place = self._client_for(request), f"{account}:{region}"
        claim_key = f"claim#{request}#{place}"
        check = {
            ":granted": GRANTED,
            ":command": command,
            ":hash": digest(arguments),
            ":place": place,
            ":now": now,
        }
        claimed = {"by": by, "command": command, "arguments_hash": check[":hash"]}
        claim = {"pk": claim_key, "v": 1, "at": now, **claimed}
        items: list[TransactWriteItemTypeDef] = [
            {
                "ConditionCheck": {
                    "TableName": self._table,
                    "Key": {"pk": {"S": f"request#{request}"}},
                    "ConditionExpression": "#status = :granted AND command = :command "
                    "AND arguments_hash = :hash AND contains(targets, :place) AND execute_until > :now",
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": to_dynamodb(check),
                }
            },
            {
                "Put": {
                    "TableName": self._table,
                    "Item": to_dynamodb(claim),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
        ]
        for attempt in range(CONFLICTS):
            try:
                client.transact_write_items(TransactItems=items)
            except client.exceptions.TransactionCanceledException as error:
                if self._begun(client, request, claim_key, claimed):
                    return  # claimed by us before, when all of it held: a worker that died goes on
                if reason := self._why(client, request, claim_key, check):
                    raise NotApprovedError(reason) from error
                # Others are at the same request: forty accounts claim what `freeze all` filed.
                if attempt == CONFLICTS - 1:
                    raise
                self._sleep(random.uniform(0.02, 0.1) * (attempt + 1))  # noqa: S311 - taking turns, not a secret
            else:
                return

    def people(self, request: str) -> People:
        """Who asked for it and who agreed, as people filed it, whatever an event says."""
        item = self._read(self._client_for(request), f"request#{request}")
        return People(str(item.get("requester", "")), [str(voter) for voter in item.get("voters", [])])

    def _begun(self, client: "DynamoDBClient", request: str, claim_key: str, claimed: dict[str, Any]) -> bool:
        """Whether this very work was claimed in time before, so that it may be half done."""
        item, claim = self._read(client, f"request#{request}"), self._read(client, claim_key)
        in_time = claim.get("at", 0) < item.get("execute_until", 0)
        return item.get("status") in _BEGUN and in_time and claimed.items() <= claim.items()

    def _why(self, client: "DynamoDBClient", request: str, claim_key: str, check: dict[str, Any]) -> str | None:
        item = self._read(client, f"request#{request}")
        reasons = {
            "unknown": not item,
            "altered": (item.get("command"), item.get("arguments_hash")) != (check[":command"], check[":hash"]),
            "elsewhere": check[":place"] not in item.get("targets", []),
            "expired": 0 < item.get("execute_until", 0) <= check[":now"],
            "not_granted": item.get("status") != GRANTED,
        }
        if found := next((reason for reason, holds in reasons.items() if holds), None):
            return found
        return "claimed_by_another" if self._read(client, claim_key) else None

    def _read(self, client: "DynamoDBClient", pk: str) -> dict[str, Any]:
        answer = client.get_item(TableName=self._table, Key={"pk": {"S": pk}}, ConsistentRead=True)
        return from_dynamodb(answer.get("Item", {}))


def from_environment(environment: Mapping[str, str] = os.environ) -> Approvals:
    """As the hub's role for claims, in a session named after the request: so CloudTrail says which one it was."""
    role, region = environment["YAGURA_CLAIMS_ROLE"], environment["YAGURA_HUB_REGION"]
    return Approvals(
        lambda request: aws.dynamodb_as(role, session=request, region=region), environment["YAGURA_REQUESTS_TABLE"]
    )
