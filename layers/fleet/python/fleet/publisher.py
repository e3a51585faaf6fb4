"""Puts fleet events on the bus: batches of ten, partial failures retried by index, nothing dropped silently."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from fleet.events.envelope import MAX_ENTRY_BYTES, Entry

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

BATCH = 10
"""PutEvents takes at most ten entries."""


class Publisher:
    """PutEvents on one bus."""

    def __init__(
        self, client: "EventBridgeClient", bus: str, *, attempts: int = 3, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client, self._bus, self._attempts, self._sleep = client, bus, attempts, sleep

    def put(self, entries: Sequence[Entry]) -> set[str]:
        """Publish; returns the ids that EventBridge confirmed. The others stay the caller's to keep."""
        confirmed: set[str] = set()
        for batch in _batches(entries):
            confirmed |= self._put_batch(batch)
        return confirmed

    def _put_batch(self, batch: Sequence[Entry]) -> set[str]:
        left = list(batch)
        for attempt in range(self._attempts):
            if attempt:
                self._sleep(0.1 * 2**attempt)
            results = self._client.put_events(Entries=[self._request(entry) for entry in left])["Entries"]
            # The answer's entries stand in the order of the request's; one without an EventId was not taken.
            left = [entry for entry, result in zip(left, results, strict=True) if not result.get("EventId")]
            if not left:
                break
        return {entry.id for entry in batch} - {entry.id for entry in left}

    def _request(self, entry: Entry) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._bus,
            "Source": entry.source,
            "DetailType": entry.detail_type,
            "Detail": entry.detail,
        }


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """At most ten entries and MAX_ENTRY_BYTES together."""
    for ten in batched(entries, BATCH, strict=False):
        batch: list[Entry] = []
        size = 0
        for entry in ten:
            length = len(entry.detail.encode())
            if batch and size + length > MAX_ENTRY_BYTES:
                yield batch
                batch, size = [], 0
            batch.append(entry)
            size += length
        yield batch
