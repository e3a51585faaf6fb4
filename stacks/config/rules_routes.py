"""Rules that look at more than one value of `routes.yaml`, and at the teams and settings that it needs."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from fleet import events
from fleet.events.envelope import FleetEvent

from .model import FleetFile, ServicesFile
from .model_routes import CONDITIONS, Match, RoutesFile
from .problem import Path, did_you_mean, path_text
from .rules import Breach, known
from .rules_people import no_team, team_names

MOST = 100
"""Routes: each is held to all before it, here and at each event."""


def routes_breaches(routes: RoutesFile, services: ServicesFile, fleet: FleetFile) -> Iterator[Breach]:
    """All that contradicts itself in `routes.yaml`, or does not fit the other files."""
    if known(routes.routes) and len(routes.routes) > MOST:
        yield Breach(
            path=("routes",),
            found=f"{len(routes.routes)} routes",
            expected=f"at most {MOST} routes",
            advice="let a route match more, or tell it to the owner",
        )
        return
    yield from _conditions(routes)
    yield from _unreachable(routes)
    yield from _teams(routes, services)
    yield from _pages(routes, services, fleet)


def _conditions(routes: RoutesFile) -> Iterator[Breach]:
    names = _event_names()
    for i, route in enumerate(routes.routes):
        for field in CONDITIONS:
            wanted = getattr(route.match, field)
            if wanted == [] and known(wanted):
                advice = "remove the line if it may be anything"
                yield Breach(path=("routes", i, "match", field), expected="a list of at least one", advice=advice)
        for j, name in enumerate(route.match.event or []):
            if known(name) and name not in names:
                advice = did_you_mean(name, names, f"write one of them, for example {names[0]}")
                yield Breach(path=("routes", i, "match", "event", j), expected="an event of the fleet", advice=advice)


def _event_names() -> list[str]:
    """Of every fleet event that there is."""
    for module in pkgutil.iter_modules(events.__path__):
        import_module(f"{events.__name__}.{module.name}")
    return sorted(kind.__name__ for kind in _kinds(FleetEvent) if kind.__module__.startswith(events.__name__))


def _kinds(base: type[FleetEvent]) -> Iterator[type[FleetEvent]]:
    """Those that are put on a bus: what others inherit from is none."""
    for kind in base.__subclasses__():
        yield from _kinds(kind) if kind.__subclasses__() else [kind]


def _unreachable(routes: RoutesFile) -> Iterator[Breach]:
    read = [(i, route.match) for i, route in enumerate(routes.routes) if _readable(route.match)]
    for place, (i, later) in enumerate(read):
        for j, earlier in read[:place]:
            if all(_covers(getattr(earlier, field), getattr(later, field)) for field in CONDITIONS):
                yield Breach(
                    path=("routes", i),
                    expected=f"a route that something can reach: {path_text(('routes', j))} takes all of it before",
                    advice="move it up, or remove one of the two",
                )
                break


def _readable(match: Match) -> bool:
    lists = [getattr(match, field) for field in CONDITIONS]
    return known(match, *lists, *(value for values in lists for value in values or []))


def _covers(earlier: list[str] | None, later: list[str] | None) -> bool:
    return earlier is None or (later is not None and set(later) <= set(earlier))


def _teams(routes: RoutesFile, services: ServicesFile) -> Iterator[Breach]:
    teams = team_names(services)
    for i, route in enumerate(routes.routes):
        for j, team in enumerate(route.match.team or []):
            if known(teams, team) and team not in teams:
                yield no_team(("routes", i, "match", "team", j), team, teams)


def _pages(routes: RoutesFile, services: ServicesFile, fleet: FleetFile) -> Iterator[Breach]:
    pageable = _pageable(services)
    for i, route in enumerate(routes.routes):
        if route.page is not True:
            continue
        path: Path = ("routes", i, "page")
        if fleet.pagerduty is None:
            advice = f"add pagerduty: {{}} to the fleet's file, or remove {path_text(path)}"
            yield Breach(path=path, expected="false: the fleet has no pagerduty", advice=advice)
        for team in route.match.team or []:
            if pageable.get(team) is False:
                advice = "add pagerduty_service to it in services.yaml, or remove page"
                yield Breach(path=path, expected=f"false: {team} has no pagerduty_service", advice=advice)


def _pageable(services: ServicesFile) -> dict[str, bool]:
    """Whether PagerDuty knows the team, or a service of it; nothing if one of them could not be read."""
    entries = [
        (services.default.team, None),
        *((team.name, team.pagerduty_service) for team in services.teams),
        *((service.team, service.pagerduty_service) for service in services.services),
    ]
    if not known(services.default, services.teams, services.services, *(value for entry in entries for value in entry)):
        return {}
    found: dict[str, bool] = {}
    for team, pagerduty_service in entries:
        found[team] = found.get(team, False) or pagerduty_service is not None
    return found
