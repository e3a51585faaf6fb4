"""Recorded findings and events, from files that people made: each as the fleet would get it, byte for byte."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

STDIN = "-"
_MOST_BYTES = 200_000_000
_EXPECTED = "an event (detail-type, detail) or a finding (ProductArn of ASFF, class_uid of OCSF)"
_IN_EVENT = "$.detail.findings[0]"

type Fields = dict[str, msgspec.Raw]


class UnreadableError(Exception):
    """A file holds nothing that could be explained. Its text says what, and what was expected."""


@dataclass(frozen=True)
class Recorded:
    """One event; a bare finding is in the envelope in which Security Hub would send it."""

    where: str
    """The file; of a list also the place in it: `findings.json[3]`."""
    body: str
    event: str = ""
    """Its id; empty: it is a bare finding."""
    detail_type: str = ""

    @property
    def bare(self) -> bool:
        """Whether only the finding was recorded."""
        return not self.detail_type

    def path(self, path: str) -> str:
        """The place of a field in what was recorded, from its place in the event."""
        return f"${path.removeprefix(_IN_EVENT)}" if self.bare and path.startswith(_IN_EVENT) else path


@dataclass(frozen=True)
class Unfit:
    """What is neither an event nor a finding."""

    where: str
    why: str


def read(name: str, now: int) -> list[Recorded | Unfit]:
    """What a file (or `-`, the standard input) holds; bare findings come `now` (ms). Raises UnreadableError."""
    return parse(name, _content(name), now)


def parse(name: str, content: bytes, now: int) -> list[Recorded | Unfit]:
    """What the content of a file called so holds. Raises UnreadableError."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise UnreadableError(f"{name}: empty; expected {_EXPECTED}, or a list of them")
    try:
        listed = _listed(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UnreadableError(f"{name}: is not JSON in UTF-8: {error}") from error
    if listed is None:
        return [_recorded(name, content, now)]
    if not listed:
        raise UnreadableError(f"{name}: an empty list; expected {_EXPECTED}")
    return [_recorded(f"{name}[{index}]", bytes(raw), now) for index, raw in enumerate(listed)]


def single(body: str) -> Iterator[tuple[bytes, str]]:
    """Each finding of an event as it came, and an event that brings it alone.

    So that what `open_event` says of it is known to be of it.
    """
    fields = msgspec.json.decode(_bytes(body), type=Fields)
    detail = msgspec.json.decode(fields["detail"], type=Fields)
    for raw in msgspec.json.decode(detail["findings"], type=list[msgspec.Raw]):
        alone: Any = fields | {"detail": detail | {"findings": [raw]}}
        yield bytes(raw), _text(msgspec.json.encode(alone))


def _content(name: str) -> bytes:
    try:
        if name == STDIN:
            return sys.stdin.buffer.read(_MOST_BYTES)
        path = Path(name)
        if path.stat().st_size > _MOST_BYTES:
            raise UnreadableError(f"{name}: larger than {_MOST_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{name}: {(error.strerror or str(error)).lower()}") from error


def _listed(content: bytes) -> list[msgspec.Raw] | None:
    """The members of a list, or of what `aws securityhub get-findings` prints; None if it is one thing alone."""
    if content.lstrip().startswith(b"["):
        return msgspec.json.decode(content, type=list[msgspec.Raw])
    if not content.lstrip().startswith(b"{"):
        msgspec.json.decode(content)
        return None
    found = msgspec.json.decode(content, type=Fields).get("Findings")
    if found is None or not bytes(found).startswith(b"["):
        return None
    return msgspec.json.decode(found, type=list[msgspec.Raw])


def _recorded(where: str, raw: bytes, now: int) -> Recorded | Unfit:
    if not raw.lstrip().startswith(b"{"):
        return Unfit(where, f"it is no object; expected {_EXPECTED}")
    try:
        fields = msgspec.json.decode(raw, type=Fields)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Unfit(where, f"it is not JSON in UTF-8: {error}")
    if "detail-type" in fields and "detail" in fields:
        named: Any = {"id": "recorded"} | fields  # people leave out what they do not know
        event, detail_type = (_word(named[name]) for name in ("id", "detail-type"))
        return Recorded(where, _text(msgspec.json.encode(named)), event, detail_type or "unknown")
    if "SchemaVersion" in fields or "ProductArn" in fields:
        return Recorded(where, _envelope(raw, "Security Hub Findings - Imported", now))
    if "class_uid" in fields:
        return Recorded(where, _envelope(raw, "Findings Imported V2", now))
    return Unfit(where, f"expected {_EXPECTED}")


def _envelope(raw: bytes, detail_type: str, now: int) -> str:
    event = {
        "version": "0",
        "id": "recorded",
        "detail-type": detail_type,
        "source": "aws.securityhub",
        "time": datetime.fromtimestamp(now / 1000, UTC).isoformat(),
        "detail": {"findings": [msgspec.Raw(raw)]},
    }
    return _text(msgspec.json.encode(event))


def _word(value: Any) -> str:
    """A text as people may read it; empty if it is none."""
    try:
        return value if isinstance(value, str) else msgspec.json.decode(value, type=str)
    except (msgspec.DecodeError, UnicodeError):
        return ""


def _text(content: bytes) -> str:
    """As text, whatever is in it: what is no UTF-8 stays no UTF-8, and is refused as such."""
    return content.decode(errors="surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
