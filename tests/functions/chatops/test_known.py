"""What the hub knows of a problem, and where it has told of it."""

from typing import Any

import msgspec
import pytest

from fleet.events.findings import FindingChanged, FindingOpened, FindingOverdue, FindingResolved, SuppressionExpiring
from functions.chatops.known import Known, Place, heard, is_news, messages, told
from functions.chatops.message import Message
from functions.chatops.problem_message import Said
from functions.chatops.standing import BETWEEN
from tests.functions.chatops.problem_events import version, word

STORM = "storm#S3.8#1"


def taken(*words: Said, known: Known | None = None, storm: str = "") -> Known:
    """After these, all news told."""
    for each in words:
        known = heard(known, each)
        if known is not None and is_news(known, each):
            known = told(known, each, window=1, storm=storm)
    assert known is not None
    return known


def other(kind: Any = FindingChanged, revision: int = 2, **changes: Any) -> Said:
    """To another owner."""
    return word(kind, revision, meta={"service": "other"}, **changes)


def heads(known: Known, said: Said) -> dict[str, str]:
    return {each.channel: head(each) for each in messages(known, said) if each.subject == "problem#p1"}


def head(message: Message) -> str:
    return str(message.blocks[0]["text"]["text"])  # type: ignore[index]


def test_what_says_nothing_of_how_it_stands_makes_nothing_known() -> None:
    assert heard(None, word(SuppressionExpiring)) is None
    known = taken(word())
    assert heard(known, word(SuppressionExpiring, 2)) is known


def test_an_event_that_comes_again_changes_nothing() -> None:
    known = taken(word(), word(FindingResolved, 2))
    for each in (word(), word(FindingResolved, 2)):
        assert heard(known, each) is known
        assert not is_news(known, each)


def test_the_newest_event_says_how_it_stands() -> None:
    known = taken(word(), word(FindingResolved, 3), word(FindingChanged, 2))
    assert (known.standing.head, known.version) == ("S3.8 is resolved", version(3))


def test_news_is_told_where_it_belongs() -> None:
    known = taken(word())
    assert (known.home, known.places) == ("#intake", {"#intake": Place(news=version(1), window=1)})
    assert known.version == version(1)


def test_what_is_no_news_is_told_nowhere_and_remembered() -> None:
    known = taken(word(tell="digest"))
    assert (known.home, known.channel, known.places) == ("", "#intake", {})
    assert messages(known, word(tell="digest")) == []


def test_an_edit_does_not_move_it() -> None:
    known = taken(word(), other(FindingOverdue))
    assert (known.home, heads(known, other(FindingOverdue))) == ("#intake", {"#intake": "S3.8 is overdue"})


def test_after_a_move_each_channel_is_told_where_it_is() -> None:
    moved = other()
    known = taken(word(), moved)
    assert heads(known, moved) == {
        "#intake": "S3.8 is now owned by front-door, told in #front",
        "#front": "S3.8 is open",
    }
    closed = word(FindingResolved, 3)
    assert set(heads(taken(closed, known=known), closed).values()) == {"S3.8 is resolved"}


def test_after_a_move_to_where_it_is_not_told_the_first_owner_is_told_so() -> None:
    moved = other(tell="digest")
    known = taken(word(), moved)
    assert (known.home, heads(known, moved)) == ("", {"#intake": "S3.8 is now owned by front-door"})


def test_a_move_back_goes_on_where_it_was_told_although_it_is_no_news() -> None:
    back = word(FindingChanged, 3, was_service="other", tell="digest")
    known = taken(word(), other(), back)
    assert (known.home, heads(known, back)["#intake"]) == ("#intake", "S3.8 is open")
    assert known.places["#intake"].news == version(1)


def test_an_opening_that_comes_late_is_news_if_only_edits_overtook_it() -> None:
    late = word()
    known = taken(word(FindingChanged, 2, severity="LOW"), late)
    (message,) = messages(known, late)
    assert (head(message), message.news, message.version) == ("S3.8 is open", version(1), version(2) + 2)


@pytest.mark.parametrize("newer", [word(FindingResolved, 2), other(tell="digest"), other()])
def test_an_opening_that_comes_late_is_no_news_if_it_was_closed_or_moved_meanwhile(newer: Said) -> None:
    known = heard(taken(newer), word())
    assert known
    assert not is_news(known, word())


