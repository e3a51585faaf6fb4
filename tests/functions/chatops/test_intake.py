"""Reading what Slack sends, held to the standard library's own reading of forms."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops import intake
from functions.chatops.door import UnfitError

fields = st.dictionaries(st.text(min_size=1, max_size=10), st.text(max_size=20), max_size=6)
written = st.text(st.sampled_from("ab=&+%25EF0gG; ."), max_size=40)


@given(fields=fields)
def test_a_form_is_read_as_it_was_written(fields: dict[str, str]) -> None:
    assert intake.form(urlencode(fields).encode()) == fields


@given(text=written)
def test_any_form_is_read_as_the_standard_library_reads_it(text: str) -> None:
    try:
        theirs = dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        with pytest.raises(UnfitError):
            intake.form(text.encode())
        return
    assert intake.form(text.encode()) == theirs


@given(body=st.binary(max_size=200))
def test_whatever_is_sent_is_unfit_and_never_another_error(body: bytes) -> None:
    for read in (_from_slack, _from_payload, _from_operator):
        with pytest.raises(UnfitError) as unfit:
            read(body)
        assert unfit.value.reason in {"unknown_kind", "unknown_action", "wrong_team", "malformed"}


def _from_slack(body: bytes) -> None:
    intake.from_slack(body, team="T", timestamp="1", signature="s", received=1)


def _from_payload(body: bytes) -> None:
    _from_slack(urlencode({"payload": body}).encode())


def _from_operator(body: bytes) -> None:
    intake.from_operator(body, principal="arn", received=1)


keys = st.sampled_from(["type", "user", "team", "id", "actions", "view", "state", "values", "response_urls"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


@given(
    payload=st.dictionaries(keys, json_values, max_size=6),
    kind=st.sampled_from(["block_actions", "view_submission"]),
)
def test_a_payload_of_any_shape_is_unfit_and_never_an_error(payload: dict[str, object], kind: str) -> None:
    with pytest.raises(UnfitError):
        intake._interaction(payload | {"type": 7})
    intake._interaction(payload | {"type": kind})
