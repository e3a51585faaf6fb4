"""Problems whose findings are to be changed in Security Hub, from the queue: collect, ask in batches, write down.

What is to be changed stands on the problem; a message only says which. Asking twice does no harm, and what Security
Hub did not take stays on the problem: the message comes again, and then the sweep.
"""

import contextlib
from typing import Any

import msgspec

from fleet import aws
from fleet.events.envelope import decode
from fleet.refusal import RefusedError
from fleet.worker import DeadLetters, process
from functions.findings.allowance import budget_of
from functions.findings.asking import Asking, Errors
from functions.findings.office import Office
from functions.findings.securityhub import Pacer, SecurityHub

office = Office.open(beside=__file__)
dead_letters = DeadLetters(aws.sqs(), office.settings.dead_letters)
hub = SecurityHub(aws.securityhub(), Pacer(per_second=3))
asking = Asking(office, hub, budget_of(office))


class Wanted(msgspec.Struct, frozen=True):
    """A message of the queue."""

    problem: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: a batch of the queue. Its problems are asked for together, with the first message."""
    together = _Together()
    for record in event["Records"]:
        together.expect(record["body"])
    return process(event, together.handle, dead_letters=dead_letters, capability=office.settings.capability)


class _Together:
    """The problems of one batch of messages."""

    def __init__(self) -> None:
        self._problems: dict[str, None] = {}
        self._errors: Errors | None = None

    def expect(self, body: str) -> None:
        with contextlib.suppress(RefusedError):  # `handle` refuses it by itself, with its reason
            self._problems[decode(Wanted, body).problem] = None

    def handle(self, body: str) -> None:
        """One message: its problem has been asked for, with all the others. Raises what kept it from that, once."""
        problem = decode(Wanted, body).problem
        if self._errors is None:
            self._errors = asking.bring_about(self._problems)
        if error := self._errors.pop(problem, None):
            raise error
