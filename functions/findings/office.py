"""Where problems are kept and changed: what all functions of the capability do with its table.

A change is a function from the problem as it is to the problem as it should be. It is applied to what was read,
judged against what was there before, and written with the events that tell of it, if nobody else wrote meanwhile;
else again.
"""

from collections.abc import Callable
from typing import Self

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from fleet import aws, clock, telemetry
from fleet import settings as deployed
from fleet.catalogue import Catalogue
from fleet.events.envelope import Entry
from fleet.items import ConflictError, Table
from fleet.modes import Mode, ModeSwitch
from fleet.settings import Settings
from functions.findings.baseline import Baselines
from functions.findings.decision import Law, taken
from functions.findings.event import Accepts
from functions.findings.finding import Finding, Seen
from functions.findings.judge import Judge
from functions.findings.policy import Policy
from functions.findings.problem import Problem, State
from functions.findings.store import ProblemStore, Stored
from functions.findings.tally import Tally
from functions.findings.teams import Teams, teams_of
from functions.findings.telling import Here, Told, entries

_WRITE_ATTEMPTS = 5

type Change = Callable[[Problem, int], Problem | None]
"""From a problem and the time (ms) to what it becomes; None: nothing changes."""
type Extra = Callable[[Told], list[Entry]]
"""More events that tell of a change."""


class GitHubSettings(msgspec.Struct, frozen=True):
    """Where issues are opened, and the name of the secret that holds the token for it."""

    api: str
    secret: str


class Config(msgspec.Struct, frozen=True):
    """Compiled from fleet.yaml, services.yaml and findings.yaml."""

    accepts: Accepts
    catalogue: Catalogue
    policy: Policy
    github: GitHubSettings | None = None
    """None: no issues are opened."""


class Office:
    """The problems of this deployment, and the law by which they are judged."""

    def __init__(self, settings: Settings, config: Config, config_hash: str, table: Table, modes: ModeSwitch) -> None:
        self.settings, self.accepts, self.policy, self.modes = settings, config.accepts, config.policy, modes
        self.law = Law(Judge(config.policy), config.catalogue, config_hash)
        self.table, self.store = table, ProblemStore(table, config.policy)
        self.baselines, self.tally = Baselines(table), Tally(table)
        self._accounts = frozenset(self.accounts())
        self._teams = Teams(table, teams_of(config.catalogue, config.policy))

    @classmethod
    def open(cls, *, beside: str) -> Self:
        """As this function was deployed, `beside` its module's file."""
        settings = Settings.read()
        config, config_hash = deployed.compiled(Config, beside=beside)
        table = Table(aws.dynamodb(), settings.table)
        return cls(settings, config, config_hash, table, ModeSwitch(aws.ssm(), settings.capability))

    def teams(self) -> list[str]:
        """All that may own a problem, in a lasting order; also those that once stood in the configuration."""
        return self._teams.all()

    def accounts(self) -> list[str]:
        """Those whose findings are triaged here."""
        known = self.accepts.accounts
        return sorted(self.law.catalogue.accounts if known is None else known)

    def write_tally(self) -> None:
        """Write down the numbers, if it is time; they may be wrong by a minute's, and are no reason to fail."""
        try:
            self.tally.write(clock.now_ms())
        except (ClientError, BotoCoreError) as error:
            telemetry.log_failure("numbers not written", error)

    def record(self, seen: Seen) -> None:
        """Bring a finding's problem up to date. Raises ConflictError if others keep writing it."""
        finding = seen.finding
        stored = self.store.get(finding.problem)
        for _ in range(_WRITE_ATTEMPTS):
            now = clock.now_ms()
            known = stored.problem
            quiet = known is None and self._was_there(finding, now)
            after = taken(known, seen, self.law, now, quiet=quiet)
            if after is None:
                return telemetry.count("Repeated", capability=self.settings.capability)
            if self._write(after, stored, cause=seen.event_id, actor="aws.securityhub", now=now):
                telemetry.count("Recorded", capability=self.settings.capability)
                return telemetry.log(
                    "recorded", problem=after.id, status=after.state.status, owner_rule=after.state.owner.rule
                )
            stored = self.store.get(finding.problem)
        raise ConflictError(finding.problem)

    def _was_there(self, finding: Finding, now: int) -> bool:
        """Whether it was there before the fleet, and its account's sum tells of it; what is newer is told by itself.

        An account that nobody has named has no sum: its problems would be quiet for ever.
        """
        if finding.account not in self._accounts:
            return False
        since = self.baselines.to_come(finding.account, now)
        return since is not None and finding.created_at <= since

    def change(
        self, problem_id: str, change: Change, *, actor: str, cause: str | None = None, extra: Extra | None = None
    ) -> Problem | None:
        """Apply `change` to a problem; what it is then, None if there is no such problem.

        `extra` tells more of the change than its before and after do. Raises ConflictError.
        """
        for _ in range(_WRITE_ATTEMPTS):
            stored, now = self.store.get(problem_id), clock.now_ms()
            if stored.problem is None:
                return None
            after = change(stored.problem, now)
            if after is None:
                return stored.problem
            if self._write(after, stored, cause=cause, actor=actor, now=now, extra=extra):
                return after
        raise ConflictError(problem_id)

    def _write(
        self,
        after: Problem,
        stored: Stored,
        *,
        cause: str | None,
        actor: str,
        now: int,
        extra: Extra | None = None,
    ) -> bool:
        before: State | None = stored.problem.state if stored.problem else None
        told = Told(
            problem=after,
            here=Here(self.settings.account, self.settings.region, now),
            revision=stored.revision,
            cause=cause,
            actor=actor,
        )
        told_of = [*entries(before, told, quiet_days=self.policy.quiet_days), *(extra(told) if extra else [])]
        acting = self.modes.mode() is Mode.ACT
        if not self.store.put(after, told_of, over=stored, now=now, acting=acting):
            return False
        self._count(before, told)
        return True

    def _count(self, before: State | None, told: Told) -> None:
        """For the numbers: what was opened and told, and how long things took."""
        state, now = told.problem.state, told.here.now
        was_open = before is not None and before.open
        if state.open and not was_open:
            self.tally.count("opened")
            self.tally.count("told", state.tell == "now" and not told.problem.quiet)
            if not told.problem.quiet:  # what was there before the fleet says nothing of how fast it is
                self.tally.count("triage_number")
                self.tally.count("triage_ms", max(0, now - state.opened))
        elif was_open and before is not None and state.closed > before.opened and not state.live:
            self.tally.count("resolve_number")
            self.tally.count("resolve_ms", state.closed - before.opened)
