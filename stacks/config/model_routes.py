"""What `config/routes.yaml` may say: where which events are told, and whom they wake."""

from typing import Literal

import msgspec

from .kinds import Environment, EventName, RouteChannel, Slug

type Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]

OWNER = "owner"
CONDITIONS = ("severity", "team", "environment", "event")


class _Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all parts of the configuration share."""


class Match(_Config, frozen=True, kw_only=True):
    """What an event must be for a route: one of each list; what is left out may be anything."""

    severity: list[Severity] | None = None
    team: list[Slug] | None = None
    environment: list[Environment] | None = None
    event: list[EventName] | None = None


class Route(_Config, frozen=True, kw_only=True):
    """Where to tell what matches. The first route that matches is the only one."""

    match: Match = Match()
    channel: RouteChannel = OWNER
    """`owner`: the channel of the service, else of its team, else the default one."""
    page: bool = False
    """Wake the service's or its team's people by PagerDuty too."""


class RoutesFile(_Config, frozen=True, kw_only=True):
    """`config/routes.yaml`: what no route matches is told to its owner, and pages nobody."""

    routes: list[Route] = []
