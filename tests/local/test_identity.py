"""Roles across accounts, boundaries, parameters, schedules: the emulator's own behaviour that the fleet leans on."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.client import fire_schedule
from local.errors import LocalCloudError
from local.process import Instance
from tests.local.conftest import Aws

EVERYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def test_a_session_of_another_accounts_role_works_in_that_account(aws: Aws, account: str, other_account: str) -> None:
    aws("ssm", other_account).put_parameter(Name="/yagura/mode", Value="observe", Type="String")
    role = aws.role(
        other_account, "command", path="/yagura/", allow=EVERYTHING, trust={"AWS": f"arn:aws:iam::{account}:root"}
    )
    session = aws.session(role, account)
    found = aws("ssm", account, credentials=session).get_parameters(Names=["/yagura/mode", "/missing"])
    assert [parameter["Value"] for parameter in found["Parameters"]] == ["observe"]
    assert found["InvalidParameters"] == ["/missing"]


def test_a_role_that_does_not_trust_an_account_refuses_it(aws: Aws, account: str, other_account: str) -> None:
    role = aws.role(other_account, "command", trust={"AWS": f"arn:aws:iam::{other_account}:root"})
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.session(role, account)


def test_what_the_boundary_does_not_allow_is_refused(aws: Aws, account: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}]}
    policy = aws("iam", account).create_policy(PolicyName="boundary", PolicyDocument=json.dumps(document))
    boundary = policy["Policy"]["Arn"]
    role = aws.role(
        account,
        "bounded",
        allow=EVERYTHING,
        trust={"AWS": f"arn:aws:iam::{account}:root"},
        PermissionsBoundary=boundary,
    )
    session = aws.session(role, account)
    assert aws("ssm", account, credentials=session).get_parameters(Names=["x"])["InvalidParameters"] == ["x"]
    with pytest.raises(ClientError, match="AccessDenied"):
        aws("sqs", account, credentials=session).list_queues()


def test_a_secret_can_be_read_with_a_policy_on_its_arn_and_filled_later(aws: Aws, account: str) -> None:
    secrets = aws("secretsmanager", account)
    template = {
        "Resources": {"S": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "yagura/slack"}}},
        "Outputs": {"Ref": {"Value": {"Ref": "S"}}},
    }
    cloudformation = aws("cloudformation", account)
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 0})
    [output] = cloudformation.describe_stacks(StackName="s")["Stacks"][0]["Outputs"]
    assert output["OutputValue"].startswith(f"arn:aws:secretsmanager:us-east-1:{account}:secret:yagura/slack-")
    role = aws.role(
        account,
        "reader",
        trust={"AWS": f"arn:aws:iam::{account}:root"},
        allow=[{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": output["OutputValue"]}],
    )
    reader = aws("secretsmanager", account, credentials=aws.session(role, account))
    with pytest.raises(ClientError, match="can't find the specified secret value for staging label: AWSCURRENT"):
        reader.get_secret_value(SecretId="yagura/slack")
    secrets.put_secret_value(SecretId="yagura/slack", SecretString="xoxb-local-1")
    assert reader.get_secret_value(SecretId="yagura/slack")["SecretString"] == "xoxb-local-1"
    cloudformation.delete_stack(StackName="s")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig={"Delay": 0})
    assert secrets.list_secrets()["SecretList"] == []


@pytest.mark.parametrize(
    ("bus", "own", "others"),
    [("default", "rule/mine", "rule/default/mine"), ("orders", "rule/orders/mine", "rule/mine")],
)
def test_the_targets_of_a_rule_may_be_read_by_whoever_is_allowed_that_rule(
    aws: Aws, account: str, bus: str, own: str, others: str
) -> None:
    place = f"arn:aws:events:us-east-1:{account}"
    if bus != "default":
        aws.bus(account, bus)
    for name in ("mine", "other"):
        aws.rule(account, bus, name, {"source": ["s"]}, Arn=aws.queue(account, f"{bus}-{name}"))

    def reader(resource: str) -> Any:
        allow = [{"Effect": "Allow", "Action": "events:ListTargetsByRule", "Resource": f"{place}:{resource}"}]
        role = aws.role(account, resource.replace("/", "-"), trust={"AWS": f"arn:aws:iam::{account}:root"}, allow=allow)
        return aws("events", account, credentials=aws.session(role, account))

    allowed = reader(own)
    assert len(allowed.list_targets_by_rule(Rule="mine", EventBusName=bus)["Targets"]) == 1
    allowed.list_targets_by_rule(Rule="mine", EventBusName=f"{place}:event-bus/{bus}")  # allowed, by either name
    with pytest.raises(ClientError, match="AccessDenied"):
        allowed.list_targets_by_rule(Rule="other", EventBusName=bus)
    with pytest.raises(ClientError, match="AccessDenied"):
        reader(others).list_targets_by_rule(Rule="mine", EventBusName=bus)


def test_a_scheduled_rule_fires_when_told(aws: Aws, cloud: Instance, account: str) -> None:
    events = aws("events", account)
    events.put_rule(Name="sweep", ScheduleExpression="rate(2 minutes)")
    events.put_targets(Rule="sweep", Targets=[{"Id": "q", "Arn": aws.queue(account, "q")}])
    fire_schedule(cloud, account, "sweep")
    [message] = aws.messages(account, "q")
    assert json.loads(message["Body"])["detail-type"] == "Scheduled Event"
    with pytest.raises(LocalCloudError, match="no scheduled rule nothing"):
        fire_schedule(cloud, account, "nothing")


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        (
            {"detail": {"findings": {"ProductArn": [{"wildcard": "arn:aws*:securityhub:*::product/aws/*"}]}}},
            {"detail": {"findings": [{"ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub"}]}},
            True,
        ),
        (
            {"detail": {"findings": {"ProductArn": [{"wildcard": "arn:aws*:securityhub:*::product/aws/*"}]}}},
            {"detail": {"findings": [{"ProductArn": "arn:aws:securityhub:us-east-1:999999999999:product/9/x"}]}},
            False,
        ),
        ({"detail": {"x": [{"anything-but": {"wildcard": ["a*", "b*"]}}]}}, {"detail": {"x": "cc"}}, True),
        ({"detail": {"x": [{"anything-but": {"wildcard": ["a*", "b*"]}}]}}, {"detail": {"x": "bb"}}, False),
        ({"$or": [{"source": ["z"]}, {"detail-type": ["t"]}]}, {"detail": {}}, True),
    ],
)
def test_rule_patterns_match_as_on_aws(
    aws: Aws, account: str, pattern: dict[str, object], event: dict[str, object], matches: bool
) -> None:
    whole = {
        "id": "1",
        "version": "0",
        "account": account,
        "region": "us-east-1",
        "time": "2026-01-01T00:00:00Z",
        "resources": [],
        "source": "s",
        "detail-type": "t",
        **event,
    }
    answer = aws("events", account).test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(whole))
    assert answer["Result"] is matches


def test_an_input_transformer_fills_its_template(aws: Aws, account: str) -> None:
    queue = aws.queue(account, "q")
    aws.rule(
        account,
        "default",
        "r",
        {"source": ["a"]},
        Arn=queue,
        InputTransformer={
            "InputPathsMap": {"x": "$.detail.x", "d": "$.detail"},
            "InputTemplate": '{"said": "x is <x>", "all": <d>}',
        },
    )
    aws.put(account, "default", "a", {"x": "v"})
    [message] = aws.messages(account, "q")
    assert json.loads(message["Body"]) == {"said": "x is v", "all": {"x": "v"}}
