"""Security Hub's events, from the queue: read, decide, record. Telling is for `publish`, changing for `writeback`."""

from typing import Any

from fleet import aws, telemetry
from fleet.modes import Mode
from fleet.refusal import DroppedError, RefusedError
from fleet.worker import DeadLetters, process
from functions.findings.event import open_event
from functions.findings.failures import Failures
from functions.findings.office import Office

office = Office.open(beside=__file__)
dead_letters = DeadLetters(aws.sqs(), office.settings.dead_letters)
CAPABILITY = office.settings.capability


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: a batch of the queue."""
    office.tally.count("received", len(event["Records"]))
    done = process(event, handle, dead_letters=dead_letters, capability=CAPABILITY)
    office.write_tally()
    return done


def handle(body: str) -> None:
    """One Security Hub event; its good findings are recorded even when one of them is bad, or fails."""
    if office.modes.mode() is Mode.OFF:
        raise DroppedError("mode_off")
    contents = open_event(body, office.accepts)
    failures = Failures("recording")
    for seen in contents.seen:
        with failures.of(seen.finding.problem):
            office.record(seen)
    failures.tell()
    for drop in contents.dropped:
        telemetry.count("Dropped", capability=CAPABILITY, reason=drop.reason)
    if contents.refused:
        raise _together(contents.refused)


def _together(refused: list[RefusedError]) -> RefusedError:
    """One refusal, since an event is one dead letter; the others are counted here, and named in its text."""
    first, *others = refused
    for other in others:
        telemetry.count("Refused", capability=CAPABILITY, reason=other.reason)
        telemetry.log("refused", reason=other.reason, path=other.path)
    return RefusedError(first.reason, first.path, "; ".join([first.text, *(f"{o.path}: {o.text}" for o in others)]))
