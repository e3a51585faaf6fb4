"""The function `work`: a command that people granted is done once and answered; anything else touches nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fleet.command_work import LEASE_MS
from fleet.modes import FREEZE
from tests.functions.operations.worlds import DEAD, HIDDEN_MS, SOURCE, TICK, Letters, World, requested
from tests.layers.fleet.fakes import client_error

type Logged = Callable[[], str]

PRIVATE = "patient Yamada Taro, 090-1234-5678"


@pytest.fixture
def world() -> World:
    return World()


def fates(world: World, request: str = "r1") -> dict[str, str]:
    answer = world.answer(request)
    assert answer is not None
    return {row[0]: row[1] for row in answer.table[1:]}


def peeked(world: World, count: int = 10) -> dict[str, Any]:
    return world.ask("queues peek", {"queue": DEAD, "count": count}, request="peek").shown


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("freeze", {}),
        ("queues list", {}),
        ("queues peek", {"queue": DEAD, "count": 5}),
        ("queues redrive", {"queue": DEAD, "messages": [{"id": "id-1", "sha256": "0" * 64}]}),
    ],
)
def test_the_event_alone_authorises_nothing(
    world: World, command: str, arguments: dict[str, Any], logged: Logged
) -> None:
    world.sqs.add(DEAD, "a", source=SOURCE)
    before = dict(world.systems.values)
    assert world.take(requested(command, arguments)) == []
    answer = world.answer()
    assert answer is not None
    assert (answer.outcome, answer.headline) == ("refused", "not done: nobody asked for it")
    assert (answer.table, answer.shown) == ([], {})
    assert world.systems.values == before
    assert world.sqs.queues[DEAD][0]["receives"] == 0
    assert '"reason":"unknown"' in logged()


def test_arguments_that_were_not_granted_move_nothing(world: World) -> None:
    letters = Letters(world, ["shown", "shown"])
    world.approvals.grant(requested("queues redrive", {"queue": DEAD, "messages": letters.shown[:1]}))
    world.take(requested("queues redrive", letters.arguments))
    answer = world.answer()
    assert answer is not None
    assert answer.headline == "not done: it is not what was granted"
    assert (len(world.sqs.bodies(DEAD)), world.sqs.bodies(SOURCE)) == (2, [])


def test_a_refusal_is_told_once_and_does_not_stand_in_the_way_of_a_later_grant(world: World) -> None:
    letters = Letters(world, ["shown"])
    body = requested("queues redrive", letters.arguments)
    for _ in range(3):
        assert world.take(body) == []
    assert len(world.answers()) == 1
    world.take(world.approvals.grant(body))
    first, second = world.answers()
    assert first["meta"]["id"] != second["meta"]["id"]
    assert second["data"]["outcome"] == "done"
    assert world.sqs.bodies(SOURCE) == ["body 0"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"capability": "findings"}, "foreign"),
        ({"account": "999999999999"}, "elsewhere"),
        ({"region": "x"}, "elsewhere"),
    ],
)
def test_a_command_for_another_capability_or_place_is_a_dead_letter(
    world: World, change: dict[str, Any], reason: str
) -> None:
    body = world.approvals.grant(requested("freeze", **change))
    assert world.take(body) == []
    (dead,) = world.sqs.queues["yagura-operations-dead"]
    assert dead["MessageAttributes"]["yagura-reason"]["StringValue"] == reason
    assert (world.answers(), FREEZE in world.systems.values) == ([], False)


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("queues empty", {}, "does not know the command"),
        ("queues peek", {}, "missing required field"),
        ("queues peek", {"queue": "a b"}, "$.arguments.queue"),
        ("queues peek", {"queue": DEAD, "count": 51}, "$.arguments.count"),
        ("queues peek", {"queue": DEAD, "all": True}, "unknown field"),
        ("queues redrive", {"queue": DEAD, "messages": []}, "$.arguments.messages"),
        ("queues redrive", {"queue": DEAD, "messages": [{"id": "a", "sha256": "b"}]}, "$.arguments.messages[0].sha256"),
        ("queues peek", {"queue": "nowhere"}, "no queue nowhere here"),
        ("queues peek", {"queue": SOURCE}, "is not a dead-letter queue"),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_reason(
    world: World, command: str, arguments: dict[str, Any], words: str
) -> None:
    answer = world.ask(command, arguments)
    assert answer.outcome == "refused"
    assert words in answer.headline


def test_a_failing_call_is_answered_by_its_name_and_code(world: World) -> None:
    world.sqs.errors["ListQueueTags"] = lambda _request: client_error("Throttled", message="text of AWS")
    answer = world.ask("queues peek", {"queue": DEAD})
    assert (answer.outcome, answer.headline) == ("failed", "AWS did not do ListQueueTags (Throttled)")


def test_when_nobody_can_say_whether_it_was_granted_nothing_is_done_and_it_comes_again(world: World) -> None:
    body = world.approvals.grant(requested("freeze"))
    claim = world.approvals.claim

    def away(*_args: Any, **_kwargs: Any) -> None:
        raise client_error("AccessDenied", "AssumeRole")

    world.approvals.claim = away  # type: ignore[method-assign]
    assert world.take(body) == ["m0"]
    assert (FREEZE in world.systems.values, world.answers()) == (False, [])
    world.approvals.claim = claim  # type: ignore[method-assign]
    assert world.take(body) == ["m0"]  # the lease of the first holds
    world.clock.now += LEASE_MS
    assert world.take(body) == []
    assert FREEZE in world.systems.values


def test_the_answer_names_its_cause_and_goes_to_the_bus_once(world: World) -> None:
    world.ask("freeze")
    (told,) = world.answers()
    assert (told["meta"]["cause"], told["meta"]["hops"], told["meta"]["actor"]) == ("r1-asked", 1, "aiko")
    stream = {"Records": [{"dynamodb": {"Keys": {"pk": {"S": "command#r1"}}, "SequenceNumber": "1"}}]}
    for event in (stream, stream, TICK):
        assert world.publish.handler(event, None) == {"batchItemFailures": []}
    (sent,) = world.rules.taken
    assert (sent["Source"], sent["DetailType"]) == ("yagura.operations", "CommandAnswered")
    assert json.loads(sent["Detail"]) == told


def test_the_sweep_tells_what_the_stream_has_left(world: World) -> None:
    world.ask("freeze")
    assert world.publish.handler(TICK, None) == {"batchItemFailures": []}
    assert (len(world.rules.taken), world.answers()) == (1, [])


def test_a_command_that_was_answered_and_told_is_not_done_again(world: World) -> None:
    world.ask("freeze")
    world.publish.handler(TICK, None)
    world.systems.values.pop(FREEZE)
    world.clock.now += HIDDEN_MS
    assert world.take(requested("freeze")) == []
    assert FREEZE not in world.systems.values
    assert world.answers() == []
