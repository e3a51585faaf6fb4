"""What a command refers to as shown: frozen as people saw it, or refused."""

from typing import Any

import msgspec
import pytest

from functions.chatops.filing import MOST_SHOWN, SHOWN_MS
from functions.chatops.request import OPEN_MS, Answer, NotAllowedError, Request, Target, freeze
from tests.functions.chatops.asking import asked, made
from tests.functions.chatops.requests import HOUR, HUB, NOW, SPOKE, request

replace = msgspec.structs.replace
ELSEWHERE = Target("333333333333", "us-east-1")
SHOWN = {"queue": "orders-dead-letters", "messages": [{"id": "m-1", "sha256": "ab"}]}


def peeked(*, at: int = NOW, outcome: Any = "done", shown: Any = SHOWN, targets: Any = None) -> Request:
    """An answered peek."""
    answer = Answer(outcome=outcome, headline="1 message", at=at, table=[["id"], ["m-1"]], shown=shown)
    targets = [SPOKE] if targets is None else targets
    return request(
        id="r-peek000000",
        command="queues peek",
        arguments={"queue": "orders-dead-letters", "count": 10},
        targets=targets,
        status="DONE",
        answers={str(SPOKE): answer},
    )


def test_what_was_shown_is_what_is_frozen_where_it_was_shown() -> None:
    one = made(asked(targets=[HUB], arguments={}), peeked())
    assert (one.arguments, one.arguments_hash) == (SHOWN, freeze(SHOWN))
    assert (one.targets, one.table) == ([SPOKE], [["id"], ["m-1"]])
    assert one.facts == [["queue", "orders-dead-letters"], ["messages", "1"]]


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (peeked(), ""),
        (peeked(at=NOW - SHOWN_MS), ""),
        (peeked(at=NOW - SHOWN_MS - 1), "shown_long_ago"),
        (peeked(outcome="failed"), "nothing_shown"),
        (peeked(outcome="silent"), "nothing_shown"),
        (peeked(shown={}), "nothing_shown"),
        (peeked(shown=SHOWN | {"messages": []}), "nothing_shown"),
        (peeked(shown=SHOWN | {"queue": "payments-dead-letters"}), "not_as_shown"),
        (peeked(shown=SHOWN | {"messages": [{"id": "m-2", "sha256": "b" * 64}]}), "not_as_shown"),
        (peeked(shown=SHOWN | {"messages": [*SHOWN["messages"], {"id": "m-2", "sha256": "b" * 64}]}), "not_as_shown"),
        (peeked(targets=[HUB, SPOKE]), "nothing_shown"),
        (peeked(targets=[HUB]), "nothing_shown"),
        (replace(peeked(), answers={}), "nothing_shown"),
        (peeked(targets=[ELSEWHERE]), "nothing_shown"),
    ],
)
def test_only_what_one_place_has_shown_lately_can_be_referred_to(shown: Request, reason: str) -> None:
    try:
        made(asked(), shown)
        found = ""
    except NotAllowedError as refusal:
        found = refusal.reason
    assert found == reason


@pytest.mark.parametrize(("days", "fits"), [(30, True), (31, False)])
def test_more_than_what_was_shown_allows_is_refused_before_anybody_is_asked(days: int, fits: bool) -> None:
    shown = peeked(shown=SHOWN | {"most_days": 30})
    answer = replace(shown.answers[str(SPOKE)], table=[["id", "most"], ["m-1", "30"]], shown={"most_days": 30})
    shown = replace(shown, answers={str(SPOKE): answer}, arguments={})
    if fits:
        assert made(asked(arguments={"days": days}), shown).arguments == {"days": days, "most_days": 30}
        return
    with pytest.raises(NotAllowedError, match="days: found 31, expected at most 30, as was shown"):
        made(asked(arguments={"days": days}), shown)


