"""One deployment of the fleet: an account and Region of fleet.yaml, and what holds for all that is made in it."""

from dataclasses import dataclass

from aws_cdk import CliCredentialsStackSynthesizer, DefaultStackSynthesizer, RemovalPolicy

from stacks.config.model import Account, Config
from stacks.parts.bundling import Platform

VERSION = "0.1.0"


@dataclass(frozen=True)
class Deployment:
    """Where a stack goes, and the settings that it shares with its neighbours."""

    config: Config
    account: Account
    commit: str
    """Of the checkout, for tags; `unknown` outside git."""

    @property
    def is_local(self) -> bool:
        """The local cloud keeps nothing, and loads libraries for the machine that it runs on."""
        return self.config.fleet.kind == "local"

    @property
    def platform(self) -> Platform:
        """Whose wheels the `deps` layer holds."""
        return Platform.host() if self.is_local else Platform.LAMBDA_ARM64

    @property
    def removal_policy(self) -> RemovalPolicy:
        """What becomes of tables and secrets when they leave the template."""
        return RemovalPolicy.DESTROY if self.is_local else RemovalPolicy.RETAIN

    def synthesizer(self) -> CliCredentialsStackSynthesizer | DefaultStackSynthesizer:
        """How a stack is published; one for each, since a shared one would share the publishing manifest too."""
        return CliCredentialsStackSynthesizer() if self.is_local else DefaultStackSynthesizer()

    @property
    def account_ids(self) -> list[str]:
        """Ids of the fleet's accounts, each once."""
        return sorted({account.id for account in self.config.fleet.accounts})

    @property
    def tags(self) -> dict[str, str]:
        """On everything that can carry a tag."""
        return {
            "service": "yagura",
            "team": self.config.services.default.team,
            "environment": self.account.environment,
            "version": VERSION,
            "commit": self.commit,
        }


def bus_arn(account: Account) -> str:
    """The fleet bus of an account."""
    return f"arn:aws:events:{account.region}:{account.id}:event-bus/{BUS}"


def role_name(account: Account, capability: str, entry: str) -> str:
    """Names of roles are global in an account, so the Region is in them; the bus policy goes by them."""
    return f"yagura-{account.region}-{capability}-{entry}"


def boundary_name(account: Account) -> str:
    """The permissions boundary of every fleet role in this account and Region."""
    return f"yagura-boundary-{account.region}"


def role_arn(account_id: str, name: str) -> str:
    """A fleet role; `name` may hold `*`."""
    return f"arn:aws:iam::{account_id}:role/yagura/{name}"


BUS = "yagura"
KEY_PARAMETER = "/yagura/key-arn"
"""Where the account's one customer-managed key is found, if fleet.yaml asks for one."""
ALARM_TOPIC = "yagura-alarms"
"""Name of the topic: whoever made it, stacks find each other by convention, not by exports."""
