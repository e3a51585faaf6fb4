"""What no event triggers, on a schedule: what is due, accounts that are new, digests, and what events have missed."""

from collections.abc import Callable
from typing import Any

from fleet import aws, telemetry
from fleet.modes import Mode
from fleet.refusal import AwayError
from fleet.worker import count_put_off
from functions.findings.errands import Errands
from functions.findings.office import Office
from functions.findings.rounds import Rounds, TimeLeft
from functions.findings.securityhub import Pacer, SecurityHub
from functions.findings.walks import OvertakenError

office = Office.open(beside=__file__)
hub = SecurityHub(aws.securityhub(), Pacer(per_second=3))
rounds = Rounds(office, hub, Errands.from_environment(aws.sqs()))
_RESERVE_MS = 10_000


def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point: the schedule's tick. What is left over is the next tick's."""
    if not office.accepts.anything:
        return {}

    def time_left() -> bool:
        return int(context.get_remaining_time_in_millis()) > _RESERVE_MS

    # Suppressions end whatever the mode is; the rest is as if it were not there.
    off = office.modes.mode() is Mode.OFF
    steps = [rounds.attend] if off else [rounds.attend, rounds.review, rounds.reconcile, rounds.sum_up]
    failures = [error for step in steps if (error := _tried(step, time_left))]
    office.write_tally()
    if failures:
        raise ExceptionGroup(f"{len(failures)} steps of the sweep failed", failures)
    return {}


def _tried(step: Callable[[TimeLeft], None], time_left: TimeLeft) -> Exception | None:
    try:
        step(time_left)
    except AwayError as error:  # the next tick goes on; a dead letter would tell nothing more
        telemetry.log("away", step=step.__name__, reason=error.reason, why=str(error))
        count_put_off({error.reason: 1}, office.settings.capability)
    except OvertakenError as error:
        telemetry.log("overtaken", step=step.__name__, walk=str(error))
    except Exception as error:  # noqa: BLE001 - one step must not keep the others waiting
        telemetry.log_failure("sweep failed", error, step=step.__name__)
        return error
    return None