def test_what_was_shown_may_be_referred_to_for_as_long_as_a_request_is_open() -> None:
    assert SHOWN_MS == 8 * HOUR == OPEN_MS
    with pytest.raises(NotAllowedError, match="look again with queues peek"):
        made(asked(), peeked(at=NOW - SHOWN_MS - 1))


def many(count: int) -> Request:
    """A peek that showed so many messages."""
    ids = [f"m-{n}" for n in range(count)]
    one = peeked(shown=SHOWN | {"messages": [{"id": name, "sha256": "ab"} for name in ids]})
    answer = replace(one.answers[str(SPOKE)], table=[["id"], *([name] for name in ids)])
    return replace(one, answers={str(SPOKE): answer})


def test_nothing_can_be_approved_that_people_do_not_get_to_see() -> None:
    assert len(made(asked(), many(MOST_SHOWN)).table) == MOST_SHOWN + 1
    with pytest.raises(NotAllowedError, match=f"showed more than {MOST_SHOWN}: look at fewer at once") as refusal:
        made(asked(), many(MOST_SHOWN + 1))
    assert refusal.value.reason == "too_many"


@pytest.mark.parametrize("hidden", ["m-9", ["m-9", "ab"], None, {"sha256": "ab"}, {"id": 1}])
def test_what_is_not_a_message_with_an_id_hides_nothing_behind_the_table(hidden: Any) -> None:
    with pytest.raises(NotAllowedError) as refusal:
        made(asked(), peeked(shown=SHOWN | {"messages": [*SHOWN["messages"], hidden]}))
    assert refusal.value.reason == "not_as_shown"


def test_the_order_of_the_table_is_that_of_what_is_moved_and_an_empty_row_is_none() -> None:
    one = many(2)
    answer = one.answers[str(SPOKE)]
    mixed = replace(one, answers={str(SPOKE): replace(answer, table=[["id"], ["m-1"], ["m-0"]])})
    with pytest.raises(NotAllowedError):
        made(asked(), mixed)
    gaps = replace(one, answers={str(SPOKE): replace(answer, table=[["id"], ["m-0"], [], ["m-1"]])})
    assert made(asked(arguments={}), gaps).arguments == answer.shown


PROBLEM = {"problem": "0123456789abcdef", "severity": "CRITICAL", "tier": 2}


def problem(**shown: Any) -> Request:
    """An answered look at one problem."""
    said = PROBLEM | shown
    table = [["Fact", "Value"], *([name, str(value)] for name, value in said.items())]
    answer = Answer(outcome="done", headline="a problem", at=NOW, table=table, shown=said)
    arguments = {"problem": PROBLEM["problem"]}
    return request(id="r-show000000", targets=[SPOKE], arguments=arguments, status="DONE", answers={str(SPOKE): answer})


def test_what_else_was_said_is_frozen_with_what_was_shown() -> None:
    one = made(asked(arguments={"days": 30, "reason": "a sandbox"}), problem())
    assert one.arguments == PROBLEM | {"days": 30, "reason": "a sandbox"}


def test_what_was_said_never_outweighs_what_was_shown() -> None:
    assert made(asked(arguments={"severity": "LOW"}), problem()).arguments["severity"] == "CRITICAL"


@pytest.mark.parametrize(("declared", "shown", "tier"), [(0, 2, 2), (1, 0, 1), (0, 0, 0), (0, 7, 3), (0, "2", 3)])
def test_what_was_shown_may_raise_the_tier_and_a_tier_that_is_none_is_the_highest(
    declared: int, shown: object, tier: int
) -> None:
    assert made(asked(tier=declared, arguments={}), problem(tier=shown)).tier == tier


def test_what_the_table_does_not_show_cannot_be_referred_to() -> None:
    one = problem()
    answer = one.answers[str(SPOKE)]
    hidden = replace(one, answers={str(SPOKE): replace(answer, table=answer.table[:-1])})
    with pytest.raises(NotAllowedError, match="differ"):
        made(asked(arguments={}), hidden)
