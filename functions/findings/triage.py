"""Security Hub's events, from the queue: read, find the owner, decide, record. Telling is for `publish`."""

from typing import Any

import msgspec

from fleet import aws, clock, telemetry
from fleet.catalogue import Catalogue, owner_of
from fleet.items import ConflictError, Table
from fleet.modes import Mode, ModeSwitch
from fleet.refusal import DroppedError
from fleet.settings import Settings, compiled
from fleet.worker import DeadLetters, process
from functions.findings.event import Accepts, open_event
from functions.findings.finding import Seen
from functions.findings.problem import Here, triage
from functions.findings.store import ProblemStore

_WRITE_ATTEMPTS = 5


class Config(msgspec.Struct, frozen=True):
    """Compiled from fleet.yaml and services.yaml."""

    accepts: Accepts
    catalogue: Catalogue


settings = Settings.read()
config, config_hash = compiled(Config, beside=__file__)
problems = ProblemStore(Table(aws.dynamodb(), settings.table))
dead_letters = DeadLetters(aws.sqs(), settings.dead_letters)
modes = ModeSwitch(aws.ssm(), settings.capability)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: a batch of the queue."""
    return process(event, handle, dead_letters=dead_letters, capability=settings.capability)


def handle(body: str) -> None:
    """One Security Hub event; its good findings are recorded even when one of them is bad."""
    if modes.mode() is Mode.OFF:
        raise DroppedError("mode_off")
    contents = open_event(body, config.accepts)
    for seen in contents.seen:
        record(seen)
    for drop in contents.dropped:
        telemetry.count("Dropped", capability=settings.capability, reason=drop.reason)
    if contents.refused:
        raise contents.refused[0]


def record(seen: Seen) -> None:
    """Bring the finding's problem up to date. Raises ConflictError if others keep writing it."""
    finding = seen.finding
    owner = owner_of(config.catalogue, account=finding.account, resource=finding.resource, tags=finding.tags)
    for _ in range(_WRITE_ATTEMPTS):
        stored = problems.get(finding.problem)
        here = Here(settings.account, settings.region, clock.now_ms())
        decision = triage(stored.problem, seen, owner, config_hash, here)
        if decision.problem is None:
            return telemetry.count("Repeated", capability=settings.capability)
        if problems.put(decision.problem, decision.entries, over=stored, now=here.now):
            telemetry.log("recorded", problem=finding.problem, status=finding.status, owner_rule=owner.rule)
            return telemetry.count("Recorded", capability=settings.capability)
    raise ConflictError(finding.problem)
