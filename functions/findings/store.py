"""The table of the capability `findings`.

    pk      problem#<id>    one item per problem; id = hash of account, Region, control, resource
    index   pending         problems with an unsent fleet event (fleet.outbox)

Access: a problem by id (triage, strongly consistent); overdue events by the index (publish). No Scan.
"""

import msgspec

from fleet.events.envelope import Entry
from fleet.items import Item, Table
from fleet.outbox import with_entries
from functions.findings.problem import Problem

VERSION = 1


class Stored(msgspec.Struct, frozen=True):
    """A problem, and the item as it was read."""

    problem: Problem | None
    item: Item | None


class ProblemStore:
    """Problems in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, problem_id: str) -> Stored:
        """What is known of a problem."""
        item = self._table.get(key(problem_id))
        return Stored(None if item is None else msgspec.convert(item["problem"], Problem), item)

    def put(self, problem: Problem, entries: list[Entry], *, over: Stored, now: int) -> bool:
        """Write the problem and what is to be told of it, at once. False if someone else was faster."""
        fact = {"pk": key(problem.finding.problem), "v": VERSION, "problem": msgspec.to_builtins(problem)}
        return self._table.put(with_entries((over.item or {}) | fact, entries, now), over=over.item)


def key(problem_id: str) -> str:
    """The item's key."""
    return f"problem#{problem_id}"
