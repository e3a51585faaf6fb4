"""Does a value of a finding satisfy one filter? What both filter languages of Security Hub have in common.

Evidence: API reference, StringFilter, MapFilter, DateFilter, DateRange, NumberFilter, IpFilter, BooleanFilter (their
texts are in botocore's model too):
- values are case sensitive; CONTAINS_WORD is not, and looks for a whole word ("Title CONTAINS_WORD lambda" matches
  "GuardDuty Lambda Protection");
- WITHIN is the default of a date range; the unit is days, back from now;
- timestamps end with Z or an offset, and have up to nine digits after the seconds ("Timestamps").
A field may have several values (a finding has up to 32 resources): an affirmative comparison needs one of them, a
negated one (NOT_EQUALS, PREFIX_NOT_EQUALS) needs all, also when there are none. That is inferred from "excludes".
That the bounds of Start and End belong to the range is inferred too.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

type Json = dict[str, Any]

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)")
_DAY = 86_400 * 10**9

NEGATED = frozenset({"NOT_EQUALS", "PREFIX_NOT_EQUALS", "NOT_CONTAINS"})

_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": lambda value, wanted: value == wanted,
    "PREFIX": lambda value, wanted: value.startswith(wanted),
    "NOT_EQUALS": lambda value, wanted: value != wanted,
    "PREFIX_NOT_EQUALS": lambda value, wanted: not value.startswith(wanted),
    "CONTAINS_WORD": lambda value, wanted: bool(re.search(rf"\b{re.escape(wanted)}\b", value, re.IGNORECASE)),
}


def nanoseconds(text: object) -> int:
    """Nanoseconds since 1970 of a timestamp. Raises ValueError for one that Security Hub does not take."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError("is not a timestamp like 2026-01-31T23:00:00.123Z")
    seconds = int(datetime.fromisoformat(found[1] + found[3]).timestamp())
    return seconds * 10**9 + int((found[2] or "").ljust(9, "0"))


def values(document: Any, path: str) -> list[Any]:
    """All values at a dotted path, through every list on the way; a list at its end gives its members."""
    found = [document]
    for step in path.split("."):
        found = [each.get(step) for each in _flat(found) if isinstance(each, dict)]
    return [each for each in _flat(found) if each is not None]


def _flat(found: Iterable[Any]) -> list[Any]:
    return [one for each in found for one in (each if isinstance(each, list) else [each])]


def text(found: list[Any], wanted: Json) -> bool:
    """A StringFilter."""
    combine = all if wanted["Comparison"] in NEGATED else any
    compare = _TEXTS[wanted["Comparison"]]
    return combine(compare(str(each), wanted["Value"]) for each in found)


def tag(found: list[Any], wanted: Json) -> bool:
    """A MapFilter, on maps or on OCSF's lists of name and value."""
    key = wanted["Key"]
    held = [each[key] for each in found if isinstance(each, dict) and key in each]
    held += [each.get("value") for each in found if isinstance(each, dict) and each.get("name") == key]
    return text(held, wanted)


def number(found: list[Any], wanted: Json) -> bool:
    """A NumberFilter: all of its conditions hold for one value."""
    return any(
        isinstance(each, int | float)
        and each == wanted.get("Eq", each)
        and each >= wanted.get("Gte", each)
        and each <= wanted.get("Lte", each)
        and ("Gt" not in wanted or each > wanted["Gt"])
        and ("Lt" not in wanted or each < wanted["Lt"])
        for each in found
    )


def date(found: list[Any], wanted: Json, now: int) -> bool:
    """A DateFilter; `now` is nanoseconds since 1970."""
    within = [_time(each) for each in found]
    days = wanted.get("DateRange")
    if days:
        edge = now - days.get("Value", 0) * _DAY
        older = days.get("Comparison") == "OLDER_THAN"
        return any(each is not None and (each < edge if older else edge <= each <= now) for each in within)
    start, end = (nanoseconds(wanted[name]) if wanted.get(name) else None for name in ("Start", "End"))
    return any(
        each is not None and (start is None or each >= start) and (end is None or each <= end) for each in within
    )


def _time(value: object) -> int | None:
    try:
        return nanoseconds(value)
    except ValueError:
        return None


def ip(found: list[Any], wanted: Json) -> bool:
    """An IpFilter."""
    network = ipaddress.ip_network(wanted["Cidr"], strict=False)
    return any(_address(each) in network for each in found if _address(each) is not None)


def _address(value: object) -> Any:
    try:
        return ipaddress.ip_address(str(value))
    except ValueError:
        return None


def boolean(found: list[Any], wanted: Json) -> bool:
    """A BooleanFilter; an absent value is false."""
    return any(found) is wanted.get("Value", False)


def keyword(document: Any, wanted: Json) -> bool:
    """A KeywordFilter: somewhere in the finding."""
    return wanted["Value"] in json.dumps(document, ensure_ascii=False)


def problem(kind: str, wanted: Json) -> str:
    """What is wrong with the values of one filter of this kind, beyond its shape; the empty string if nothing is."""
    if kind == "Date":
        return _date_problem(wanted)
    if kind == "Ip":
        try:
            ipaddress.ip_network(wanted.get("Cidr", ""), strict=False)
        except ValueError:
            return "Cidr should be a CIDR block"
    if kind in {"String", "Map"} and not (wanted.get("Value") and wanted.get("Comparison")):
        return "should have required properties 'Value' and 'Comparison'"
    if kind == "Map" and not wanted.get("Key"):
        return "should have required property 'Key'"
    return ""


def _date_problem(wanted: Json) -> str:
    if bool(wanted.get("DateRange")) == bool(wanted.get("Start") or wanted.get("End")):
        return "should have either 'Start' and 'End', or 'DateRange'"
    days = wanted.get("DateRange")
    if days and (days.get("Value") is None or not days.get("Unit")):
        return "DateRange should have required properties 'Value' and 'Unit'"
    for name in ("Start", "End"):
        try:
            nanoseconds(wanted.get(name) or "1970-01-01T00:00:00Z")
        except ValueError as error:
            return f"{name} {error}"
    return ""
