"""The function `notify` on one fake AWS, with its own queue, Slack and PagerDuty; time is virtual."""

import email.message
import io
import itertools
import json
import urllib.error
import urllib.parse
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from slack_sdk.web.base_client import BaseClient

from fleet.events.envelope import Entry
from fleet.events.findings import FindingOpened
from fleet.items import Table
from functions.chatops.message import Message, Priority
from functions.chatops.messages import MessageStore, key
from functions.chatops.outbox import Telling
from functions.chatops.posting import Answer, UnreachableError
from tests.functions.entry import batch, failures, load
from tests.layers.fleet.entries import meta
from tests.layers.fleet.fakes import FakeDynamoDB, FakeParameters, FakeQueue, FakeSecrets, KilledError, Steps

ACCOUNTS = [
    {"name": name, "id": id_, "region": "eu-west-1", "environment": "staging", "role": role}
    for name, id_, role in (("hub", "111122223333", "hub"), ("clinic", "444455556666", "spoke"))
]
ROUTING: dict[str, Any] = {
    "default_channel": "#default",
    "channels": {"front-door": "#front"},
    "service_channels": {"intake": "#intake"},
    "pagerduty": {"front-door": "PFRONT1"},
    "service_pagerduty": {"billing": "PBILL01"},
    "routes": [
        {"match": {"severity": ["CRITICAL"]}, "channel": "owner", "page": True},
        {"match": {"environment": ["sandbox"]}, "channel": "#sandbox"},
    ],
    "accounts": ACCOUNTS,
}
PUMP_QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/yagura-chatops"
HOOK = "http://hooks.test/hooks/1"
KEY = "0123456789abcdef0123456789abcdef"
VISIBILITY_MS = 180_000


