"""100,000 events through rule, queue and deployed function on the local cloud, while its workers are killed twice.

Each event is sent as Security Hub would, and nothing else is done to it. Afterwards each is looked for by its id: a
good one in the history of its problem, whose state must be that of its last word; a bad one in the dead-letter queue,
with the reason and the path of what is wrong with it.
"""

import argparse
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench.fleet import Watch, deployed
from bench.load_events import Load, load
from functions.findings.problem import Problem
from local import process
from local.client import SPOKE, send_aws_event
from local.process import Instance

EVENTS = int(os.environ.get("YAGURA_BENCH_EVENTS", "100000"))
KILL_AT = (1 / 3, 2 / 3)
"""Of what is sent."""
_TRIAGE, _QUEUE, _TABLE = "yagura-findings-triage", "yagura-findings", "yagura-findings"
_SEND = 100
_MOST_WAITING = 500
"""The emulator looks through a whole queue for each batch that it takes."""
_HIDDEN_SECONDS = 20
"""What a killed worker had in hand comes back after this; deployed it is minutes, which would only lengthen the run."""
_STUCK_SECONDS = 240.0


@dataclass
class Outcome:
    """What became of a load."""

    seconds: float = 0.0
    killed: list[int] = field(default_factory=list)
    """Workers, each time."""
    in_hand: int = 0
    """Batches that died with them."""
    waiting: int = 0
    """Still in the queue."""
    problems: int = 0
    recorded: set[str] = field(default_factory=set)
    """Events that stand in the history of a problem."""
    letters: set[str] = field(default_factory=set)
    """Events that are in the dead-letter queue."""
    letters_twice: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def run(instance: Instance, given: Load, out: Console) -> Outcome:
    """Send all, kill twice, wait, and look for each."""
    watch, found = Watch(instance), Outcome()
    _hide_briefly(watch)
    kills = [round(len(given.sent) * part) for part in KILL_AT]
    began, sent = time.monotonic(), 0
    for events in batched(given.sent, _SEND, strict=False):
        _wait(watch, most=_MOST_WAITING)
        send_aws_event(instance, SPOKE, list(events))
        sent += len(events)
        if kills and sent >= kills[0]:
            kills.pop(0)
            found.killed.append(_kill(instance))
        if sent * 10 // len(given.sent) > (sent - len(events)) * 10 // len(given.sent):
            out.print(f"  {sent:,} sent, {sent / (time.monotonic() - began):.0f} a second")
    found.waiting = _wait(watch, most=0)
    found.seconds = time.monotonic() - began
    with instance.log_file.open(errors="replace") as log:
        found.in_hand = sum(f"Lambda {_TRIAGE} failed" in line for line in log)
    _judge_table(watch, given, found)
    _judge_letters(watch, given, found)
    return found


def _hide_briefly(watch: Watch) -> None:
    sqs = watch.client("sqs", SPOKE)
    url = sqs.get_queue_url(QueueName=_QUEUE)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(_HIDDEN_SECONDS)})


def _wait(watch: Watch, *, most: int) -> int:
    """Until no more than `most` are on their way, or nothing moves any more: how many are."""
    before, since = -1, time.monotonic()
    while (now := watch.on_its_way(SPOKE, _QUEUE)) > most and time.monotonic() - since < _STUCK_SECONDS:
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(0.05)
    return now


def _kill(instance: Instance) -> int:
    workers = process.workers(instance, _TRIAGE)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    return len(workers)


def _judge_table(watch: Watch, given: Load, found: Outcome) -> None:
    missing = dict(given.problems)
    for problem in _problems(watch):
        found.problems += 1
        events = Counter(report.event for report in problem.history.reports)
        found.recorded |= events.keys()
        expected = missing.pop(problem.resource, None)
        if expected is None:
            found.faults["a problem that nobody sent"] += 1
        elif events != Counter(expected.events):
            found.faults["a problem with other events than were sent of it"] += 1
        elif problem.state.status is not expected.status:
            found.faults[f"a problem that is {problem.state.status}, not {expected.status}"] += 1
    found.faults["a problem that was lost"] += len(missing)


def _problems(watch: Watch) -> Iterator[Problem]:
    pages = watch.client("dynamodb", SPOKE).get_paginator("scan").paginate(TableName=_TABLE, ConsistentRead=True)
    for page in pages:
        for item in page["Items"]:
            if item["pk"]["S"].startswith("problem#"):
                yield msgspec.json.decode(item["problem"]["S"], type=Problem)


def _judge_letters(watch: Watch, given: Load, found: Outcome) -> None:
    said: dict[str, tuple[str, str]] = {}
    for letter in _letters(watch):
        event = str(json.loads(letter["Body"]).get("id", ""))
        attributes = letter.get("MessageAttributes", {})
        reason, path = (str(attributes.get(f"yagura-{name}", {}).get("StringValue")) for name in ("reason", "path"))
        found.letters_twice += event in said
        said[event] = reason, path
    found.letters = set(said)
    for event, why in given.bad.items():
        if event not in said:
            found.faults["a bad event that is not in the dead-letter queue"] += 1
        elif said[event] != why:
            found.faults[f"a dead letter that says {said[event]}, not {why}"] += 1
    found.faults["a dead letter of a good event"] += len(said.keys() - given.bad.keys())


def _letters(watch: Watch) -> Iterator[dict[str, Any]]:
    sqs = watch.client("sqs", SPOKE)
    url = sqs.get_queue_url(QueueName=f"{_QUEUE}-dead-letters")["QueueUrl"]
    while letters := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3600, MessageAttributeNames=["All"]
    ).get("Messages"):
        yield from letters


def show(out: Console, events: int = EVENTS) -> list[str]:
    """Print what became of a load on a fleet of its own; the promises that were broken."""
    given = load(events)
    with deployed() as instance:
        found = run(instance, given, out)
    table = Table("what", "figure", title=f"{events:,} events through rule, queue and function, workers killed twice")
    ids = [str(event["id"]) for event in given.sent]
    in_table, in_letters = (sum(each in where for each in ids) for where in (found.recorded, found.letters))
    accounted = in_table + in_letters + found.waiting
    rows = [
        ("sent", f"{len(ids):,}, of these {given.repeated:,} a second time or more, {len(given.bad):,} bad"),
        ("problems in the table", f"{found.problems:,} of {len(given.problems):,}"),
        ("events in their histories", f"{len(found.recorded):,} of {given.reports:,}; {in_table:,} as they were sent"),
        ("dead letters", f"{in_letters:,} of {len(given.bad):,}; {found.letters_twice} more of the same"),
        ("left in the queue", f"{found.waiting}"),
        ("table + dead letters + queue", f"{accounted:,} of {len(ids):,}"),
        ("workers killed", f"{' and '.join(map(str, found.killed))}, with {found.in_hand} batches in their hands"),
        ("seconds", f"{found.seconds:.0f}; {len(ids) / found.seconds:.0f} events a second"),
    ]
    for row in rows:
        table.add_row(*row)
    out.print(table)
    broken = [f"{count} times {fault}" for fault, count in found.faults.items() if count]
    if accounted != len(ids):
        broken.append(f"{len(ids):,} events were sent, {accounted:,} are accounted for")
    if len(found.killed) != len(KILL_AT) or not all(found.killed):
        broken.append("no worker was there to be killed")
    if not found.in_hand:
        broken.append("the workers that were killed had nothing in hand")
    return broken


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it alone."""
    parser = argparse.ArgumentParser(prog="bench.load", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    out = Console(width=120)
    broken = show(out, parser.parse_args(arguments).events)
    for promise in broken:
        out.print(f"[red]{promise}[/]")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
