"""How a capability does what people command: claimed, done, and the answer kept with its event, at most once."""

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fleet.clock
from fleet.approvals import NotApprovedError
from fleet.command_answer import Answer, failed, not_approved, refused
from fleet.command_work import LEASE_MS, BusyError, CommandWork, key
from fleet.events.chatops import CommandAnswered, CommandRequested
from fleet.events.envelope import Entry
from fleet.items import ConflictError, Table
from fleet.refusal import RefusedError
from tests.layers.fleet.entries import meta
from tests.layers.fleet.fakes import FakeDynamoDB, KilledError, Steps, client_error
from tests.layers.fleet.refute import REFUTE

ACCOUNT, REGION = "111122223333", "eu-west-1"
NOW = 1_772_500_000_000


def requested(**changes: Any) -> str:
    data = {
        "request": "r1",
        "capability": "tests",
        "command": "tests do",
        "arguments": {"n": 1},
        "account": ACCOUNT,
        "region": REGION,
        "requester": "aiko",
    } | changes
    entry = Entry.of(CommandRequested(**data), meta("asked", hops=1, traceparent="00-1-2-01"))
    envelope = {
        "source": "yagura.chatops",
        "detail-type": "CommandRequested",
        "account": ACCOUNT,
        "detail": json.loads(entry.detail),
    }
    return json.dumps(envelope)


class World:
    """A capability that counts what it did."""

    def __init__(self) -> None:
        self.now = NOW
        self.steps = Steps()
        self.dynamodb = FakeDynamoDB(self.steps)
        client: Any = self.dynamodb
        self.table = Table(client, "t")
        self.done: list[str] = []
        self.error: Exception | None = None
        self.reason = ""
        """Why people have not granted it; empty if they have."""
        claims: Any = self
        self.work = CommandWork("tests", ACCOUNT, REGION, self.table, claims, self.do)

    def claim(self, request: str, **what: Any) -> None:
        def claim() -> None:
            if self.reason:
                raise NotApprovedError(self.reason)
            known = {"command": "tests do", "arguments": {"n": 1}, "account": ACCOUNT, "region": REGION}
            assert known | {"by": f"{ACCOUNT}:{REGION}:tests", "now": self.now} == what

        self.steps.call("Claim", claim)

    def do(self, command: CommandRequested, remaining_ms: Callable[[], int]) -> Answer:
        assert remaining_ms() == 1000

        def act() -> None:
            if self.error:
                raise self.error
            self.done.append(command.request)

        self.steps.call("Do", act)
        return Answer(outcome="done", headline="it is", table=[["a"], ["b"]], shown={"id": "x"})

    def handle(self, body: str) -> None:
        with patch.object(fleet.clock, "now_ms", lambda: self.now):
            self.work.handle(body, lambda: 1000)

    def told(self, request: str = "r1") -> list[Any]:
        item = self.table.get(key(request)) or {}
        return [json.loads(each["detail"]) for each in item.get("outbox", [])]

    def answers(self) -> list[CommandAnswered]:
        return [msgspec.convert(each["data"], CommandAnswered) for each in self.told()]


@pytest.fixture
def world() -> World:
    return World()


def test_a_granted_command_is_done_and_its_answer_kept(world: World) -> None:
    world.handle(requested())
    (answer,) = world.answers()
    assert world.done == ["r1"]
    assert answer == CommandAnswered(
        request="r1",
        account=ACCOUNT,
        region=REGION,
        outcome="done",
        headline="it is",
        table=[["a"], ["b"]],
        shown={"id": "x"},
    )


def test_the_answer_is_an_event_that_the_command_led_to(world: World) -> None:
    world.handle(requested())
    (told,) = world.told()
    found = told["meta"]
    assert found["id"] == f"r1-{ACCOUNT}-{REGION}-answered"
    assert (found["cause"], found["hops"], found["traceparent"]) == ("asked", 2, "00-1-2-01")
    assert (found["actor"], found["time"], found["account"]) == ("aiko", NOW, ACCOUNT)
    (entry,) = (world.table.get(key("r1")) or {})["outbox"]
    assert (entry["source"], entry["detail_type"]) == ("yagura.tests", "CommandAnswered")


