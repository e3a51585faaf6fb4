"""Slack's signature, held to its known answer and to slack_sdk's verifier."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import Clock, SignatureVerifier

from functions.chatops.signature import WINDOW_SECONDS, fresh, verify
from tests.layers.fleet.refute import REFUTE

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
AT = 1531420618
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
    b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
    b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
    b"trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

type Verify = Callable[[list[str], str, bytes, str, int], bool]
secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
bodies = st.text(max_size=200).map(lambda text: text.encode(errors="replace"))
"""In UTF-8: slack_sdk raises on anything else."""


class At(Clock):
    """slack_sdk's clock, standing still."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> float:
        return self._now


def signed(secret: str, body: bytes, at: int) -> str:
    """By slack_sdk."""
    signature = SignatureVerifier(secret).generate_signature(timestamp=str(at), body=body)
    assert signature
    return signature


def test_the_known_answer_is_accepted() -> None:
    assert verify([SECRET], str(AT), BODY, SIGNATURE, AT)


@given(secret=secrets, body=bodies, at=st.integers(0, 10**11), off=st.integers(-2 * WINDOW_SECONDS, 2 * WINDOW_SECONDS))
def test_slack_sdk_and_we_accept_the_same_times(secret: str, body: bytes, at: int, off: int) -> None:
    signature, now = signed(secret, body, at), at + off
    theirs = SignatureVerifier(secret, At(now)).is_valid(body, str(at), signature)
    assert verify([secret], str(at), body, signature, now) is theirs
    assert theirs is (abs(off) <= 300)


def alter(text: bytes, where: int, by: int) -> bytes:
    where %= len(text)
    return text[:where] + bytes([text[where] ^ by]) + text[where + 1 :]


def refuses_every_altered_byte(check: Verify, body: bytes, where: int, by: int, part: str) -> None:
    signature = signed(SECRET, body, AT)
    timestamp = str(AT)
    if part == "body":
        body = alter(body, where, by)
    elif part == "signature":
        signature = alter(signature.encode(), where, by).decode("latin-1")
    elif part == "end":
        body += bytes([by])
    else:
        timestamp = str(AT + by % (WINDOW_SECONDS - 1) + 1)
    assert not check([SECRET], timestamp, body, signature, AT)


parts = st.sampled_from(["body", "signature", "end", "timestamp"])
altered = given(
    body=bodies.filter(bool),
    where=st.integers(0, 10_000),
    by=st.sampled_from([10, 32]) | st.integers(1, 255),
    part=parts,
)


@altered
def test_one_altered_byte_is_refused(body: bytes, where: int, by: int, part: str) -> None:
    refuses_every_altered_byte(verify, body, where, by, part)


def _without_timestamp(secrets: list[str], timestamp: str, body: bytes, signature: str, now_s: int) -> bool:
    return fresh(timestamp, now_s) and verify(secrets, str(AT), body, signature, AT)


def _without_the_end(secrets: list[str], timestamp: str, body: bytes, signature: str, now_s: int) -> bool:
    """Compares as many characters as there are."""
    return _of(secrets[0], timestamp, body)[:20] == signature[:20]


def _stripped(secrets: list[str], timestamp: str, body: bytes, signature: str, now_s: int) -> bool:
    return _of(secrets[0], timestamp, body.strip(b"\0 \n")) == signature


def _of(secret: str, timestamp: str, body: bytes) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("broken", [_without_timestamp, _without_the_end, _stripped])
def test_the_property_refutes_a_check_that_leaves_something_out(broken: Verify) -> None:
    @REFUTE
    @altered
    def attempt(body: bytes, where: int, by: int, part: str) -> None:
        refuses_every_altered_byte(broken, body, where, by, part)

    with pytest.raises(AssertionError):
        attempt()


@pytest.mark.parametrize("position", [0, 1, 2])
def test_each_of_several_secrets_verifies(position: int) -> None:
    known = ["one", "two", "three"]
    assert verify(known, str(AT), BODY, signed(known[position], BODY, AT), AT)


def test_a_secret_that_is_not_ours_does_not_verify() -> None:
    assert not verify(["one", "two"], str(AT), BODY, signed("three", BODY, AT), AT)


def test_without_a_secret_nothing_verifies() -> None:
    empty = _of("", str(AT), BODY)
    assert not verify([], str(AT), BODY, SIGNATURE, AT)
    assert not verify([""], str(AT), BODY, empty, AT)
    assert verify(["", SECRET], str(AT), BODY, SIGNATURE, AT)


_STRANGE = [
    *("", " ", "now", "-1", "+5", "1e9", "0x10", "1_0", f" {AT}", f"{AT}\n", f"{AT}.0", "None", "nan", "inf"),
    *("１５３１４２０６１８", "٣", "²", "9" * 5000, "9" * 13, "\ud800", "\0"),
]


@pytest.mark.parametrize("timestamp", _STRANGE)
def test_a_timestamp_that_is_no_number_of_seconds_is_refused_without_an_error(timestamp: str) -> None:
    assert not fresh(timestamp, AT)
    assert not verify([SECRET], timestamp, BODY, SIGNATURE, AT)


def test_digits_of_another_script_are_refused_although_int_reads_them() -> None:
    written = str(AT).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert int(written) == AT
    assert not fresh(written, AT)


@given(timestamp=st.text(), signature=st.text(st.characters(codec=None, exclude_categories=())), body=bodies)
def test_whatever_is_sent_is_refused_without_an_error(timestamp: str, signature: str, body: bytes) -> None:
    assert not verify([SECRET], timestamp, body, signature, AT)
    assert not verify([SECRET], str(AT), body, signature, AT)


@pytest.mark.parametrize(("off", "accepted"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_window_is_five_minutes_either_way(off: int, accepted: bool) -> None:
    assert fresh(str(AT), AT + off) is accepted


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[Any, Any]] = []

    def compare(expected: Any, given: Any) -> bool:
        compared.append((expected, given))
        return bool(expected == given)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert verify([SECRET, "two"], str(AT), BODY, SIGNATURE, AT)
    assert len(compared) == 2, "no secret is skipped because another was right"
