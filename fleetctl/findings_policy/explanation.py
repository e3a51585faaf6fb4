"""What is found out about an event: each step of its decision. Times are ms since the epoch."""

from typing import Literal

import msgspec


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """It can never be processed: it would be a dead letter with this reason; `unfit`: it is no event at all."""

    reason: str
    path: str
    text: str


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """It is not for this fleet: it would be counted under this reason, and forgotten."""

    reason: str
    why: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One step of ownership."""

    step: str
    claimant: str
    """Service, or the team of a unit; empty: nobody claims the resource by it."""
    why: str


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that was looked at, for one kind of action."""

    kind: str
    rule: str
    why_not: str = ""
    decided: str = ""
    reason: str = ""
    """The rule's own, if it decided."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What Security Hub would be asked about a finding."""

    finding: str
    product: str
    workflow: str
    note: str


class Says(msgspec.Struct, frozen=True, kw_only=True):
    """What the finding says, as far as its status goes."""

    record: str
    check: str
    workflow: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the problem."""

    status: str
    severity: str
    ignored: bool
    team: str
    service: str
    environment: str
    owner_by: str
    opened: int
    openings: int
    due: int
    tell: str
    tell_by: str
    """`rule:<name>`, or the level of its severity in findings.yaml."""
    channel: str
    """Where the hub would tell it; empty: nowhere."""
    pages: bool
    suppressed_by: str
    suppressed_until: int
    requester: str
    approver: str
    ticket: str
    """Repository of its issue; empty: it has none."""
    issue: Literal["open", "reopen", "close", ""]
    """What would become of its issue now."""
    security_hub: list[Asked]
    left_alone: int
    """Findings that are about several resources, which have one workflow for all of them."""
    acting: bool
    """Whether the deployment may change anything outside the fleet."""
    events: list[str]
    next_what: str
    """What the clock does next, empty: nothing."""
    next_at: int


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource that a finding is about: one problem."""

    problem: str
    account: str
    region: str
    control: str
    control_why: str
    resource: str
    resource_type: str
    reported: str
    reported_why: str
    taken_by: str
    """Account of fleet.yaml; empty: nobody takes it."""
    taken_why: str
    status: str
    status_why: str
    says: Says
    echo: bool
    """It tells of what the fleet itself has asked: it counts as open, and the lease decides."""
    heard: int
    """So many reports of the problem came before in the same file."""
    overruled: str = ""
    """Why the problem is not what this finding says; empty: it is, as far as the world goes."""
    repeat: bool = False
    """It says nothing new: nothing is written."""
    dropped: Dropped | None = None
    claims: list[Claim] = []
    rules: list[Looked] = []
    passed_over: dict[str, int] = {}
    """Of each kind, how many rules stand after the one that decided, and were not looked at."""
    outcome: Outcome | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of an event."""

    place: int
    id: str
    title: str
    product: str
    form: Literal["asff", "ocsf", ""]
    refused: Refused | None = None
    dropped: Dropped | None = None
    resources: list[Resource] = []


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One event, or one bare finding."""

    where: str
    event: str = ""
    detail_type: str = ""
    refused: Refused | None = None
    dropped: Dropped | None = None
    findings: list[Found] = []

    @property
    def sound(self) -> bool:
        """Whether nothing in it was refused."""
        return self.refused is None and all(each.refused is None for each in self.findings)
