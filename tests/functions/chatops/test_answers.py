"""The function `answers`: what capabilities say about requests, and what nobody says in time."""

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from fleet.events.chatops import ApprovalRequested, CommandAnswered
from fleet.events.envelope import Entry, FleetEvent, Meta
from functions.chatops.filing import request_id
from functions.chatops.people import People
from functions.chatops.request import Request
from tests.functions.chatops.core import FLEET, PEOPLE, Core
from tests.functions.chatops.requests import HUB, NOW, SPOKE, request, voter
from tests.functions.entry import batch, failures, load
from tests.layers.fleet.entries import meta
from tests.layers.fleet.fakes import FakeQueue, KilledError

ONE = request()
ASKED = request_id("yagura.x:222222222222:us-east-1:rollout-7")


class Context:
    """Lambda's, with so many ms left at each look."""

    def __init__(self, *left: int) -> None:
        self.left = [*left]

    def get_remaining_time_in_millis(self) -> int:
        return self.left.pop(0) if self.left else 60_000


class World:
    """The function as deployed, on the core's table."""

    def __init__(self) -> None:
        self.core, self.now = Core(), NOW
        self.queue = FakeQueue(self.core.steps)
        self.answers: Any = load(
            "chatops.answers",
            clients={"dynamodb": self.core.dynamodb, "sqs": self.queue},
            # Both are compiled from the same file; each takes what it knows.
            config=msgspec.to_builtins(FLEET) | msgspec.to_builtins(PEOPLE),
            environment={"YAGURA_PUMP_QUEUE": "pump"},
        )
        assert isinstance(self.answers.people, People)

    def take(self, body: str, *, receives: int = 1) -> list[str]:
        with patch("fleet.clock.now_ms", lambda: self.now):
            return failures(self.answers.handler(batch(body, receives=receives), Context()))

    def tick(self, *left: int) -> None:
        with patch("fleet.clock.now_ms", lambda: self.now):
            assert self.answers.handler({"tick": 60}, Context(*left)) == {}

    @property
    def pumped(self) -> list[Any]:
        sent = [each for each in self.queue.messages if each["QueueUrl"] == "pump"]
        return [json.loads(each["MessageBody"])["pump"] for each in sent]

    @property
    def dead(self) -> list[str]:
        sent = [each for each in self.queue.messages if each["QueueUrl"] != "pump"]
        return [each["MessageAttributes"]["yagura-reason"]["StringValue"] for each in sent]

    def granted(self) -> Request:
        self.core.file(ONE)
        return self.core.click(ONE.id, "approve", voter("ben"))


@pytest.fixture
def world() -> World:
    return World()


def body(event: FleetEvent, about: Meta, source: str) -> str:
    """An event as it comes from the hub's bus."""
    entry = Entry.of(event, about)
    envelope = {"source": source, "detail-type": entry.detail_type, "account": about.account}
    return json.dumps(envelope | {"detail": json.loads(entry.detail)})


def answered(*, source: str = "yagura.operations", account: str = SPOKE.account, **data: Any) -> str:
    known: dict[str, Any] = {
        "request": ONE.id,
        "account": SPOKE.account,
        "region": SPOKE.region,
        "outcome": "done",
        "headline": "2 of 2 moved",
        "table": [["id"], ["m-1"]],
        "shown": {"ids": ["m-1"]},
    }
    about = meta("a-1", account=account, region=SPOKE.region)
    return body(CommandAnswered(**(known | data)), about, source)


def asked(*, source: str = "yagura.x", account: str = SPOKE.account, **data: Any) -> str:
    known: dict[str, Any] = {
        "key": "rollout-7",
        "action": "x promote",
        "arguments": {"version": 7},
        "tier": 1,
        "account": SPOKE.account,
        "region": SPOKE.region,
        "headline": "Promote version 7",
    }
    return body(ApprovalRequested(**(known | data)), meta("q-1", account=account, region=SPOKE.region), source)


