"""Timestamps as AWS writes them."""

from datetime import datetime

import msgspec


class TimestampError(ValueError):
    """A text is not an ISO 8601 date and time with an offset."""


def parse_iso(text: str) -> int:
    """An ISO 8601 timestamp, as AWS writes it, in ms since the epoch.

    msgspec parses it, since `datetime.fromisoformat` also takes week dates and bare dates.
    """
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise TimestampError(f"{text[:40]!r} is not an ISO 8601 timestamp") from error
    if moment.tzinfo is None:
        raise TimestampError(f"{text[:40]!r} has no offset from UTC")
    return round(moment.timestamp() * 1000)
