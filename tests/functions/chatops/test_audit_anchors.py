"""The audit chain's times and anchors: clocks that jump, anchors that are edited, missing or there twice."""

from typing import Any

import msgspec
import pytest

from functions.chatops import audit
from functions.chatops.audit import CLOCK_TOLERANCE_MS, GENESIS, Entry, Head, Record, chain, hour_of, verify
from tests.functions.chatops.chains import HOUR, START, Chain, chained, entry, found, written

replace = msgspec.structs.replace


# Clocks


def clocked(*times: int) -> list[Record]:
    head, records = Head(), []
    for at in times:
        more, head = chain(head, [entry()], at)
        records += more
    return records


def test_a_clock_that_is_a_little_behind_keeps_its_entries_in_order() -> None:
    records = clocked(START, START - CLOCK_TOLERANCE_MS, START + 5)
    assert [record.entry.at for record in records] == [START, START, START + 5]
    assert verify(records).intact


def test_a_clock_that_jumped_ahead_is_told_by_the_next_honest_entry() -> None:
    records = clocked(START, START + HOUR, START + 10)
    assert [record.entry.at for record in records] == [START, START + HOUR, START + 10]
    assert found(Chain(records, [])) == (3, "clock")


def test_a_clock_that_is_ahead_by_less_than_is_tolerated_is_not_told() -> None:
    ahead = START + CLOCK_TOLERANCE_MS
    records = clocked(ahead, START)
    assert [record.entry.at for record in records] == [ahead, ahead]
    assert verify(records).intact
    assert [record.entry.at for record in clocked(ahead + 1, START)] == [ahead + 1, START]


@pytest.mark.parametrize(("ahead", "broken"), [(CLOCK_TOLERANCE_MS, None), (CLOCK_TOLERANCE_MS + 1, (2, "clock"))])
def test_an_entry_that_is_younger_than_the_anchor_that_covers_it_is_told(
    ahead: int, broken: tuple[int, str] | None
) -> None:
    head, records = Head(), []
    for at in (START, START + 1000 + ahead):
        more, head = chain(head, [entry()], at)
        records += more
    one = audit.anchor(head, None, START + 1000, hour_of(START + 1000))
    assert found(Chain(records, [one])) == broken


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize(("behind", "right"), [(CLOCK_TOLERANCE_MS, True), (CLOCK_TOLERANCE_MS + 1, False)])
def test_an_entry_that_is_older_than_the_anchor_before_it_is_told(count: int, behind: int, right: bool) -> None:
    """Also when that anchor covers nothing; a forger who has all hashes right cannot date an entry back."""
    whole = written([count])
    at = whole.anchors[0].at - behind
    late = Entry(kind="granted", actor="a", via="v", seq=count + 1, at=at)
    before = [record for record in whole.records if record.entry.at <= at]
    if len(before) == count:
        head = whole.records[-1].hash if whole.records else GENESIS
        whole.records.append(Record(entry=late, hash=audit.entry_hash(head, late)))
        assert found(whole) == (None if right else (count + 1, "clock"))
    else:
        more, _ = chain(Head(seq=count, hash=whole.records[-1].hash), [late], at)
        whole.records += more
        assert found(whole) == (count + 1, "clock")


def test_after_a_trusted_anchor_too_an_entry_may_not_be_older_than_it() -> None:
    whole = chained()
    base = whole.anchors[-1]
    late = Entry(kind="granted", actor="a", via="v", seq=10, at=base.at - CLOCK_TOLERANCE_MS - 1)
    broken = verify([Record(entry=late, hash=audit.entry_hash(base.hash, late))], base=base).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (10, "clock")
    assert f"{1} ms older" in broken.text


# Anchors


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize(
    "change",
    [
        {"hash": "ab" * 32},
        {"previous": "ab" * 32},
        {"number": 9},
        {"last": 400},
        {"last": 1},
        {"first": 2},
    ],
)
def test_an_edited_anchor_is_found_at_or_before_the_entries_after_it(index: int, change: dict[str, Any]) -> None:
    whole = chained()
    one = whole.anchors[index]
    whole.anchors[index] = replace(one, **change)
    verdict = whole.verify()
    assert verdict.broken is not None
    assert verdict.broken.seq <= one.last + 1 or verdict.broken.why == "truncated"
    assert verdict.anchored <= one.last


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("change", [{"hour": "2031-01-01T00"}, {"at": START + 99 * HOUR}, {"at": 10**18}])
def test_another_time_of_an_anchor_contradicts_the_next_one(index: int, change: dict[str, Any]) -> None:
    """That of the last one stands on its lock alone."""
    whole = chained()
    whole.anchors[index] = replace(whole.anchors[index], **change)
    broken = whole.verify().broken
    assert broken is not None
    assert broken.seq <= whole.anchors[index].last + 1


@pytest.mark.parametrize("index", range(3))
def test_a_missing_anchor_is_named_by_the_first_entry_that_it_covered(index: int) -> None:
    whole = chained()
    first = whole.anchors[index].first
    del whole.anchors[index]
    assert found(whole) == (first, "anchor_missing")


def test_without_the_last_anchor_its_entries_count_as_not_yet_anchored() -> None:
    whole = chained()
    del whole.anchors[-1]
    verdict = whole.verify()
    assert verdict.intact
    assert verdict.not_yet_anchored == 4


@pytest.mark.parametrize("index", range(4))
def test_an_anchor_that_is_there_twice_is_told(index: int) -> None:
    whole = chained()
    whole.anchors.insert(index, whole.anchors[index])
    assert found(whole) == (whole.anchors[index].last + 1, "anchor_missing")


def test_an_anchor_of_another_chain_is_told() -> None:
    whole, other = chained(), written([9, 0])
    whole.anchors[1] = other.anchors[1]
    assert found(whole) == (4, "anchor_edited")


def test_an_anchor_that_adds_nothing_has_the_hash_of_the_one_before() -> None:
    base = chained().anchors[2]
    empty = audit.anchor(Head(seq=base.last, hash=GENESIS), base, base.at + HOUR, hour_of(base.at + HOUR))
    broken = verify([], [empty], base=base).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (8, "anchor_edited")


def test_an_earlier_fault_among_the_entries_is_named_before_a_later_one_among_the_anchors() -> None:
    whole = chained()
    whole.anchors[3] = replace(whole.anchors[3], previous=GENESIS)
    assert found(whole) == (8, "anchor_edited")
    whole.records[4] = replace(whole.records[4], hash=GENESIS)
    assert found(whole) == (5, "edited")
    del whole.anchors[0]
    assert found(whole) == (1, "anchor_missing")


def test_hours_are_utc() -> None:
    assert hour_of(START) == "2025-11-24T16"
    assert audit.time_of(hour_of(START + HOUR - 1)) == START
