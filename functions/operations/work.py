"""Commands from the hub, from the queue: ours? -> claim -> do -> keep the answer. Telling it is for `publish`."""

from typing import Any

from fleet import approvals, aws, clock, telemetry
from fleet.approvals import NotApprovedError
from fleet.events.chatops import CommandRequested
from fleet.events.envelope import receive
from fleet.items import Table
from fleet.modes import ModeSwitch
from fleet.refusal import RefusedError
from fleet.settings import Settings
from fleet.worker import DeadLetters, process
from functions.operations.answers import Answer, not_approved, told
from functions.operations.commands import Commands
from functions.operations.letters import Place
from functions.operations.store import CommandStore

settings = Settings.read()
here = Place(settings.account, settings.region)
table = Table(aws.dynamodb(), settings.table)
dead_letters = DeadLetters(aws.sqs(), settings.dead_letters)
claims = approvals.from_environment()
commands = CommandStore(table)
clients = {
    "sqs": aws.sqs(),
    "tagging": aws.tagging(),
    "events": aws.events(),
    "lambda": aws.lambda_(),
    "ssm": aws.ssm(),
}
work = Commands(clients, table, ModeSwitch(aws.ssm(), settings.capability), here)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point: a batch of the queue."""
    return process(event, lambda body: handle(body, context), dead_letters=dead_letters, capability=settings.capability)


def handle(body: str, context: Any) -> None:
    """One command, done at most once. Raises RefusedError if it is not for us."""
    received = receive(CommandRequested, body)
    if received.data.capability != settings.capability:
        raise RefusedError("foreign", "$.detail.data.capability", f"expected {settings.capability}")
    if Place(received.data.account, received.data.region) != here:
        raise RefusedError("elsewhere", "$.detail.data.account", "expected this account and Region")
    if (taken := commands.begin(received.data.request, clock.now_ms())) is None:
        return telemetry.count("Repeated", capability=settings.capability)
    answer = answer_to(received.data, context)
    now = clock.now_ms()
    commands.finish(taken, told(answer, received, here, now), now, authorised=answer.authorised)
    return telemetry.count("Answered", capability=settings.capability, reason=answer.outcome)


def answer_to(asked: CommandRequested, context: Any) -> Answer:
    """Carry out what people have granted: the event alone authorises nothing."""
    what: dict[str, Any] = {"command": asked.command, "arguments": asked.arguments}
    place: dict[str, Any] = {"account": here.account, "region": here.region}
    by = f"{here.account}:{here.region}:{settings.capability}"
    try:
        claims.claim(asked.request, **what, **place, by=by, now=clock.now_ms())
    except NotApprovedError as error:
        telemetry.count("Refused", capability=settings.capability, reason=error.reason)
        return not_approved(error.reason)
    return work.do(asked, context.get_remaining_time_in_millis)
