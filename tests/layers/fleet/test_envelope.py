"""The envelope of fleet events: what is read of it, and what is refused."""

import contextlib
import json
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fleet.events.findings  # noqa: F401 - defines the events that are tried here
from fleet.events.envelope import (
    MAX_ENTRY_BYTES,
    MAX_HOPS,
    Entry,
    EventTooLargeError,
    FleetEvent,
    Meta,
    Received,
    decode,
    receive,
)
from fleet.events.findings import FindingOpened
from fleet.refusal import DroppedError, RefusedError
from tests.layers.fleet.entries import NoteTaken, meta

KINDS: list[type[FleetEvent]] = sorted(FleetEvent.__subclasses__(), key=lambda kind: kind.detail_type())
metas = st.builds(Meta, hops=st.integers(0, MAX_HOPS), time=st.integers(0, 2**53), version=st.just(1))


def on_the_bus(entry: Entry, **changes: Any) -> str:
    """The event as EventBridge delivers it."""
    detail = json.loads(entry.detail)
    envelope = {
        "version": "0",
        "id": "e",
        "source": entry.source,
        "detail-type": entry.detail_type,
        "account": detail["meta"]["account"],
        "region": "eu-west-1",
        "time": "2026-03-02T09:15:12Z",
        "resources": [],
        "detail": detail,
    }
    return json.dumps(envelope | changes)


def note(**changes: Any) -> str:
    return on_the_bus(Entry.of(NoteTaken(text="t"), meta()), **changes)


def with_detail(part: str, name: str, value: object) -> str:
    body = json.loads(note())
    if value is ...:
        del body["detail"][part][name]
    else:
        body["detail"][part][name] = value
    return json.dumps(body)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fleet_event_comes_back_as_it_went(kind: type[FleetEvent]) -> None:
    @given(st.builds(kind), metas)
    def comes_back(data: FleetEvent, about: Meta) -> None:
        assert receive(kind, on_the_bus(Entry.of(data, about))) == Received(meta=about, data=data, source=kind.source)

    comes_back()


@pytest.mark.parametrize("kind", KINDS)
def test_every_fleet_event_is_named_in_the_past_and_says_its_source_and_version(kind: type[FleetEvent]) -> None:
    assert kind.detail_type() == kind.__name__
    assert kind.source.startswith("yagura.")
    assert kind.version >= 1


def test_unknown_fields_are_ignored() -> None:
    body = json.loads(note(future=1))
    body["detail"]["meta"]["future"] = {"a": 1}
    body["detail"]["data"]["future"] = [1]
    assert receive(NoteTaken, json.dumps(body)).data == NoteTaken(text="t")


def test_fields_that_an_older_sender_does_not_know_have_their_defaults() -> None:
    body = json.loads(note())
    for name in ("cause", "hops", "traceparent"):
        del body["detail"]["meta"][name]
    del body["detail"]["data"]["again"]
    received = receive(NoteTaken, json.dumps(body))
    assert (received.meta.hops, received.meta.cause, received.data.again) == (0, None, False)


@pytest.mark.parametrize("hops", [0, MAX_HOPS])
def test_up_to_five_hops_are_taken(hops: int) -> None:
    assert receive(NoteTaken, with_detail("meta", "hops", hops)).meta.hops == hops


