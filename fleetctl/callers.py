"""Who asks the hub for something: an IAM identity. In the local cloud, one person of people.yaml at a time."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from fleetctl.plain import fail
from local.client import client as local_client
from local.process import Instance
from stacks.config.model import Account

ROLE = "operator"
"""Of the local hub: its session of a person's name is that person, as local/people.yaml pins it."""


@dataclass(frozen=True)
class Caller:
    """An IAM identity in the hub."""

    arn: str
    region: str
    credentials: Any
    """As botocore signs with them."""
    connect: Callable[[str], Any]
    """A client of a service, as this caller."""
    gateway: str = ""
    """Where HTTP APIs answer, if not at their own addresses: `http://.../`, before an API's id."""


def local_caller(instance: Instance, hub: Account, people: Sequence[str], person: str | None) -> Caller:
    """The session of `person` (if none is named: the first) in the local hub; its role is made if it is not there."""
    name = person or people[0]
    if name not in people:
        fail(f"{name!r} is nobody in local/people.yaml; it has: {', '.join(people)}", 2)
    try:
        _make_role(local_client(instance, "iam", hub.id, region=hub.region), hub)
        answer = local_client(instance, "sts", hub.id, region=hub.region).assume_role(
            RoleArn=f"arn:aws:iam::{hub.id}:role/{ROLE}", RoleSessionName=name
        )
    except (ClientError, BotoCoreError) as error:
        fail(f"{hub.name}: {error}")
    keys = answer["Credentials"]
    return Caller(
        arn=answer["AssumedRoleUser"]["Arn"],
        region=hub.region,
        credentials=Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]),
        connect=lambda service: local_client(instance, service, hub.id, region=hub.region, credentials=keys),
        gateway=f"{instance.endpoint}/_aws/execute-api/",
    )


def _make_role(iam: Any, hub: Account) -> None:
    """What an operator needs on AWS as well: to ask, and to read the answer."""
    trust = {"Principal": {"AWS": f"arn:aws:iam::{hub.id}:root"}, "Action": "sts:AssumeRole"}
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=_policy([trust]))
    iam.put_role_policy(RoleName=ROLE, PolicyName=ROLE, PolicyDocument=_policy(_needs(hub)))


def _needs(hub: Account) -> list[dict[str, Any]]:
    place = f"{hub.region}:{hub.id}"
    return [
        {"Action": "apigateway:GET", "Resource": "*"},
        {"Action": "execute-api:Invoke", "Resource": f"arn:aws:execute-api:{place}:*/*/POST/fleetctl"},
        {
            "Action": "dynamodb:GetItem",
            "Resource": f"arn:aws:dynamodb:{place}:table/yagura-chatops",
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["reply#*", "request#*"]}},
        },
    ]


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})
