"""Issues of problems: one for each, ever.

Who is at a problem's issue says so on the problem before GitHub is asked (`busy`): two would open two. Who dies there
leaves it to run out; whoever comes then looks for the issue, by the mark in its text, before one is opened again.
"""

from typing import NamedTuple

from msgspec.structs import replace

from fleet import clock, telemetry
from fleet.budget import Budget
from fleet.modes import Mode
from fleet.refusal import RefusedError
from functions.findings.effects import issue_deed, issue_wanted
from functions.findings.github import LABEL, GitHub, GitHubRefusedError, GitHubUnavailableError, Ticket
from functions.findings.office import Office
from functions.findings.problem import Issue, Problem
from functions.findings.ticket import body, closing, mark, reopening, title

BUSY_MS = 120_000
"""Longer than the function may run, shorter than its queue hides a message."""


class _Claim(NamedTuple):
    """What we alone are to do now."""

    wanted: str
    problem: Problem
    issue: Issue
    again: bool
    """Whether somebody was about to open it before."""


class Issues:
    """Of this deployment's problems."""

    def __init__(self, office: Office, github: GitHub, budget: Budget) -> None:
        self._office, self._github, self._budget = office, github, budget

    def bring_about(self, problem_id: str) -> None:
        """What a problem wants of its issue. Raises RefusedError or GitHubUnavailableError; then it is kept."""
        known = self._office.store.get(problem_id).problem
        if known is None or not self._may(known):
            return
        now, cost = clock.now_ms(), 0 if issue_wanted(known) == "close" else 1
        if cost and not self._budget.take(cost, now):
            return  # the sweep comes back to it
        claim = self._claim(problem_id)
        if claim is None:
            return
        try:
            issue = self._done(claim)
        except GitHubUnavailableError:
            self._budget.give_back(cost, now)
            raise
        except GitHubRefusedError as refusal:
            # It stays busy: the message that the claim itself has sent comes to nothing.
            refused = replace(claim.issue, refused=issue_deed(claim.problem), open=claim.issue.number > 0)
            self._keep(problem_id, refused)
            raise RefusedError("github", "$.problem", f"GitHub refused: {refusal.why}") from refusal
        self._keep(problem_id, issue)
        telemetry.count("Ticket", capability="findings", reason=claim.wanted)

    def _may(self, problem: Problem) -> bool:
        """Whether something is to be done, and nobody is at it. Closing is undoing: no mode holds it back."""
        wanted, issue = issue_wanted(problem), problem.issue
        if issue is not None and issue.busy > clock.wall_ms():
            return False
        return wanted == "close" or (bool(wanted) and self._office.modes.mode() is Mode.ACT)

    def _claim(self, problem_id: str) -> _Claim | None:
        claims: list[_Claim] = []

        def change(problem: Problem, _now: int) -> Problem | None:
            claims.clear()
            if not self._may(problem):
                return None
            known, now, repository = problem.issue, clock.wall_ms(), problem.state.ticket
            # Where GitHub refused to open one, there is none to be looked for.
            again = known is not None and (known.number > 0 or not known.refused or known.repository == repository)
            issue = known if known is not None and again else Issue(repository=repository, since=now)
            issue = replace(issue, busy=now + BUSY_MS)
            problem = replace(problem, issue=issue)
            claims.append(_Claim(issue_wanted(problem), problem, issue, again))
            return problem

        self._office.change(problem_id, change, actor="yagura.findings")
        return claims[0] if claims else None

    def _done(self, claim: _Claim) -> Issue:
        """Do it; the issue afterwards. Raises GitHubRefusedError or GitHubUnavailableError."""
        issue, problem = claim.issue, claim.problem
        ticket: Ticket | None = Ticket(issue.repository, issue.number, issue.url)
        if not issue.number:
            ticket = self._github.find(issue.repository, mark(problem), issue.since) if claim.again else None
        if claim.wanted != "close" and ticket is None:
            ticket = self._github.open(issue.repository, title=title(problem), body=body(problem), labels=[LABEL])
        elif claim.wanted != "close" and ticket:
            self._github.reopen(ticket, comment=reopening(problem))  # nothing, if it is open
        elif ticket:
            self._github.close(ticket, comment=closing(problem))
        if ticket:
            issue = replace(issue, number=ticket.number, url=ticket.url)
        return replace(issue, open=claim.wanted != "close", busy=0, refused="")

    def _keep(self, problem_id: str, issue: Issue) -> None:
        """Nobody else has changed the issue: we were at it."""
        self._office.change(
            problem_id, lambda problem, _now: replace(problem, issue=issue, again=None), actor="yagura.findings"
        )
