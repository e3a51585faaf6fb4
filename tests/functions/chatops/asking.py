"""Commands as a person typed them, and the requests that they become."""

from typing import Any

from functions.chatops.filing import Asked, from_command
from functions.chatops.request import Request
from tests.functions.chatops.core import FLEET, PEOPLE, POLICY, person
from tests.functions.chatops.requests import NOW, SPOKE


def asked(**changes: Any) -> Asked:
    """A redrive in the spoke."""
    known: dict[str, Any] = {
        "delivery": "d" * 64,
        "command": "queues redrive",
        "capability": "operations",
        "tier": 1,
        "reads": False,
        "arguments": {"request": "r-1"},
        "targets": [SPOKE],
        "via": "slack:U0AIKO00000",
        "channel": "C1",
        "reply_url": "https://hooks/1",
    }
    return Asked(**(known | changes))


def made(one: Asked, shown: Request | None = None, now: int = NOW) -> Request:
    """The request of aiko's command."""
    return from_command(one, person("aiko"), hub=FLEET, people=PEOPLE, policy=POLICY, shown=shown, now=now)
