"""Scenes for the bench of approvals, and the referee who judges them: by who clicked what, and by the audit trail."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.chatops.audit import Entry, Record
from functions.chatops.request import Request, Voter
from tests.functions.chatops.requests import NOW, request, voter

OPEN_MS = 100_000
"""Short, so that clocks that lie apart are within the audit chain's tolerance."""
_CLICKERS = [
    voter("aiko"), voter("ben"), voter("ben"), voter("dai"), voter("dai"),
    voter("chie", "payments"), voter("ben", "payments"), voter("dai", pinned=False),
]  # fmt: skip
_ACTIONS = ["approve"] * 8 + ["deny", "cancel", "break_glass", "expire"]
_REASONS = ["", "too short", "the shop is down"]


@dataclass(frozen=True)
class Click:
    """One delivery: somebody wants something, by their own machine's clock."""

    delivery: str
    action: str
    who: Voter
    at: int
    words: str


@dataclass(frozen=True)
class Scene:
    """A request, all that is clicked about it at once, and where crashes and turns fall."""

    request: Request
    clicks: list[Click]
    kills: frozenset[int]
    turns: list[int] = field(repr=False)


def scene(draw: random.Random, number: int) -> Scene:
    """A random one; a third of the deliveries come twice, a tenth of the clicks is late."""
    one = request(id=f"r-{number:010d}", tier=draw.choice([1, 1, 2]), expires_at=NOW + OPEN_MS)
    clicks = []
    for index in range(draw.randint(2, 5)):
        late = draw.random() < 0.1
        at = NOW + draw.randrange(OPEN_MS, OPEN_MS + 50_000) if late else NOW + draw.randrange(OPEN_MS)
        action, who, words = draw.choice(_ACTIONS), draw.choice(_CLICKERS), draw.choice(_REASONS)
        clicks.append(Click(f"{number}-{index}", action, voter("aiko") if action == "cancel" else who, at, words))
    clicks += [each for each in clicks if draw.random() < 0.33]
    kills = frozenset(draw.sample(range(60), draw.choice([0, 0, 1, 2])))
    return Scene(one, clicks, kills, [draw.randrange(12) for _ in range(80)])


def faults(asked: Scene, records: Sequence[Record], left: Request, commands: int) -> list[str]:
    """What is wrong with what became of a scene. Empty: nothing."""
    referee = Referee(asked)
    for record in records:
        referee.hear(record.entry)
    end = referee.end or "PENDING"
    if left.status != end:
        referee.faults.append(f"is {left.status}, and the trail says {end}")
    if end == "PENDING" and len(referee.yes) >= asked.request.tier:
        referee.faults.append("was not granted, though enough said yes")
    if commands != (end == "GRANTED"):
        referee.faults.append(f"{commands} commands went out")
    if left.arguments != asked.request.arguments or left.arguments_hash != asked.request.arguments_hash:
        referee.faults.append("other arguments than were shown")
    return referee.faults


class Referee:
    """Hears the entries of one request in their order. Knows nothing of how the core decides."""

    def __init__(self, asked: Scene) -> None:
        self._asked = asked
        self.yes: set[str] = set()
        self.end = ""
        self.faults: list[str] = []

    def hear(self, entry: Entry) -> None:
        """Judge what happened next."""
        if self.end:
            self.faults.append(f"{entry.kind} after {self.end}")
        match entry.kind:
            case "requested":
                return
            case "granted":
                if len(self.yes) != self._asked.request.tier:
                    self.faults.append(f"granted with {len(self.yes)} of {self._asked.request.tier}")
                self.end = "GRANTED"
                return
        if not any(_explains(click, entry, self._asked.request) for click in self._asked.clicks):
            self.faults.append(f"{entry.kind} by {entry.actor}, who could not")
        if entry.kind == "approved":
            if entry.actor in self.yes:
                self.faults.append(f"{entry.actor} counted twice")
            self.yes.add(entry.actor)
        else:
            ends = {"broke_glass": "GRANTED", "denied": "DENIED", "cancelled": "CANCELLED", "expired": "EXPIRED"}
            self.end = ends.get(entry.kind, entry.kind)


def _explains(click: Click, entry: Entry, one: Request) -> bool:
    """Whether `click` may have led to this entry."""
    who, in_time = click.who, click.at < one.expires_at
    member, other, own = who.pinned and "sre" in who.teams, who.id in {"ben", "dai"}, who.id == "aiko"
    if entry.kind == "expired":
        return click.action == "expire" and not in_time
    if who.id != entry.actor or not in_time:
        return False
    match entry.kind:
        case "approved":
            return click.action == "approve" and member and other
        case "denied":
            return click.action == "deny" and member and other
        case "cancelled":
            return click.action == "cancel" and own
        case "broke_glass":
            return click.action == "break_glass" and own and member and len(click.words) >= 10
    return False
