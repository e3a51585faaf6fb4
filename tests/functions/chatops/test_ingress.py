"""The ingress: what reaches the desk, once, whatever AWS does meanwhile."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from functions.chatops import intake
from functions.chatops.delivery import Delivery
from tests.functions.chatops.gateway import (
    ID,
    NOW,
    SECRET,
    TEAM,
    Counts,
    Gateway,
    Logged,
    Trouble,
    command,
    payload,
    pressed,
    request,
    submitted,
)  # fmt: skip
from tests.layers.fleet.fakes import KilledError
from tests.layers.fleet.refute import REFUTE


def test_a_signed_command_reaches_the_desk(gateway: Gateway, counts: Counts) -> None:
    body = command()
    assert gateway.slack(body) == 200
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=str(NOW), body=body)
    assert gateway.aws.queued == [
        {
            "id": sha256(f"{NOW}:{signature}".encode()).hexdigest(),
            "received": 5,
            "via": "slack",
            "kind": "command",
            "team": TEAM,
            "user": "U0AIKO00000",
            "channel": "C0SRE000000",
            "text": "queues redrive clinic-intake --to 10",
            "response_url": "https://hooks.slack.com/commands/T0LOCAL0000/1/x",
            "trigger_id": "1.2.3",
            "action": "",
            "value": "",
            "input": "",
            "message_ts": "",
            "principal": "",
        }
    ]
    assert counts() == ["Accepted"]


@pytest.mark.parametrize("action", sorted(intake.ACTIONS))
def test_a_pressed_button_reaches_the_desk(gateway: Gateway, action: str) -> None:
    button = {"action_id": action, "type": "button", "value": "R1"}
    assert gateway.slack(payload(pressed(actions=[button, {"action_id": "deny", "value": "R2"}]))) == 200
    (found,) = gateway.aws.queued
    shown = {name: found[name] for name in ("kind", "user", "channel", "action", "value", "message_ts", "trigger_id")}
    assert shown == {
        "kind": "action",
        "user": "U0BEN000000",
        "channel": "C0SRE000000",
        "action": action,
        "value": "R1",
        "message_ts": "17.1",
        "trigger_id": "4.5.6",
    }
    assert found["response_url"] == "https://hooks.slack.com/actions/1"


def test_a_button_of_an_ephemeral_message_is_placed_by_its_container(gateway: Gateway) -> None:
    about = pressed()
    for name in ("message", "channel", "response_url"):
        del about[name]
    assert gateway.slack(payload(about)) == 200
    (found,) = gateway.aws.queued
    assert (found["channel"], found["message_ts"], found["response_url"]) == ("C0SRE000000", "17.1", "")


def test_a_submitted_form_reaches_the_desk_with_what_was_typed(gateway: Gateway) -> None:
    assert gateway.slack(payload(submitted())) == 200
    (found,) = gateway.aws.queued
    assert {name: found[name] for name in ("kind", "action", "value", "input", "user")} == {
        "kind": "view",
        "action": "break_glass",
        "value": "R1",
        "input": "patients wait",
        "user": "U0BEN000000",
    }


def test_what_is_queued_is_what_the_desk_reads(gateway: Gateway) -> None:
    gateway.slack(command())
    gateway.slack(payload(pressed()))
    gateway.slack(payload(submitted()))
    gateway.fleetctl({"id": ID, "text": "whoami"})
    fields = {field.name for field in msgspec.structs.fields(Delivery)}
    for delivery in gateway.aws.queued:
        assert set(delivery) == fields
        assert msgspec.to_builtins(msgspec.convert(delivery, Delivery)) == delivery
    assert [each["kind"] for each in gateway.aws.queued] == ["command", "action", "view", "command"]


def test_a_repeated_delivery_is_queued_once(gateway: Gateway, counts: Counts) -> None:
    assert [gateway.slack(command()) for _ in range(3)] == [200, 200, 200]
    assert len(gateway.aws.queued) == 1
    assert counts() == ["Accepted", "Refused:repeated", "Refused:repeated"]


def test_the_marker_is_kept_longer_than_a_timestamp_is_good(gateway: Gateway) -> None:
    gateway.slack(command())
    ((key, item),) = gateway.aws.items.items()
    assert key == f"seen#{gateway.aws.queued[0]['id']}"
    assert int(item["expires"]["N"]) - int(item["at"]["N"]) >= 2 * 300 + 300


def test_the_same_words_a_second_later_are_another_delivery(gateway: Gateway) -> None:
    gateway.slack(command())
    gateway.now += 1
    gateway.slack(command())
    assert len({each["id"] for each in gateway.aws.queued}) == 2


SHAPES: list[Callable[[dict[str, Any], bytes], dict[str, Any]]] = [
    lambda event, body: event | {"headers": {k.upper(): v for k, v in event["headers"].items()}},
    lambda event, body: event | {"body": body.decode(), "isBase64Encoded": False},
    lambda event, body: {
        "httpMethod": "POST",
        "path": "/slack",
        "resource": "/slack",
        "multiValueHeaders": {},
        "headers": {k.title(): v for k, v in event["headers"].items()},
        "body": body.decode(),
    },
]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_api_gateways_events_is_understood(
    gateway: Gateway, shape: Callable[[dict[str, Any], bytes], dict[str, Any]]
) -> None:
    body = command()
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=str(NOW), body=body)
    event = request(body, {"X-Slack-Request-Timestamp": str(NOW), "X-Slack-Signature": signature})
    assert gateway.handle(shape(event, body))["statusCode"] == 200
    assert len(gateway.aws.queued) == 1


def test_when_the_queue_fails_slack_shows_it_and_the_same_request_gets_through_later(
    gateway: Gateway, logged: Logged
) -> None:
    gateway.aws.refused["SendMessage"] = "AWS.SimpleQueueService.NonExistentQueue"
    assert gateway.slack(command()) == 500
    assert gateway.aws.items == {}
    text = logged()
    assert "SendMessage failed" in text
    assert '"reason":"not_taken"' in text
    assert "4711" not in text, "AWS's own words may quote the request"
    del gateway.aws.refused["SendMessage"]
    assert gateway.slack(command()) == 200
    assert len(gateway.aws.queued) == 1


def test_when_the_table_fails_nothing_is_queued(gateway: Gateway) -> None:
    gateway.aws.refused["PutItem"] = "ResourceNotFoundException"
    assert gateway.slack(command()) == 500
    assert gateway.aws.queued == []


troubles = st.lists(st.sampled_from(["works", "down", "lost", "error"]), max_size=12)


def answered_means_queued(gateway: Gateway, plan: list[Trouble], times: int) -> None:
    """One request, delivered again and again while AWS fails as planned."""
    gateway.slack(command(text="another"))  # the secret is known
    gateway.aws.plan = list(plan)
    left_behind = False
    answers = []
    for _ in range(times):
        answers.append(gateway.slack(command()))
        # Deleting the marker failed as well, twice: Slack, told of the failure, has to sign it anew.
        left_behind |= answers[-1] == 500 and gateway.aws.calls[-2:] == ["DeleteItem", "DeleteItem"]
        queued = [each for each in gateway.aws.queued if each["text"] != "another"]
        assert set(answers) <= {200, 500}
        assert queued or 200 not in answers or left_behind, "a person was told that it is under way, and it is not"
    assert len({each["id"] for each in queued}) <= 1
    if 500 not in answers and "lost" not in plan:
        assert len(queued) == 1, "delivered again, and done again"


@given(plan=troubles, times=st.integers(1, 4))
def test_whoever_is_answered_has_been_queued_whatever_fails(plan: list[Trouble], times: int) -> None:
    answered_means_queued(Gateway(), plan, times)


def _marker_without_attempt(gateway: Gateway) -> None:
    """A put that is sent again takes its own marker for another's."""
    put = gateway.aws.PutItem

    def strict(request: dict[str, Any]) -> Any:
        return put(request | {"ExpressionAttributeValues": {":attempt": {"S": "none"}}})

    gateway.aws.PutItem = strict  # type: ignore[method-assign]


