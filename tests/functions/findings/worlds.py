"""Triage and publish on one fake AWS, which may be killed before and after every call."""

import contextlib
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import strategies as st

from fleet import clock
from fleet.items import UNSENT, Table
from functions.findings.finding import Seen
from functions.findings.problem import Problem
from functions.findings.store import ProblemStore, key
from tests.functions.entry import batch, failures, load
from tests.functions.findings.histories import event_of, fold, take
from tests.functions.findings.laws import CATALOGUE, FIRST, NOW, policy
from tests.functions.findings.tellings import kinds
from tests.layers.fleet.fakes import (
    FakeDynamoDB,
    FakeEvents,
    FakeParameters,
    FakeQueue,
    KilledError,
    Steps,
    interleave,
)

CONFIG: dict[str, Any] = {
    "accepts": {"accounts": None},
    "catalogue": msgspec.to_builtins(CATALOGUE),
    "policy": msgspec.to_builtins(policy()),
}
PK = key(FIRST.problem)
STREAM = {"Records": [{"dynamodb": {"Keys": {"pk": {"S": PK}}, "SequenceNumber": "1"}}]}
TICK = {"tick": 120}
_HOUR = 3_600_000


class World:
    """The two functions as deployed, with the table, bus and queue that they share; the account was summed up."""

    def __init__(self, config: object = None, *, summed_up: bool = True) -> None:
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
        if summed_up:
            self.table.put({"pk": f"account#{FIRST.account}", "v": 1, "since": 1, "done": 2}, over=None)
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
    def store(self) -> ProblemStore:
        return ProblemStore(self.table, policy())

    @property
    def problem(self) -> Problem | None:
        return self.store.get(FIRST.problem).problem

    @property
    def problems(self) -> list[str]:
        return [pk for pk in self.dynamodb.items if pk.startswith(key(""))]

    @property
    def versions(self) -> list[dict[str, Any]]:
        """All that the item of the first problem was, in the order of writing."""
        return [item for item in self.dynamodb.written if item["pk"]["S"] == PK]

    @property
    def waiting(self) -> list[str]:
        return [entry["id"] for entry in (self.table.get(PK) or {}).get("outbox", [])]


type Break = Callable[[World], None]
"""Puts a defect into a world."""


def sound(_world: World) -> None:
    """As it is."""


kills = st.lists(st.none() | st.integers(1, 12), min_size=1, max_size=6)


def assert_survives_being_killed(
    history: Sequence[Seen], kill_after: Sequence[int | None], break_it: Break = sound
) -> None:
    """Killed at any step, and delivered again: the problem is what its events add up to, each change is told."""
    world = World()
    break_it(world)
    with _no_two_moments_alike():
        for index, seen in enumerate(history):
            after = kill_after[index % len(kill_after)]
            world.steps.kill_at = None if after is None else world.steps.taken + after
            world.take_until_done(event_of(seen))
            world.tell(STREAM)
    world.steps.kill_at = None
    _assert_all_told(world, history)


def assert_survives_company(
    first: Sequence[Seen], second: Sequence[Seen], choices: Sequence[int], break_it: Break = sound
) -> None:
    """Two workers and a publisher on one problem, interleaved in any way."""
    world = World()
    break_it(world)

    def work(seens: Sequence[Seen]) -> Callable[[], None]:
        def take_all() -> None:
            for seen in seens:
                world.take_until_done(event_of(seen))

        return take_all

    def tell() -> None:
        for _ in range(3):
            world.tell(STREAM)

    with _no_two_moments_alike():
        interleave(world.steps, [work(first), work(second), tell], choices)
    _assert_all_told(world, [*first, *second])


def _no_two_moments_alike() -> contextlib.AbstractContextManager[object]:
    """What is told twice differs by its time, so that it shows."""
    return patch.object(clock, "now_ms", itertools.count(NOW).__next__)


def _assert_all_told(world: World, history: Sequence[Seen]) -> None:
    assert world.problem == fold(take, history, msgspec.structs.replace(world.triage.office.law))
    assert_told_as_written(world)
    for _ in range(2):  # the first may report what another publisher has sent meanwhile
        with contextlib.suppress(ExceptionGroup):
            world.publish.handler(TICK, None)
    assert world.waiting == []
    assert (world.table.get(PK) or {}).get("pending") != UNSENT
    assert_told_as_written(world)
    assert world.dead.messages == []


def assert_told_as_written(world: World) -> None:
    """Each change that was written is told once, by the revision that made it, and nothing else is told."""
    expected: set[str] = set()
    for then, now in pairwise([None, *world.versions]):
        before, after = _state_of(then), _state_of(now)
        if after is not None and (before is None or before != after):
            revision = (now or {})["rev"]["N"]
            told = kinds(before.state if before else None, after.state)
            expected |= {f"{FIRST.problem}-{revision}-{kind}" for kind in told}
    assert {*world.events.ids, *world.waiting} == expected
    assert max(Counter(world.waiting).values(), default=0) <= 1
    details = {(json.loads(entry["Detail"])["meta"]["id"], entry["Detail"]) for entry in world.events.taken}
    assert len(details) == len(set(world.events.ids))


def _state_of(version: dict[str, Any] | None) -> Problem | None:
    return None if version is None else msgspec.json.decode(version["problem"]["S"], type=Problem)


def counts(logged: Callable[[], str]) -> list[tuple[str, str | None]]:
    """Metrics that were written, with their reasons."""
    lines = [json.loads(line) for line in logged().splitlines() if "_aws" in line]
    return [(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], line.get("reason")) for line in lines]
