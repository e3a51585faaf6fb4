"""Order and pages of GetFindings and GetFindingsV2.

Evidence: API reference, GetFindings: MaxResults 1 to 100, NextToken, SortCriteria of a field and `asc` or `desc`. A
token belongs to the filters and the order that it was made for, and to one account; AWS's tokens are opaque, and
another one is refused (InvalidInputException, ValidationException). A page without MaxResults has 10 findings here,
so that a caller that does not turn pages shows; without SortCriteria the order is that of their arrival. A finding
that begins or ceases to match between two pages shifts the later ones, as with any position in a live list.
"""

import base64
import hashlib
import json
import secrets
from functools import partial
from typing import Any

from local.securityhub_compare import values

type Json = dict[str, Any]

_USUAL = 10
_secret = [secrets.token_hex()]


def ordered(findings: list[Json], criteria: list[tuple[str, str]]) -> list[Json]:
    """Findings by (path, "asc" or "desc") criteria, the first one first; without the field they come last."""
    for path, order in reversed(criteria):
        present = [each for each in findings if values(each, path)]
        absent = [each for each in findings if not values(each, path)]
        present.sort(key=partial(_key, path), reverse=order == "desc")
        findings = present + absent
    return findings


def _key(path: str, finding: Json) -> tuple[bool, float, str]:
    value = values(finding, path)[0]
    number = isinstance(value, int | float)
    return (not number, float(value) if isinstance(value, int | float) else 0.0, str(value))


def page(findings: list[Json], asked: Json, query: str) -> tuple[list[Json], str]:
    """(findings of the page, token of the next one or ""). Raises ValueError for a token that was not given out."""
    start = _read(asked["NextToken"], query) if asked.get("NextToken") else 0
    end = start + (asked.get("MaxResults") or _USUAL)
    return findings[start:end], _token(end, query) if end < len(findings) else ""


def query_of(*parts: object) -> str:
    """What a token belongs to."""
    return json.dumps(parts, sort_keys=True)


def forget() -> None:
    """Take back every token that was given out."""
    _secret[:] = [secrets.token_hex()]


def _token(start: int, query: str) -> str:
    mark = hashlib.sha256(f"{_secret[0]}:{start}:{query}".encode()).hexdigest()
    return base64.urlsafe_b64encode(f"{start}:{mark}".encode()).decode()


def _read(token: str, query: str) -> int:
    try:
        start = int(base64.urlsafe_b64decode(token.encode()).decode().partition(":")[0])
    except ValueError as error:
        raise ValueError("is not a token") from error
    if token != _token(start, query):
        raise ValueError("was not given out for this request")
    return start
