"""Commands of people about problems, granted and delivered."""

import json
from typing import Any

import msgspec

from fleet.approvals import NotApprovedError, People
from fleet.canonical import digest
from fleet.events.chatops import CommandAnswered, CommandRequested
from fleet.events.envelope import Entry
from tests.functions.entry import ACCOUNT, REGION, batch, failures
from tests.functions.findings.deployments import Context, Deployment
from tests.layers.fleet.entries import meta
from tests.layers.fleet.fakes import Steps


def requested(command: str, arguments: dict[str, Any], *, request: str, requester: str = "aiko", **place: str) -> str:
    """A CommandRequested as it comes from the fleet's bus."""
    where = {"account": ACCOUNT, "region": REGION, "capability": "findings"} | place
    data = CommandRequested(request=request, command=command, arguments=arguments, requester=requester, **where)
    entry = Entry.of(data, meta(f"{request}-asked"))
    envelope = {
        "id": "e",
        "source": "yagura.chatops",
        "detail-type": "CommandRequested",
        "account": ACCOUNT,
        "detail": json.loads(entry.detail),
    }
    return json.dumps(envelope)


class Granted:
    """What people granted, as `fleet.approvals.Approvals` tells it."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.granted: dict[str, tuple[str, str]] = {}
        self.agreed: dict[str, People] = {}

    def grant(
        self, request: str, command: str, arguments: dict[str, Any], *voters: str, requester: str = "aiko"
    ) -> None:
        self.granted[request] = (command, digest(arguments))
        self.agreed[request] = People(requester, list(voters))

    def claim(self, request: str, *, command: str, arguments: dict[str, Any], now: int, **where: str) -> None:
        assert now
        assert where == {"account": ACCOUNT, "region": REGION, "by": f"{ACCOUNT}:{REGION}:findings"}

        def claim() -> None:
            if request not in self.granted:
                raise NotApprovedError("unknown")
            if self.granted[request] != (command, digest(arguments)):
                raise NotApprovedError("altered")

        self.steps.call("Claim", claim)

    def people(self, request: str) -> People:
        return self.steps.call("People", lambda: self.agreed[request])


class Desk:
    """A deployment, and people who command."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.granted = deployment.approvals = Granted(deployment.steps)
        self._requests = 0

    def deliver(self, body: str) -> list[str]:
        """To the function, once; what was not done."""
        with self.deployment.running():
            return failures(self.deployment.work.handler(batch(body), Context()))

    def body(self, command: str, arguments: dict[str, Any] | None, *voters: str, **about: Any) -> tuple[str, str]:
        """A request that people granted: its id and its event."""
        self._requests += 1
        request = f"r{self._requests}"
        self.granted.grant(request, command, arguments or {}, *voters, requester=about.get("requester", "aiko"))
        return request, requested(command, arguments or {}, request=request, **about)

    def ask(self, command: str, arguments: dict[str, Any] | None = None, *voters: str, **about: Any) -> CommandAnswered:
        """Granted, delivered, answered."""
        request, body = self.body(command, arguments, *voters, **about)
        assert self.deliver(body) == []
        return self.answer(request)

    def answers(self, request: str) -> list[dict[str, Any]]:
        """What is to be told of a command."""
        item = self.deployment.table.get(f"command#{request}") or {}
        return [json.loads(each["detail"]) for each in item.get("outbox", [])]

    def answer(self, request: str) -> CommandAnswered:
        (told,) = self.answers(request)
        return msgspec.convert(told["data"], CommandAnswered)

    def shown(self, problem: str) -> dict[str, Any]:
        """What `findings show` showed of it, for a later command."""
        return self.ask("findings show", {"problem": problem}).shown

    def suppress(
        self, problem: str, *voters: str, days: int = 10, reason: str = "Vendor fix is due", **about: Any
    ) -> CommandAnswered:
        """What was shown is suppressed, as people agreed."""
        arguments = {"days": days, "reason": reason} | self.shown(problem)
        return self.ask("findings suppress", arguments, *(voters or ("ben",)), **about)


def cells(answer: CommandAnswered) -> dict[str, list[str]]:
    """The rows of its table by their first cell."""
    return {row[0]: row[1:] for row in answer.table}
