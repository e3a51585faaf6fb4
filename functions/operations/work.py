"""Commands from the hub, from the queue: ours? -> claim -> do -> keep the answer. Telling it is for `publish`."""

from typing import Any

from fleet import approvals, aws
from fleet.command_work import CommandWork
from fleet.items import Table
from fleet.modes import ModeSwitch
from fleet.settings import Settings
from fleet.worker import DeadLetters, process
from functions.operations.commands import Commands
from functions.operations.letters import Place

settings = Settings.read()
here = Place(settings.account, settings.region)
table = Table(aws.dynamodb(), settings.table)
dead_letters = DeadLetters(aws.sqs(), settings.dead_letters)
clients = {
    "sqs": aws.sqs(),
    "tagging": aws.tagging(),
    "events": aws.events(),
    "lambda": aws.lambda_(),
    "ssm": aws.ssm(),
}
commands = Commands(clients, table, ModeSwitch(aws.ssm(), settings.capability), here)
work = CommandWork(settings.capability, here.account, here.region, table, approvals.from_environment(), commands.do)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point: a batch of the queue."""

    def handle(body: str) -> None:
        work.handle(body, context.get_remaining_time_in_millis)

    return process(event, handle, dead_letters=dead_letters, capability=settings.capability)
