"""Tampering with the audit chain: what `verify` finds, where, and what it cannot find.

What is guaranteed, for a chain whose entries 1 to n are covered by anchors (which lie where nobody can change them):

- whatever is done to entries 1 to n is found, the entry named is the first one changed or an earlier one, and all
  entries said to be anchored are as they were. One case names a later entry: a chain rewritten and made so short that
  the anchor's own entry is gone looks like one cut off, so the first entry that is not there is named;
- whatever is done to a later entry, but for cutting the end off, is found unless all hashes after it are made anew;
- a tail without an anchor can be rewritten or cut off: that is why `verify` says how many entries are not yet anchored.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops import audit
from functions.chatops.audit import GENESIS, Anchor, Head, Record, verify
from tests.functions.chatops.chains import START, Chain, chained, found, rehashed, written
from tests.layers.fleet.refute import REFUTE

replace = msgspec.structs.replace

# An honest chain


def test_an_honest_chain_is_intact_and_says_what_no_anchor_covers_yet() -> None:
    verdict = chained().verify()
    assert verdict.intact
    assert (verdict.entries, verdict.anchored, verdict.not_yet_anchored) == (11, 9, 2)
    assert verdict.head == chained().records[-1].hash


@given(st.lists(st.integers(0, 4), max_size=5), st.integers(0, 3))
def test_every_honest_chain_is_intact(hours: list[int], tail: int) -> None:
    verdict = written(hours, tail).verify()
    assert verdict.intact
    assert (verdict.entries, verdict.anchored) == (sum(hours) + tail, sum(hours))


@given(st.integers(1, 4))
def test_every_later_part_of_an_honest_chain_is_intact_from_an_anchor_that_is_trusted(number: int) -> None:
    whole = chained()
    base = whole.anchors[number - 1]
    verdict = verify(whole.records[base.last :], whole.anchors[number:], base=base)
    assert verdict.intact
    assert (verdict.entries, verdict.anchored) == (11, 9)


def test_nothing_at_all_is_intact() -> None:
    assert verify([]) == audit.Verdict(entries=0, head=GENESIS, anchored=0, not_yet_anchored=0)


def test_an_anchor_of_an_hour_without_entries_covers_what_was_there_before() -> None:
    second = chained().anchors[1]
    assert (second.first, second.last, second.hash) == (4, 3, chained().anchors[0].hash)


def test_hash_of_an_entry_by_another_implementation() -> None:
    """Sorted keys, no blanks, UTF-8: what the standard library writes is canonical for text and whole numbers."""
    hashed = GENESIS
    for record in chained().records:
        text = json.dumps(msgspec.to_builtins(record.entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        hashed = hashlib.sha256(bytes.fromhex(hashed) + text.encode()).hexdigest()
        assert record.hash == hashed


def test_an_entry_is_every_field_of_it() -> None:
    """A field that the hash left out could be changed."""
    text = json.loads(msgspec.json.encode(chained().records[0].entry))
    assert set(text) == {"kind", "actor", "via", "request", "facts", "seq", "at"}


# Edited


ANOTHER: dict[str, Any] = {
    "kind": "broke_glass",
    "actor": "mallory",
    "via": "iam:arn",
    "request": "r-x",
    "facts": {"n": -1},
    "at": START + 1,
}


@pytest.mark.parametrize("seq", range(1, 12))
@pytest.mark.parametrize("field", ANOTHER)
def test_an_edited_field_is_found_in_its_entry(seq: int, field: str) -> None:
    whole = chained()
    record = whole.records[seq - 1]
    whole.records[seq - 1] = Record(entry=replace(record.entry, **{field: ANOTHER[field]}), hash=record.hash)
    assert found(whole) == (seq, "edited")


@pytest.mark.parametrize("seq", range(1, 12))
def test_an_edited_hash_is_found_in_its_entry(seq: int) -> None:
    whole = chained()
    record = whole.records[seq - 1]
    whole.records[seq - 1] = replace(record, hash=GENESIS)
    assert found(whole) == (seq, "edited")


@pytest.mark.parametrize("seq", range(1, 12))
def test_an_entry_with_another_number_is_missing_or_repeated(seq: int) -> None:
    for number, why in ((seq - 1, "repeated"), (seq + 1, "missing")):
        whole = chained()
        record = whole.records[seq - 1]
        whole.records[seq - 1] = replace(record, entry=replace(record.entry, seq=number))
        assert found(whole) == (seq, why)


@pytest.mark.parametrize("facts", [{"n": 2**60}, {"n": float("nan")}])
def test_what_no_entry_can_hold_is_unreadable(facts: dict[str, Any]) -> None:
    whole = chained()
    record = whole.records[4]
    whole.records[4] = replace(record, entry=replace(record.entry, facts=facts))
    assert found(whole) == (5, "unreadable")


@given(st.integers(0), st.integers(1, 255))
def test_one_byte_of_an_export_changed_is_found_in_its_line_or_does_not_read(position: int, change: int) -> None:
    lines = [bytearray(msgspec.json.encode(record)) for record in chained().records]
    position %= sum(map(len, lines))
    seq = 0
    while position >= len(lines[seq]):
        position -= len(lines[seq])
        seq += 1
    lines[seq][position] ^= change
    try:
        records = [msgspec.json.decode(bytes(line), type=Record) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if records == chained().records:
        return  # what stands there means the same, as `1` and `1.0` would
    broken = verify(records, chained().anchors).broken
    assert broken is not None
    assert broken.seq == seq + 1


# Deleted, repeated, reordered, cut off


@pytest.mark.parametrize("seq", range(1, 11))
def test_a_deleted_entry_is_missing(seq: int) -> None:
    whole = chained()
    del whole.records[seq - 1]
    assert found(whole) == (seq, "missing")


@pytest.mark.parametrize("seq", range(1, 12))
def test_an_entry_that_stands_there_twice_is_repeated(seq: int) -> None:
    whole = chained()
    whole.records.insert(seq, whole.records[seq - 1])
    assert found(whole) == (seq + 1, "repeated")


@pytest.mark.parametrize("seq", range(1, 11))
def test_of_two_entries_that_changed_places_the_first_is_missing(seq: int) -> None:
    whole = chained()
    whole.records[seq - 1 : seq + 1] = reversed(whole.records[seq - 1 : seq + 1])
    assert found(whole) == (seq, "missing")


@pytest.mark.parametrize("left", range(9))
def test_a_chain_that_ends_before_its_last_anchor_is_truncated(left: int) -> None:
    whole = chained()
    del whole.records[left:]
    assert found(whole) == (left + 1, "truncated")


def test_a_tail_without_an_anchor_can_be_cut_off_unless_the_end_is_known() -> None:
    whole = chained()
    end = Head(seq=11, hash=whole.records[-1].hash)
    assert verify(whole.records, whole.anchors, end=end).intact
    del whole.records[9:]
    assert found(whole) is None
    assert whole.verify().not_yet_anchored == 0
    broken = verify(whole.records, whole.anchors, end=end).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (10, "truncated")


def test_another_hash_at_the_end_is_found_if_the_end_is_known() -> None:
    whole = chained()
    assert not verify(whole.records, whole.anchors, end=Head(seq=11, hash=GENESIS)).intact


# Forked: all hashes right


@pytest.mark.parametrize("seq", range(1, 10))
def test_a_rewritten_chain_contradicts_the_first_anchor_that_covers_the_change(seq: int) -> None:
    whole = chained()
    record = whole.records[seq - 1]
    whole.records[seq - 1] = replace(record, entry=replace(record.entry, actor="mallory"))
    whole.records = rehashed(whole.records, seq)
    first = next(one.first for one in whole.anchors if one.last >= seq)
    assert found(whole) == (first, "rewritten")


def test_a_rewritten_tail_without_an_anchor_is_not_found_and_is_said_to_be_without() -> None:
    whole = chained()
    record = whole.records[9]
    whole.records[9] = replace(record, entry=replace(record.entry, actor="mallory"))
    whole.records = rehashed(whole.records, 10)
    verdict = whole.verify()
    assert verdict.intact
    assert verdict.not_yet_anchored == 2


def test_an_entry_taken_out_and_the_rest_renumbered_contradicts_the_anchor() -> None:
    whole = chained()
    del whole.records[4]
    whole.records = rehashed(whole.records, 5)
    assert found(whole) == (4, "rewritten")


def test_another_chain_with_the_same_beginning_contradicts_the_first_anchor_after_it() -> None:
    whole, other = chained(), written([9, 2])
    assert whole.records[:3] == other.records[:3]
    assert found(Chain(other.records, whole.anchors)) == (4, "rewritten")


# Any mutation of any chain


def _edit(whole: Chain, at: int) -> None:
    record = whole.records[at]
    whole.records[at] = replace(record, entry=replace(record.entry, facts={"n": "other"}))


def _delete(whole: Chain, at: int) -> None:
    del whole.records[at]


def _repeat(whole: Chain, at: int) -> None:
    whole.records.insert(at, whole.records[at])


def _swap(whole: Chain, at: int) -> None:
    other = (at + 1) % len(whole.records)
    whole.records[at], whole.records[other] = whole.records[other], whole.records[at]


def _fork(whole: Chain, at: int) -> None:
    _edit(whole, at)
    whole.records = rehashed(whole.records, at + 1)


def _insert_rehashed(whole: Chain, at: int) -> None:
    _repeat(whole, at)
    whole.records = rehashed(whole.records, at + 1)


def _delete_rehashed(whole: Chain, at: int) -> None:
    _delete(whole, at)
    whole.records = rehashed(whole.records, at + 1)


def _truncate(whole: Chain, at: int) -> None:
    del whole.records[at:]


type Mutation = Callable[[Chain, int], None]
MUTATIONS: list[Mutation] = [_edit, _delete, _repeat, _swap, _fork, _insert_rehashed, _delete_rehashed, _truncate]
some_hours = st.lists(st.integers(0, 3), min_size=1, max_size=4).filter(any)


def first_change(before: Chain, after: Chain) -> int:
    """Seq of the first entry that is not what it was."""
    pairs = zip(before.records, after.records, strict=False)
    same = next((n for n, (left, right) in enumerate(pairs) if left != right), None)
    return 1 + (min(len(before.records), len(after.records)) if same is None else same)


def assert_found(hours: list[int], tail: int, where: int, mutation: Mutation) -> None:
    """One mutation under the anchors is found, at the first entry that it changed or before."""
    before, after = written(hours, tail), written(hours, tail)
    mutation(after, where % before.anchored)
    verdict, first = after.verify(), first_change(before, after)
    if first > before.anchored:
        return  # written after the last anchor, as anybody may who writes the chain
    assert verdict.broken is not None
    assert verdict.anchored < first
    if verdict.broken.why == "truncated":
        assert verdict.broken.seq == len(after.records) + 1
    else:
        assert 1 <= verdict.broken.seq <= first


@given(some_hours, st.integers(0, 3), st.integers(0), st.sampled_from(MUTATIONS))
def test_any_mutation_under_the_anchors_is_found_at_or_before_the_first_entry_that_it_changed(
    hours: list[int], tail: int, where: int, mutation: Mutation
) -> None:
    assert_found(hours, tail, where, mutation)


def _any_order(record: Record, head: Head) -> None:
    """Numbers and hashes that nobody looks at."""


def _no_anchor(record: Record, covered: int, here: list[Anchor]) -> None:
    """Anchors that nobody looks at."""


def _numbers_only(record: Record, head: Head) -> audit.Broken | None:
    if record.entry.seq != head.seq + 1:
        return audit.Broken(seq=head.seq + 1, why="missing", text="")
    return None


@pytest.mark.parametrize(
    ("name", "broken"), [("_follows", _any_order), ("_follows", _numbers_only), ("_covered", _no_anchor)]
)
def test_the_property_refutes_a_verification_that_looks_away(
    name: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, name, broken)

    @REFUTE
    @given(some_hours, st.integers(0, 3), st.integers(0), st.sampled_from(MUTATIONS))
    def holds(hours: list[int], tail: int, where: int, mutation: Mutation) -> None:
        assert_found(hours, tail, where, mutation)

    with pytest.raises(AssertionError):
        holds()
