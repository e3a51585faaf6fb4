"""The function `notify` on one fake AWS, and Slack behind slack-sdk's HTTP layer."""

import email.message
import io
import json
import urllib.error
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from slack_sdk.web.base_client import BaseClient

from fleet.events.envelope import Entry
from fleet.events.findings import FindingOpened
from fleet.items import Table
from functions.chatops.store import MessageStore, key
from tests.functions.entry import batch, failures, load
from tests.layers.fleet.entries import meta
from tests.layers.fleet.fakes import FakeDynamoDB, FakeParameters, FakeQueue, FakeSecrets, KilledError, Steps

CHANNELS = {
    "default_channel": "C0DEFAULT",
    "channels": {"front-door": "C0FRONT"},
    "service_channels": {"intake": "C0INTAKE"},
    "accounts": ["111122223333", "444455556666"],
}
TICK = {"tick": 120}


def opened(id_: str = "p1-1-1", *, finding: dict[str, Any] | None = None, **about: Any) -> str:
    """A FindingOpened as it comes from the hub's bus."""
    about = {"actor": "aws.securityhub"} | about
    data: dict[str, Any] = {
        "problem": "p1",
        "account": "111122223333",
        "region": "eu-west-1",
        "control": "S3.8",
        "resource": "arn:aws:s3:::clinic-staging-intake-forms",
        "resource_type": "AwsS3Bucket",
        "severity": "HIGH",
        "title": "Buckets should block public access",
        "finding_id": "f",
        "owner_rule": "tag",
    }
    entry = Entry.of(FindingOpened(**(data | (finding or {}))), meta(id_, **about))
    envelope = {
        "version": "0",
        "id": "e",
        "source": entry.source,
        "detail-type": entry.detail_type,
        "account": about.get("account", "111122223333"),
        "region": "eu-west-1",
        "time": "2026-03-02T09:15:12Z",
        "resources": [],
        "detail": json.loads(entry.detail),
    }
    return json.dumps(envelope)


class FakeSlack:
    """Slack's chat.postMessage: an answer, or an exception of the HTTP layer."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.posts: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.calls = 0
        self.status = 200
        self.body: str | None = None
        self.error: Exception | None = None

    def says(self, error: str, status: int = 200) -> None:
        self.status, self.body = status, json.dumps({"ok": False, "error": error})

    def works(self) -> None:
        self.status, self.body, self.error = 200, None, None

    def request(self, _client: BaseClient, url: str, req: Any) -> dict[str, Any]:
        def answer() -> dict[str, Any]:
            self.calls += 1
            assert url == "http://slack.test/api/chat.postMessage"
            self.tokens.append(req.headers["Authorization"])
            if self.error:
                raise self.error
            headers = email.message.Message()
            if self.status >= 400:
                body = io.BytesIO((self.body or "").encode())
                raise urllib.error.HTTPError(url, self.status, "", headers, body)
            if self.body is None:
                self.posts.append(json.loads(req.data))
            body_text = self.body if self.body is not None else json.dumps({"ok": True, "ts": f"1.{self.calls}"})
            return {"status": self.status, "headers": headers, "body": body_text}

        return self.steps.call("PostMessage", answer)

    @property
    def ids(self) -> list[str]:
        return [post["metadata"]["event_payload"]["id"] for post in self.posts]


class Desk:
    """Notify as deployed; `now` moves by hand."""

    def __init__(self) -> None:
        self.steps = Steps()
        self.dynamodb = FakeDynamoDB(self.steps)
        self.dead = FakeQueue(self.steps)
        self.secrets = FakeSecrets("xoxb-1")
        self.parameters = FakeParameters(chatops="act")
        self.slack = FakeSlack(self.steps)
        self.now = 1_000_000_000
        client: Any = self.dynamodb
        self.table = Table(client, "yagura-chatops")
        self.store = MessageStore(self.table)
        self.notify: Any = load(
            "chatops.notify",
            clients={
                "dynamodb": self.dynamodb,
                "sqs": self.dead,
                "ssm": self.parameters,
                "secretsmanager": self.secrets,
            },
            config=CHANNELS,
            environment={"YAGURA_SLACK_SECRET": "yagura/slack", "YAGURA_SLACK_API": "http://slack.test/api/"},
        )
        self.notify.modes._clock = lambda: self.now
        self.notify.slack._secret._clock = lambda: self.now

    def run[T](self, work: Callable[[], T]) -> T:
        """With this desk's Slack and clock."""
        with (
            patch.object(BaseClient, "_perform_urllib_http_request_internal", self._request()),
            patch("slack_sdk.http_retry.interval_calculator.RetryIntervalCalculator.calculate_sleep_duration", _none),
            patch("time.sleep", _none),
            patch("fleet.clock.now_ms", lambda: self.now),
        ):
            return work()

    def _request(self) -> Any:
        slack = self.slack

        def request(client: BaseClient, url: str, req: Any) -> dict[str, Any]:
            return slack.request(client, url, req)

        return request

    def take(self, *bodies: str, receives: int = 1) -> list[str]:
        return self.run(lambda: failures(self.notify.handler(batch(*bodies, receives=receives), None)))

    def take_until_done(self, body: str) -> None:
        for _ in range(20):
            try:
                if not failures(self.notify.handler(batch(body), None)):
                    return
            except KilledError:
                continue
        raise AssertionError("never done")

    def sweep(self) -> None:
        self.run(lambda: self.notify.handler(TICK, None))

    def item(self, id_: str = "p1-1-1") -> dict[str, Any]:
        return self.table.get(key(id_)) or {}

    @property
    def status(self) -> str | None:
        return (self.table.get("status#slack") or {}).get("status")


def _none(*_args: Any, **_kwargs: Any) -> float:
    return 0.0
