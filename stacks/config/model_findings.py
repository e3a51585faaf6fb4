"""What `config/findings.yaml` may say: what becomes of a problem, and why."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .kinds import (
    Channel,
    ControlPattern,
    EnvironmentOrUnknown,
    Region,
    Repository,
    ResourcePattern,
    SecretName,
    Slug,
    TagText,
    Text,
    Url,
)
from .model_routes import Severity

# What may be left out is UNSET rather than None: `control:` with nothing behind it is then refused. Read as "any", it
# would make a rule wider than it was meant to be.

CONDITIONS = ("control", "severity", "account", "region", "resource", "tags", "service", "team", "environment")
ACTIONS = ("ignore", "severity", "owner", "route", "suppress", "ticket")
UNKNOWN = "unknown"
"""The service and the environment of what the catalogue and the fleet do not know."""

type Tell = Literal["now", "digest", "never"]
type _Days = Annotated[int, Meta(ge=0, le=3650, description="a whole number of days from 0 to 3650")]


class _Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all parts of the configuration share."""


class Level(_Config, frozen=True, kw_only=True):
    """What holds for a severity where no rule says otherwise; what is left out is as in `LEVELS`."""

    tell: Tell | UnsetType = UNSET
    """When its owner hears of it."""
    due_days: _Days | UnsetType = UNSET
    """So long a problem may be open; 0: for ever."""
    suppress_days: _Days | UnsetType = UNSET
    """So long a suppression may last; 0: none may."""
    tier: Annotated[int, Meta(ge=0, le=3, description="a risk tier: a whole number from 0 to 3")] | UnsetType = UNSET
    """Who must agree to a suppression."""


LEVELS: dict[Severity, Level] = {
    "CRITICAL": Level(tell="now", due_days=2, suppress_days=14, tier=2),
    "HIGH": Level(tell="now", due_days=14, suppress_days=30, tier=1),
    "MEDIUM": Level(tell="digest", due_days=30, suppress_days=90, tier=1),
    "LOW": Level(tell="digest", due_days=90, suppress_days=180, tier=0),
    "INFORMATIONAL": Level(tell="never", due_days=0, suppress_days=365, tier=0),
}


class Deadlines(_Config, frozen=True, kw_only=True):
    """Who hears of a problem that stays open, and when."""

    remind_days: Annotated[int, Meta(ge=0, le=90, description="a whole number of days from 0 to 90")] = 1
    """So long before it is due its owner is reminded."""
    escalate_days: Annotated[int, Meta(ge=0, le=365, description="a whole number of days from 0 to 365")] = 3
    """So long after it was due others hear of it."""
    escalate_to: Channel | UnsetType = UNSET
    """The default channel if it is left out."""


class GitHub(_Config, frozen=True, kw_only=True):
    """Where issues are opened."""

    api: Url = "https://api.github.com/"
    secret_name: SecretName = "/yagura/github/token"  # noqa: S105 - a name, not a secret
    repository: Repository
    """For what belongs to no service."""


class Match(_Config, frozen=True, kw_only=True):
    """What a problem must be for a rule: one of each list; what is left out may be anything."""

    control: list[ControlPattern] | UnsetType = UNSET
    severity: list[Severity] | UnsetType = UNSET
    """As a rule's `severity` has made it, except where that is decided itself."""
    account: list[Text] | UnsetType = UNSET
    """Names of `fleet.yaml`, or ids."""
    region: list[Region] | UnsetType = UNSET
    resource: list[ResourcePattern] | UnsetType = UNSET
    tags: dict[TagText, TagText] | UnsetType = UNSET
    """All of them."""
    service: list[Slug] | UnsetType = UNSET
    """Of `services.yaml`, or `unknown`."""
    team: list[Slug] | UnsetType = UNSET
    """As a rule's `owner` has made it, except where that is decided itself."""
    environment: list[EnvironmentOrUnknown] | UnsetType = UNSET


class Route(_Config, frozen=True, kw_only=True):
    """When and where a problem is told; what is left out is as without the rule."""

    tell: Tell | UnsetType = UNSET
    channel: Channel | UnsetType = UNSET


class Suppress(_Config, frozen=True, kw_only=True):
    """A lease: it ends by itself, at the latest after the severity's `suppress_days`."""

    requester: Slug
    approver: Slug
    """Two people of `people.yaml`."""
    start: date = msgspec.field(name="from")
    """Its first day, from 00:00 UTC."""
    until: date
    """Its last day, to 24:00 UTC."""


class Ticket(_Config, frozen=True, kw_only=True):
    """An issue is opened, and closed when the problem is resolved."""

    repository: Repository | UnsetType = UNSET
    """Instead of that of the service."""


class Rule(_Config, frozen=True, kw_only=True):
    """What is done with the problems that it matches. For each kind of action the first rule that matches decides."""

    name: Slug
    reason: Text
    """Every decision repeats it."""
    match: Match = Match()
    ignore: bool | UnsetType = UNSET
    """It is remembered, and nothing more."""
    severity: Severity | UnsetType = UNSET
    """Instead of Security Hub's."""
    owner: Slug | UnsetType = UNSET
    """A team of `services.yaml`, instead of that of the catalogue."""
    route: Route | UnsetType = UNSET
    suppress: Suppress | UnsetType = UNSET
    ticket: Ticket | UnsetType = UNSET


class FindingsFile(_Config, frozen=True, kw_only=True):
    """`config/findings.yaml`: the policy by which problems are judged."""

    levels: dict[Severity, Level] = {}
    deadlines: Deadlines = Deadlines()
    quiet_days: Annotated[int, Meta(ge=0, le=365, description="a whole number of days from 0 to 365")] = 7
    """A problem that opens again after less is told under its old message."""
    digest_hour: Annotated[int, Meta(ge=0, le=23, description="an hour of the day in UTC, from 0 to 23")] = 0
    effects_per_hour: Annotated[int, Meta(ge=1, le=10_000, description="a whole number from 1 to 10000")] = 500
    """So much is changed outside the fleet at most."""
    github: GitHub | UnsetType = UNSET
    rules: list[Rule] = []

    def level(self, severity: Severity) -> Level:
        """All that holds for a severity: what the file says, and for the rest the default."""
        given = self.levels.get(severity, Level())
        fields = {name: getattr(given, name) for name in Level.__struct_fields__}
        return msgspec.structs.replace(
            LEVELS[severity], **{name: value for name, value in fields.items() if value is not UNSET}
        )
