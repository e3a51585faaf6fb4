"""One byte of an export changed, wherever: it is found, and named."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.audit_trail import lines as lines_module
from fleetctl.audit_trail.lines import Export, NotJsonError, UnreadableError
from functions.chatops import audit
from functions.chatops.audit import Record
from tests.fleetctl.chains import chained, export_of, line, outcome, verified, with_lines
from tests.layers.fleet.refute import REFUTE

RECORDS, ANCHORS = chained(10)
TEXT = export_of(RECORDS, ANCHORS)
FIRST_ENTRY = 1 + len(ANCHORS)
"""Index of its line."""

positions = st.integers(0, len(TEXT) - 1)


def found_out(position: int, byte: int) -> bool:
    """Whether the export with one byte changed is refused, and by the right name."""
    changed = bytearray(TEXT)
    if changed[position] == byte:
        return True
    changed[position] = byte
    status, said = outcome(bytes(changed))
    number = TEXT.count(b"\n", 0, position)  # from 0
    seq = number - FIRST_ENTRY + 1
    if 1 <= seq <= len(RECORDS):
        # Lines that run into each other, or are cut in two, are named by what can be seen of them.
        named = said.startswith((f"{seq} ", f"{seq + 1} ")) if status == 1 else f"line {number + 1} " in said
        return status > 0 and (named or byte == ord("\n"))
    return status > 0


@given(positions, st.integers(0, 255))
def test_one_changed_byte_is_found_wherever_it_is_and_names_the_entry_that_it_is_in(position: int, byte: int) -> None:
    assert found_out(position, byte)


def _lenient(line_: bytes) -> Record:
    """`record_of` as it would be without looking at how the entry is written."""
    try:
        return msgspec.json.decode(line_, type=Record)
    except msgspec.ValidationError as error:
        raise UnreadableError(str(error)) from error
    except msgspec.DecodeError as error:
        raise NotJsonError("not JSON") from error


@contextmanager
def _without_form(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(lines_module, "record_of", _lenient)
        yield


@contextmanager
def _without_checksum(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def ends(self: Export) -> None:
        self.damage = ""

    with monkeypatch.context() as patched:
        patched.setattr(Export, "_ends", ends)
        yield


@contextmanager
def _without_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(audit, "_follows", lambda record, head: None)
        yield


@pytest.mark.parametrize("broken", [_without_checksum, _without_hashes])
def test_the_property_of_one_byte_refutes_a_verification_that_looks_less_closely(
    broken: Callable[[pytest.MonkeyPatch], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    @REFUTE
    @given(positions, st.integers(0, 255))
    def refuted(position: int, byte: int) -> None:
        assert found_out(position, byte)

    with broken(monkeypatch), pytest.raises(AssertionError):
        refuted()


def test_without_its_form_an_added_field_would_pass_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line(record) for record in RECORDS]
    lines[6] = lines[6].replace(b'"via":', b'"verdict":"fine","via":')
    with _without_form(monkeypatch):
        assert verified(with_lines(TEXT, lines)).intact
