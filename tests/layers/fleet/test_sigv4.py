"""Signatures, held to botocore's on a thousand generated requests."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet import sigv4
from fleet.sigv4 import Credentials, sign
from tests.layers.fleet.refute import REFUTE

REGION = "eu-west-1"

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
url_words = st.text(st.sampled_from("abcXYZ019-._~%+!$'()*,;:@é櫓 "), max_size=8)
segments = st.one_of(st.sampled_from(["", ".", ".."]), url_words)
names = st.one_of(
    st.text(st.sampled_from("abcxyzABCXYZ019-"), min_size=1, max_size=8).map("x".__add__),
    st.sampled_from(["TE", "Trailer", "connection", "Keep-Alive", "Expect", "Baggage", "tracestate", "Content-Type"]),
)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@st.composite
def signable(draw: st.DrawFn) -> dict[str, Any]:
    """One request, and with what it is signed."""
    headers = draw(st.dictionaries(names, values, max_size=5).filter(_unambiguous))
    headers |= draw(st.sampled_from([{}, {"User-Agent": "a"}, {"X-Amzn-Trace-Id": "b"}, {"traceparent": "c"}]))
    query = draw(st.lists(st.tuples(url_words, url_words), max_size=4))
    return {
        "method": draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "post"])),
        "path": "/" + "/".join(draw(st.lists(segments, max_size=5))),
        "query": "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in query),
        "headers": headers | {"host": draw(st.sampled_from(["sqs.eu-west-1.amazonaws.com", "localhost:4566"]))},
        "body": draw(st.binary(max_size=100)),
        "service": draw(st.sampled_from(["sqs", "dynamodb", "secretsmanager"])),
        "region": draw(st.sampled_from(["eu-west-1", "us-east-1"])),
        "at": datetime.fromtimestamp(draw(st.integers(946_684_800, 4_070_908_800)), UTC),
        "keys": (draw(words), draw(words), draw(st.one_of(st.just(""), words))),
    }


def _unambiguous(headers: dict[str, str]) -> bool:
    """What travels under one name only, and is not for the signer to set."""
    lower = [name.lower() for name in headers]
    reserved = {"host", "date", "authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}
    return len(set(lower)) == len(lower) and not reserved & set(lower)


def _escaped(text: str) -> str:
    return quote(text, safe="")


def by_botocore(request: dict[str, Any]) -> str:
    url = f"https://{request['headers']['host']}{request['path']}"
    if request["query"]:
        url += f"?{request['query']}"
    theirs = AWSRequest(request["method"], url, headers=dict(request["headers"]), data=request["body"])
    signer = SigV4Auth(BotocoreCredentials(*request["keys"]), request["service"], request["region"])
    with patch("botocore.auth.get_current_datetime", lambda: request["at"]):
        signer.add_auth(theirs)
    return str(theirs.headers["Authorization"])


type Sign = Callable[..., dict[str, str]]


def agrees_with_botocore(ours: Sign, request: dict[str, Any]) -> None:
    plain = {name: value for name, value in request.items() if name not in ("at", "keys")}
    timestamp = request["at"].strftime("%Y%m%dT%H%M%SZ")
    signed = ours(Credentials(*request["keys"]), timestamp=timestamp, **plain)
    assert signed["Authorization"] == by_botocore(request)
    assert signed["X-Amz-Date"] == timestamp
    assert signed.get("X-Amz-Security-Token", "") == request["keys"][2]


@settings(max_examples=max(1000, settings().max_examples))
@given(request=signable())
def test_a_signature_is_that_of_botocore(request: dict[str, Any]) -> None:
    agrees_with_botocore(sign, request)


def _unsorted_query(credentials: Credentials, **request: Any) -> dict[str, str]:
    pairs = _Unsorted(sigv4._pairs(request["query"]))
    with patch.object(sigv4, "_pairs", lambda _: pairs), patch.object(sigv4, "sorted", _sorted, create=True):
        return sign(credentials, **request)


class _Unsorted(list[tuple[str, str]]):
    """Pairs that are left as they are."""


def _sorted(things: Any) -> Any:
    return things if isinstance(things, _Unsorted) else sorted(things)


def _path_as_it_is(credentials: Credentials, **request: Any) -> dict[str, str]:
    with patch.object(sigv4, "_canonical_path", lambda path: path):
        return sign(credentials, **request)


def _everything_signed(credentials: Credentials, **request: Any) -> dict[str, str]:
    with patch.object(sigv4, "_UNSIGNED", set()):
        return sign(credentials, **request)


def _without_token(credentials: Credentials, **request: Any) -> dict[str, str]:
    signed = sign(Credentials(credentials.access_key, credentials.secret_key), **request)
    return signed | ({"X-Amz-Security-Token": credentials.token} if credentials.token else {})


def _headers_as_they_are(credentials: Credentials, **request: Any) -> dict[str, str]:
    request["headers"] = {name: value.replace(" ", "\0") for name, value in request["headers"].items()}
    return sign(credentials, **request)


@pytest.mark.parametrize(
    "broken", [_unsorted_query, _path_as_it_is, _everything_signed, _without_token, _headers_as_they_are]
)
def test_the_property_refutes_a_signer_that_leaves_a_step_out(broken: Sign) -> None:
    @REFUTE
    @given(request=signable())
    def attempt(request: dict[str, Any]) -> None:
        agrees_with_botocore(broken, request)

    with pytest.raises(AssertionError):
        attempt()


def test_headers_that_the_signer_sets_replace_older_ones_whatever_their_case() -> None:
    old = {"host": "h", "x-amz-date": "old", "AUTHORIZATION": "old", "X-AMZ-SECURITY-TOKEN": "old"}
    signed = sign(
        Credentials("a", "b", "new"),
        method="POST",
        path="/",
        body=b"",
        service="sqs",
        region=REGION,
        headers=old,
        timestamp="20261123T000000Z",
    )
    assert "old" not in signed.values()
    assert len(signed) == 4
