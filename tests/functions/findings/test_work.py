"""The function `work`: a command that people granted is carried out once, whatever it dies of, and answered once."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fleet.command_work import LEASE_MS
from functions.findings.finding import Status
from functions.findings.policy import Match
from tests.functions.entry import batch, failures
from tests.functions.findings.commanded import Desk, requested
from tests.functions.findings.deployments import MINUTE, Context, Deployment
from tests.functions.findings.laws import suppressing
from tests.layers.fleet.fakes import client_error
from tests.layers.fleet.refute import REFUTE

HIDDEN = 3
"""Minutes for which the queue of commands hides one that is being worked on."""

type Break = Callable[[Desk], None]


def sound(_desk: Desk) -> None:
    """As it is."""


@pytest.fixture
def desk() -> Desk:
    return made()


def made() -> Desk:
    deployment = Deployment(suppressing("accepted", match=Match(resource=["arn:aws:s3:::ok"])))
    deployment.known()
    return Desk(deployment)


def test_what_nobody_granted_is_answered_and_not_done(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    body = requested("findings assign", {"problem": problem, "team": "front-door"}, request="r9")
    assert desk.deliver(body) == []
    answer = desk.answer("r9")
    assert (answer.outcome, answer.headline) == ("refused", "not done: nobody asked for it")
    assert desk.deployment.problem(problem).assigned == ""


def test_what_is_not_what_was_granted_is_not_done(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    request, body = desk.body("findings assign", {"problem": problem, "team": "front-door"})
    assert desk.deliver(body.replace("front-door", "platform")) == []
    assert desk.answer(request).headline == "not done: it is not what was granted"
    assert desk.deployment.problem(problem).assigned == ""


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"capability": "operations"}, "foreign"),
        ({"account": "444455556666"}, "elsewhere"),
        ({"region": "us-east-1"}, "elsewhere"),
    ],
)
def test_a_command_for_others_is_a_dead_letter(desk: Desk, about: dict[str, str], reason: str) -> None:
    _, body = desk.body("findings list", {}, **about)
    assert desk.deliver(body) == []
    assert desk.deployment.queues.reasons == [reason]


def test_a_bad_one_keeps_its_neighbour_from_nothing(desk: Desk) -> None:
    request, body = desk.body("findings numbers", {})
    with desk.deployment.running():
        assert failures(desk.deployment.work.handler(batch("{", body), Context())) == []
    assert desk.answer(request).outcome == "done"
    assert desk.deployment.queues.reasons == ["malformed"]


def test_a_table_that_is_away_makes_the_command_come_again(desk: Desk) -> None:
    request, body = desk.body("findings numbers", {})
    desk.deployment.dynamodb.error = client_error("InternalServerError")
    assert desk.deliver(body) == ["m0"]
    desk.deployment.dynamodb.error = None
    assert desk.deliver(body) == []
    assert desk.answer(request).outcome == "done"


def test_while_one_works_on_it_another_does_not(desk: Desk) -> None:
    request, body = desk.body("findings numbers", {})
    inner: list[list[str]] = []
    do = desk.deployment.work.work._do

    def meanwhile(*args: Any) -> Any:
        inner.append(desk.deliver(body))
        return do(*args)

    desk.deployment.work.work._do = meanwhile
    assert desk.deliver(body) == []
    assert inner == [["m0"]]
    assert len(desk.answers(request)) == 1


DEEDS: dict[str, dict[str, Any]] = {
    "findings suppress": {"days": 10, "reason": "Vendor fix is due", "severity": "HIGH", "status": "open", "tier": 1},
    "findings unsuppress": {},
    "findings assign": {"team": "front-door"},
    "findings show": {},
}


def assert_done_once(deeds: Sequence[str], kills: Sequence[int | None], break_it: Break = sound) -> None:
    """Killed at any steps and delivered again, each command is done once, and one answer says what came of it."""
    desk = made()
    deployment = desk.deployment
    (problem,) = deployment.put("a")
    expected, open_ = [], True
    for command in deeds:
        request, body = desk.body(command, DEEDS[command] | {"problem": problem}, "ben")

        def work(body: str = body) -> None:
            break_it(desk)
            desk.deliver(body)

        deployment.survive(work, kills, minutes=HIDDEN)
        desk.deliver(body)
        fits = {"findings suppress": open_, "findings unsuppress": not open_}.get(command, True)
        open_ = {"findings suppress": False, "findings unsuppress": True}.get(command, open_)
        assert [each["data"]["outcome"] for each in desk.answers(request)] == ["done" if fits else "refused"]
        if fits and command != "findings show":
            expected.append((command.split()[1], f"request:{request}"))
    found = deployment.problem(problem)
    names = {"suppress": "suppressed", "unsuppress": "unsuppressed", "assign": "assigned"}
    assert [(act.what, act.by) for act in found.acts] == [(names[what], by) for what, by in expected]
    assert found.state.status is (Status.OPEN if open_ else Status.SUPPRESSED)
    kinds = [each["type"] for each in deployment.told() if each.get("problem") == problem]
    assert kinds.count("FindingSuppressed") == sum(what == "suppress" for what, _ in expected)
    assert deployment.queues.dead == []


deeds_ = st.lists(st.sampled_from(list(DEEDS)), min_size=1, max_size=4)
kills_ = st.lists(st.none() | st.integers(1, 16), max_size=3)


@given(deeds_, kills_)
def test_killed_at_any_step_and_delivered_again_it_is_done_once(deeds: list[str], kills: list[int | None]) -> None:
    assert_done_once(deeds, kills)


@pytest.mark.parametrize("step", range(1, 20))
@pytest.mark.parametrize("command", ["findings suppress", "findings assign"])
def test_killed_at_each_single_step_it_is_done_once(command: str, step: int) -> None:
    assert_done_once([command, "findings unsuppress"] if command == "findings suppress" else [command], [step])


def does_it_again(desk: Desk) -> None:
    """Nobody looks whether it has been done."""
    office = desk.deployment.work.office
    change = type(office).change

    def forgetful(problem: str, wanted: Any, **more: Any) -> Any:
        return change(office, problem, lambda p, now: wanted(replace(p, acts=[]), now), **more)

    office.change = forgetful


def answers_first(desk: Desk) -> None:
    """The command is called answered before it is done."""
    work = desk.deployment.work.work
    begin = type(work._commands).begin

    def early(request: str, now: int) -> Any:
        taken = begin(work._commands, request, now)
        if taken:
            item = desk.deployment.table.get(f"command#{request}") or {}
            desk.deployment.table.put(item | {"state": "answered"}, over=item)
        return taken and taken | {"rev": taken["rev"] + 1}

    work._commands.begin = early


@pytest.mark.parametrize("broken", [does_it_again, answers_first])
def test_the_property_refutes(broken: Break) -> None:
    @REFUTE
    @given(deeds_, kills_)
    def holds(deeds: list[str], kills: list[int | None]) -> None:
        assert_done_once(deeds, kills, broken)

    with pytest.raises(AssertionError):
        holds()


def test_who_died_leaves_the_command_until_the_lease_is_over(desk: Desk) -> None:
    assert LEASE_MS < HIDDEN * MINUTE
    request, body = desk.body("findings numbers", {})
    item = desk.deployment.work.work._commands.begin(request, desk.deployment.now)
    assert item
    assert desk.deliver(body) == ["m0"]
    desk.deployment.now += LEASE_MS
    assert desk.deliver(body) == []
    assert json.loads(body)["detail"]["data"]["request"] == request
