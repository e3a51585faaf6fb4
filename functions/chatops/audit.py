"""The audit chain: each entry's hash covers the one before it, and anchors elsewhere cover the chain.

    hash of entry n = sha256(hash of entry n-1 || canonical JSON of entry n)

Whoever edits, deletes, reorders, inserts or forks entries must rewrite every later hash, and then contradicts the
last anchor, which lies in another account under a lock. Cutting off the end contradicts it too. What came after the
last anchor is not covered yet: `verify` says how many entries these are.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

import msgspec

from fleet.canonical import CanonicalError, canonical, digest

GENESIS = "0" * 64
"""What stands for the hash before the first entry."""
CLOCK_TOLERANCE_MS = 300_000
"""As far as the clocks of two machines may lie apart."""
ANCHOR_EVERY_MS = 3_600_000

type Kind = Literal[
    "requested", "approved", "granted", "denied", "cancelled", "expired", "broke_glass", "reviewed",
    "refused", "executed", "failed",
]  # fmt: skip


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; who did it, about which request."""

    kind: Kind
    actor: str
    """Canonical id of a person, or `yagura.<capability>`."""
    via: str
    """How the actor came: `slack:U...`, `iam:arn...`, or `event:<id>`."""
    request: str = ""
    facts: dict[str, Any] = {}
    """Ids, names, numbers and masked text."""
    seq: int = 0
    at: int = 0
    """ms; set with `seq` when the entry is chained."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it stands in the chain."""

    entry: Entry
    hash: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the chain."""

    seq: int = 0
    hash: str = GENESIS
    at: int = 0


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """What the chain was at one hour, kept where nobody can change it; also when nothing was added."""

    number: int
    """From 1, without gaps."""
    at: int
    hour: str
    """`2026-11-23T17`: there is one for each."""
    first: int
    """Seq of the first entry that it adds; `last + 1` when it adds none."""
    last: int
    hash: str
    """Of the entry `last`."""
    previous: str
    """Digest of the anchor before; GENESIS for the first."""


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that is wrong."""

    seq: int
    """Of the first entry that cannot be trusted."""
    why: Literal[
        "edited", "missing", "repeated", "truncated", "rewritten", "clock",
        "anchor_edited", "anchor_missing", "unreadable",
    ]  # fmt: skip
    text: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a verification."""

    entries: int
    head: str
    anchored: int
    """Seq up to which anchors cover the chain."""
    not_yet_anchored: int
    broken: Broken | None = None

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return self.broken is None


def chain(head: Head, entries: Sequence[Entry], now: int) -> tuple[list[Record], Head]:
    """`entries` as the next ones after `head`.

    Times never go back, unless the head's own lies too far ahead to be believed: then they do, and `verify` tells.
    """
    records = []
    for entry in entries:
        at = now if head.at > now + CLOCK_TOLERANCE_MS else max(now, head.at)
        chained = msgspec.structs.replace(entry, seq=head.seq + 1, at=at)
        head = Head(seq=chained.seq, hash=entry_hash(head.hash, chained), at=at)
        records.append(Record(entry=chained, hash=head.hash))
    return records, head


def entry_hash(previous: str, entry: Entry) -> str:
    """Of `entry` after one with the hash `previous` (hex)."""
    return sha256(bytes.fromhex(previous) + canonical(msgspec.to_builtins(entry))).hexdigest()


def anchor(head: Head, last: Anchor | None, now: int, hour: str) -> Anchor:
    """The anchor of `hour` for a chain that ends with `head`."""
    return Anchor(
        number=1 if last is None else last.number + 1,
        at=now,
        hour=hour,
        first=1 if last is None else last.last + 1,
        last=head.seq,
        hash=head.hash,
        previous=GENESIS if last is None else anchor_digest(last),
    )


def hour_of(now: int) -> str:
    """`2026-11-23T17` of a time in ms."""
    return datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H")


def time_of(hour: str) -> int:
    """When an hour began, in ms."""
    return int(datetime.fromisoformat(f"{hour}:00:00+00:00").timestamp()) * 1000


def anchor_digest(one: Anchor) -> str:
    """By which the next anchor refers to it."""
    return digest(msgspec.to_builtins(one))


def verify(
    records: Iterable[Record],
    anchors: Sequence[Anchor] = (),
    *,
    base: Anchor | None = None,
    end: Head | None = None,
) -> Verdict:
    """Check a chain, in order, against the anchors, oldest first; stops at the first thing that is wrong.

    From its first entry, or from the one after `base`, an anchor that is trusted; up to `end`, if that is known.
    Nothing up to `anchored` has been touched. Where a chain ends before an anchor does, the first missing entry is
    named; what stands between `anchored` and it has no witness either.
    """
    head, covered, anchored_at = Head(), 0, 0
    if base is not None:
        head, covered, anchored_at = Head(seq=base.last, hash=base.hash), base.last, base.at
    sound, broken = _anchors(anchors, base)
    due: dict[int, list[Anchor]] = {}
    for one in anchors[:sound]:
        due.setdefault(one.last, []).append(one)
    if head.seq in due:  # nothing was added until then, which bounds the next entry's time all the same
        anchored_at = due[head.seq][-1].at
    clock: Broken | None = None  # names an entry only if no anchor says that an earlier one was rewritten
    for record in records:
        if (broken and broken.seq <= head.seq) or (clock and clock.seq <= covered):
            break
        here = due.get(record.entry.seq, [])
        if found := _follows(record, head) or _covered(record, covered, here):
            broken = found
            break
        clock = clock or _times(record, head, anchored_at, here)
        head = Head(seq=record.entry.seq, hash=record.hash, at=record.entry.at)
        if here:
            covered, anchored_at = head.seq, here[-1].at
    broken = min(filter(None, (broken, clock)), key=lambda one: one.seq, default=None)
    broken = _at_the_end(broken, head, covered, anchors, end)
    return Verdict(
        entries=head.seq, head=head.hash, anchored=covered, not_yet_anchored=head.seq - covered, broken=broken
    )


def _at_the_end(
    broken: Broken | None, head: Head, covered: int, anchors: Sequence[Anchor], end: Head | None
) -> Broken | None:
    """What is wrong when the entries have ended with `head`."""
    if broken is not None:
        if broken.seq > head.seq + 1:  # of anchors, about entries that are not there
            return msgspec.structs.replace(broken, seq=covered + 1)
        return broken
    if anchors and anchors[-1].last > head.seq:
        text = f"the anchor of {anchors[-1].hour} covers {anchors[-1].last} entries, and there are {head.seq}"
        return Broken(seq=head.seq + 1, why="truncated", text=text)
    if end is not None and (end.seq, end.hash) != (head.seq, head.hash):
        text = f"the head of the chain speaks of {end.seq} entries, and there are {head.seq}"
        return Broken(seq=head.seq + 1, why="truncated", text=text)
    return None


def _follows(record: Record, head: Head) -> Broken | None:
    """Whether `record` is the next one after `head`, as it was written."""
    entry, expected = record.entry, head.seq + 1
    if entry.seq != expected:
        why: Literal["missing", "repeated"] = "missing" if entry.seq > expected else "repeated"
        return Broken(seq=expected, why=why, text=f"expected entry {expected}, found entry {entry.seq}")
    try:
        right = entry_hash(head.hash, entry)
    except CanonicalError:
        return Broken(seq=expected, why="unreadable", text="it holds what no entry can hold")
    if record.hash != right:
        return Broken(seq=expected, why="edited", text="its hash is not that of its text and of the entry before it")
    return None


def _times(record: Record, head: Head, anchored_at: int, here: Sequence[Anchor]) -> Broken | None:
    """Whether its time lies between what stood before it and the anchors that cover it."""
    entry = record.entry
    earliest = max(head.at, anchored_at - CLOCK_TOLERANCE_MS)
    if entry.at < earliest:
        text = f"it is {earliest - entry.at} ms older than what stands before it"
        return Broken(seq=entry.seq, why="clock", text=text)
    for one in here:
        if entry.at > one.at + CLOCK_TOLERANCE_MS:
            text = f"it is {entry.at - one.at} ms younger than the anchor of {one.hour}, which covers it"
            return Broken(seq=entry.seq, why="clock", text=text)
    return None


def _covered(record: Record, covered: int, here: Sequence[Anchor]) -> Broken | None:
    """Whether the anchors that say that the chain ended here mean this chain."""
    for one in here:
        if one.hash != record.hash:
            text = f"entries {covered + 1} to {one.last} are not those that the anchor of {one.hour} covers"
            return Broken(seq=covered + 1, why="rewritten", text=text)
    return None


def _anchors(anchors: Sequence[Anchor], last: Anchor | None) -> tuple[int, Broken | None]:
    """How many of the anchors, the first of which follows `last`, may be believed; and what is wrong with the next."""
    for sound, one in enumerate(anchors):
        if broken := _anchor_follows(one, last):
            return sound, broken
        last = one
    return len(anchors), None


def _anchor_follows(one: Anchor, last: Anchor | None) -> Broken | None:
    number, first, previous, end = 1, 1, GENESIS, GENESIS
    if last is not None:
        number, first, previous, end = last.number + 1, last.last + 1, anchor_digest(last), last.hash
    try:
        anchor_digest(one)
    except CanonicalError:
        return Broken(seq=first, why="anchor_edited", text=f"the anchor of {one.hour} holds what no anchor can hold")
    if one.number != number:
        text = f"expected anchor {number}, found anchor {one.number} ({one.hour})"
        return Broken(seq=first, why="anchor_missing", text=text)
    if one.last == first - 1 and one.hash != end:
        text = f"the anchor of {one.hour} adds nothing, with another hash than before"
        return Broken(seq=first, why="anchor_edited", text=text)
    if one.previous != previous or one.first != first or one.last < first - 1:
        return Broken(seq=first, why="anchor_edited", text=f"the anchor of {one.hour} does not follow the one before")
    return None