# Answers


def test_an_answer_stands_on_its_request_and_in_the_audit_and_is_told(
    world: World, counts: Callable[[], list[str]]
) -> None:
    world.granted()
    world.now += 1
    assert world.take(answered()) == []
    one = world.core.now(ONE.id)
    answer = one.answers[str(SPOKE)]
    assert (one.status, answer.headline, answer.at, answer.shown) == ("DONE", "2 of 2 moved", NOW + 1, {"ids": ["m-1"]})
    assert answer.table == [["id"], ["m-1"]]
    last = world.core.trail()[-1].entry
    assert (last.kind, last.actor, last.via) == ("executed", "yagura.operations", "event:a-1")
    assert world.pumped == ["#approvals"]
    assert counts() == ["Answered:done"]


def test_an_answer_that_comes_again_changes_nothing(world: World) -> None:
    world.granted()
    world.take(answered())
    before = dict(world.core.dynamodb.items)
    assert world.take(answered()) == []
    assert world.core.dynamodb.items == before


@pytest.mark.parametrize(
    "changes",
    [
        {"request": "r-nothing"},
        {"source": "yagura.x"},
        {"account": HUB.account},
    ],
)
def test_a_request_is_answered_only_by_its_capability_and_of_an_account_only_by_itself(
    world: World, changes: dict[str, Any]
) -> None:
    world.granted()
    before = world.core.now(ONE.id)
    assert world.take(answered(**changes)) == []
    assert world.dead == ["foreign"]
    assert world.core.now(ONE.id) == before


@pytest.mark.parametrize("changes", [{"account": HUB.account}, {"region": "eu-west-1"}])
def test_a_place_that_was_not_asked_has_no_say_in_it(world: World, changes: dict[str, Any]) -> None:
    world.granted()
    before = world.core.now(ONE.id)
    place = {"account": HUB.account} if "account" in changes else {}
    about = meta("a-1", account=changes.get("account", SPOKE.account), region=SPOKE.region)
    data: dict[str, Any] = {"request": ONE.id, "region": SPOKE.region, "outcome": "done", "headline": "x"}
    event = CommandAnswered(**({"account": SPOKE.account} | data | place | changes))
    assert world.take(body(event, about, "yagura.operations")) == []
    assert world.core.now(ONE.id) == before


@pytest.mark.parametrize("text", ["not JSON", "{}", '{"detail-type": "CommandAnswered"}'])
def test_what_is_no_such_event_is_a_dead_letter(world: World, text: str) -> None:
    assert world.take(text) == []
    assert len(world.dead) == 1


# Questions


def test_what_a_capability_asks_is_filed_once_and_told(world: World) -> None:
    for _ in range(2):
        assert world.take(asked()) == []
    one = world.core.now(ASKED)
    assert (one.status, one.asked, one.requester, one.tier) == ("PENDING", True, "yagura.x", 1)
    assert one.policy == "0123456789ab"
    assert world.core.kinds() == ["requested"]
    assert world.core.trail()[0].entry.via == "event:q-1"
    assert world.pumped == ["#approvals"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"action": "operations redrive"}, "foreign"),
        ({"account": HUB.account}, "foreign"),
        ({"tier": 0}, "no_tier"),
        ({"tier": 4}, "no_tier"),
        ({"headline": " "}, "malformed"),
        ({"facts": [["name", "value", "more"]]}, "malformed"),
        ({"arguments": {"n": 2**60}}, "malformed"),
    ],
)
def test_what_it_may_not_ask_is_a_dead_letter_that_says_why(world: World, changes: dict[str, Any], reason: str) -> None:
    assert world.take(asked(**changes)) == []
    assert world.dead == [reason]
    assert world.core.store.request(ASKED) is None


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"tier": 3}, "needs_step_up", "second factor"),
        ({"tier": 2, "team": "sre"}, "no_approvers", "other people"),
    ],
)
def test_what_nobody_could_ever_grant_is_denied_to_the_asker_and_stands_in_the_trail(
    world: World, changes: dict[str, Any], reason: str, said: str
) -> None:
    world.answers.people = msgspec.structs.replace(PEOPLE, people=PEOPLE.people[:1])
    for _ in range(2):
        assert world.take(asked(**changes)) == []
    assert world.dead == []
    one = world.core.now(ASKED)
    assert (one.status, one.turned_down, one.decided_by) == ("DENIED", reason, [])
    assert [(entry.kind, entry.actor) for entry in (record.entry for record in world.core.trail())] == [
        ("requested", "yagura.x"),
        ("denied", "yagura.chatops"),
    ]
    assert world.core.trail()[1].entry.facts == {"status": "DENIED", "reason": reason}
    bus = "arn:aws:events:us-east-1:222222222222:event-bus/yagura"
    assert world.core.events(ASKED) == [("ApprovalDenied", ""), ("ApprovalDenied", bus)]
    assert json.loads(world.core.outbox(ASKED)[1]["detail"])["data"]["reason"] == reason
    (message,) = world.core.drafts()
    assert "Promote version 7: denied" in message.text
    assert said in json.dumps(message.blocks)
    assert list(world.core.store.due(10**15)) == []


