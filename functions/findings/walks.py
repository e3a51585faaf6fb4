"""Walks through many problems, a stretch at each tick of the sweep: where each has come to.

    pk walk#<name>    run: which walk it is, empty between two; started (ms); place: where it goes on; done: the last
                      run that ended; covered (ms): when that was begun

A walk that is interrupted, by the clock or by a kill, goes on where it was: it never begins anew.
"""

from typing import Any

import msgspec

from fleet.items import ConflictError, Item, Table

_VERSION = 1


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """One walk, as far as it has come."""

    name: str
    run: str
    started: int
    place: dict[str, Any] = {}
    """Where it goes on; empty at its beginning."""


class OvertakenError(ConflictError):
    """Another sweep has gone on with the walk, and is ahead."""


class Walks:
    """Of this deployment. One sweep works at a time; of two the slower one gives up."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._items: dict[str, Item | None] = {}

    def begin(self, name: str, run: str, now: int, *, since: int = 0, new: bool = True) -> Walk | None:
        """The walk that is under way, or else `run`; None if that has ended, and was not begun before `since`.

        `new`: whether one may be begun.
        """
        item = self._items[name] = self._table.get(_key(name))
        if item and item["run"]:
            return Walk(name=name, run=item["run"], started=item["started"], place=msgspec.json.decode(item["place"]))
        if not new or (item and item["done"] == run and item["covered"] >= since):
            return None
        walk = Walk(name=name, run=run, started=now)
        self._save(walk)
        return walk

    def go_on(self, walk: Walk, place: dict[str, Any]) -> Walk:
        """It has come to `place`. Raises OvertakenError if somebody else walks."""
        walk = msgspec.structs.replace(walk, place=place)
        self._save(walk)
        return walk

    def end(self, walk: Walk) -> None:
        """It is over. Raises OvertakenError if somebody else walks."""
        self._save(walk, run="", done=walk.run, covered=walk.started)

    def covered(self, name: str) -> int:
        """When the last walk that ended was begun, in ms, as far as this one knows; 0: none has ended."""
        return int((self._items.get(name) or {}).get("covered", 0))

    def _save(self, walk: Walk, **ended: object) -> None:
        over = self._items[walk.name]
        known = {"done": over["done"], "covered": over["covered"]} if over else {"done": "", "covered": 0}
        item: Item = {
            "pk": _key(walk.name),
            "v": _VERSION,
            "run": walk.run,
            "started": walk.started,
            "place": msgspec.json.encode(walk.place).decode(),
            **known,
            **ended,
        }
        if not self._table.put(item, over=over):
            raise OvertakenError(item["pk"])
        self._items[walk.name] = item | {"rev": 1 if over is None else over["rev"] + 1}


def _key(name: str) -> str:
    return f"walk#{name}"