def test_what_comes_late_and_moves_it_changes_its_messages() -> None:
    newest = word(FindingChanged, 4)
    known = taken(word(), newest)
    late = other(revision=3)
    after = taken(late, known=known)
    assert (known.version, after.version) == (version(4), version(4) + 2)
    assert heads(after, late)["#intake"].endswith("told in #front")
    assert taken(word(FindingChanged, 5), known=after).version == version(5)


def test_versions_never_reach_those_of_the_next_event() -> None:
    known = msgspec.structs.replace(taken(word()), late=BETWEEN * 2)
    assert known.version == version(1) + BETWEEN - 1 < version(2)


def test_a_problem_that_is_back_after_long_is_posted_afresh_and_what_comes_then_edits_that() -> None:
    back = word(FindingOpened, 3, reopened=True, anew=True)
    known = taken(word(), word(FindingResolved, 2), back)
    (message,) = messages(known, back)
    assert (message.afresh, message.news) == (version(3), version(3))
    again = word(FindingOpened, 5, reopened=True)
    (message, _) = messages(taken(again, known=known), again)
    assert (message.afresh, message.news) == (version(3), version(5))


def test_what_a_storm_told_says_so_until_it_is_news_again() -> None:
    known = taken(word(), storm=STORM)
    assert [each.told_in for each in messages(known, word())] == [STORM]
    edit = word(FindingOverdue, 2)
    edited = taken(edit, known=known)
    assert [each.told_in for each in messages(edited, edit) if not each.reply_only] == [STORM]
    back = word(FindingOpened, 4, reopened=True)
    assert [each.told_in for each in messages(taken(back, known=edited), back)] == ["", ""]


def test_a_problem_that_is_back_is_replied_to_where_it_is_told() -> None:
    back = word(FindingOpened, 3, reopened=True, openings=2)
    known = taken(word(), word(FindingResolved, 2), back)
    assert [each.text for each in messages(known, back) if each.reply_only] == ["open again, the 2nd time"]


@pytest.mark.parametrize(
    ("storm", "then"),
    [
        (STORM, []),
        ("", [word(FindingResolved, 4)]),
        ("", [word(FindingOpened, 5, reopened=True)]),
        ("", [other(revision=4)]),
    ],
)
def test_what_is_overtaken_or_told_by_a_storm_needs_no_reply(storm: str, then: list[Said]) -> None:
    back = word(FindingOpened, 3, reopened=True, openings=2)
    known = taken(*then, known=taken(word(), back, storm=storm))
    assert not any(each.reply_only for each in messages(known, back))


def test_deadlines_are_replied_to_while_it_is_open_and_told() -> None:
    remind = word(FindingOverdue, 2, stage="remind")
    known = taken(word())
    assert [each.channel for each in messages(known, remind) if each.reply_only] == ["#intake"]
    for without in (taken(word(tell="digest")), taken(word(FindingResolved, 3), known=known)):
        assert not any(each.reply_only for each in messages(without, remind))
    assert messages(None, remind) == []


def escalation(revision: int = 2) -> Said:
    return word(FindingOverdue, revision, stage="escalate")


def owns(known: Known, said: Said) -> list[str]:
    """In which storms' messages, if in any, messages of their own are told."""
    return [each.told_in for each in messages(known, said) if each.subject.startswith("escalated#")]


def test_an_escalation_is_told_once_unless_a_newer_event_closed_it() -> None:
    known = taken(escalation())
    assert known.escalated == Place(news=version(2), window=1)
    assert (known.places, owns(known, escalation())) == ({}, [""])
    assert not is_news(known, escalation())
    assert owns(taken(escalation(), word(FindingOverdue, 3)), escalation()) == [""]
    closed = taken(word(FindingResolved, 3), escalation())
    assert (closed.escalated, owns(closed, escalation())) == (None, [])
    assert owns(taken(escalation(), word(FindingResolved, 3)), escalation()) == []


def test_an_escalation_that_a_storm_told_says_so() -> None:
    known = taken(escalation(), storm=STORM)
    assert owns(known, escalation()) == [STORM]


def test_a_second_escalation_takes_the_place_of_the_first() -> None:
    known = taken(escalation(), escalation(5))
    assert (owns(known, escalation(5)), owns(known, escalation())) == ([""], [])
    assert not is_news(taken(escalation(5)), escalation())


def test_the_end_of_a_suppression_is_told_whatever_is_known() -> None:
    ends = word(SuppressionExpiring, 2)
    assert messages(None, ends) == [ends.own]
    assert ends.own in messages(taken(word(FindingResolved, 3)), ends)
