"""The pure path as `triage` goes it for a problem that is new: normalise, history, ownership, policy."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fleet.catalogue import Account, Catalogue, Default, Service
from functions.findings.decision import Law, taken
from functions.findings.event import Accepts, Contents, open_event
from functions.findings.judge import Judge
from functions.findings.lease import DAY_MS
from functions.findings.policy import SEVERITIES, Level, Match, Policy, Rule, Suppress

_SERVICES = {"payments-api": "payments", "patient-records": "records", "appointments": "scheduling", "yagura": "sre"}
_HOME = Accepts(accounts=None)


def prepare(corpus: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> tuple[Callable[[Any], Any], ...]:
    """Rules are compiled once, as at a cold start."""
    now: int = corpus["now"]
    level = Level(tell="now", due_days=30, suppress_days=90, tier=1)
    policy = Policy(levels=dict.fromkeys(SEVERITIES, level), rules=[_rule(rule, now) for rule in rules])
    catalogue = Catalogue(
        default=Default(team="sre"),
        services=[Service(name=name, team=team, tags={"service": name}) for name, team in _SERVICES.items()],
        accounts={"111122223333": Account(name="clinic-staging", environment="staging")},
    )
    law = Law(Judge(policy), catalogue, "hash")

    def opened(text: str) -> Contents:
        return open_event(text, _HOME)

    def decided(contents: Contents) -> str:
        rule = ""
        for seen in contents.seen:
            problem = taken(None, seen, law, now)
            if problem is not None and problem.state.lease is not None:
                rule = problem.state.lease.by
        return rule.removeprefix("rule:")

    return lambda text: decided(opened(text)), opened, decided


def _rule(rule: Mapping[str, Any], now: int) -> Rule:
    match = Match(
        control=[rule["control"]] if "control" in rule else [],
        region=[rule["region"]] if "region" in rule else [],
        resource=[rule["resource"]] if "resource" in rule else [],
        tags=dict([rule["tag"]]) if "tag" in rule else {},
    )
    lease = Suppress(requester="aiko", approver="ben", start=now - DAY_MS, until=now + 30 * DAY_MS)
    return Rule(name=rule["name"], reason="accepted until the move", match=match, suppress=lease)
