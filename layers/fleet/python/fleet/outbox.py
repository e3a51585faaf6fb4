"""The transactional outbox: an unsent fleet event stays on its item until EventBridge has confirmed it.

    an item            pk, rev, ..., outbox: [entry, ...], pending: "1", pending_since: ms
    index `pending`    pending (hash), pending_since (range); sparse: only items with something unsent stand in it

The event is written in the same put as the fact. The table's stream only hurries it; `sweep` finds by the index what
is older than SWEEP_AFTER_MS, so a publisher that is down for days loses nothing. Sent twice is possible, lost is not:
readers tell repeats by `meta.id`.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from fleet.clock import Clock
from fleet.events.envelope import Entry
from fleet.items import DUE, UNSENT, ConflictError, Item, Table

if TYPE_CHECKING:
    from fleet.publisher import Publisher

SWEEP_AFTER_MS = 120_000
_PENDING = {"pending", "pending_since"}
_CONFIRM_ATTEMPTS = 5


def with_entries(item: Item, entries: Sequence[Entry], now: int) -> Item:
    """The item with `entries` added to its outbox."""
    if not entries:
        return item
    outbox = [*item.get("outbox", []), *(msgspec.to_builtins(entry) for entry in entries)]
    since = item["pending_since"] if item.get("pending") == UNSENT else now
    return item | {"outbox": outbox, "pending": UNSENT, "pending_since": since}


def without_entries(item: Item, sent: set[str]) -> Item:
    """The item without the entries whose ids are in `sent`; out of the index when none is left."""
    left = [entry for entry in item.get("outbox", []) if entry["id"] not in sent]
    if left:
        return item | {"outbox": left}
    return with_due({name: value for name, value in item.items() if name not in {"outbox", *_PENDING}})


def with_due(item: Item) -> Item:
    """The item as the index is to have it when nothing of its outbox waits: by `due_at`, if it has that."""
    if item.get("pending") == UNSENT:
        return item
    plain = {name: value for name, value in item.items() if name not in _PENDING}
    return plain | {"pending": DUE, "pending_since": item["due_at"]} if "due_at" in item else plain


class Outbox:
    """Sends what waits on the items of one table."""

    def __init__(self, table: Table, publisher: "Publisher", clock: Clock, *, under: str = "") -> None:
        """`under`: how the keys of items begin that may hold events; nothing is sent of others."""
        self._table, self._publisher, self._clock, self._under = table, publisher, clock, under

    def flush(self, pk: str) -> int:
        """Publish what waits on one item, then take it off; returns how many events went out.

        Raises UnsentError if EventBridge did not take all, ConflictError if the item would not hold still.
        """
        item = self._table.get(pk) if pk.startswith(self._under) else None
        entries = [msgspec.convert(entry, Entry) for entry in (item or {}).get("outbox", [])]
        if not entries:
            return 0
        sent = self._publisher.put(entries)
        if sent:  # else the write, which changes nothing, would wake the stream again, and again
            self._confirm(pk, item, sent)
        if unsent := [entry for entry in entries if entry.id not in sent]:
            raise UnsentError(f"EventBridge did not take {len(unsent)} of {len(entries)} events of {pk}")
        return len(sent)

    def _confirm(self, pk: str, item: Item | None, sent: set[str]) -> None:
        for _ in range(_CONFIRM_ATTEMPTS):
            if item is None or self._table.put(without_entries(item, sent), over=item):
                return
            item = self._table.get(pk)
        raise ConflictError(pk)

    def overdue(self) -> Iterator[str]:
        """Keys of the items on which something has waited too long, oldest first."""
        return self._table.pending(before=self._clock() - SWEEP_AFTER_MS, under=self._under)


class UnsentError(Exception):
    """EventBridge did not take an event; it stays on its item."""
