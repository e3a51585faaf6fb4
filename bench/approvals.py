"""Wrong grants in ten thousand random interleavings of clicks, duplicates, late clicks and crashes: there must be none.

Nine thousand on the table in memory, where every call of every clicker may come between any two calls of another; one
thousand with real threads against the emulator's TransactWriteItems. A referee who knows only who clicked what, and
reads the audit trail, says which grants were right. That it would notice is shown with a store that looks at no
condition.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table as Shown

from bench.referee import Click, Scene, faults, scene
from functions.chatops.audit import Record, verify
from functions.chatops.decisions import Decisions
from functions.chatops.request import NotAllowedError, Request
from functions.chatops.store import BusyError, MovedError, Store
from local.client import HUB, client
from local.process import Instance
from tests.functions.chatops.core import FLEET, PEOPLE, Core
from tests.layers.fleet.fakes import FakeDynamoDB, KilledError, Steps, interleave

MODEL, REAL, BROKEN = 9_000, 1_000, 500
_RECEIVES = 5
"""As often as the queue brings a delivery whose worker died."""


class Faults(Steps):
    """Steps that are killed at many places; each once, whichever thread it hits."""

    def __init__(self, kills: frozenset[int]) -> None:
        super().__init__()
        self._kills = set(kills)
        self.counting = False
        self._count = 0

    def _step(self, name: str) -> None:
        self.pause()
        if not self.counting:
            return
        self._count += 1
        if self._count in self._kills:
            self._kills.discard(self._count)
            raise KilledError(name)


class Dying:
    """A client whose calls may find their worker dead, before or after."""

    def __init__(self, real: Any, steps: Steps) -> None:
        self._real, self._steps = real, steps
        self.exceptions = real.exceptions

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._real, name)
        return lambda **arguments: self._steps.call(name, lambda: call(**arguments))


def deliver(core: Core, one: str, click: Click) -> None:
    """What the desk does with a delivery, as often as the queue brings it."""
    for _ in range(_RECEIVES):
        try:
            if click.action == "expire":
                core.decisions.overdue(one, click.at)
            else:
                core.click(one, click.action, click.who, once=click.delivery, now=click.at, words=click.words)
        except (KilledError, BusyError, MovedError):
            continue
        except NotAllowedError:
            return
        return


def _commands(core: Core, one: str) -> int:
    return sum(each["detail_type"] == "CommandRequested" for each in core.outbox(one))


# On the table in memory


def on_the_model(asked: Scene, break_it: Callable[[Core], None] = lambda _core: None) -> tuple[list[str], Request]:
    """What is wrong with one interleaving, step by step as the scene says."""
    steps = Faults(asked.kills)
    memory: Any = FakeDynamoDB(steps)
    core = Core(memory)
    break_it(core)
    core.file(asked.request)
    steps.counting = True

    def task(click: Click) -> Callable[[], None]:
        return lambda: deliver(core, asked.request.id, click)

    interleave(steps, [task(click) for click in asked.clicks], asked.turns)
    steps.counting = False
    head = core.store.head()
    records = list(core.store.records(1, head.seq))
    verdict = verify(records, end=head)
    left = core.now(asked.request.id)
    about = [record for record in records if record.entry.request == left.id]
    found = faults(asked, about, left, _commands(core, left.id))
    return found + ([] if verdict.intact else [f"chain: {verdict.broken}"]), left


def without_conditions(core: Core) -> None:
    """A store whose request is written over whatever stands there."""

    class Careless(Store):
        def _put_request(self, decision: Any, now: int) -> Any:
            element: Any = super()._put_request(decision, now)
            return {"Put": {name: element["Put"][name] for name in ("TableName", "Item")}}

    core.store = Careless(core.table, sleep=lambda _seconds: None)
    core.decisions = Decisions(core.store, core.messages, FLEET, PEOPLE)


# With threads, on the emulator


def create_table(aws: Any, name: str) -> None:
    """As the stack makes it."""
    aws.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "pending", "AttributeType": "S"},
            {"AttributeName": "pending_since", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "pending",
                "KeySchema": [
                    {"AttributeName": "pending", "KeyType": "HASH"},
                    {"AttributeName": "pending_since", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def with_threads(instance: Instance, scenes: Sequence[Scene]) -> tuple[dict[str, list[str]], Counter[str]]:
    """What is wrong, by request, when all clicks of a scene are made at once."""
    aws = client(instance, "dynamodb", HUB)
    create_table(aws, "approvals-bench")
    real = Core(aws, "approvals-bench")
    for asked in scenes:
        steps = Faults(asked.kills)
        core = Core(Dying(aws, steps), "approvals-bench", sleep=time.sleep)
        real.file(asked.request)
        steps.counting = True
        started = threading.Barrier(len(asked.clicks))
        threads = [
            threading.Thread(target=_at_once, args=(started, core, asked.request.id, click)) for click in asked.clicks
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    head = real.store.head()
    trail = list(real.store.records(1, head.seq))
    verdict = verify(trail, end=head)
    wrong: dict[str, list[str]] = {} if verdict.intact else {"chain": [str(verdict.broken)]}
    by_request: dict[str, list[Record]] = {}
    for record in trail:
        by_request.setdefault(record.entry.request, []).append(record)
    outcomes: Counter[str] = Counter()
    for asked in scenes:
        left = real.now(asked.request.id)
        outcomes[_outcome(left)] += 1
        if found := faults(asked, by_request[left.id], left, _commands(real, left.id)):
            wrong[left.id] = found
    return wrong, outcomes


def _at_once(started: threading.Barrier, core: Core, one: str, click: Click) -> None:
    started.wait()
    deliver(core, one, click)


def _outcome(left: Request) -> str:
    return "broken glass" if left.break_glass else left.status.lower()


# What is shown


def run(out: Console, instance: Instance, *, model: int = MODEL, real: int = REAL, seed: int | None = None) -> int:
    """Print the numbers; how many interleavings ended wrong."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    draw = random.Random(seed)  # noqa: S311 - scenes, no secrets
    shown = Shown(
        "where", "interleavings", "granted", "broken glass", "denied", "cancelled", "expired", "open", "wrong", "s",
        title=f"Approvals: clicks, duplicates, late clicks, crashes; seed {seed}",
    )  # fmt: skip
    wrong: dict[str, list[str]] = {}

    began, outcomes = time.monotonic(), Counter[str]()
    for number in range(model):
        asked = scene(draw, number)
        found, left = on_the_model(asked)
        outcomes[_outcome(left)] += 1
        if found:
            wrong[left.id] = found
    shown.add_row(*_row("step by step, in memory", model, outcomes, len(wrong), began))

    began = time.monotonic()
    found_there, outcomes = with_threads(instance, [scene(draw, model + number) for number in range(real)])
    shown.add_row(*_row("threads, on the emulator", real, outcomes, len(found_there), began))
    out.print(shown)

    noticed = sum(bool(on_the_model(scene(draw, number), without_conditions)[0]) for number in range(BROKEN))
    out.print(f"a store that looks at no condition: {noticed} of {BROKEN} interleavings found wrong")
    wrong |= found_there
    for name, found in list(wrong.items())[:5]:
        out.print(f"[red]{name}: {'; '.join(found)}[/]")
    return len(wrong) if noticed else len(wrong) + 1


def _row(where: str, count: int, outcomes: Counter[str], wrong: int, began: float) -> list[str]:
    names = ("granted", "broken glass", "denied", "cancelled", "expired", "pending")
    return [where, str(count), *(str(outcomes[name]) for name in names), str(wrong), f"{time.monotonic() - began:.0f}"]
