"""Anchors that an auditor keeps, from a file or a folder."""

from pathlib import Path

import msgspec

from fleetctl.audit_trail.lines import UnusableError
from functions.chatops.audit import Anchor


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    anchor: Anchor


def read_copies(path: Path) -> list[Anchor]:
    """The anchors in `path`, oldest first: a folder as `aws s3 sync` leaves it, one such file, or an export.

    Raises UnusableError.
    """
    try:
        found = _folder(path) if path.is_dir() else _file(path)
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}") from error
    by_number: dict[int, Anchor] = {}
    for anchor in found:
        if by_number.setdefault(anchor.number, anchor) != anchor:
            raise UnusableError(f"{path} holds two different anchors with the number {anchor.number}")
    if not by_number:
        raise UnusableError(f"there is no anchor in {path}")
    return [by_number[number] for number in sorted(by_number)]


def _folder(path: Path) -> list[Anchor]:
    files = sorted(path.rglob("*.json"))
    return [_anchor(file.read_bytes(), str(file)) for file in files]


def _file(path: Path) -> list[Anchor]:
    anchors = []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.startswith((b'{"entry":', b'{"end":')):  # an export: its anchors have come by
                break
            if line.strip() and not (number == 1 and b'"format":' in line):
                anchors.append(_anchor(line, f"line {number} of {path}"))
    return anchors


def _anchor(text: bytes, where: str) -> Anchor:
    try:
        if text.startswith(b'{"anchor":'):
            return msgspec.json.decode(text, type=_Line).anchor
        return msgspec.json.decode(text, type=Anchor)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise UnusableError(f"{where} is no anchor") from error
