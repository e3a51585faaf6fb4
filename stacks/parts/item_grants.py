"""Grants on single items of a table, by their keys."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam


def on_items(actions: Sequence[str], table_arn: str, keys: Sequence[str]) -> iam.PolicyStatement:
    """These actions on items under these keys alone; a key may end in `*`.

    DynamoDB gives the keys of a call as a list, so the condition names the set operator, and an empty list is refused.
    """
    return iam.PolicyStatement(
        actions=list(actions),
        resources=[table_arn],
        conditions={
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    )
