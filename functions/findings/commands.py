"""What people command about problems: looked at as they are now, never as the command remembers them."""

from collections.abc import Callable
from typing import Annotated

import msgspec

from fleet import clock
from fleet.command_answer import Answer, refused
from fleet.events.chatops import CommandRequested
from fleet.events.envelope import decode
from fleet.masking import mask
from fleet.modes import Mode
from fleet.refusal import RefusedError
from functions.findings import answers
from functions.findings.decision import assigned, suppressed, unsuppressed
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS, Lease
from functions.findings.office import Office
from functions.findings.problem import Problem
from functions.findings.summary import Summary

_DAYS = 30
ALL = "all"

type ProblemId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
type Name = Annotated[str, msgspec.Meta(max_length=64)]


class _List(msgspec.Struct, frozen=True):
    team: Name = ALL
    status: Name = "open"
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

    def __init__(self, office: Office, voters: Callable[[str], list[str]]) -> None:
        """`voters` gives the people who said yes to a request."""
        self._office, self._voters = office, voters

    def do(self, command: CommandRequested, _remaining_ms: Callable[[], int]) -> Answer:
        """Carry out a command that has been claimed. Only errors of our own table are raised."""
        if self._office.modes.mode() is Mode.OFF and command.command != "findings unsuppress":
            return refused("findings is off here")
        arguments = msgspec.json.encode(command.arguments)
        by = f"request:{command.request}"
        try:
            match command.command:
                case "findings list":
                    return self._list(decode(_List, arguments, at="$.arguments"))
                case "findings show":
                    return self._show(decode(_One, arguments, at="$.arguments"))
                case "findings numbers":
                    return self._numbers()
                case "findings suppress":
                    return self._suppress(decode(_Suppress, arguments, at="$.arguments"), command, by)
                case "findings unsuppress":
                    return self._unsuppress(decode(_One, arguments, at="$.arguments"), by)
                case "findings assign":
                    return self._assign(decode(_Assign, arguments, at="$.arguments"), by)
                case _:
                    return refused("the fleet of this account does not know the command: is it older than the hub's?")
        except RefusedError as error:
            return refused(f"{error.path}: {error.text}")

    def _list(self, wanted: _List) -> Answer:
        teams = self._office.teams()
        if wanted.team != ALL and wanted.team not in teams:
            return refused(f"no such team; there are {', '.join(teams)}")
        briefs = (
            brief
            for team in (teams if wanted.team == ALL else [wanted.team])
            for brief in self._office.store.live(team)
            if brief.status == wanted.status
        )
        return answers.listed(briefs, wanted.status, most=wanted.count, now=clock.now_ms())

    def _show(self, wanted: _One) -> Answer:
        problem = self._office.store.get(wanted.problem).problem
        if problem is None:
            return refused("no such problem here")
        return answers.shown(problem, self._office.law.judge.level(problem.state.severity), clock.now_ms())

    def _numbers(self) -> Answer:
        now = clock.now_ms()
        sums = {team: Summary() for team in self._office.teams()}
        for team, summary in sums.items():
            for brief in self._office.store.live(team):
                summary.add(brief, now)
        return answers.numbers(sums, self._office.tally.of_days(now, _DAYS), _DAYS)

    def _suppress(self, wanted: _Suppress, command: CommandRequested, by: str) -> Answer:
        why: list[str] = []
        voters = ", ".join(self._voters(command.request)) or ("policy" if wanted.tier == 0 else "break-glass")

        def change(problem: Problem, now: int) -> Problem | None:
            why.clear()
            if problem.granted is not None and problem.granted.by == by:
                return None  # whoever did it died before the answer
            if found := self._unfit(problem, wanted):
                why.append(found)
                return None
            lease = Lease(
                by=by,
                reason=mask(wanted.reason),
                requester=command.requester,
                approver=voters,
                start=now,
                until=now + wanted.days * DAY_MS,
            )
            return suppressed(problem, lease, self._office.law, now)

        problem = self._office.change(wanted.problem, change, actor=command.requester)
        if problem is None:
            return refused("no such problem here")
        return refused(why[0]) if why else answers.changed(problem, "suppressed", clock.now_ms())

    def _unfit(self, problem: Problem, wanted: _Suppress) -> str:
        """Why what was granted no longer fits the problem; empty if it does."""
        state = problem.state
        if (state.severity, state.status) != (wanted.severity, wanted.status):
            return f"by now it is {state.severity} and {state.status}; shown was {wanted.severity} and {wanted.status}"
        if state.status is not Status.OPEN:
            return f"it is {state.status}"
        level = self._office.law.judge.level(state.severity)
        if wanted.tier != level.tier:
            return f"by now a suppression of {state.severity} needs tier {level.tier}; this was of tier {wanted.tier}"
        if wanted.days > level.suppress_days:
            return f"{state.severity} may be suppressed for at most {level.suppress_days} days"
        return ""

    def _unsuppress(self, wanted: _One, by: str) -> Answer:
        known = self._office.store.get(wanted.problem).problem
        if known is None:
            return refused("no such problem here")
        if known.granted is None:
            lease = known.state.lease
            held = f"{lease.by} of config/findings.yaml suppresses it" if lease else "nothing of ours suppresses it"
            return refused(held)
        problem = self._office.change(
            wanted.problem, lambda problem, now: unsuppressed(problem, self._office.law, by, now), actor=by
        )
        return answers.changed(problem or known, "no longer suppressed by people", clock.now_ms())

    def _assign(self, wanted: _Assign, by: str) -> Answer:
        teams = self._office.teams()
        if wanted.team not in teams:
            return refused(f"no such team; there are {', '.join(teams)}")
        problem = self._office.change(
            wanted.problem, lambda problem, now: assigned(problem, wanted.team, self._office.law, by, now), actor=by
        )
        if problem is None:
            return refused("no such problem here")
        return answers.changed(problem, f"now of {wanted.team}", clock.now_ms())
