"""Security Hub is read page by page: no faster than it may be, no more than needed, and never from the beginning."""

from typing import Any

import pytest

from functions.findings import reconcile, securityhub
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS as DAY
from functions.findings.securityhub import Pacer
from functions.findings.store import key
from tests.functions.findings.deployments import HOUR, MINUTE, Deployment
from tests.functions.findings.hubs import asff, iso
from tests.functions.findings.laws import NOW
from tests.functions.findings.reconciled import day, known, miss, status, walk_though_tokens_are_forgotten
from tests.layers.fleet.fakes import client_error


@pytest.fixture
def deployment() -> Deployment:
    return known(Deployment())


def test_a_token_that_is_forgotten_leads_on_from_the_last_change_that_was_seen(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(securityhub, "PAGE", 2)
    problems = [miss(deployment, name, at=NOW + number * MINUTE) for number, name in enumerate("abcdef")]
    walk_though_tokens_are_forgotten(deployment, 6)
    assert {status(deployment, problem) for problem in problems} == {Status.OPEN}
    filters = [request["Filters"] for request in deployment.hub.asked("GetFindings")]
    starts = [each.get("UpdatedAt") for each in filters if "Id" not in each]
    assert starts[:3] == [None] * 3, "two pages, and a token that is forgotten"
    assert starts[3] == [{"Start": iso(NOW + 3 * MINUTE), "End": "2100-01-01T00:00:00.000Z"}]
    assert None not in starts[3:]


def test_no_more_than_three_calls_are_made_in_a_second(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(securityhub, "PAGE", 1)
    monkeypatch.setattr(reconcile, "MOST_IDS", 1)
    time, at = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        time[0] += seconds

    pace = Pacer(3, sleep, lambda: time[0])
    deployment.put(*"abcdefgh")

    def paced() -> None:
        pace()
        at.append(time[0])

    deployment.sweep.hub._pace = paced
    day(deployment, days=2)
    assert len(at) == 17, "eight pages, one of V2, and eight that were silent"
    assert all(at[later] - at[later - 3] >= 0.99 for later in range(3, len(at)))


def test_a_known_finding_costs_one_read_and_its_copies_none(deployment: Deployment) -> None:
    copies = [asff("a", at=NOW, Id=f"copy-{number}") for number in range(3)]
    for copy in copies:
        deployment.hub.put(copy)
    deployment.put("b")
    day(deployment)
    deployment.put("b")
    for copy in copies:
        deployment.hub.put(copy | {"UpdatedAt": iso(deployment.now)})
    deployment.echo()
    deployment.rest()
    names = len(deployment.steps.names)
    deployment.now += DAY - HOUR
    deployment.tick()
    calls = [name for name in deployment.steps.names[names:] if name.startswith("before")]
    walks, doubts = ("review", "reconcile", "digest"), ("vanished",)
    assert calls.count("before GetItem") == len(walks) + len(doubts) + len(("a", "b"))
    assert calls.count("before GetFindings") == 1, "nothing was silent for a day"


def test_what_fails_for_one_problem_holds_up_no_other(deployment: Deployment) -> None:
    bad, good = miss(deployment, "a", at=NOW), miss(deployment, "b", at=NOW + 1)
    store = deployment.sweep.office.store
    get = store.get

    def broken(problem: str) -> Any:
        if problem == bad:
            raise ValueError
        return get(problem)

    store.get = broken
    deployment.now += DAY
    with pytest.raises(ExceptionGroup):
        deployment.tick()
    assert (status(deployment, bad), status(deployment, good)) == (None, Status.OPEN)
    store.get = get
    day(deployment)
    assert status(deployment, bad) is Status.OPEN


def test_a_table_that_is_away_leaves_the_page_for_the_next_tick(deployment: Deployment) -> None:
    problem = miss(deployment)
    deployment.now += DAY
    deployment.sweep.office.teams()
    put = deployment.sweep.office.store._table.put

    def away(item: Any, *, over: Any) -> bool:
        if item["pk"] == key(problem):
            raise client_error("InternalServerError")
        return bool(put(item, over=over))

    deployment.sweep.office.store._table.put = away
    with pytest.raises(ExceptionGroup):
        deployment.tick()
    deployment.sweep.office.store._table.put = put
    deployment.tick()
    assert status(deployment, problem) is Status.OPEN