class Context:
    """Lambda's, with time enough."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


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


def note(subject: str = "m", version: int = 1, **changes: Any) -> Message:
    """A message that no event brought."""
    known: dict[str, Any] = {
        "subject": subject,
        "channel": "#intake",
        "text": f"{subject} v{version}",
        "blocks": [{"type": "divider"}],
        "priority": Priority.NORMAL,
        "version": version,
    }
    return Message(**(known | changes))


class FakeSlack:
    """chat.postMessage and chat.update: what stands in each channel; and what else it is told to answer."""

    def __init__(self, steps: Steps, now: Callable[[], int]) -> None:
        self.steps, self.now = steps, now
        self.calls: list[tuple[str, dict[str, Any], int]] = []
        """Method, arguments and time of each call, whatever became of it."""
        self.shown: dict[tuple[str, str], dict[str, Any]] = {}
        """By channel id and ts."""
        self.tokens: list[str] = []
        self.status, self.headers = 200, dict[str, str]()
        self.body: str | None = None
        self.error: Exception | None = None
        self.trouble: Callable[[str, dict[str, Any]], tuple[str, int, bool] | Exception | None] = lambda *_: None
        """(word, status, whether it takes the message all the same), or an exception after it has taken it."""
        self._sequence = itertools.count(1)
        self._ids: dict[str, str] = {}

    def says(self, error: str, status: int = 200, **headers: str) -> None:
        self.status, self.body = status, json.dumps({"ok": False, "error": error})
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def works(self) -> None:
        self.status, self.body, self.error, self.headers = 200, None, None, {}
        self.trouble = lambda *_: None

    def id_of(self, channel: str) -> str:
        if not channel.startswith("#"):
            return channel
        return self._ids.setdefault(channel, f"C{len(self._ids):08d}")

    def request(self, _client: BaseClient, url: str, req: Any) -> dict[str, Any]:
        method = url.removeprefix("http://slack.test/api/")
        return self.steps.call("Slack", lambda: self._request(method, req))

    def _request(self, method: str, req: Any) -> dict[str, Any]:
        said = _said(req)
        self.calls.append((method, said, self.now()))
        self.tokens.append(req.headers["Authorization"])
        if self.error:
            raise self.error
        trouble = self.trouble(method, said)
        if trouble is None or isinstance(trouble, Exception) or trouble[2]:
            answer = self.body or self._answer(method, said)
        if isinstance(trouble, Exception):
            raise trouble
        if trouble:
            return self._http(trouble[1], json.dumps({"ok": False, "error": trouble[0]}))
        return self._http(self.status, answer)

    def _http(self, status: int, body: str) -> dict[str, Any]:
        headers = email.message.Message()
        for name, value in self.headers.items():
            headers[name] = value
        if status >= 400:
            raise urllib.error.HTTPError("http://slack.test", status, "", headers, io.BytesIO(body.encode()))
        return {"status": status, "headers": headers, "body": body}

    def _answer(self, method: str, said: dict[str, Any]) -> str:
        if method == "chat.update":
            place, ts = said["channel"], said["ts"]
            if (place, ts) not in self.shown:
                return json.dumps({"ok": False, "error": "message_not_found"})
        else:
            assert method == "chat.postMessage", method
            place, ts = self.id_of(said["channel"]), f"1.{next(self._sequence)}"
        self.shown[place, ts] = said
        return json.dumps({"ok": True, "channel": place, "ts": ts})

    @property
    def posts(self) -> list[dict[str, Any]]:
        return [said for method, said, _ in self.calls if method == "chat.postMessage"]

    @property
    def texts(self) -> list[str]:
        """What people see, oldest first."""
        return [said["text"] for said in self.shown.values()]


def _said(req: Any) -> dict[str, Any]:
    if req.headers["Content-type"].startswith("application/json"):
        said: dict[str, Any] = json.loads(req.data)
        return said
    return dict(urllib.parse.parse_qsl(req.data.decode()))


class FakeWeb:
    """What answers to plain POSTs: response_urls and PagerDuty."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.replies: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.answer: Answer | None = None
        self.error: UnreachableError | None = None

    def post(self, url: str, document: Any, *, timeout: float = 10) -> Answer:
        assert timeout <= 10
        return self.steps.call("Post", lambda: self._post(url, document))

    def _post(self, url: str, document: Any) -> Answer:
        if self.error:
            raise self.error
        pagerduty = url == "http://pagerduty.test/v2/enqueue"
        assert pagerduty or url.startswith("http://hooks.test/hooks/")
        if self.answer is None:
            (self.events if pagerduty else self.replies).append(document)
        return self.answer or Answer(202 if pagerduty else 200, "ok", 0)


class RoutingKeys(FakeSecrets):
    """Secrets Manager: Slack's token, and the versions of the routing keys."""

    def __init__(self) -> None:
        super().__init__("xoxb-1")
        self.versions: dict[str, str] = {"v1": json.dumps({"PFRONT1": KEY, "PBILL01": KEY[::-1]})}
        self.current = "v1"

    def get_secret_value(self, *, SecretId: str, VersionId: str = "") -> dict[str, Any]:  # noqa: N803
        if SecretId == "yagura/slack":
            return super().get_secret_value(SecretId=SecretId)
        assert SecretId == "yagura/pagerduty"
        version = VersionId or self.current
        if version not in self.versions:
            raise FakeSecrets.exceptions.ResourceNotFoundException
        return {"SecretString": self.versions[version], "VersionId": version}


class Queues:
    """SQS: the dead letters, and notify's own queue, whose messages come when their delay is over."""

    def __init__(self, steps: Steps, now: Callable[[], int]) -> None:
        self.dead, self.own, self.now = FakeQueue(steps), FakeQueue(steps), now
        self.waiting: list[tuple[int, int, str]] = []
        self._sequence = itertools.count()

    def send_message(self, **message: Any) -> dict[str, Any]:
        if message["QueueUrl"] != PUMP_QUEUE:
            return self.dead.send_message(**message)
        assert 0 <= message["DelaySeconds"] <= 900
        assert isinstance(message["DelaySeconds"], int)
        answer = self.own.send_message(**message)
        self.put(message["MessageBody"], message["DelaySeconds"] * 1000)
        return answer

    def put(self, body: str, after_ms: int = 0) -> None:
        self.waiting.append((self.now() + after_ms, next(self._sequence), body))


