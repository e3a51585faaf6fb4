"""Rules that look at more than one value of `services.yaml`, and at the fleet that it is for."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from fleet.catalogue import within

from .model import FleetFile, ServicesFile
from .problem import Path, did_you_mean, path_text
from .rules import Breach, known, repeated

type _Claim = tuple[str, str, Path]
"""A mark that a service claims, the service, and where it stands."""


def services_breaches(services: ServicesFile, fleet: FleetFile) -> Iterator[Breach]:
    """All that contradicts itself in `services.yaml`, or does not fit the fleet."""
    yield from _names(services)
    yield from _teams(services)
    yield from _accounts(services, fleet)
    yield from _claims(services, fleet)
    yield from _stacks(services)
    yield from _units(services, fleet)


def _names(services: ServicesFile) -> Iterator[Breach]:
    lists = {"teams": [team.name for team in services.teams], "services": [each.name for each in services.services]}
    for field, names in lists.items():
        for path, first in repeated((name, (field, i, "name")) for i, name in enumerate(names)):
            expected = f"a name that {path_text(first)} does not have"
            yield Breach(path=path, expected=expected, advice="rename one of the two, or merge them")


def _teams(services: ServicesFile) -> Iterator[Breach]:
    default = services.default
    for i, team in enumerate(services.teams):
        channels = (team.slack_channel, default.slack_channel)
        if team.name == default.team and known(*channels) and channels[0] != channels[1]:
            expected = f"{channels[1]}, the channel of the same team in default.slack_channel"
            yield Breach(path=("teams", i, "slack_channel"), expected=expected, advice="let both say the same")
    names = [team.name for team in services.teams]
    if not known(services.teams, default, default.team, *names):
        return
    teams = sorted({*names, default.team})
    for i, service in enumerate(services.services):
        if known(service.team) and service.team not in teams:
            name = service.name if known(service.name) else f"services[{i}]"
            advice = did_you_mean(service.team, teams, f"add the team under teams, or give {name} to one of those")
            yield Breach(
                path=("services", i, "team"),
                expected=f"a team of the file: no one owns {name}",
                advice=advice,
            )


def account_ids(fleet: FleetFile) -> dict[str, str]:
    """The id of each account by its name."""
    return {account.name: account.id for account in fleet.accounts if known(account.name, account.id)}


def ids_of(names: Iterable[str], fleet: FleetFile) -> list[str]:
    """Ids of accounts that are given by name or id.

    A local fleet lacks accounts that a file for another fleet names: there, such a name stands for none.
    """
    ids, local = account_ids(fleet), fleet.kind == "local"
    return sorted({ids.get(name, name) for name in names if not local or name in ids or name.isdigit()})


def _accounts(services: ServicesFile, fleet: FleetFile) -> Iterator[Breach]:
    yield from account_breaches(
        (
            (account, ("services", i, "accounts", j))
            for i, service in enumerate(services.services)
            for j, account in enumerate(service.accounts)
        ),
        fleet,
    )


def account_breaches(accounts: Iterable[tuple[str, Path]], fleet: FleetFile) -> Iterator[Breach]:
    """Those that are neither a name of the fleet's nor an id."""
    # A local fleet has other accounts than the one that the file was written for.
    if not known(fleet, fleet.accounts, *(account.name for account in fleet.accounts)) or fleet.kind == "local":
        return
    names = [account.name for account in fleet.accounts]
    for account, path in accounts:
        if known(account) and account not in names and not _is_id(account):
            yield Breach(
                path=path,
                expected="the name of an account of the fleet, or an id of 12 digits",
                advice=did_you_mean(account, names, "add the account to the fleet, or remove it here"),
            )


def _is_id(text: str) -> bool:
    return len(text) == 12 and text.isascii() and text.isdigit()


def _claims(services: ServicesFile, fleet: FleetFile) -> Iterator[Breach]:
    """Marks that two services claim: whose a resource is must not hang on the order of the file."""
    ids = account_ids(fleet)
    first: dict[tuple[str, ...], str] = {}
    for i, service in enumerate(services.services):
        claims: list[tuple[tuple[str, ...], Path]] = [
            *((("account", ids.get(name, name)), ("accounts", j)) for j, name in enumerate(service.accounts)),
            *((("tag", key, value), ("tags", key)) for key, value in service.tags.items()),
            *((("resource", text), ("resources", j)) for j, text in enumerate(service.resources)),
            *((("function", text), ("functions", j)) for j, text in enumerate(service.functions)),
        ]
        for claim, path in claims:
            if not known(*claim, service.name):
                continue
            owner = first.setdefault(claim, service.name)
            if owner != service.name:
                yield _contested(("services", i, *path), claim[0], owner, service.name)


def _contested(path: Path, kind: str, owner: str, other: str) -> Breach:
    return Breach(
        path=path,
        expected=f"one service for each {kind}: {owner} and {other} both claim it",
        advice=f"remove it from {owner} or from {other}",
    )


def _stacks(services: ServicesFile) -> Iterator[Breach]:
    """Stack names that two services claim, `payments-*` and `payments-api` for instance."""
    claims: list[_Claim] = [
        (stack, service.name, ("services", i, "stacks", j))
        for i, service in enumerate(services.services)
        for j, stack in enumerate(service.stacks)
        if known(stack, service.name)
    ]
    # Shorter first, and of the same length the wildcard: whatever covers a name has been seen before it.
    claims.sort(key=lambda claim: (len(claim[0].removesuffix("*")), not claim[0].endswith("*")))
    covering: dict[str, str] = {}
    for stack, service, path in claims:
        text = stack.removesuffix("*")
        wider = [f"{text[:size]}*" for size in range(1, len(text) + 1)]
        owners = [covering[name] for name in (*wider, stack) if name in covering]
        other = next((owner for owner in owners if owner != service), None)
        if other:
            yield _contested(path, "stack", other, service)
        covering.setdefault(stack, service)


def _units(services: ServicesFile, fleet: FleetFile) -> Iterator[Breach]:
    """Organisational units in which the fleet has no account, or that two own."""
    claims: list[_Claim] = [
        *(
            (unit, service.name, ("services", i, "units", j))
            for i, service in enumerate(services.services)
            for j, unit in enumerate(service.units)
        ),
        *(
            (unit, f"team {team.name}" if known(team.name) else team.name, ("teams", i, "units", j))
            for i, team in enumerate(services.teams)
            for j, unit in enumerate(team.units)
        ),
    ]
    yield from _empty_units(claims, fleet)
    first: dict[str, str] = {}
    for unit, owner, path in claims:
        if known(unit, owner) and first.setdefault(unit, owner) != owner:
            yield _contested(path, "unit", first[unit], owner)


def _empty_units(claims: list[_Claim], fleet: FleetFile) -> Iterator[Breach]:
    units = {account.unit for account in fleet.accounts}
    # A local fleet has other units than the one that the catalogue was written for.
    if not known(fleet, fleet.accounts, *units) or fleet.kind == "local":
        return
    above = {path for unit in units for path in accumulate(unit.split("/"), lambda path, name: f"{path}/{name}")}
    for unit, _, path in claims:
        if known(unit) and not any(within(each, unit) for each in units):
            yield Breach(
                path=path,
                expected="the unit of an account of the fleet, or one above it",
                advice=did_you_mean(unit, sorted(above), "add an account that is in it, or remove it here"),
            )
