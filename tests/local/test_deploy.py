"""The real CDK CLI onto the local cloud, and what runs there: a hub and a spoke in the fleet's shape."""

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import deploy, process
from local.client import HUB, SPOKE, journal, not_simulated, send_aws_event
from local.errors import LocalCloudError
from local.process import Instance
from tests.local.conftest import Aws, allow_loopback, eventually

pytestmark = pytest.mark.local

APP = [sys.executable, str(Path(__file__).parent / "cdk_app" / "app.py")]
STAGES = ["local-hub", "local-spoke"]
"""Of that app."""


@pytest.fixture(scope="module")
def deployed(cloud: Instance) -> list[deploy.Progress]:
    allow_loopback()
    steps: list[deploy.Progress] = []
    deploy.bootstrap_and_deploy(cloud, STAGES, app=APP, report=steps.append)
    return steps


def _event(**detail: Any) -> dict[str, Any]:
    return {"source": "aws.securityhub", "detail-type": "Security Hub Findings - Imported", "detail": detail}


def _logs(aws: Aws, function: str) -> str:
    try:
        events = aws("logs", SPOKE).filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    except ClientError:
        return ""
    return "\n".join(event["message"] for event in events)


def _item(aws: Aws, key: str) -> dict[str, Any]:
    found = aws("dynamodb", SPOKE).get_item(TableName="findings", Key={"pk": {"S": key}}, ConsistentRead=True)
    return dict(found.get("Item") or {})


def test_both_stages_are_deployed_and_progress_ends_full(cloud: Instance, deployed: list[deploy.Progress]) -> None:
    assert deploy.is_deployed(cloud, STAGES)
    last = {step.part: step for step in deployed}
    assert {(part, step.done == step.total) for part, step in last.items()} == {
        ("synth", True),
        ("local-hub", True),
        ("local-spoke", True),
    }


def test_an_event_of_a_service_goes_through_queue_function_and_table_to_the_hubs_bus(
    aws: Aws, cloud: Instance, deployed: list[deploy.Progress]
) -> None:
    send_aws_event(cloud, SPOKE, _event(id="through"))
    item = eventually(lambda: _item(aws, "through"))
    assert item["layer"]["S"] == "from the layer"
    assert item["function"]["S"] == "worker"
    lines = eventually(
        lambda: [
            line
            for line in journal(cloud, account=HUB, bus="yagura")[0]
            if line["event"]["detail"].get("id") == "through"
        ]
    )
    assert [(line["event"]["account"], line["came_by"]["account"]) for line in lines] == [(SPOKE, SPOKE)]


def test_a_poison_message_is_dead_lettered_and_its_neighbours_are_not(
    aws: Aws, cloud: Instance, deployed: list[deploy.Progress]
) -> None:
    send_aws_event(cloud, SPOKE, [_event(poison=True, id="bad"), _event(id="neighbour")])
    letters = eventually(lambda: aws.messages(SPOKE, "findings-dead"))
    assert [json.loads(letter["Body"])["detail"]["id"] for letter in letters] == ["bad"]
    assert letters[0]["Attributes"]["DeadLetterQueueSourceArn"].endswith(":findings")
    assert _item(aws, "neighbour")


def test_a_stream_filter_keeps_unwanted_records_from_the_function(
    aws: Aws, cloud: Instance, deployed: list[deploy.Progress]
) -> None:
    send_aws_event(cloud, SPOKE, [_event(id="settled", pending="no"), _event(id="pending")])
    assert eventually(lambda: _item(aws, "settled"))
    assert eventually(lambda: "stream pending" in _logs(aws, "reader"))
    assert "stream settled" not in _logs(aws, "reader")


def test_an_action_without_a_grant_is_refused_and_the_log_names_action_and_resource(
    aws: Aws, cloud: Instance, deployed: list[deploy.Progress]
) -> None:
    send_aws_event(cloud, SPOKE, _event(forbidden=True))
    assert eventually(
        lambda: (
            "is not authorized to perform: dynamodb:DeleteItem on resource: "
            f"arn:aws:dynamodb:us-east-1:{SPOKE}:table/findings" in _logs(aws, "worker")
        )
    )


def test_the_boundary_of_a_deployed_role_is_kept(aws: Aws, deployed: list[deploy.Progress]) -> None:
    iam = aws("iam", SPOKE)
    names = [role["RoleName"] for role in iam.list_roles(PathPrefix="/yagura/")["Roles"]]
    [name] = [each for each in names if "worker" in each]
    boundary = iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    assert boundary == f"arn:aws:iam::{SPOKE}:policy/yagura-boundary"


def test_a_secret_without_a_value_has_none(aws: Aws, deployed: list[deploy.Progress]) -> None:
    secrets = aws("secretsmanager", SPOKE)
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*staging label: AWSCURRENT"):
        secrets.get_secret_value(SecretId="yagura/slack")


