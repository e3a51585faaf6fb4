"""Whom the ingress turns away: silently, counted, and with nothing of it in the log."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from functions.chatops import intake
from functions.chatops.door import LONGEST_BODY
from tests.functions.chatops.gateway import (
    NOW,
    SECRET,
    TEAM,
    Counts,
    Gateway,
    Logged,
    command,
    payload,
    pressed,
    request,
    submitted,
)  # fmt: skip


@pytest.mark.parametrize("off", [-301, 301, -10_000_000])
def test_an_old_or_future_timestamp_is_refused_before_any_secret_is_read(
    gateway: Gateway, counts: Counts, off: int
) -> None:
    assert gateway.slack(command(), at=NOW + off) == 401
    assert gateway.aws.calls == []
    assert counts() == ["Refused:timestamp"]


@pytest.mark.parametrize("timestamp", ["", "now", "１２３", "9" * 5000, "1e5", None])
def test_a_timestamp_that_is_no_number_is_refused(gateway: Gateway, counts: Counts, timestamp: str | None) -> None:
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": "v0=" + "0" * 64}
    assert gateway.send(command(), headers) == 401
    assert counts() == ["Refused:timestamp"]


def test_a_bad_signature_is_refused_and_nothing_of_it_is_logged(gateway: Gateway, logged: Logged) -> None:
    assert gateway.slack(command(text="patient 4711"), secret="another") == 401
    text = logged()
    assert '"reason":"signature"' in text
    for secret in ("4711", "aiko", "U0AIKO", "v0=", str(NOW), "another", SECRET):
        assert secret not in text.replace(f'"Timestamp":{str(NOW)[:3]}', "")
    assert (gateway.aws.items, gateway.aws.queued) == ({}, [])


@pytest.mark.parametrize("headers", [{}, {"X-Slack-Signature": "v0=é\ud800"}])
def test_a_request_without_a_proper_signature_is_refused(gateway: Gateway, headers: dict[str, str]) -> None:
    assert gateway.send(command(), {"X-Slack-Request-Timestamp": str(NOW)} | headers) == 401
    assert gateway.aws.queued == []


@given(where=st.integers(0, 10_000), by=st.integers(1, 127))
def test_a_body_with_one_byte_altered_is_refused(where: int, by: int) -> None:
    gateway, body = Gateway(), command()
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=str(NOW), body=body)
    where %= len(body)
    altered = body[:where] + bytes([body[where] ^ by]) + body[where + 1 :]
    headers = {"X-Slack-Request-Timestamp": str(NOW), "X-Slack-Signature": signature}
    assert gateway.send(altered, headers) == (200 if intake.is_ssl_check(altered) else 401)
    assert gateway.aws.queued == []


@pytest.mark.parametrize("signed", [True, False])
def test_an_ssl_check_gets_nothing_more_than_a_200(gateway: Gateway, logged: Logged, signed: bool) -> None:
    body = b"ssl_check=1&token=x&command=%2Fyagura&team_id=" + TEAM.encode()
    assert (gateway.slack(body) if signed else gateway.send(body, {})) == 200
    assert gateway.aws.calls == []
    assert logged() == ""


def test_a_command_that_only_mentions_ssl_check_is_a_command(gateway: Gateway) -> None:
    assert gateway.send(command(text="&ssl_check=1&"), {}) == 401
    assert gateway.slack(command(text="&ssl_check=1&")) == 200
    assert gateway.aws.queued[0]["text"] == "&ssl_check=1&"


def _stranger(part: str) -> dict[str, Any]:
    return pressed(**{part: pressed()[part] | {"team_id" if part == "user" else "id": "T0STRANGER"}})


WRONG_TEAM = [
    command(team_id="T0STRANGER"),
    command(team_id=""),
    command(team_id="", enterprise_id="E1"),
    payload(_stranger("user")),
    payload(_stranger("team")),
    payload(pressed(team=None, enterprise={"id": "E1"})),
    payload(pressed(user={"id": "U0BEN000000"})),
    payload(submitted() | {"user": {"id": "U1", "team_id": "T0STRANGER"}}),
]


@pytest.mark.parametrize("body", WRONG_TEAM)
def test_a_stranger_of_another_workspace_gets_silence(gateway: Gateway, counts: Counts, body: bytes) -> None:
    assert gateway.slack(body) == 200
    assert (gateway.aws.items, gateway.aws.queued) == ({}, [])
    assert counts() == ["Refused:wrong_team"]


UNFIT = [
    (payload(pressed(actions=[{"action_id": "delete_all", "value": "x"}])), "unknown_action"),
    (payload(pressed(actions=[])), "unknown_action"),
    (payload(pressed(actions="approve")), "unknown_action"),
    (payload(submitted(callback_id="approve")), "unknown_action"),
    (payload(pressed(type="shortcut")), "unknown_kind"),
    (payload(pressed(type=["view_closed"])), "unknown_kind"),
    (payload({}), "unknown_kind"),
    (b"", "unknown_kind"),
    (b'{"type":"url_verification","challenge":"c"}', "unknown_kind"),
    (b"a=b", "unknown_kind"),
    (b"payload=%7B", "malformed"),
    (b"payload=[1]", "malformed"),
    (b"payload=NaN", "malformed"),
    (b"payload=" + b"[" * 90_000, "malformed"),
    (payload(pressed(user={"team_id": TEAM})), "malformed"),
    (command(user_id=""), "malformed"),
    (payload(pressed(actions=[{"action_id": "approve", "value": "x" * 2001}])), "malformed"),
    (payload(pressed(actions=[{"action_id": "approve", "value": "\ud800"}])), "malformed"),
]


@pytest.mark.parametrize(("body", "reason"), UNFIT)
def test_what_is_not_for_the_desk_is_counted_and_answered_with_silence(
    gateway: Gateway, counts: Counts, body: bytes, reason: str
) -> None:
    assert gateway.slack(body) == 200
    assert (gateway.aws.items, gateway.aws.queued) == ({}, [])
    assert counts() == [f"Refused:{reason}"]


def test_a_body_that_is_too_large_is_refused_before_anything_else(gateway: Gateway, counts: Counts) -> None:
    assert gateway.slack(command(text="x" * LONGEST_BODY)) == 413
    assert gateway.send(b"x" * 10 * LONGEST_BODY, {}) == 413
    assert gateway.aws.calls == []
    assert counts() == ["Refused:too_large"] * 2


def test_a_text_is_never_shortened_but_taken_whole_or_refused(gateway: Gateway) -> None:
    assert gateway.slack(command(text="櫓" * 9000)) == 200
    assert gateway.aws.queued[0]["text"] == "櫓" * 9000
    raw = command(text="") + b"&text=" + b"\xc3\xa9" * 45_000  # 6 bytes each when SQS gets it
    event = request(raw, {})
    assert len(event["body"]) < 2 * LONGEST_BODY
    assert gateway.slack(raw) == 413
    assert len(gateway.aws.queued) == 1
    assert len(gateway.aws.items) == 1, "and leaves no marker"


@pytest.mark.parametrize(
    "event", [{}, {"headers": None, "body": None}, {"headers": [1], "body": 7}, {"body": "a", "isBase64Encoded": True}]
)
def test_an_event_without_headers_or_body_is_refused_without_an_error(gateway: Gateway, event: dict[str, Any]) -> None:
    assert gateway.handle(event)["statusCode"] == 401
    assert gateway.aws.calls == []
