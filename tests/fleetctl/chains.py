"""Audit chains of any length, anchored every few entries, and exports of them."""

import io
from collections.abc import Sequence

import msgspec

from fleet.canonical import canonical
from fleetctl.audit_trail.check import check_export, chosen
from fleetctl.audit_trail.lines import Export, Header, UnusableError, line_of, write
from functions.chatops import audit
from functions.chatops.audit import Anchor, Entry, Head, Record, Verdict

NOW = 1_795_000_000_000
HOUR = audit.ANCHOR_EVERY_MS
ACCOUNT, REGION = "111111111111", "us-east-1"


def entry(number: int, actor: str = "aiko") -> Entry:
    return Entry(
        kind="requested", actor=actor, via="slack:U0AIKO00000", request=f"r-{number:010}", facts={"command": "freeze ü"}
    )


def chained(count: int, *, every: int = 4, actor: str = "aiko") -> tuple[list[Record], list[Anchor]]:
    """`count` entries, one a minute, and an anchor after every `every` of them."""
    records: list[Record] = []
    anchors: list[Anchor] = []
    head = Head()
    for number in range(1, count + 1):
        now = NOW + number * 60_000
        added, head = audit.chain(head, [entry(number, actor)], now)
        records += added
        if number % every == 0:
            anchors.append(audit.anchor(head, anchors[-1] if anchors else None, now, hour(len(anchors))))
    return records, anchors


def hour(number: int) -> str:
    return audit.hour_of(NOW + number * HOUR)


def head_of(records: Sequence[Record]) -> Head:
    if not records:
        return Head()
    last = records[-1]
    return Head(seq=last.entry.seq, hash=last.hash, at=last.entry.at)


def line(record: Record) -> bytes:
    """As the table's item becomes a line."""
    return line_of(canonical(msgspec.to_builtins(record.entry)).decode(), record.hash)


def export_of(records: Sequence[Record], anchors: Sequence[Anchor], head: Head | None = None) -> bytes:
    file = io.BytesIO()
    header = Header(
        account=ACCOUNT, region=REGION, exported_at="2026-11-23T00:00:00+00:00", head=head or head_of(records)
    )
    write(file, header, anchors, map(line, records))
    return file.getvalue()


def with_lines(text: bytes, lines: Sequence[bytes]) -> bytes:
    """An export with other lines for its entries, and the checksum that fits."""
    file, export = io.BytesIO(), Export(io.BytesIO(text))
    write(file, export.header, export.anchors, lines)
    return file.getvalue()


def verified(text: bytes, trusted: Sequence[Anchor] | None = None) -> Verdict:
    export = Export(io.BytesIO(text))
    return check_export(export, chosen(export.anchors, trusted).anchors)


def outcome(text: bytes) -> tuple[int, str]:
    """Status as of `fleetctl audit verify`, and the words."""
    try:
        verdict = verified(text)
    except UnusableError as error:
        return 2, str(error)
    if verdict.broken:
        return 1, f"{verdict.broken.seq} {verdict.broken.why} {verdict.broken.text}"
    return 0, ""
