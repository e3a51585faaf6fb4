"""Chatops: the rule on fleet events, the empty secret, and what notify may do."""

from typing import Any

import pytest

from fleetctl.templates import Template
from tests.stacks.fleets import config_of, find
from tests.stacks.test_findings import may

TABLE = "arn:aws:dynamodb:ap-northeast-1:111122223333:table/yagura-chatops"
QUEUE = "arn:aws:sqs:ap-northeast-1:111122223333:yagura-chatops"
PARAMETERS = "arn:aws:ssm:ap-northeast-1:111122223333:parameter/yagura"
LOGS = "arn:aws:logs:ap-northeast-1:111122223333:log-group:/yagura/chatops/notify"
SECRET = "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:/yagura/slack/bot-token"


@pytest.fixture
def chatops(hub_and_spoke: list[Template]) -> Template:
    return find(hub_and_spoke, "hub", "chatops")


def test_notify_may_do_exactly_this(chatops: Template) -> None:
    assert may(chatops, "notify") == {
        ("dynamodb:GetItem", TABLE),
        ("dynamodb:PutItem", TABLE),
        ("dynamodb:Query", f"{TABLE}/index/pending"),
        ("secretsmanager:GetSecretValue", SECRET),
        ("sqs:ReceiveMessage", QUEUE),
        ("sqs:DeleteMessage", QUEUE),
        ("sqs:GetQueueAttributes", QUEUE),
        ("sqs:SendMessage", f"{QUEUE}-dead-letters"),
        ("ssm:GetParameters", f"{PARAMETERS}/mode/chatops"),
        ("ssm:GetParameters", f"{PARAMETERS}/freeze"),
        ("logs:CreateLogStream", f"{LOGS}:*"),
        ("logs:PutLogEvents", f"{LOGS}:*"),
    }


def test_people_are_told_of_the_fleets_own_accounts_and_never_of_a_replay(fleet: list[Template]) -> None:
    chatops = find(fleet, "hub", "chatops")
    rules: Any = chatops.of_type("AWS::Events::Rule").values()
    (rule,) = (each for each in rules if "EventPattern" in each)
    assert rule["EventBusName"] == "yagura"
    assert rule["EventPattern"] == {
        "source": ["yagura.findings"],
        "detail-type": ["FindingOpened"],
        "account": sorted(account.id for account in config_of().fleet.accounts),
        "replay-name": [{"exists": False}],
    }


def test_the_secret_is_made_empty_and_kept(chatops: Template) -> None:
    (name,) = chatops.of_type("AWS::SecretsManager::Secret")
    resource = chatops.resources[name]
    # Kept, but for the rollback of a failed first deployment, which its fixed name would not outlive.
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"
    assert not resource["Properties"].keys() & {"SecretString", "GenerateSecretString"}


def test_messages_expire(chatops: Template) -> None:
    (table,) = chatops.of_type("AWS::DynamoDB::Table").values()
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_chatops_lives_in_the_hub_only(fleet: list[Template]) -> None:
    assert {template.stage for template in fleet if template.stack == "chatops"} == {"hub", "local-hub"}
