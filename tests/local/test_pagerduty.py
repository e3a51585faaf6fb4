"""The fake PagerDuty refuses what PagerDuty refuses, and joins, opens and drops as PagerDuty does."""

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.pagerduty import Alerts, problems
from local.process import Instance, get_json
from tests.layers.fleet.refute import REFUTE

_KEY, _OTHER = "k" * 32, "o" * 32
_PAYLOAD = {"summary": "S3 is public", "source": "111111111111/us-east-1", "severity": "critical"}
_TRIGGER: dict[str, Any] = {
    "routing_key": _KEY,
    "event_action": "trigger",
    "dedup_key": "p-1",
    "payload": _PAYLOAD,
    "links": [{"href": "https://example.com", "text": "the problem"}],
}


def _send(instance: Instance, body: bytes) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(f"{instance.endpoint}/_local/pagerduty/v2/enqueue", body)  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def _followed(alerts: Alerts, action: str, key: str = _KEY, dedup: str = "p-1") -> None:
    alerts.take({"routing_key": key, "event_action": action, "dedup_key": dedup})


def test_an_event_is_accepted_and_shown_as_an_alert(cloud: Instance) -> None:
    status, answer = _send(cloud, json.dumps({**_TRIGGER, "dedup_key": "shown"}).encode())
    assert (status, answer) == (202, {"status": "success", "message": "Event processed", "dedup_key": "shown"})
    [alert] = [
        each for each in get_json(cloud, "/_local/pagerduty/incidents")["incidents"] if each["dedup_key"] == "shown"
    ]
    assert (alert["status"], alert["routing_key"], alert["payload"]) == ("triggered", _KEY, _PAYLOAD)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"routing_key": "k" * 31}, "routing_key"),
        ({"routing_key": None}, "routing_key"),
        ({"event_action": "open"}, "event_action"),
        ({"dedup_key": "d" * 256}, "dedup_key"),
        ({"dedup_key": 7}, "dedup_key"),
        ({"payload": None}, "payload"),
        ({"payload": {**_PAYLOAD, "summary": ""}}, "summary"),
        ({"payload": {**_PAYLOAD, "summary": "s" * 1025}}, "summary"),
        ({"payload": {**_PAYLOAD, "source": None}}, "source"),
        ({"payload": {**_PAYLOAD, "severity": "CRITICAL"}}, "severity"),
        ({"payload": {**_PAYLOAD, "component": 1}}, "component"),
        ({"payload": {**_PAYLOAD, "custom_details": "text"}}, "custom_details"),
        ({"links": [{"text": "nowhere"}]}, "links"),
        ({"images": "none"}, "images"),
        ({"event_action": "resolve", "dedup_key": None}, "dedup_key"),
    ],
)
def test_an_invalid_event_is_refused_with_the_field(wrong: dict[str, Any], said: str) -> None:
    assert problems(_TRIGGER) == []
    [problem] = problems({**_TRIGGER, **wrong})
    assert said in problem


def test_what_is_no_event_is_refused(cloud: Instance) -> None:
    for body in (b"", b"[]", b"{", json.dumps({**_TRIGGER, "routing_key": "short"}).encode()):
        status, answer = _send(cloud, body)
        assert (status, answer["status"], bool(answer["errors"])) == (400, "invalid event", True)
    large = {**_TRIGGER, "payload": {**_PAYLOAD, "custom_details": {"text": "x" * 600_000}}}
    assert _send(cloud, json.dumps(large).encode())[0] == 413


def test_a_trigger_joins_the_open_alert_of_its_key() -> None:
    alerts = Alerts()
    alerts.take(_TRIGGER)
    alerts.take({**_TRIGGER, "payload": {**_PAYLOAD, "severity": "warning"}})
    [alert] = alerts.opened
    assert (alert["triggers"], alert["payload"]["severity"]) == (2, "warning")


def test_acknowledge_and_resolve_under_another_routing_key_are_dropped() -> None:
    alerts = Alerts()
    alerts.take(_TRIGGER)
    for action in ("acknowledge", "resolve"):
        _followed(alerts, action, _OTHER)
    assert alerts.opened[0]["status"] == "triggered"
    assert [(each["reason"], each["event"]["event_action"]) for each in alerts.dropped] == [
        ("routing_key", "acknowledge"),
        ("routing_key", "resolve"),
    ]
    _followed(alerts, "acknowledge")
    assert alerts.opened[0]["status"] == "acknowledged"
    _followed(alerts, "resolve")
    assert alerts.opened[0]["status"] == "resolved"


