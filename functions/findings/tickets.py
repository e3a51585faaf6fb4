"""Problems that want an issue opened, closed or opened again, from the queue: what is wanted is read from the problem.

Who fails leaves it to the queue, and then to the sweep.
"""

import os
from typing import Any

import msgspec

from fleet import aws
from fleet.events.envelope import decode
from fleet.secrets import Secret
from fleet.worker import DeadLetters, process
from functions.findings.allowance import budget_of
from functions.findings.github import GitHub
from functions.findings.issues import Issues
from functions.findings.office import Office

office = Office.open(beside=__file__)
dead_letters = DeadLetters(aws.sqs(), office.settings.dead_letters)
github = GitHub(Secret(aws.secretsmanager(), os.environ["YAGURA_GITHUB_SECRET"]), os.environ["YAGURA_GITHUB_API"])
issues = Issues(office, github, budget_of(office))


class Wanted(msgspec.Struct, frozen=True):
    """A message of the queue."""

    problem: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: a batch of the queue."""
    return process(event, handle, dead_letters=dead_letters, capability=office.settings.capability)


def handle(message: str) -> None:
    """One problem."""
    issues.bring_about(decode(Wanted, message).problem)
