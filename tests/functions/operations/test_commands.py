"""The commands, once they are granted: what they do, and what people are answered."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.modes import FREEZE
from functions.operations import redrive
from functions.operations.post import QueuePost
from tests.functions.operations.cloud import queue_arn
from tests.functions.operations.worlds import DEAD, SOURCE, TAG, Letters, World, requested
from tests.layers.fleet.fakes import client_error

type Logged = Callable[[], str]

PRIVATE = "patient Yamada Taro, 090-1234-5678"


@pytest.fixture
def world() -> World:
    return World()


def fates(world: World, request: str = "r1") -> dict[str, str]:
    answer = world.answer(request)
    assert answer is not None
    return {row[0]: row[1] for row in answer.table[1:]}


def peeked(world: World, count: int = 10) -> dict[str, Any]:
    return world.ask("queues peek", {"queue": DEAD, "count": count}, request="peek").shown


def test_the_queues_here_are_listed_with_their_owners(world: World) -> None:
    world.sqs.add(DEAD, "a", source=SOURCE)
    answer = world.ask("queues list")
    assert (answer.outcome, answer.headline) == ("done", "1 dead-letter queue, 1 message waiting")
    assert answer.table[1:] == [[DEAD, "1", "0", SOURCE, "front-door", "intake"]]


def test_more_queues_than_fit_into_an_answer_are_counted(world: World) -> None:
    for number in range(50):
        world.sqs.create_queue(QueueName=f"a-{number}", tags={TAG: "dead-letters"})
    answer = world.ask("queues list")
    assert answer.headline == "50 dead-letter queues, 0 messages waiting; 1 more queue not shown"
    assert answer.table[1] == ["a-0", "0", "0", "rules", "-", "-"]
    assert len(answer.table) == 51


def test_a_tag_that_is_not_a_name_is_not_told(world: World) -> None:
    world.sqs.tags[DEAD]["team"] = PRIVATE
    assert world.ask("queues list").table[1][4] == "-"


def test_peek_shows_which_and_why_and_how_old_and_where_to_but_no_body(world: World) -> None:
    letter = world.sqs.add(DEAD, PRIVATE, source=SOURCE)
    world.sqs.add(DEAD, PRIVATE, RequestID=PRIVATE, ErrorCode="429", ErrorMessage=PRIVATE)
    world.clock.now += 26 * 3_600_000
    answer = world.ask("queues peek", {"queue": DEAD, "count": 5})
    assert answer.table[1] == [letter, "received too often", "1 d 2 h", SOURCE]
    assert answer.table[2][1:3] == ["error 429", "1 d 2 h"]
    assert answer.table[2][3].startswith("stays: Lambda")
    assert answer.headline == f"2 messages of {DEAD}"
    assert "Yamada" not in json.dumps(world.answers())
    assert world.sqs.hidden(DEAD) == []


def test_two_receives_without_anything_new_end_looking_and_one_does_not(world: World) -> None:
    letters = Letters(world, ["shown"])
    asked: list[Any] = []
    (hidden,) = world.sqs.queues[DEAD]

    def late(request: Any) -> None:
        asked.append(request)
        hidden["visible_at"] = 0 if len(asked) == 2 else 10**15

    world.sqs.errors["ReceiveMessage"] = late
    assert len(world.ask("queues peek", {"queue": DEAD, "count": 5}, request="a").table) == 2
    assert len(asked) == 4
    asked.clear()
    world.ask("queues redrive", letters.arguments)
    assert world.sqs.bodies(SOURCE) == ["body 0"]
    assert len(asked) == 4


def test_what_was_peeked_can_be_redriven(world: World) -> None:
    for number in range(12):
        world.sqs.add(DEAD, f"body {number}", source=SOURCE)
    answer = world.ask("queues redrive", peeked(world, 11))
    assert answer.headline == f"11 of 11 messages of {DEAD} moved"
    assert answer.outcome == "done"
    assert len(world.sqs.bodies(SOURCE)) == 11
    assert world.sqs.bodies(DEAD) == ["body 11"]
    assert world.sqs.hidden(DEAD) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda message: message.update(Body="other"),
        lambda message: message["MessageAttributes"].update({"a": {"DataType": "String", "StringValue": "b"}}),
        lambda message: message["Attributes"].update({"DeadLetterQueueSourceArn": queue_arn("elsewhere")}),
    ],
)
def test_a_letter_that_is_not_as_it_was_shown_stays(world: World, spoil: Callable[[Any], None]) -> None:
    world.sqs.add(DEAD, "a", source=SOURCE)
    shown = peeked(world)
    world.sqs.create_queue(QueueName="elsewhere", tags={TAG: "target"})
    spoil(world.sqs.queues[DEAD][0])
    answer = world.ask("queues redrive", shown)
    assert (answer.outcome, answer.headline) == ("failed", f"0 of 1 message of {DEAD} moved")
    assert [row[1:] for row in answer.table[1:]] == [["not what was shown", ""]]
    assert (len(world.sqs.bodies(DEAD)), world.sqs.bodies(SOURCE), world.sqs.bodies("elsewhere")) == (1, [], [])


def test_a_letter_that_cannot_go_back_stays_with_the_reason(world: World) -> None:
    letter = world.sqs.add(DEAD, "a", RequestID="r")
    answer = world.ask("queues redrive", peeked(world))
    assert fates(world) == {letter: "cannot be sent back: Lambda and SNS do not say on it for whom it was"}
    assert answer.outcome == "failed"


@pytest.mark.parametrize("mode", ["observe", "off", "nonsense"])
def test_only_in_act_is_anything_moved(world: World, mode: str) -> None:
    world.sqs.add(DEAD, "a", source=SOURCE)
    shown = peeked(world)
    world.clock.now += 10_000
    world.systems.values["/yagura/mode/operations"] = mode
    receives = world.sqs.queues[DEAD][0]["receives"]
    answer = world.ask("queues redrive", shown)
    word = "off" if mode == "off" else "in observe"
    assert (answer.outcome, answer.headline) == ("refused", f"would have moved 1; operations is {word} here")
    assert (world.sqs.queues[DEAD][0]["receives"], world.sqs.bodies(SOURCE)) == (receives, [])
    assert not any(pk.startswith("letter#") for pk in world.dynamodb.items)


def test_in_observe_queues_may_be_looked_at_and_in_off_not(world: World) -> None:
    world.systems.values["/yagura/mode/operations"] = "observe"
    assert world.ask("queues list", request="a").outcome == "done"
    assert world.ask("queues peek", {"queue": DEAD}, request="b").outcome == "done"
    world.clock.now += 10_000
    world.systems.values["/yagura/mode/operations"] = "off"
    for request, command in (("c", "queues list"), ("d", "queues peek")):
        arguments = {} if command == "queues list" else {"queue": DEAD}
        answer = world.ask(command, arguments, request=request)
        assert (answer.outcome, answer.headline) == ("refused", "operations is off here")


def test_a_freeze_in_the_middle_of_a_redrive_stops_it_and_the_rest_is_released(world: World) -> None:
    letters = Letters(world, ["shown"] * 3)

    def freeze(_request: Any) -> None:
        world.systems.values[FREEZE] = "frozen"
        world.clock.now += 6_000

    world.sqs.errors["SendMessage"] = freeze
    answer = world.ask("queues redrive", letters.arguments)
    assert answer.headline == f"1 of 4 messages of {DEAD} moved"
    assert list(fates(world).values())[1:3] == ["not reached: operations is in observe here"] * 2
    assert (len(world.sqs.bodies(DEAD)), world.sqs.hidden(DEAD)) == (2, [])


def test_when_its_time_is_over_it_says_what_was_not_reached(world: World) -> None:
    letters = Letters(world, ["shown"] * 3)

    def slow(_request: Any) -> None:
        world.clock.now += 30_000

    world.sqs.errors["SendMessage"] = slow
    answer = world.ask("queues redrive", letters.arguments)
    assert answer.headline == f"2 of 4 messages of {DEAD} moved"
    assert list(fates(world).values())[2:] == ["not reached: the time was over"] * 2
    assert world.sqs.hidden(DEAD) == []


def test_behind_too_many_others_it_stops_says_so_and_hides_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrive, "_MOST_HELD", 10)
    letters = Letters(world, ["bystander"] * 12 + ["shown"])
    answer = world.ask("queues redrive", letters.arguments)
    assert answer.outcome == "failed"
    assert set(fates(world).values()) == {"not reached: 10 others stand before it"}
    assert world.sqs.hidden(DEAD) == []
    assert {message["receives"] for message in world.sqs.queues[DEAD][10:]} == {0}


def test_of_what_was_not_shown_no_body_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue of a thousand letters of 1 MB each would be more than the function has room for."""
    letters = Letters(world, ["bystander"] * 12 + ["shown"])
    released: list[str] = []
    release = QueuePost.release

    def noted(post: QueuePost, handles: list[str]) -> None:
        released.extend(handles)
        release(post, handles)

    monkeypatch.setattr(QueuePost, "release", noted)
    world.ask("queues redrive", letters.arguments)
    assert len(released) == 12
    assert all(isinstance(handle, str) for handle in released)
    assert world.sqs.hidden(DEAD) == []


