"""How fast the deployed fleet is on the local cloud: one event's way, and many at once."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.fleet import Watch
from local.client import HUB, SPOKE, journal, send_aws_event, slack_messages
from local.process import Instance
from tests.local.fleet import finding, imported

ONE_BY_ONE = 20
MANY = 200
_LONGEST_SECONDS = 300.0
_LOOK_SECONDS = 0.02
STAGES = ("recorded", "on the hub's bus", "in Slack")


@dataclass(frozen=True)
class Latency:
    """Seconds from sending to a stage."""

    stage: str
    median: float
    p95: float


@dataclass(frozen=True)
class Throughput:
    """When the last of many had reached a stage."""

    stage: str
    seconds: float

    @property
    def per_second(self) -> float:
        """Events a second."""
        return MANY / self.seconds


def latencies(instance: Instance) -> list[Latency]:
    """Events sent one by one, each when the one before has arrived; the first warms up and does not count."""
    _way(instance)
    times = [_way(instance) for _ in range(ONE_BY_ONE)]
    by_stage = {stage: sorted(each[stage] for each in times) for stage in STAGES}
    return [
        Latency(stage, statistics.median(each), each[round(0.95 * (len(each) - 1))]) for stage, each in by_stage.items()
    ]


def _way(instance: Instance) -> dict[str, float]:
    watch = Watch(instance)
    event = imported(finding())
    one = event["detail"]["findings"][0]
    looks: dict[str, Callable[[], object]] = {
        "recorded": lambda: watch.problem(one["Id"]),
        "on the hub's bus": lambda: watch.events(one["Id"]),
        "in Slack": lambda: watch.messages(one["Resources"][0]["Id"]),
    }
    began = time.monotonic()
    send_aws_event(instance, SPOKE, event)
    reached: dict[str, float] = {}
    while len(reached) < len(STAGES):
        # The last first: whatever is in Slack has been recorded, although a slower look may not have seen it yet.
        for at in reversed(range(len(STAGES))):
            if STAGES[at] not in reached and looks[STAGES[at]]():
                now = time.monotonic() - began
                reached = dict.fromkeys(STAGES[: at + 1], now) | reached
        _not_for_ever(began, watch)
    return reached


def throughput(instance: Instance) -> list[Throughput]:
    """Many events sent at once."""
    watch = Watch(instance)
    events = [imported(finding()) for _ in range(MANY)]
    ids = {event["detail"]["findings"][0]["Id"] for event in events}
    before = _items(watch)
    began = time.monotonic()
    for at in range(0, MANY, 50):
        send_aws_event(instance, SPOKE, events[at : at + 50])
    reached: dict[str, float] = {}
    while len(reached) < len(STAGES):
        counts = dict(zip(STAGES, _counts(watch, ids, before), strict=True))
        for stage in STAGES:
            if stage not in reached and counts[stage] >= MANY:
                reached[stage] = time.monotonic() - began
        _not_for_ever(began, watch)
        time.sleep(10 * _LOOK_SECONDS)
    return [Throughput(stage, reached[stage]) for stage in STAGES]


def _counts(watch: Watch, ids: set[str], before: int) -> Iterator[int]:
    yield _items(watch) - before
    lines = journal(watch.instance, account=HUB, bus="yagura", since=watch.mark)[0]
    yield len(ids & {line["event"]["detail"].get("data", {}).get("finding_id") for line in lines})
    yield len(slack_messages(watch.instance)) - watch.posted


def _items(watch: Watch) -> int:
    pages = watch.client("dynamodb", SPOKE).get_paginator("scan").paginate(TableName="yagura-findings", Select="COUNT")
    return sum(int(page["Count"]) for page in pages)


def _not_for_ever(began: float, watch: Watch) -> None:
    if time.monotonic() - began > _LONGEST_SECONDS:
        raise SystemExit(f"events are still on their way after {_LONGEST_SECONDS:.0f} s. {watch.refusals()[:3]}")
    time.sleep(_LOOK_SECONDS)
