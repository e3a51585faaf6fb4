"""Worlds with a defect, which the properties must refute."""

from typing import Any

from fleet.items import Item, Table, to_dynamodb
from functions.findings.problem import Problem
from functions.findings.store import ProblemStore
from tests.functions.findings.laws import policy
from tests.functions.findings.worlds import PK, World


def unconditional(world: World) -> None:
    """The condition of the write is dropped."""

    class Unconditional(Table):
        def put(self, item: Item, *, over: Item | None) -> bool:
            rev = 1 if over is None else over["rev"] + 1
            self.client.put_item(TableName=self.name, Item=to_dynamodb(item | {"rev": rev}))
            return True

    world.triage.office.store = ProblemStore(Unconditional(world.table.client, world.table.name), policy())


def confirmed_unconditionally(world: World) -> None:
    """The publisher takes its event off without looking who wrote in between."""
    unconditional(world)
    world.publish.outbox._table = world.triage.office.store._table
    world.triage.office.store = world.store


class _Store(ProblemStore):
    def __init__(self, world: World) -> None:
        super().__init__(world.table, policy())
        self.world = world


def told_before_written(world: World) -> None:
    """The event goes out before its fact is kept."""

    class ToldBefore(_Store):
        def put(self, problem: Problem, entries: Any, *, over: Any, now: int, acting: bool) -> bool:
            if entries:
                self.world.publish.outbox._publisher.put(entries)
            return super().put(problem, [], over=over, now=now, acting=acting)

    world.triage.office.store = ToldBefore(world)


def told_after_written(world: World) -> None:
    """The fact is kept in one write, its event in a second one."""

    class ToldAfter(_Store):
        def put(self, problem: Problem, entries: Any, *, over: Any, now: int, acting: bool) -> bool:
            written = super().put(problem, [], over=over, now=now, acting=acting)
            if written and entries:
                super().put(problem, entries, over=self.get(problem.id), now=now, acting=acting)
            return written

    world.triage.office.store = ToldAfter(world)


def outbox_forgotten(world: World) -> None:
    """A write of a new state drops what still waits."""

    class Forgetful(_Store):
        def put(self, problem: Problem, entries: Any, *, over: Any, now: int, acting: bool) -> bool:
            kept = None if over.item is None else {"rev": over.item["rev"]}
            return super().put(problem, entries, over=type(over)(over.problem, kept), now=now, acting=acting)

    world.triage.office.store = Forgetful(world)


def confirmed_before_sent(world: World) -> None:
    """The event is taken off the item, then sent."""
    outbox = world.publish.outbox
    confirm = outbox._confirm
    publisher = outbox._publisher

    class Eager:
        def put(self, entries: list[Any]) -> set[str]:
            sent = {entry.id for entry in entries}
            confirm(PK, world.table.get(PK), sent)
            publisher.put(entries)
            return sent

    outbox._publisher = Eager()


def judged_by_what_was_first_read(world: World) -> None:
    """After a conflict the change is written again, but told as it would have been before."""
    office = world.triage.office
    write = office._write
    first: dict[str, Any] = {}

    def written(after: Problem, stored: Any, **more: Any) -> bool:
        told_by = first.setdefault(more["cause"], stored)
        return bool(write(after, type(stored)(told_by.problem, stored.item), **more))

    office._write = written


def done_before_written(world: World) -> None:
    """The event is acknowledged whatever becomes of the write."""
    office = world.triage.office
    write = office._write

    def written(after: Problem, stored: Any, **more: Any) -> bool:
        write(after, stored, **more)
        return True

    office._write = written
