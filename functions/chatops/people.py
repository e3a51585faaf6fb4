"""Who may speak to the fleet, and who decides: pure.

A person is one person, whichever Slack account or IAM principal is used: four eyes are two ids of people.yaml. Only
its pinned accounts carry authority; an e-mail address, which others can change, finds somebody who may ask.
"""

import re
from collections.abc import Iterable

import msgspec

from fleet.commands import Who

_RANDOM_END = re.compile(r"(arn:aws:sts::[0-9]{12}:assumed-role/AWSReservedSSO_[^/]+)_[A-Za-z0-9]+/")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody known, as looked up for one delivery."""

    id: str
    """The same for all accounts of one person."""
    teams: frozenset[str]
    pinned: bool
    """By an account of people.yaml; others were found by e-mail alone, and decide nothing."""
    slack: str = ""
    """The Slack account that was used; empty for an IAM principal."""


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """A person of people.yaml."""

    id: str
    slack: str
    teams: list[str] = []
    identity_user: str | None = None
    principals: list[str] = []


class IdentityCenter(msgspec.Struct, frozen=True, kw_only=True):
    """Where groups are asked, and the team that each stands for."""

    store: str
    region: str
    role: str
    groups: dict[str, str]


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Compiled from people.yaml."""

    sre: str
    """The team that runs the fleet."""
    people: list[Pinned]
    identity_center: IdentityCenter | None = None

    def known(self, slack_user: str) -> Pinned | None:
        """Who is pinned to this Slack id."""
        return next((person for person in self.people if person.slack == slack_user), None)

    def by_principal(self, arn: str) -> Pinned | None:
        """Who is pinned to this IAM principal, a user's or a role session's ARN."""
        if "*" in arn:  # no ARN that AWS gives has one: it would be taken for the pattern itself
            return None
        written = {arn, _RANDOM_END.sub(r"\1_*/", arn)}
        return next((person for person in self.people if not written.isdisjoint(person.principals)), None)

    def by_identity(self, user: str) -> Pinned | None:
        """Who is this user of IAM Identity Center."""
        return next((person for person in self.people if person.identity_user == user), None)

    def approvers(self, teams: Iterable[str]) -> list[str]:
        """Ids of all who could decide for one of `teams`; whether they still can is asked when they do."""
        wanted = set(teams)
        return sorted(person.id for person in self.people if not wanted.isdisjoint(self._possible_teams(person)))

    def may_approve(self, person: Person, teams: Iterable[str]) -> bool:
        """Whether this person, as looked up now, decides for one of `teams`."""
        return person.pinned and not person.teams.isdisjoint(teams)

    def may_run(self, person: Person, who: Who) -> bool:
        """Whether a command is this person's to say. What it takes to be granted is another matter."""
        match who:
            case Who.EVERYONE:
                return True
            case Who.SRE:
                return self.sre in person.teams

    def _possible_teams(self, person: Pinned) -> set[str]:
        groups = self.identity_center.groups if self.identity_center and person.identity_user else {}
        return {*person.teams, *groups.values()}