def test_a_letter_that_aws_refuses_to_send_stays_and_the_next_try_is_a_first_one(world: World) -> None:
    letters = Letters(world, ["shown"])
    world.sqs.errors["SendMessage"] = lambda _request: client_error("AccessDenied")
    world.ask("queues redrive", letters.arguments)
    assert fates(world) == {"id-1": "not sent (AccessDenied)", "gone": "not found"}
    assert world.sqs.hidden(DEAD) == []
    world.sqs.errors.clear()
    world.ask("queues redrive", letters.arguments, request="r2")
    assert fates(world, "r2")["id-1"] == "moved"


def test_a_letter_whose_sending_was_not_confirmed_stays_and_the_next_redrive_says_so(world: World) -> None:
    letters = Letters(world, ["shown"])
    lost: Any = client_error("InternalError")
    lost.response["ResponseMetadata"] = {"HTTPStatusCode": 500}
    world.sqs.lost["SendMessage"] = lost
    answer = world.ask("queues redrive", letters.arguments)
    assert fates(world)["id-1"] == "may have been sent (InternalError), and stays"
    assert answer.headline == f"0 of 2 messages of {DEAD} moved; 1 may have been sent, and stayed"
    assert (world.sqs.bodies(DEAD), world.sqs.bodies(SOURCE)) == (["body 0"], ["body 0"])
    world.sqs.lost.clear()
    world.sqs.errors["SendMessage"] = lambda _request: client_error("AccessDenied")
    world.ask("queues redrive", letters.arguments, request="r3")
    assert fates(world, "r3")["id-1"] == "may have been sent (AccessDenied), and stays"
    world.sqs.errors.clear()
    again = world.ask("queues redrive", letters.arguments, request="r2")
    assert fates(world, "r2")["id-1"] == "moved; may have been sent twice"
    assert again.headline == f"1 of 2 messages of {DEAD} moved; 1 may have been sent twice"


