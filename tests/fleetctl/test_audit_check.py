"""An export of the audit chain: what was changed in it shows, and is named."""

import io
from typing import Any

import msgspec
import pytest

from fleetctl.audit_trail.check import check_export, chosen
from fleetctl.audit_trail.lines import Export, line_of, record_of
from functions.chatops import audit
from functions.chatops.audit import Anchor, Head, Record
from tests.fleetctl.chains import NOW, chained, entry, export_of, head_of, line, outcome, verified, with_lines

RECORDS, ANCHORS = chained(10)
TEXT = export_of(RECORDS, ANCHORS)
FIRST_ENTRY = 1 + len(ANCHORS)
"""Index of its line."""


def replaced(index: int, **changes: Any) -> list[Record]:
    """The chain with one entry edited and nothing else."""
    one = RECORDS[index]
    edited = msgspec.structs.replace(one, entry=msgspec.structs.replace(one.entry, **changes))
    return [*RECORDS[:index], edited, *RECORDS[index + 1 :]]


def rewritten(start: int, *, actor: str = "mallory") -> list[Record]:
    """The chain written anew from one entry on, with right hashes."""
    kept = RECORDS[:start]
    entries = [entry(number, actor) for number in range(start + 1, len(RECORDS) + 1)]
    added: list[Record] = []
    head = head_of(kept)
    for each, old in zip(entries, RECORDS[start:], strict=True):
        more, head = audit.chain(head, [each], old.entry.at)
        added += more
    return [*kept, *added]


def test_an_export_that_nobody_touched_is_intact() -> None:
    verdict = verified(TEXT)
    assert verdict.intact
    assert (verdict.entries, verdict.anchored, verdict.not_yet_anchored) == (10, 8, 2)


def test_an_empty_chain_is_intact() -> None:
    assert verified(export_of([], [])).intact


def test_the_lines_are_canonical_and_the_entries_stand_as_in_the_table() -> None:
    lines = TEXT.splitlines()
    assert lines[FIRST_ENTRY].startswith(b'{"entry":{"actor":"aiko","at":1795000060000,')
    assert "freeze ü".encode() in lines[FIRST_ENTRY]
    assert len(lines) == 1 + 2 + 10 + 1


@pytest.mark.parametrize(
    ("records", "seq", "why"),
    [
        pytest.param(replaced(4, actor="mallory"), 5, "edited", id="edit"),
        pytest.param([*RECORDS[:4], *RECORDS[5:]], 5, "missing", id="delete"),
        pytest.param([*RECORDS[:3], RECORDS[4], RECORDS[3], *RECORDS[5:]], 4, "missing", id="reorder"),
        pytest.param([*RECORDS[:5], RECORDS[4], *RECORDS[5:]], 6, "repeated", id="insert"),
        pytest.param(RECORDS[:6], 7, "truncated", id="truncate below an anchor"),
        pytest.param(rewritten(5), 5, "rewritten", id="fork"),
        pytest.param(rewritten(0), 1, "rewritten", id="another chain"),
        pytest.param(RECORDS[1:], 1, "missing", id="the beginning cut off"),
    ],
)
def test_tampering_is_named(records: list[Record], seq: int, why: str) -> None:
    broken = verified(export_of(records, ANCHORS)).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (seq, why)


def test_a_clock_that_was_put_back_is_named() -> None:
    records, head = RECORDS[:9], head_of(RECORDS[:9])
    late = msgspec.structs.replace(entry(10), seq=10, at=NOW)
    forged = Record(entry=late, hash=audit.entry_hash(head.hash, late))
    broken = verified(export_of([*records, forged], ANCHORS)).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (10, "clock")


def test_entries_that_no_anchor_covers_are_held_to_the_head_of_the_chain() -> None:
    broken = verified(export_of(RECORDS[:9], ANCHORS, head_of(RECORDS))).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (10, "truncated")
    broken = verified(export_of(RECORDS, ANCHORS, head_of(RECORDS[:9]))).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (10, "rewritten")
    broken = verified(export_of(rewritten(8), ANCHORS, head_of(RECORDS))).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (9, "rewritten")


def test_what_an_entry_cannot_hold_is_named_and_what_stands_before_it_counts() -> None:
    lines = [line(record) for record in RECORDS]
    for text in ("not json", '{"a":1}', '{"kind":"granted","actor":"a","via":"v"},{}', '{"a":\n1}', "", "[" * 100_000):
        lines[6] = line_of(text, "00")
        verdict = verified(with_lines(TEXT, lines))
        assert verdict.broken is not None
        assert (verdict.broken.seq, verdict.broken.why, verdict.entries) == (7, "unreadable", 6)


def test_a_field_that_was_added_to_an_entry_is_named_though_its_hash_does_not_cover_it() -> None:
    lines = [line(record) for record in RECORDS]
    lines[6] = lines[6].replace(b'"via":', b'"verdict":"fine","via":')
    assert record_of(line(RECORDS[6])) == RECORDS[6]
    broken = verified(with_lines(TEXT, lines)).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (7, "edited")


