"""What people command about problems: looked at as they are now, never as the command remembers them."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Annotated, Literal

import msgspec

from fleet import clock
from fleet.approvals import People
from fleet.command_answer import Answer, refused
from fleet.events.chatops import CommandRequested
from fleet.events.envelope import decode
from fleet.masking import mask
from fleet.modes import Mode
from fleet.refusal import RefusedError
from functions.findings import answers
from functions.findings.brief import Brief
from functions.findings.decision import assigned, suppressed, unsuppressed
from functions.findings.lease import DAY_MS, Lease
from functions.findings.office import Office
from functions.findings.problem import Deed, Problem
from functions.findings.summary import summary_of

_DAYS = 30
ALL = "all"
RULES = "rules"
"""Instead of a team: a problem is given back."""

_ONLY_HERE = "Security Hub is told when findings may act here: now it observes, or is frozen"

type ProblemId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
type Name = Annotated[str, msgspec.Meta(max_length=64)]


class _List(msgspec.Struct, frozen=True):
    team: Name = ALL
    status: Literal["open", "suppressed"] = "open"
    count: Annotated[int, msgspec.Meta(ge=1, le=50)] = 20


class _One(msgspec.Struct, frozen=True):
    problem: ProblemId


class _Suppress(msgspec.Struct, frozen=True):
    problem: ProblemId
    severity: Name
    status: Name
    tier: int
    days: Annotated[int, msgspec.Meta(ge=1, le=730)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class _Assign(msgspec.Struct, frozen=True):
    problem: ProblemId
    team: Name


class Commands:
    """What findings does here."""

    def __init__(self, office: Office, people: Callable[[str], People]) -> None:
        """`people` reads by its id who asked for a request and who agreed: the event may name anybody."""
        self._office, self._people = office, people

    def do(self, command: CommandRequested, _remaining_ms: Callable[[], int]) -> Answer:
        """Carry out a command that has been claimed. Only errors of our own table are raised."""
        if self._office.modes.mode() is Mode.OFF and command.command != "findings unsuppress":
            return refused("findings is off here")
        if not self._office.accepts.anything:
            return answers.elsewhere()
        arguments = msgspec.json.encode(command.arguments)
        try:
            match command.command:
                case "findings list":
                    return self._list(decode(_List, arguments, at="$.arguments"))
                case "findings show":
                    return self._show(decode(_One, arguments, at="$.arguments"), command)
                case "findings numbers":
                    return self._numbers()
                case "findings suppress":
                    return self._suppress(decode(_Suppress, arguments, at="$.arguments"), command)
                case "findings unsuppress":
                    return self._unsuppress(decode(_One, arguments, at="$.arguments"), command)
                case "findings assign":
                    return self._assign(decode(_Assign, arguments, at="$.arguments"), command)
                case _:
                    return refused("the fleet of this account does not know the command: is it older than the hub's?")
        except RefusedError as error:
            return refused(f"{error.path}: {error.text}")

    def _list(self, wanted: _List) -> Answer:
        teams = self._office.teams()
        if wanted.team != ALL and wanted.team not in teams:
            return refused(f"no such team; there are {', '.join(teams)}")
        briefs = [
            brief
            for team in (teams if wanted.team == ALL else [wanted.team])
            # Of each team as many as may be shown: they come in their order, and there may be a hundred thousand.
            for brief in islice(
                (b for b in self._office.store.live(team) if b.status == wanted.status), wanted.count + 1
            )
        ]
        return answers.listed(briefs, wanted.status, most=wanted.count, now=clock.now_ms())

    def _of(self, team: str, status: str) -> Iterator[Brief]:
        return (brief for brief in self._office.store.live(team) if brief.status == status)

    def _show(self, wanted: _One, command: CommandRequested) -> Answer:
        problem = self._office.store.get(wanted.problem).problem
        if problem is None:
            return refused("no such problem here")
        level = self._office.law.judge.level(problem.state.severity)
        return answers.shown(problem, level, clock.now_ms(), command.request)

    def _numbers(self) -> Answer:
        now = clock.now_ms()
        sums = {team: summary_of(self._office.store.live(team), now) for team in self._office.teams()}
        return answers.numbers(sums, self._office.tally.of_days(now, _DAYS), _DAYS)

    def _suppress(self, wanted: _Suppress, command: CommandRequested) -> Answer:
        people = self._people(command.request)
        voters = ", ".join(people.voters) or ("policy" if wanted.tier == 0 else "break-glass")

        def change(problem: Problem, now: int) -> Problem | str:
            lease = Lease(
                by=_by(command),
                reason=mask(wanted.reason),
                requester=people.requester,
                approver=voters,
                start=now,
                until=now + wanted.days * DAY_MS,
                tier=wanted.tier,
            )
            why = self._unfit(problem, wanted) or lease.why_not(now, wanted.days)
            return why or suppressed(problem, lease, self._office.law, now)

        answer = self._once(wanted.problem, command, "suppressed", change, "suppressed")
        if answer.outcome != "done" or self._office.modes.mode() is Mode.ACT:
            return answer
        return msgspec.structs.replace(answer, headline=f"{answer.headline}; {_ONLY_HERE}")

    def _unfit(self, problem: Problem, wanted: _Suppress) -> str:
        """Why what was granted no longer fits the problem; empty if it does."""
        state = problem.state
        if state.lease is not None and wanted.status != state.status:
            return f"it is suppressed already, by {state.lease.by}"
        if (state.severity, state.status) != (wanted.severity, wanted.status):
            return f"by now it is {state.severity} and {state.status}; shown was {wanted.severity} and {wanted.status}"
        if not state.failing:
            return f"it is {state.status}"
        level = self._office.law.judge.level(state.severity)
        if wanted.tier != level.tier:
            return f"by now a suppression of {state.severity} needs tier {level.tier}; this was of tier {wanted.tier}"
        if wanted.days > level.suppress_days:
            return f"{state.severity} may be suppressed for at most {level.suppress_days} days"
        return ""

    def _unsuppress(self, wanted: _One, command: CommandRequested) -> Answer:
        def change(problem: Problem, now: int) -> Problem | str:
            if problem.granted is not None:
                return unsuppressed(problem, self._office.law, _by(command), now)
            lease = problem.state.lease
            return f"{lease.by} of config/findings.yaml suppresses it" if lease else "nothing of ours suppresses it"

        return self._once(wanted.problem, command, "unsuppressed", change, "no longer suppressed by people")

    def _assign(self, wanted: _Assign, command: CommandRequested) -> Answer:
        teams = self._office.teams()
        back = wanted.team == RULES and RULES not in teams
        if wanted.team not in teams and not back:
            return refused(f"no such team; there are {', '.join(teams)}, and `{RULES}` for whom the rules say")
        team, whose = ("", "whose the rules say") if back else (wanted.team, f"of {wanted.team}")

        def change(problem: Problem, now: int) -> Problem:
            return assigned(problem, team, self._office.law, _by(command), now)

        return self._once(wanted.problem, command, "assigned", change, f"now {whose}")

    def _once(
        self,
        problem_id: str,
        command: CommandRequested,
        deed: Deed,
        change: Callable[[Problem, int], Problem | str],
        what: str,
    ) -> Answer:
        """Do `deed`, unless who did it died before the answer. `change` gives the problem afterwards, or why not."""
        why = ""

        def once(problem: Problem, now: int) -> Problem | None:
            nonlocal why
            why = ""
            if any((act.what, act.by) == (deed, _by(command)) for act in problem.acts):
                return None
            after = change(problem, now)
            why = after if isinstance(after, str) else ""
            return None if isinstance(after, str) else after

        problem = self._office.change(problem_id, once, actor=self._people(command.request).requester)
        if problem is None:
            return refused("no such problem here")
        return refused(why) if why else answers.changed(problem, what, clock.now_ms())


def _by(command: CommandRequested) -> str:
    """As acts and leases have it."""
    return f"request:{command.request}"
