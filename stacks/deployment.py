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
        """What becomes of what holds data when it leaves the template.

        What a failed first deployment made goes with it: kept, its fixed name would block the next attempt.
        """
        return RemovalPolicy.DESTROY if self.is_local else RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE

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