def test_an_earlier_fault_is_told_before_a_line_that_cannot_be_read() -> None:
    lines = [line(record) for record in replaced(2, actor="mallory")]
    lines[6] = line_of("not json", "00")
    broken = verified(with_lines(TEXT, lines)).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (3, "edited")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "names no format"),
        (b"hello\n", "names no format"),
        (b'{"a":1}\n', "names no format"),
        (b"[" * 50_000 + b"\n", "names no format"),
        (b'{"format":"yagura-audit/2"}\n', "'yagura-audit/2', and this fleetctl reads yagura-audit/1"),
        (b'{"format":"yagura-audit/1"}\n', "line 1 is not as fleetctl writes it (Object missing required field"),
        (TEXT.replace(b"\n", b"\r\n"), "line 1 is not as fleetctl writes it"),
        (TEXT.replace(b'{"entry":{"actor"', b'{"entry":{actor"', 1), "line 4 is not JSON"),
        (TEXT.replace(b"\n", b"\n\n", 1), "line 2 is empty"),
        (TEXT + b"x", "something follows after its end, line 14; entries 1 to 10 before it are intact"),
        (TEXT[: TEXT.index(b'{"end"')], "its last line is missing"),
        (TEXT[:-1], "line 14 is cut off"),
        (TEXT.replace(b"2026-11-23T00", b"2026-11-24T00"), "its checksum is not that of its text"),
        (b"x" * 2_000_000, "line 1 is longer than any entry can be"),
    ],
)
def test_a_file_that_cannot_be_checked_says_why(text: bytes, words: str) -> None:
    status, said = outcome(text)
    assert status == 2
    assert words in said


def test_a_line_that_is_not_json_leaves_the_verdict_on_those_before_it() -> None:
    lines = TEXT.splitlines(keepends=True)
    lines[FIRST_ENTRY + 5] = b"{\n"
    assert outcome(b"".join(lines)) == (2, f"line {FIRST_ENTRY + 6} is not JSON; entries 1 to 5 before it are intact")


def test_anchors_after_entries_are_refused() -> None:
    lines = TEXT.splitlines(keepends=True)
    lines.insert(FIRST_ENTRY + 3, lines.pop(2))
    status, said = outcome(b"".join(lines))
    assert status == 2
    assert "anchors come first" in said


def test_a_file_that_ends_in_the_middle_of_an_entry_names_the_first_that_is_missing() -> None:
    position = TEXT.index(b'"seq":6')
    assert outcome(TEXT[:position]) == (
        1,
        f"6 truncated the anchor of {ANCHORS[1].hour} covers 8 entries, and there are 5",
    )


def forged() -> tuple[list[Record], list[Anchor]]:
    """A chain of somebody who writes table and anchors as he likes."""
    return chained(10, actor="mallory")


def test_anchors_in_an_export_prove_only_what_the_exporter_wanted_and_trusted_ones_the_rest() -> None:
    records, anchors = forged()
    text = export_of(records, anchors)
    assert verified(text).intact
    broken = verified(text, ANCHORS).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (1, "rewritten")


def test_a_difference_between_trusted_anchors_and_those_of_the_export_is_told() -> None:
    _, anchors = forged()
    held = chosen([ANCHORS[0], anchors[1]], ANCHORS)
    assert held.anchors == ANCHORS
    assert held.contradictions == [f"anchor 2 ({ANCHORS[1].hour}) of the export is not the one that you trust"]
    assert chosen(ANCHORS, ANCHORS).contradictions == []


def test_what_is_newer_than_the_trusted_copy_or_not_in_the_export_is_told() -> None:
    assert chosen(ANCHORS, ANCHORS[:1]).remarks == [
        "1 anchors of the export are newer than your copy; they were not used."
    ]
    assert (
        "1 of your anchors do not stand in the export, the first is number 2." in chosen(ANCHORS[:1], ANCHORS).remarks
    )


def test_a_trusted_copy_that_begins_later_vouches_for_the_anchors_before_it() -> None:
    records, anchors = chained(20)
    held = chosen(anchors, anchors[3:])
    assert held.anchors == anchors
    anchors[1] = msgspec.structs.replace(anchors[1], at=anchors[1].at + 1)
    broken = verified(export_of(records, anchors), anchors[3:]).broken
    assert broken is not None
    assert broken.why == "anchor_edited"


def test_entries_after_the_last_trusted_anchor_count_as_not_yet_anchored() -> None:
    assert verified(TEXT, ANCHORS[:1]).not_yet_anchored == 6


def test_an_export_is_read_line_by_line() -> None:
    class Once(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size == 1, "only to see that nothing follows"
            return super().read(size)

        def readlines(self, hint: int | None = -1, /) -> list[bytes]:
            raise AssertionError(hint)

    seen = 0

    def tick(count: int) -> None:
        nonlocal seen
        seen += count

    export = Export(Once(TEXT), tick)
    assert seen < len(TEXT) / 2
    assert check_export(export, export.anchors).intact
    assert seen == len(TEXT)


def test_a_head_of_an_empty_table_with_anchors_is_a_chain_cut_off() -> None:
    broken = verified(export_of([], ANCHORS, Head())).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (1, "truncated")