@pytest.mark.parametrize("hops", [MAX_HOPS + 1, 10**18, 10**30])
def test_more_than_five_hops_are_a_loop(hops: int) -> None:
    with pytest.raises(RefusedError) as refusal:
        receive(NoteTaken, with_detail("meta", "hops", hops))
    assert (refusal.value.reason, refusal.value.path) == ("loop", "$.detail.meta.hops")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"source": "yagura.findings"}, "$.source"),
        ({"source": "acme.tests"}, "$.source"),
        ({"source": "yagura.tests "}, "$.source"),
        ({"detail-type": "FindingOpened"}, "$.source"),
        ({"account": "444455556666"}, "$.detail.meta.account"),
    ],
)
def test_an_event_that_is_not_what_it_claims_is_foreign(changes: dict[str, str], path: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        receive(NoteTaken, note(**changes))
    assert (refusal.value.reason, refusal.value.path) == ("foreign", path)


@pytest.mark.parametrize(
    ("part", "name", "value", "path"),
    [
        ("meta", "id", None, "$.detail.meta.id"),
        ("meta", "id", ..., "$.detail.meta"),
        ("meta", "account", 111122223333, "$.detail.meta.account"),
        ("meta", "hops", "many", "$.detail.meta.hops"),
        ("meta", "hops", None, "$.detail.meta.hops"),
        ("data", "text", 5, "$.detail.data.text"),
        ("data", "text", ..., "$.detail.data"),
        ("data", "again", "yes", "$.detail.data.again"),
    ],
)
def test_a_malformed_field_is_refused_by_its_path(part: str, name: str, value: object, path: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        receive(NoteTaken, with_detail(part, name, value))
    assert (refusal.value.reason, refusal.value.path) == ("malformed", path)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"detail": None}, "$.detail"),
        ({"detail": {"meta": {}}}, "$.detail.meta"),
        ({"source": None}, "$.source"),
        ({"account": None}, "$.account"),
    ],
)
def test_a_malformed_envelope_is_refused_by_its_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        receive(NoteTaken, note(**changes))
    assert (refusal.value.reason, refusal.value.path) == ("malformed", path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(
    st.sampled_from(["source", "detail-type", "account", "detail", "meta", "data"]),
    st.sampled_from([*Meta.__struct_fields__, *NoteTaken.__struct_fields__]),
    json_values,
)
@example("detail", "id", {})
def test_any_value_in_any_place_is_taken_or_refused(place: str, field: str, value: Any) -> None:
    body = json.loads(note())
    if place in {"meta", "data"}:
        body["detail"][place][field] = value
    else:
        body[place] = value
    with contextlib.suppress(RefusedError):
        receive(NoteTaken, json.dumps(body))


def test_an_event_that_eventbridge_would_refuse_for_its_size_is_an_error_when_it_is_made() -> None:
    frame = len(Entry.of(NoteTaken(text=""), meta()).detail)
    fits = Entry.of(NoteTaken(text="x" * (MAX_ENTRY_BYTES - frame)), meta())
    assert len(fits.detail) == MAX_ENTRY_BYTES
    with pytest.raises(EventTooLargeError, match="n1"):
        Entry.of(NoteTaken(text="x" * (MAX_ENTRY_BYTES - frame + 1)), meta())


def test_size_is_counted_in_bytes() -> None:
    with pytest.raises(EventTooLargeError):
        Entry.of(NoteTaken(text="櫓" * (MAX_ENTRY_BYTES // 3)), meta())


def test_an_error_about_size_does_not_quote_the_event() -> None:
    with pytest.raises(EventTooLargeError) as error:
        Entry.of(NoteTaken(text="PATIENT-4711" * MAX_ENTRY_BYTES), meta())
    assert "PATIENT" not in str(error.value)


@pytest.mark.parametrize("reason", ["", "Has Spaces", "UPPER", "1st", "a-b"])
def test_a_reason_is_a_slug(reason: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        RefusedError(reason, "$", "text")
    with pytest.raises(ValueError, match="slug"):
        DroppedError(reason)


def test_a_finding_opened_by_a_version_without_reopened_is_the_first_opening() -> None:
    required = [field.name for field in msgspec.structs.fields(FindingOpened) if field.required]
    assert msgspec.convert(dict.fromkeys(required, "x"), FindingOpened).reopened is False


def test_the_limits_are_those_of_the_design_and_of_eventbridge() -> None:
    assert MAX_HOPS == 5
    assert MAX_ENTRY_BYTES == 240_000


@pytest.mark.parametrize("body", [b"{", b"\xff", b"", "nonsense"])
def test_what_is_no_json_is_malformed_at_its_place(body: bytes | str) -> None:
    with pytest.raises(RefusedError) as refused:
        decode(Meta, body, at="$.detail")
    assert (refused.value.reason, refused.value.path, refused.value.text) == (
        "malformed",
        "$.detail",
        "expected JSON in UTF-8",
    )


def test_a_refusal_gives_the_exact_path_and_no_value() -> None:
    class Box(msgspec.Struct):
        kind: Literal["a"]
        x: int = 0

    for body, path, text in (
        ('{"kind": "SECRET"}', "$.kind", "Invalid enum value"),
        ('{"kind": "a", "x": "SECRET"}', "$.x", "Expected `int`, got `str`"),
        ("{}", "$", "Object missing required field `kind`"),
    ):
        with pytest.raises(RefusedError) as refused:
            decode(Box, body)
        assert (refused.value.path, refused.value.text) == (path, text)
