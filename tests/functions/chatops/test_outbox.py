"""What goes out next in a lane, and what becomes of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops import outbox
from functions.chatops.message import Priority
from functions.chatops.outbox import Lane, Telling
from tests.functions.chatops.office import HOOK, note

NOW = 1_000_000


def telling(**changes: Any) -> Telling:
    known: dict[str, Any] = {"message": note(), "since": NOW, "born": NOW}
    return Telling(**(known | changes))


def changed(one: Telling, **changes: Any) -> Telling:
    return msgspec.structs.replace(one, **changes)


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_every_critical_one_ranks_before_every_other(critical: int, normal: int) -> None:
    first = telling(message=note(priority=Priority.CRITICAL), since=critical)
    assert outbox.rank(first) < outbox.NORMAL_FROM <= outbox.rank(telling(since=normal))


def test_of_the_same_priority_the_older_goes_first() -> None:
    assert outbox.rank(telling(since=1)) < outbox.rank(telling(since=2))


@pytest.mark.parametrize("state", ["sent", "told", "refused", "dropped"])
def test_a_newer_version_of_what_is_done_with_waits_anew_and_knows_where_it_stands(state: Any) -> None:
    old = telling(state=state, ts="1.1", place="C1", posted=1, tries=3, first_try=5, why="w", since=3)
    new = outbox.kept(old, note(version=2), NOW + 9)
    assert new == telling(message=note(version=2), since=NOW + 9, ts="1.1", place="C1", posted=1)


@pytest.mark.parametrize(("version", "state"), [(1, "sent"), (0, "sent"), (2, "waiting")])
def test_what_slack_took_is_shown_unless_a_newer_version_came_meanwhile(version: int, state: str) -> None:
    old = telling(message=note(version=2 if version == 2 else 1), tries=2, first_try=3, unclear=True)
    after = outbox.posted(old, 1, NOW + 5, place="C1", ts="1.1")
    assert (after.state, after.posted, after.place, after.ts) == (state, 1, "C1", "1.1")
    assert (after.tries, after.first_try, after.unclear) == (0, 0, False)
    assert after.since == (NOW + 5 if state == "waiting" else NOW)


def test_an_edit_leaves_where_a_message_stands() -> None:
    after = outbox.posted(telling(ts="1.1", place="C1"), 1, NOW)
    assert (after.ts, after.place) == ("1.1", "C1")


def test_an_answer_uses_its_address_ever_more_seldom() -> None:
    one, at = telling(message=note(reply_url=HOOK)), NOW
    gaps = []
    for _ in range(4):
        one = outbox.posted(one, 1, at)
        gaps.append(one.not_before - at)
    assert gaps == [3_000, 15_000, 60_000, 60_000]
    assert outbox.expired(one, at) == "used_up"


def test_a_message_of_a_channel_never_expires_and_uses_no_address() -> None:
    one = outbox.posted(telling(), 1, NOW)
    assert (one.uses, one.not_before, outbox.expired(one, NOW + 10**9)) == (0, 0, "")


@pytest.mark.parametrize(("age", "why"), [(outbox.REPLY_MS - 1, ""), (outbox.REPLY_MS, "expired")])
def test_an_answer_expires_half_an_hour_after_its_first_version(age: int, why: str) -> None:
    one = telling(message=note(reply_url=HOOK), born=NOW, since=NOW + 1000)
    assert outbox.expired(one, NOW + age) == why


reply = telling(message=note("reply", thread="m"))


@pytest.mark.parametrize(
    ("parent", "waits"),
    [
        (None, True),
        (telling(), True),
        (telling(ts="1.1"), False),
        (telling(state="sent", ts="1.1"), False),
        (telling(state="told"), False),
        (telling(state="refused"), False),
    ],
)
def test_a_reply_waits_for_a_parent_that_may_yet_stand_somewhere(parent: Telling | None, waits: bool) -> None:
    assert (outbox.due_at(reply, parent, NOW) > NOW) is waits
    assert outbox.due_at(reply, parent, NOW + outbox.PARENT_MS) <= NOW + outbox.PARENT_MS


def test_a_reply_that_stands_already_is_edited_without_waiting() -> None:
    assert outbox.due_at(changed(reply, ts="1.2"), None, NOW) <= NOW


def test_who_has_failed_five_times_by_itself_steps_aside_and_who_fails_with_all_others_does_not() -> None:
    own = together = telling()
    for n in range(5):
        own = outbox.failed(own, NOW + n + 1, own=True, unclear=False)
        together = outbox.failed(together, NOW + n + 1, own=False, unclear=True)
    assert (own.since, own.first_try, own.tries, own.unclear) == (NOW + 5, NOW + 1, 5, False)
    assert (together.since, together.first_try, together.unclear) == (NOW, NOW + 1, True)


def test_after_a_day_of_tries_it_is_given_up_and_before_the_first_never() -> None:
    assert not outbox.given_up(telling(), NOW * 1000)
    tried = telling(first_try=NOW)
    assert not outbox.given_up(tried, NOW + outbox.GIVE_UP_MS - 1)
    assert outbox.given_up(tried, NOW + outbox.GIVE_UP_MS)


@pytest.mark.parametrize(
    ("lane", "free"),
    [
        (Lane(), True),
        (Lane(next_at=NOW), True),
        (Lane(next_at=NOW + 1), False),
        (Lane(busy_until=NOW), True),
        (Lane(busy_until=NOW + 1), False),
    ],
)
def test_a_lane_is_claimed_by_one_at_a_time_and_not_before_its_next_second(lane: Lane, free: bool) -> None:
    claimed = outbox.claimed(lane, NOW)
    assert (claimed is not None) is free
    if claimed:
        assert claimed.busy_until == NOW + outbox.LEASE_MS


def test_one_pump_is_called_for_a_lane_and_no_second() -> None:
    called = outbox.called(Lane(next_at=NOW + 30_000), NOW)
    assert called == Lane(next_at=NOW + 30_000, pump_at=NOW + 30_000)
    assert outbox.called(called, NOW) is None
    assert outbox.called(called, NOW + 30_000) is not None
    assert outbox.called(Lane(), NOW) == Lane(pump_at=NOW + outbox.SPACING_MS)


def test_after_a_message_the_lane_rests_a_second() -> None:
    free = outbox.released(Lane(busy_until=NOW + 5, failures=3), NOW, again_at=NOW)
    assert free == Lane(next_at=NOW + 1000, pump_at=NOW + 1000)
    assert outbox.released(Lane(), NOW, again_at=0).pump_at == 0
    assert outbox.released(Lane(), NOW, again_at=NOW + 9_000).pump_at == NOW + 9_000


def test_after_failures_the_lane_rests_longer_each_time_and_never_longer_than_five_minutes() -> None:
    lane, rests = Lane(), []
    for _ in range(12):
        lane = outbox.released(lane, NOW, again_at=NOW, failed=True)
        rests.append(lane.next_at - NOW)
    assert rests == [*(1000 * 2**n for n in range(1, 9)), 300_000, 300_000, 300_000, 300_000]


def test_slack_says_how_long_a_lane_rests_if_that_is_longer() -> None:
    assert outbox.released(Lane(), NOW, again_at=0, failed=True, retry_after=40_000).next_at == NOW + 40_000
    assert outbox.released(Lane(), NOW, again_at=0, failed=True, retry_after=500).next_at == NOW + 2_000


def test_a_turn_in_which_slack_was_not_asked_costs_no_second() -> None:
    lane = Lane(next_at=NOW - 5, busy_until=NOW + 5, pump_at=NOW, failures=2)
    assert outbox.passed(lane, 0) == Lane(next_at=NOW - 5, failures=2)
    assert outbox.passed(lane, NOW + 7).pump_at == NOW + 7


def test_a_lane_is_marked_often_enough_to_be_looked_after_and_not_at_each_message() -> None:
    lane = outbox.marked(Lane(), NOW)
    assert lane == Lane(marked_at=NOW)
    assert outbox.marked(lane, NOW + outbox.SETTLE_MS // 2 - 1) is None
    assert outbox.marked(lane, NOW + outbox.SETTLE_MS // 2) is not None
    assert not outbox.settled(lane, NOW + outbox.SETTLE_MS - 1)
    assert outbox.settled(lane, NOW + outbox.SETTLE_MS)


@pytest.mark.parametrize("ahead", ["next_at", "busy_until", "pump_at"])
def test_a_clock_that_was_put_back_keeps_no_lane_closed(ahead: str) -> None:
    of_tomorrow = msgspec.structs.replace(Lane(failures=2), **{ahead: NOW + 24 * 3_600_000})
    assert outbox.claimed(of_tomorrow, NOW) == Lane(failures=2, busy_until=NOW + outbox.LEASE_MS)
    assert outbox.called(of_tomorrow, NOW) == Lane(failures=2, pump_at=NOW + outbox.SPACING_MS)
    assert outbox.neglected(of_tomorrow, NOW)


def test_no_lane_rests_for_longer_than_is_believed_of_it() -> None:
    rests = outbox.released(Lane(), NOW, again_at=0, failed=True, retry_after=outbox.FURTHEST_MS + 1)
    assert rests.next_at == NOW + outbox.FURTHEST_MS
    assert outbox.claimed(rests, NOW) is None


@pytest.mark.parametrize(
    ("lane", "neglected"),
    [
        (Lane(), True),
        (Lane(busy_until=NOW + 1), False),
        (Lane(next_at=NOW + 1), False),
        (Lane(pump_at=NOW + 1), False),
        (Lane(pump_at=NOW - outbox.SETTLE_MS + 1), False),
        (Lane(pump_at=NOW - outbox.SETTLE_MS), True),
    ],
)
def test_a_lane_is_neglected_when_nobody_has_it_and_nobody_was_called(lane: Lane, neglected: bool) -> None:
    assert outbox.neglected(lane, NOW) is neglected


@pytest.mark.parametrize(
    ("one", "collapses"),
    [
        (telling(), True),
        (telling(state="sent"), False),
        (telling(message=note(priority=Priority.CRITICAL)), False),
        (telling(ts="1.1"), False),
        (telling(members=[("k", 1)]), False),
        (telling(message=note(thread="m")), False),
        (telling(message=note(reply_url=HOOK)), False),
    ],
)
def test_a_digest_tells_what_stands_nowhere_yet_and_is_not_critical(one: Telling, collapses: bool) -> None:
    assert outbox.collapsible(one) is collapses


def test_a_digest_does_not_tell_a_version_that_it_has_not_seen() -> None:
    newer = telling(message=note(version=3))
    assert outbox.told_in(newer, "d", 2) == newer
    assert outbox.told_in(telling(), "d", 1) == telling(state="told", digest="d")
    assert outbox.told_in(telling(state="sent"), "d", 1) == telling(state="sent")


@given(
    st.lists(
        st.tuples(st.text(max_size=400), st.sampled_from(["HIGH", "LOW", ""]), st.text(max_size=60)),
        min_size=1,
        max_size=60,
    )
)
def test_every_digest_keeps_slacks_limits_and_counts_all_of_its_members(found: list[tuple[str, str, str]]) -> None:
    members = [
        (f"k{at}", telling(message=note(f"s{at}", at + 1, text=text, severity=severity, owner=owner)))
        for at, (text, severity, owner) in enumerate(found)
    ]
    one = outbox.digest("#intake", members)
    texts = [block["text"]["text"] for block in one.message.blocks]  # type: ignore[index]
    assert len(texts) <= 50
    assert all(1 <= len(text) <= 3000 for text in texts)
    assert texts[0].startswith(f"*{len(found)} messages")
    assert one.members == [(f"k{at}", at + 1) for at in range(len(found))]
    assert outbox.rank(one) < min(outbox.rank(member) for _, member in members)
    assert (one.message.version, one.message.channel) == (len(found), "#intake")


def test_only_a_refused_message_is_revived() -> None:
    assert outbox.revived(telling(state="sent"), NOW) is None
    refused = telling(state="refused", tries=3, first_try=1, why="w")
    assert outbox.revived(refused, NOW + 1) == telling(since=NOW + 1)
