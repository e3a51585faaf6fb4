"""Fifty writers of the audit chain at once, on the emulator: nothing lost, repeated or forked; how long each takes.

All of them want the same place, the next one: that is what a chain is. Each looks where the end is, and tries again
when somebody else was faster.
"""

import statistics
import threading
import time
from typing import Any

from rich.console import Console
from rich.table import Table as Shown

from bench.approvals import create_table
from fleet.items import Table
from functions.chatops.audit import Entry, Head, Record, verify
from functions.chatops.store import BusyError, Decision, Store
from local.client import HUB, client
from local.process import Instance

WRITERS, ENTRIES = 50, 20
_TABLE = "chain-bench"


class Counting:
    """A client that counts the transactions that it was asked for."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.meta, self.exceptions = real.meta, real.exceptions
        self.transactions = 0
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def transact_write_items(self, **arguments: Any) -> Any:
        """As the real one."""
        with self._lock:
            self.transactions += 1
        return self._real.transact_write_items(**arguments)


class Writers:
    """What they wrote, and how long it took them."""

    def __init__(self, aws: Any, *, writers: int, entries: int) -> None:
        self.store = Store(Table(aws, _TABLE))
        self.seconds: list[float] = []
        self.written: list[Record] = []
        self.busy = 0
        self._lock = threading.Lock()
        self._count, self._entries = writers, entries

    def run(self) -> float:
        """All at once; seconds until the last is done."""
        began = time.monotonic()
        threads = [threading.Thread(target=self._write, args=(name,)) for name in range(self._count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - began

    def _write(self, name: int) -> None:
        for number in range(self._entries):
            entry = Entry(kind="executed", actor=f"writer{name}", via="bench", facts={"number": number})
            decision = Decision(once=f"{name}-{number}", entries=[entry])
            began = time.monotonic()
            while True:
                try:
                    records = self.store.commit(decision, time.time_ns() // 1_000_000)
                except BusyError:  # the queue would bring it again
                    with self._lock:
                        self.busy += 1
                    continue
                break
            with self._lock:
                self.seconds.append(time.monotonic() - began)
                self.written += records

    def faults(self) -> list[str]:
        """What is wrong with the chain, if anything is."""
        head: Head = self.store.head()
        records = list(self.store.records(1, head.seq))
        verdict = verify(records, end=head)
        found = [] if verdict.intact else [str(verdict.broken)]
        if head.seq != self._count * self._entries:
            found.append(f"{head.seq} entries of {self._count * self._entries}")
        if sorted(self.written, key=lambda each: each.entry.seq) != records:
            found.append("what stands in the chain is not what the writers were told")
        who = {(each.entry.actor, each.entry.facts["number"]) for each in records}
        if len(who) != self._count * self._entries:
            found.append(f"{len(who)} different entries")
        return found


def run(out: Console, instance: Instance, *, writers: int = WRITERS, entries: int = ENTRIES) -> int:
    """Print the numbers; how many things are wrong."""
    aws = Counting(client(instance, "dynamodb", HUB))
    create_table(aws, _TABLE)
    work = Writers(aws, writers=writers, entries=entries)
    took = work.run()
    wrong = work.faults()
    shown = Shown(
        "writers", "entries", "p50 s", "p99 s", "longest s", "attempts a commit", "gave up", "commits a s", "wrong",
        title="Audit chain: everybody at once, on the emulator",
    )  # fmt: skip
    centiles = statistics.quantiles(work.seconds, n=100)
    commits = len(work.seconds)
    shown.add_row(
        str(writers),
        str(commits),
        f"{centiles[49]:.2f}",
        f"{centiles[98]:.2f}",
        f"{max(work.seconds):.2f}",
        f"{aws.transactions / commits:.1f}",
        str(work.busy),
        f"{commits / took:.0f}",
        str(len(wrong)),
    )
    out.print(shown)
    for text in wrong:
        out.print(f"[red]{text}[/]")
    return len(wrong)
