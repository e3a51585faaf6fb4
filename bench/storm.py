"""100,000 notifications over 200 channels through the outbox, with its real store logic, in virtual time.

The table and Slack are in memory and answer at once; notify's queue hands over each call when its delay is over. One
notification in fifty is critical, and Slack fails one call in fifty.
"""

import heapq
import itertools
import json
import random
import time
from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from unittest.mock import patch

from rich.console import Console
from rich.table import Table as Shown

from fleet import telemetry
from fleet.items import UNSENT, Item, Table
from functions.chatops import outbox
from functions.chatops.later import Later
from functions.chatops.message import Message, Priority, section
from functions.chatops.messages import MessageStore, key
from functions.chatops.pump import Pump
from functions.chatops.slack import Posted, Slack, SlackUnavailableError

NOTIFICATIONS, CHANNELS = 100_000, 200
STORM_MS = 2 * 60_000
"""In which they arrive."""
CRITICAL = 0.02
FAILING = 0.02
"""Calls that Slack answers with 429 or an error."""
_BEGAN = 1_000_000_000_000


class Clock:
    """Virtual."""

    def __init__(self) -> None:
        self.now = _BEGAN

    def __call__(self) -> int:
        return self.now


class MemoryTable:
    """`fleet.items.Table` without DynamoDB: the same revisions, the same sparse index."""

    name = "storm"

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.calls = 0
        self._index: dict[str, list[tuple[int, str]]] = defaultdict(list)

    def get(self, pk: str) -> Item | None:
        self.calls += 1
        return self.items.get(pk)

    def put(self, item: Item, *, over: Item | None) -> bool:
        self.calls += 1
        old = self.items.get(item["pk"])
        if (old or {}).get("rev") != (over or {}).get("rev"):
            return False
        self._unlist(old)
        written = item | {"rev": 1 if over is None else over["rev"] + 1}
        self.items[item["pk"]] = written
        if "pending" in written:
            insort(self._index[written["pending"]], (written["pending_since"], written["pk"]))
        return True

    def pending(self, *, before: int, of: str = UNSENT, under: str = "") -> Iterator[str]:
        self.calls += 1
        for since, pk in list(itertools.islice(self._index[of], 300)):
            if since >= before:
                return
            if pk.startswith(under):
                yield pk

    def _unlist(self, old: Item | None) -> None:
        if old and "pending" in old:
            self._index[old["pending"]].remove((old["pending_since"], old["pk"]))


class MemorySlack:
    """Takes messages, sometimes not; counts."""

    def __init__(self, clock: Clock, chance: random.Random) -> None:
        self._clock, self._chance = clock, chance
        self.calls: dict[str, list[int]] = defaultdict(list)
        self.told: Counter[str] = Counter()
        self.last_critical = 0

    def post(self, message: Message, thread_ts: str = "") -> Posted:
        del thread_ts
        self.calls[message.channel].append(self._clock.now)
        if self._chance.random() < FAILING:
            limited = self._chance.random() < 0.5
            raise SlackUnavailableError("storm", for_all=limited, retry_after_ms=5_000 if limited else 0)
        self.told[message.subject] += 1
        if message.priority is Priority.CRITICAL:
            self.last_critical = self._clock.now
        return Posted("C", str(sum(self.told.values())))