def test_one_that_has_been_answered_is_not_done_again(world: World) -> None:
    world.handle(requested())
    world.handle(requested())
    assert (world.done, len(world.told())) == (["r1"], 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"capability": "operations"}, "foreign"),
        ({"account": "999900001111"}, "elsewhere"),
        ({"region": "us-east-1"}, "elsewhere"),
    ],
)
def test_one_for_others_is_refused_untouched(world: World, changes: dict[str, str], reason: str) -> None:
    with pytest.raises(RefusedError) as found:
        world.handle(requested(**changes))
    assert found.value.reason == reason
    assert (world.done, world.dynamodb.written, world.steps.names) == ([], [], [])


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("unknown", "not done: nobody asked for it"),
        ("not_granted", "not done: it has not been granted"),
        ("expired", "not done: the time for doing it is over"),
        ("altered", "not done: it is not what was granted"),
        ("elsewhere", "not done: it was granted for another place"),
        ("claimed_by_another", "not done: another has it"),
        ("whatever", "not done: it has not been granted"),
    ],
)
def test_what_people_have_not_granted_is_not_done_and_answered_in_words(world: World, reason: str, words: str) -> None:
    world.reason = reason
    world.handle(requested())
    (answer,) = world.answers()
    assert (answer.outcome, answer.headline) == ("refused", words)
    assert world.told()[0]["meta"]["id"].endswith("-refused")
    assert world.done == []


def test_it_may_be_granted_after_the_event_came_and_is_done_then(world: World) -> None:
    world.reason = "not_granted"
    world.handle(requested())
    world.handle(requested())
    assert len(world.told()) == 1, "it is refused once"
    world.reason = ""
    world.handle(requested())
    assert world.done == ["r1"]
    assert [each["meta"]["id"].rpartition("-")[2] for each in world.told()] == ["refused", "answered"]


def test_while_somebody_works_on_it_nobody_else_does(world: World) -> None:
    world.error = client_error("InternalServerError")
    with pytest.raises(type(world.error)):
        world.handle(requested())
    world.error = None
    world.now += LEASE_MS - 1
    with pytest.raises(BusyError):
        world.handle(requested())
    world.now += 1
    world.handle(requested())
    assert world.done == ["r1"]


def test_an_answer_that_comes_after_its_lease_was_taken_over_is_not_kept(world: World) -> None:
    def slow(command: CommandRequested, _remaining: Callable[[], int]) -> Answer:
        world.now += LEASE_MS
        world.work._do = world.do
        world.handle(requested())
        return Answer(outcome="failed", headline="late")

    world.work._do = slow
    with pytest.raises(ConflictError):
        world.handle(requested())
    assert [each.outcome for each in world.answers()] == ["done"]


def test_answers_in_words() -> None:
    assert refused("no such team") == Answer(outcome="refused", headline="no such team")
    assert failed("ReceiveMessage", "AccessDenied") == Answer(
        outcome="failed", headline="AWS did not do ReceiveMessage (AccessDenied)"
    )
    assert not not_approved("expired").authorised


type Break = Callable[[World], None]


def sound(_world: World) -> None:
    """As it is."""


def assert_answered_once(kills: Sequence[int | None], reasons: Sequence[str], break_it: Break = sound) -> None:
    """Killed at any steps and delivered again: done if it was granted in the end, and answered once."""
    world = World()
    break_it(world)
    for number, after in enumerate([*kills, None, None]):
        world.reason = reasons[number] if number < min(len(kills), len(reasons)) else ""
        world.steps.kill_at = None if after is None else world.steps.taken + after
        with contextlib.suppress(KilledError, BusyError):
            world.handle(requested())
        world.steps.kill_at = None
        world.now += LEASE_MS
    kinds = [each["meta"]["id"].rpartition("-")[2] for each in world.told()]
    assert kinds.count("answered") == 1
    assert kinds.count("refused") <= 1
    assert kinds[-1] == "answered"
    assert set(world.done) == {"r1"}


kills_ = st.lists(st.none() | st.integers(1, 10), max_size=5)
reasons_ = st.lists(st.sampled_from(["", "not_granted"]), max_size=3)


@given(kills_, reasons_)
def test_killed_at_any_step_it_is_answered_once(kills: list[int | None], reasons: list[str]) -> None:
    assert_answered_once(kills, reasons)


def answered_before_done(world: World) -> None:
    """The answer is kept, then it is done."""
    do, finish = world.do, world.work._commands.finish

    def early(command: CommandRequested, remaining: Callable[[], int]) -> Answer:
        return Answer(outcome="done", headline="it is")

    def late(*args: Any, **more: Any) -> None:
        finish(*args, **more)
        do(CommandRequested(**json.loads(requested())["detail"]["data"]), lambda: 1000)

    world.work._do, world.work._commands.finish = early, late  # type: ignore[method-assign]


def never_answered(world: World) -> None:
    """It is not remembered that it was answered."""
    finish = world.work._commands.finish

    def forget(taken: Any, entry: Any, now: int, *, authorised: bool) -> None:
        finish(taken, entry, now, authorised=False)

    world.work._commands.finish = forget  # type: ignore[method-assign]


@pytest.mark.parametrize("broken", [answered_before_done, never_answered])
def test_the_property_refutes(broken: Break) -> None:
    @REFUTE
    @given(kills_, reasons_)
    def holds(kills: list[int | None], reasons: list[str]) -> None:
        assert_answered_once(kills, reasons, broken)

    with pytest.raises(AssertionError):
        holds()
