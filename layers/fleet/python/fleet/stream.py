"""What a capability's publisher does with what wakes it: its table's stream, or a schedule."""

from typing import Any

from fleet import telemetry
from fleet.outbox import Outbox


def publish(event: dict[str, Any], outbox: Outbox, *, capability: str) -> dict[str, Any]:
    """Flush the items that the stream names, or, on a tick, those that are overdue.

    A stream record that fails is reported, so that the shard is retried from it; the sweep has the same item in two
    minutes if even that is given up. A tick that fails for one item goes on with the next, and fails at its end.
    """
    if "Records" in event:
        return _hurry(event["Records"], outbox, capability)
    return _sweep(outbox, capability)


def _hurry(records: list[dict[str, Any]], outbox: Outbox, capability: str) -> dict[str, Any]:
    for record in records:
        try:
            if sent := outbox.flush(record["dynamodb"]["Keys"]["pk"]["S"]):
                telemetry.count("Published", capability=capability, by=sent)
        except Exception as error:  # noqa: BLE001 - whatever it is, the stream is to come back with this record
            telemetry.log_failure("publish failed", error)
            # A stream is retried from the first failure on: what stands behind it comes again as well.
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _sweep(outbox: Outbox, capability: str) -> dict[str, Any]:
    failures: list[Exception] = []
    for pk in outbox.overdue():
        try:
            if sent := outbox.flush(pk):
                telemetry.count("Swept", capability=capability, by=sent)
        except Exception as error:  # noqa: BLE001 - one item must not keep the others waiting
            telemetry.log_failure("sweep failed", error, item=pk)
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} items could not be published", failures)
    return {"batchItemFailures": []}
