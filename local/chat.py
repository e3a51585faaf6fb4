"""Speaking in the fake Slack as a person does: commands, clicks, and what that person then reads."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from local.errors import LocalCloudError
from local.process import Instance, get_json

CHANNEL = "#sre-fleet"
AIKO, BEN, CHIE = "U0AIKO00000", "U0BEN000000", "U0CHIE00000"
_SECONDS = 60.0

type Message = dict[str, Any]


def say(instance: Instance, person: str, text: str, *, channel: str = CHANNEL) -> None:
    """Type `/yagura <text>`. Raises LocalCloudError if the app did not take it."""
    asked = {"user": person, "text": text, "channel": channel}
    _took(get_json(instance, "/_local/slack/command", body=asked), text)


def click(instance: Instance, person: str, message: Message, action: str) -> None:
    """Press a button of a message."""
    asked = {"user": person, "channel": message["channel_id"], "ts": message["ts"], "action_id": action}
    _took(get_json(instance, "/_local/slack/click", body=asked), action)


def read(instance: Instance, person: str) -> list[Message]:
    """What this person sees, oldest first."""
    return list(get_json(instance, f"/_local/slack/messages?user={quote(person)}")["messages"])


def words(message: Message) -> str:
    """All text of a message, of its blocks too."""
    return f"{message.get('text', '')} {json.dumps(message.get('blocks', []), ensure_ascii=False)}"


def buttons(message: Message) -> list[str]:
    """The actions that a message offers."""
    blocks = message.get("blocks") or []
    return [each["action_id"] for block in blocks if block["type"] == "actions" for each in block["elements"]]


def awaited(instance: Instance, person: str, fits: Callable[[Message], bool], what: str) -> Message:
    """The newest message that fits, as soon as this person sees one. Raises LocalCloudError with `what` never came."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        found = [message for message in read(instance, person) if fits(message)]
        if found:
            return found[-1]
        time.sleep(0.2)
    raise LocalCloudError(f"{what} did not come within {_SECONDS:.0f} s")


def _took(answer: dict[str, Any], what: str) -> None:
    # Three seconds may be too few for a busy machine: what came of it all the same, the caller looks for.
    if answer.get("error") and answer["error"] != "operation_timeout":
        raise LocalCloudError(f"{what}: {answer['error']}")


def behave(instance: Instance, **wish: Any) -> None:
    """Make the fake Slack misbehave: see `local/slack_behave.py`."""
    get_json(instance, "/_local/slack/behave", body=wish)
