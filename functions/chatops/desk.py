"""Commands, clicks and forms from the ingress's queue: who is it, what is wanted, may they, then decide and tell."""

import os
from typing import Any

from fleet import aws, clock, telemetry
from fleet.commands import registry
from fleet.events.envelope import decode
from fleet.items import Table
from fleet.secrets import Secret
from fleet.settings import Settings, compiled
from fleet.worker import DeadLetters, process
from functions.chatops.archive import Archive
from functions.chatops.counter import Counter
from functions.chatops.decisions import Decisions
from functions.chatops.delivery import Delivery
from functions.chatops.directory import Directory, StrangerError
from functions.chatops.filing import Hub
from functions.chatops.hurry import Hurry
from functions.chatops.inquiries import Inquiries
from functions.chatops.messages import MessageStore
from functions.chatops.people import People
from functions.chatops.slack import Slack
from functions.chatops.store import Store

settings = Settings.read()
hub, policy = compiled(Hub, beside=__file__)
people, _ = compiled(People, beside=__file__)
table = Table(aws.dynamodb(), settings.table)
store, messages = Store(table), MessageStore(table)
slack = Slack(Secret(aws.secretsmanager(), os.environ["YAGURA_SLACK_SECRET"]), os.environ["YAGURA_SLACK_API"])
directory = Directory(slack, people, hub.slack_team)
dead_letters = DeadLetters(aws.sqs(), settings.dead_letters)
hurry = Hurry(aws.sqs(), os.environ["YAGURA_PUMP_QUEUE"])
decisions = Decisions(store, messages, hub, people)
commands = registry()
PATIENCE_MS = 8 * 60_000
"""How long a delivery comes back while Slack cannot say whose it is; before the queue has given it up."""
inquiries = Inquiries(
    store=store, messages=messages, archive=Archive.from_environment(), registry=commands, hub=hub, people=people
)
counter = Counter(
    store=store,
    decisions=decisions,
    inquiries=inquiries,
    slack=slack,
    registry=commands,
    hub=hub,
    people=people,
    policy=policy,
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: a batch of the desk's queue."""
    return process(event, handle, dead_letters=dead_letters, capability=settings.capability)


def handle(body: str) -> None:
    """One delivery: from somebody known, to the counter; from a stranger, nothing but a count."""
    delivery = decode(Delivery, body)
    patient = clock.now_ms() - delivery.received < PATIENCE_MS
    try:
        person = directory.of(delivery, patient=patient)
    except StrangerError as stranger:
        telemetry.count("Stranger", capability=settings.capability, reason=stranger.reason)
        telemetry.log("stranger", delivery=delivery.id, reason=stranger.reason)
        if stranger.known_as:
            counter.turn_away(delivery, stranger.known_as, stranger.reason, clock.now_ms())
            hurry(decisions.told())
        return
    counter.serve(delivery, person, clock.now_ms())
    hurry(decisions.told())
