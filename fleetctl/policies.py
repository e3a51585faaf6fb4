"""Policies as flat statements: who may do what, on what, under which conditions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from fleetctl.templates import Template


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, every one-or-many made many."""

    effect: str
    principals: tuple[str, ...]
    """Service names, ARNs or `*`; empty in the policy of a role."""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]
    """By operator, then by key."""
    sid: str = ""

    def allows(self, action: str, resource: str) -> bool:
        """Whether it allows `action` on `resource`, whatever its conditions say."""
        return (
            self.effect == "Allow"
            and any(fnmatchcase(action, each) for each in self.actions)
            and any(fnmatchcase(resource, each) for each in self.resources)
        )

    def values(self, key: str) -> list[tuple[str, list[str]]]:
        """Operator and values of each condition on `key`."""
        return [(operator, many(keys[key])) for operator, keys in self.conditions.items() if key in keys]


def many(value: Any) -> list[Any]:
    """A list of what may be one or many."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def statements(document: Mapping[str, Any]) -> list[Statement]:
    """The statements of a policy document."""
    return [
        Statement(
            effect=raw["Effect"],
            principals=tuple(_principals(raw.get("Principal"))),
            actions=tuple(many(raw.get("Action"))),
            resources=tuple(many(raw.get("Resource"))),
            conditions=raw.get("Condition", {}),
            sid=raw.get("Sid", ""),
        )
        for raw in many(document["Statement"])
    ]


def _principals(principal: Any) -> list[str]:
    if isinstance(principal, dict):
        return [each for one_or_many in principal.values() for each in many(one_or_many)]
    return many(principal)


def of_role(template: Template, role: str) -> list[Statement]:
    """What the role with this logical id may do: its inline policies, and those of the template attached to it."""
    properties = template.of_type("AWS::IAM::Role")[role]
    found = [each for policy in properties.get("Policies", []) for each in statements(policy["PolicyDocument"])]
    # The resolved `Ref` of a role is its name.
    name = properties.get("RoleName", role)
    for policy in template.of_type("AWS::IAM::Policy").values():
        if name in policy.get("Roles", []):
            found += statements(policy["PolicyDocument"])
    return found


def role_of(template: Template, function: str) -> str:
    """Logical id of the role of the function with this logical id; `` if it is not in the template."""
    arn = template.of_type("AWS::Lambda::Function")[function].get("Role")
    return next((role for role in template.of_type("AWS::IAM::Role") if template.arn(role) == arn), "")


def trust(template: Template, role: str) -> list[Statement]:
    """Who may assume the role with this logical id."""
    return statements(template.of_type("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"])


def of_resource(templates: Sequence[Template], arn: str) -> list[Statement]:
    """What resource policies of `templates` say of `arn`: those of queues, topics, buckets, buses, keys, functions."""
    return [
        statement for _, _, each in resource_policies(templates) for statement in each if arn in statement.resources
    ]


def resource_policies(templates: Sequence[Template]) -> Iterator[tuple[Template, str, list[Statement]]]:
    """Every resource policy: its template, its logical id, its statements."""
    for template in templates:
        for kind in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"):
            for name, properties in template.of_type(kind).items():
                yield template, name, statements(properties["PolicyDocument"])
        for name, properties in template.of_type("AWS::Events::EventBus").items():
            if "Policy" in properties:
                yield template, name, statements(properties["Policy"])
        for name, properties in template.of_type("AWS::KMS::Key").items():
            # A key policy says `*` for its own key.
            yield (
                template,
                name,
                [
                    Statement(
                        each.effect, each.principals, each.actions, (template.arn(name),), each.conditions, each.sid
                    )
                    for each in statements(properties["KeyPolicy"])
                ],
            )
        for name, permission in template.of_type("AWS::Lambda::Permission").items():
            yield template, name, [_permission(template, permission)]


def _permission(template: Template, permission: Mapping[str, Any]) -> Statement:
    function = permission["FunctionName"]
    if not function.startswith("arn:"):
        function = f"arn:aws:lambda:{template.region}:{template.account}:function:{function}"
    keys = {"SourceArn": ("ArnLike", "aws:SourceArn"), "SourceAccount": ("StringEquals", "aws:SourceAccount")}
    conditions: dict[str, dict[str, Any]] = {}
    for name, (operator, key) in keys.items():
        if name in permission:
            conditions.setdefault(operator, {})[key] = permission[name]
    return Statement("Allow", (permission["Principal"],), (permission["Action"],), (function,), conditions)
