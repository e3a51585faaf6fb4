"""Encryption: what holds data of its own is encrypted, and whoever must use the key may."""

from collections.abc import Iterator, Sequence

from fleetctl.policies import Statement, of_role, statements
from fleetctl.templates import Template

KEY_PARAMETER = "{/yagura/key-arn}"
"""How a template of a capability names the key that the foundation made: CloudFormation reads the parameter."""
_READ, _WRITE = {"kms:Decrypt"}, {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
_WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
_PUBLISHES = {"AWS::SNS::Topic": "cloudwatch.amazonaws.com", "AWS::SQS::Queue": "events.amazonaws.com"}


def check(templates: Sequence[Template]) -> list[str]:
    """Keys rotate and name the services that publish through them; roles that use a table may use its key."""
    found: list[str] = []
    for template in templates:
        for kind in _PUBLISHES:
            found += _published(templates, template, kind)
        found += _tables(template)
        found += [
            template.problem(name, "does not rotate: enable_key_rotation=True")
            for name, key in template.of_type("AWS::KMS::Key").items()
            if not key.get("EnableKeyRotation")
        ]
    return found


def _published(templates: Sequence[Template], template: Template, kind: str) -> Iterator[str]:
    for name, properties in template.of_type(kind).items():
        key = properties.get("KmsMasterKeyId")
        if key is None:
            continue
        if "alias/aws/" in key:
            yield template.problem(name, f"services cannot publish through {key}: take the fleet's own key, or none")
        elif not _key_admits(templates, template, key, _PUBLISHES[kind]):
            yield template.problem(
                name, f"the key's policy does not let {_PUBLISHES[kind]} decrypt and generate data keys"
            )


def _key_admits(templates: Sequence[Template], template: Template, key: str, service: str) -> bool:
    return any(
        service in each.principals and each.allows("kms:Decrypt", "*") and _generates(each)
        for other in templates
        if (other.account, other.region) == (template.account, template.region)
        for name, properties in other.of_type("AWS::KMS::Key").items()
        if key in {other.arn(name), KEY_PARAMETER}
        for each in statements(properties["KeyPolicy"])
    )


def _generates(statement: Statement) -> bool:
    return statement.allows("kms:GenerateDataKey", "*")


def _tables(template: Template) -> Iterator[str]:
    for name, table in template.of_type("AWS::DynamoDB::Table").items():
        key = table.get("SSESpecification", {}).get("KMSMasterKeyId")
        if key is None:
            continue  # then DynamoDB encrypts with a key of AWS's, and asks nobody
        for role in template.of_type("AWS::IAM::Role"):
            policy = of_role(template, role)
            used = {
                action
                for each in policy
                if any(resource.startswith(template.arn(name)) for resource in each.resources)
                for action in each.actions
            }
            needed = _WRITE if used & _WRITES else _READ if used else set()
            missing = sorted(action for action in needed if not any(each.allows(action, key) for each in policy))
            if missing:
                yield template.problem(
                    role, f"uses {name}, which is encrypted with {key}: grant {', '.join(missing)} on it"
                )
