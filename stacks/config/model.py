"""What `config/fleet.yaml` and `config/services.yaml` may say, and all of the configuration together.

The kinds of texts stand in `kinds.py`; rules that look at more than one value in `rules.py` and its neighbours.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .kinds import (
    AccountId,
    ArnPattern,
    Channel,
    Email,
    Environment,
    FunctionName,
    Region,
    Repository,
    SecretName,
    SlackTeam,
    Slug,
    SourcePrefix,
    StackPattern,
    TagText,
    Text,
    Url,
)
from .model_findings import FindingsFile
from .model_people import PeopleFile
from .model_routes import RoutesFile

CAPABILITIES = ("foundation", "findings", "chatops", "operations")
EACH_ACCOUNT = "each-account"

type CapabilityName = Annotated[
    str, Meta(description="a capability of the fleet", extra_json_schema={"enum": list(CAPABILITIES)})
]

type Mode = Literal["off", "observe", "act"]
# What CloudWatch Logs accepts for a log group.
type RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]  # fmt: skip


class _Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all parts of the configuration share."""


class Clock(_Config, frozen=True, kw_only=True):
    """A clock that runs faster than the wall's. For local fleets only."""

    factor: Annotated[float, Meta(gt=0, le=100_000, description="a number above 0, at most 100000")] = 1.0
    offset_seconds: Annotated[float, Meta(description="a number of seconds")] = 0.0


class Alarms(_Config, frozen=True, kw_only=True):
    """Who hears of the fleet's own alarms: a subscriber outside the fleet, since the fleet may be what failed."""

    email: Email


class FindingsHome(_Config, frozen=True, kw_only=True):
    """Which deployment owns the findings.

    `home` is the account entry that is the home Region of Security Hub's administrator, or `each-account`: each
    member looks after its own.
    """

    home: Slug


class SlackSettings(_Config, frozen=True, kw_only=True):
    """The workspace, where the fleet speaks in it, and the secrets by which the two know each other."""

    team: SlackTeam
    """Whose people may speak to the fleet: guests of other workspaces may not."""
    api: Url = "https://slack.com/api/"
    hooks: Url = "https://hooks.slack.com/"
    """Where the addresses begin to which Slack wants answers to one person."""
    default_channel: Channel
    approvals_channel: Channel | None = None
    """Where people are asked to decide; if there is none, the default channel."""
    secret_name: SecretName = "/yagura/slack/bot-token"  # noqa: S105 - a name, not a secret
    signing_secret_name: SecretName = "/yagura/slack/signing-secret"  # noqa: S105 - a name, not a secret


class PagerdutySettings(_Config, frozen=True, kw_only=True):
    """Whom the fleet pages: a secret with the routing key of each PagerDuty service of `services.yaml`."""

    api: Url = "https://events.pagerduty.com/v2/"
    secret_name: SecretName = "/yagura/pagerduty/routing-keys"  # noqa: S105 - a name, not a secret


class AuditSettings(_Config, frozen=True, kw_only=True):
    """Where the audit trail is anchored, out of reach of whoever administers the hub."""

    account: Slug
    """An account entry other than the hub's."""


class Publisher(_Config, frozen=True, kw_only=True):
    """A product account that may put events on the fleet bus: of sources `source_prefix` and `source_prefix.*`."""

    account: AccountId
    source_prefix: SourcePrefix


class Account(_Config, frozen=True, kw_only=True):
    """One account in one Region: one deployment of the fleet."""

    name: Slug
    id: AccountId
    region: Region
    environment: Environment
    unit: Text
    """Path of the organisational unit."""
    role: Literal["hub", "spoke"]
    wave: Annotated[int, Meta(ge=1, le=100, description="a whole number from 1 to 100")] = 1
    """A deployment of the fleet goes from wave to wave, 1 first."""
    capabilities: dict[CapabilityName, Mode] = {}
    """The capabilities that are deployed, and their mode at first. The foundation is always among them."""

    def mode(self, capability: str) -> Mode:
        """The mode of a capability: `off` if it is not deployed here."""
        return self.capabilities.get(capability, "observe" if capability == "foundation" else "off")

    def runs(self, capability: str) -> bool:
        """Whether the capability works here, be it only to observe."""
        return self.mode(capability) != "off"


class FleetFile(_Config, frozen=True, kw_only=True):
    """`config/fleet.yaml`: the accounts of the fleet, and what each runs."""

    name: Slug = "yagura"
    kind: Literal["aws", "local"] = "aws"
    repository: Repository
    log_retention_days: RetentionDays = 365
    customer_managed_key: bool = False
    """One key of your own per account and Region, for what the fleet stores."""
    clock: Clock | None = None
    alarms: Alarms
    findings: FindingsHome
    slack: SlackSettings
    pagerduty: PagerdutySettings | None = None
    audit: AuditSettings
    publishers: list[Publisher] = []
    accounts: list[Account]

    @property
    def hub(self) -> Account:
        """The one account that is the hub."""
        return next(account for account in self.accounts if account.role == "hub")

    @property
    def spokes(self) -> list[Account]:
        """All the others."""
        return [account for account in self.accounts if account.role == "spoke"]

    @property
    def archive(self) -> Account:
        """The account that keeps the anchors of the audit trail."""
        return next(account for account in self.accounts if account.name == self.audit.account)


class Default(_Config, frozen=True, kw_only=True):
    """Who gets what nobody owns."""

    team: Slug
    slack_channel: Channel


class Team(_Config, frozen=True, kw_only=True):
    """A team, and where to reach it."""

    name: Slug
    slack_channel: Channel
    pagerduty_service: Text | None = None
    units: list[Text] = []
    """Organisational units of `fleet.yaml` in which it owns what belongs to no service, with all units below them."""


class Service(_Config, frozen=True, kw_only=True):
    """A service, its team, and the marks by which its resources are known."""

    name: Slug
    team: Slug
    tier: Literal[1, 2, 3]
    repository: Repository
    slack_channel: Channel | None = None
    """Instead of the team's channel."""
    pagerduty_service: Text | None = None
    accounts: list[Text] = []
    """Accounts that belong wholly to it: names of `fleet.yaml`, or ids."""
    tags: dict[TagText, TagText] = {}
    """AWS tags: a resource with any one of them is its own."""
    stacks: list[StackPattern] = []
    resources: list[ArnPattern] = []
    functions: list[FunctionName] = []
    units: list[Text] = []
    """Organisational units of `fleet.yaml` that belong to it, with all units below them."""


class ServicesFile(_Config, frozen=True, kw_only=True):
    """`config/services.yaml`: the service catalogue. Every "whose is this?" is answered by it."""

    default: Default
    teams: list[Team]
    services: list[Service] = []


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All of the configuration, free of problems."""

    fleet: FleetFile
    services: ServicesFile
    people: PeopleFile
    routes: RoutesFile
    findings: FindingsFile
