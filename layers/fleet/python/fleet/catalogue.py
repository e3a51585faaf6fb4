"""The service catalogue, and the one answer to "whose is this?".

`config/services.yaml` is compiled into each capability's asset with the fields that it uses. A tag's text is
written by teams: it selects an entry of the catalogue, and is never itself used as a team or a channel.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

import msgspec


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue."""

    name: str
    team: str
    tags: dict[str, str] = {}
    stacks: list[str] = []
    resources: list[str] = []
    functions: list[str] = []
    accounts: list[str] = []
    units: list[str] = []


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A team, and the organisational units in which it owns what belongs to no service."""

    name: str
    units: list[str] = []


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What the fleet knows of an account."""

    name: str
    environment: str
    unit: str = ""


class Default(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets what nobody owns."""

    team: str


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All services, and the accounts of the fleet by id."""

    default: Default
    services: list[Service] = []
    teams: list[Team] = []
    accounts: dict[str, Account] = {}


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a resource is, and which step of `owner_of` said so."""

    service: str
    team: str
    environment: str
    rule: str


type Trace = Callable[[str, str], None]
"""Is told each step of `owner_of` that was tried, and who claims the resource by it; empty: nobody does."""

UNKNOWN = "unknown"
_STACK_TAG = "aws:cloudformation:stack-name"


def owner_of(
    catalogue: Catalogue, *, account: str, resource: str, tags: Mapping[str, str], trace: Trace | None = None
) -> Owner:
    """The owner by the first of: resource tags, CloudFormation stack, resource name, account, unit, default."""
    place = catalogue.accounts.get(account)
    service, rule = _service_of(catalogue, account, resource, tags, trace)
    name, team = (service.name, service.team) if service else (UNKNOWN, catalogue.default.team)
    if service is None and place and (found := _owner_of_unit(catalogue, place.unit)):
        (name, team), rule = found, "unit"
    if trace and service is None:
        trace("unit", "" if rule != "unit" else name if name != UNKNOWN else team)
    return Owner(service=name, team=team, environment=place.environment if place else UNKNOWN, rule=rule)


def within(unit: str, other: str) -> bool:
    """Whether an organisational unit is another one, or below it. Both are paths: `Workloads/Production`."""
    return f"{unit}/".startswith(f"{other}/")


def _owner_of_unit(catalogue: Catalogue, unit: str) -> tuple[str, str] | None:
    """Service and team of the nearest unit, this one or above, that somebody owns."""
    claims = [(owned, service.name, service.team) for service in catalogue.services for owned in service.units]
    claims += [(owned, UNKNOWN, team.name) for team in catalogue.teams for owned in team.units]
    nearest = max((claim for claim in claims if within(unit, claim[0])), key=lambda claim: len(claim[0]), default=None)
    return nearest and nearest[1:]


def _service_of(
    catalogue: Catalogue, account: str, resource: str, tags: Mapping[str, str], trace: Trace | None
) -> tuple[Service | None, str]:
    stack = tags.get(_STACK_TAG)
    function = resource.split(":function:")[1].split(":", maxsplit=1)[0] if ":function:" in resource else None
    steps: dict[str, Callable[[Service], bool]] = {
        "tag": lambda s: bool(s.tags.items() & tags.items()),
        "stack": lambda s: stack is not None and any(fnmatchcase(stack, pattern) for pattern in s.stacks),
        "resource": lambda s: function in s.functions or any(fnmatchcase(resource, p) for p in s.resources),
        "account": lambda s: account in s.accounts,
    }
    for rule, claims in steps.items():
        for service in catalogue.services:
            if claims(service):
                if trace:
                    trace(rule, service.name)
                return service, rule
        if trace:
            trace(rule, "")
    return None, "default"
