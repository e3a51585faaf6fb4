"""The ingress as deployed, on AWS's HTTP interfaces in memory; requests are signed by slack_sdk."""

import base64
import gc
import json
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Literal
from unittest.mock import patch
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

from fleet.sigv4 import Aws
from fleet.wire import Answer, WireError
from tests.functions.entry import REGION, load
from tests.layers.fleet.fakes import Steps

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM = "T0LOCAL0000"
NOW = 1_795_477_153
QUEUE = "http://sqs.test/desk"
OPERATOR = "arn:aws:sts::111122223333:assumed-role/sre/aiko"
COMMAND = {
    "token": "deprecated",
    "team_id": TEAM,
    "team_domain": "clinic",
    "channel_id": "C0SRE000000",
    "channel_name": "sre",
    "user_id": "U0AIKO00000",
    "user_name": "aiko",
    "command": "/yagura",
    "text": "queues redrive clinic-intake --to 10",
    "api_app_id": "A0YAGURA",
    "is_enterprise_install": "false",
    "response_url": "https://hooks.slack.com/commands/T0LOCAL0000/1/x",
    "trigger_id": "1.2.3",
}

ID = "0b7e6a4e-6a52-4b0e-9a44-3a2d0b9d6c11"
type Logged = Callable[[], str]
type Counts = Callable[[], list[str]]
type Trouble = Literal["works", "down", "lost", "error"]
"""Down: never heard. Lost: done, and the answer is lost. Error: AWS says 500."""


def pressed(**about: Any) -> dict[str, Any]:
    """A block_actions payload."""
    return {
        "type": "block_actions",
        "user": {"id": "U0BEN000000", "username": "ben", "team_id": TEAM},
        "team": {"id": TEAM, "domain": "clinic"},
        "container": {"type": "message", "message_ts": "17.1", "channel_id": "C0SRE000000", "is_ephemeral": False},
        "trigger_id": "4.5.6",
        "channel": {"id": "C0SRE000000", "name": "sre"},
        "message": {"ts": "17.1", "text": "shown"},
        "response_url": "https://hooks.slack.com/actions/1",
        "actions": [{"action_id": "approve", "block_id": "b", "type": "button", "value": "R1", "action_ts": "1"}],
    } | about


def submitted(**view: Any) -> dict[str, Any]:
    """A view_submission payload."""
    values = {"reason": {"reason": {"type": "plain_text_input", "value": "patients wait"}}}
    whole = {"callback_id": "break_glass", "private_metadata": "R1", "state": {"values": values}} | view
    return {
        "type": "view_submission",
        "user": {"id": "U0BEN000000", "team_id": TEAM},
        "team": {"id": TEAM},
        "trigger_id": "7.8.9",
        "view": whole,
        "response_urls": [],
    }


def payload(about: object) -> bytes:
    return urlencode({"payload": json.dumps(about)}).encode()


def command(**about: str) -> bytes:
    return urlencode(COMMAND | about).encode()


