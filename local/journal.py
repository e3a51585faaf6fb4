"""What happened on the buses of all accounts, in order: `GET /_local/journal`.

AWS has no such view; it is here so that the demo and the tests can show what reached which bus, and why something
did not. It observes the emulator's one dispatching function, so nothing that a rule could match escapes it: PutEvents,
events of AWS services, forwarded events and replays alike. It never changes an event.
"""

import time
from collections import deque
from threading import Lock
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge

# Private keys that the wrapper puts on the emulator's event record. The emulator builds what targets receive from
# the names that it knows, so these never leave the process.
HOPS = "_YaguraHops"
CAME_BY = "_YaguraCameBy"

_KEPT = 10_000
_entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
_lock = Lock()
_sequence = 0


def note(outcome: str, bus: str, event: dict[str, Any], **more: Any) -> None:
    """Write one line. `outcome` is accepted, refused, undelivered or dead-lettered."""
    global _sequence  # noqa: PLW0603 - one counter for the whole process, under the lock
    with _lock:
        _sequence += 1
        _entries.append(
            {
                "seq": _sequence,
                "at": time.time(),
                "outcome": outcome,
                "account": get_account_id(),
                "region": get_region(),
                "bus": bus,
                "event": event,
                **more,
            }
        )


def entries(*, account: str = "", bus: str = "", since: int = 0, outcome: str = "") -> dict[str, Any]:
    """The lines after `since`, filtered; `next` is what to pass as `since` the next time."""
    with _lock:
        last = _sequence
        found = [
            entry
            for entry in _entries
            if entry["seq"] > since
            and account in {"", entry["account"]}
            and bus in {"", entry["bus"]}
            and outcome in {"", entry["outcome"]}
        ]
    return {"entries": found, "next": last}


def envelope(record: dict[str, Any], view: Any = None) -> dict[str, Any]:
    """The event as a target would receive it."""
    built: dict[str, Any] = (view or eventbridge._pattern_event_view(record)).event_with_detail()
    return built


def install() -> None:
    """Observe every event that the emulator puts on a bus."""
    dispatch = eventbridge._dispatch_event

    def noted(event: dict[str, Any], view: Any = None) -> None:
        view = view or eventbridge._pattern_event_view(event)
        came_by = event.get(CAME_BY) or ({"replay": event["ReplayName"]} if event.get("ReplayName") else {})
        note("accepted", event.get("EventBusName", "default"), envelope(event, view), came_by=came_by)
        dispatch(event, view)

    eventbridge._dispatch_event = noted
