"""Too many messages become one, and what belongs where it stands does not."""

import json
from typing import Any

import pytest

from functions.chatops.message import Priority
from tests.functions.chatops.office import Office, note

MINUTE = 60_000


@pytest.fixture
def office() -> Office:
    return Office()


def digests(office: Office) -> list[dict[str, Any]]:
    return [said for said in office.slack.posts if said["text"].endswith("since there were too many")]


def crowd(office: Office, count: int, **changes: Any) -> None:
    for number in range(count):
        severity = "HIGH" if number % 3 else "LOW"
        office.store.keep(note(f"n{number:03}", severity=severity, owner="front-door", **changes), office.now)
        office.now += 1


def test_too_many_messages_become_one_digest_that_counts_and_names_them(office: Office) -> None:
    crowd(office, 45)
    office.later(5 * MINUTE)
    (said,) = office.slack.posts
    text = "\n".join(block["text"]["text"] for block in said["blocks"])
    assert "45 messages in one" in text
    assert "*Severity:* 30 HIGH, 15 LOW" in text
    assert "*Owner:* 45 front-door" in text
    assert [f"n{number:03}" in text for number in range(45)] == [True] * 30 + [False] * 15
    assert "and 15 more" in text
    assert all(office.telling(f"n{number:03}").state == "told" for number in range(45))
    digest = office.telling("n007").digest
    assert office.telling(digest).state == "sent"


def test_twenty_messages_are_told_one_by_one(office: Office) -> None:
    crowd(office, 20)
    office.later(5 * MINUTE)
    assert office.slack.texts == [f"n{number:03} v1" for number in range(20)]


def test_critical_ones_are_never_collapsed_and_go_before_the_digest(office: Office) -> None:
    crowd(office, 30)
    for number in range(25):
        office.store.keep(note(f"c{number:02}", priority=Priority.CRITICAL), office.now + number)
    office.later(5 * MINUTE)
    assert [said["text"] for said in office.slack.posts[:-1]] == [f"c{number:02} v1" for number in range(25)]
    assert len(digests(office)) == 1


def test_a_newer_version_of_what_a_digest_told_is_told_by_itself(office: Office) -> None:
    crowd(office, 30)
    office.later(5 * MINUTE)
    office.keep(note("n003", 2))
    office.drain()
    assert len(digests(office)) == 1
    assert office.slack.texts[1:] == ["n003 v2"]


def test_what_belongs_where_it_stands_is_not_collapsed(office: Office) -> None:
    office.keep(note("edited"), note("m"))
    office.drain()
    crowd(office, 30)
    office.keep(note("edited", 2), note("reply", thread="m"))
    office.later(5 * MINUTE)
    assert "edited v2" in office.slack.texts
    assert [said["thread_ts"] for said in office.slack.posts if "thread_ts" in said] == ["1.2"]
    assert len(digests(office)) == 1


@pytest.mark.parametrize("step", [*range(1, 12), *range(12, 160, 7)])
def test_killed_while_a_digest_is_made_everything_is_told_and_nothing_twice_by_itself(step: int) -> None:
    office = Office()
    crowd(office, 25)
    office.tick()
    office.steps.kill_at = office.steps.taken + step
    office.later(10 * MINUTE)
    office.steps.kill_at = None
    office.later(10 * MINUTE)
    told = "\n".join(json.dumps(said["blocks"]) + said["text"] for said in office.slack.posts)
    assert all(f"n{number:03}" in told for number in range(25))
    assert len(digests(office)) in {1, 2}
    assert [said for said in office.slack.posts if said not in digests(office)] == []
