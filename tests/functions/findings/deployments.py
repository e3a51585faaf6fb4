"""The capability's functions on one fake AWS, with their queues and a Security Hub; time stands still until moved."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any
from unittest.mock import patch

import msgspec

import fleet.approvals
import fleet.clock
from fleet.items import Table
from functions.findings.event import Accepts
from functions.findings.finding import Seen, problem_id
from functions.findings.office import Config, GitHubSettings, Office
from functions.findings.policy import Policy, Rule
from functions.findings.problem import Problem
from functions.findings.store import ProblemStore, key
from tests.functions.entry import ACCOUNT, REGION, batch, failures, load
from tests.functions.findings.histories import event_of
from tests.functions.findings.hubs import FakeSecurityHub, asff
from tests.functions.findings.laws import CATALOGUE, NOW, policy, seen
from tests.layers.fleet.fakes import FakeDynamoDB, FakeEvents, FakeParameters, FakeSecrets, KilledError, Steps

MINUTE, HOUR = 60_000, 3_600_000
WRITEBACK, TICKETS, DEAD = "writeback", "tickets", "dead"


class Queues:
    """SendMessage to any queue."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.bodies: dict[str, list[str]] = {WRITEBACK: [], TICKETS: []}
        self.dead: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def send_message(self, *, QueueUrl: str, MessageBody: str, **more: Any) -> dict[str, Any]:  # noqa: N803
        def send() -> None:
            if self.error:
                raise self.error
            if QueueUrl in self.bodies:
                self.bodies[QueueUrl].append(MessageBody)
            else:
                self.dead.append({"body": MessageBody, **more})

        self.steps.call("SendMessage", send)
        return {"MessageId": "1"}

    @property
    def reasons(self) -> list[str]:
        """Why letters are dead."""
        return [each["MessageAttributes"]["yagura-reason"]["StringValue"] for each in self.dead]


class Context:
    """Lambda's; it may look at how much time remains so many times, until it is over."""

    def __init__(self, looks: int = 100_000) -> None:
        self.looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 60_000 if self.looks >= 0 else 0


