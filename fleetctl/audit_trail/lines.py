"""An export of the audit chain, line by line: `yagura-audit/1`.

    {"account": ..., "exported_at": ..., "format": "yagura-audit/1", "head": {...}, "region": ...}
    {"anchor": {...}}                     every anchor, oldest first
    {"entry": {...}, "hash": "..."}       every entry, oldest first, as it stands in the table
    {"end": {"lines": n, "sha256": "..."}}    over all bytes before it

Every line is RFC 8785 canonical JSON and ends with a line feed. So an entry has one way to be written, and whatever
was changed in a file, be it a blank, shows.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any, BinaryIO, Literal

import msgspec

from fleet.canonical import CanonicalError, canonical
from functions.chatops.audit import Anchor, Broken, Head, Record

FORMAT = "yagura-audit/1"
LONGEST = 1_000_000
"""Bytes of a line; an item of DynamoDB has 400 KB at most."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: whose chain it is, and how it ended when it was exported."""

    format: str = FORMAT
    account: str
    region: str
    exported_at: str
    """ISO 8601, UTC."""
    head: Head


class _AnchorLine(msgspec.Struct, frozen=True, kw_only=True):
    anchor: Anchor


class _End(msgspec.Struct, frozen=True, kw_only=True):
    lines: int
    sha256: str


class _EndLine(msgspec.Struct, frozen=True, kw_only=True):
    end: _End


class UnusableError(Exception):
    """This is no export that could be checked; the text says why, for people."""


class NotJsonError(UnusableError):
    """A line is not even JSON."""


class UnreadableError(Exception):
    """A line of the chain that holds no entry as the fleet writes them."""


class AddedError(UnreadableError):
    """A line that holds an entry, written as the fleet does not write it."""


def line_of(entry: str, entry_hash: str) -> bytes:
    """The line of an entry, from what the table holds: word for word, whatever it is."""
    body = entry.encode()
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        whole = b"\n" not in body and b"\r" not in body
    except (msgspec.DecodeError, RecursionError):
        whole = False
    if not whole:  # then it is kept as a text, for `verify` to refuse
        body = canonical(entry)
    return b'{"entry":' + body + b',"hash":' + canonical(entry_hash) + b"}"


def record_of(line: bytes) -> Record:
    """The record in a line. Raises UnreadableError or NotJsonError."""
    try:
        record = _records.decode(line)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"it is no entry of the audit chain ({error})") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotJsonError("not JSON") from error
    try:
        same = canonical(msgspec.to_builtins(record)) == line
    except (CanonicalError, UnicodeError, RecursionError) as error:
        raise UnreadableError("it holds what no entry can hold") from error
    if not same:
        raise AddedError("it is not written as the chain writes its entries: something was added or changed")
    return record


_records = msgspec.json.Decoder(Record)


class Entries:
    """The records of `lines`, up to the first that holds none."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self.last = 0
        """Seq of the last entry that was read."""
        self.broken: Broken | None = None

    def __iter__(self) -> Iterator[Record]:
        for line in self._lines:
            try:
                record = record_of(line)
            except UnreadableError as error:
                why: Literal["edited", "unreadable"] = "edited" if isinstance(error, AddedError) else "unreadable"
                self.broken = Broken(seq=self.last + 1, why=why, text=str(error))
                return
            yield record
            self.last = record.entry.seq


def write(file: BinaryIO, header: Header, anchors: Iterable[Anchor], lines: Iterable[bytes]) -> None:
    """An export. Anchors come first: whoever reads it needs them when the entries come by."""
    seen, count = sha256(), 0

    def put(line: bytes) -> None:
        nonlocal count
        count += 1
        seen.update(line + b"\n")
        file.write(line + b"\n")

    put(_line(header))
    for anchor in anchors:
        put(_line(_AnchorLine(anchor=anchor)))
    for line in lines:
        put(line)
    put(_line(_EndLine(end=_End(lines=count, sha256=seen.hexdigest()))))


def _line(value: msgspec.Struct) -> bytes:
    return canonical(msgspec.to_builtins(value))


class Export:
    """An export being read: header and anchors at once, its entries one by one, so that it may be of any length.

    Raises UnusableError, here and while the entries are read.
    """

    def __init__(self, file: BinaryIO, tick: Callable[[int], None] = lambda _bytes: None) -> None:
        self._file, self._tick = file, tick
        self._seen = self._before = sha256()
        self._count = 0
        self.damage = "its last line is missing: the file is not whole"
        """Why the file is not what was written, though its entries may be right; empty once it has proved to be."""
        self.header = self._header()
        self.anchors: list[Anchor] = []
        self._line = self._next()
        while self._line.startswith(b'{"anchor":'):
            self.anchors.append(self._as(self._line, _AnchorLine).anchor)
            self._line = self._next()

    def lines(self) -> Iterator[bytes]:
        """The lines of the entries; afterwards, `damage` is known."""
        while self._line and not self._line.startswith(b'{"end":'):
            if self._line.startswith(b'{"anchor":'):
                raise UnusableError(f"line {self._count} is an anchor, after entries: anchors come first")
            yield self._line
            self._line = self._next()
        if self._line:
            self._ends()

    @property
    def number(self) -> int:
        """Of the line that was read last."""
        return self._count

    def _ends(self) -> None:
        right = _End(lines=self._count - 1, sha256=self._before.hexdigest())
        try:
            end = self._as(self._line, _EndLine).end
        except UnusableError as error:
            self.damage = str(error)
            return
        if self._file.read(1):
            self.damage = f"something follows after its end, line {self._count}"
        elif end != right:
            self.damage = "its checksum is not that of its text: it was changed, or damaged on its way"
        else:
            self.damage = ""

    def _header(self) -> Header:
        line = self._next()
        try:
            found: Any = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            found = None
        if not isinstance(found, dict) or not isinstance(found.get("format"), str):
            raise UnusableError("it is no export of `fleetctl audit export`: its first line names no format")
        if found["format"] != FORMAT:
            raise UnusableError(f"its format is {found['format'][:40]!r}, and this fleetctl reads {FORMAT}")
        return self._as(line, Header)

    def _as[T: msgspec.Struct](self, line: bytes, kind: type[T]) -> T:
        try:
            value = msgspec.json.decode(line, type=kind)
            same = canonical(msgspec.to_builtins(value)) == line
        except msgspec.ValidationError as error:
            raise UnusableError(f"line {self._count} is not as fleetctl writes it ({error})") from error
        except (msgspec.DecodeError, CanonicalError, UnicodeError, RecursionError) as error:
            raise UnusableError(f"line {self._count} is not JSON") from error
        if not same:
            raise UnusableError(f"line {self._count} is not as fleetctl writes it: it was changed")
        return value

    def _next(self) -> bytes:
        """The next line without its end; empty after the last."""
        line = self._file.readline(LONGEST + 1)
        if not line:
            return b""
        self._count += 1
        self._tick(len(line))
        if len(line) > LONGEST:
            raise UnusableError(f"line {self._count} is longer than any entry can be")
        self._before = self._seen.copy()
        self._seen.update(line)
        text = line.removesuffix(b"\n")
        if text == line:  # as if it were not there: whether entries are missing, their head says
            self.damage = f"line {self._count} is cut off: the file is not whole"
            return b""
        if not text:
            raise UnusableError(f"line {self._count} is empty")
        return text
