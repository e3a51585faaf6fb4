"""Events of the capability `chatops`, and those that any capability sends to it.

A command travels as CommandRequested to the account and capability that do the work, and its answer comes back as
CommandAnswered. Who wants a decision of people asks with ApprovalRequested, and hears of it by ApprovalGranted,
ApprovalDenied or ApprovalExpired. None of them authorises anything: whoever acts claims the request by key
(`fleet.approvals`).
"""

from typing import Any, ClassVar, Literal

import msgspec

from fleet.events.envelope import ANY_CAPABILITY, FleetEvent


class CommandRequested(FleetEvent, frozen=True, kw_only=True):
    """A command that may be carried out: claim it by `request`, then do it and answer."""

    source: ClassVar[str] = "yagura.chatops"
    version: ClassVar[int] = 1

    request: str
    capability: str
    """Who does the work, for example `operations`."""
    command: str
    """The command's words, for example `queues redrive`."""
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    """Frozen when it was requested. What is executed is what was shown: their hash is on the request."""
    account: str
    """Where the work is to be done."""
    region: str
    requester: str


class CommandAnswered(FleetEvent, frozen=True, kw_only=True):
    """What became of a command in one account and Region."""

    source: ClassVar[str] = ANY_CAPABILITY
    version: ClassVar[int] = 1

    request: str
    account: str
    region: str
    outcome: Literal["done", "failed", "refused"]
    headline: str
    """One sentence for people, of the capability's own words: ids, names and numbers, never a body."""
    table: list[list[str]] = msgspec.field(default_factory=list)
    """For people: rows of cells, the first row the heads."""
    shown: dict[str, Any] = msgspec.field(default_factory=dict)
    """What a later command may refer to as shown, for example a queue and the ids and hashes of its messages."""


class ApprovalRequested(FleetEvent, frozen=True, kw_only=True):
    """A capability wants people to decide. ApprovalGranted names the request by which it claims what they grant."""

    source: ClassVar[str] = ANY_CAPABILITY
    version: ClassVar[int] = 1

    key: str
    """The asker's natural key of what is to be decided: asked twice is one request."""
    action: str
    """What would be done, in words that the asker's claim repeats, for example `rollouts promote`."""
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    tier: int
    account: str
    region: str
    headline: str
    """What people are asked, in one sentence."""
    facts: list[list[str]] = msgspec.field(default_factory=list)
    """Name and value of what they should know: the blast radius."""
    team: str = ""
    """Whose people may decide, besides the SRE team's; empty: only theirs."""
    minutes: int = 480
    """How long the request stays open."""


class ApprovalDecided(FleetEvent, frozen=True, kw_only=True):
    """Base of what becomes of a request."""

    source: ClassVar[str] = "yagura.chatops"
    version: ClassVar[int] = 1

    request: str
    capability: str
    """Who asked, or does the work."""
    action: str
    arguments_hash: str
    by: list[str] = msgspec.field(default_factory=list)
    """The people who decided."""


class ApprovalGranted(ApprovalDecided, frozen=True, kw_only=True):
    """People granted a request. A hint: whoever acts on it claims the request by key."""

    break_glass: bool = False


class ApprovalDenied(ApprovalDecided, frozen=True, kw_only=True):
    """Somebody said no, or nobody could ever have said yes."""

    reason: str = "denied"
    """`denied` by people; `needs_step_up`: its tier needs a second factor, which there is not yet; `no_approvers`: too
    few people may decide it."""


class ApprovalExpired(ApprovalDecided, frozen=True, kw_only=True):
    """Nobody decided in time."""


class BudgetUsedUp(FleetEvent, frozen=True, kw_only=True):
    """A capability has had all effects of an hour, and only observes until the next."""

    source: ClassVar[str] = ANY_CAPABILITY
    version: ClassVar[int] = 1

    capability: str
    account: str
    region: str
    hour: str
    """`2026-11-23T17`, in UTC."""
    limit: int
