"""Where an event is told, and whether somebody is woken: pure, from `config/routes.yaml`."""

from functools import cached_property

import msgspec

from fleet.events.envelope import Meta
from fleet.events.findings import FindingOpened
from fleet.masking import mask

OWNER = "owner"
"""A route's channel: that of the service, else of its team, else the default one."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the fleet."""

    name: str
    id: str
    region: str
    environment: str
    role: str


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What a route looks at; an empty list is anything."""

    severity: list[str] = []
    team: list[str] = []
    environment: list[str] = []
    event: list[str] = []


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    match: Match
    channel: str = OWNER
    page: bool = False


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told of an event."""

    channel: str
    page: bool = False
    pagerduty: str = ""
    """Id of the PagerDuty service that is paged; with `page`, empty: whose it is has none."""


class Routing(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Compiled from fleet.yaml, services.yaml and routes.yaml."""

    default_channel: str
    channels: dict[str, str] = {}
    """By team."""
    service_channels: dict[str, str] = {}
    pagerduty: dict[str, str] = {}
    """PagerDuty service by team."""
    service_pagerduty: dict[str, str] = {}
    routes: list[Route] = []
    policy_channels: list[str] = []
    """Those that findings.yaml names."""
    accounts: list[Account]
    """Nobody else's events are told."""

    @cached_property
    def ids(self) -> frozenset[str]:
        """Ids of the fleet's accounts."""
        return frozenset(account.id for account in self.accounts)

    @cached_property
    def _known(self) -> frozenset[str]:
        routes = [route.channel for route in self.routes if route.channel != OWNER]
        named = [*self.channels.values(), *self.service_channels.values(), *self.policy_channels]
        return frozenset([self.default_channel, *named, *routes])

    def knows(self, channel: str) -> bool:
        """Whether the configuration names a channel: what an event names is told nowhere else."""
        return channel in self._known

    def account(self, account: str) -> str:
        """The id of an account of the fleet; any other one is masked."""
        return account if account in self.ids else mask(account)

    def entry(self, account: str, region: str) -> str:
        """How people name an account of the fleet in one Region."""
        names = (each.name for each in self.accounts if (each.id, each.region) == (account, region))
        return next(names, self.account(account))

    def problem(self, severity: str, meta: Meta, wanted: str) -> Told:
        """Who is told of a problem, in the channel that policy has `wanted` for it if that is known.

        Routed as if it were opened, whatever becomes of it: one message, one place.
        """
        told = self.told(FindingOpened.detail_type(), severity, meta)
        return msgspec.structs.replace(told, channel=wanted) if self.knows(wanted) else told

    def team(self, event: str, meta: Meta) -> str:
        """The channel in which a team is told what is of no single service or environment."""
        return self.told(event, "", msgspec.structs.replace(meta, service="", environment="")).channel

    def told(self, event: str, severity: str, meta: Meta) -> Told:
        """The first route that matches decides; without one, the owner is told and nobody woken."""
        for route in self.routes:
            if _matches(route.match, event, severity, meta):
                channel = self._owner(meta) if route.channel == OWNER else route.channel
                return Told(channel=channel, page=route.page, pagerduty=self._paged(meta) if route.page else "")
        return Told(channel=self._owner(meta))

    def _owner(self, meta: Meta) -> str:
        return self.service_channels.get(meta.service) or self.channels.get(meta.team) or self.default_channel

    def _paged(self, meta: Meta) -> str:
        return self.service_pagerduty.get(meta.service) or self.pagerduty.get(meta.team, "")


def _matches(match: Match, event: str, severity: str, meta: Meta) -> bool:
    found = [
        (match.severity, severity),
        (match.team, meta.team),
        (match.environment, meta.environment),
        (match.event, event),
    ]
    return all(not wanted or value in wanted for wanted, value in found)
