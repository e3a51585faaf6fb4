"""The table of the capability `operations`.

    pk      command#<request id>       a command and its answer (fleet.command_work)
    pk      letter#<queue>#<message>   a letter's intent: to, state intended | withdrawn | sent, again, request
    index   pending                    commands whose answer has not been told (fleet.outbox)

Access: both by key; untold answers by the index (publish). No Scan. Items expire (TTL `expires`) after 90 days; SQS
keeps neither a letter nor a command for more than 14.
"""

from collections.abc import Callable

from fleet.items import ConflictError, Item, Table
from functions.operations.redrive import Intent

VERSION = 1
_KEEP_SECONDS = 90 * 24 * 3600


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
