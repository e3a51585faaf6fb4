"""What no event triggers, on a schedule: what is due, accounts that are new, digests, and what events have missed."""

from collections.abc import Callable
from typing import Any

from fleet import aws, clock, telemetry
from fleet.modes import Mode
from functions.findings.attend import attended
from functions.findings.decision import reviewed
from functions.findings.errands import Errands
from functions.findings.office import Office
from functions.findings.problem import Problem
from functions.findings.reconcile import Reconciliation, run_of
from functions.findings.securityhub import NotEnabledError, Pacer, SecurityHub
from functions.findings.sums import Sums
from functions.findings.telling import Told, expiring, overdue
from functions.findings.walks import Walks

office = Office.open(beside=__file__)
CAPABILITY = office.settings.capability
hub = SecurityHub(aws.securityhub(), Pacer(per_second=3))
errands = Errands.from_environment(aws.sqs())
walks, sums = Walks(office.table), Sums(office)
_RESERVE_MS = 10_000


def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point: the schedule's tick. What is left over is the next tick's."""
    if not office.accepts.anything:
        return {}

    def time_left() -> bool:
        return int(context.get_remaining_time_in_millis()) > _RESERVE_MS

    failures = [error for step in (attend, review, reconcile, sum_up) if (error := _tried(step, time_left))]
    if failures:
        raise ExceptionGroup(f"{len(failures)} steps of the sweep failed", failures)
    return {}


def attend(time_left: Callable[[], bool]) -> None:
    """Each problem that is due: suppressions that end, deadlines, and changes that could not be made until now."""
    for problem_id in office.store.due(clock.now_ms()):
        if not time_left():
            return
        said: list[Any] = []

        def change(problem: Problem, now: int, said: list[Any] = said) -> Problem:
            done = attended(problem, office.law, now)
            said[:] = done.said
            return done.problem

        def tell(told: Told, said: list[Any] = said) -> list[Any]:
            return [entry for one in said for entry in _entries(told, one)]

        after = office.change(problem_id, change, actor="yagura.findings", extra=tell)
        if after is not None:
            errands.hurry(after, acting=office.modes.mode() is Mode.ACT)


def review(time_left: Callable[[], bool]) -> None:
    """After a change of configuration or mode, judge all problems anew."""
    acting = office.modes.mode() is Mode.ACT
    walk = walks.begin("review", f"{office.law.config}{' acting' if acting else ''}", clock.now_ms())
    if walk is None:
        return
    teams = office.teams()
    while (index := walk.place.get("team", 0)) < len(teams):
        briefs, after = office.store.live_page(teams[index], walk.place.get("after"), 50)
        for brief in briefs:
            if not time_left():
                return
            changed = office.change(
                brief.problem, lambda problem, now: reviewed(problem, office.law, now), actor="yagura.findings"
            )
            if changed is not None:
                errands.hurry(changed, acting=acting)
        walk = walks.go_on(walk, {"team": index, "after": after} if after else {"team": index + 1})
    walks.end(walk)


def sum_up(time_left: Callable[[], bool]) -> None:
    """The day's digests."""
    now = clock.now_ms()
    if sums.new_accounts(now):
        return  # each is summed up by itself first
    if (day := sums.day_due(now)) and (walk := walks.begin("digest", day, now)):
        teams = office.teams()
        while (index := walk.place.get("team", 0)) < len(teams):
            if not time_left():
                return
            sums.digest(teams[index], walk.run, walk.started)
            walk = walks.go_on(walk, {"team": index + 1})
        walks.end(walk)


def reconcile(time_left: Callable[[], bool]) -> None:
    """Security Hub's findings against ours; an account that is new is summed up when that is done once."""
    now = clock.now_ms()
    new = sums.new_accounts(now)
    try:
        over = Reconciliation(office, hub, walks, time_left).go_on(run_of(now))
        since = over.started if over else 0
    except NotEnabledError:
        since = now  # nothing can be known of it
    except Exception:
        sums.baseline([account for account in new if sums.has_waited(account, now)], now)
        raise
    sums.baseline([account for account, known_since in new.items() if known_since <= since], now)


def _entries(told: Told, said: str) -> list[Any]:
    return expiring(told) if said == "warn" else [overdue(told, said, office.policy.escalate_to)]


def _tried(step: Callable[[Callable[[], bool]], None], time_left: Callable[[], bool]) -> Exception | None:
    try:
        step(time_left)
    except Exception as error:  # noqa: BLE001 - one step must not keep the others waiting
        telemetry.log_failure("sweep failed", error, step=step.__name__)
        return error
    return None
