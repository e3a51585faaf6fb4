"""The capability's two functions on one fake AWS, which may be killed before and after every call."""

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from fleet.items import Item, Table, to_dynamodb
from functions.findings.finding import Seen
from functions.findings.problem import Problem
from functions.findings.store import ProblemStore, key
from tests.functions.entry import batch, failures, load
from tests.functions.findings.histories import FIRST, assert_told_as_written, event_of
from tests.layers.fleet.fakes import (
    FakeDynamoDB,
    FakeEvents,
    FakeParameters,
    FakeQueue,
    KilledError,
    Steps,
    interleave,
)

CONFIG = {
    "accepts": {"accounts": None},
    "catalogue": {
        "default": {"team": "platform"},
        "services": [{"name": "intake", "team": "front-door", "tags": {"service": "intake"}}],
        "accounts": {"111122223333": {"name": "clinic-staging", "environment": "staging"}},
    },
}
STREAM = {"Records": [{"dynamodb": {"Keys": {"pk": {"S": key(FIRST.problem)}}, "SequenceNumber": "1"}}]}
TICK = {"tick": 120}
_HOUR = 3_600_000


class World:
    """Triage and publish as deployed, with the table, bus and queue that they share."""

    def __init__(self, config: object = None) -> None:
        self.steps = Steps()
        self.dynamodb = FakeDynamoDB(self.steps)
        self.events = FakeEvents(self.steps)
        self.dead = FakeQueue(self.steps)
        self.parameters = FakeParameters(findings="act")
        self.table = Table(self.dynamodb, "yagura-findings")  # type: ignore[arg-type]
        clients = {
            "dynamodb": self.dynamodb,
            "events": self.events,
            "sqs": self.dead,
            "ssm": self.parameters,
        }
        self.triage: Any = load("findings.triage", clients=clients, config=config or CONFIG)
        self.publish: Any = load("findings.publish", clients=clients)
        self.publish.outbox._clock = lambda: int(time.time() * 1000) + _HOUR
        self.publish.outbox._publisher._sleep = lambda _seconds: None

    def take(self, *bodies: str, receives: int = 1) -> list[str]:
        """Deliver one batch; returns what was not done."""
        return failures(self.triage.handler(batch(*bodies, receives=receives), None))

    def take_until_done(self, body: str) -> None:
        """Deliver as a queue does: again while it fails or dies."""
        for _ in range(50):
            try:
                if not self.take(body):
                    return
            except KilledError:
                continue
        raise AssertionError("never done")

    def tell(self, event: dict[str, Any]) -> None:
        """Wake the publisher; it may die."""
        with contextlib.suppress(KilledError):
            self.publish.handler(event, None)

    @property
    def problem(self) -> Problem | None:
        return ProblemStore(self.table).get(FIRST.problem).problem

    @property
    def waiting(self) -> list[str]:
        return [entry["id"] for entry in (self.table.get(key(FIRST.problem)) or {}).get("outbox", [])]


type Break = Callable[[World], None]
"""Puts a defect into a world."""


def sound(_world: World) -> None:
    """As it is."""


kills = st.lists(st.none() | st.integers(1, 9), min_size=1, max_size=6)


def assert_survives_being_killed(
    histories: Sequence[Seen], kill_after: Sequence[int | None], break_it: Break = sound
) -> None:
    """Killed at any step, and delivered again: the state is that of the latest event, each opening is told."""
    world = World()
    break_it(world)
    for index, seen in enumerate(histories):
        after = kill_after[index % len(kill_after)]
        world.steps.kill_at = None if after is None else world.steps.taken + after
        world.take_until_done(event_of(seen))
        world.tell(STREAM)
    world.steps.kill_at = None
    _assert_all_told(world, histories)


def assert_survives_company(
    first: Sequence[Seen], second: Sequence[Seen], choices: Sequence[int], break_it: Break = sound
) -> None:
    """Two workers and a publisher on one problem, interleaved in any way."""
    world = World()
    break_it(world)

    def work(seens: Sequence[Seen]) -> Callable[[], None]:
        def take() -> None:
            for seen in seens:
                world.take_until_done(event_of(seen))

        return take

    def tell() -> None:
        for _ in range(3):
            world.tell(STREAM)

    interleave(world.steps, [work(first), work(second), tell], choices)
    _assert_all_told(world, [*first, *second])


def _assert_all_told(world: World, histories: Sequence[Seen]) -> None:
    latest = max(histories, key=lambda seen: seen.order)
    assert world.problem is not None
    assert world.problem.finding == latest.finding
    assert_told_as_written(world.dynamodb.written, world.events.ids, world.waiting)
    for _ in range(2):  # the first may report what another publisher has sent meanwhile
        with contextlib.suppress(ExceptionGroup):
            world.publish.handler(TICK, None)
    assert world.waiting == []
    assert "pending" not in (world.table.get(key(FIRST.problem)) or {})
    assert_told_as_written(world.dynamodb.written, world.events.ids, [])
    assert world.dead.messages == []


def unconditional(world: World) -> None:
    """The condition of the write is dropped."""

    class Unconditional(Table):
        def put(self, item: Item, *, over: Item | None) -> bool:
            rev = 1 if over is None else over["rev"] + 1
            self.client.put_item(TableName=self.name, Item=to_dynamodb(item | {"rev": rev}))
            return True

    world.triage.problems = ProblemStore(Unconditional(world.table.client, world.table.name))


def confirmed_unconditionally(world: World) -> None:
    """The publisher takes its event off without looking who wrote in between."""
    unconditional(world)
    world.publish.outbox._table = world.triage.problems._table
    world.triage.problems = ProblemStore(world.table)


def told_before_written(world: World) -> None:
    """The event goes out before its fact is kept."""

    class ToldBefore(ProblemStore):
        def put(self, problem: Problem, entries: list[Any], *, over: Any, now: int) -> bool:
            if entries:
                world.publish.outbox._publisher.put(entries)
            return super().put(problem, [], over=over, now=now)

    world.triage.problems = ToldBefore(world.table)


def told_after_written(world: World) -> None:
    """The fact is kept in one write, its event in a second one."""

    class ToldAfter(ProblemStore):
        def put(self, problem: Problem, entries: list[Any], *, over: Any, now: int) -> bool:
            written = super().put(problem, [], over=over, now=now)
            if written and entries:
                super().put(problem, entries, over=self.get(problem.finding.problem), now=now)
            return written

    world.triage.problems = ToldAfter(world.table)


def outbox_forgotten(world: World) -> None:
    """A write of a new state drops what still waits."""

    class Forgetful(ProblemStore):
        def put(self, problem: Problem, entries: list[Any], *, over: Any, now: int) -> bool:
            kept = None if over.item is None else {"rev": over.item["rev"]}
            return super().put(problem, entries, over=type(over)(over.problem, kept), now=now)

    world.triage.problems = Forgetful(world.table)


def confirmed_before_sent(world: World) -> None:
    """The event is taken off the item, then sent."""
    outbox = world.publish.outbox
    confirm = outbox._confirm
    publisher = outbox._publisher

    class Eager:
        def put(self, entries: list[Any]) -> set[str]:
            sent = {entry.id for entry in entries}
            confirm(key(FIRST.problem), world.table.get(key(FIRST.problem)), sent)
            publisher.put(entries)
            return sent

    outbox._publisher = Eager()
