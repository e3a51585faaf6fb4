"""The skeleton's demo: five Security Hub events through the whole house, and what the fleet promises for each."""

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path

from local.client import Event
from local.process import Instance
from local.replay import replay
from local.trace import Outcome

EVENTS = Path(__file__).parent / "events"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def load(run: str) -> list[Event]:
    """The demo's events, in order, about resources of this run, so that every run shows new problems."""
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, run)
    events = []
    for path in sorted(EVENTS.glob("*.json")):
        text = _UUID.sub(lambda match: str(uuid.uuid5(namespace, match[0])), path.read_text())
        events.append(json.loads(text.replace("-demo", f"-{run}")))
    return events


def run(instance: Instance, *, tick: Callable[[int, int], None]) -> tuple[list[Outcome], list[str]]:
    """Send the events; returns what became of each, and the promises that were not kept."""
    traced = replay(instance, load(uuid.uuid4().hex[:6]), tick=tick)
    return traced, broken_promises(traced)


def broken_promises(traced: list[Outcome]) -> list[str]:
    """What should have happened and did not, in words; empty if the demo did all that it promised."""
    asff, ocsf, duplicate, forged, malformed = traced
    refusal = malformed.dead_letters[0] if malformed.dead_letters else {}
    promises = {
        "the ASFF finding is recorded, with its owner by tag": owner(asff) == ("payments", "tag"),
        "the OCSF finding is recorded, with its owner by stack": owner(ocsf) == ("records", "stack"),
        "each of the two is told once on the hub's bus": len(asff.opened) == len(ocsf.opened) == 1,
        "each of the two is posted once": len(asff.messages) == len(ocsf.messages) == 1,
        "the duplicate changes nothing": duplicate.opened == asff.opened and duplicate.problems == asff.problems,
        "the forged product is dropped": forged.summary == "dropped"
        and any("Foreign" in rule for rule in forged.rules),
        "the malformed event is refused with the path of the field": refusal.get("reason") == "malformed"
        and refusal.get("path") == "$.detail.findings[0].Severity.Label",
    }
    return [promise for promise, kept in promises.items() if not kept]


def owner(outcome: Outcome) -> tuple[str, str] | None:
    """Team and deciding rule of the first problem."""
    if not outcome.problems:
        return None
    found = outcome.problems[0]["state"]["owner"]
    return found["team"], found["rule"]
