"""From what a person typed, or a capability asked, to a request: pure."""

from hashlib import sha256
from typing import Any

import msgspec

from fleet.events.chatops import ApprovalRequested
from fleet.events.envelope import MAX_HOPS, Received
from fleet.masking import mask
from functions.chatops import hiding
from functions.chatops.people import People, Person
from functions.chatops.request import OPEN_MS, QUORUM, STEP_UP_TIER, Answer, NotAllowedError, Request, Target, freeze

MOST_SHOWN = 20
"""Rows that a request shows whole: nobody approves what they cannot read."""
SHOWN_MS = 8 * 3_600_000
"""How long a later command may refer to what was shown."""
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's: nobody confuses 1 and l when reading an id aloud."""
_AT_MOST = "most_"
"""How the name of what was shown begins that limits an argument: `most_days` that of `days`."""
_MOST_MINUTES = 7 * 24 * 60
_TIERS = [*sorted(QUORUM)[1:], STEP_UP_TIER]
"""Of what a capability asks. The last is denied until there is a second factor."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An account and Region of the fleet."""

    name: str
    id: str
    region: str
    environment: str
    role: str
    capabilities: list[str] = []


class Hub(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk knows of the fleet: compiled from the configuration."""

    accounts: list[Place]
    slack_team: str
    approvals_channel: str
    everyone: list[str]
    """Every team's channel, for what all must hear."""
    sre: str

    @property
    def ids(self) -> set[str]:
        """Numbers of its accounts, which say nothing of anybody."""
        return {place.id for place in self.accounts}

    @property
    def place(self) -> Place:
        """Where the hub itself is."""
        return next(place for place in self.accounts if place.role == "hub")

    @property
    def target(self) -> Target:
        """The hub, as a place where work is done."""
        return Target(self.place.id, self.place.region)

    def environment_of(self, target: Target) -> str:
        """Of a place of the fleet."""
        return next(
            place.environment for place in self.accounts if (place.id, place.region) == (target.account, target.region)
        )

    def runs(self, capability: str, target: Target) -> bool:
        """Whether a capability works there."""
        return any(
            (place.id, place.region) == (target.account, target.region) and capability in place.capabilities
            for place in self.accounts
        )

    def name_of(self, target: Target) -> str:
        """How people call it."""
        names = [place.name for place in self.accounts if (place.id, place.region) == (target.account, target.region)]
        return names[0] if names else str(target)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A command as a person typed it, parsed; and where the answer goes."""

    delivery: str
    """Id of the delivery: the same one files the same request."""
    command: str
    capability: str
    tier: int
    reads: bool
    arguments: dict[str, Any]
    targets: list[Target]
    """Where it was said to be done; empty if the command names no account."""
    via: str
    channel: str = ""
    reply_url: str = ""


def request_id(natural_key: str) -> str:
    """`r-` and ten letters, the same for the same key: fifty bits, and an existing id is never overwritten."""
    number = int.from_bytes(sha256(natural_key.encode()).digest()[:8])
    return "r-" + "".join(_ALPHABET[(number >> (5 * n)) & 31] for n in range(10))


def from_command(
    asked: Asked, person: Person, *, hub: Hub, people: People, policy: str, shown: Request | None, now: int
) -> Request:
    """The request of a command that is carried out elsewhere.

    `shown` is the answered request that the command refers to, if it does: what is frozen is what that one showed.
    Raises NotAllowedError.
    """
    arguments, targets, tier = asked.arguments, asked.targets or [hub.target], asked.tier
    table: list[list[str]] = []
    if shown is not None:
        target, answer = _as_shown(shown, now)
        targets, table = [target], answer.table
        _within(asked.arguments, answer.shown)
        arguments, tier = asked.arguments | answer.shown, max(tier, _tier_shown(answer))
    targets = [target for target in targets if hub.runs(asked.capability, target)]
    if not targets:
        raise NotAllowedError("not_there", f"{asked.capability} does not run there.")
    where = ", ".join(hub.name_of(target) for target in targets)
    return Request(
        id=request_id(asked.delivery),
        capability=asked.capability,
        command=asked.command,
        arguments=arguments,
        arguments_hash=freeze(arguments),
        targets=targets,
        tier=tier,
        requester=person.id,
        via=asked.via,
        headline=f"{asked.command} in {where}",
        facts=[[name, _short(value)] for name, value in arguments.items()],
        table=table,
        teams=[hub.sre],
        approvers=people.approvers([hub.sre]),
        policy=policy,
        created=now,
        expires_at=now + OPEN_MS,
        public=not asked.reads,
        channel=asked.channel,
        reply_url=asked.reply_url,
    )


def from_event(event: Received[ApprovalRequested], *, hub: Hub, people: People, policy: str, now: int) -> Request:
    """The request of a capability. Raises NotAllowedError, for an action that is not its own or a foreign place.

    What it says is masked here, once for all who read it; not its arguments, which it claims by their hash, and not its
    action, whose words the claim repeats: one that would have to be masked is refused.
    """
    data, meta = event.data, event.meta
    if not data.action.startswith(f"{event.capability} "):
        raise NotAllowedError("foreign", "An action begins with the name of the capability that asks.")
    if hiding.cell(data.action, ()) != data.action:
        raise NotAllowedError("malformed", "An action is fixed words: it names nobody, and holds no number of anybody.")
    if meta.account != data.account or not hub.runs(event.capability, Target(data.account, data.region)):
        raise NotAllowedError("foreign", "A capability asks for its own account.")
    if not data.headline.strip() or any(len(fact) != 2 for fact in data.facts):
        raise NotAllowedError("malformed", "A capability says what it asks, and facts have a name and a value.")
    if data.tier not in _TIERS:
        raise NotAllowedError("no_tier", f"A capability asks for one of the tiers {_TIERS}.")
    if meta.hops >= MAX_HOPS:
        raise NotAllowedError("loop", "The chain of events that led here is too long.")
    teams = sorted({hub.sre, hiding.cell(data.team, hub.ids)} - {""})
    asked = Request(
        id=request_id(f"{event.source}:{data.account}:{data.region}:{data.key}"),
        capability=event.capability,
        command=data.action,
        arguments=data.arguments,
        arguments_hash=freeze(data.arguments),
        targets=[Target(data.account, data.region)],
        tier=data.tier,
        requester=event.source,
        via=f"event:{meta.id}",
        headline=mask(data.headline),
        teams=teams,
        approvers=people.approvers(teams),
        policy=policy,
        created=now,
        expires_at=now + min(max(data.minutes, 1), _MOST_MINUTES) * 60_000,
        asked=True,
        traceparent=meta.traceparent,
        hops=meta.hops,
        cause=meta.id,
    )
    facts = [list(hiding.fact(asked, name, value, hub.ids)) for name, value in data.facts]
    return msgspec.structs.replace(asked, facts=facts)


def review_of(request: Request, *, people: People, now: int, life_ms: int) -> Request:
    """The task that a broken glass leaves behind: somebody else looks at it."""
    arguments = {"request": request.id}
    return msgspec.structs.replace(
        request,
        id=request_id(f"review:{request.id}"),
        capability="chatops",
        command="review",
        arguments=arguments,
        arguments_hash=freeze(arguments),
        targets=[],
        tier=1,
        # Whoever broke it; of what a capability asked, that is not who asked.
        requester=next(iter(request.decided_by), request.requester),
        headline=f"Review of a broken glass: {request.headline}",
        facts=[["Request", request.id], ["Reason", request.break_glass]],
        table=[],
        approvers=people.approvers(request.teams),
        created=now,
        expires_at=now + life_ms,
        status="PENDING",
        votes=[],
        decided_by=[],
        decided_at=0,
        execute_until=0,
        reviews=request.id,
        answers={},
        asked=False,
        public=True,
        channel="",
        reply_url="",
    )


def _as_shown(shown: Request, now: int) -> tuple[Target, Answer]:
    answers = [(target, shown.answers.get(str(target))) for target in shown.targets]
    (target, answer) = answers[0] if len(answers) == 1 else (shown.targets[0], None)
    if answer is None or answer.outcome != "done" or not answer.shown or [] in answer.shown.values():
        raise NotAllowedError("nothing_shown", f"{shown.id} has shown nothing that this could refer to.")
    if not _tells(answer, shown.arguments):
        raise NotAllowedError("not_as_shown", f"What {shown.id} shows and what it refers to differ: look again.")
    if len(answer.table) > MOST_SHOWN + 1:
        raise NotAllowedError("too_many", f"{shown.id} showed more than {MOST_SHOWN}: look at fewer at once.")
    if now - answer.at > SHOWN_MS:
        raise NotAllowedError("shown_long_ago", f"What {shown.id} showed is too old: look again with {shown.command}.")
    return target, answer


def _tells(answer: Answer, asked: dict[str, Any]) -> bool:
    """Whether the table that people read names all that the answer refers to, and this is what was asked for."""
    shown = dict(answer.shown)
    if any(name in asked and asked[name] != value for name, value in shown.items()):
        return False
    ids = [each.get("id") if isinstance(each, dict) else None for each in shown.pop("messages", [])]
    if ids:
        return [row[0] for row in answer.table[1:] if row] == ids and shown.keys() == {"queue"}
    cells = {cell for row in answer.table for cell in row}
    return all(isinstance(value, (str, int)) and str(value) in cells for value in shown.values())


def _within(asked: dict[str, Any], shown: dict[str, Any]) -> None:
    """Raises NotAllowedError if more is asked for than what was shown allows: nobody should approve it in vain."""
    for name, most in shown.items():
        wanted = asked.get(name.removeprefix(_AT_MOST)) if name.startswith(_AT_MOST) else None
        if isinstance(wanted, int) and isinstance(most, int) and wanted > most:
            what = name.removeprefix(_AT_MOST)
            raise NotAllowedError("too_much", f"{what}: found {wanted}, expected at most {most}, as was shown.")


def _tier_shown(answer: Answer) -> int:
    """How risky it is to act on what was shown; what is no tier is the highest, which nobody can grant here."""
    tier = answer.shown.get("tier", 0)
    return tier if tier in QUORUM else STEP_UP_TIER


def _short(value: object) -> str:
    return str(len(value)) if isinstance(value, list) else str(value)
