"""What is edited in place, what stands under something else, and what one person is answered."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.posting import Answer
from functions.chatops import outbox
from functions.chatops.message import Priority
from tests.functions.chatops.office import HOOK, Office, away, note

type Logged = Callable[[], str]

MINUTE = 60_000


@pytest.fixture
def office() -> Office:
    return Office()


def test_what_was_told_is_edited_in_place_by_a_newer_version(office: Office) -> None:
    office.keep(note(version=1))
    office.drain()
    office.keep(note(version=2, blocks=[]))
    office.drain()
    assert [method for method, _, _ in office.slack.calls] == ["chat.postMessage", "chat.update"]
    assert list(office.slack.shown) == [("C00000000", "1.1")]
    assert office.slack.texts == ["m v2"]
    assert "blocks" not in office.slack.calls[1][1], "so the buttons go"


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=10))
def test_any_order_and_multiplicity_of_versions_ends_with_the_newest_in_one_message(
    versions: list[tuple[int, int]],
) -> None:
    office = Office()
    for version, seconds in versions:
        office.keep(note(version=version))
        office.drain(office.now + seconds * 700)
    office.drain()
    assert len(office.slack.posts) == 1
    assert office.slack.texts == [f"m v{max(version for version, _ in versions)}"]


def test_edits_that_come_quickly_collapse(office: Office) -> None:
    for version in range(1, 9):
        office.keep(note(version=version))
    office.drain()
    assert [said["text"] for _, said, _ in office.slack.calls] == ["m v8"]


def test_a_message_that_was_deleted_in_slack_is_posted_anew(office: Office) -> None:
    office.keep(note(version=1))
    office.drain()
    office.slack.shown.clear()
    office.keep(note(version=2))
    office.drain()
    assert office.slack.texts == ["m v2"]
    assert [method for method, _, _ in office.slack.calls] == ["chat.postMessage", "chat.update", "chat.postMessage"]
    assert office.dead.messages == []


def test_a_reply_waits_for_its_parent_and_stands_under_it(office: Office) -> None:
    office.keep(note("reply", thread="m", priority=Priority.CRITICAL), note("m"))
    office.drain(office.now + 5 * MINUTE)
    assert [said["text"] for said in office.slack.posts] == ["m v1", "reply v1"]
    assert office.slack.posts[1]["thread_ts"] == "1.1"


def test_a_reply_whose_parent_never_comes_stands_alone_in_the_end(office: Office) -> None:
    office.keep(note("reply", thread="nobody"), note("other"))
    office.later(outbox.PARENT_MS - MINUTE)
    assert office.slack.texts == ["other v1"]
    office.later(5 * MINUTE)
    assert office.slack.texts == ["other v1", "reply v1"]
    assert "thread_ts" not in office.slack.posts[1]


def test_an_answer_to_one_person_goes_to_its_address_and_never_waits_for_the_channel(office: Office) -> None:
    away(office)
    office.keep(note("a"), note("answer", reply_url=HOOK))
    office.drain(office.now + MINUTE)
    assert [said["text"] for said in office.web.replies] == ["answer v1"]


def test_an_answer_is_dropped_and_counted_half_an_hour_after_it_was_kept(office: Office, logged: Logged) -> None:
    office.web.answer = Answer(503, "", 0)
    office.keep(note(reply_url=HOOK))
    office.later(outbox.REPLY_MS - MINUTE)
    assert office.telling("m").state == "waiting"
    office.web.answer = None
    logged()
    office.parameters.values["/yagura/mode/chatops"] = "off"
    office.later(2 * MINUTE)
    office.parameters.values["/yagura/mode/chatops"] = "act"
    office.later(10 * MINUTE)
    assert office.web.replies == []
    assert (office.telling("m").state, office.telling("m").why) == ("dropped", "expired")
    assert '"Dropped"' in logged()
    assert office.dead.messages == []


def test_an_answer_that_grows_uses_its_address_four_times_at_most_and_shows_its_end(office: Office) -> None:
    for version in range(1, 30):
        office.keep(note(version=version, reply_url=HOOK))
        office.drain(office.now + 1_500)
    office.later(5 * MINUTE)
    assert len(office.web.replies) <= 4
    assert office.web.replies[-1]["text"] == "m v29"


def test_an_answer_whose_address_is_used_up_is_dropped_without_a_dead_letter(office: Office) -> None:
    office.web.answer = Answer(404, "used_url", 0)
    office.keep(note(reply_url=HOOK))
    office.drain()
    assert (office.telling("m").state, office.telling("m").why, office.dead.messages) == ("dropped", "used_url", [])


def test_an_answer_to_an_address_that_is_not_slacks_is_refused(office: Office) -> None:
    office.keep(note(reply_url="https://evil.test/hooks"))
    office.drain()
    assert office.telling("m").state == "refused"
    assert office.dead.reasons == ["slack_foreign_response_url"]
