"""The function `notify` on one fake AWS, with its own queue, Slack and PagerDuty; time is virtual."""

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from slack_sdk.web.base_client import BaseClient

from fleet.events.envelope import Entry, FleetEvent
from fleet.events.findings import FindingOpened
from fleet.items import Table
from functions.chatops.message import Message, Priority
from functions.chatops.messages import MessageStore, key
from functions.chatops.outbox import Telling
from tests.functions.chatops.outside import PUMP_QUEUE, FakeSlack, FakeWeb, Queues, RoutingKeys
from tests.functions.entry import batch, failures, load
from tests.layers.fleet.entries import meta
from tests.layers.fleet.fakes import FakeDynamoDB, FakeParameters, KilledError, Steps

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
HOOK = "http://hooks.test/hooks/1"
VISIBILITY_MS = 180_000


class Context:
    """Lambda's, with time enough."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def opened(id_: str = "p1-1-1", *, finding: dict[str, Any] | None = None, **about: Any) -> str:
    """A FindingOpened as it comes from the hub's bus, about the problem that the id names, as an older sender's."""
    return event(FindingOpened, finding_data(id_.partition("-")[0], **(finding or {})), id_, **about)


def finding_data(problem: str = "p1", **changes: Any) -> dict[str, Any]:
    """What all events about a problem have."""
    data: dict[str, Any] = {
        "problem": problem,
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
    return data | changes


def event(kind: type[FleetEvent], data: dict[str, Any], id_: str = "e1", **about: Any) -> str:
    """A fleet event as it comes from the hub's bus."""
    about = {"actor": "aws.securityhub"} | about
    entry = Entry.of(kind(**data), meta(id_, **about))
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
        self.notify.problems._sleep = lambda _seconds: None
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

    def telling(self, subject: str = "problem#p1", channel: str = "#intake") -> Telling:
        found = self.store.read(key(subject, channel))
        assert found
        return found

    @property
    def status(self) -> str:
        return self.store.status()


def no_token(office: Office) -> None:
    office.secrets.value = None


def token_refused(office: Office) -> None:
    office.slack.says("invalid_auth")


def rate_limited(office: Office) -> None:
    office.slack.says("ratelimited", 429)


def away(office: Office) -> None:
    office.slack.error = ConnectionResetError()
