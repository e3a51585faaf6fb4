"""Sends what waits on problems, as the table's stream brings them: fleet events to the bus, errands to their queues.

A schedule sweeps the events that the stream has left behind; errands that were left are the sweep's.
"""

from typing import Any

from fleet import aws, clock, telemetry
from fleet.items import Table
from fleet.outbox import Outbox
from fleet.publisher import Publisher
from fleet.settings import Settings
from fleet.stream import publish
from functions.findings.errands import Errands

settings = Settings.read()
outbox = Outbox(Table(aws.dynamodb(), settings.table), Publisher(aws.events(), settings.bus), clock.now_ms)
errands = Errands.from_environment(aws.sqs())
_PROBLEM = "problem#"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: records of the table's stream, or the schedule's tick."""
    for record in event.get("Records", []):
        run_errands(record["dynamodb"].get("NewImage", {}))
    return publish(event, outbox, capability=settings.capability)


def run_errands(image: dict[str, Any]) -> None:
    """Those of one item, as it was written. The sweep makes good what fails here: it must not hold up the events.

    Once its events are sent, the item is written again with the same wants: these are on their way.
    """
    pk, wanted = image.get("pk", {}).get("S", ""), image.get("wants", {}).get("S", "")
    if wanted and pk.startswith(_PROBLEM) and image.get("wants_rev") == image.get("rev"):
        try:
            errands.send(pk.removeprefix(_PROBLEM), wanted.split())
        except Exception as error:  # noqa: BLE001 - see above
            telemetry.log_failure("errand not sent", error, item=pk)
