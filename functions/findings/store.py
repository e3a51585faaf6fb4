"""The table of the capability `findings`.

    pk      problem#<id>     one item per problem; id = hash of account, Region, control, resource
                             problem (JSON); wants: what is to be changed outside the fleet, and wants_rev: since
                             which revision; due_at (ms): when the clock does something to it; live, rank, brief: as
                             the index `live` has it
    pk      account#<id>     whether an account's problems from before the fleet have been summed up (`baseline`)
    pk      walk#<name>      how far a walk through many problems has come (`walks`)
    pk      summary#<...>    what a team was told of all its problems, in its outbox (`sums`)
    pk      vanished         of which places Security Hub suddenly knows too little (`vanishing`)
    pk      numbers#<day>    what came in, what became of it and how long that took (`tally`)
    pk      teams            those under which problems are kept (`teams`)
    pk      budget#<hour>    effects of an hour (fleet.budget)
    pk      command#<id>     a command of people and its answer (fleet.command_work)
    index   pending          problems with an unsent fleet event (fleet.outbox), or that are due
    index   live             open and suppressed problems by team, the worst, then the oldest, first; ignored ones apart

Access: a problem by id (strongly consistent); overdue events and due problems by the index `pending`; a team's
problems by the index `live`. No Scan. Closed problems expire (TTL `expires`): 15 days after the last event if they
never failed, as most that always passed, else after 400 days, when nobody remembers what was told of them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from fleet.catalogue import Owner
from fleet.events.envelope import Entry
from fleet.items import DUE, Item, Table, from_dynamodb, to_dynamodb
from fleet.outbox import with_due, with_entries
from functions.findings.brief import Brief, brief_of
from functions.findings.effects import RETRY_MS, attention, wants
from functions.findings.finding import FAILING, Finding
from functions.findings.history import WINDOW_MS, History, Report
from functions.findings.lease import DAY_MS
from functions.findings.policy import SEVERITIES, Policy
from functions.findings.problem import Problem, State

VERSION = 2
LIVE = "live"
"""Name of the index of what somebody may have to do something about."""
IGNORED = "(ignored)"
"""Under which that index has, instead of a team, what is ignored: until a rule no longer does."""
_KEEP_CLOSED_MS = 400 * DAY_MS
_PAGE = 500
_DERIVED = ("wants", "wants_rev", "due_at", LIVE, "rank", "brief", "expires")


class Stored(msgspec.Struct, frozen=True):
    """A problem, and the item as it was read."""

    problem: Problem | None
    item: Item | None

    @property
    def revision(self) -> int:
        """That which a write over it makes."""
        return 1 if self.item is None else int(self.item["rev"]) + 1


class ProblemStore:
    """Problems in DynamoDB."""

    def __init__(self, table: Table, policy: Policy) -> None:
        self._table, self._policy = table, policy

    def get(self, problem_id: str) -> Stored:
        """What is known of a problem."""
        item = self._table.get(key(problem_id))
        return Stored(None if item is None else problem_of(item), item)

    def put(self, problem: Problem, entries: Sequence[Entry], *, over: Stored, now: int, acting: bool) -> bool:
        """Write the problem and what is to be told of it, at once. False if someone else was faster.

        `acting`: whether more may be changed outside the fleet than undone.
        """
        kept = {name: value for name, value in (over.item or {}).items() if name not in _DERIVED}
        item = kept | {"pk": key(problem.id), "v": VERSION, "problem": msgspec.json.encode(problem).decode()}
        item |= self._derived(problem, now, acting=acting)
        if "wants" in item:
            item["wants_rev"] = over.revision
        return self._table.put(with_due(with_entries(item, entries, now)), over=over.item)

    def due(self, now: int) -> Iterator[str]:
        """Ids of the problems to which the clock does something, oldest first."""
        for pk in self._table.pending(before=now + 1, of=DUE, under=key("")):
            yield pk.removeprefix(key(""))

    def live(self, team: str) -> Iterator[Brief]:
        """A team's open and suppressed problems, the worst and then the oldest first; eventually consistent."""
        after: Item | None = None
        while True:
            briefs, after = self.live_page(team, after, _PAGE)
            yield from briefs
            if after is None:
                return

    def live_page(self, team: str, after: Item | None, most: int) -> tuple[list[Brief], Item | None]:
        """At most so many of `live`, and where the next begin; None: there are no more."""
        # Else a team has joined meanwhile, and a walk that counts the teams has come to another one.
        goes_on = after is not None and after[LIVE] == team
        start: dict[str, Any] = {"ExclusiveStartKey": to_dynamodb(after)} if after and goes_on else {}
        page = self._table.client.query(
            TableName=self._table.name,
            IndexName=LIVE,
            KeyConditionExpression="live = :team",
            ExpressionAttributeValues={":team": {"S": team}},
            Limit=most,
            **start,
        )
        last = page.get("LastEvaluatedKey")
        briefs = [msgspec.json.decode(item["brief"]["S"], type=Brief) for item in page["Items"]]
        return briefs, from_dynamodb(last) if last else None

    def _derived(self, problem: Problem, now: int, *, acting: bool) -> Item:
        state = problem.state
        found: Item = {}
        ahead, wanted = attention(problem, self._policy), wants(problem, acting=acting)
        if wanted:
            found["wants"] = " ".join(wanted)
        if due := min(filter(None, [ahead.at if ahead else 0, now + RETRY_MS if wanted else 0]), default=0):
            found["due_at"] = due
        if state.failing:
            worst_first = len(SEVERITIES) - SEVERITIES.index(state.severity) if state.severity in SEVERITIES else 0
            found |= {
                LIVE: IGNORED if state.ignored else state.owner.team,
                "rank": f"{worst_first}#{state.opened:014d}",
                "brief": msgspec.json.encode(brief_of(problem)).decode(),
            }
        elif not problem.granted:
            closed = max(problem.history.reports[-1].at, state.closed)
            # Whoever was told of it compares revisions, which begin anew with the item: it must be forgotten first.
            failed = state.openings or any(change.status in FAILING for change in problem.history.told()[0])
            keep = _KEEP_CLOSED_MS if failed or problem.issue else WINDOW_MS
            # What is that old already may still be followed by older events on their way.
            found["expires"] = max(closed + keep, now + WINDOW_MS) // 1000
        return found


def key(problem_id: str) -> str:
    """The item's key."""
    return f"problem#{problem_id}"


class _First(msgspec.Struct, frozen=True):
    """A problem as version 1 of this table had it: the latest finding."""

    finding: Finding
    order: tuple[int, int, str]
    owner: Owner
    config: str


def problem_of(item: Item) -> Problem:
    """What an item tells of its problem, in whichever version it was written."""
    if item["v"] != 1:
        return msgspec.json.decode(item["problem"], type=Problem)
    first = msgspec.convert(item["problem"], _First)
    service = first.finding.control.partition(":")[0] if ":" in first.finding.control else "securityhub"
    product = f"arn:aws:securityhub:{first.finding.region}::product/aws/{service}"  # else it is a copy for ever
    finding = msgspec.structs.replace(first.finding, product=product)
    updated_at, event_time, digest = first.order
    report = Report(min(updated_at, event_time), event_time, digest[:12], finding.copy, finding.status, "")
    return Problem(
        account=finding.account,
        region=finding.region,
        control=finding.control,
        resource=finding.resource,
        copies={finding.copy: finding},
        history=History(reports=[report]),
        state=State(status=finding.status, severity=finding.severity, owner=first.owner, opened=report.at, openings=1),
        config=first.config,
    )
