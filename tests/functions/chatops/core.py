"""The core of chatops on a table in memory: store, decisions, claims; and a fleet and people for them."""

import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from fleet.approvals import Approvals
from fleet.items import Table
from functions.chatops import audit
from functions.chatops.decisions import Decisions
from functions.chatops.filing import Hub, Place
from functions.chatops.message import Message
from functions.chatops.messages import MessageStore
from functions.chatops.people import People, Person, Pinned
from functions.chatops.request import Answer, Request, Target, Voter, approve, break_glass, cancel, deny
from functions.chatops.store import Store, request_key
from tests.functions.chatops.requests import NOW, SPOKE
from tests.layers.fleet.fakes import FakeDynamoDB, Steps

FLEET = Hub(
    accounts=[
        Place(
            name=name, id=id_, region="us-east-1", environment=environment, role=role, capabilities=["operations", "x"]
        )
        for name, id_, environment, role in (
            ("hub", "111111111111", "tooling", "hub"),
            ("spoke", "222222222222", "production", "spoke"),
        )
    ],
    slack_team="T0LOCAL0000",
    approvals_channel="#approvals",
    everyone=["#sre", "#payments"],
    sre="sre",
)
PEOPLE = People(
    sre="sre",
    people=[
        Pinned(id=name, slack=f"U0{name.upper()}00000", teams=[team])
        for name, team in (("aiko", "sre"), ("ben", "sre"), ("dai", "sre"), ("chie", "payments"))
    ],
)
POLICY = "0123456789ab"


def person(name: str) -> Person:
    """Somebody of people.yaml, as looked up for a delivery."""
    found = next(each for each in PEOPLE.people if each.id == name)
    return Person(id=name, teams=frozenset(found.teams), pinned=True, slack=found.slack)


def no_sleep(_seconds: float) -> None:
    """Turns that are taken at once."""


class Core:
    """Everything that decides, on one table; which may be killed before and after every call."""

    def __init__(
        self, client: Any = None, table: str = "yagura-chatops", *, sleep: Callable[[float], None] = no_sleep
    ) -> None:
        self.steps = Steps()
        fake: Any = FakeDynamoDB(self.steps)
        self.dynamodb: Any = fake if client is None else client
        self.table = Table(self.dynamodb, table)
        self.store = Store(self.table, sleep=sleep)
        self.messages = MessageStore(self.table)
        self.decisions = Decisions(self.store, self.messages, FLEET, PEOPLE)
        self.approvals = Approvals(lambda _request: self.dynamodb, table, sleep)

    def file(self, request: Request, now: int = NOW) -> Request:
        return self.decisions.file(request, via="slack:U0AIKO00000", now=now)

    def click(
        self, request: str, action: str, who: Voter, *, once: str = "", now: int = NOW, words: str = ""
    ) -> Request:
        """What the counter does with a click; each is another delivery unless `once` says so."""
        changes: dict[str, Callable[[Request], Request]] = {
            "approve": lambda one: approve(one, who, now),
            "deny": lambda one: deny(one, who, now, words),
            "cancel": lambda one: cancel(one, who, now),
            "break_glass": lambda one: break_glass(one, who, now, words),
        }
        kinds: dict[str, audit.Kind] = {
            "approve": "approved", "deny": "denied", "cancel": "cancelled", "break_glass": "broke_glass",
        }  # fmt: skip
        once = f"vote#{once or uuid.uuid4()}"
        return self.decisions.change(
            request, kinds[action], who.id, f"slack:{who.id}", changes[action], once=once, now=now
        )

    def claim(self, request: Request, *, by: str = "operations", now: int = NOW, **changes: Any) -> None:
        """As whoever executes it in the spoke."""
        known: dict[str, Any] = {
            "command": request.command,
            "arguments": request.arguments,
            "account": SPOKE.account,
            "region": SPOKE.region,
        }
        self.approvals.claim(request.id, by=by, now=now, **(known | changes))

    def now(self, request: str) -> Request:
        """A request as it is kept."""
        kept = self.store.request(request)
        assert kept is not None
        return kept.request

    def outbox(self, request: str) -> list[dict[str, Any]]:
        """Fleet events of a request, unsent."""
        return list((self.table.get(request_key(request)) or {}).get("outbox", []))

    def events(self, request: str) -> list[tuple[str, str]]:
        """What goes out about a request, and on which bus."""
        return [(each["detail_type"], each["bus"]) for each in self.outbox(request)]

    def answer(self, request: str, place: Target = SPOKE, outcome: Any = "done", now: int = NOW) -> Request:
        """A place's answer, as a capability's event brings it."""
        told = Answer(outcome=outcome, headline="2 of 2 moved", at=NOW)
        return self.decisions.answer(request, place, told, actor="yagura.operations", via="event:e1", now=now)

    def trail(self) -> list[audit.Record]:
        """The whole chain, which is intact."""
        head = self.store.head()
        records = list(self.store.records(1, head.seq))
        verdict = audit.verify(records, end=head)
        assert verdict.intact, verdict.broken
        return records

    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [record.entry.kind for record in self.trail()]

    def drafts(self) -> list[Message]:
        """Messages that decisions brought with them, in the order of their keys."""
        items = self.dynamodb.items
        found = []
        for pk in sorted(items):
            if pk.startswith("draft#"):
                first = msgspec.json.decode(items[pk]["message"]["S"], type=Message)
                others = [each["S"] for each in items[pk]["also"]["L"]]
                found += [msgspec.structs.replace(first, channel=channel) for channel in [first.channel, *others]]
        return found
