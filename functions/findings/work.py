"""Commands from the hub, from the queue: ours? -> claim -> do -> keep the answer. Telling it is for `publish`."""

from typing import Any

from fleet import approvals, aws
from fleet.command_work import CommandWork
from fleet.worker import DeadLetters, process
from functions.findings.commands import Commands
from functions.findings.office import Office

office = Office.open(beside=__file__)
settings = office.settings
dead_letters = DeadLetters(aws.sqs(), settings.dead_letters)
claims = approvals.from_environment()
commands = Commands(office, claims.people)
work = CommandWork(settings.capability, settings.account, settings.region, office.table, claims, commands.do)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point: a batch of the queue."""

    def handle(body: str) -> None:
        work.handle(body, context.get_remaining_time_in_millis)

    done = process(event, handle, dead_letters=dead_letters, capability=settings.capability)
    office.write_tally()
    return done