class Office:
    """Notify as deployed; `now` moves by hand, or as the queue wants it."""

    def __init__(self, routing: dict[str, Any] | None = None) -> None:
        self.now = 1_000_000_000
        self.steps = Steps()
        self.dynamodb = FakeDynamoDB(self.steps)
        self.queues = Queues(self.steps, lambda: self.now)
        self.dead = self.queues.dead
        self.secrets = RoutingKeys()
        self.parameters = FakeParameters(chatops="act")
        self.slack = FakeSlack(self.steps, lambda: self.now)
        self.web = FakeWeb(self.steps)
        client: Any = self.dynamodb
        self.table = Table(client, "yagura-chatops")
        self.store = MessageStore(self.table)
        with patch("fleet.clock.now_ms", lambda: self.now):
            self.notify: Any = load(
                "chatops.notify",
                clients={
                    "dynamodb": self.dynamodb,
                    "sqs": self.queues,
                    "ssm": self.parameters,
                    "secretsmanager": self.secrets,
                },
                config=routing or ROUTING,
                environment={
                    "YAGURA_SLACK_SECRET": "yagura/slack",
                    "YAGURA_SLACK_API": "http://slack.test/api/",
                    "YAGURA_SLACK_HOOKS": "http://hooks.test/",
                    "YAGURA_PUMP_QUEUE": PUMP_QUEUE,
                },
            )
        self.notify.modes._clock = lambda: self.now
        self.notify.slack._secret._clock = lambda: self.now
        self.notify.pagerduty._secret = "yagura/pagerduty"
        self.notify.pagerduty._api = "http://pagerduty.test/v2/"

    def run[T](self, work: Callable[[], T]) -> T:
        """With this office's Slack and web."""
        slack = self.slack

        def request(client: BaseClient, url: str, req: Any) -> dict[str, Any]:
            return slack.request(client, url, req)

        with (
            patch.object(BaseClient, "_perform_urllib_http_request_internal", request),
            patch("functions.chatops.slack.post_json", self.web.post),
            patch("functions.chatops.pagerduty.post_json", self.web.post),
        ):
            return work()

    def take(self, *bodies: str, receives: int = 1) -> list[str]:
        """A batch of the queue; the ids of what failed."""
        return self.run(lambda: failures(self.notify.handler(batch(*bodies, receives=receives), Context())))

    def keep(self, *messages: Message) -> None:
        """As a decision keeps them, and then hurries."""
        for message in messages:
            self.dynamodb.put_item(**self.store.keep_item(message, self.now)["Put"])
            self.queues.put(json.dumps({"pump": message.channel}))

    def drain(self, until: int | None = None, *, most: int = 2000) -> None:
        """Handle what is in the queue, each in its time, until nothing is left or it is `until`; a function that is
        killed or fails has its message again later."""
        for _ in range(most):
            due = min(self.queues.waiting, default=None)
            if due is None or (until is not None and due[0] > until):
                break
            self.queues.waiting.remove(due)
            self.now = max(self.now, due[0])
            try:
                failed = self.take(due[2])
            except KilledError:
                failed = ["killed"]
            if failed:
                self.queues.put(due[2], VISIBILITY_MS)
        else:
            raise AssertionError("it never ends")
        self.now = max(self.now, until or 0)

    def tick(self) -> None:
        """The schedule's."""
        self.run(lambda: self.notify.handler({"tick": 120}, Context()))

    def later(self, ms: int, *, every: int = 120_000) -> None:
        """Time passes, with the schedule's ticks."""
        end = self.now + ms
        while self.now < end:
            self.drain(min(self.now + every, end))
            try:
                self.tick()
            except KilledError:
                continue

    def telling(self, subject: str = "problem#p1-1-1", channel: str = "#intake") -> Telling:
        found = self.store.read(key(subject, channel))
        assert found
        return found

    @property
    def status(self) -> str:
        return self.store.status()
