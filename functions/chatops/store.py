"""The table of the capability `chatops`: requests and the audit chain. Messages stand in `messages.py`.

    pk      request#<id>         one item per request; what it is in `request` (JSON), and flat what conditions look at:
                                 status, command, arguments_hash, targets, requester, voters, expires_at, execute_until;
                                 outbox, pending "1": fleet events that wait for the publisher
    pk      claim#<id>#<target>  who executes it there; written by `fleet.approvals`, never here
    pk      due#<id>             pending "due", pending_since: when to look at the request again (expiry, no answer)
    pk      audit#<seq>          an entry of the chain (canonical JSON) and its hash
    pk      audit#head           seq, hash and time of the last entry
    pk      audit#anchor         the last anchor, written before the archive has it
    pk      once#<key>           this was decided: a repeated delivery does nothing (TTL 30 days; queues keep 14)
    pk      seen#<delivery id>   written by the ingress
    pk      reply#<delivery id>  what fleetctl is answered (TTL 1 day)
    index   pending

Access: all by key; what is due, by the index. No Scan. A decision, its audit entries, its messages and its events are
one transaction: all or none.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import batched, count
from typing import TYPE_CHECKING, Any

import msgspec

from fleet.canonical import CanonicalError, canonical
from fleet.events.chatops import CommandRequested
from fleet.events.envelope import Entry as FleetEntry
from fleet.items import Item, Table, from_dynamodb, to_dynamodb
from fleet.outbox import with_entries, without_entries
from functions.chatops import audit
from functions.chatops.request import REVIEW_MS, Request

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

VERSION = 1
_ENDED, _COMMAND = {"DONE", "FAILED"}, CommandRequested.detail_type()
HEAD = "audit#head"
ANCHOR = "audit#anchor"
DUE = "due"
ATTEMPTS = 60
"""Writers of the chain take turns; fifty at once need two tries each, the unluckiest two dozen."""
_BATCH = 100
_KEEP_ONCE_SECONDS = 30 * 24 * 3600
_KEEP_REPLY_SECONDS = 24 * 3600


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become true together."""

    once: str
    """Natural key: deciding it again does nothing."""
    request: Request | None = None
    over: "Kept | None" = None
    """The request as it was read; None if `request` is new."""
    entries: Sequence[audit.Entry] = ()
    events: Sequence[FleetEntry] = ()
    """Fleet events, sent by the request's outbox."""
    also: Sequence[dict[str, Any]] = ()
    """Further elements of the transaction: messages. None of them has a condition that may fail."""
    due: int | None = None
    """When to look at the request again, in ms; 0: never."""
    follow_up: Request | None = None
    """A new request that this one brings with it."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and the item that it was read from."""

    request: Request
    item: Item


class RepeatedError(Exception):
    """This has been decided before, by the same delivery."""


class MovedError(Exception):
    """The request changed since it was read: read it again, and decide again."""


class BusyError(Exception):
    """The chain had no turn for us in many attempts; the delivery is tried again later."""


