"""Asking Security Hub for what problems want, in batches, and writing down what it took."""

from collections.abc import Callable, Iterable

from fleet import clock, telemetry
from fleet.budget import Budget
from fleet.modes import Mode
from fleet.refusal import AwayError, RefusedError
from functions.findings.effects import Batch, Change, answered, changes, in_batches, refused
from functions.findings.office import Office
from functions.findings.problem import Problem
from functions.findings.securityhub import Done, NotEnabledError, SecurityHub, ThrottledError, UnreachableError

YOUNG_MS = 3_600_000
"""Of a finding that was heard of so lately Security Hub may say that it does not know it, and know it soon."""

type Errors = dict[str, Exception]
"""By problem, what kept some of it from being done."""


class UnprocessedError(AwayError):
    """Security Hub took the call, but not this finding in it."""

    reason = "unprocessed"


class Asking:
    """For this deployment's problems."""

    def __init__(self, office: Office, hub: SecurityHub, budget: Budget) -> None:
        self._office, self._hub, self._budget = office, hub, budget

    def bring_about(self, problems: Iterable[str]) -> Errors:
        """Ask for all that these problems want; what one of them suffers from, the others do not."""
        errors: Errors = {}
        wanted = self._wanted(problems, errors)
        busy: dict[str, Exception] = {}
        for batch in in_batches(wanted):
            found: Done | Exception = busy.get(batch.form) or self._tried(batch)
            cause = found if isinstance(found, Exception) else found.cause
            # The limit is the account's, of either Security Hub: what follows would only be throttled as well.
            if isinstance(cause, (ThrottledError, NotEnabledError, UnreachableError)):
                busy[batch.form] = cause
            if isinstance(found, Exception):
                errors |= {change.problem: found for change in batch.changes}
                continue
            young = [change for change in found.unknown if clock.now_ms() - change.reported < YOUNG_MS]
            gone = [change for change in found.unknown if change not in young]
            errors |= {change.problem: cause or UnprocessedError() for change in [*found.left, *young]}
            errors |= {change.problem: _refused() for change in found.refused}
            # What it will never take is written down as well: asking for it again changes nothing.
            errors |= self._write_down([*found.taken, *gone, *map(refused, found.refused)])
        return errors

    def _wanted(self, problems: Iterable[str], errors: Errors) -> list[Change]:
        acting = self._office.modes.mode() is Mode.ACT
        found: list[Change] = []
        for problem_id in problems:
            try:
                known = self._office.store.get(problem_id).problem
                found += changes(known, undo_only=not acting) if known else []
            except Exception as error:  # noqa: BLE001 - it must not keep the others waiting
                telemetry.log_failure("problem unreadable", error, problem=problem_id)
                errors[problem_id] = error
        return found

    def _tried(self, batch: Batch) -> Done | Exception:
        try:
            return self._ask(batch)
        except Exception as error:  # noqa: BLE001 - the other batches may still go
            telemetry.log_failure("not written back", error)
            return error

    def _ask(self, batch: Batch) -> Done:
        now, suppressing = clock.now_ms(), batch.workflow == "SUPPRESSED"
        if suppressing:  # undoing costs nothing
            given = self._budget.take(len(batch.changes), now)
            if not given:
                return Done([], [], [], [])  # the sweep comes back to it
            batch = batch._replace(changes=batch.changes[:given])
        try:
            done = self._hub.update(batch)
        except AwayError:
            if suppressing:  # asked for again it is the same effect, whether or not it has come about
                self._budget.give_back(len(batch.changes), now)
            raise
        if suppressing:
            self._budget.give_back(len(batch.changes) - len(done.taken), now)
        telemetry.count("WrittenBack", capability="findings", reason=batch.workflow.lower(), by=len(done.taken))
        return done

    def _write_down(self, taken: list[Change]) -> Errors:
        errors: Errors = {}
        by_problem: dict[str, list[Change]] = {}
        for change in taken:
            by_problem.setdefault(change.problem, []).append(change)
        for problem_id, done in by_problem.items():
            try:
                self._office.change(problem_id, _answered(done), actor="yagura.findings")
            except Exception as error:  # noqa: BLE001 - then it is asked again, which does no harm
                telemetry.log_failure("not written down", error, problem=problem_id)
                errors[problem_id] = error
        return errors


def _answered(done: list[Change]) -> Callable[[Problem, int], Problem]:
    return lambda problem, now: answered(problem, done, now)


def _refused() -> RefusedError:
    return RefusedError("security_hub", "$.problem", "Security Hub refuses a finding of it")
