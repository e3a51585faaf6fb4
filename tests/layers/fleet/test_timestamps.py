"""Timestamps of AWS."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.timestamps import TimestampError, parse_iso


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-03-02T09:15:12.731Z", 1772442912731),
        ("2026-03-02T09:15:12Z", 1772442912000),
        ("2026-03-02T10:15:12.731+01:00", 1772442912731),
        ("2026-03-02T09:15:12.731456Z", 1772442912731),
    ],
)
def test_a_timestamp_is_read_to_the_millisecond(text: str, ms: int) -> None:
    assert parse_iso(text) == ms


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1)),  # noqa: DTZ001 - Hypothesis adds the zone itself
    st.integers(-23 * 60, 23 * 60),
)
def test_the_offset_does_not_change_the_moment(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=UTC)
    elsewhere = aware.astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_iso(elsewhere.isoformat()) == parse_iso(aware.isoformat()) == round(aware.timestamp() * 1000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-03-02",
        "2026-W10-1",
        "2026-03-02T09:15:12",
        "2026-13-02T09:15:12Z",
        "2026-02-30T09:15:12Z",
        "1772442912731",
        "2026-03-02T25:15:12Z",
        "２０２６-03-02T09:15:12Z",
    ],
)
def test_what_is_no_timestamp_with_an_offset_is_an_error(text: str) -> None:
    with pytest.raises(TimestampError):
        parse_iso(text)


@given(st.text())
def test_any_text_is_a_timestamp_or_that_error(text: str) -> None:
    with contextlib.suppress(TimestampError):
        parse_iso(text)
