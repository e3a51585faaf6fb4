"""A fleet on the local cloud, deployed for the proof and the scoreboard, and what they ask of it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.exceptions import ClientError

from bench.grants import Grant
from local import trace
from local.client import AUDIT, HUB, SPOKE, client, journal, slack_messages
from local.process import Instance
from tests.local import fleet
from tests.local.conftest import free_port

ACCOUNTS = (HUB, SPOKE, AUDIT)
PATIENCE_SECONDS = 90.0
"""Of a busy machine; whoever misses a permission says so at once."""
_LOOK_SECONDS = 0.1
_TRIES = 5
_OURS = {"logGroupNamePrefix": "/yagura/"}
_ROUTING_KEYS = {"PPAY001": "0123456789abcdef0123456789abcdef"}


@contextmanager
def deployed() -> Iterator[Instance]:
    """A fleet of its own: own port, own folder; gone afterwards."""
    with TemporaryDirectory(prefix="yagura-bench-") as folder:
        instance = Instance(Path(folder).resolve(), free_port())
        with fleet.deployed(instance):
            fill_routing_keys(instance)
            yield instance


def fill_routing_keys(instance: Instance) -> None:
    """The one secret that a fleet which was made ready has empty."""
    client(instance, "secretsmanager", HUB).put_secret_value(
        SecretId="/yagura/pagerduty/routing-keys", SecretString=json.dumps(_ROUTING_KEYS)
    )


class MissedError(Exception):
    """Something did not happen; the text says what, and the refusal that kept it from happening, if one did."""


@dataclass
class Watch:
    """One look at the fleet: what happened since it began."""

    instance: Instance
    without: Grant | None = None
    """What was taken away: no other refusal is of interest."""
    since_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    mark: int = 0
    posted: int = 0

    def __post_init__(self) -> None:
        self.mark = trace.mark(self.instance)
        self.posted = len(slack_messages(self.instance))

    def client(self, service: str, account: str) -> Any:
        """A client as root of the account."""
        return client(self.instance, service, account)

    def until[T](self, what: str, look: Callable[[], T | None]) -> T:
        """What `look` answers once that is true. Raises MissedError: at the first refusal, or if it took too long."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := look()):
            if refusals := self.refusals():
                raise MissedError(f"not {what}: {refusals[0]}")
            if time.monotonic() > end:
                raise MissedError(f"not {what} within {PATIENCE_SECONDS:.0f} s")
            time.sleep(_LOOK_SECONDS)
        return found

    def logs(self, account: str, group: str) -> str:
        """What a log group got."""
        logs = self.client("logs", account)
        found = _read(partial(logs.filter_log_events, logGroupName=group, startTime=self.since_ms))
        return "\n".join(event["message"] for event in found["events"])

    def refusals(self) -> list[str]:
        """AWS's words where a permission was missing: in the functions' logs, and at the rules' targets."""
        found = [line for account, group in self._groups() for line in self.logs(account, group).splitlines()]
        lines = journal(self.instance, since=self.mark, outcome="")[0]
        found += [str(line.get("reason")) for line in lines]
        refused = [text for text in found if "AccessDenied" in text or "not authorized" in text]
        return [text for text in refused if self.without is None or self.without.is_refused_in(text)]

    def _groups(self) -> list[tuple[str, str]]:
        """The log groups in which refusals stand."""
        groups = [
            (account, group["logGroupName"])
            for account in (HUB, SPOKE)
            for group in _read(partial(self.client("logs", account).describe_log_groups, **_OURS))["logGroups"]
        ]
        own = (self.without.account, self.without.log_group) if self.without else None
        # A role that no function has is taken on by one: its refusals stand in that one's log.
        return [own] if own in groups else groups

    def events(self, finding_id: str) -> list[dict[str, Any]]:
        """Events of a finding on the hub's bus."""
        lines = [line["event"] for line in journal(self.instance, account=HUB, bus="yagura", since=self.mark)[0]]
        return [event for event in lines if event["detail"].get("data", {}).get("finding_id") == finding_id]

    def messages(self, text: str) -> list[dict[str, Any]]:
        """What was posted to Slack that has `text` in it."""
        return [each for each in slack_messages(self.instance)[self.posted :] if text in str(each)]

    def item(self, account: str, table: str, pk: str) -> dict[str, Any] | None:
        """An item by its key."""
        found = self.client("dynamodb", account).get_item(TableName=table, Key={"pk": {"S": pk}}, ConsistentRead=True)
        item: dict[str, Any] | None = found.get("Item")
        return item

    def problem(self, finding_id: str) -> dict[str, Any] | None:
        """The item of the problem that a finding reports; what is in it is JSON."""
        pages = (
            self.client("dynamodb", SPOKE)
            .get_paginator("scan")
            .paginate(
                TableName="yagura-findings",
                FilterExpression="contains(#name, :value)",
                ExpressionAttributeNames={"#name": "problem"},
                ExpressionAttributeValues={":value": {"S": finding_id}},
                ConsistentRead=True,
            )
        )
        return next((item for page in pages for item in page["Items"]), None)

    def on_its_way(self, account: str, queue: str) -> int:
        """Messages of a queue, those in work and those for later included."""
        sqs = self.client("sqs", account)
        names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
        attributes = sqs.get_queue_attributes(QueueUrl=self.queue(account, queue), AttributeNames=names)
        return sum(map(int, attributes["Attributes"].values()))

    def queue(self, account: str, name: str) -> str:
        """A queue's URL."""
        return str(self.client("sqs", account).get_queue_url(QueueName=name)["QueueUrl"])

    def call(self, account: str, function: str, **payload: Any) -> bool:
        """Call a function as its schedule does; whether it did not fail. What it says of it is in its log."""
        payload = payload or {"tick": 120}
        answer = self.client("lambda", account).invoke(FunctionName=function, Payload=json.dumps(payload))
        return "FunctionError" not in answer


def _read(call: Callable[[], Any]) -> Any:
    """An answer; another try where the emulator changes what it goes through."""
    for _ in range(_TRIES - 1):
        try:
            return call()
        except ClientError as error:
            if error.response["Error"]["Code"] != "InternalError":
                raise
    return call()


def purge(instance: Instance) -> None:
    """What a scenario left in a queue must not meet the next one."""
    for account in (SPOKE, HUB):
        sqs = client(instance, "sqs", account)
        for url in sqs.list_queues(QueueNamePrefix="yagura-")["QueueUrls"]:
            sqs.purge_queue(QueueUrl=url)
