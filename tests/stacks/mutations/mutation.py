"""What is done to a good template, and what the check must then say."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

type Resources = dict[str, Any]

SPOKE, HUB = "security-audit", "hub"
QUEUE, RULE, TABLE = "AWS::SQS::Queue", "AWS::Events::Rule", "AWS::DynamoDB::Table"
FUNCTION, ROLE, POLICY = "AWS::Lambda::Function", "AWS::IAM::Role", "AWS::IAM::Policy"
MAPPING, ALARM, BUS = "AWS::Lambda::EventSourceMapping", "AWS::CloudWatch::Alarm", "AWS::Events::EventBus"


@dataclass(frozen=True)
class Mutation:
    """A template of the fleet, what is done to it, and what the check of this kind must say."""

    kind: str
    says: str
    stack: str
    change: Callable[[Resources], object]
    stage: str = SPOKE


def one(resources: Resources, kind: str, name: str = "") -> Any:
    """Properties of the one resource of a type whose logical id begins so."""
    (found,) = (each for key, each in resources.items() if each["Type"] == kind and key.startswith(name))
    return found["Properties"]


def policy(resources: Resources, kind: str, name: str = "") -> list[Any]:
    statements: list[Any] = one(resources, kind, name)["PolicyDocument"]["Statement"]
    return statements


def without(statements: list[Any], word: str) -> None:
    """Takes away the statements in which a word occurs."""
    assert any(word in str(each) for each in statements)
    statements[:] = [each for each in statements if word not in str(each)]


def replace_text(resources: Resources, name: str, old: str, new: str) -> None:
    """Puts another text into the resource whose logical id begins so."""
    (key,) = [name] if name in resources else (each for each in resources if each.startswith(name))
    text = json.dumps(resources[key])
    assert old in text
    resources[key] = json.loads(text.replace(old, new))


def bus_statement(resources: Resources, sid: str) -> Any:
    (found,) = (each for each in one(resources, BUS)["Policy"]["Statement"] if each["Sid"] == sid)
    return found


def grant(resources: Resources, role: str, action: str, resource: object) -> None:
    policy(resources, POLICY, f"{role}RoleDefaultPolicy").append(
        {"Effect": "Allow", "Action": action, "Resource": resource}
    )


def revoke(resources: Resources, role: str, action: str) -> None:
    """Takes one action out of a role's policy."""
    for statement in policy(resources, POLICY, f"{role}RoleDefaultPolicy"):
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        if action in actions:
            statement["Action"] = [each for each in actions if each != action]
            return
    raise AssertionError(f"{role} is not granted {action}")


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def find(resources: Resources, name: str) -> str:
    """The one logical id that begins so and ends in CDK's hash."""
    (found,) = (each for each in resources if each[: len(name)] == name and len(each) == len(name) + 8)
    return found
