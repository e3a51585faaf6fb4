"""Policy as code: what `config/findings.yaml` may say of a problem; `judge.py` applies it.

ignore    it is remembered and nothing more          route     when it is told, and where
severity  instead of Security Hub's                  suppress  as a lease (lease.py), for as long as that holds
owner     another team than the catalogue says       ticket    an issue is opened for it, and closed with it
"""

from typing import Literal, get_args

import msgspec

from functions.findings.lease import Lease

type Severity = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
type Tell = Literal["now", "digest", "never"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity.__value__)
"""From the least to the worst."""
KINDS = ("ignore", "severity", "owner", "route", "suppress", "ticket")
"""Of action."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What a problem must be: one of each list that is not empty. `*` stands for any text in controls and resources."""

    control: list[str] = []
    severity: list[str] = []
    account: list[str] = []
    region: list[str] = []
    resource: list[str] = []
    tags: dict[str, str] = {}
    """All of them."""
    service: list[str] = []
    team: list[str] = []
    environment: list[str] = []


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """When and where it is told; what is left out is as without the rule."""

    tell: Tell | None = None
    channel: str = ""


class Suppress(msgspec.Struct, frozen=True, kw_only=True):
    """A lease. Times are ms since the epoch."""

    requester: str = ""
    approver: str = ""
    start: int = 0
    until: int = 0


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Where the issue is opened: `owner/name`; empty: in the repository of the service."""

    repository: str = ""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; what it does not name, it leaves to others."""

    name: str
    reason: str = ""
    match: Match = Match()
    ignore: bool = False
    severity: Severity | None = None
    owner: str = ""
    """A team."""
    route: Route | None = None
    suppress: Suppress | None = None
    ticket: Ticket | None = None

    def lease(self) -> Lease | None:
        """By which it suppresses."""
        if self.suppress is None:
            return None
        by = f"rule:{self.name}"
        return Lease(by=by, reason=self.reason, **msgspec.structs.asdict(self.suppress))


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a severity where no rule says otherwise."""

    tell: Tell
    due_days: int
    """So long a problem may be open; 0: for ever."""
    suppress_days: int
    """So long a suppression may last; 0: none may."""
    tier: int
    """Risk tier of a suppression: who must agree."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """`config/findings.yaml`, compiled."""

    levels: dict[str, Level]
    rules: list[Rule] = []
    repositories: dict[str, str] = {}
    """By service; `""` is that of what belongs to none."""
    remind_days: int = 1
    escalate_days: int = 3
    escalate_to: str = ""
    """Channel; empty: the default one."""
    quiet_days: int = 7
    """A problem that opens again after less is told under its old message."""
    digest_hour: int = 0
    effects_per_hour: int = 500
