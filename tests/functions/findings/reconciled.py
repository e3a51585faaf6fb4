"""What tests of the reconciliation arrange and look at."""

from typing import Any

from functions.findings.finding import Status
from functions.findings.lease import DAY_MS
from tests.functions.findings.deployments import MINUTE, Context, Deployment
from tests.functions.findings.hubs import asff


def known(deployment: Deployment) -> Deployment:
    deployment.known()
    return deployment


def miss(deployment: Deployment, name: str = "a", **more: Any) -> str:
    """Security Hub has a finding of which no event came; returns its problem."""
    deployment.hub.put(asff(name, **({"at": deployment.now} | more)))
    deployment.hub.events.clear()
    return problem_of(deployment, name)


def problem_of(deployment: Deployment, name: str) -> str:
    other = Deployment()
    (problem,) = other.put(name)
    return problem


def status(deployment: Deployment, problem: str) -> Status | None:
    found = deployment.store.get(problem).problem
    return None if found is None else found.state.status


def walk_though_tokens_are_forgotten(deployment: Deployment, ticks: int) -> None:
    """So many ticks with time for two pages each; Security Hub forgets after each where it was."""
    deployment.now += DAY_MS
    for _ in range(ticks):
        deployment.tick(Context(looks=2))
        deployment.hub.forget_tokens()
        deployment.now += MINUTE


def day(deployment: Deployment, days: int = 1) -> None:
    deployment.ticks(1, every=days * DAY_MS)
    deployment.rest()