class FakeAws:
    """Secrets Manager, DynamoDB and SQS behind their JSON interfaces; each call may fail as `plan` says."""

    def __init__(self) -> None:
        self.steps = Steps()
        self.items: dict[str, dict[str, Any]] = {}
        self.queued: list[dict[str, Any]] = []
        self.secrets: dict[str, str | None] = {"AWSCURRENT": SECRET, "AWSPREVIOUS": None}
        self.calls: list[str] = []
        self.plan: list[Trouble] = []
        self.refused: dict[str, str] = {}
        """Operations to the code that they fail with."""
        self.authority = "aws.test"

    def connect(self, _host: str, _port: int, _tls: object) -> "FakeAws":
        return self

    def post(self, path: str, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
        assert path == "/"
        assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
        operation = headers["x-amz-target"].rpartition(".")[2]
        self.calls.append(operation)
        trouble = self.plan.pop(0) if self.plan else "works"
        if trouble == "down":
            raise WireError("down")
        if trouble == "error":
            return Answer(500, {}, b"{}")
        if code := self.refused.get(operation):
            return _error(code)
        act: Callable[[dict[str, Any]], Answer] = getattr(self, operation)
        answer = self.steps.call(operation, lambda: act(json.loads(body)))
        if trouble == "lost":
            raise WireError("lost")
        return answer

    def GetSecretValue(self, request: dict[str, Any]) -> Answer:  # noqa: N802 - AWS's
        assert request["SecretId"] == "yagura/slack-signing"
        value = self.secrets[request["VersionStage"]]
        return _error("ResourceNotFoundException") if value is None else _ok({"SecretString": value})

    def PutItem(self, request: dict[str, Any]) -> Answer:  # noqa: N802 - AWS's
        assert request["TableName"] == "yagura-chatops"
        assert request["ConditionExpression"] == "attribute_not_exists(pk) OR attempt = :attempt"
        before = self.items.get(request["Item"]["pk"]["S"])
        if before and before["attempt"] != request["ExpressionAttributeValues"][":attempt"]:
            return _error("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException")
        self.items[request["Item"]["pk"]["S"]] = request["Item"]
        return _ok({})

    def DeleteItem(self, request: dict[str, Any]) -> Answer:  # noqa: N802 - AWS's
        assert request["ConditionExpression"] == "attempt = :attempt"
        before = self.items.get(request["Key"]["pk"]["S"])
        if not before or before["attempt"] != request["ExpressionAttributeValues"][":attempt"]:
            return _error("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException")
        del self.items[request["Key"]["pk"]["S"]]
        return _ok({})

    def SendMessage(self, request: dict[str, Any]) -> Answer:  # noqa: N802 - AWS's
        assert request["QueueUrl"] == QUEUE
        self.queued.append(json.loads(request["MessageBody"]))
        return _ok({"MessageId": "m"})


def _ok(body: dict[str, Any]) -> Answer:
    return Answer(200, {}, json.dumps(body).encode())


def _error(code: str) -> Answer:
    return Answer(400, {}, json.dumps({"__type": code, "message": "quoted: patient 4711"}).encode())


class Gateway:
    """API Gateway in front of the ingress; the clocks move by hand."""

    def __init__(self) -> None:
        self.aws = FakeAws()
        self.now = NOW
        self.uptime = 1000.0
        environment = {
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": "http://aws.test",
            "YAGURA_SLACK_TEAM": TEAM,
            "YAGURA_SIGNING_SECRET": "yagura/slack-signing",
            "YAGURA_DESK_QUEUE": QUEUE,
        }
        with patch("fleet.sigv4.Aws", lambda: Aws(environment, connect=self.aws.connect)):
            # No client of boto3: whoever asked for one would get nothing.
            self.ingress: Any = load("chatops.ingress", clients={"sqs": None}, environment=environment)
        assert gc.isenabled()
        gc.unfreeze()  # here it is one of many modules that come and go
        wall = SimpleNamespace(time=lambda: float(self.now), monotonic=time.monotonic)
        vars(self.ingress).update(time=wall, clock=SimpleNamespace(now_ms=lambda: 5))
        self.ingress.secret._clock = lambda: self.uptime

    def slack(self, body: bytes, *, secret: str = SECRET, at: int | None = None, **event: Any) -> int:
        """The status that Slack sees."""
        timestamp = str(self.now if at is None else at)
        signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
        return self.send(body, {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}, **event)

    def send(self, body: bytes, headers: Mapping[str, Any], **event: Any) -> int:
        """The status of a request to Slack's route; its answer says nothing."""
        answer = self.handle(request(body, headers) | event)
        assert answer["body"] == ""
        return int(answer["statusCode"])

    def fleetctl(self, body: object, *, who: str | None = OPERATOR, **event: Any) -> tuple[int, dict[str, Any]]:
        """Status and body of a request to the route that IAM guards."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        about = {"authorizer": {"iam": {"userArn": who}}} if who is not None else {}
        asked = request(text, {}) | {"routeKey": "POST /fleetctl", "requestContext": about} | event
        answer = self.handle(asked)
        return answer["statusCode"], json.loads(answer["body"])

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        with patch("fleet.sigv4.time.sleep", lambda _: None):
            return dict(self.ingress.handler(event, None))


def request(body: bytes, headers: Mapping[str, Any]) -> dict[str, Any]:
    """As an HTTP API hands over a form: in base64, header names in lower case."""
    return {
        "version": "2.0",
        "routeKey": "POST /slack",
        "rawPath": "/slack",
        "headers": {"content-type": "application/x-www-form-urlencoded"} | {k.lower(): v for k, v in headers.items()},
        "requestContext": {"http": {"method": "POST"}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
