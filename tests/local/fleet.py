"""The fleet on the local cloud, as the end-to-end tests and the permission proof drive it."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local import deploy, process, ready
from local.client import HUB, SPOKE, Event, client
from local.process import Instance
from local.replay import envelope, replay
from local.trace import Outcome

type Finding = dict[str, Any]


@contextmanager
def deployed(instance: Instance) -> Iterator[Instance]:
    """The fleet on a local cloud of its own, ready to tell people; gone afterwards."""
    process.start(instance)
    try:
        deploy.bootstrap_and_deploy(instance)
        ready.make_ready(instance)
        yield instance
    finally:
        process.stop(instance)


def finding(
    resource: str = "",
    *,
    control: str = "",
    status: str = "FAILED",
    workflow: str = "NEW",
    updated: str = "2026-11-23T06:00:00.000Z",
    uid: str = "",
    tags: dict[str, str] | None = None,
) -> Finding:
    """An ASFF finding about a resource that no other test uses, of a control of its own: of one, many are a storm."""
    # Letters only: five digits in a row would be masked as somebody's number, and the message not be found by its name.
    name = uuid.uuid4().hex[:12].translate(str.maketrans("0123456789", "ghijklmnop"))
    resource, control = resource or f"arn:aws:s3:::bucket-{name}", control or f"S3.{name[:8]}"
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:us-east-1:{SPOKE}:security-control/{control}/finding/{uid or uuid.uuid4()}",
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
        "GeneratorId": f"security-control/{control}",
        "AwsAccountId": SPOKE,
        "Region": "us-east-1",
        "CreatedAt": "2026-11-20T00:00:00.000Z",
        "UpdatedAt": updated,
        "Severity": {"Label": "HIGH"},
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "Title": "A control",
        "Description": "A control",
        "Resources": [{"Type": "AwsS3Bucket", "Id": resource, "Tags": tags or {}}],
        "Compliance": {"Status": status, "SecurityControlId": control},
        "Workflow": {"Status": workflow},
        "RecordState": "ACTIVE",
    }


def imported(one: Finding, *, time: str = "2026-11-23T06:00:05Z") -> Event:
    """The event that brings it."""
    return envelope(one, "Security Hub Findings - Imported") | {"time": time}


def send(instance: Instance, *events: Event) -> list[Outcome]:
    """Send events and wait for what becomes of them."""
    return replay(instance, list(events), tick=lambda _done, _total: None)


def invoke(instance: Instance, account: str, function: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Call a function, as a schedule would."""
    answer = client(instance, "lambda", account).invoke(FunctionName=function, Payload=json.dumps(payload))
    text = json.loads(answer["Payload"].read() or b"null")
    assert "FunctionError" not in answer, text
    return dict(text or {})


def set_token(instance: Instance, value: str) -> None:
    """Fill the secret, and forget what functions cached of it by starting them afresh."""
    client(instance, "secretsmanager", HUB).put_secret_value(SecretId="/yagura/slack/bot-token", SecretString=value)
    restart(instance, HUB, "yagura-chatops-notify")


def restart(instance: Instance, account: str, function: str) -> None:
    """A change of configuration makes Lambda start new environments."""
    functions = client(instance, "lambda", account)
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": variables | {"RESTARTED": uuid.uuid4().hex}}
    )
