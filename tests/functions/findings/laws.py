"""Policies, leases and problems for tests, as small as they can be."""

from typing import Any

import msgspec

from fleet.catalogue import Account, Catalogue, Default, Service
from functions.findings.decision import Law, taken
from functions.findings.finding import Finding, Seen
from functions.findings.judge import Judge
from functions.findings.lease import DAY_MS, Lease
from functions.findings.policy import Level, Policy, Rule, Suppress
from functions.findings.problem import Problem
from tests.functions.findings.samples import finding

FIRST: Finding = finding("imported-s3.8")
NOW = 1_772_500_000_000
"""Hours after the samples."""

LEVELS = {
    "INFORMATIONAL": Level(tell="never", due_days=0, suppress_days=365, tier=0),
    "LOW": Level(tell="digest", due_days=90, suppress_days=365, tier=0),
    "MEDIUM": Level(tell="digest", due_days=60, suppress_days=180, tier=1),
    "HIGH": Level(tell="now", due_days=30, suppress_days=90, tier=1),
    "CRITICAL": Level(tell="now", due_days=7, suppress_days=30, tier=2),
}
CATALOGUE = Catalogue(
    default=Default(team="platform"),
    services=[Service(name="intake", team="front-door", tags={"service": "intake"})],
    accounts={"111122223333": Account(name="clinic-staging", environment="staging")},
)


def policy(*rules: Rule, **more: Any) -> Policy:
    return Policy(levels=LEVELS, rules=list(rules), **more)


def law(*rules: Rule, **more: Any) -> Law:
    return Law(Judge(policy(*rules, **more)), CATALOGUE, "hash")


def lease(**changes: Any) -> Lease:
    """One that holds at NOW for 80 days more."""
    sound = Lease(
        by="request:r1", reason="Vendor fix is due", requester="ada", approver="grace", start=NOW - 10 * DAY_MS,
        until=NOW + 80 * DAY_MS,
    )  # fmt: skip
    return msgspec.structs.replace(sound, **changes)


def suppressing(name: str = "accepted", *, reason: str = "Vendor fix is due", **changes: Any) -> Rule:
    """A rule that suppresses whatever matches."""
    given: dict[str, Any] = {
        "requester": "ada", "approver": "grace", "start": NOW - 10 * DAY_MS, "until": NOW + 80 * DAY_MS
    } | changes  # fmt: skip
    match = given.pop("match", None)
    rule = Rule(name=name, reason=reason, suppress=Suppress(**given))
    return rule if match is None else msgspec.structs.replace(rule, match=match)


def seen(found: Finding = FIRST, *, event_time: int = NOW, event_id: str = "e") -> Seen:
    return Seen(finding=found, event_id=event_id, event_time=event_time)


def finding_like(**changes: Any) -> Finding:
    """The first finding, changed."""
    return msgspec.structs.replace(FIRST, **changes)


def problem_of(*found: Finding, by: Law | None = None, now: int = NOW, quiet: bool = False) -> Problem:
    """What the table remembers after these."""
    problem: Problem | None = None
    for number, each in enumerate(found or (FIRST,)):
        brought = seen(each, event_time=now + number, event_id=f"e{number}")
        problem = taken(problem, brought, by or law(), now, quiet=quiet) or problem
    assert problem is not None
    return problem


def open_problem(**changes: Any) -> Problem:
    """An open problem with other fields than it would have."""
    return msgspec.structs.replace(problem_of(), **changes)
