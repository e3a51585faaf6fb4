"""What no event triggers: what is due, what a changed configuration means, what events have missed, digests.

Each goes as far as there is time, and goes on from there at the next tick.
"""

from collections.abc import Callable

from msgspec.structs import replace

from fleet import clock
from fleet.events.envelope import Entry
from fleet.modes import Mode
from functions.findings.allowance import budget_of
from functions.findings.attend import Attended, attended
from functions.findings.baseline import GIVE_UP_MS
from functions.findings.decision import reviewed
from functions.findings.effects import due_again, wants
from functions.findings.errands import Errands
from functions.findings.failures import Failures
from functions.findings.office import Office
from functions.findings.problem import Problem
from functions.findings.reconcile import NAME, Reconciliation
from functions.findings.retries import Retries
from functions.findings.securityhub import NotEnabledError, SecurityHub
from functions.findings.store import IGNORED
from functions.findings.sums import Sums
from functions.findings.tally import day_of
from functions.findings.telling import Told, expiring, overdue
from functions.findings.walks import Walks

_PAGE = 50

type TimeLeft = Callable[[], bool]


class Rounds:
    """Of this deployment."""

    def __init__(self, office: Office, hub: SecurityHub, errands: Errands) -> None:
        self._office, self._hub, self._errands = office, hub, errands
        self._walks, self._sums, self._budget = Walks(office.table), Sums(office), budget_of(office)
        self._waits = False
        """Whether there is no Security Hub: then new accounts wait for it, and nobody for them."""

    def attend(self, time_left: TimeLeft) -> None:
        """Each problem that is due: suppressions that end, deadlines, and changes that could not be made until now."""
        failures, acting = Failures("attend"), self._office.modes.mode() is Mode.ACT
        retries = Retries(self._budget, acting=acting)
        for problem_id in self._office.store.due(clock.now_ms()):
            if not time_left():
                break
            with failures.of(problem_id):
                self._attend(problem_id, retries, failures)
        failures.tell()

    def _attend(self, problem_id: str, retries: Retries, failures: Failures) -> None:
        off = self._office.modes.mode() is Mode.OFF
        said, errands = None, list[str]()

        def change(problem: Problem, now: int) -> Problem | None:
            nonlocal said, errands
            # Off, nothing is told, but suppressions end all the same, also in Security Hub.
            silent = off and problem.state.lease is None
            done = Attended(due_again(problem, now), None) if silent else attended(problem, self._office.law, now)
            said = done.said
            after, errands = retries.of(done.problem, now)
            return None if silent and not errands else after

        def tell(told: Told) -> list[Entry]:
            match said:
                case None:
                    return []
                case "warn":
                    return expiring(told)
                case stage:
                    return [overdue(told, stage, self._office.policy.escalate_to)]

        self._office.change(problem_id, change, actor="yagura.findings", extra=tell)
        try:
            self._errands.send(problem_id, errands)
        except Exception as error:  # noqa: BLE001 - it is due again soon, and the queues hold up no problem
            failures.add(error, problem_id)

    def review(self, time_left: TimeLeft) -> None:
        """After a change of configuration or mode, judge all problems anew."""
        law, failures = self._office.law, Failures("review")
        acting = self._office.modes.mode() is Mode.ACT
        walk = self._walks.begin("review", f"{law.config}{' acting' if acting else ''}", clock.now_ms())

        def change(problem: Problem, now: int) -> Problem | None:
            after = reviewed(replace(problem, again=None), law, now)  # perhaps it is no longer in vain
            return after if after != problem or wants(after, acting=acting) else None

        teams = [*self._office.teams(), IGNORED] if walk else []
        while walk and (index := walk.place.get("team", 0)) < len(teams):
            briefs, after = self._office.store.live_page(teams[index], walk.place.get("after"), _PAGE)
            for brief in briefs:
                if not time_left():
                    return failures.tell()
                with failures.of(brief.problem):
                    self._office.change(brief.problem, change, actor="yagura.findings")
            walk = self._walks.go_on(walk, {"team": index, "after": after} if after else {"team": index + 1})
        if walk:
            self._walks.end(walk)
        return failures.tell()

    def reconcile(self, time_left: TimeLeft) -> None:
        """Security Hub's findings against ours; an account that is new is summed up when that is done once."""
        now, failures = clock.now_ms(), Failures("reconcile")
        new = self._sums.new_accounts(now)
        self._waits = False
        try:
            walk = Reconciliation(self._office, self._hub, self._walks, failures, time_left)
            # What Security Hub finds in its first day is not complete before that is over.
            walk.go_on(day_of(now), since=max((since for since in new.values() if since <= now), default=0))
        except NotEnabledError:
            self._waits = True
            return self._sums.wait(new, now)
        except Exception:
            # Silence must end: then what is known by now must do.
            self._sums.baseline({account: since for account, since in new.items() if now - since >= GIVE_UP_MS}, now)
            raise
        known_since = self._walks.covered(NAME)
        self._sums.baseline({account: since for account, since in new.items() if since <= known_since}, now)
        return failures.tell()

    def sum_up(self, time_left: TimeLeft) -> None:
        """The day's digests."""
        now, failures = clock.now_ms(), Failures("digest")
        if not self._waits and self._sums.new_accounts(now):
            return  # each is summed up by itself first
        # One that midnight has overtaken goes on, whatever the hour: it is still that day's.
        walk = self._walks.begin("digest", day_of(now), now, new=self._sums.is_time(now))
        teams = self._office.teams() if walk else []
        while walk and (index := walk.place.get("team", 0)) < len(teams):
            if not time_left():
                return
            with failures.of(teams[index]):
                self._sums.digest(teams[index], walk.run, walk.started)
            walk = self._walks.go_on(walk, {"team": index + 1})
        if walk:
            self._walks.end(walk)
        failures.tell()
