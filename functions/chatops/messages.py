"""Messages in the table of the capability `chatops`: what each channel should show, and what it shows.

    pk      message#<subject>@<channel>  a message: `telling` (JSON); while it waits, pending "send#<lane>" and
                                         pending_since = its rank in the lane (not a time for those not critical)
    pk      draft#<subject>@<channel>#<version>
                                         a message that was kept with a decision, until it is put into its lane;
                                         pending "draft" (TTL 1 day after)
    pk      lane#<lane>                  whose turn it is, and when; pending "lane" while something may wait there
    pk      status#slack                 what keeps messages waiting, if anything does
    index   pending

Access: by key; what waits in a lane, which lanes are to be looked after, and drafts, by the index. No Scan. Messages
expire (TTL) a year after they were sent, refused or dropped, since what they tell may take long to change; one that
waits never does.

Why drafts: a decision keeps its messages in its own transaction, and no element of it may fail because a newer version
is there already. DynamoDB has no condition that only skips, and no greater-of-two in an update. So a draft is an
unconditional put under a key of its own, the same however often it is repeated; which version is the newest is decided
when it is put into its lane, by revision.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from fleet import telemetry
from fleet.items import UNSENT, ConflictError, Item, Table, to_dynamodb
from functions.chatops import outbox
from functions.chatops.message import Message, Priority
from functions.chatops.outbox import Lane, Telling

VERSION = 2
DRAFT, LANE = "draft", "lane"
_EVER = 10**15
_TRIES = 10
_KEEP_SECONDS = 365 * 24 * 3600
_KEEP_DRAFT_SECONDS = 24 * 3600
_GIVE_UP_DRAFT_MS = 24 * 3_600_000
_STATUS = "status#slack"

type Change = Callable[[Telling], Telling | None]


class _First(msgspec.Struct, frozen=True):
    """A message as version 1 of this table had it."""

    id: str
    channel: str
    text: str
    blocks: list[dict[str, object]]


class UnreadableError(Exception):
    """What stands under a key is no message."""


class MessageStore:
    """Messages and their lanes in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, message: Message, now: int) -> bool:
        """Keep a message until its channel shows it; False if this version, or a newer one, is known already."""
        pk = key(message.subject, message.channel)
        new = self._write(pk, lambda old: outbox.kept(old, message, now), now)
        # After the message, and also when it is known: whoever died in between comes again.
        self._mark(outbox.lane_of(message), now)
        return new

    def keep_item(self, message: Message, now: int, *, also: Sequence[str] = ()) -> dict[str, Any]:
        """One element of a transaction that keeps a message, without a condition that could fail.

        `also`: other channels that are told the same; a transaction has a hundred elements, a company more teams.
        """
        item = {
            "pk": f"draft#{message.subject}@{message.channel}#{message.version}",
            "v": VERSION,
            "rev": 1,
            "message": msgspec.json.encode(message).decode(),
            "also": list(also),
            "pending": DRAFT,
            "pending_since": now,
        }
        return {"Put": {"TableName": self._table.name, "Item": to_dynamodb(item)}}

    def place_drafts(self, now: int) -> set[str]:
        """Put drafts into their lanes, and return these. Two may do it at once: placed twice is placed once."""
        lanes = set[str]()
        for pk in list(self._table.pending(before=_EVER, of=DRAFT, under="draft#")):
            item = self._table.get(pk)
            if item is None or "pending" not in item:
                continue  # the index is behind
            placed = _without_pending(item) | {"expires": now // 1000 + _KEEP_DRAFT_SECONDS}
            try:
                lanes |= self._place(item)
            except Exception as error:  # noqa: BLE001 - one draft must not keep the others waiting
                telemetry.log_failure("draft not placed", error, draft=pk)
                if now - item["pending_since"] < _GIVE_UP_DRAFT_MS:
                    continue
                placed |= {"state": "unreadable"}
                telemetry.count("Refused", capability="chatops", reason="unreadable")
            self._table.put(placed, over=item)
        return lanes

    def _place(self, item: Item) -> set[str]:
        """One draft into its lanes; placed twice is placed once."""
        first = msgspec.json.decode(item["message"], type=Message)
        messages = [first, *(msgspec.structs.replace(first, channel=channel) for channel in item.get("also", []))]
        for message in messages:
            self.keep(message, item["pending_since"])
        return {outbox.lane_of(message) for message in messages}

    def adopt(self, now: int) -> None:
        """Put what version 1 of this table left waiting into its lane: `message#<event id>`, pending "1"."""
        for pk in list(self._table.pending(before=now, of=UNSENT, under="message#")):
            item = self._table.get(pk) if pk.startswith("message#") else None
            if item is None or item["v"] != 1 or "pending" not in item or item.get("claimed_until", 0) > now:
                continue
            old = msgspec.json.decode(item["message"], type=_First)
            subject = f"problem#{old.id}"
            message = Message(
                subject=subject,
                channel=old.channel,
                text=old.text,
                blocks=old.blocks,
                priority=Priority.NORMAL,
                version=1,
            )
            self.keep(message, item["pending_since"])
            self._table.put(_without_pending(item) | {"expires": now // 1000 + _KEEP_SECONDS}, over=item)

    def read(self, pk: str) -> Telling | None:
        """A message by its key. Raises UnreadableError."""
        return _telling(self._table.get(pk), pk)

    def change(self, pk: str, change: Change, now: int) -> Telling | None:
        """Apply `change` to a message, again if somebody else changed it meanwhile; what it is then."""
        after: Telling | None = None

        def apply(old: Telling | None) -> Telling | None:
            nonlocal after
            changed = None if old is None else change(old)
            after = changed or old
            return changed

        self._write(pk, apply, now)
        return after

    def revive(self, pk: str, now: int) -> str:
        """Try a refused message anew; its lane, empty if there is no such message."""
        telling = self.change(pk, lambda old: outbox.revived(old, now), now)
        if telling is None:
            return ""
        lane = outbox.lane_of(telling.message)
        self._mark(lane, now)
        return lane

    def add(self, telling: Telling, now: int) -> str:
        """Put a digest into its lane, unless it is there; its key."""
        pk = key(telling.message.subject, telling.message.channel)
        self._write(pk, lambda old: telling if old is None else None, now)
        return pk

    def waiting(self, lane: str, *, most: int, critical: bool = False) -> list[str]:
        """Keys of messages that wait in a lane, by rank; only `critical` ones, if asked."""
        before = outbox.NORMAL_FROM if critical else _EVER
        return list(islice(self._table.pending(before=before, of=f"send#{lane}", under="message#"), most))

    def spoilt(self, pk: str, now: int) -> None:
        """Take what cannot be read out of its lane."""
        item = self._table.get(pk)
        if item is not None and "pending" in item:
            expires = now // 1000 + _KEEP_SECONDS
            self._table.put(_without_pending(item) | {"state": "unreadable", "expires": expires}, over=item)

    def lane(self, lane: str) -> tuple[Lane, Item | None]:
        """A lane, and the item that it was read from."""
        item = self._table.get(f"lane#{lane}")
        return (Lane() if item is None else msgspec.convert(item, Lane)), item

    def save_lane(self, lane: str, state: Lane, *, over: Item | None, waits: bool | None = None) -> bool:
        """Write a lane; `waits`: whether it is to be looked after, None: as before. False if somebody was faster."""
        item = {"pk": f"lane#{lane}", "v": VERSION, **msgspec.structs.asdict(state)}
        if waits if waits is not None else "pending" in (over or {}):
            item |= {"pending": LANE, "pending_since": state.marked_at}
        return self._table.put(item, over=over)

    def lanes(self) -> Iterator[str]:
        """Lanes that are to be looked after."""
        for pk in self._table.pending(before=_EVER, of=LANE, under="lane#"):
            yield pk.removeprefix("lane#")

    def report(self, status: str, now: int) -> None:
        """Say what keeps messages waiting (`ok`: nothing does); written only when it changes."""
        item = self._table.get(_STATUS)
        if (item or {}).get("status") != status:
            self._table.put({"pk": _STATUS, "v": VERSION, "status": status, "since": now}, over=item)

    def status(self, road: str = "slack") -> str:
        """What keeps messages (or pages, by the road `pagerduty`) waiting; empty before the first was sent."""
        return str((self._table.get(f"status#{road}") or {}).get("status", ""))

    def _mark(self, lane: str, now: int) -> None:
        for _ in range(_TRIES):
            state, item = self.lane(lane)
            marked = outbox.marked(state, now)
            if marked is None and "pending" in (item or {}):
                return
            if self.save_lane(lane, marked or state, over=item, waits=True):
                return
        raise ConflictError(lane)

    def _write(self, pk: str, change: Callable[[Telling | None], Telling | None], now: int) -> bool:
        for _ in range(_TRIES):
            item = self._table.get(pk)
            new = change(_telling(item, pk))
            if new is None:
                return False
            if self._table.put(_item(pk, new, now), over=item):
                return True
        raise ConflictError(pk)


def key(subject: str, channel: str) -> str:
    """Key of a message."""
    return f"message#{subject}@{channel}"


def _telling(item: Item | None, pk: str) -> Telling | None:
    if item is None:
        return None
    try:
        return msgspec.json.decode(item["telling"], type=Telling)
    except (KeyError, TypeError, msgspec.DecodeError) as error:
        raise UnreadableError(pk) from error


def _item(pk: str, telling: Telling, now: int) -> Item:
    item = {"pk": pk, "v": VERSION, "telling": msgspec.json.encode(telling).decode(), "state": telling.state}
    if telling.state == "waiting":
        lane = outbox.lane_of(telling.message)
        return item | {"pending": f"send#{lane}", "pending_since": outbox.rank(telling)}
    return item | {"expires": now // 1000 + _KEEP_SECONDS}


def _without_pending(item: Item) -> Item:
    return {name: value for name, value in item.items() if not name.startswith("pending")}
