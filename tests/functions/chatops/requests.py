"""Requests and voters for the tests of the approval core."""

from typing import Any

from functions.chatops.request import Request, Status, Target, Voter, freeze

NOW = 1_760_000_000_000
HOUR = 3_600_000
STATUSES: list[Status] = ["PENDING", "GRANTED", "DENIED", "CANCELLED", "EXPIRED", "DONE", "FAILED"]
HUB = Target("111111111111", "us-east-1")
SPOKE = Target("222222222222", "us-east-1")
ARGUMENTS: dict[str, Any] = {"queue": "orders-dead-letters", "messages": [["m-1", "ab"], ["m-2", "cd"]]}


def request(**changes: Any) -> Request:
    """Aiko asks for a redrive in the spoke, which one of ben and dai may grant."""
    known: dict[str, Any] = {
        "id": "r-0123456789",
        "capability": "operations",
        "command": "queues redrive",
        "arguments": ARGUMENTS,
        "arguments_hash": freeze(changes.get("arguments", ARGUMENTS)),
        "targets": [SPOKE],
        "tier": 1,
        "requester": "aiko",
        "via": "slack:U0AIKO00000",
        "headline": "queues redrive in spoke",
        "teams": ["sre"],
        "approvers": ["aiko", "ben", "dai"],
        "policy": "0123456789ab",
        "created": NOW,
        "expires_at": NOW + 8 * HOUR,
    }
    return Request(**(known | changes))


def voter(name: str, *teams: str, pinned: bool = True) -> Voter:
    """Somebody of the SRE team, unless told otherwise."""
    return Voter(id=name, teams=frozenset(teams or ("sre",)), pinned=pinned)
