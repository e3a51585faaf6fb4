"""A sweep that dies while it sums up: what was there before the fleet is told once, and then each problem by itself."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.entry import ACCOUNT
from tests.functions.findings.deployments import MINUTE, Context, Deployment
from tests.functions.findings.laws import NOW
from tests.functions.findings.summed import EVERYTHING, MIDNIGHT, OTHER, OWNED, alerts, sums, there
from tests.layers.fleet.refute import REFUTE

type Break = Callable[[Deployment], None]


def sound(_deployment: Deployment) -> None:
    """As it is."""


def assert_told_once(kills: Sequence[int | None], looks: int, late: bool, break_it: Break = sound) -> None:
    """Killed at any steps: each team and account is summed up once, whole, and then each problem is told by itself."""
    deployment = Deployment(OWNED, accounts=[ACCOUNT, OTHER])
    deployment.now = MIDNIGHT - 2 * MINUTE if late else NOW
    there(deployment)

    def work() -> None:
        break_it(deployment)
        deployment.tick(Context(looks=looks))
        deployment.stream()

    deployment.survive(work, kills, minutes=1)
    for _ in range(12 if looks < 10 else 2):
        work()
        deployment.now += MINUTE
    assert sums(deployment, "baseline") == EVERYTHING
    assert alerts(deployment) == []
    days = {(each["account"], each["day"]) for each in deployment.told() if each.get("kind") == "baseline"}
    assert len(days) == 2, "each account is summed up under one day"
    digests = [(each["day"], each["meta"]["team"]) for each in deployment.told() if each.get("kind") == "digest"]
    assert len(digests) == len(set(digests))
    deployment.put("new")
    assert alerts(deployment) == ["FindingOpened"]
    sent = [json.loads(entry["Detail"])["meta"]["id"] for entry in deployment.bus.taken]
    baselines = {each for each in sent if each.startswith("baseline-")}
    assert len(baselines) == len(EVERYTHING)


kills_ = st.lists(st.none() | st.integers(1, 90), max_size=4)
looks_ = st.sampled_from([1, 3, 1000])


@given(kills_, looks_, st.booleans())
def test_killed_at_any_step_everything_is_summed_up_once(kills: list[int | None], looks: int, late: bool) -> None:
    assert_told_once(kills, looks, late)


@pytest.mark.parametrize("step", range(1, 130, 3))
def test_killed_at_each_single_step_everything_is_summed_up_once(step: int) -> None:
    assert_told_once([step], 1000, late=True)


def is_called_done_first(deployment: Deployment) -> None:
    """The account is called summed up, then it is."""
    its: Any = deployment.sweep.rounds._sums
    baseline = type(its).baseline

    def early(accounts: Any, now: int) -> None:
        for account in accounts:
            deployment.sweep.office.baselines.finish(account, now)
        baseline(its, accounts, now)

    its.baseline = early


def has_a_key_of_its_own_each_time(deployment: Deployment) -> None:
    """Whoever comes again tells it as something new."""
    its: Any = deployment.sweep.rounds._sums
    tell = type(its)._tell

    def anew(kind: str, team: str, summary: Any, account: str, _day: str, now: int) -> None:
        tell(its, kind, team, summary, account, str(now), now)

    its._tell = anew


def does_not_wait(deployment: Deployment) -> None:
    """It is summed up before Security Hub has been read."""
    its: Any = deployment.sweep.rounds
    baseline, reconcile = its._sums.baseline, type(its).reconcile

    def hasty(time_left: Any) -> None:
        now = deployment.now
        baseline(its._sums.new_accounts(now), now)
        reconcile(its, time_left)

    hasty.__name__ = "reconcile"
    its.reconcile = hasty


@pytest.mark.parametrize("broken", [is_called_done_first, has_a_key_of_its_own_each_time, does_not_wait])
def test_the_property_refutes(broken: Break) -> None:
    @REFUTE
    @given(kills_, looks_, st.booleans())
    def holds(kills: list[int | None], looks: int, late: bool) -> None:
        assert_told_once(kills, looks, late, broken)

    with pytest.raises(AssertionError):
        holds()