class Deployment:
    """One account and Region, as deployed."""

    def __init__(self, *rules: Rule, mode: str = "act", accounts: list[str] | None = None, **more: Any) -> None:
        """`more`: of the policy."""
        self.now = NOW
        self.steps = Steps()
        self.dynamodb = FakeDynamoDB(self.steps)
        self.bus = FakeEvents(self.steps)
        self.queues = Queues(self.steps)
        self.hub = FakeSecurityHub(self.steps, lambda: self.now)
        self.parameters = FakeParameters(findings=mode)
        self.secrets = FakeSecrets("github_pat_0123456789")
        self.approvals: Any = None
        """What people granted (commanded.Granted), for those who carry out commands."""
        client: Any = self.dynamodb
        self.table = Table(client, "yagura-findings")
        self.store = ProblemStore(self.table, policy(*rules, **more))
        self._streamed = 0
        self._policy: Policy = policy(*rules, **more)
        self._accepts = Accepts(accounts=[ACCOUNT] if accounts is None else accounts)

    # The functions, each loaded when it is first needed.

    def load(self, name: str) -> Any:
        config = Config(
            accepts=self._accepts,
            catalogue=CATALOGUE,
            policy=self._policy,
            github=GitHubSettings("https://api.github.test/", "/yagura/github/token"),
        )
        clients = {
            "dynamodb": self.dynamodb,
            "events": self.bus,
            "sqs": self.queues,
            "ssm": self.parameters,
            "securityhub": self.hub,
            "secretsmanager": self.secrets,
        }
        environment = {
            "YAGURA_DEAD_LETTERS": DEAD,
            "YAGURA_WRITEBACK_QUEUE": WRITEBACK,
            "YAGURA_TICKET_QUEUE": TICKETS,
            "YAGURA_GITHUB_SECRET": "/yagura/github/token",
            "YAGURA_GITHUB_API": "https://api.github.test/",
        }
        with self.running():
            loaded = load(
                f"findings.{name}", clients=clients, config=msgspec.to_builtins(config), environment=environment
            )
        if office := getattr(loaded, "office", None):
            office.modes._clock = lambda: self.now
        if hub := getattr(loaded, "hub", None):
            hub._pace = lambda: None
        return loaded

    def deploy(self, *rules: Rule, **more: Any) -> None:
        """The same with another policy; what runs is new."""
        self._policy = policy(*rules, **more)
        self.restart()

    def restart(self) -> None:
        """Nothing is remembered outside the table."""
        for name in ("triage", "publish", "writeback", "tickets", "sweep", "work"):
            self.__dict__.pop(name, None)

    @cached_property
    def triage(self) -> Any:
        return self.load("triage")

    @cached_property
    def publish(self) -> Any:
        loaded = self.load("publish")
        loaded.outbox._publisher._sleep = lambda _seconds: None
        return loaded

    @cached_property
    def writeback(self) -> Any:
        return self.load("writeback")

    @cached_property
    def tickets(self) -> Any:
        return self.load("tickets")

    @cached_property
    def sweep(self) -> Any:
        return self.load("sweep")

    @cached_property
    def work(self) -> Any:
        with patch.object(fleet.approvals, "from_environment", lambda: self.approvals):
            return self.load("work")

    @property
    def office(self) -> Office:
        return self.triage.office  # type: ignore[no-any-return]

    # What happens.

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """By this deployment's clock."""
        with patch.object(fleet.clock, "now_ms", lambda: self.now), patch.object(fleet.clock, "wall_ms", self._wall):
            yield

    def _wall(self) -> int:
        return self.now

    def known(self) -> None:
        """The account has been summed up: from now on its problems are told."""
        self.office.baselines.begin(ACCOUNT, self.now)
        self.office.baselines.finish(ACCOUNT, self.now)

    def put(self, *names: str, **more: Any) -> list[str]:
        """Findings of these buckets are in Security Hub and triaged; the ids of their problems."""
        for name in names:
            self.hub.put(asff(name, at=self.now, **more))
        self.echo()
        return [problem_id(ACCOUNT, REGION, "S3.8", f"arn:aws:s3:::{name}") for name in names]

    def record(self, *found: Seen) -> None:
        """Triage takes them."""
        self.take(*(event_of(each) for each in found or [seen()]))

    def take(self, *bodies: str) -> list[str]:
        """Deliver events of Security Hub to triage; returns what was not done."""
        with self.running():
            return failures(self.triage.handler(batch(*bodies), None))

    def tick(self, context: Context | None = None) -> None:
        """The sweep's schedule."""
        with self.running():
            self.sweep.handler({"tick": 300}, context or Context())

    def stream(self) -> None:
        """What was written since, to publish; as the stack's filters let it through."""
        while self._streamed < len(self.dynamodb.written):
            image = self.dynamodb.written[self._streamed]
            if image.get("pending") == {"S": "1"} or "wants" in image:
                record = {"dynamodb": {"Keys": {"pk": image["pk"]}, "NewImage": image, "SequenceNumber": "1"}}
                with self.running():
                    self.publish.handler({"Records": [record]}, None)
            self._streamed += 1

    def lose_stream(self) -> None:
        """What the table's stream had is lost; the publisher's schedule sends events all the same."""
        self._streamed = len(self.dynamodb.written)
        self.now += 3 * MINUTE
        with self.running():
            self.publish.handler({"tick": 120}, None)
        self._streamed = len(self.dynamodb.written)

    def deliver(self, queue: str = WRITEBACK, *, receives: int = 1, most: int = 100) -> list[str]:
        """A batch of a queue to its function, after its window; what was not done goes back. Returns that."""
        self.now += 5_000
        waiting = self.queues.bodies[queue]
        bodies = waiting[:most]
        entry = self.writeback if queue == WRITEBACK else self.tickets
        with self.running():
            left = failures(entry.handler(batch(*bodies, receives=receives), Context()))
        del waiting[: len(bodies)]
        back = [bodies[int(each.removeprefix("m"))] for each in left]
        waiting += back
        return back

    def echo(self) -> None:
        """Security Hub's own events come to triage."""
        bodies, self.hub.events[:] = self.hub.events[:], []
        if bodies:
            assert self.take(*bodies) == []

    def rest(self) -> None:
        """Until nothing moves by itself any more; with the clock, but not far."""
        for _ in range(20):
            self.stream()
            self.echo()
            if self.queues.bodies[WRITEBACK]:
                self.deliver(WRITEBACK)
            elif self._streamed == len(self.dynamodb.written):
                return
        raise AssertionError("it never comes to rest")

    def ticks(self, times: int, *, every: int) -> None:
        """So many ticks, each so many ms after the one before; what they tell is sent."""
        for _ in range(times):
            self.now += every
            self.stream()
            self.tick()
            self.stream()

    def survive(self, work: Callable[[], object], kills: Sequence[int | None], *, minutes: int = 6) -> None:
        """Do it again while it is killed, as a queue or a schedule does; at last once more, unharmed."""
        for after in [*kills, None]:
            self.steps.kill_at = None if after is None else self.steps.taken + after
            try:
                work()
            except KilledError:
                self.restart()
            self.steps.kill_at = None
            self.now += minutes * MINUTE

    # What is there.

    def problem(self, problem_id: str) -> Problem:
        found = self.store.get(problem_id).problem
        assert found is not None
        return found

    def item(self, problem_id: str) -> dict[str, Any]:
        found = self.table.get(key(problem_id))
        assert found is not None
        return found

    def waiting(self, pk: str) -> list[dict[str, Any]]:
        """The events in an item's outbox: type and what they say."""
        return [
            {"type": each["detail_type"]} | json.loads(each["detail"])["data"]
            for each in (self.table.get(pk) or {}).get("outbox", [])
        ]

    def told(self, kind: str = "") -> list[dict[str, Any]]:
        """All events that are or were to be told of, of one type; an event is one however often it was written."""
        found: dict[str, dict[str, Any]] = {}
        for image in self.dynamodb.written:
            for each in image.get("outbox", {}).get("L", []):
                entry = {name: value["S"] for name, value in each["M"].items() if "S" in value}
                detail = json.loads(entry["detail"])
                found[entry["id"]] = {"type": entry["detail_type"], "meta": detail["meta"]} | detail["data"]
        return [each for each in found.values() if kind in ("", each["type"])]
