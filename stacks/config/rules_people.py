"""Rules that look at more than one value of `people.yaml`, and at the teams that it speaks of."""

import re
from collections.abc import Iterator
from typing import Any

from .decode import REFUSED
from .model import ServicesFile
from .model_people import PeopleFile, PinnedPerson
from .problem import Path, did_you_mean, path_text
from .rules import Breach, known, repeated

_MADE_BY_IDENTITY_CENTER = re.compile(r"(:assumed-role/AWSReservedSSO_.+)_[A-Za-z0-9]+/")


def people_breaches(people: PeopleFile, services: ServicesFile) -> Iterator[Breach]:
    """All that contradicts itself in `people.yaml`, or does not fit the teams of `services.yaml`."""
    yield from _one_person_each(people)
    yield from _principals(people)
    yield from _identities(people)
    yield from _teams(people, services)
    yield from _enough(people)


def team_names(services: ServicesFile) -> list[str]:
    """Every team that there is; REFUSED if one of them could not be read."""
    names = [services.default.team, *(team.name for team in services.teams)]
    complete = known(services.default, services.teams, *names)
    return sorted(set(names)) if complete else REFUSED


def no_team(path: Path, team: str, teams: list[str]) -> Breach:
    """`team` is none of services.yaml's."""
    advice = did_you_mean(team, teams, f"add it there, or name one of those: {', '.join(teams[:20])}")
    return Breach(path=path, expected="a team of services.yaml", advice=advice)


def _one_person_each(people: PeopleFile) -> Iterator[Breach]:
    for field in ("id", "slack", "identity_user"):
        values: Iterator[tuple[Any, Path]] = (
            (value, ("people", i, field))
            for i, person in enumerate(people.people)
            if (value := getattr(person, field)) is not None
        )
        for path, first in repeated(values):
            yield Breach(
                path=path,
                expected=f"one person for each: {path_text(first)} is the same",
                advice="two entries of one person would be four eyes: merge them, or correct one",
            )


def _principals(people: PeopleFile) -> Iterator[Breach]:
    written: list[tuple[str, Path]] = [
        (principal, ("people", i, "principals", j))
        for i, person in enumerate(people.people)
        for j, principal in enumerate(person.principals)
        if known(principal)
    ]
    for path, first in repeated(written):
        yield _two_people(path, first)
    # A * stands for the random end of a role's name and nothing else: so this is the only one that can cover it.
    first_of: dict[str, Path] = {}
    for principal, path in written:
        first_of.setdefault(principal, path)
    for principal, path in written:
        covering = _MADE_BY_IDENTITY_CENTER.sub(r"\1_*/", principal)
        if covering != principal and covering in first_of:
            yield _two_people(path, first_of[covering])


def _two_people(path: Path, first: Path) -> Breach:
    return Breach(
        path=path,
        expected=f"a principal of one person: {path_text(first)} stands for it too",
        advice="remove one of the two",
    )


def _identities(people: PeopleFile) -> Iterator[Breach]:
    center = people.identity_center
    if not known(center) or center is None:
        return
    for i, person in enumerate(people.people):
        if person.identity_user is None:
            yield Breach(
                path=("people", i, "identity_user"),
                found="nothing",
                expected="the id of the same person in IAM Identity Center",
                advice="add it: a second Slack account of this person, found by e-mail, would else be somebody else",
            )


def _teams(people: PeopleFile, services: ServicesFile) -> Iterator[Breach]:
    teams = team_names(services)
    if not known(teams):
        return
    center = people.identity_center
    mentioned: list[tuple[str, Path]] = [
        (people.sre_team, ("sre_team",)),
        *(
            (team, ("people", i, "teams", j))
            for i, person in enumerate(people.people)
            for j, team in enumerate(person.teams)
        ),
        *((team, ("identity_center", "groups", group)) for group, team in (center.groups if center else {}).items()),
    ]
    for team, path in mentioned:
        if known(team) and team not in teams:
            yield no_team(path, team, teams)


def _enough(people: PeopleFile) -> Iterator[Breach]:
    """One alone could request and never be granted; Identity Center may know of others, which only it can say."""
    sre = people.sre_team
    everything = [*people.people, *(team for person in people.people for team in _teams_of(person))]
    if people.identity_center is not None or not known(sre, people.people, *everything):
        return
    members = [person for person in people.people if sre in person.teams]
    if len(members) < 2:
        found = f"{len(members)} of {sre}" if members else f"nobody of {sre}"
        yield Breach(
            path=("people",),
            found=found,
            expected=f"at least two people of {sre}: nobody approves his own request, so tier 1 would be stuck",
            advice=f"add somebody, or add {sre} to somebody's teams",
        )


def _teams_of(person: PinnedPerson) -> list[Any]:
    return [person.teams, *person.teams]