def _marker_without_condition(gateway: Gateway) -> None:
    put = gateway.aws.PutItem

    def always(request: dict[str, Any]) -> Any:
        gateway.aws.items.pop(request["Item"]["pk"]["S"], None)
        return put(request)

    gateway.aws.PutItem = always  # type: ignore[method-assign]


def _marker_never_deleted(gateway: Gateway) -> None:
    gateway.ingress.reception._forget = lambda *_: None


@pytest.mark.parametrize("broken", [_marker_without_attempt, _marker_without_condition, _marker_never_deleted])
def test_the_property_refutes_an_ingress_that_leaves_something_out(broken: Callable[[Gateway], None]) -> None:
    @REFUTE
    @given(plan=troubles, times=st.integers(1, 4))
    def attempt(plan: list[Trouble], times: int) -> None:
        gateway = Gateway()
        broken(gateway)
        answered_means_queued(gateway, plan, times)

    with pytest.raises(AssertionError):
        attempt()


@pytest.mark.parametrize("kill_at", range(1, 7))
def test_killed_at_any_step_nothing_is_queued_twice(gateway: Gateway, kill_at: int) -> None:
    gateway.aws.steps.kill_at = kill_at
    with pytest.raises(KilledError):
        gateway.slack(command())
    gateway.slack(command())
    gateway.now += 1
    assert gateway.slack(command()) == 200, "Slack showed a failure; it was typed again"
    ids = [each["id"] for each in gateway.aws.queued]
    assert len(ids) == len(set(ids))
    assert gateway.aws.queued[-1]["text"] == "queues redrive clinic-intake --to 10"
