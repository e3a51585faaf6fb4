"""Sends the answers that wait on commands: the table's stream hurries them, a schedule sweeps the rest."""

from typing import Any

from fleet import aws, clock
from fleet.items import Table
from fleet.outbox import Outbox
from fleet.publisher import Publisher
from fleet.settings import Settings
from fleet.stream import publish

settings = Settings.read()
table, publisher = Table(aws.dynamodb(), settings.table), Publisher(aws.events(), settings.bus)
outbox = Outbox(table, publisher, clock.now_ms, under="command#")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: records of the table's stream, or the schedule's tick."""
    return publish(event, outbox, capability=settings.capability)
