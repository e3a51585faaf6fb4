"""Functions that die and pumps side by side: nothing is lost, nothing is told twice without need."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops import outbox
from functions.chatops.messages import key
from functions.chatops.outbox import LEASE_MS
from tests.functions.chatops.office import Context, Office, note, opened
from tests.functions.entry import batch
from tests.layers.fleet.fakes import KilledError, interleave
from tests.layers.fleet.refute import REFUTE

type Break = Callable[[Office], None]

MINUTE = 60_000


@pytest.fixture
def office() -> Office:
    return Office()


def sound(_office: Office) -> None:
    """As it is."""


def subject(text: str) -> str:
    return text.partition(" v")[0]


def assert_told_once(subjects: Sequence[str], choices: Sequence[int], break_it: Break = sound) -> None:
    """Two pumps and a sweep in any interleaving, again and again: each message is posted exactly once."""
    office = Office()
    break_it(office)
    for name in subjects:
        office.keep(note(name))
    bodies = [json.dumps({"pump": "#intake"})] * 2

    def pump() -> None:
        for body in bodies:
            office.notify.handler(batch(body), Context())

    def sweep() -> None:
        office.notify.handler({"tick": 120}, Context())

    office.run(lambda: interleave(office.steps, [pump, pump, sweep], choices))
    office.drain()
    office.later(6 * MINUTE, every=3 * MINUTE)
    assert sorted(map(subject, office.slack.texts)) == sorted(set(subjects))
    assert len(office.slack.posts) == len(set(subjects))


def assert_not_lost(subjects: Sequence[str], kill_after: Sequence[int | None], break_it: Break = sound) -> None:
    """Killed at any step: every message is told; twice only if Slack had it before the kill."""
    office = Office()
    break_it(office)
    kills = 0
    for index, name in enumerate(subjects):
        after = kill_after[index % len(kill_after)]
        office.keep(note(name))
        office.steps.kill_at = None if after is None else office.steps.taken + after
        kills += after is not None
        office.drain(office.now + 2_000)
    office.steps.kill_at = None
    office.later(20 * MINUTE)
    assert set(map(subject, office.slack.texts)) == set(subjects)
    assert all(office.telling(name).state == "sent" for name in subjects)
    assert len(office.slack.posts) - len(set(subjects)) <= kills


some_subjects = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3)

choices_ = st.lists(st.integers(0, 5), max_size=60)

kills_ = st.lists(st.none() | st.integers(1, 30), min_size=1, max_size=3)


@given(some_subjects, choices_)
def test_pumps_side_by_side_tell_each_message_once(subjects: list[str], choices: list[int]) -> None:
    assert_told_once(subjects, choices)


@given(some_subjects, kills_)
def test_killed_at_any_step_nothing_is_lost(subjects: list[str], kill_after: list[int | None]) -> None:
    assert_not_lost(subjects, kill_after)


@pytest.mark.parametrize("step", range(1, 36))
def test_killed_at_each_single_step_nothing_is_lost(step: int) -> None:
    assert_not_lost(["a", "b"], [step])


@pytest.mark.parametrize("step", range(1, 60))
def test_killed_at_each_single_step_of_an_event_nothing_is_lost(step: int) -> None:
    office = Office()
    office.steps.kill_at = step
    office.queues.put(opened(finding={"severity": "CRITICAL"}))
    office.drain()
    office.steps.kill_at = None
    office.later(20 * MINUTE)
    assert len(office.slack.texts) in {1, 2}
    assert len(office.slack.posts) <= 2
    assert {event["event_action"] for event in office.web.events} == {"trigger"}
    assert office.telling().state == "sent"


def claims_without_condition(office: Office) -> None:
    """The lane is written over whoever came first."""
    store = office.notify.messages

    def save(lane: str, state: Any, *, over: Any, waits: bool | None = None) -> bool:
        item = office.table.get(f"lane#{lane}")
        written: bool = type(store).save_lane(store, lane, state, over=item, waits=waits)
        return written

    store.save_lane = save


def claims_without_lease(office: Office) -> None:
    """Whoever has the lane does not say so."""
    store, pump = office.notify.messages, office.notify.pump

    def claim(lane: str, _at: int) -> bool:
        return bool(store.lane(lane)[0].next_at <= office.now)

    pump._claim = claim


@pytest.mark.parametrize("broken", [claims_without_condition, claims_without_lease])
def test_the_property_of_telling_once_refutes(broken: Break) -> None:
    @REFUTE
    @given(some_subjects, choices_)
    def holds(subjects: list[str], choices: list[int]) -> None:
        assert_told_once(subjects, choices, broken)

    with pytest.raises(AssertionError):
        holds()


def leases_for_ever(office: Office) -> None:
    """A lease that never runs out."""
    pump = office.notify.pump
    claim = pump._claim

    def once(lane: str, at: int) -> bool:
        return office.notify.messages.lane(lane)[0].busy_until == 0 and bool(claim(lane, at))

    pump._claim = once


def marks_before_telling(office: Office) -> None:
    """The message is called sent, then it is posted."""
    slack, store = office.notify.slack, office.notify.messages
    post = slack.post

    def mark(message: Any, thread_ts: str = "") -> Any:
        pk = key(message.subject, message.channel)
        store.change(pk, lambda one: outbox.posted(one, message.version, office.now, place="C1", ts="0"), office.now)
        return post(message, thread_ts)

    slack.post = mark


def forgets_drafts_first(office: Office) -> None:
    """A draft is forgotten before its message stands in its lane."""
    store = office.notify.messages

    def place(now: int) -> set[str]:
        lanes = set()
        for pk in list(office.table.pending(before=10**15, of="draft")):
            item = office.table.get(pk) or {}
            office.table.put({"pk": pk, "v": 2}, over=item)
            message = json.loads(item["message"])
            store.keep(note(message["subject"], message["version"]), now)
            lanes.add(message["channel"])
        return lanes

    store.place_drafts = place


@pytest.mark.parametrize("broken", [leases_for_ever, marks_before_telling, forgets_drafts_first])
def test_the_property_of_losing_nothing_refutes(broken: Break) -> None:
    @REFUTE
    @given(some_subjects, kills_)
    def holds(subjects: list[str], kill_after: list[int | None]) -> None:
        assert_not_lost(subjects, kill_after, broken)

    with pytest.raises(AssertionError):
        holds()


def test_who_dies_while_telling_leaves_the_lane_until_the_lease_has_run_out(office: Office) -> None:
    office.keep(note())
    office.queues.waiting.clear()

    def die(_method: str, _said: object) -> None:
        raise KilledError

    office.slack.trouble = die
    with pytest.raises(KilledError):
        office.take('{"pump": "#intake"}')
    office.slack.works()
    office.queues.put('{"pump": "#intake"}')
    office.drain(office.now + LEASE_MS - 1)
    assert len(office.slack.calls) == 1, "somebody may still be telling it"
    office.later(5 * MINUTE)
    assert office.slack.texts == ["m v1"]
