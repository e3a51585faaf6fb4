"""fleetctl in the local cloud: who asks is told apart by ARN; anchors and secrets are read as on AWS."""

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError

from fleetctl.audit_trail.source import Anchors
from fleetctl.callers import Caller, local_caller
from fleetctl.following import Follower
from fleetctl.hub_api import HubApiError, ask, find_api
from fleetctl.secrets import filled_since
from functions.chatops.archive import Archive, key
from local.process import Instance
from stacks.config.model import Account
from tests.fleetctl.chains import chained
from tests.local.conftest import Aws

PEOPLE = ["aiko", "ben"]
_ECHO = """
import json
def handler(event, context):
    who = event["requestContext"]["authorizer"]["iam"]["userArn"]
    return {"statusCode": 202, "body": json.dumps({"id": who + " " + json.loads(event["body"])["text"]})}
"""


@pytest.fixture
def hub(aws: Aws, account: str) -> Account:
    """A hub with an HTTP API that answers who asked what, and the table of chatops."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.py", _ECHO)
    role = aws.role(account, "echo", trust={"Service": "lambda.amazonaws.com"})
    function = aws("lambda", account).create_function(
        FunctionName="echo", Runtime="python3.13", Role=role, Handler="index.handler", Code={"ZipFile": file.getvalue()}
    )["FunctionArn"]
    gateway = aws("apigatewayv2", account)
    api = gateway.create_api(Name="yagura-chatops", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(
        ApiId=api, RouteKey="POST /fleetctl", AuthorizationType="AWS_IAM", Target=f"integrations/{integration}"
    )
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    aws("lambda", account).add_permission(
        FunctionName="echo", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    aws("dynamodb", account).create_table(
        TableName="yagura-chatops",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    return Account(name="hub", id=account, region="us-east-1", environment="local", unit="Local", role="hub")


@pytest.fixture
def callers(cloud: Instance, hub: Account) -> list[Caller]:
    return [local_caller(cloud, hub, PEOPLE, person) for person in PEOPLE]


def test_the_hub_is_told_which_person_asked(callers: list[Caller], hub: Account) -> None:
    answers = [ask(caller, find_api(caller, None), "whoami") for caller in callers]
    assert answers == [f"arn:aws:sts::{hub.id}:assumed-role/operator/{person} whoami" for person in PEOPLE]
    assert [caller.arn for caller in callers] == [answer.removesuffix(" whoami") for answer in answers]


def test_a_forged_signature_is_refused(callers: list[Caller], hub: Account) -> None:
    address = find_api(callers[0], None)
    callers[0].credentials.secret_key = "wrong" * 8
    with pytest.raises(HubApiError, match="may not call it"):
        ask(callers[0], address, "whoami")


def test_a_person_can_read_a_reply_and_neither_scan_nor_write_the_table(
    callers: list[Caller], hub: Account, aws: Aws
) -> None:
    item = {"pk": {"S": "reply#d1"}, "texts": {"L": [{"S": "done"}]}, "request": {"S": ""}}
    aws("dynamodb", hub.id).put_item(TableName="yagura-chatops", Item=item)
    table = callers[0].connect("dynamodb")
    reply = Follower(table).reply("d1", seconds=0)
    assert reply is not None
    assert reply.texts == ["done"]
    with pytest.raises(ClientError, match="AccessDenied"):
        table.put_item(TableName="yagura-chatops", Item=item)
    with pytest.raises(ClientError, match="AccessDenied"):
        table.scan(TableName="yagura-chatops")


def test_nobody_else_can_be_asked_for(cloud: Instance, hub: Account, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BaseException, match="2"):
        local_caller(cloud, hub, PEOPLE, "mallory")
    assert "'mallory' is nobody in local/people.yaml; it has: aiko, ben" in capsys.readouterr().err


def test_where_there_is_no_api_it_says_what_to_do(cloud: Instance, other_account: str) -> None:
    empty = Account(name="hub", id=other_account, region="us-east-1", environment="local", unit="Local", role="hub")
    with pytest.raises(HubApiError, match="deploy chatops there first"):
        find_api(local_caller(cloud, empty, PEOPLE, None), None)


def test_the_first_version_of_an_anchor_is_read_from_a_locked_bucket(aws: Aws, account: str) -> None:
    client, bucket = aws("s3", account), f"yagura-audit-{account}-us-east-1"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    _, anchors = chained(8)
    for anchor in anchors:
        assert Archive(lambda: client, bucket).keep(anchor) == anchor
    client.put_object(Bucket=bucket, Key=key(anchors[0].hour), Body=b"{}")
    client.delete_object(Bucket=bucket, Key=key(anchors[1].hour))
    source = Anchors(client, bucket)
    assert source.read(lambda done, total: None) == anchors
    assert [remark.partition(" was ")[2].partition(";")[0] for remark in sorted(source.remarks)] == [
        "written more than once",
        "marked as deleted",
    ]


def test_a_secret_that_is_deployed_empty_is_told_from_one_that_is_filled(aws: Aws, account: str) -> None:
    template = {"Resources": {"S": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "/yagura/slack"}}}}
    cloudformation = aws("cloudformation", account)
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 0})
    secrets = aws("secretsmanager", account)
    assert filled_since(secrets, "/yagura/slack") == ""
    secrets.put_secret_value(SecretId="/yagura/slack", SecretString="xoxb-local-1")
    assert filled_since(secrets, "/yagura/slack").startswith("filled, last changed 20")
