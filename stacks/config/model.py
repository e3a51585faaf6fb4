"""What `config/fleet.yaml` and `config/services.yaml` may say.

A type's `description` is the words after "expected" in an error and an editor's hint; its `do` is the advice.
Patterns must match the whole text, and mean the same in Python and in an editor's JavaScript.
Rules that look at more than one value stand in `rules.py`.
"""

from typing import Annotated, Any, Literal

import msgspec
from botocore.loaders import Loader
from msgspec import Meta


def _regions() -> list[str]:
    """Every Region of the partition `aws` that this botocore knows, from its own data: no network.

    Our ARNs, and the product ARNs that triage trusts, are those of that partition.
    """
    partitions: dict[str, Any] = Loader().load_data("partitions")
    (aws,) = (partition for partition in partitions["partitions"] if partition["id"] == "aws")
    return sorted(name for name in aws["regions"] if not name.endswith("-global"))


REGIONS = _regions()
CAPABILITIES = ("foundation", "findings", "chatops")
EACH_ACCOUNT = "each-account"

_SLUG = "lower-case words of letters and digits, joined by hyphens"
_SLUG_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_CHANNEL = 'a Slack channel in quotes, as "#name" or by its id'
_CHANNEL_PATTERN = r"^(#[^\s#]{1,80}|[CG][A-Z0-9]{8,})$"
_CHANNEL_ADVICE = {"do": 'write it as "#name", in quotes: without them, YAML takes # for the start of a comment'}
_ID_ADVICE = {"do": 'write all 12 digits, leading zeros too, in quotes: "012345678901"'}

type Slug = Annotated[str, Meta(pattern=_SLUG_PATTERN, max_length=40, description=_SLUG)]
type Text = Annotated[str, Meta(pattern=r"^.*\S.*$", max_length=200, description="a text")]
type Channel = Annotated[str, Meta(pattern=_CHANNEL_PATTERN, description=_CHANNEL, extra=_CHANNEL_ADVICE)]
type AccountId = Annotated[
    str, Meta(pattern=r"^[0-9]{12}$", description="an AWS account id: 12 digits in quotes", extra=_ID_ADVICE)
]
type Region = Annotated[str, Meta(description="an AWS Region", extra_json_schema={"enum": REGIONS})]
type Repository = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
        description="a repository as owner/name, for example acme/yagura",
    ),
]
type Email = Annotated[
    str, Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254, description="an e-mail address")
]
type Url = Annotated[
    str,
    Meta(pattern=r"^https?://[^\s/?#]+/([^\s?#]+/)?$", description="an http(s) address that ends with a slash"),
]
type SecretName = Annotated[
    str,
    Meta(pattern=r"^/yagura/[A-Za-z0-9_/+=.@-]{1,500}$", description="the name of a secret, below /yagura/"),
]
type SourcePrefix = Annotated[
    str,
    Meta(
        pattern=r"^(?!aws|yagura)[a-z0-9_-]+(\.[a-z0-9_-]+)*$",
        description="a lower-case event source such as acme.payments, with no dot at its end, "
        "that does not begin with aws or yagura",
        extra={"do": "name a source of your own: those of AWS and of the fleet cannot be given away"},
    ),
]
type CapabilityName = Annotated[
    str, Meta(description="a capability of the fleet", extra_json_schema={"enum": list(CAPABILITIES)})
]
type StackPattern = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,127}\*?$",
        description="the name of a CloudFormation stack, or its beginning and a *",
    ),
]
# The catalogue matches with fnmatch, in which ? and [] have a meaning of their own: an ARN has no use for it.
type ArnPattern = Annotated[
    str, Meta(pattern=r"^arn:[^\s\[\]?]+$", description="an ARN in quotes, in which * stands for any text")
]
type FunctionName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="the name of a Lambda function, without its alias")
]
type TagText = Annotated[str, Meta(min_length=1, max_length=256, description="a text of 1 to 256 characters")]

type Mode = Literal["off", "observe", "act"]
type Environment = Literal["production", "staging", "development", "sandbox", "local"]
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
    """Where notifications go, and the secret that holds the bot's token."""

    api: Url = "https://slack.com/api/"
    default_channel: Channel
    secret_name: SecretName = "/yagura/slack/bot-token"  # noqa: S105 - a name, not a secret


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


class Default(_Config, frozen=True, kw_only=True):
    """Who gets what nobody owns."""

    team: Slug
    slack_channel: Channel


class Team(_Config, frozen=True, kw_only=True):
    """A team, and where to reach it."""

    name: Slug
    slack_channel: Channel
    pagerduty_service: Text | None = None


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


class ServicesFile(_Config, frozen=True, kw_only=True):
    """`config/services.yaml`: the service catalogue. Every "whose is this?" is answered by it."""

    default: Default
    teams: list[Team]
    services: list[Service] = []


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All of the configuration, free of problems."""

    fleet: FleetFile
    services: ServicesFile