def test_after_a_resolve_a_trigger_opens_anew_and_the_others_are_dropped() -> None:
    alerts = Alerts()
    alerts.take(_TRIGGER)
    for action in ("resolve", "resolve", "acknowledge"):
        _followed(alerts, action)
    assert [each["reason"] for each in alerts.dropped] == ["not_open"] * 2
    alerts.take(_TRIGGER)
    assert [each["status"] for each in alerts.opened] == ["resolved", "triggered"]


def test_a_trigger_without_a_dedup_key_is_always_a_new_alert() -> None:
    alerts = Alerts()
    event = {name: value for name, value in _TRIGGER.items() if name != "dedup_key"}
    keys = {alerts.take(event), alerts.take(event)}
    assert (len(keys), len(alerts.opened)) == (2, 2)


def test_a_dropped_event_was_answered_like_any_other(cloud: Instance) -> None:
    event = {"routing_key": _OTHER, "event_action": "resolve", "dedup_key": "never opened"}
    assert _send(cloud, json.dumps(event).encode())[0] == 202
    dropped = get_json(cloud, "/_local/pagerduty/incidents")["dropped"]
    assert dropped[-1]["event"] == event


def test_calls_fail_as_often_as_wished_and_change_nothing(cloud: Instance) -> None:
    body = json.dumps({**_TRIGGER, "dedup_key": "wished"}).encode()
    get_json(cloud, "/_local/pagerduty/behave", body={"next": 2, "status": 429})
    assert [_send(cloud, body)[0] for _ in range(3)] == [429, 429, 202]
    get_json(cloud, "/_local/pagerduty/behave", body={"every": 2, "status": 500})
    assert [_send(cloud, body)[0] for _ in range(4)] == [202, 500, 202, 500]
    get_json(cloud, "/_local/pagerduty/behave", body={})
    [alert] = [
        each for each in get_json(cloud, "/_local/pagerduty/incidents")["incidents"] if each["dedup_key"] == "wished"
    ]
    assert alert["triggers"] == 3
    received = get_json(cloud, "/_local/pagerduty/incidents")["received"]
    assert [each["dedup_key"] for each in received[-7:]] == ["wished"] * 7


_EVENTS = st.lists(
    st.tuples(
        st.sampled_from([_KEY, _OTHER]),
        st.sampled_from(["p-1", "p-2"]),
        st.sampled_from(["trigger", "acknowledge", "resolve"]),
    ),
    max_size=20,
)


def _hold(alerts: Alerts, events: list[tuple[str, str, str]]) -> None:
    """An event is joined or dropped by what came before it under its own two keys, and by nothing else."""
    opened = dropped = 0
    for index, (key, dedup, action) in enumerate(events):
        alerts.take({**_TRIGGER, "routing_key": key, "dedup_key": dedup, "event_action": action})
        before = [each[2] for each in events[:index] if each[:2] == (key, dedup) and each[2] != "acknowledge"]
        is_open = before[-1:] == ["trigger"]
        opened += action == "trigger" and not is_open
        dropped += action != "trigger" and not is_open
        assert (len(alerts.opened), len(alerts.dropped)) == (opened, dropped)


@given(_EVENTS)
def test_events_in_any_order_are_joined_and_dropped_by_both_their_keys(events: list[tuple[str, str, str]]) -> None:
    _hold(Alerts(), events)


class _JoinedByDedupKeyAlone(Alerts):
    def take(self, event: dict[str, Any]) -> str:
        return super().take({**event, "routing_key": _KEY})


class _NeverClosed(Alerts):
    def take(self, event: dict[str, Any]) -> str:
        closing = event["event_action"] == "resolve"
        return super().take({**event, "event_action": "acknowledge"} if closing else event)


@pytest.mark.parametrize("broken", [_JoinedByDedupKeyAlone, _NeverClosed])
def test_the_property_refutes(broken: type[Alerts]) -> None:
    @REFUTE
    @given(_EVENTS)
    def tried(events: list[tuple[str, str, str]]) -> None:
        _hold(broken(), events)

    with pytest.raises(AssertionError):
        tried()