def test_killed_at_any_call_the_event_comes_again_and_is_filed_once() -> None:
    steps = len(_steps_of(asked()))
    assert steps > 4
    for step in range(1, steps + 1):
        world = World()
        world.core.steps.kill_at = step
        with pytest.raises(KilledError):
            world.take(asked())
        world.take(asked())
        assert world.core.kinds() == ["requested"]
        assert world.core.now(ASKED).status == "PENDING"


def _steps_of(text: str) -> list[str]:
    world = World()
    world.take(text)
    return world.core.steps.names


# The tick


def test_what_nobody_decided_in_time_expires_by_the_tick(world: World) -> None:
    world.core.file(ONE)
    world.now = ONE.expires_at
    world.tick()
    assert world.core.now(ONE.id).status == "PENDING"
    world.now += 1
    world.tick()
    assert world.core.now(ONE.id).status == "EXPIRED"
    assert world.pumped == ["#approvals"]
    world.tick()
    assert world.core.kinds() == ["requested", "expired"]


def test_who_did_not_answer_before_it_could_no_longer_be_begun_is_called_silent(world: World) -> None:
    one = world.granted()
    world.now = one.execute_until + 1
    world.tick()
    after = world.core.now(ONE.id)
    assert (after.status, after.answers[str(SPOKE)].outcome) == ("FAILED", "silent")


def test_one_request_that_fails_keeps_no_other_waiting_and_is_not_hidden(world: World) -> None:
    names = ["r-000000000a", "r-000000000b", "r-000000000c"]
    for name in names:
        world.core.file(request(id=name))
    world.now = ONE.expires_at + 1
    overdue = world.answers.decisions.overdue

    def failing(name: str, now: int) -> None:
        if name == names[1]:
            raise ValueError(name)
        overdue(name, now)

    world.answers.decisions.overdue = failing
    with pytest.raises(ExceptionGroup, match="1 requests could not be looked at"):
        world.tick()
    assert [world.core.now(name).status for name in names] == ["EXPIRED", "PENDING", "EXPIRED"]


def test_a_tick_that_runs_out_of_time_leaves_the_rest_to_the_next(world: World) -> None:
    names = ["r-000000000a", "r-000000000b"]
    for name in names:
        world.core.file(request(id=name))
    world.now = ONE.expires_at + 1
    world.tick(5_000, 4_999)
    assert sorted(world.core.now(name).status for name in names) == ["EXPIRED", "PENDING"]
    world.tick()
    assert {world.core.now(name).status for name in names} == {"EXPIRED"}


def test_a_tick_with_nothing_to_do_wakes_nobody(world: World) -> None:
    world.tick()
    assert world.queue.messages == []
