"""Sends what the outbox of requests holds: commands to the accounts concerned, decisions to whoever waits for them."""

from typing import Any

from fleet import aws, clock
from fleet.items import Table
from fleet.outbox import Outbox
from fleet.publisher import Publisher
from fleet.settings import Settings
from fleet.stream import publish

settings = Settings.read()
publisher = Publisher(aws.events(), settings.bus, elsewhere=aws.events_in)
outbox = Outbox(Table(aws.dynamodb(), settings.table), publisher, clock.now_ms, under="request#")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: the table's stream, or the schedule's tick."""
    return publish(event, outbox, capability=settings.capability)
