"""boto3 clients as the fleet wants them: short timeouts, standard retries, one per function."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_identitystore import IdentityStoreClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_securityhub import SecurityHubClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


@cache
def _session() -> boto3.Session:
    """Made with the first client: whoever needs none needs no profile that works either."""
    return boto3.Session()


def dynamodb() -> "DynamoDBClient":
    """DynamoDB."""
    return _session().client("dynamodb", config=_CONFIG)


def events() -> "EventBridgeClient":
    """EventBridge."""
    return _session().client("events", config=_CONFIG)


def sqs() -> "SQSClient":
    """SQS."""
    return _session().client("sqs", config=_CONFIG)


def ssm() -> "SSMClient":
    """Systems Manager, for parameters."""
    return _session().client("ssm", config=_CONFIG)


def secretsmanager() -> "SecretsManagerClient":
    """Secrets Manager."""
    return _session().client("secretsmanager", config=_CONFIG)


def lambda_() -> "LambdaClient":
    """Lambda."""
    return _session().client("lambda", config=_CONFIG)


def securityhub() -> "SecurityHubClient":
    """Security Hub, without retries of its own: its limits are the account's, and a queue brings the work again."""
    return _session().client("securityhub", config=_CONFIG.merge(Config(retries={"total_max_attempts": 1})))


def tagging() -> "ResourceGroupsTaggingAPIClient":
    """Resource Groups Tagging: what carries a tag."""
    return _session().client("resourcegroupstaggingapi", config=_CONFIG)


def events_in(region: str) -> "EventBridgeClient":
    """EventBridge of another Region: PutEvents takes only buses of its own."""
    return _session().client("events", region_name=region, config=_CONFIG)


def dynamodb_as(role: str, *, session: str, region: str) -> "DynamoDBClient":
    """DynamoDB as a role of another account."""
    return _assumed(role, session).client("dynamodb", region_name=region, config=_CONFIG)


def s3_as(role: str, *, session: str, region: str) -> "S3Client":
    """S3 as a role of another account."""
    return _assumed(role, session).client("s3", region_name=region, config=_CONFIG)


def identitystore_as(role: str, *, session: str, region: str) -> "IdentityStoreClient":
    """IAM Identity Center's directory, as a role of the account that holds it."""
    return _assumed(role, session).client("identitystore", region_name=region, config=_CONFIG)


def _assumed(role: str, session: str) -> boto3.Session:
    """Keys for one piece of work: good for 15 minutes, and not refreshed."""
    keys = (
        _session()
        .client("sts", config=_CONFIG)
        .assume_role(RoleArn=role, RoleSessionName=session, DurationSeconds=900)["Credentials"]
    )
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
