"""Who triages which finding, and by which law: the configuration, compiled as it would be deployed."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import msgspec

from functions.chatops.routes import Routing
from functions.findings.decision import Law
from functions.findings.event import Accepts
from functions.findings.finding import Finding
from functions.findings.judge import Judge
from functions.findings.office import Config as Compiled
from functions.findings.policy import Policy
from functions.findings.telling import Here
from stacks.config.compile import chatops_config, findings_config
from stacks.config.model import EACH_ACCOUNT, Account, Config

CAPABILITY = "findings"


class NoSuchDeploymentError(LookupError):
    """There is no deployment of findings as somebody named it."""


@dataclass(frozen=True)
class Deployment:
    """`findings` in one account and Region."""

    account: Account
    accepts: Accepts
    law: Law

    @classmethod
    def of(cls, config: Config, account: Account) -> "Deployment":
        """As it would be deployed there."""
        content = findings_config(config, account)
        compiled = msgspec.json.decode(content, type=Compiled)
        law = Law(Judge(compiled.policy), compiled.catalogue, sha256(content).hexdigest()[:12])
        return cls(account, compiled.accepts, law)

    @property
    def policy(self) -> Policy:
        """What it goes by."""
        return self.law.judge.policy

    @property
    def acting(self) -> bool:
        """Whether it may change something outside the fleet, by its mode in fleet.yaml."""
        return self.account.mode(CAPABILITY) == "act"

    def here(self, now: int) -> Here:
        """Where and when (ms) it decides."""
        return Here(self.account.id, self.account.region, now)


class Deployments:
    """All that run findings."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @cached_property
    def _all(self) -> list[Deployment]:
        accounts = [each for each in self._config.fleet.accounts if each.runs(CAPABILITY)]
        return [Deployment.of(self._config, each) for each in accounts]

    @cached_property
    def routing(self) -> Routing:
        """Where the hub tells what."""
        return msgspec.json.decode(chatops_config(self._config, self._config.fleet.hub), type=Routing)

    def named(self, name: str) -> Deployment:
        """That of an account of fleet.yaml. Raises NoSuchDeploymentError."""
        found = next((each for each in self._all if each.account.name == name), None)
        if found is None:
            known = any(each.name == name for each in self._config.fleet.accounts)
            what = "does not run findings" if known else "is no account of the fleet"
            raise NoSuchDeploymentError(f"{name!r} {what}; these run findings: {self._names()}")
        return found

    def default(self) -> Deployment:
        """The one that has all problems. Raises NoSuchDeploymentError if each account has its own."""
        home = self._config.fleet.findings.home
        if home == EACH_ACCOUNT:
            raise NoSuchDeploymentError(f"Each account has its own problems: which? --account one of {self._names()}")
        return self.named(home)

    def at(self, account: str, region: str) -> Deployment:
        """By account id and Region. Raises NoSuchDeploymentError."""
        found = (each for each in self._all if (each.account.id, each.account.region) == (account, region))
        if (one := next(found, None)) is None:
            raise NoSuchDeploymentError(f"{account} in {region} does not run findings; these do: {self._names()}")
        return one

    def taking(self, finding: Finding) -> Deployment | None:
        """The one that triages a finding; of several, that of its own Region."""
        own = [each for each in self._all if each.accepts.take(finding)]
        return next((each for each in own if each.account.region == finding.region), own[0] if own else None)

    def why_taking(self, finding: Finding, deployment: Deployment | None) -> str:
        """Why one does, or does not, triage a finding."""
        home = self._config.fleet.findings.home
        if home != EACH_ACCOUNT:
            if deployment is None or deployment.accepts.accounts is not None:
                return f"findings.home of fleet.yaml is {home}: it has all findings, and no other deployment has any"
            return "it is findings.home of fleet.yaml, and has all findings"
        if deployment is None:
            return f"findings.home of fleet.yaml is {EACH_ACCOUNT}, and {finding.account} runs no findings"
        if deployment.accepts.take(finding):
            return f"findings.home of fleet.yaml is {EACH_ACCOUNT}, and this is its account"
        if finding.account != deployment.account.id:
            return f"findings.home of fleet.yaml is {EACH_ACCOUNT}, and the finding is of {finding.account}"
        return f"another deployment of this account is in the finding's Region, {finding.region}"

    def _names(self) -> str:
        return ", ".join(each.account.name for each in self._all) or "none"
