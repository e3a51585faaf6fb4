"""boto3 clients as the fleet wants them: short timeouts, standard retries, one per function."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
_session = boto3.Session()


def dynamodb() -> "DynamoDBClient":
    """DynamoDB."""
    return _session.client("dynamodb", config=_CONFIG)


def events() -> "EventBridgeClient":
    """EventBridge."""
    return _session.client("events", config=_CONFIG)


def sqs() -> "SQSClient":
    """SQS."""
    return _session.client("sqs", config=_CONFIG)


def ssm() -> "SSMClient":
    """Systems Manager, for parameters."""
    return _session.client("ssm", config=_CONFIG)


def secretsmanager() -> "SecretsManagerClient":
    """Secrets Manager."""
    return _session.client("secretsmanager", config=_CONFIG)
