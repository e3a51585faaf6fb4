"""Problems whose findings are to be changed in Security Hub, from the queue: collect, ask in batches, write down.

What is to be changed stands on the problem; a message only says which. Asking twice does no harm, and what Security
Hub did not take stays on the problem: the message comes again, and then the sweep.
"""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from fleet import aws, clock, telemetry
from fleet.budget import Budget
from fleet.events.envelope import decode
from fleet.modes import Mode
from fleet.refusal import RefusedError
from fleet.worker import DeadLetters, process
from functions.findings.effects import Batch, Change, answered, changes, in_batches
from functions.findings.office import Office
from functions.findings.problem import Problem
from functions.findings.securityhub import Done, Pacer, SecurityHub
from functions.findings.telling import budget_used_up

office = Office.open(beside=__file__)
dead_letters = DeadLetters(aws.sqs(), office.settings.dead_letters)
CAPABILITY = office.settings.capability
hub = SecurityHub(aws.securityhub(), Pacer(per_second=3))
budget = Budget(
    office.table,
    per_hour=office.policy.effects_per_hour,
    capability=CAPABILITY,
    used_up=partial(budget_used_up, office.settings.account, office.settings.region, office.policy.effects_per_hour),
)


class Wanted(msgspec.Struct, frozen=True):
    """A message of the queue."""

    problem: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: a batch of the queue. Its problems are asked for together, so only the first message works."""
    asked = _Once()
    for record in event["Records"]:
        asked.expect(record["body"])
    return process(event, asked.handle, dead_letters=dead_letters, capability=CAPABILITY)


class _Once:
    """The problems of one batch of messages."""

    def __init__(self) -> None:
        self._problems: dict[str, Exception | None] = {}
        self._asked = False

    def expect(self, body: str) -> None:
        with contextlib.suppress(RefusedError):  # `handle` refuses it by itself, with its reason
            self._problems[decode(Wanted, body).problem] = None

    def handle(self, body: str) -> None:
        """One message: its problem has been asked for, with all the others. Raises what kept it from that."""
        problem = decode(Wanted, body).problem
        if not self._asked:
            self._asked = True
            self._problems |= bring_about(list(self._problems))
        if error := self._problems[problem]:
            raise error


def bring_about(problems: list[str]) -> dict[str, Exception | None]:
    """Ask Security Hub for all that these problems want; by problem, what kept some of it from being done."""
    acting = office.modes.mode() is Mode.ACT
    found: list[Change] = []
    errors: dict[str, Exception | None] = {}
    for problem_id in problems:
        try:
            known = office.store.get(problem_id).problem
            found += changes(known, undo_only=not acting) if known else []
        except Exception as error:  # noqa: BLE001 - it must not keep the others waiting
            errors[problem_id] = error
    for batch in in_batches(found):
        try:
            done = _ask(batch)
        except Exception as error:  # noqa: BLE001 - the other batches may still go
            telemetry.log_failure("not written back", error)
            errors |= {change.problem: error for change in batch.changes}
            continue
        errors |= _write_down(done.taken)
        errors |= {change.problem: UnprocessedError() for change in done.left}
    return errors


def _ask(batch: Batch) -> Done:
    if batch.workflow == "SUPPRESSED":  # undoing costs nothing
        given = budget.take(len(batch.changes), clock.now_ms())
        if not given:
            return Done([], [])  # the sweep comes back to it
        batch = batch._replace(changes=batch.changes[:given])
    done = hub.update(batch)
    telemetry.count("WrittenBack", capability=CAPABILITY, reason=batch.workflow.lower(), by=len(done.taken))
    return done


def _write_down(taken: list[Change]) -> dict[str, Exception | None]:
    errors: dict[str, Exception | None] = {}
    by_problem: dict[str, list[Change]] = {}
    for change in taken:
        by_problem.setdefault(change.problem, []).append(change)
    for problem_id, done in by_problem.items():
        try:
            office.change(problem_id, _answered(done), actor="yagura.findings")
        except Exception as error:  # noqa: BLE001 - then it is asked again, which does no harm
            errors[problem_id] = error
    return errors


def _answered(done: list[Change]) -> Callable[[Problem, int], Problem]:
    return lambda problem, _now: answered(problem, done)


class UnprocessedError(Exception):
    """Security Hub took the call, but not this finding in it."""