class Store:
    """Requests and the audit chain in DynamoDB."""

    def __init__(self, table: Table, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table, self._sleep = table, sleep
        self._client = table.client

    def request(self, request_id: str) -> Kept | None:
        """A request by its id, strongly consistent."""
        item = self._table.get(request_key(request_id))
        if item is None:
            return None
        return Kept(request=msgspec.json.decode(item["request"], type=Request), item=item)

    def decided(self, once: str) -> bool:
        """Whether a decision was made under this key."""
        return self._table.get(_once_key(once)) is not None

    def head(self) -> audit.Head:
        """The end of the chain."""
        item = self._table.get(HEAD)
        return audit.Head() if item is None else audit.Head(seq=item["seq"], hash=item["hash"], at=item["at"])

    def commit(self, decision: Decision, now: int) -> list[audit.Record]:
        """Make a decision true, with its entries at the end of the chain, in one transaction.

        Returns the entries as chained. Raises RepeatedError, MovedError or BusyError; then nothing has changed.
        """
        for attempt in range(ATTEMPTS):
            if attempt:
                # Long first, so that many do not look at once; then shorter, so that whoever has waited goes before
                # whoever has just come. The other way round the slowest of fifty waited ten times as long.
                self._sleep(random.uniform(0, max(0.06, 0.9 / attempt)))  # noqa: S311 - taking turns, not a secret
            head = self.head()
            records, after = audit.chain(head, decision.entries, now)
            try:
                self._client.transact_write_items(TransactItems=self._elements(decision, head, records, after, now))
            except self._client.exceptions.TransactionCanceledException as error:
                codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
                if codes and codes[0] == _FAILED:
                    raise RepeatedError(decision.once) from error
                if decision.request and len(codes) > 1 and codes[1] == _FAILED:
                    raise MovedError(decision.request.id) from error
                if not any(code in {_FAILED, "TransactionConflict", "ThrottlingError"} for code in codes):
                    raise
                continue
            return records
        raise BusyError(decision.once)

    def records(self, first: int, last: int) -> Iterator[audit.Record]:
        """Entries `first` to `last` of the chain, in order; one that is missing is left out, for `verify` to tell."""
        for seqs in batched(range(max(first, 1), last + 1), _BATCH, strict=False):
            found: dict[str, Item] = {}
            keys = [{"pk": {"S": audit_key(seq)}} for seq in seqs]
            for attempt in count():
                if attempt:
                    self._sleep(min(0.05 * 2**attempt, 2.0))
                answer = self._client.batch_get_item(
                    RequestItems={self._table.name: {"Keys": keys, "ConsistentRead": True}}
                )
                for raw in answer["Responses"].get(self._table.name, []):
                    item = from_dynamodb(raw)
                    found[item["pk"]] = item
                left: Any = answer.get("UnprocessedKeys", {}).get(self._table.name, {"Keys": []})
                if not (keys := left["Keys"]):
                    break
            for seq in seqs:
                if (entry := found.get(audit_key(seq))) is not None:
                    yield _record(seq, entry)

    def due(self, now: int) -> Iterator[str]:
        """Ids of requests that were to be looked at again before `now`, the most overdue first."""
        for pk in self._table.pending(before=now, of=DUE, under=due_key("")):
            yield pk.removeprefix(due_key(""))

    def last_anchor(self) -> audit.Anchor | None:
        """The last one that is in the archive, or is to be put there."""
        item = self._table.get(ANCHOR)
        return None if item is None else msgspec.json.decode(item["anchor"], type=audit.Anchor)

    def remember_anchor(self, anchor: audit.Anchor) -> bool:
        """It is to be put into the archive. Only ever forward; False if that number is taken."""
        item = self._table.get(ANCHOR)
        if item is not None and item["number"] >= anchor.number:
            return False
        text = msgspec.json.encode(anchor).decode()
        return self._table.put({"pk": ANCHOR, "v": VERSION, "number": anchor.number, "anchor": text}, over=item)

    def reply_item(
        self, delivery: str, texts: Sequence[str], request: str, now: int, *, refused: bool = False
    ) -> dict[str, Any]:
        """One element of a transaction: what fleetctl finds when it asks for the answer to its delivery."""
        said = {"texts": list(texts), "request": request, "refused": refused}
        item = {"pk": f"reply#{delivery}", "v": VERSION, **said}
        return dict(self._put(item | {"expires": now // 1000 + _KEEP_REPLY_SECONDS}))

    def open_requests(self, now: int, *, most: int) -> Iterator[Request]:
        """Up to `most` requests that wait for people, the first to expire first."""
        found = 0
        for request_id in self.due(now + REVIEW_MS + 1):
            kept = self.request(request_id)
            if kept and kept.request.status == "PENDING" and now < kept.request.expires_at:
                yield kept.request
                found += 1
            if found == most:
                return

    def settled(self, request_id: str, now: int) -> None:
        """Nothing more will come of this request by itself."""
        self._client.put_item(TableName=self._table.name, Item=to_dynamodb(_timer(request_id, 0, now)))

    def _elements(
        self, decision: Decision, head: audit.Head, records: list[audit.Record], after: audit.Head, now: int
    ) -> list["TransactWriteItemTypeDef"]:
        once = {"pk": _once_key(decision.once), "v": VERSION, "at": now, "expires": now // 1000 + _KEEP_ONCE_SECONDS}
        elements = [self._put(once, "attribute_not_exists(pk)")]
        if decision.request is not None:
            elements.append(self._put_request(decision, now))
            if decision.due is not None:
                elements.append(self._put(_timer(decision.request.id, decision.due, now)))
        if (new := decision.follow_up) is not None:
            elements += [self._put(flat(new) | {"rev": 1}), self._put(_timer(new.id, new.expires_at, now))]
        if records:
            elements.append(self._put_head(head, after))
        for record in records:
            text = canonical(msgspec.to_builtins(record.entry)).decode()
            item = {"pk": audit_key(record.entry.seq), "v": VERSION, "entry": text, "hash": record.hash}
            elements.append(self._put(item, "attribute_not_exists(pk)"))
        return [*elements, *decision.also]  # type: ignore[list-item]

    def _put_head(self, head: audit.Head, after: audit.Head) -> "TransactWriteItemTypeDef":
        item = {"pk": HEAD, "v": VERSION, "seq": after.seq, "hash": after.hash, "at": after.at}
        if head.seq == 0:
            return self._put(item, "attribute_not_exists(pk)")
        return self._put(
            item, "seq = :seq AND #hash = :hash", {":seq": head.seq, ":hash": head.hash}, {"#hash": "hash"}
        )

    def _put_request(self, decision: Decision, now: int) -> "TransactWriteItemTypeDef":
        request, over = decision.request, decision.over
        assert request is not None  # noqa: S101 - for the type checker; the caller has looked
        before = {} if over is None else over.item
        if request.status in _ENDED:
            # A command that can no longer be claimed is not sent any more: its account may be gone for good.
            waiting = [entry["id"] for entry in before.get("outbox", []) if entry["detail_type"] == _COMMAND]
            before = without_entries(before, set(waiting))
        item = with_entries({**before, **flat(request)}, decision.events, now)
        if over is None:
            return self._put(item | {"rev": 1}, "attribute_not_exists(pk)")
        condition, values = "rev = :rev", {":rev": over.item["rev"]}
        if over.request.status == "PENDING" and request.status != "EXPIRED":
            # What `request.py` decided, once more where it cannot be raced.
            condition += " AND #status = :pending AND expires_at > :now"
            values |= {":pending": "PENDING", ":now": now}
            names = {"#status": "status"}
            for n, vote in enumerate(request.votes[len(over.request.votes) :]):
                condition += f" AND requester <> :voter{n} AND NOT contains(voters, :voter{n})"
                values[f":voter{n}"] = vote.person
            return self._put(item | {"rev": over.item["rev"] + 1}, condition, values, names)
        return self._put(item | {"rev": over.item["rev"] + 1}, condition, values)

    def _put(
        self, item: Item, condition: str = "", values: Item | None = None, names: dict[str, str] | None = None
    ) -> "TransactWriteItemTypeDef":
        put: dict[str, Any] = {"TableName": self._table.name, "Item": to_dynamodb(item)}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = to_dynamodb(values)
        if names:
            put["ExpressionAttributeNames"] = names
        return {"Put": put}  # type: ignore[typeddict-item]


_FAILED = "ConditionalCheckFailed"


def _record(seq: int, item: Item) -> audit.Record:
    """An entry as it was written; without a hash, which no entry has, if it is not as the chain writes them."""
    try:
        entry = msgspec.json.decode(item["entry"], type=audit.Entry)
        if canonical(msgspec.to_builtins(entry)).decode() == item["entry"]:
            return audit.Record(entry=entry, hash=item["hash"])
    except (msgspec.DecodeError, CanonicalError, TypeError, KeyError):
        pass
    return audit.Record(entry=audit.Entry(kind="failed", actor="", via="", seq=seq), hash="")


def flat(request: Request) -> Item:
    """The item of a request: all of it as JSON, and beside it what conditions look at."""
    return {
        "pk": request_key(request.id),
        "v": VERSION,
        "request": msgspec.json.encode(request).decode(),
        "status": request.status,
        "capability": request.capability,
        "command": request.command,
        "arguments_hash": request.arguments_hash,
        "targets": [str(target) for target in request.targets],
        "requester": request.requester,
        "voters": [vote.person for vote in request.votes],
        "expires_at": request.expires_at,
        "execute_until": request.execute_until,
    }


def _once_key(once: str) -> str:
    return f"once#{once}"


def request_key(request_id: str) -> str:
    """Key of a request."""
    return f"request#{request_id}"


def due_key(request_id: str) -> str:
    """Key of a request's timer."""
    return f"due#{request_id}"


def audit_key(seq: int) -> str:
    """Key of an entry of the chain."""
    return f"audit#{seq:012d}"


def _timer(request_id: str, at: int, now: int) -> Item:
    if at:
        return {"pk": due_key(request_id), "v": VERSION, "pending": DUE, "pending_since": at}
    return {"pk": due_key(request_id), "v": VERSION, "expires": now // 1000 + _KEEP_ONCE_SECONDS}
