"""The table of the capability `operations`.

    pk      command#<request id>       state working | refused | answered, lease_until (ms) while somebody works on it
    pk      letter#<queue>#<message>   a letter's intent: to, state intended | withdrawn | sent, again, request
    index   pending                    commands whose answer has not been told (fleet.outbox)

Access: both by key; untold answers by the index (publish). No Scan. Items expire (TTL `expires`) after 90 days; SQS
keeps neither a letter nor a command for more than 14.
"""

from collections.abc import Callable

from fleet.events.envelope import Entry
from fleet.items import ConflictError, Item, Table
from fleet.outbox import with_entries
from functions.operations.redrive import Intent

VERSION = 1
LEASE_MS = 120_000
"""Longer than the function may run, shorter than its queue hides a message: who dies leaves the lease to run out."""
_KEEP_SECONDS = 90 * 24 * 3600


class BusyError(Exception):
    """Somebody works on the command; the event is tried again later."""


class CommandStore:
    """Commands in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self, request: str, now: int) -> Item | None:
        """Take a command, to go on where another left it; None if it has been answered. Raises BusyError.

        One whose claim was refused may be tried again: the grant may have come after the event.
        """
        item = self._table.get(key(request))
        if item and item["state"] == "answered":
            return None
        if item and item["lease_until"] > now:
            raise BusyError(request)
        taken = (item or {"pk": key(request), "v": VERSION, "state": "working"}) | {
            "lease_until": now + LEASE_MS,
            "expires": now // 1000 + _KEEP_SECONDS,
        }
        if not self._table.put(taken, over=item):
            raise BusyError(request)
        return taken | {"rev": item["rev"] + 1 if item else 1}

    def finish(self, taken: Item, entry: Entry, now: int, *, authorised: bool) -> None:
        """Keep the answer and that it is to be told, at once. Raises ConflictError if the lease had run out."""
        again = taken["state"] == "refused" and not authorised
        done = taken | {"state": "answered" if authorised else "refused", "lease_until": 0}
        if not self._table.put(with_entries(done, [] if again else [entry], now), over=taken):
            raise ConflictError(taken["pk"])


class LetterStore:
    """What is remembered of the letters of one queue: the port `redrive.Memory`."""

    def __init__(self, table: Table, queue: str, request: str, now: int) -> None:
        self._table, self._queue, self._request, self._now = table, queue, request, now

    def recall(self, letter_id: str) -> Intent | None:
        """What is known of it."""
        return _intent(self._table.get(self._key(letter_id)))

    def intend(self, letter_id: str, to: str) -> None:
        """It is about to be sent. Raises ConflictError if someone else is about to, too."""
        self._put(letter_id, lambda item: {"to": to, "state": "intended", "again": _intent(item) is not None})

    def withdraw(self, letter_id: str) -> None:
        """It has certainly not been sent."""
        self._put(letter_id, lambda _item: {"state": "withdrawn"})

    def sent(self, letter_id: str) -> None:
        """It has been sent."""
        self._put(letter_id, lambda _item: {"state": "sent"})

    def _put(self, letter_id: str, change: Callable[[Item | None], Item]) -> None:
        key_ = self._key(letter_id)
        item = self._table.get(key_)
        known = item or {"pk": key_, "v": VERSION}
        stamp = {"request": self._request, "expires": self._now // 1000 + _KEEP_SECONDS}
        if not self._table.put(known | stamp | change(item), over=item):
            raise ConflictError(key_)

    def _key(self, letter_id: str) -> str:
        return f"letter#{self._queue}#{letter_id}"


def _intent(item: Item | None) -> Intent | None:
    if item is None or item["state"] == "withdrawn":
        return None
    return Intent(to=item["to"], sent=item["state"] == "sent", again=item["again"])


def key(request: str) -> str:
    """The command's key."""
    return f"command#{request}"
