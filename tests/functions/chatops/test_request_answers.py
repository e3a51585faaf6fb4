"""Expiry, answers, and places that stay silent."""

from typing import Any

import msgspec
import pytest

from functions.chatops.request import MOST_KEPT, Answer, Status, Target, answered, expire, silent
from tests.functions.chatops.requests import HUB, NOW, SPOKE, STATUSES, request

replace = msgspec.structs.replace


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("late", [-1, 0, 1])
def test_only_an_open_request_expires_and_only_when_its_time_is_over(status: Status, late: int) -> None:
    before = request(status=status)
    now = before.expires_at + late
    expected = replace(before, status="EXPIRED", decided_at=now) if status == "PENDING" and late >= 0 else None
    assert expire(before, now) == expected


def told(outcome: Any = "done", headline: str = "2 of 2 moved") -> Answer:
    return Answer(outcome=outcome, headline=headline, at=NOW)


@pytest.mark.parametrize("status", ["PENDING", "DENIED", "CANCELLED", "EXPIRED"])
def test_what_was_not_granted_has_no_answers(status: Status) -> None:
    assert answered(request(status=status), SPOKE, told()) is None


def test_a_place_that_was_not_asked_has_no_answer() -> None:
    assert answered(request(status="GRANTED"), HUB, told()) is None
    assert answered(request(status="GRANTED"), Target(SPOKE.account, "eu-west-1"), told()) is None


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["done"], "GRANTED"),
        (["done", "done"], "DONE"),
        (["done", "failed"], "FAILED"),
        (["refused", "done"], "FAILED"),
        (["silent", "silent"], "FAILED"),
    ],
)
def test_a_request_is_over_when_every_place_has_answered_and_done_when_all_did_it(
    outcomes: list[str], status: Status
) -> None:
    one = request(status="GRANTED", targets=[HUB, SPOKE])
    for place, outcome in zip(one.targets, outcomes, strict=False):
        one = answered(one, place, told(outcome)) or one
    assert one.status == status
    assert list(one.answers) == [str(place) for place in one.targets[: len(outcomes)]]


def long(rows: int, cell: str = "orders-dead-letters") -> Answer:
    table = [["Queue", "Waiting"], *([f"{cell}-{n}", "1"] for n in range(rows))]
    return Answer(outcome="done", headline="queues", at=NOW, table=table, shown={"queue": "x"})


def test_all_answers_together_fit_into_an_item_and_each_says_what_was_left_out() -> None:
    places = [Target(f"{n:012d}", "us-east-1") for n in range(40)]
    one = request(status="GRANTED", targets=places)
    for place in places:
        one = answered(one, place, long(5_000)) or one
    assert one.status == "DONE"
    assert 150_000 < len(msgspec.json.encode(one.answers)) <= MOST_KEPT + 40 * 30
    for answer in one.answers.values():
        *rows, last = answer.table
        assert rows == long(5_000).table[: len(rows)]
        assert last == [f"… and {5_001 - len(rows)} more rows, which could not be kept: ask one account alone"]
        assert answer.shown == {}


def test_an_answer_that_fits_is_kept_as_it_came() -> None:
    one = answered(request(status="GRANTED", targets=[HUB, SPOKE]), SPOKE, long(50))
    assert one is not None
    assert one.answers[str(SPOKE)] == long(50)


def test_what_is_too_long_even_for_a_row_is_said_to_be() -> None:
    one = answered(request(status="GRANTED"), SPOKE, replace(long(1), headline="x" * MOST_KEPT))
    assert one is not None
    kept = one.answers[str(SPOKE)]
    assert (kept.headline, kept.table, kept.outcome) == ("Its answer was too long to be kept.", [], "done")
    one = answered(request(status="GRANTED"), SPOKE, long(1, "\x00" * MOST_KEPT))
    assert one is not None
    assert len(msgspec.json.encode(one)) < 2_000


def test_the_first_answer_of_a_place_stays() -> None:
    one = answered(request(status="GRANTED"), SPOKE, told("failed"))
    assert one is not None
    assert answered(one, SPOKE, told("done")) is None


def test_who_was_silent_too_long_may_still_be_heard() -> None:
    one = silent(request(status="GRANTED"), NOW, "no answer")
    assert one is not None
    assert (one.status, one.answers[str(SPOKE)]) == ("FAILED", Answer(outcome="silent", headline="no answer", at=NOW))
    heard = answered(one, SPOKE, told("done"))
    assert heard is not None
    assert (heard.status, heard.answers[str(SPOKE)]) == ("DONE", told("done"))


def test_only_the_places_without_an_answer_are_called_silent() -> None:
    one = answered(request(status="GRANTED", targets=[HUB, SPOKE]), HUB, told())
    assert one is not None
    after = silent(one, NOW, "no answer")
    assert after is not None
    assert [answer.outcome for answer in after.answers.values()] == ["done", "silent"]
    assert after.status == "FAILED"


@pytest.mark.parametrize("changes", [{"status": "PENDING"}, {"status": "DONE"}, {"status": "GRANTED", "asked": True}])
def test_nobody_is_called_silent_who_was_not_told_to_answer(changes: dict[str, Any]) -> None:
    assert silent(request(**changes), NOW, "no answer") is None