def test_a_letter_that_was_sent_but_not_deleted_is_only_deleted_by_the_next_redrive(world: World) -> None:
    letters = Letters(world, ["shown"])
    world.sqs.errors["DeleteMessage"] = lambda _request: client_error("Throttled")
    world.ask("queues redrive", letters.arguments)
    assert "not yet deleted here (Throttled)" in fates(world)["id-1"]
    world.sqs.errors.clear()
    world.ask("queues redrive", letters.arguments, request="r2")
    assert fates(world, "r2")["id-1"] == "moved"
    assert (world.sqs.bodies(DEAD), world.sqs.bodies(SOURCE)) == ([], ["body 0"])


def test_what_cannot_be_written_down_is_not_sent_and_is_released_and_tried_again(world: World) -> None:
    letters = Letters(world, ["shown"])
    body = world.approvals.grant(requested("queues redrive", letters.arguments))

    def away(_request: Any) -> None:
        world.dynamodb.error = client_error("InternalServerError", "PutItem")

    world.sqs.errors["ReceiveMessage"] = away
    assert world.take(body) == ["m0"]
    assert (world.sqs.bodies(DEAD), world.sqs.hidden(DEAD), world.sqs.bodies(SOURCE)) == (["body 0"], [], [])
    world.sqs.errors.clear()
    world.dynamodb.error = None
    world.take_until_done(body, [])
    assert fates(world)["id-1"] == "moved"
    assert world.sqs.bodies(SOURCE) == ["body 0"]


def test_a_letter_whose_road_cannot_be_found_out_stays_and_the_others_go(world: World) -> None:
    letters = Letters(world, ["shown"])
    other = world.sqs.add(DEAD, "other", source="orders")
    world.sqs.create_queue(QueueName="orders", tags={TAG: "target"})
    throttled = client_error("Throttled")
    world.sqs.errors["GetQueueUrl"] = lambda request: throttled if request["QueueName"] == "orders" else None
    world.ask("queues redrive", {"queue": DEAD, "messages": [*letters.shown, *world.shown(other)]})
    assert fates(world)[other] == "not sent: GetQueueUrl failed (Throttled)"
    assert fates(world)["id-1"] == "moved"
    assert (world.sqs.bodies(DEAD), world.sqs.hidden(DEAD)) == (["other"], [])


def test_a_letter_that_sqs_brings_again_after_it_was_deleted_is_deleted_again_and_not_sent(world: World) -> None:
    letters = Letters(world, ["shown"])
    ghosts = [dict(world.sqs.queues[DEAD][0])]

    def bring_again(_request: Any) -> None:
        if ghosts and not world.sqs.queues[DEAD]:
            world.sqs.queues[DEAD].append(ghosts.pop())

    world.sqs.errors = {"ReceiveMessage": bring_again}
    world.ask("queues redrive", letters.arguments)
    assert fates(world)["id-1"] == "moved"
    assert (ghosts, world.sqs.bodies(DEAD), world.sqs.bodies(SOURCE)) == ([], [], ["body 0"])


