"""Fleet events for tests of the road that they travel."""

from typing import Any, ClassVar

from fleet.events.envelope import Entry, FleetEvent, Meta


class NoteTaken(FleetEvent, frozen=True, kw_only=True):
    source: ClassVar[str] = "yagura.tests"
    version: ClassVar[int] = 1

    text: str
    again: bool = False


def meta(id_: str = "n1", **changes: Any) -> Meta:
    known: dict[str, Any] = {
        "id": id_,
        "version": 1,
        "time": 1,
        "account": "111122223333",
        "region": "eu-west-1",
        "service": "intake",
        "team": "front-door",
        "environment": "staging",
        "actor": "tests",
    }
    return Meta(**(known | changes))


def entry(id_: str = "n1", size: int = 1) -> Entry:
    return Entry.of(NoteTaken(text="x" * size), meta(id_))
