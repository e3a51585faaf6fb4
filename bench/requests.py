"""What one event of Security Hub costs in requests to AWS: counted at the fakes, through the real functions.

A batch of the queue has ten events of ten problems, as deployed; what it wakes by the table's stream is counted with
it. The mode of the capability is read once in half a minute and the numbers are written once in a minute, whatever
comes, so both are left out: nothing here reads the clock twice.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from fleet import telemetry
from tests.functions.entry import batch, failures, load
from tests.layers.fleet.fakes import FakeDynamoDB, FakeEvents, FakeParameters, FakeQueue, Steps

BATCH = 10
_ACCOUNT = "111122223333"
_LEVEL = {"tell": "now", "due_days": 30, "suppress_days": 90, "tier": 1}
_CONFIG = {
    "accepts": {"accounts": None},
    "catalogue": {"default": {"team": "sre"}, "accounts": {_ACCOUNT: {"name": "clinic", "environment": "staging"}}},
    "policy": {
        "levels": dict.fromkeys(("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"), _LEVEL),
        "rules": [],
    },
}
_READS, _WRITES = ("GetItem", "Query", "BatchGetItem"), ("PutItem", "UpdateItem", "TransactWriteItems")


@dataclass(frozen=True)
class Cost:
    """Requests of BATCH events of one kind."""

    what: str
    triage: Counter[str]
    publish: Counter[str]

    @property
    def reads(self) -> float:
        """For an event."""
        return self._all(_READS)

    @property
    def writes(self) -> float:
        """For an event, all of them conditional."""
        return self._all(_WRITES)

    @property
    def others(self) -> dict[str, float]:
        """Calls to anything but the table, for an event."""
        both = self.triage + self.publish
        return {name: count / BATCH for name, count in both.items() if name not in {*_READS, *_WRITES}}

    def _all(self, names: tuple[str, ...]) -> float:
        both = self.triage + self.publish
        return sum(both[name] for name in names) / BATCH


class Fleet:
    """Triage and publish on one fake AWS."""

    def __init__(self) -> None:
        self.steps = Steps()
        self.dynamodb, self.dead = FakeDynamoDB(self.steps), FakeQueue(self.steps)
        clients: dict[str, object] = {
            "dynamodb": self.dynamodb,
            "events": FakeEvents(self.steps),
            "sqs": self.dead,
            "ssm": FakeParameters(findings="act"),
        }
        self.triage: Any = load("findings.triage", clients=clients, config=_CONFIG)
        self.publish: Any = load("findings.publish", clients=clients)
        self.triage.office.write_tally = lambda: None

    def cost(self, what: str, *bodies: str) -> Cost:
        """Deliver one batch, and the records that the table's stream makes of it."""
        before = len(self.dynamodb.written)
        triage = self._counted(lambda: failures(self.triage.handler(batch(*bodies), None)))
        records = [
            {"dynamodb": {"Keys": {"pk": item["pk"]}, "NewImage": item, "SequenceNumber": "1"}}
            for item in self.dynamodb.written[before:]
            if item.get("pending", {}).get("S") == "1" or "wants" in item  # as the mapping's filter has it
        ]
        publish = self._counted(lambda: failures(self.publish.handler({"Records": records}, None)) if records else [])
        return Cost(what, triage, publish)

    def known(self, account: str) -> None:
        """As after the account's first sweep."""
        self.triage.office.baselines.begin(account, 1)
        self.triage.office.baselines.finish(account, 1)

    def _counted(self, work: Callable[[], list[str]]) -> Counter[str]:
        before = len(self.steps.names)
        with patch.multiple(telemetry, count=_silent, log=_silent, log_failure=_silent):
            assert work() == []
        names = self.steps.names[before:]
        return Counter(name.removeprefix("before ") for name in names if name.startswith("before "))


def _silent(*_args: object, **_kwargs: object) -> None:
    """Only requests are counted here."""


