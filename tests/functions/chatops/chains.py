"""Audit chains for the tamper tests: entries of some hours, with an anchor after each."""

import msgspec

from functions.chatops import audit
from functions.chatops.audit import Anchor, Entry, Head, Kind, Record

HOUR = 3_600_000
START = 490_000 * HOUR
KINDS: list[Kind] = ["requested", "approved", "granted", "denied", "expired", "refused", "executed", "failed"]


class Chain(msgspec.Struct):
    """A chain and its anchors, as somebody might have tampered with them."""

    records: list[Record]
    anchors: list[Anchor]

    def verify(self) -> audit.Verdict:
        return audit.verify(self.records, self.anchors)

    @property
    def anchored(self) -> int:
        """Seq of the last entry that an anchor covers."""
        return max((one.last for one in self.anchors), default=0)


def entry(n: int = 0) -> Entry:
    """One that is like no other."""
    return Entry(
        kind=KINDS[n % len(KINDS)],
        actor=f"person{n % 3}",
        via="slack:U0AIKO00000",
        request=f"r-{n}",
        facts={"n": n, "table": [["a", "é"], ["b", "\u20ac"]], "done": True, "nothing": None},
    )


def written(hours: list[int], tail: int = 0) -> Chain:
    """So many entries in each hour, an anchor after each hour, and then `tail` entries without one."""
    chain, head, n = Chain([], []), Head(), 0
    for hour, count in enumerate([*hours, tail]):
        now = START + hour * HOUR
        for _ in range(count):
            n, now = n + 1, now + 1000
            records, head = audit.chain(head, [entry(n)], now)
            chain.records += records
        if hour < len(hours):
            last = chain.anchors[-1] if chain.anchors else None
            chain.anchors.append(audit.anchor(head, last, now + 1000, audit.hour_of(now + 1000)))
    return chain


def rehashed(records: list[Record], first: int = 1) -> list[Record]:
    """Entries numbered and hashed anew from `first` on, as a careful forger would."""
    before = records[: first - 1]
    head = Head(seq=first - 1, hash=before[-1].hash if before else audit.GENESIS)
    for record in records[first - 1 :]:
        again = msgspec.structs.replace(record.entry, seq=head.seq + 1)
        head = Head(seq=again.seq, hash=audit.entry_hash(head.hash, again), at=again.at)
        before = [*before, Record(entry=again, hash=head.hash)]
    return before


HOURS = [3, 0, 4, 2]
"""Entries 1 to 9 under four anchors."""


def chained() -> Chain:
    """Eleven entries, nine of them under four anchors."""
    return written(HOURS, tail=2)


def found(tampered: Chain) -> tuple[int, str] | None:
    """The first entry that cannot be trusted, and why; None if nothing is found."""
    broken = tampered.verify().broken
    return (broken.seq, broken.why) if broken else None
