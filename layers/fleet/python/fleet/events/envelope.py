"""The envelope of every fleet event: `detail = {"meta": {...}, "data": {...}}`.

Fields are added, never changed or removed; readers ignore unknown fields; new fields have defaults; a breaking
change is a new version beside the old one. A fleet event is a hint, never authority: whoever acts on one re-reads
the state by key.
"""

from typing import ClassVar, Self

import msgspec

from fleet.refusal import RefusedError

ANY_CAPABILITY = "yagura.*"
"""`source` of an event that every capability may send; each entry and what is received names the one that did."""

MAX_HOPS = 5
"""An event that was caused by a chain of more than this many is a loop."""

MAX_ENTRY_BYTES = 240_000
"""EventBridge takes 256 KB a call, everything counted; what remains is room for source, type and resources."""


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """Who, where, when and why of a fact."""

    id: str
    """Stable for the fact: the same fact published twice carries the same id."""
    version: int
    """Version of the schema of `data`."""
    time: int
    """When it became true, in ms since the epoch."""
    account: str
    region: str
    service: str
    team: str
    environment: str
    actor: str
    """What or who made it true: a person, or a source such as `aws.securityhub`."""
    cause: str | None = None
    """Id of the event that led here."""
    hops: int = 0
    """How many fleet events led here."""
    traceparent: str | None = None


class FleetEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the `data` of all fleet events; the class's name is the detail-type."""

    source: ClassVar[str]
    version: ClassVar[int]

    @classmethod
    def detail_type(cls) -> str:
        """`FindingOpened` and so on: a past-tense PascalCase name."""
        return cls.__name__


class EventTooLargeError(ValueError):
    """A fleet event that EventBridge would refuse for its size; it must not get into an outbox."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An encoded fleet event: what an outbox stores and PutEvents takes."""

    id: str
    source: str
    detail_type: str
    detail: str
    bus: str = ""
    """ARN of the bus that it is for; empty: the fleet bus of this account."""

    @classmethod
    def of(cls, data: FleetEvent, meta: Meta, *, source: str = "", bus: str = "") -> Self:
        """Encode `data` under `meta`; `source` only if `data` has none of its own. Raises EventTooLargeError."""
        detail = msgspec.json.encode({"meta": meta, "data": data}).decode()
        if len(detail.encode()) > MAX_ENTRY_BYTES:
            message = f"{data.detail_type()} {meta.id} has {len(detail.encode())} bytes; the limit is {MAX_ENTRY_BYTES}"
            raise EventTooLargeError(message)
        # What goes to several buses is confirmed by each of them apart.
        key = f"{meta.id}@{bus}" if bus else meta.id
        return cls(id=key, source=source or data.source, detail_type=data.detail_type(), detail=detail, bus=bus)


class Received[E: FleetEvent](msgspec.Struct, frozen=True, kw_only=True):
    """A fleet event as it came from the bus."""

    meta: Meta
    data: E
    source: str = ""
    """Who sent it, as the bus has it: its policy lets nobody sign as another."""

    @property
    def capability(self) -> str:
        """`rollouts` of `yagura.rollouts`."""
        return self.source.partition(".")[2]


class _Detail(msgspec.Struct, frozen=True):
    meta: Meta
    data: msgspec.Raw


class _Envelope(msgspec.Struct, frozen=True, rename={"detail_type": "detail-type"}):
    source: str
    detail_type: str
    account: str
    detail: _Detail


def receive[E: FleetEvent](kind: type[E], body: bytes | str) -> Received[E]:
    """Decode an EventBridge envelope that holds a `kind`.

    Raises RefusedError: `malformed` with the path of the field, `foreign` when source, detail-type or account are
    not what they claim to be, `loop` after more than MAX_HOPS hops.
    """
    envelope = decode(_Envelope, body)
    ours = envelope.source == kind.source or (
        kind.source == ANY_CAPABILITY and envelope.source.startswith(ANY_CAPABILITY.removesuffix("*"))
    )
    if not ours or envelope.detail_type != kind.detail_type():
        raise RefusedError("foreign", "$.source", f"expected {kind.detail_type()} of {kind.source}")
    meta = envelope.detail.meta
    if meta.account != envelope.account:
        # EventBridge sets `account` to the account that put the event; nobody else can.
        raise RefusedError("foreign", "$.detail.meta.account", "expected the account that put the event")
    if meta.hops > MAX_HOPS:
        raise RefusedError("loop", "$.detail.meta.hops", f"expected at most {MAX_HOPS}")
    return Received(
        meta=meta, data=decode(kind, bytes(envelope.detail.data), at="$.detail.data"), source=envelope.source
    )


def decode[T](kind: type[T], body: bytes | str, at: str = "$") -> T:
    """Decode JSON by a struct; raises RefusedError(`malformed`) with the path of the field, from `at` on."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).rpartition(" - at `$")  # the last: what is quoted before it is the sender's
        text, path = (text, path) if text else (path, "")
        raise RefusedError("malformed", at + path.rstrip("`"), _without_values(text)) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise RefusedError("malformed", at, "expected JSON in UTF-8") from error


def _without_values(text: str) -> str:
    """msgspec quotes an invalid enum value; what was sent must not get into logs."""
    return "Invalid enum value" if text.startswith("Invalid enum value") else text.partition(" '")[0]
