"""What is worth a message of its own, what only edits, and what is only a reply."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops import outbox
from functions.chatops.message import Message
from functions.chatops.outbox import Telling
from tests.functions.chatops.office import note
from tests.functions.chatops.test_outbox import NOW, changed, reply, telling


def edit(version: int, news: int = 1, **changes: Any) -> Message:
    return note(version=version, news=news, **changes)


@pytest.mark.parametrize("state", ["told", "waiting", "sent", "refused", "dropped"])
def test_an_edit_of_what_a_digest_told_is_remembered_and_not_posted(state: Any) -> None:
    new = outbox.kept(telling(message=edit(1), state=state, digest="d"), edit(2), NOW)
    assert new
    assert (new.state, new.message.version) == ("told" if state == "told" else "waiting", 2)
    assert new.digest == "d"


def test_news_of_what_a_digest_told_is_told_by_itself() -> None:
    new = outbox.kept(telling(message=edit(2), state="told", digest="d"), edit(3, 3), NOW)
    assert new
    assert new.state == "waiting"


@pytest.mark.parametrize(("news", "state"), [(2, "waiting"), (1, None)])
def test_news_that_comes_late_is_told_with_what_is_newest(news: int, state: str | None) -> None:
    new = outbox.kept(telling(message=edit(3), state="told"), edit(3, news), NOW)
    assert (new and new.state) == state


def test_what_another_message_tells_is_not_posted_and_edited_where_it_stands() -> None:
    stormed = edit(2, 2, told_in="storm")
    assert outbox.kept(None, stormed, NOW) == telling(message=stormed, state="told", digest="storm")
    for state in ("waiting", "told", "dropped"):
        new = outbox.kept(telling(message=edit(1), state=state, digest="d"), stormed, NOW)
        assert new == telling(message=stormed, state="told", digest="storm")
    new = outbox.kept(telling(message=edit(1), state="sent", ts="1.1", place="C1"), stormed, NOW)
    assert new == telling(message=stormed, ts="1.1", place="C1")


def test_what_is_to_be_posted_afresh_no_longer_knows_where_it_stood() -> None:
    old = telling(message=edit(3), state="sent", ts="1.1", place="C1", posted=3, first=1)
    new = outbox.kept(old, edit(4, 4, afresh=4), NOW + 1)
    assert new == telling(message=edit(4, 4, afresh=4), since=NOW + 1, first=1)
    late = outbox.kept(old, edit(3, 1, afresh=2), NOW + 1)
    assert late
    assert late.ts == ""
    again = outbox.posted(new, 4, NOW, place="C1", ts="1.2")
    assert (again.ts, again.first) == ("1.2", 4)
    edited = outbox.kept(again, edit(5, 4, afresh=4), NOW)
    assert edited
    assert (edited.ts, outbox.posted(edited, 5, NOW).first) == ("1.2", 4)


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=8))
def test_what_is_older_in_every_way_or_the_same_again_changes_nothing(found: list[tuple[int, int, int]]) -> None:
    newest = [max(each[at] for each in found) for at in range(3)]
    old = telling(message=edit(newest[0], newest[1] or 1, afresh=newest[2]))
    for version, news, afresh in found:
        assert outbox.kept(old, edit(version, news or 1, afresh=afresh), NOW) is None


def test_a_digest_tells_what_was_only_edited_since_it_was_made() -> None:
    edited = telling(message=edit(3, 1))
    assert outbox.told_in(edited, "d", 1) == changed(edited, state="told", digest="d")
    assert outbox.told_in(telling(message=edit(3, 2)), "d", 1).state == "waiting"


under = telling(message=note("reply", 5, thread="m", reply_only=True))


@pytest.mark.parametrize(
    ("parent", "later", "why"),
    [
        (None, 0, "no_message"),
        (telling(), 0, ""),
        (telling(), outbox.PARENT_MS - 1, ""),
        (telling(), outbox.PARENT_MS, "no_message"),
        (telling(state="told"), 0, "no_message"),
        (telling(state="refused"), 0, "no_message"),
        (telling(state="sent", ts="1.1", first=4), 0, ""),
        (telling(state="waiting", ts="1.1", first=4), outbox.PARENT_MS, ""),
        (telling(state="sent", ts="1.1", first=5), 0, "no_message"),
    ],
)
def test_what_is_only_a_reply_is_of_no_use_without_an_older_message_above_it(
    parent: Telling | None, later: int, why: str
) -> None:
    assert outbox.misplaced(under, parent, NOW + later) == why
    assert outbox.misplaced(reply, parent, NOW + later) == ""
    assert outbox.misplaced(changed(under, ts="1.2"), parent, NOW + later) == "", "it stands already"
