"""Whether writeback may: the mode, the freeze and the budget hold suppressions back, and never their end."""

import json

import pytest

from functions.findings.finding import Status
from tests.functions.findings.deployments import HOUR, MINUTE, WRITEBACK, Deployment
from tests.functions.findings.hubs import asff
from tests.functions.findings.laws import NOW
from tests.functions.findings.written import ACCEPTED, put, review, workflows
from tests.layers.fleet.fakes import client_error


@pytest.fixture
def deployment() -> Deployment:
    return Deployment(ACCEPTED)


def ended(deployment: Deployment, name: str = "a") -> str:
    """A problem whose findings are suppressed, and whose rule is gone."""
    (problem,) = put(deployment, name)
    deployment.rest()
    assert workflows(deployment, name) == ["SUPPRESSED"]
    deployment.deploy()
    review(deployment, problem)
    return problem


@pytest.mark.parametrize("mode", ["act", "observe", "off", "nonsense"])
def test_taking_a_suppression_back_is_never_blocked(deployment: Deployment, mode: str) -> None:
    ended(deployment)
    deployment.parameters.values["/yagura/mode/findings"] = mode
    deployment.restart()
    deployment.rest()
    assert workflows(deployment, "a") == ["NEW"]


def test_nor_by_a_freeze_or_by_a_mode_that_cannot_be_read(deployment: Deployment) -> None:
    ended(deployment)
    deployment.parameters.values["/yagura/freeze"] = "frozen"
    deployment.parameters.error = client_error("InternalServerError")
    deployment.restart()
    deployment.rest()
    assert workflows(deployment, "a") == ["NEW"]


@pytest.mark.parametrize("mode", ["observe", "off", "nonsense", "frozen"])
def test_nothing_is_suppressed_unless_the_mode_is_act(mode: str) -> None:
    deployment = Deployment(ACCEPTED, mode="act" if mode == "frozen" else mode)
    (problem,) = put(Deployment(ACCEPTED), "a")
    deployment.hub.put(asff("a", at=NOW))
    if mode == "off":
        deployment.parameters.values["/yagura/mode/findings"] = "observe"
        deployment.echo()
        deployment.parameters.values["/yagura/mode/findings"] = "off"
    if mode == "frozen":
        deployment.parameters.values["/yagura/freeze"] = "frozen"
    deployment.echo()
    deployment.queues.bodies[WRITEBACK].append(json.dumps({"problem": problem}))
    deployment.rest()
    assert deployment.hub.asked() == []
    assert deployment.problem(problem).state.status is Status.SUPPRESSED, "it is decided and shown all the same"


def test_who_starts_to_act_makes_good_what_was_only_observed() -> None:
    deployment = Deployment(ACCEPTED, mode="observe")
    put(deployment, "a")
    deployment.tick()
    deployment.rest()
    assert workflows(deployment, "a") == ["NEW"]
    deployment.parameters.values["/yagura/mode/findings"] = "act"
    deployment.now += MINUTE
    deployment.tick()
    deployment.rest()
    assert workflows(deployment, "a") == ["SUPPRESSED"]


def test_a_call_that_was_throttled_costs_nothing_of_the_budget() -> None:
    deployment = Deployment(ACCEPTED, effects_per_hour=1)
    put(deployment, "a")
    deployment.stream()
    for _ in range(3):
        deployment.hub.behaves(throttle=1)
        deployment.deliver()
    assert deployment.deliver() == []
    assert workflows(deployment, "a") == ["SUPPRESSED"]
    assert deployment.told("BudgetUsedUp") == []


def test_with_the_budget_used_up_suppressions_wait_for_the_next_hour_and_people_are_told_once() -> None:
    deployment = Deployment(ACCEPTED, effects_per_hour=2)
    names = ["a1", "a2", "a3", "a4", "a5"]
    put(deployment, *names)
    for _ in range(2):
        deployment.rest()
        assert workflows(deployment, *names).count("SUPPRESSED") == 2
        deployment.now += 20 * MINUTE
        deployment.tick()
    assert [(each["limit"], each["capability"]) for each in deployment.told("BudgetUsedUp")] == [(2, "findings")]
    for done in (4, 5):
        deployment.now += HOUR
        deployment.tick()
        deployment.rest()
        assert workflows(deployment, *names).count("SUPPRESSED") == done
    assert len(deployment.told("BudgetUsedUp")) == 2
    assert deployment.queues.dead == []


def test_undoing_costs_nothing_of_the_budget() -> None:
    deployment = Deployment(ACCEPTED, effects_per_hour=1)
    ended(deployment)
    deployment.rest()
    assert workflows(deployment, "a") == ["NEW"]
