"""Problems in the table of the capability `chatops`: what people have been told of each, and storms of them.

    pk      problem#<id>                what is known of it, and in which channels it was told: `known` (JSON)
    pk      storm#<control>@<channel>   the window in which problems of one control are counted: `storm` (JSON); those
                                        that are escalated under storm#overdue#<control>@<channel>

Access: by key. Both expire (TTL): a problem a year after it was last heard of, a storm a day after its last problem.

Each problem is counted once: that it is counted, and that its news is told, become true in one transaction, on the
revisions that were read. The messages follow from what is written then, so whoever dies before they are kept finds the
same ones when the event comes again. The message of a window that is over is kept before another one takes its place.
"""

import random
import time
from collections.abc import Callable
from typing import Any

import msgspec

from fleet import telemetry
from fleet.clock import Clock
from fleet.items import ConflictError, Item, Table, to_dynamodb
from functions.chatops import known as core
from functions.chatops import storm as storms
from functions.chatops.known import Known
from functions.chatops.message import Message
from functions.chatops.messages import MessageStore
from functions.chatops.problem_message import Said
from functions.chatops.storm import Storm

VERSION = 1
TRIES = 30
"""Five workers at one control take turns; the unluckiest needs a few."""
_KEEP_SECONDS = 365 * 24 * 3600
_KEEP_STORM_SECONDS = 24 * 3600
_TAKEN = {"ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"}


class Problems:
    """What people are told of problems."""

    def __init__(
        self,
        table: Table,
        messages: MessageStore,
        *,
        capability: str,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table, self._messages = table, messages
        self._capability, self._clock, self._sleep = capability, clock, sleep

    def take(self, said: Said) -> list[Message]:
        """Remember what an event says; what is to be shown and said by now. Raises ConflictError."""
        for attempt in range(TRIES):
            if attempt:
                self._sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311 - taking turns, not a secret
            item = self._table.get(_key(said))
            before = None if item is None else msgspec.json.decode(item["known"], type=Known)
            after = core.heard(before, said)
            if after is not None and core.is_news(after, said):
                found = self._tell(after, said, over=item)
                if found is None:
                    continue
                return found
            if after is None or after is before or self._table.put(self._item(after, said), over=item):
                return [*core.messages(after, said), *self._storm_of(after, said)]
        raise ConflictError(said.problem)

    def _tell(self, known: Known, said: Said, *, over: Item | None) -> list[Message] | None:
        """Tell news by itself or in a storm; None if somebody else was faster."""
        item, old = self._storm(known, said)
        place = core.place_of(known, said)
        if old and place and place.window == old.start and not old.ended(said.time):
            # It is counted already: a problem that comes and goes is one.
            after = core.told(known, said, window=old.start, storm=place.storm)
            return core.messages(after, said) if self._table.put(self._item(after, said), over=over) else None
        if old and old.tells and old.ended(said.time):
            self._messages.keep(storms.message(old), self._clock())
        storm = storms.counted(old, known.standing, said.news_in, said.time, overdue=said.escalates)
        after = core.told(known, said, window=storm.start, storm=storm.subject if storm.tells else "")
        counted = {
            "pk": _storm_key(known, said),
            "v": VERSION,
            "storm": msgspec.json.encode(storm).decode(),
            "expires": self._clock() // 1000 + _KEEP_STORM_SECONDS,
        }
        if not self._together((self._item(after, said), over), (counted, item)):
            return None
        if not storm.tells:
            return core.messages(after, said)
        telemetry.count("Stormed", capability=self._capability)
        return [*core.messages(after, said), storms.message(storm)]

    def _storm_of(self, known: Known | None, said: Said) -> list[Message]:
        """The message of the storm that told this news, which whoever counted it may not have kept."""
        place = core.place_of(known, said) if known else None
        if known is None or place is None or not place.storm or place.news != said.version:
            return []
        _, storm = self._storm(known, said)
        return [storms.message(storm)] if storm and storm.subject == place.storm else []

    def _storm(self, known: Known, said: Said) -> tuple[Item | None, Storm | None]:
        item = self._table.get(_storm_key(known, said))
        return item, None if item is None else msgspec.json.decode(item["storm"], type=Storm)

    def _together(self, *written: tuple[Item, Item | None]) -> bool:
        """Write items where others were read (None: nothing), all or none. False if somebody else was faster."""
        client = self._table.client
        elements: Any = [self._put(item, over) for item, over in written]
        try:
            client.transact_write_items(TransactItems=elements)
        except client.exceptions.TransactionCanceledException as error:
            codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
            if not codes & _TAKEN:
                raise
            return False
        return True

    def _put(self, item: Item, over: Item | None) -> dict[str, Any]:
        rev = 0 if over is None else over["rev"]
        put: dict[str, Any] = {"TableName": self._table.name, "Item": to_dynamodb(item | {"rev": rev + 1})}
        if over is None:
            return {"Put": put | {"ConditionExpression": "attribute_not_exists(pk)"}}
        values = {":rev": {"N": str(rev)}}
        return {"Put": put | {"ConditionExpression": "rev = :rev", "ExpressionAttributeValues": values}}

    def _item(self, known: Known, said: Said) -> Item:
        return {
            "pk": _key(said),
            "v": VERSION,
            "known": msgspec.json.encode(known).decode(),
            "expires": self._clock() // 1000 + _KEEP_SECONDS,
        }


def _key(said: Said) -> str:
    return f"problem#{said.problem}"


def _storm_key(known: Known, said: Said) -> str:
    return f"storm#{storms.key(known.standing, said.news_in, overdue=said.escalates)}"