def test_the_bus_policy_and_the_archive_of_the_template_are_there(aws: Aws, deployed: list[deploy.Progress]) -> None:
    events = aws("events", HUB)
    policy = json.loads(events.describe_event_bus(Name="yagura")["Policy"])
    assert {statement["Sid"] for statement in policy["Statement"]} == {"cdk-OnlyTheFleet", "cdk-Spokes"}
    assert events.describe_archive(ArchiveName="yagura")["RetentionDays"] == 30
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.put(HUB, "yagura", "yagura.findings")


def test_what_is_not_simulated_is_recorded(cloud: Instance, deployed: list[deploy.Progress]) -> None:
    assert {(each["account"], each["type"]) for each in not_simulated(cloud)} >= {
        (account, "AWS::SecretsManager::RotationSchedule") for account in (HUB, SPOKE)
    }


def test_a_second_deployment_changes_nothing(aws: Aws, cloud: Instance, deployed: list[deploy.Progress]) -> None:
    before = aws("cloudformation", HUB).describe_stack_events(StackName="fleet")["StackEvents"]
    deploy.bootstrap_and_deploy(cloud, STAGES, app=[sys.executable, "-c", ""])  # the assembly of the first one is there
    assert aws("cloudformation", HUB).describe_stack_events(StackName="fleet")["StackEvents"] == before


def test_a_failed_synthesis_is_told_in_its_last_lines(cloud: Instance) -> None:
    with pytest.raises(LocalCloudError, match=r"(?s)synthesis failed .*no such service"):
        deploy.synth(cloud, cloud.state_dir / "never", app=[sys.executable, "-c", "exit('no such service')"])


def test_deploying_without_an_emulator_says_so(state_dir: Path) -> None:
    with pytest.raises(LocalCloudError, match="fleetctl local up"):
        deploy.bootstrap_and_deploy(Instance(state_dir, 1), STAGES, app=APP)


def _zip(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", source)
    return buffer.getvalue()


def test_a_function_sees_its_bundle_and_the_runtime_only(aws: Aws, account: str) -> None:
    role = aws.role(account, "fn", trust={"Service": "lambda.amazonaws.com"})
    functions = aws("lambda", account)
    source = (Path(__file__).parent / "cdk_app/functions/handler/handler.py").read_text()
    source = "".join(line for line in source.splitlines(keepends=True) if not line.startswith("import in_layer"))
    functions.create_function(
        FunctionName="seen",
        Runtime="python3.13",
        Handler="handler.seen",
        Role=role,
        Timeout=20,
        Code={"ZipFile": _zip(source)},
        LoggingConfig={"LogFormat": "JSON"},
    )
    wanted = json.dumps({"import": ["boto3", "botocore", "ministack", "hypercorn", "local", "jsonata"]})
    answer = json.load(functions.invoke(FunctionName="seen", Payload=wanted)["Payload"])
    assert {name for name, where in answer["found"].items() if where} == {"boto3", "botocore"}
    assert answer["env"]["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
    assert answer["env"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert not [name for name in answer["env"] if name.startswith(("YAGURA_", "PYTEST"))]


def test_the_layers_boto3_wins_over_the_runtimes(aws: Aws, account: str) -> None:
    functions = aws("lambda", account)
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("python/boto3/__init__.py", "PINNED = True")
    arn = functions.publish_layer_version(LayerName="deps", Content={"ZipFile": layer.getvalue()})["LayerVersionArn"]
    functions.create_function(
        FunctionName="pinned",
        Runtime="python3.13",
        Handler="handler.run",
        Timeout=20,
        Layers=[arn],
        Role=aws.role(account, "fn", trust={"Service": "lambda.amazonaws.com"}),
        Code={"ZipFile": _zip("import boto3\ndef run(event, context):\n    return boto3.PINNED")},
    )
    assert json.load(functions.invoke(FunctionName="pinned")["Payload"]) is True


def test_a_mapping_whose_role_may_not_read_the_queue_fails_the_stack(aws: Aws, account: str) -> None:
    queue = aws.queue(account, "q")
    aws("lambda", account).create_function(
        FunctionName="f",
        Runtime="python3.13",
        Handler="handler.run",
        Code={"ZipFile": _zip("")},
        Role=aws.role(account, "fn", trust={"Service": "lambda.amazonaws.com"}),
    )
    template = {
        "Resources": {
            "Map": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {"FunctionName": "f", "EventSourceArn": queue},
            }
        }
    }
    cloudformation = aws("cloudformation", account)
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))

    def reason() -> str:
        events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
        return next((e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"), "")

    assert "ReceiveMessage on SQS" in eventually(reason)


def test_the_emulator_still_runs_after_all_this(cloud: Instance) -> None:
    assert process.status(cloud) == "running"
