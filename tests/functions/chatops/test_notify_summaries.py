"""One message for a team's day, edited as accounts send their parts."""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops.message import Message
from functions.chatops.summaries import Summaries
from tests.functions.chatops.office import Office
from tests.functions.chatops.problem_events import MINUTE, summarized
from tests.layers.fleet.refute import REFUTE

ACCOUNTS = ["111122223333", "444455556666"]
REGIONS = ["eu-west-1", "us-east-1", "ap-northeast-1"]
PLACES = list(itertools.product(ACCOUNTS, REGIONS))

orders = st.lists(st.integers(0, len(PLACES) - 1), min_size=1, max_size=12)
kills = st.lists(st.none() | st.integers(1, 30), min_size=1, max_size=3)


@pytest.fixture
def office() -> Office:
    return Office()


def part(number: int, **changes: Any) -> str:
    """Of one place; each has another number of open problems."""
    account, region = PLACES[number]
    return summarized(account, region=region, **({"open": {"HIGH": 10**number}} | changes))


def digests(office: Office) -> list[str]:
    return [text for text in office.slack.texts if " on 2026-03-02: " in text]


def test_parts_of_a_day_make_one_message_that_grows(office: Office) -> None:
    for number in range(3):
        assert office.take(part(number)) == []
        office.drain()
    assert digests(office) == ["front-door on 2026-03-02: 111 open problems (111 HIGH)"]
    assert [method for method, _, _ in office.slack.calls] == ["chat.postMessage", "chat.update", "chat.update"]
    assert office.telling("digest#front-door#2026-03-02", "#front").message.version == 3


def test_the_same_part_again_changes_nothing_and_calls_nobody(office: Office) -> None:
    office.take(part(0))
    office.drain()
    written = len(office.dynamodb.written)
    assert office.take(part(0)) == []
    assert [
        item["pk"]["S"] for item in office.dynamodb.written[written:] if not item["pk"]["S"].startswith("lane")
    ] == []
    assert len(office.slack.calls) == 1


def test_each_team_kind_and_day_has_a_message_of_its_own(office: Office) -> None:
    office.take(part(0), part(0, kind="baseline"), part(0, day="2026-03-03"), part(0, meta={"team": "platform"}))
    office.drain()
    assert len(office.slack.texts) == 4
    assert office.telling("baseline#front-door#2026-03-02", "#front").state == "sent"
    assert office.telling("digest#platform#2026-03-02", "#default").state == "sent"


def test_a_team_without_anything_gets_no_message(office: Office) -> None:
    office.take(part(0, open={}), part(1, open={"HIGH": 0}))
    office.later(5 * MINUTE)
    assert office.slack.calls == []


def test_a_summary_that_is_none_is_a_dead_letter(office: Office) -> None:
    assert office.take(part(0, day="?"), part(0, first=[{}]), part(0, meta={"account": "999900001111"})) == []
    assert office.dead.reasons == ["malformed", "malformed", "foreign"]


def test_parts_expire_after_thirty_days(office: Office) -> None:
    office.take(part(0))
    item = office.table.get("summary#digest#front-door#2026-03-02") or {}
    assert item["expires"] == office.now // 1000 + 30 * 24 * 3600


def test_a_part_that_others_keep_overtaking_is_taken_later(office: Office) -> None:
    table = office.notify.summaries._table
    table.put = lambda _item, *, over: False
    assert office.take(part(0)) == ["m0"]
    del table.put
    assert office.take(part(0)) == []


def assert_all_counted(order: list[int], kill_after: list[int | None]) -> None:
    """In any order and number, killed at any step."""
    office = Office()
    for index, number in enumerate(order):
        after = kill_after[index % len(kill_after)]
        office.steps.kill_at = None if after is None else office.steps.taken + after
        office.queues.put(part(number))
        office.drain(office.now + 2_000)
    office.steps.kill_at = None
    office.later(20 * MINUTE)
    total = sum(10**number for number in set(order))
    # Who dies after Slack took a message posts it again; the one that is known then is right.
    assert digests(office)[-1] == f"front-door on 2026-03-02: {total} open problems ({total} HIGH)"
    assert len(digests(office)) <= 1 + sum(after is not None for after in kill_after) * len(order)


@given(orders, kills)
def test_every_part_is_counted_once_whatever_dies(order: list[int], kill_after: list[int | None]) -> None:
    assert_all_counted(order, kill_after)


def test_the_property_refutes_a_part_that_is_taken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Summaries.take

    def other_place(self: Summaries, event: Any) -> list[Message]:
        """Whatever comes is another part."""
        client: Any = self._table.client
        data = msgspec.structs.replace(event.data, region=f"{event.data.region}-{len(client.written)}")
        return take(self, msgspec.structs.replace(event, data=data))

    monkeypatch.setattr(Summaries, "take", other_place)

    @REFUTE
    @given(orders, kills)
    def holds(order: list[int], kill_after: list[int | None]) -> None:
        assert_all_counted(order, kill_after)

    with pytest.raises(AssertionError):
        holds()
