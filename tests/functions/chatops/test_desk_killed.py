"""A delivery that comes again, any number of times and however late, and a desk that dies at any step: as if once."""

import copy
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops.decisions import Decisions
from functions.chatops.store import Store
from tests.functions.chatops.counters import AIKO, AIKO_AS_IAM, BEN, BEN_AS_IAM, CHIE, DAI, EVE, FAY, STRANGER, Desk
from tests.layers.fleet.refute import REFUTE

type Items = dict[str, dict[str, Any]]
type Sabotage = Callable[[], AbstractContextManager[object]]


class Scene:
    """A redrive of aiko's and an unfreeze of ben's that wait, and what people may do then, by a name."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.shown = self.desk.peeked()
        self.desk.types(AIKO, f"queues redrive {self.shown.id}")
        redrive = self.desk.requests()[-1].id
        self.desk.types(BEN, "unfreeze spoke")
        unfreeze = self.desk.requests()[-1].id
        self.items = copy.deepcopy(self.desk.dynamodb.items)
        write = self.desk.written
        form = {"kind": "view", "action": "break_glass", "response_url": "", "channel": ""}
        iam = {"via": "iam", "user": "", "team": "", "response_url": "", "channel": ""}

        def click(user: str, action: str, value: str) -> str:
            return write(user=user, kind="action", action=action, value=value)

        self.bodies = {
            "a yes": click(BEN, "approve", redrive),
            "a no in words": write(user=DAI, text=f"deny {redrive} patient Taro Yamada waits"),
            "a second yes": write(user=DAI, text=f"approve {redrive}"),
            "one's own yes": click(AIKO, "approve", redrive),
            "one's own yes by IAM": write(**iam, principal=AIKO_AS_IAM, text=f"approve {redrive}"),
            "taken back": write(user=AIKO, text=f"cancel {redrive}"),
            "the glass by the form": write(user=AIKO, value=redrive, input="the shop is down", **form),
            "the glass in words": write(user=BEN, text=f"break-glass {unfreeze} the shop is down"),
            "the glass of another": write(user=AIKO, value=unfreeze, input="the shop is down", **form),
            "the form": click(AIKO, "break_glass", redrive),
            "a yes by IAM": write(**iam, principal=BEN_AS_IAM, text=f"approve {redrive}"),
            "a yes of payments": click(CHIE, "approve", redrive),
            "a no of somebody not pinned": click(EVE, "deny", redrive),
            "a freeze": write(text="freeze all"),
            "a freeze of payments": write(user=CHIE, text="freeze all"),
            "a freeze by IAM": write(**iam, principal=AIKO_AS_IAM, text="freeze spoke"),
            "a peek": write(text="queues peek spoke orders"),
            "a redrive": write(user=DAI, text=f"queues redrive {self.shown.id}"),
            "a redrive of nothing": write(text=f"queues redrive {unfreeze}"),
            "a question": write(text="audit tail"),
            "a question by IAM": write(**iam, principal=BEN_AS_IAM, text="status"),
            "no command": write(text="frieze Dr Smith"),
            "somebody deactivated": write(user=FAY, text="freeze all"),
            "a stranger": write(user=STRANGER, text="freeze all"),
        }

    def reset(self) -> None:
        self.desk.reset(self.items)

    def once(self, names: Sequence[str]) -> Items:
        """The table when each has come once."""
        self.reset()
        for name in names:
            self.desk.take(self.bodies[name])
        return self.desk.dynamodb.items

    def steps_of(self, name: str) -> int:
        before = self.desk.steps.taken
        self.once([name])
        return self.desk.steps.taken - before


@cache
def scene() -> Scene:
    return Scene()


@cache
def expected(names: tuple[str, ...]) -> Items:
    return copy.deepcopy(scene().once(names))


NAMES = sorted(scene().bodies)


def assert_as_once(
    names: Sequence[str], kills: Sequence[int], again: Sequence[tuple[int, int]], sabotage: Sabotage = nullcontext
) -> None:
    """Each is killed at some steps, comes again until it is done, and once more later, in any order."""
    want = expected(tuple(names))
    here = scene()
    here.reset()
    with sabotage():
        for index, name in enumerate(names):
            for kill in kills[index :: len(names)]:
                here.desk.killed_at(kill, here.bodies[name])
            assert here.desk.take(here.bodies[name]) == []
        for index, minutes in again:
            here.desk.now += minutes * 60_000
            assert here.desk.take(here.bodies[names[index % len(names)]]) == []
    found = here.desk.dynamodb.items
    assert {pk for pk in found if not pk.startswith("once#")} == {pk for pk in want if not pk.startswith("once#")}
    assert found == want
    assert len(here.desk.trail()) == here.desk.store.head().seq


some_names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
some_kills = st.lists(st.integers(1, 24), max_size=4)
some_again = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2000)), max_size=4)


@given(some_names, some_kills, some_again)
def test_repeated_and_killed_it_leaves_the_table_as_if_it_had_come_once(
    names: list[str], kills: list[int], again: list[tuple[int, int]]
) -> None:
    assert_as_once(names, kills, again)


@pytest.mark.parametrize("name", NAMES)
def test_killed_at_each_single_step_it_leaves_the_table_as_if_it_had_come_once(name: str) -> None:
    steps = scene().steps_of(name)
    assert steps > 0
    for step in range(1, steps + 1):
        assert_as_once([name], [step], [(0, 0), (0, 1), (0, 9 * 60)])


@pytest.mark.parametrize("name", NAMES)
def test_what_does_something_does_it_all_the_same(name: str) -> None:
    changes = expected((name,)) != scene().items
    assert changes == (name not in {"the form", "a stranger"})


@pytest.mark.parametrize("name", NAMES)
def test_killed_before_it_was_done_nothing_of_it_is_there(name: str) -> None:
    """All or none: whatever a dead desk leaves behind is the whole of one transaction."""
    here = scene()
    for step in range(1, here.steps_of(name) + 1):
        here.reset()
        here.desk.killed_at(step, here.bodies[name])
        new = {pk for pk in here.desk.dynamodb.items if here.desk.dynamodb.items[pk] != here.items.get(pk)}
        wholes = [{each["Put"]["Item"]["pk"]["S"] for each in one} for one in here.desk.dynamodb.transactions]
        assert new in [set[str]().union(*wholes[:count]) for count in range(len(wholes) + 1)]
        here.desk.trail()


def forgets_what_was_decided() -> AbstractContextManager[object]:
    return patch.object(Store, "decided", lambda _store, _once: False)


def each_time_another_key() -> AbstractContextManager[object]:
    note = Decisions.note

    def note_anew(self: Decisions, entries: Any, *, once: str, **rest: Any) -> None:
        note(self, entries, once=f"{once}{uuid.uuid4()}", **rest)

    return patch.object(Decisions, "note", note_anew)


def another_request_each_time() -> AbstractContextManager[object]:
    return patch("functions.chatops.filing.request_id", lambda _key: f"r-{uuid.uuid4().hex[:10]}")


def another_vote_each_time() -> AbstractContextManager[object]:
    change = Decisions.change

    def change_anew(self: Decisions, *about: Any, once: str, **rest: Any) -> Any:
        return change(self, *about, once=f"{once}{uuid.uuid4()}", **rest)

    return patch.object(Decisions, "change", change_anew)


def the_minute_of_handling() -> AbstractContextManager[object]:
    def by_the_clock(person: str, route: str, _delivery: Any) -> str:
        return f"refused#{person}#{route}#{scene().desk.now // 60_000}"

    return patch("functions.chatops.counter._once_a_minute", by_the_clock)


def answers_again() -> AbstractContextManager[object]:
    return patch("functions.chatops.counter._said", lambda _delivery: f"said#{uuid.uuid4()}")


def told_apart_from_decided() -> AbstractContextManager[object]:
    """The messages are written before the decision, which may then not be made."""
    commit = Store.commit

    def in_two(self: Store, decision: Any, now: int) -> Any:
        client: Any = self._client
        for element in decision.also:
            client.put_item(**element["Put"])
        return commit(self, decision, now)

    return patch.object(Store, "commit", in_two)


SABOTAGES: list[Sabotage] = [
    forgets_what_was_decided,
    each_time_another_key,
    another_request_each_time,
    another_vote_each_time,
    the_minute_of_handling,
    answers_again,
    told_apart_from_decided,
]


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_the_property_refutes_a_desk_that(sabotage: Sabotage) -> None:
    @REFUTE
    @given(some_names, some_kills, some_again)
    def holds(names: list[str], kills: list[int], again: list[tuple[int, int]]) -> None:
        assert_as_once(names, kills, again, sabotage)

    with pytest.raises(AssertionError):
        holds()
