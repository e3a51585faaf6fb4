"""A secret that is created empty has no value, and `Ref` of a secret is its ARN.

The emulator gives a secret without SecretString a version that holds nothing, so GetSecretValue succeeds with no
string; and `Ref` gives the name, so a policy on the secret written as CDK writes it names no resource. Evidence:
CloudFormation resource reference, AWS::SecretsManager::Secret: "If you omit both GenerateSecretString and SecretString,
you create an empty secret", and "Ref returns the ARN of the secret"; API reference, CreateSecret: without a value
"Secrets Manager creates a secret with no version"; GetSecretValue then answers ResourceNotFoundException.
"""

import json
from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS


def install() -> None:
    """Take the empty versions away, and make the ARN the physical id."""
    create_secret = secretsmanager._create_secret

    def created_by_api(data: dict[str, Any]) -> Any:
        response = create_secret(data)
        if response[0] == 200 and not data.get("SecretString") and not data.get("SecretBinary"):
            secretsmanager._secrets[data["Name"]]["Versions"].clear()
            answer = {key: value for key, value in json.loads(response[2]).items() if key != "VersionId"}
            return response[0], response[1], json.dumps(answer).encode()
        return response

    secretsmanager._create_secret = created_by_api
    handler = _RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def created(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        name, attributes = create(logical_id, props, stack)
        if not props.get("SecretString") and props.get("GenerateSecretString") is None:
            secretsmanager._secrets[name]["Versions"].clear()
        return attributes["Arn"], attributes

    def updated(arn: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> tuple[str, dict[str, Any]]:
        name, attributes = update(_name(arn), old, new, *rest)
        return secretsmanager._secrets[name]["ARN"], attributes

    handler |= {"create": created, "update": updated, "delete": lambda arn, props: delete(_name(arn), props)}


def _name(arn: str) -> str:
    return arn.split(":secret:", 1)[1].rsplit("-", 1)[0] if arn.startswith("arn:") else arn
