"""Puts fleet events on the bus: batches of ten, partial failures retried by index, nothing dropped silently."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fleet import telemetry
from fleet.events.envelope import MAX_ENTRY_BYTES, Entry

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

BATCH = 10
"""PutEvents takes at most ten entries."""


class Publisher:
    """PutEvents on the fleet bus of this account, and on those of others for entries that name one."""

    def __init__(
        self,
        client: "EventBridgeClient",
        bus: str,
        *,
        elsewhere: Callable[[str], "EventBridgeClient"] | None = None,
        attempts: int = 3,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`elsewhere` gives the client of another Region: PutEvents takes only buses of its own."""
        self._client, self._bus, self._attempts, self._sleep = client, bus, attempts, sleep
        self._elsewhere = elsewhere

    def put(self, entries: Sequence[Entry]) -> set[str]:
        """Publish; returns the ids that EventBridge confirmed on every bus that they are for.

        The others stay the caller's to keep. A bus that refuses keeps no other from its events; if all refuse, what
        the last one said is raised.
        """
        buses = dict.fromkeys(entry.bus for entry in entries)
        unconfirmed: set[str] = set()
        refusals: list[Exception] = []
        for bus in buses:
            here = [entry for entry in entries if entry.bus == bus]
            try:
                for batch in _batches(here):
                    unconfirmed |= {entry.id for entry in batch} - self._put_batch(batch, bus)
            except (ClientError, BotoCoreError) as error:
                telemetry.log_failure("bus refused", error, bus=bus or self._bus)
                unconfirmed |= {entry.id for entry in here}
                refusals.append(error)
        if refusals and len(refusals) == len(buses):
            raise refusals[-1]
        return {entry.id for entry in entries} - unconfirmed

    def _put_batch(self, batch: Sequence[Entry], bus: str) -> set[str]:
        left = list(batch)
        client = self._client_of(bus)
        for attempt in range(self._attempts):
            if attempt:
                self._sleep(0.1 * 2**attempt)
            results = client.put_events(Entries=[self._request(entry) for entry in left])["Entries"]
            # The answer's entries stand in the order of the request's; one without an EventId was not taken.
            left = [entry for entry, result in zip(left, results, strict=True) if not result.get("EventId")]
            if not left:
                break
        return {entry.id for entry in batch} - {entry.id for entry in left}

    def _client_of(self, bus: str) -> "EventBridgeClient":
        region = bus.split(":")[3] if bus else ""
        if self._elsewhere is None or region in {"", self._client.meta.region_name}:
            return self._client
        return self._elsewhere(region)

    def _request(self, entry: Entry) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": entry.bus or self._bus,
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
