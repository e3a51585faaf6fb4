"""Time a contender: what it answers, and how long one process takes for all events. Prints JSON.

Processor time of this process: nothing here waits, so it is what a clock shows on a quiet machine.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any


def run(contender: str, corpus: str, *, answers: bool) -> None:
    """With each number of rules; `answers`: say what each event's answer is, instead of timing."""
    given = json.loads(Path(corpus).read_text())
    prepare: Callable[..., tuple[Callable[[Any], Any], ...]] = import_module(contender).prepare
    found: dict[int, Any] = {}
    for count in given["counts"]:
        from_json, opened, decided = prepare(given, given["rules"][:count])
        if answers:
            found[count] = [from_json(event) for event in given["events"]]
            continue
        _seconds(from_json, given["events"][:500])  # warms up
        whole = _seconds(from_json, given["events"])
        found[count] = [whole, _seconds(decided, [opened(event) for event in given["events"]])]
    sys.stdout.write(json.dumps(found) + "\n")


def _seconds(work: Callable[[Any], Any], items: Iterable[Any]) -> float:
    # What lies around is nobody's to be swept during the measurement; what is made in it is.
    gc.collect()
    gc.freeze()
    began = time.process_time()
    for item in items:
        work(item)
    return time.process_time() - began
