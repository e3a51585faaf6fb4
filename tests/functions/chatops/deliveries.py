"""Deliveries as the ingress writes them, and all the texts in what became of them."""

import json
from typing import Any

from tests.functions.chatops.requests import NOW

TEAM = "T0LOCAL0000"
HOOK = "https://hooks.slack.com/commands/T0LOCAL0000/1/x"


def delivery(**about: Any) -> str:
    """A delivery with all keys."""
    known: dict[str, Any] = {
        "id": "0" * 64,
        "received": NOW,
        "via": "slack",
        "kind": "command",
        "team": TEAM,
        "user": "U0AIKO00000",
        "channel": "C0SRE000000",
        "text": "",
        "response_url": HOOK,
        "trigger_id": "1.2.3",
        "action": "",
        "value": "",
        "input": "",
        "message_ts": "",
        "principal": "",
    }
    assert set(about) <= set(known), about
    return json.dumps(known | about)


def strings(value: Any) -> list[str]:
    """All texts in what was written, those in JSON too, as they are read."""
    match value:
        case dict():
            return [text for pair in value.items() for part in pair for text in strings(part)]
        case list() | tuple():
            return [text for part in value for text in strings(part)]
        case str() if value[:1] in {"{", "["} and (found := _json(value)) is not None:
            return strings(found)
        case _:
            return [str(value)]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
