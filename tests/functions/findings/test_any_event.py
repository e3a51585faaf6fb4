"""Security Hub's events: whatever stands in them, they are taken, dropped or refused, and nothing else ever happens."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.refusal import DroppedError, RefusedError
from tests.functions.findings.samples import ALL, event, opened, problems, with_finding

ASFF, OCSF = "imported-s3.8", "v2-s3.8-fail"
MARKER = "PATIENT-4711"
_NUMBER = 4711004711
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([_NUMBER, 10**25, -1, 0, 2**63, 2**64])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([MARKER, "", f"x - at `$.{MARKER}", f"'{MARKER}' - at `$", f"`{MARKER}`", f" - at `${MARKER}"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just(MARKER), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, child in inner for place in places(child, (*at, key)))]


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A sample with any value in one or two of its places."""
    body: Any = event(draw(st.sampled_from(ALL)))
    for _ in range(draw(st.integers(1, 2))):
        *parents, last = draw(st.sampled_from([place for place in places(body) if place]))
        target = body
        for step in parents:
            target = target[step]
        target[last] = draw(values)
    return json.dumps(body)


def told(body: str) -> list[str]:
    """What is said of an event; that nothing but refusals and drops gets out is the assertion."""
    try:
        contents = opened(body)
    except (RefusedError, DroppedError) as problem:
        return [str(problem)]
    for seen in contents.seen:
        assert len(seen.finding.problem) == 32
        assert len(seen.finding.copy) == 12
    assert contents.seen or problems(contents)
    return [str(problem) for problem in problems(contents)]


@given(body=spoilt())
def test_any_value_in_any_place_gives_findings_or_a_refusal_and_nothing_else(body: str) -> None:
    told(body)


@given(body=spoilt())
@example(body=json.dumps(with_finding(OCSF, {"severity_id": _NUMBER})))
@example(body=json.dumps(with_finding(ASFF, {"Severity.Label": f"x - at `$.{MARKER}"})))
def test_no_refusal_quotes_the_event(body: str) -> None:
    for text in told(body):
        assert MARKER not in text
        assert str(_NUMBER) not in text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_any_json_at_all_is_refused_or_dropped(body: Any) -> None:
    with pytest.raises((RefusedError, DroppedError)):
        opened(json.dumps(body))


@given(st.binary())
def test_any_bytes_at_all_are_refused_or_dropped(body: bytes) -> None:
    with pytest.raises((RefusedError, DroppedError)):
        opened(body)
