"""A PagerDuty that checks what it is sent, at `/_local/pagerduty/v2/enqueue`.

Evidence: developer.pagerduty.com, "Send an Alert Event" (the parameters, which are required, their lengths; events of
one `dedup_key` join its open alert only under the `routing_key` that opened it, and acknowledge or resolve under
another is dropped; after a resolve a trigger opens a new alert, the others are dropped; no `dedup_key` is always a new
alert), "Events API v2 Overview" (202, 400, 429, 5xx; 512 KB). The API answers 202 to what it later drops: it is
asynchronous. That a trigger under another key opens an alert of its own is inferred from the same page. The words of
the errors are ours; a too large event gets 413, as prometheus/alertmanager's code reckons with.

For tests and the demo: `GET /_local/pagerduty/incidents` is the alerts that were opened, the events that were dropped,
and all events that were received, refused ones too. `POST /_local/pagerduty/behave` with `{"next": 2, "status": 429}`
(or 500, 400) makes the next calls fail, and `{"every": 5, "status": 500}` every fifth.
"""

import itertools
import json
import time
import uuid
from collections import deque
from collections.abc import Iterator
from typing import Any

from local.asgi import Receive, Scope, Send, read_body, send_json

_PREFIX = "/_local/pagerduty/"
_MOST_BYTES, _MOST_RECEIVED = 512 * 1024, 5000
_ACTIONS, _SEVERITIES = ("trigger", "acknowledge", "resolve"), ("critical", "error", "warning", "info")
_TEXTS = ("timestamp", "component", "group", "class")
_STATUSES = {"acknowledge": "acknowledged", "resolve": "resolved"}
_WORDS = {400: "invalid event", 429: "throttle exceeded"}

type Event = dict[str, Any]


def problems(event: Any) -> list[str]:
    """What PagerDuty would call invalid in an event; empty for one that it would take."""
    return list(_problems(event)) if isinstance(event, dict) else ["the event must be an object"]


def _problems(event: Event) -> Iterator[str]:
    key, action = event.get("routing_key"), event.get("event_action")
    if not isinstance(key, str) or len(key) != 32:
        yield "'routing_key' must be a string of 32 characters"
    if action not in _ACTIONS:
        yield f"'event_action' must be one of {', '.join(_ACTIONS)}"
    dedup = event.get("dedup_key")
    if dedup is not None and (not isinstance(dedup, str) or len(dedup) > 255):
        yield "'dedup_key' must be a string of at most 255 characters"
    if action in _STATUSES and not dedup:
        yield f"'dedup_key' is required to {action}"
    if action == "trigger":
        payload = event.get("payload")
        yield from _payload(payload) if isinstance(payload, dict) else ["'payload' must be an object"]
    for name, required in (("images", "src"), ("links", "href")):
        yield from _attached(event.get(name), name, required)


def _payload(payload: Event) -> Iterator[str]:
    for name, longest in (("summary", 1024), ("source", _MOST_BYTES)):
        if not isinstance(payload.get(name), str) or not 1 <= len(payload[name]) <= longest:
            yield f"'payload.{name}' must be a string of 1 to {longest} characters"
    if payload.get("severity") not in _SEVERITIES:
        yield f"'payload.severity' must be one of {', '.join(_SEVERITIES)}"
    for name in _TEXTS:
        if payload.get(name) is not None and not isinstance(payload[name], str):
            yield f"'payload.{name}' must be a string"
    if payload.get("custom_details") is not None and not isinstance(payload["custom_details"], dict):
        yield "'payload.custom_details' must be an object"


def _attached(listed: Any, name: str, required: str) -> Iterator[str]:
    if listed is None:
        return
    if not isinstance(listed, list) or not all(isinstance(each, dict) and each.get(required) for each in listed):
        yield f"'{name}' must be a list of objects with '{required}'"


class Alerts:
    """What was opened, and what was dropped."""

    def __init__(self) -> None:
        self.opened: list[Event] = []
        self.dropped: list[Event] = []
        self._count = itertools.count(1)
        self._open: dict[tuple[str, str], Event] = {}

    def take(self, event: Event) -> str:
        """Apply a valid event; its dedup_key, made here when it had none."""
        dedup = event.get("dedup_key") or uuid.uuid4().hex
        where, action = (event["routing_key"], dedup), event["event_action"]
        alert = self._open.get(where)
        if action == "trigger":
            alert = alert or self._new(event, dedup)
            alert["triggers"] += 1
            alert["payload"] = event["payload"]
            self._open[where] = alert
        elif alert is None:
            self.dropped.append({"seq": next(self._count), "reason": self._reason(dedup), "event": event})
        else:
            alert["status"] = _STATUSES[action]
            if action == "resolve":
                del self._open[where]
        return str(dedup)

    def _new(self, event: Event, dedup: str) -> Event:
        alert: Event = {
            "seq": next(self._count),
            "routing_key": event["routing_key"],
            "dedup_key": dedup,
            "status": "triggered",
            "opened": int(time.time() * 1000),
            "triggers": 0,
            **{name: event[name] for name in ("client", "client_url", "links", "images") if name in event},
        }
        self.opened.append(alert)
        return alert

    def _reason(self, dedup: str) -> str:
        return "routing_key" if any(key == dedup for _, key in self._open) else "not_open"


_alerts = Alerts()
_received: deque[Any] = deque(maxlen=_MOST_RECEIVED)
_failures: list[int] = []
_every = {"calls": 0, "every": 0, "status": 500}


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a call of the Events API, or of a test."""
    path, body = scope["path"].removeprefix(_PREFIX), await read_body(receive)
    if path == "incidents":
        found = {"incidents": _alerts.opened, "dropped": _alerts.dropped, "received": list(_received)}
        await send_json(send, 200, found)
    elif path == "behave":
        await _behave(body, send)
    elif path == "v2/enqueue" and scope["method"] == "POST":
        await _enqueue(body, send)
    else:
        await send_json(send, 404, {"error": f"{scope['method']} {scope['path']}: no such route"})


async def _behave(body: bytes, send: Send) -> None:
    try:
        wish = json.loads(body or b"{}")
        status, count, every = (
            int(wish.get(name, usual)) for name, usual in (("status", 500), ("next", 0), ("every", 0))
        )
    except (ValueError, AttributeError, TypeError) as error:
        await send_json(send, 400, {"error": f"behave: {error}"})
        return
    _failures[:] = [status] * count
    _every.update(calls=0, every=every, status=status)
    await send_json(send, 200, {"next": len(_failures), "every": every})


def _failure() -> int:
    """The status that this call is to fail with, or 0."""
    _every["calls"] += 1
    if _failures:
        return _failures.pop(0)
    return _every["status"] if _every["every"] and _every["calls"] % _every["every"] == 0 else 0


async def _enqueue(body: bytes, send: Send) -> None:
    try:
        event = json.loads(body)
    except ValueError:
        event = None
    _received.append(event)
    failure = _failure()
    found = problems(event)
    if failure:
        word = _WORDS.get(failure, "internal error")
        await send_json(send, failure, {"status": word, "message": word, "errors": [word]})
    elif len(body) > _MOST_BYTES:
        await send_json(send, 413, {"status": "invalid event", "message": "Event is too large", "errors": []})
    elif found:
        refused = {"status": "invalid event", "message": "Event object is invalid", "errors": found}
        await send_json(send, 400, refused)
    else:
        answer = {"status": "success", "message": "Event processed", "dedup_key": _alerts.take(event)}
        await send_json(send, 202, answer)
