"""The open and suppressed problems that a deployment keeps: by the index `live`, then each by its key. Reads only."""

import time
from collections.abc import Callable, Iterator
from itertools import batched
from typing import Any

from fleet.items import Item, Table, from_dynamodb
from fleetctl.findings_policy.deployments import Deployment
from functions.findings.problem import Problem
from functions.findings.store import IGNORED, ProblemStore, key, problem_of
from functions.findings.teams import remembered, teams_of

TABLE = "yagura-findings"
_BATCH = 100
_ATTEMPTS = 10

type Tick = Callable[[int, int], None]
"""Called with what is done and how much there is."""


class BusyError(Exception):
    """The table does not hand out everything."""


def problems(
    client: Any, deployment: Deployment, tick: Tick, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Problem]:
    """All that fail their checks, also what is suppressed or ignored. Raises BusyError, and what boto3 raises."""
    table = Table(client, TABLE)
    store = ProblemStore(table, deployment.policy)
    # Teams that the working tree does not name any more still have their problems, and new ones have none yet.
    teams = dict.fromkeys([*remembered(table), *sorted(teams_of(deployment.law.catalogue, deployment.policy))])
    # A problem may go from one team to another meanwhile.
    found = list(dict.fromkeys(brief.problem for team in [*teams, IGNORED] for brief in store.live(team)))
    for done, some in enumerate(batched(found, _BATCH, strict=False)):
        for item in _read(client, [key(each) for each in some], sleep):
            problem = problem_of(item)
            if problem.state.failing:  # else it was closed since
                yield problem
        tick(min(len(found), (done + 1) * _BATCH), len(found))


def _read(client: Any, names: list[str], sleep: Callable[[float], None]) -> list[Item]:
    found: dict[str, Item] = {}
    keys = [{"pk": {"S": name}} for name in names]
    for attempt in range(_ATTEMPTS):
        answer = client.batch_get_item(RequestItems={TABLE: {"Keys": keys, "ConsistentRead": True}})
        items = map(from_dynamodb, answer["Responses"].get(TABLE, []))
        found |= {item["pk"]: item for item in items}
        keys = answer.get("UnprocessedKeys", {}).get(TABLE, {}).get("Keys", [])
        if not keys:
            return [found[name] for name in names if name in found]
        sleep(min(0.05 * 2**attempt, 2.0))
    raise BusyError(f"the table does not hand out {len(keys)} problems: it is too busy. Try again later")
