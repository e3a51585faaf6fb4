"""The capability's functions on one fake AWS, which may be killed before and after every call."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import msgspec

import fleet.approvals
import fleet.clock
from fleet.approvals import NotApprovedError
from fleet.canonical import digest
from fleet.events.chatops import CommandAnswered, CommandRequested
from fleet.events.envelope import Entry
from fleet.items import Table
from functions.operations.letters import Letter, Place, fingerprint, road
from tests.functions.entry import ACCOUNT, REGION, batch, failures, load
from tests.functions.operations.cloud import Clock, FakeFunctions, FakeRules, FakeSystems, FakeTagging
from tests.functions.operations.sqs import FakeSqs
from tests.layers.fleet.entries import meta
from tests.layers.fleet.fakes import FakeDynamoDB, KilledError, Steps

HERE = Place(ACCOUNT, REGION)
HIDDEN_MS = 360_000
"""For so long the queue of commands hides one that is being worked on."""
DEAD, SOURCE = "intake-dead-letters", "intake"
TAG = "yagura:redrive"
TICK = {"tick": 120}


def requested(command: str, arguments: dict[str, Any] | None = None, *, request: str = "r1", **changes: Any) -> str:
    """A CommandRequested as it comes from the fleet's bus."""
    data = {"capability": "operations", "account": ACCOUNT, "region": REGION, "requester": "aiko"} | changes
    entry = Entry.of(
        CommandRequested(request=request, command=command, arguments=arguments or {}, **data), meta(f"{request}-asked")
    )
    envelope = {
        "id": "e",
        "source": "yagura.chatops",
        "detail-type": "CommandRequested",
        "account": ACCOUNT,
        "detail": json.loads(entry.detail),
    }
    return json.dumps(envelope)


class FakeApprovals:
    """What people granted; it holds what `fleet.approvals.Approvals` promises."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.granted: dict[str, tuple[str, str, str, str]] = {}
        self.claimed: dict[str, str] = {}

    def grant(self, body: str) -> str:
        data = json.loads(body)["detail"]["data"]
        arguments = digest(data.get("arguments", {}))
        self.granted[data["request"]] = (data["command"], arguments, data["account"], data["region"])
        return body

    def claim(
        self, request: str, *, command: str, arguments: dict[str, Any], account: str, region: str, by: str, now: int
    ) -> None:
        assert now

        def claim() -> None:
            if request not in self.granted:
                raise NotApprovedError("unknown")
            if self.granted[request] != (command, digest(arguments), account, region):
                raise NotApprovedError("altered")
            if self.claimed.setdefault(request, by) != by:
                raise NotApprovedError("claimed_by_another")

        self.steps.call("Claim", claim)


class Context:
    """Lambda's, of a function that may run for 60 seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._end = clock, clock.now + 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self._end - self._clock.now


class World:
    """Work and publish as deployed, one dead-letter queue with its source, and the table between them."""

    def __init__(self) -> None:
        self.steps, self.clock = Steps(), Clock()
        self.dynamodb = FakeDynamoDB(self.steps)
        self.sqs = FakeSqs(self.steps, self.clock)
        self.rules, self.functions = FakeRules(self.steps), FakeFunctions(self.steps)
        self.systems = FakeSystems(self.steps, operations="act", findings="act")
        self.approvals = FakeApprovals(self.steps)
        self.table = Table(self.dynamodb, "yagura-operations")  # type: ignore[arg-type]
        self.sqs.create_queue(QueueName=DEAD, tags={TAG: "dead-letters", "team": "front-door", "service": "intake"})
        self.sqs.create_queue(
            QueueName=SOURCE,
            tags={TAG: "target"},
            Attributes={
                "RedrivePolicy": json.dumps(
                    {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{DEAD}", "maxReceiveCount": "5"}
                )
            },
        )
        self.sqs.create_queue(QueueName="yagura-operations-dead")
        clients = {
            "dynamodb": self.dynamodb,
            "sqs": self.sqs,
            "tagging": FakeTagging(self.sqs.tags),
            "events": self.rules,
            "lambda_": self.functions,
            "ssm": self.systems,
        }
        with patch.object(fleet.approvals, "from_environment", lambda: self.approvals):
            self.entry: Any = load("operations.work", clients=clients)
        self.publish: Any = load("operations.publish", clients=clients)
        self.publish.outbox._clock = lambda: self.clock.now + 3_600_000
        self.entry.commands._modes._clock = self.clock
        self.entry.commands._freezing._sleep = lambda _seconds: None
        self.patches: list[Any] = []
        self.left_hidden: list[str] = []
        """What was still hidden when a delivery had been dealt with."""

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """With this world's clock, and its defects."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(patch.object(fleet.clock, "now_ms", self.clock))
            for defect in self.patches:
                stack.enter_context(defect)
            yield

    def take(self, body: str) -> list[str]:
        """Deliver once; returns what was not done."""
        with self.running():
            return failures(self.entry.handler(batch(body), Context(self.clock)))

    def ask(self, command: str, arguments: dict[str, Any] | None = None, *, request: str = "r1") -> CommandAnswered:
        """Granted, delivered, answered."""
        assert self.take(self.approvals.grant(requested(command, arguments, request=request))) == []
        answer = self.answer(request)
        assert answer is not None
        return answer

    def take_until_done(self, body: str, kills: list[int | None]) -> None:
        """Deliver as a queue does: again, after a while, as long as it fails or dies; then once more for nothing."""
        for after in [*kills, None, None]:
            self.steps.kill_at = None if after is None else self.steps.taken + after
            with contextlib.suppress(KilledError):
                if not self.take(body):
                    self.left_hidden += self.sqs.hidden(DEAD)
            self.steps.kill_at = None
            self.clock.now += HIDDEN_MS

    def answers(self, request: str = "r1") -> list[dict[str, Any]]:
        """What is to be told of a command."""
        item = self.table.get(f"command#{request}") or {}
        return [json.loads(one["detail"]) for one in item.get("outbox", [])]

    def answer(self, request: str = "r1") -> CommandAnswered | None:
        told = self.answers(request)
        return msgspec.convert(told[-1]["data"], CommandAnswered) if told else None

    def shown(self, *ids: str) -> list[dict[str, str]]:
        """As peek showed them."""
        found = []
        for message in self.sqs.queues[DEAD]:
            letter = Letter.of(message | {"ReceiptHandle": "-"})
            to: Any = road(letter, queue=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{DEAD}", sources=[], here=HERE)
            if letter.id in ids:
                found.append({"id": letter.id, "sha256": fingerprint(letter, to)})
        return found


class Letters:
    """Dead letters of one source queue: of each kind some, and what people were shown of them."""

    def __init__(self, world: World, kinds: list[str]) -> None:
        self.ids = {world.sqs.add(DEAD, f"body {at}", source=SOURCE): f"body {at}" for at in range(len(kinds))}
        self.kinds = dict(zip(self.ids, kinds, strict=True))
        asked = [one for one, kind in self.kinds.items() if kind != "bystander"]
        self.shown = [*world.shown(*asked), {"id": "gone", "sha256": "0" * 64}]
        for one in self.shown:
            if self.kinds.get(one["id"]) == "altered":
                one["sha256"] = "f" * 64
        self.arguments = {"queue": DEAD, "messages": self.shown}
