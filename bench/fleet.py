"""A fleet on the local cloud, deployed for the proof and the scoreboard, and what they ask of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local import trace
from local.client import HUB, SPOKE, client, journal, slack_messages
from local.process import Instance
from tests.local import fleet
from tests.local.conftest import free_port

ACCOUNTS = (HUB, SPOKE)
PATIENCE_SECONDS = 25.0


@contextmanager
def deployed() -> Iterator[Instance]:
    """A fleet of its own: own port, own folder; gone afterwards."""
    with TemporaryDirectory(prefix="yagura-bench-") as folder:
        instance = Instance(Path(folder).resolve(), free_port())
        with fleet.deployed(instance):
            yield instance


@dataclass
class Watch:
    """One look at the fleet: what happened since it began."""

    instance: Instance
    since_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    mark: int = 0
    posted: int = 0

    def __post_init__(self) -> None:
        self.mark = trace.mark(self.instance)
        self.posted = len(slack_messages(self.instance))

    def client(self, service: str, account: str) -> Any:
        """A client as root of the account."""
        return client(self.instance, service, account)

    def until(self, what: str, look: Callable[[], object]) -> str:
        """Empty once `look` answers true; else why not: the first refusal, or that it took too long."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if look():
                return ""
            if refusals := self.refusals():
                return f"not {what}: {refusals[0]}"
            time.sleep(0.05)
        return f"not {what} within {PATIENCE_SECONDS:.0f} s"

    def logs(self, account: str, group: str) -> str:
        """What a log group got."""
        logs = self.client("logs", account)
        events = logs.filter_log_events(logGroupName=group, startTime=self.since_ms)["events"]
        return "\n".join(event["message"] for event in events)

    def refusals(self) -> list[str]:
        """AWS's words where a permission was missing: in the functions' logs, and at the rules' targets."""
        found = []
        for account in ACCOUNTS:
            groups = self.client("logs", account).describe_log_groups(logGroupNamePrefix="/yagura/")["logGroups"]
            for group in groups:
                said = self.logs(account, group["logGroupName"]).splitlines()
                found += [text for text in said if "AccessDenied" in text or "not authorized" in text]
        lines = journal(self.instance, since=self.mark, outcome="")[0]
        return found + [str(line["reason"]) for line in lines if "not authorized" in str(line.get("reason"))]

    def events(self, finding_id: str) -> list[dict[str, Any]]:
        """FindingOpened events of a finding on the hub's bus."""
        lines = [line["event"] for line in journal(self.instance, account=HUB, bus="yagura", since=self.mark)[0]]
        return [event for event in lines if event["detail"].get("data", {}).get("finding_id") == finding_id]

    def messages(self, text: str) -> list[dict[str, Any]]:
        """What was posted to Slack that has `text` in it."""
        return [each for each in slack_messages(self.instance)[self.posted :] if text in str(each)]

    def item(self, account: str, table: str, attribute: str, value: str) -> dict[str, Any] | None:
        """An item by any attribute."""
        return self._first(account, table, "#name = :value", attribute, value)

    def problem(self, finding_id: str) -> dict[str, Any] | None:
        """The item of the problem that a finding reports; what is in it is JSON."""
        return self._first(SPOKE, "yagura-findings", "contains(#name, :value)", "problem", finding_id)

    def _first(self, account: str, table: str, holds: str, name: str, value: str) -> dict[str, Any] | None:
        pages = (
            self.client("dynamodb", account)
            .get_paginator("scan")
            .paginate(
                TableName=table,
                FilterExpression=holds,
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":value": {"S": value}},
                ConsistentRead=True,
            )
        )
        return next((item for page in pages for item in page["Items"]), None)

    def on_its_way(self, account: str, queue: str) -> int:
        """Messages of a queue, those in work and those for later included."""
        sqs = self.client("sqs", account)
        names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))


def purge(instance: Instance) -> None:
    """What a scenario left in a queue must not meet the next one."""
    for account, capability in ((SPOKE, "findings"), (HUB, "chatops")):
        sqs = client(instance, "sqs", account)
        for name in (f"yagura-{capability}", f"yagura-{capability}-dead-letters"):
            sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