class Queue:
    """Notify's own queue: what waits in it, and until when."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._count = clock, itertools.count()
        self.waiting: list[tuple[int, int, str]] = []
        self.sent = 0

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> None:  # noqa: N803
        assert QueueUrl
        self.sent += 1
        due = self._clock.now + DelaySeconds * 1000
        heapq.heappush(self.waiting, (due, next(self._count), MessageBody))


@dataclass(frozen=True)
class Storm:
    """What became of it."""

    critical: int
    critical_lost: int
    lost: int
    twice: int
    digests: int
    told_in_digests: int
    slack_calls: int
    queue_calls: int
    table_calls: int
    closest_ms: int
    """Between two calls of a channel."""
    last_critical_ms: int
    """From the end of the storm."""
    last_ms: int
    seconds: float
    """Real ones."""


def storm(notifications: int = NOTIFICATIONS, channels: int = CHANNELS, seed: int = 1) -> Storm:
    """Run one."""
    began = time.perf_counter()
    chance = random.Random(seed)  # noqa: S311 - the same storm each time
    clock = Clock()
    table, slack, queue = MemoryTable(), MemorySlack(clock, chance), Queue(clock)
    messages = MessageStore(cast("Table", table))
    later = Later(cast("Any", queue), "q", "eu-west-1")
    pump = Pump(messages, cast("Slack", slack), cast("Any", None), later, capability="chatops", clock=clock)
    arrivals = sorted(
        (
            _BEGAN + chance.randrange(STORM_MS),
            f"s{number}",
            f"#c{chance.randrange(channels)}",
            chance.random() < CRITICAL,
        )
        for number in range(notifications)
    )
    with patch.multiple(telemetry, count=_silent, log=_silent, log_failure=_silent):
        for at, subject, channel, critical in arrivals:
            _drain(queue, pump, clock, until=at)
            clock.now = at
            messages.keep(_message(subject, channel, critical=critical), at)
            pump(channel, hint=key(subject, channel))
        _drain(queue, pump, clock, until=None)
    return _result(arrivals, messages, table, slack, queue, clock, time.perf_counter() - began)


def _drain(queue: Queue, pump: Pump, clock: Clock, *, until: int | None) -> None:
    while queue.waiting and (until is None or queue.waiting[0][0] <= until):
        due, _, body = heapq.heappop(queue.waiting)
        clock.now = max(clock.now, due)
        asked = json.loads(body)
        pump(asked["pump"], at=asked.get("at", 0))


def _message(subject: str, channel: str, *, critical: bool) -> Message:
    return Message(
        subject=subject,
        channel=channel,
        text=f"{subject} is wrong",
        blocks=[section(f"{subject} is wrong")],
        priority=Priority.CRITICAL if critical else Priority.NORMAL,
        version=1,
        severity="CRITICAL" if critical else "HIGH",
        owner="team",
    )


def _result(
    arrivals: list[tuple[int, str, str, bool]],
    messages: MessageStore,
    table: MemoryTable,
    slack: MemorySlack,
    queue: Queue,
    clock: Clock,
    seconds: float,
) -> Storm:
    lost = critical_lost = in_digests = 0
    calls = table.calls
    for _, subject, channel, critical in arrivals:
        telling = messages.read(key(subject, channel))
        in_digest = telling is not None and slack.told[telling.digest] > 0
        in_digests += in_digest
        if not (slack.told[subject] or in_digest):
            lost += 1
            critical_lost += critical
    gaps = [later - earlier for times in slack.calls.values() for earlier, later in itertools.pairwise(times)]
    return Storm(
        critical=sum(critical for *_, critical in arrivals),
        critical_lost=critical_lost,
        lost=lost,
        twice=sum(count > 1 for count in slack.told.values()),
        digests=sum(subject.startswith("digest#") for subject in slack.told),
        told_in_digests=in_digests,
        slack_calls=sum(map(len, slack.calls.values())),
        queue_calls=queue.sent,
        table_calls=calls,
        closest_ms=min(gaps, default=outbox.SPACING_MS),
        last_critical_ms=max(slack.last_critical - arrivals[-1][0], 0),
        last_ms=clock.now - arrivals[-1][0],
        seconds=seconds,
    )


def _silent(*_args: object, **_kwargs: object) -> None:
    """Nothing is counted in a storm."""


def show(out: Console) -> bool:
    """Print what became of a storm; whether it kept what it promises."""
    found = storm()
    table = Shown(
        "what",
        "figure",
        title=f"{NOTIFICATIONS:,} notifications to {CHANNELS} channels in {STORM_MS // 60_000} minutes of virtual time",
    )
    each = NOTIFICATIONS
    rows = [
        ("critical ones lost", f"{found.critical_lost} of {found.critical:,}"),
        ("others lost", f"{found.lost - found.critical_lost}"),
        ("told twice", f"{found.twice}"),
        ("most calls a second in a channel", f"{1000 / found.closest_ms:.2f}"),
        ("Slack calls per message", f"{found.slack_calls / each:.3f} ({found.slack_calls:,})"),
        ("queue calls per message", f"{found.queue_calls / each:.2f}"),
        ("table calls per message", f"{found.table_calls / each:.1f}"),
        ("digests", f"{found.digests:,}, which told {found.told_in_digests:,}"),
        ("the last critical one was out", f"{found.last_critical_ms / 1000:.1f} s after the storm"),
        ("the last of all was out", f"{found.last_ms / 1000:.1f} s after the storm"),
        ("machine time", f"{found.seconds:.0f} s, {found.seconds / each * 1e6:.0f} µs a message"),
    ]
    for row in rows:
        table.add_row(*row)
    out.print(table)
    return found.critical_lost == 0 and found.lost == 0 and found.closest_ms >= outbox.SPACING_MS


if __name__ == "__main__":
    raise SystemExit(0 if show(Console(width=120)) else 1)
