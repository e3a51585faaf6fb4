"""A deployment whose problems get issues, and the GitHub in which they are opened."""

from typing import Any

import msgspec
import pytest

from fleet.posting import Answer, UnreachableError
from functions.findings.finding import Finding, Status
from functions.findings.policy import Match, Rule, Ticket
from functions.findings.problem import Issue
from tests.functions.findings.deployments import TICKETS, Deployment
from tests.functions.findings.github_world import REPO, World
from tests.functions.findings.hubs import iso
from tests.functions.findings.laws import FIRST, NOW, seen
from tests.layers.fleet.fakes import Steps

TICKETED = Rule(name="ticketed", ticket=Ticket(repository=REPO))


class Repository(World):
    """GitHub, where one may be killed before and after each call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, deployment: Deployment) -> None:
        super().__init__(monkeypatch)
        self.steps: Steps = deployment.steps
        self._deployment = deployment

    def send(self, *args: Any, **more: Any) -> Answer:
        return self.steps.call("GitHub", lambda: super(Repository, self).send(*args, **more))

    def add(self, number: int, body: str | None, created: str = "", **more: Any) -> None:
        super().add(number, body, created or iso(self._deployment.now), **more)

    def is_down(self, *, down: bool = True) -> None:
        self.says = UnreachableError("TimeoutError", unclear=True) if down else None

    @property
    def states(self) -> list[str]:
        return [issue["state"] for issue in self.issues.values()]

    @property
    def opened(self) -> int:
        """How often an issue was asked for."""
        return sum(method == "POST" and path.endswith("/issues") for method, path, _ in self.calls)


def tell(deployment: Deployment, status: Status = Status.OPEN, *, finding: Finding = FIRST) -> str:
    """A finding says this by now; returns its problem."""
    deployment.now += 60_000
    changed = msgspec.structs.replace(finding, status=status, updated_at=deployment.now)
    deployment.record(seen(changed, event_time=deployment.now, event_id=f"e{deployment.now}"))
    return finding.problem


def file(deployment: Deployment, *, receives: int = 1) -> list[str]:
    """What is wanted goes to the queue, and one by one to the function; returns what was not done."""
    queue, left = deployment.queues.bodies[TICKETS], list[str]()
    deployment.stream()
    while queue:
        left += deployment.deliver(TICKETS, most=1, receives=receives)
        if left and queue[-1:] == left[-1:]:
            queue.pop()
        deployment.stream()
    queue += left
    return left


def issue(deployment: Deployment, problem: str = FIRST.problem) -> Issue:
    found = deployment.problem(problem).issue
    assert found is not None
    return found


def ignoring() -> Rule:
    return Rule(name="noise", ignore=True, match=Match(control=[FIRST.control]))


__all__ = ["NOW", "REPO", "TICKETED", "Repository", "file", "ignoring", "issue", "tell"]
