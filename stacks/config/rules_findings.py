"""Rules that look at more than one value of `findings.yaml`, and at the people, teams and accounts that it names."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET

from .model import FleetFile, ServicesFile
from .model_findings import ACTIONS, CONDITIONS, LEVELS, UNKNOWN, FindingsFile, Match, Rule
from .model_people import PeopleFile
from .problem import Path, did_you_mean, path_text
from .rules import Breach, known, repeated
from .rules_people import no_team, team_names
from .rules_policy_leases import lease_breaches
from .rules_policy_order import order_breaches
from .rules_services import account_breaches

MOST_RULES = 200
"""Each is held to all before it here, and to every problem when it is judged."""
MOST_VALUES = 100
_ANYTHING = re.compile(r"[.:]*\*[*.:]*|arn:(aws:)?\*[*:]*")


def findings_breaches(
    findings: FindingsFile, services: ServicesFile, people: PeopleFile, fleet: FleetFile
) -> Iterator[Breach]:
    """All that contradicts itself in `findings.yaml`, or does not fit the other files."""
    if known(findings.rules) and len(findings.rules) > MOST_RULES:
        yield Breach(
            path=("rules",),
            found=f"{len(findings.rules)} rules",
            expected=f"at most {MOST_RULES} rules",
            advice="let a rule match more",
        )
        return
    yield from _names(findings)
    for i, rule in enumerate(findings.rules):
        yield from _actions(rule, ("rules", i))
        yield from _conditions(rule, ("rules", i, "match"))
        yield from _own_severity(rule, i, findings)
    yield from lease_breaches(findings, people)
    yield from order_breaches(findings, fleet)
    yield from _teams(findings, services)
    yield from _services(findings, services)
    yield from account_breaches(
        (
            (account, ("rules", i, "match", "account", j))
            for i, rule in enumerate(findings.rules)
            for j, account in enumerate(rule.match.account or [])
        ),
        fleet,
    )
    yield from _github(findings, fleet)


def _names(findings: FindingsFile) -> Iterator[Breach]:
    for path, first in repeated((rule.name, ("rules", i, "name")) for i, rule in enumerate(findings.rules)):
        advice = "rename one of the two: decisions tell of a rule by its name"
        yield Breach(path=path, expected=f"a name that {path_text(first)} does not have", advice=advice)


def _actions(rule: Rule, at: Path) -> Iterator[Breach]:
    given = [kind for kind in ACTIONS if getattr(rule, kind) is not UNSET]
    if not given:
        yield Breach(
            path=at,
            found="no action",
            expected=f"at least one of {', '.join(ACTIONS)}",
            advice="say what is to be done with what it matches, or remove the rule",
        )
    if rule.ignore is False:
        advice = "remove the line: to leave something out of a rule, narrow that rule's match"
        yield Breach(path=(*at, "ignore"), expected="true, or no such line", advice=advice)
    if rule.route and rule.route.tell is UNSET and rule.route.channel is UNSET:
        advice = "say when it is to be told, where, or both"
        yield Breach(path=(*at, "route"), expected="at least one of tell, channel", advice=advice)
    wide: list[str] = [kind for kind in ("ignore", "suppress") if kind in given and known(getattr(rule, kind))]
    if rule.route and rule.route.tell == "never":
        wide.append("silence")
    if wide and not _leaves_out(rule.match):
        yield Breach(
            path=(*at, "match"),
            found="a match that leaves nothing out",
            expected=f"at least one condition: this would {wide[0]} every problem there is",
            advice="say which control, account, service or resource it is about",
        )


def _leaves_out(match: Match) -> bool:
    """Whether it has a condition that something may fail; also if it has one that could not be read, or is empty."""
    for condition in CONDITIONS:
        values = getattr(match, condition)
        if values is UNSET:
            continue
        if condition not in ("control", "resource", "severity") or not values or not known(values, *values):
            return True
        if not any(_ANYTHING.fullmatch(value) for value in values) and set(values) != set(LEVELS):
            return True
    return False


def _conditions(rule: Rule, at: Path) -> Iterator[Breach]:
    for condition in CONDITIONS:
        values = getattr(rule.match, condition)
        if values is UNSET or not known(values):
            continue
        if len(values) == 0:
            expected = "at least one tag" if condition == "tags" else "a list of at least one"
            yield Breach(path=(*at, condition), expected=expected, advice="remove the line if it may be anything")
        if len(values) > MOST_VALUES:
            yield Breach(
                path=(*at, condition),
                found=f"{len(values)} of them",
                expected=f"at most {MOST_VALUES}",
                advice="let one stand for more, or make two rules of it",
            )


def _own_severity(rule: Rule, place: int, findings: FindingsFile) -> Iterator[Breach]:
    """Of a rule that matches by one severity, and by its own action makes that another one for its other actions."""
    wanted, severity = rule.match.severity or [], rule.severity
    others = [other.severity for i, other in enumerate(findings.rules) if i != place]
    later = [kind for kind in ACTIONS if kind not in ("owner", "severity") and getattr(rule, kind) is not UNSET]
    if severity is UNSET or not wanted or not later or not known(severity, *wanted, *others):
        return
    if severity not in wanted and not set(others) & set(wanted):
        yield Breach(
            path=("rules", place, "severity"),
            expected=f"a severity of its own match: its {later[0]} looks at what it has become, and never applies",
            advice=f"add {severity} to match.severity, or give its {later[0]} a rule of its own",
        )


def _teams(findings: FindingsFile, services: ServicesFile) -> Iterator[Breach]:
    teams = team_names(services)
    named: Iterable[tuple[Any, Path]] = (
        named
        for i, rule in enumerate(findings.rules)
        for named in [
            *([(rule.owner, ("rules", i, "owner"))] if rule.owner is not UNSET else []),
            *((team, ("rules", i, "match", "team", j)) for j, team in enumerate(rule.match.team or [])),
        ]
    )
    for team, path in named:
        if known(teams, team) and team not in teams:
            yield no_team(path, team, teams)


def _services(findings: FindingsFile, services: ServicesFile) -> Iterator[Breach]:
    names = [service.name for service in services.services]
    if not known(services, services.services, *names):
        return
    for i, rule in enumerate(findings.rules):
        for j, name in enumerate(rule.match.service or []):
            if known(name) and name not in (*names, UNKNOWN):
                yield Breach(
                    path=("rules", i, "match", "service", j),
                    expected=f"a service of services.yaml, or {UNKNOWN}",
                    advice=did_you_mean(name, names, f"add it there, or name one of those: {', '.join(names[:20])}"),
                )


def _github(findings: FindingsFile, fleet: FleetFile) -> Iterator[Breach]:
    github = findings.github
    if github is UNSET:
        for i, rule in enumerate(findings.rules):
            if rule.ticket is not UNSET and known(rule.ticket):
                yield Breach(
                    path=("rules", i, "ticket"),
                    expected="no ticket: the file does not say where issues are opened",
                    advice="add github to the file, with its repository",
                )
        return
    if known(fleet.kind, github.api) and fleet.kind != "local" and not github.api.startswith("https://"):
        yield Breach(path=("github", "api"), expected="an https address", advice="begin it with https://")
    slack, pagerduty = fleet.slack, fleet.pagerduty
    taken = {
        slack.secret_name: "slack.secret_name",
        slack.signing_secret_name: "slack.signing_secret_name",
        **({pagerduty.secret_name: "pagerduty.secret_name"} if pagerduty else {}),
    }
    if known(github.secret_name) and github.secret_name in taken:
        yield Breach(
            path=("github", "secret_name"),
            expected=f"a secret of its own: {taken[github.secret_name]} of the fleet is the same",
            advice="change one",
        )
