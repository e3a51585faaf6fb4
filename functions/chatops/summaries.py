"""Digests and baselines in the table of the capability `chatops`: the parts of a team's day, and when it grew.

    pk      summary#<kind>#<team>#<day>   the parts that came, by account and Region: `summary` (JSON); its revision is
                                          the version of the message

Access: by key. One conditional write for each part; one that is known already changes nothing. Expires (TTL) after 30
days: queues keep 14.
"""

import msgspec

from fleet.clock import Clock
from fleet.events.envelope import Received
from fleet.events.findings import FindingsSummarized
from fleet.items import ConflictError, Table
from functions.chatops import summary_message as core
from functions.chatops.message import Message
from functions.chatops.routes import Routing
from functions.chatops.summary_message import Summary

VERSION = 1
_TRIES = 10
_KEEP_SECONDS = 30 * 24 * 3600


class Summaries:
    """One message for each team and day."""

    def __init__(self, table: Table, routing: Routing, *, clock: Clock) -> None:
        self._table, self._routing, self._clock = table, routing, clock

    def take(self, event: Received[FindingsSummarized]) -> list[Message]:
        """Add a part; the message as it stands by now, none if there is nothing to tell.

        Raises RefusedError, ConflictError.
        """
        new = core.summary_of(event, self._routing)
        subject = f"{new.kind}#{event.meta.team}#{new.day}"
        pk = f"summary#{subject}"
        for _ in range(_TRIES):
            item = self._table.get(pk)
            old = None if item is None else msgspec.json.decode(item["summary"], type=Summary)
            revision = 0 if item is None else item["rev"]
            after = core.joined(old, new)
            if after is None:
                return _messages(old, subject, revision)
            text = msgspec.json.encode(after).decode()
            expires = self._clock() // 1000 + _KEEP_SECONDS
            if self._table.put({"pk": pk, "v": VERSION, "summary": text, "expires": expires}, over=item):
                return _messages(after, subject, revision + 1)
        raise ConflictError(pk)


def _messages(summary: Summary | None, subject: str, version: int) -> list[Message]:
    return [] if summary is None or summary.empty else [core.message(summary, subject, version)]
