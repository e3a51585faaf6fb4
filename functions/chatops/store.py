"""The table of the capability `chatops`.

    pk      message#<event id>   one item per message: state waiting | sent | refused, claimed_until while it is posted
    pk      status#slack         what keeps messages waiting, if anything does
    index   pending              messages that wait

Access: a message by id (notify); those that wait, by the index (sweep); the status by key. No Scan. Messages expire
(TTL) 90 days after they were sent or refused; one that waits never does.
"""

import msgspec

from fleet.items import ConflictError, Item, Table
from functions.chatops.message import Message

VERSION = 1
CLAIM_MS = 60_000
"""Longer than a post takes with all its retries. A poster that dies leaves its claim to run out."""
_KEEP_SECONDS = 90 * 24 * 3600
_STATUS = "status#slack"


class Claimed(msgspec.Struct, frozen=True):
    """A message that is ours to post."""

    message: Message
    event: str
    """As it came, for the dead letter."""


class MessageStore:
    """Messages in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, message: Message, event: str, now: int) -> bool:
        """Keep a message, and the event that it tells of, until it is sent. False if it is known already."""
        item = {
            "pk": key(message.id),
            "v": VERSION,
            "state": "waiting",
            "message": msgspec.json.encode(message).decode(),
            "event": event,
            "pending": "1",
            "pending_since": now,
        }
        return self._table.put(item, over=None)

    def claim(self, message_id: str, now: int) -> Claimed | None:
        """Take a message to post it; None if it has been sent, or someone else has it.

        One that was refused may be tried again: its event comes back by redrive, or for want of its dead letter.
        """
        item = self._table.get(key(message_id))
        if item is None or item["state"] == "sent" or item.get("claimed_until", 0) > now:
            return None
        waiting = {"state": "waiting", "pending": "1", "pending_since": item.get("pending_since", now)}
        if not self._table.put(item | waiting | {"claimed_until": now + CLAIM_MS}, over=item):
            return None
        return Claimed(msgspec.json.decode(item["message"], type=Message), item["event"])

    def release(self, message_id: str) -> None:
        """Give a claimed message back: it goes on waiting."""
        self._change(message_id, {"claimed_until": 0}, done=False)

    def sent(self, message_id: str, ts: str, now: int) -> None:
        """The channel has it, under `ts`."""
        self._change(message_id, {"state": "sent", "ts": ts, "expires": now // 1000 + _KEEP_SECONDS}, done=True)

    def refused(self, message_id: str, why: str, now: int) -> None:
        """Slack will never take it."""
        self._change(
            message_id,
            {"state": "refused", "why": why, "claimed_until": 0, "expires": now // 1000 + _KEEP_SECONDS},
            done=True,
        )

    def waiting(self, before: int) -> list[str]:
        """Ids of messages that have waited since before `before`, oldest first."""
        return [pk.removeprefix(key("")) for pk in self._table.pending(before=before)]

    def report(self, status: str, now: int) -> None:
        """Say what keeps messages waiting (`ok`: nothing does); written only when it changes."""
        item = self._table.get(_STATUS)
        if (item or {}).get("status") != status:
            self._table.put({"pk": _STATUS, "v": VERSION, "status": status, "since": now}, over=item)

    def _change(self, message_id: str, change: Item, *, done: bool) -> None:
        for _ in range(5):
            item = self._table.get(key(message_id))
            if item is None:
                return
            left = {name: value for name, value in item.items() if not (done and name.startswith("pending"))}
            if self._table.put(left | change, over=item):
                return
        raise ConflictError(key(message_id))


def key(message_id: str) -> str:
    """The item's key."""
    return f"message#{message_id}"
