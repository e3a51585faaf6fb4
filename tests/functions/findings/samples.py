"""The recorded-looking events of tests/samples/securityhub, and variations of them."""

import copy
import json
from pathlib import Path
from typing import Any

from fleet.refusal import DroppedError, RefusedError
from functions.findings.event import Accepts, Contents, open_event
from functions.findings.finding import Finding

FOLDER = Path(__file__).parents[2] / "samples" / "securityhub"
ALL = sorted(path.stem for path in FOLDER.glob("*.json"))
HOME = Accepts(accounts=None)

type Json = dict[str, Any]


def event(name: str) -> Json:
    loaded: Json = json.loads((FOLDER / f"{name}.json").read_text())
    return loaded


def with_finding(name: str, changes: Json) -> Json:
    """The event with changes to its only finding, by path: `{"Severity.Label": "LOW", "Region": None}`."""
    changed = event(name)
    for path, value in changes.items():
        put(changed["detail"]["findings"][0], path, value)
    return changed


def put(target: Any, path: str, value: object) -> None:
    """Set the field at a dotted path; `...` removes it."""
    *parents, last = path.split(".")
    for step in parents:
        target = target[int(step)] if isinstance(target, list) else target[step]
    key: Any = int(last) if isinstance(target, list) else last
    if value is ...:
        del target[key]
    else:
        target[key] = copy.deepcopy(value)


def opened(body: Json | str | bytes, accepts: Accepts = HOME) -> Contents:
    text: Any = json.dumps(body) if isinstance(body, dict) else body
    return open_event(text, accepts)


def problems(contents: Contents) -> list[RefusedError | DroppedError]:
    """What was wrong with an event's findings."""
    return [*contents.refused, *contents.dropped]


def findings(body: Json) -> list[Finding]:
    contents = opened(body)
    assert problems(contents) == []
    return [seen.finding for seen in contents.seen]


def finding(name: str, **changes: object) -> Finding:
    """The only finding of a sample, changed by path; `__` stands for the dot."""
    (only,) = findings(with_finding(name, {path.replace("__", "."): value for path, value in changes.items()}))
    return only
