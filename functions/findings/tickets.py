"""Problems that want an issue opened, opened again or closed, from the queue: one issue for each, ever.

The intent stands on the problem before GitHub is asked, so whoever dies in between looks for the issue, by the mark
in its text, before one is opened again.
"""

import os
from typing import Any

import msgspec

from fleet import aws, telemetry
from fleet.clock import wall_ms
from fleet.events.envelope import decode
from fleet.modes import Mode
from fleet.refusal import RefusedError
from fleet.secrets import Secret
from fleet.worker import DeadLetters, process
from functions.findings.effects import issue_wanted
from functions.findings.github import LABEL, GitHub, GitHubRefusedError, Ticket
from functions.findings.office import Office
from functions.findings.problem import Issue, Problem
from functions.findings.ticket import body, closing, mark, reopening, title

office = Office.open(beside=__file__)
dead_letters = DeadLetters(aws.sqs(), office.settings.dead_letters)
CAPABILITY = office.settings.capability
github = GitHub(Secret(aws.secretsmanager(), os.environ["YAGURA_GITHUB_SECRET"]), os.environ["YAGURA_GITHUB_API"])


class Wanted(msgspec.Struct, frozen=True):
    """A message of the queue."""

    problem: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: a batch of the queue."""
    return process(event, handle, dead_letters=dead_letters, capability=CAPABILITY)


def handle(message: str) -> None:
    """One problem; what is wanted is read from it, not from the message."""
    problem = office.store.get(decode(Wanted, message, at="$").problem).problem
    wanted = issue_wanted(problem) if problem else ""
    if problem is None or not wanted or (wanted != "close" and office.modes.mode() is not Mode.ACT):
        return
    try:
        if wanted == "open":
            _open(problem)
        elif issue := problem.issue:
            ticket = Ticket(issue.repository, issue.number, issue.url)
            if wanted == "close":
                github.close(ticket, comment=closing(problem))
            else:
                github.reopen(ticket, comment=reopening(problem))
            _keep(problem.id, msgspec.structs.replace(issue, open=wanted == "reopen"))
    except GitHubRefusedError as refusal:
        raise RefusedError("github", "$.problem", f"GitHub refused: {refusal.why}") from refusal
    telemetry.count("Ticket", capability=CAPABILITY, reason=wanted)


def _open(problem: Problem) -> None:
    intent = problem.issue or Issue(repository=problem.state.ticket, since=wall_ms())
    found: Ticket | None = None
    if problem.issue is None:
        _keep(problem.id, intent)
    else:  # somebody was about to: it may be there
        found = github.find(intent.repository, mark(problem), intent.since)
    ticket = found or github.open(intent.repository, title=title(problem), body=body(problem), labels=[LABEL])
    _keep(problem.id, msgspec.structs.replace(intent, number=ticket.number, url=ticket.url))


def _keep(problem_id: str, issue: Issue) -> None:
    office.change(
        problem_id, lambda problem, _now: msgspec.structs.replace(problem, issue=issue), actor="yagura.findings"
    )
