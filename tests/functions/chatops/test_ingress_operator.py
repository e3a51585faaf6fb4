"""The route of fleetctl: IAM says who it is, and nothing else does."""

import json
import uuid
from hashlib import sha256
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from functions.chatops.door import LONGEST_BODY
from tests.functions.chatops.gateway import (
    ID,
    NOW,
    OPERATOR,
    SECRET,
    Counts,
    Gateway,
    command,
    request,
)  # fmt: skip


def test_an_operators_command_reaches_the_desk_under_the_principal(gateway: Gateway, counts: Counts) -> None:
    key = sha256(f"iam:{OPERATOR}:{ID}".encode()).hexdigest()
    assert gateway.fleetctl({"id": ID.upper(), "text": " queues list "}) == (202, {"id": key})
    (found,) = gateway.aws.queued
    assert {name: value for name, value in found.items() if value} == {
        "id": key,
        "received": 5,
        "via": "iam",
        "kind": "command",
        "text": "queues list",
        "principal": OPERATOR,
    }
    assert gateway.aws.calls == ["SendMessage"], "no secret and no marker"
    assert counts() == ["Accepted"]


def test_an_operators_command_that_comes_again_keeps_its_id(gateway: Gateway) -> None:
    answers = [gateway.fleetctl({"id": ID, "text": "whoami"}) for _ in range(2)]
    assert answers[0] == answers[1]
    another = gateway.fleetctl({"id": ID, "text": "whoami"}, who=f"{OPERATOR}2")
    assert another != answers[0]
    assert gateway.fleetctl({"id": str(uuid.UUID(int=7)), "text": "whoami"}) not in (answers[0], another)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "the body"),
        (b"[]", "the body"),
        (b"\xff", "the body"),
        ({"text": "whoami"}, "id"),
        ({"id": 7, "text": "whoami"}, "id"),
        ({"id": ID[:-1] + "g", "text": "whoami"}, "id"),
        ({"id": ID.replace("-", ""), "text": "whoami"}, "id"),
        ({"id": ID}, "text"),
        ({"id": ID, "text": " "}, "text"),
        ({"id": ID, "text": ["whoami"]}, "text"),
        ({"id": ID, "text": "\ud800"}, "text"),
    ],
)
def test_an_operator_is_told_which_field_is_wrong(gateway: Gateway, counts: Counts, body: object, field: str) -> None:
    status, answer = gateway.fleetctl(body)
    assert status == 400
    assert answer["error"].startswith(f"{field}: ")
    assert gateway.aws.calls == []
    assert counts() == ["Refused:malformed"]


@pytest.mark.parametrize("context", [{}, None, {"authorizer": {}}, {"authorizer": {"iam": {"userArn": ""}}}])
def test_without_an_iam_principal_the_operators_route_refuses_even_what_slack_has_signed(
    gateway: Gateway, counts: Counts, context: Any
) -> None:
    body = json.dumps({"id": ID, "text": "whoami"}).encode()
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=str(NOW), body=body)
    headers = {"X-Slack-Request-Timestamp": str(NOW), "X-Slack-Signature": signature}
    event = request(body, headers) | {"routeKey": "POST /fleetctl", "requestContext": context}
    assert gateway.handle(event)["statusCode"] == 403
    assert gateway.aws.calls == []
    assert counts() == ["Refused:no_identity"]


def test_slacks_route_trusts_no_authorizer(gateway: Gateway) -> None:
    body = json.dumps({"id": ID, "text": "whoami"}).encode()
    context = {"authorizer": {"iam": {"userArn": OPERATOR}}}
    assert gateway.send(body, {}, requestContext=context) == 401
    assert gateway.slack(command(), secret="another", requestContext=context) == 401
    assert gateway.aws.queued == []


def test_an_operator_is_told_when_the_queue_fails_and_may_ask_again(gateway: Gateway) -> None:
    gateway.aws.plan = ["down", "down"]
    assert gateway.fleetctl({"id": ID, "text": "whoami"}) == (500, {"error": "not_taken"})
    assert gateway.fleetctl({"id": ID, "text": "whoami"})[0] == 202
    assert gateway.fleetctl(b"x" * (LONGEST_BODY + 1))[0] == 413