def costs() -> list[Cost]:
    """Each kind of event, after the one before it."""
    new, fleet = Fleet(), Fleet()
    fleet.known(_ACCOUNT)
    for each in (new, fleet):  # the first event of an account has it written down, once for ever
        each.cost("warms up", *_events("w", status="PASSED"))
    return [
        new.cost("a new problem in an account that has not been summed up", *_events("n")),
        fleet.cost("a new problem that is open", *_events("a")),
        fleet.cost("the same event again", *_events("a")),
        fleet.cost("the same finding, later", *_events("a", minute=1)),
        fleet.cost("suppressed by people in Security Hub", *_events("a", minute=2, workflow="SUPPRESSED")),
        fleet.cost("resolved", *_events("a", minute=3, status="PASSED")),
        fleet.cost("open again", *_events("a", minute=4)),
        fleet.cost("a new one that passes its check", *_events("b", status="PASSED")),
        fleet.cost("that, later", *_events("b", status="PASSED", minute=1)),
        fleet.cost("a bad event", *_events("c", severity="SEVERE")),
    ]


def _events(name: str, **more: Any) -> list[str]:
    return [_event(f"{name}-{number}", **more) for number in range(BATCH)]


def _event(name: str, *, status: str = "FAILED", workflow: str = "NEW", minute: int = 0, severity: str = "HIGH") -> str:
    at = f"2026-03-02T09:{minute:02}:00Z"
    finding = {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:eu-west-1:{_ACCOUNT}:security-control/S3.8/finding/{name}",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": "security-control/S3.8",
        "AwsAccountId": _ACCOUNT,
        "Region": "eu-west-1",
        "CreatedAt": "2026-03-01T00:00:00Z",
        "UpdatedAt": at,
        "Severity": {"Label": severity},
        "Title": "A control",
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::clinic-{name}"}],
        "Compliance": {"Status": status, "SecurityControlId": "S3.8"},
        "Workflow": {"Status": workflow},
        "RecordState": "ACTIVE",
    }
    event = {
        "id": f"{name}-{minute}",
        "source": "aws.securityhub",
        "detail-type": "Security Hub Findings - Imported",
        "time": at,
        "detail": {"findings": [finding]},
    }
    return json.dumps(event)


def show(out: Console) -> list[str]:
    """Print the table; the promises that are broken."""
    table = Table(
        *("an event that brings", "reads", "writes", "and for its telling: reads", "writes", "others"),
        title=f"Requests for an event, in batches of {BATCH}",
    )
    found = costs()
    for cost in found:
        per = [_sum(part, names) for part in (cost.triage, cost.publish) for names in (_READS, _WRITES)]
        others = ", ".join(f"{each:.1f} {name}" for name, each in sorted(cost.others.items()))
        table.add_row(cost.what, *(f"{each:.1f}" for each in per), others)
    out.print(table)
    return broken(found)


def broken(found: list[Cost]) -> list[str]:
    """A new problem costs two writes at most; a repeat one at most, and no call to anything but the table."""
    by_name = {cost.what: cost for cost in found}
    first = 1 / BATCH  # the first event of an account notes since when it is known: once, not for each problem
    most = {cost.what: 2 + first if "not been summed up" in cost.what else 2 for cost in found}
    wrong = [f"{cost.what}: {cost.writes} writes" for cost in found if cost.writes > most[cost.what]]
    for name in ("the same event again", "the same finding, later", "that, later"):
        cost = by_name[name]
        if cost.writes > 1 or cost.others:
            wrong.append(f"{name}: {cost.writes} writes, {cost.others or 'no other call'}")
    return wrong


def _sum(counts: Counter[str], names: tuple[str, ...]) -> float:
    return sum(counts[name] for name in names) / BATCH


def main() -> int:
    """Run it alone."""
    out = Console(width=140)
    wrong = show(out)
    for promise in wrong:
        out.print(f"[red]{promise}[/]")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
