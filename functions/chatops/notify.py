"""Fleet events that people should see, from the queue: composed, kept, posted. What cannot be posted now waits."""

import os
from typing import Any

from fleet import aws, clock, telemetry
from fleet.events.envelope import receive
from fleet.events.findings import FindingOpened
from fleet.items import Table
from fleet.modes import Mode, ModeSwitch
from fleet.secrets import Secret
from fleet.settings import Settings, compiled
from fleet.worker import DeadLetters, process
from functions.chatops.message import Channels, compose
from functions.chatops.slack import Slack, SlackRefusedError, SlackUnavailableError
from functions.chatops.store import MessageStore

settings = Settings.read()
channels, _ = compiled(Channels, beside=__file__)
messages = MessageStore(Table(aws.dynamodb(), settings.table))
slack = Slack(Secret(aws.secretsmanager(), os.environ["YAGURA_SLACK_SECRET"]), os.environ["YAGURA_SLACK_API"])
dead_letters = DeadLetters(aws.sqs(), settings.dead_letters)
modes = ModeSwitch(aws.ssm(), settings.capability)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: a batch of the queue, or the schedule's tick."""
    if "Records" not in event:
        return sweep()
    return process(event, handle, dead_letters=dead_letters, capability=settings.capability)


def handle(body: str) -> None:
    """One fleet event: once it is kept, nothing that happens to Slack can lose it."""
    message = compose(receive(FindingOpened, body), channels)
    if not messages.add(message, body, clock.now_ms()):
        telemetry.count("Repeated", capability=settings.capability)
    deliver(message.id)


def sweep() -> dict[str, Any]:
    """Post what waits: since a token was missing, Slack was away, or a function died half-way."""
    failures: list[Exception] = []
    for message_id in messages.waiting(before=clock.now_ms()):
        try:
            if not deliver(message_id):
                break
        except Exception as error:  # noqa: BLE001 - one message must not keep the others waiting
            telemetry.log_failure("sweep failed", error, message_id=message_id)
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} messages could not be posted", failures)
    return {}


def deliver(message_id: str) -> bool:
    """Post one message that nobody else is posting; False if there is no use in trying another one now."""
    if modes.mode() is Mode.OFF:
        return False
    if not (claimed := messages.claim(message_id, clock.now_ms())):
        return True
    try:
        messages.sent(message_id, slack.post(claimed.message), clock.now_ms())
    except SlackUnavailableError as error:
        messages.release(message_id)
        messages.report(error.status, clock.now_ms())
        telemetry.count("Waiting", capability=settings.capability)
        telemetry.log("waiting", message_id=message_id, why=error.status)
        return not error.for_all
    except SlackRefusedError as error:
        # The dead letter first: who dies in between leaves two of them rather than none.
        dead_letters.put(claimed.event, reason="slack", path="$", text=error.code, message_id=message_id)
        messages.refused(message_id, error.code, clock.now_ms())
        telemetry.count("Refused", capability=settings.capability, reason="slack")
    else:
        messages.report("ok", clock.now_ms())
        telemetry.count("Posted", capability=settings.capability)
    return True