def test_what_is_received_is_hidden_a_moment_for_looking_and_for_moving_longer_than_the_function_lives(
    world: World,
) -> None:
    letters = Letters(world, ["shown"])
    asked: list[dict[str, Any]] = []
    world.sqs.errors["ReceiveMessage"] = asked.append
    peeked(world, 3)
    assert {(one["VisibilityTimeout"], one["MaxNumberOfMessages"]) for one in asked} == {(30, 3), (30, 2)}
    asked.clear()
    world.ask("queues redrive", letters.arguments)
    assert {one["VisibilityTimeout"] for one in asked} == {65}


def test_a_queue_that_cannot_be_received_from_is_said_so(world: World) -> None:
    letters = Letters(world, ["shown"])
    world.sqs.errors["ReceiveMessage"] = lambda _request: client_error("KmsDisabled")
    world.ask("queues redrive", letters.arguments)
    assert fates(world)["id-1"] == "not reached: ReceiveMessage failed (KmsDisabled)"


def test_freeze_and_unfreeze_say_the_modes_that_hold_and_are_the_same_done_twice(world: World) -> None:
    for request in ("a", "b"):
        answer = world.ask("freeze", request=request)
        assert answer.headline.startswith("frozen")
        assert answer.table[1:] == [["findings", "act", "observe"], ["operations", "act", "observe"]]
        assert FREEZE in world.systems.values
    for request in ("c", "d"):
        answer = world.ask("unfreeze", request=request)
        assert answer.headline == "not frozen"
        assert answer.table[1:] == [["findings", "act", "act"], ["operations", "act", "act"]]
        assert FREEZE not in world.systems.values


@pytest.mark.parametrize("mode", ["off", "observe"])
def test_no_mode_blocks_freezing_or_unfreezing(world: World, mode: str) -> None:
    world.systems.values["/yagura/mode/operations"] = mode
    assert world.ask("freeze", request="a").outcome == "done"
    assert world.ask("unfreeze", request="b").outcome == "done"
    assert FREEZE not in world.systems.values


def test_a_freeze_is_read_back_and_one_that_is_not_seen_is_a_failure(world: World) -> None:
    world.systems.stale = 2
    assert world.ask("freeze", request="a").outcome == "done"
    world.systems.values.pop(FREEZE)
    world.systems.stale = 3
    answer = world.ask("freeze", request="b")
    assert (answer.outcome, answer.headline) == ("failed", "AWS did not do PutParameter (read back, it is not so)")


def test_a_freeze_that_aws_refuses_is_a_failure(world: World) -> None:
    world.systems.error = client_error("AccessDeniedException")
    answer = world.ask("freeze")
    assert (answer.outcome, answer.headline) == ("failed", "AWS did not do PutParameter (AccessDeniedException)")


private = st.sampled_from([PRIVATE, "090-1234-5678", "taro@example.com", "MRN 0012345"])
names = st.sampled_from(
    ["yagura-reason", "yagura-path", "yagura-text", "ERROR_MESSAGE", "ErrorMessage", "RULE_ARN", "x"]
)


@given(private, st.dictionaries(names, private, max_size=4), st.booleans())
def test_no_personal_data_of_a_letter_gets_into_an_answer(body: str, texts: dict[str, str], moved: bool) -> None:
    world = World()
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
    world.sqs.put(DEAD, body, attributes, {"DeadLetterQueueSourceArn": queue_arn(SOURCE)} if moved else {})
    shown = peeked(world)
    world.ask("queues redrive", shown)
    kept = json.dumps(list(world.dynamodb.items.values()), default=str)
    assert not any(text in kept for text in (body, *texts.values()))


def test_nothing_of_a_letter_is_logged(world: World, logged: Logged) -> None:
    world.sqs.add(DEAD, PRIVATE, yagura_reason=PRIVATE)
    world.ask("queues redrive", peeked(world))
    assert "Yamada" not in logged()
    assert len(world.sqs.bodies(SOURCE)) == 1


def test_twenty_letters_fit_into_an_answer_and_more_are_not_shown(world: World) -> None:
    for number in range(60):
        world.sqs.add(DEAD, f"body {number}", source=SOURCE)
    assert world.ask("queues peek", {"queue": DEAD, "count": 21}, request="r-many").outcome == "refused"
    shown = peeked(world, 20)
    assert len(shown["messages"]) == 20
    answer = world.ask("queues redrive", shown)
    assert answer.headline == f"20 of 20 messages of {DEAD} moved"
    assert all(len(json.dumps(told)) < 100_000 for told in [*world.answers("peek"), *world.answers()])
