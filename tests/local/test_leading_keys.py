"""Policies that open only some items of a table hold for single calls, batches and each item of a transaction."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import Aws


@pytest.fixture
def limited(aws: Aws, account: str) -> Any:
    """A client that may get `a#` and `b#`, put `b#`, and check `a#`."""
    table = aws("dynamodb", account)
    table.create_table(
        TableName="items",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    table.put_item(TableName="items", Item={"pk": {"S": "a#1"}})
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/items"

    def allow(actions: list[str], keys: list[str]) -> dict[str, Any]:
        condition = {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys},
            "Null": {"dynamodb:LeadingKeys": "false"},
        }
        return {"Effect": "Allow", "Action": actions, "Resource": arn, "Condition": condition}

    statements = [
        allow(["dynamodb:GetItem", "dynamodb:BatchGetItem"], ["a#*", "b#*"]),
        allow(["dynamodb:PutItem"], ["b#*"]),
        allow(["dynamodb:ConditionCheckItem"], ["a#*"]),
    ]
    role = aws.role(account, "limited", trust={"AWS": f"arn:aws:iam::{account}:root"}, allow=statements)
    return aws("dynamodb", account, credentials=aws.session(role, account))


def refused(call: Any) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_a_single_call_reaches_the_items_that_the_policy_names_and_no_others(limited: Any) -> None:
    assert limited.get_item(TableName="items", Key={"pk": {"S": "a#1"}})["Item"]
    assert refused(lambda: limited.get_item(TableName="items", Key={"pk": {"S": "c#1"}})) == "AccessDeniedException"
    limited.put_item(TableName="items", Item={"pk": {"S": "b#1"}})
    assert refused(lambda: limited.put_item(TableName="items", Item={"pk": {"S": "a#2"}})) == "AccessDeniedException"


def test_a_batch_is_refused_for_one_item_that_is_not_named(limited: Any) -> None:
    def batch(*keys: str) -> Any:
        return limited.batch_get_item(RequestItems={"items": {"Keys": [{"pk": {"S": key}} for key in keys]}})

    assert len(batch("a#1", "b#1")["Responses"]["items"]) == 1
    assert refused(lambda: batch("a#1", "c#1")) == "AccessDeniedException"


def test_each_item_of_a_transaction_is_judged_by_its_own_key(limited: Any) -> None:
    def claim(checked: str, put: str) -> Any:
        check = {"TableName": "items", "Key": {"pk": {"S": checked}}, "ConditionExpression": "attribute_exists(pk)"}
        return limited.transact_write_items(
            TransactItems=[{"ConditionCheck": check}, {"Put": {"TableName": "items", "Item": {"pk": {"S": put}}}}]
        )

    claim("a#1", "b#2")
    assert refused(lambda: claim("a#1", "a#1")) == "AccessDeniedException"
    assert refused(lambda: claim("b#2", "b#3")) == "AccessDeniedException"
