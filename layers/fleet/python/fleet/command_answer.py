"""What a command came to, for people: pure."""

from typing import Any, Literal

import msgspec

_NOT_APPROVED = {
    "unknown": "nobody asked for it",
    "not_granted": "it has not been granted",
    "expired": "the time for doing it is over",
    "altered": "it is not what was granted",
    "elsewhere": "it was granted for another place",
    "claimed_by_another": "another has it",
}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a command, as CommandAnswered tells it: words of ours, never a body."""

    outcome: Literal["done", "failed", "refused"]
    headline: str
    table: list[list[str]] = []
    shown: dict[str, Any] = {}
    authorised: bool = True
    """Had people granted it?"""


def refused(why: str) -> Answer:
    """It was not done, and nothing was touched."""
    return Answer(outcome="refused", headline=why)


def failed(action: str, code: str) -> Answer:
    """AWS did not do it."""
    return Answer(outcome="failed", headline=f"AWS did not do {action} ({code})")


def not_approved(reason: str) -> Answer:
    """People have not granted it; `reason` as NotApprovedError gives it."""
    why = _NOT_APPROVED.get(reason, "it has not been granted")
    return Answer(outcome="refused", headline=f"not done: {why}", authorised=False)
