"""The roads back that are not a queue's own: a rule's one target, FIFO groups, functions."""

import json
from typing import Any

import pytest

from functions.operations.failure import CallFailedError
from functions.operations.letters import Stays, ToFunction, ToQueue
from functions.operations.post import QueuePost, Roads
from functions.operations.queues import Queues
from functions.operations.redrive import peek
from tests.functions.entry import ACCOUNT, REGION
from tests.functions.operations.cloud import FakeFunctions, FakeRules, FakeTagging, queue_arn
from tests.functions.operations.sqs import FakeSqs
from tests.functions.operations.worlds import HERE, TAG

RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/orders/to-intake"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:intake"
EVENT = '{"id": "e", "detail": {"b": 1}}'


class Desk:
    """A rule's dead-letter queue, and the road to it."""

    def __init__(self) -> None:
        self.sqs = FakeSqs()
        self.rules, self.functions = FakeRules(self.sqs.steps), FakeFunctions(self.sqs.steps)
        self.sqs.create_queue(QueueName="dead", tags={TAG: "dead-letters"})
        self.sqs.create_queue(QueueName="intake", tags={TAG: "target"})
        self.sqs.create_queue(QueueName="intake.fifo", tags={TAG: "target"})
        self.functions.tags[FUNCTION] = {TAG: "target"}

    def rule(self, arn: str, **more: Any) -> None:
        target = {"Id": "t", "Arn": arn, "DeadLetterConfig": {"Arn": queue_arn("dead")}} | more
        self.rules.targets["orders", "to-intake"] = [target]
        names = {"RULE_ARN": RULE, "TARGET_ARN": arn, "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "x"}
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in names.items()}
        self.sqs.put("dead", EVENT, attributes, {})

    def post(self) -> QueuePost:
        sqs: Any = self.sqs
        rules: Any = self.rules
        functions: Any = self.functions
        tagging: Any = FakeTagging(self.sqs.tags)
        queues = Queues(sqs, tagging, HERE)
        return QueuePost(sqs, Roads(sqs, rules, functions, queues), queues.open("dead"), HERE, hide=30)

    def move(self) -> Any:
        """Send the one letter to where it goes back to."""
        post = self.post()
        (letter,) = post.receive(10)
        to = post.destination(letter)
        assert not isinstance(to, Stays)
        post.send(letter, to)
        return to

    def stays(self) -> str:
        (shown,) = peek(self.post(), 5)
        assert isinstance(shown.to, Stays)
        return shown.to.why


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_rules_letter_goes_to_its_queue_without_eventbridges_marks_and_never_through_the_bus(desk: Desk) -> None:
    desk.rule(queue_arn("intake"))
    assert desk.move() == ToQueue(queue_arn("intake"))
    (arrived,) = desk.sqs.queues["intake"]
    assert (arrived["Body"], arrived["MessageAttributes"]) == (EVENT, {})
    assert desk.rules.calls == []


def test_a_rules_letter_for_a_function_is_an_asynchronous_call_with_the_event_as_it_is(desk: Desk) -> None:
    desk.rule(f"{FUNCTION}:live")
    assert desk.move() == ToFunction(f"{FUNCTION}:live")
    assert desk.functions.invoked == [(f"{FUNCTION}:live", EVENT.encode())]


def test_a_call_that_lambda_has_not_accepted_counts_as_perhaps_done(desk: Desk) -> None:
    desk.rule(FUNCTION)
    desk.functions.status = 200
    with pytest.raises(CallFailedError) as caught:
        desk.move()
    assert not caught.value.certain


def test_a_fifo_target_gets_the_rules_group_and_an_id_that_is_the_letters_own(desk: Desk) -> None:
    desk.rule(queue_arn("intake.fifo"), SqsParameters={"MessageGroupId": "g"})
    desk.move()
    (arrived,) = desk.sqs.queues["intake.fifo"]
    assert arrived["Attributes"]["MessageGroupId"] == "g"
    ((_, first),) = desk.sqs.deduplicated
    desk.sqs.clock.now += 60_000
    desk.move()  # the same letter again: within five minutes SQS drops it
    assert len(desk.sqs.queues["intake.fifo"]) == 1
    desk.sqs.queues["dead"].clear()
    desk.rule(queue_arn("intake.fifo"), SqsParameters={"MessageGroupId": "g"})
    desk.move()  # another letter with the same body
    assert len(desk.sqs.queues["intake.fifo"]) == 2
    assert len(first) == 64


@pytest.mark.parametrize("arn", [queue_arn("intake"), FUNCTION])
def test_a_target_that_has_not_opened_itself_gets_nothing(desk: Desk, arn: str) -> None:
    desk.rule(arn)
    desk.sqs.tags["intake"] = {}
    desk.functions.tags[FUNCTION] = {"team": "x"}
    assert f"intake is not tagged {TAG}" in desk.stays()


def test_a_function_or_rule_that_is_gone_is_no_road(desk: Desk) -> None:
    desk.rule(FUNCTION)
    desk.functions.tags.clear()
    assert desk.stays() == "the function intake is gone"
    desk.rules.targets.clear()
    assert desk.stays() == "its rule is gone"


def test_a_letter_for_a_bus_stays(desk: Desk) -> None:
    desk.rule(f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/orders")
    assert "neither a queue nor a function" in desk.stays()


def test_rules_and_tags_are_asked_for_once_in_a_command(desk: Desk) -> None:
    for _ in range(5):
        desk.rule(queue_arn("intake"))
    desk.sqs.steps.names.clear()
    assert len(peek(desk.post(), 5)) == 5
    asked = [name for name in desk.sqs.steps.names if name.startswith("before")]
    assert asked.count("before ListTargetsByRule") == 1
    assert asked.count("before ListQueueTags") == 2  # of the dead-letter queue and of the target


def test_two_rules_with_one_queue_for_their_dead_letters_each_get_their_own(desk: Desk) -> None:
    desk.rule(queue_arn("intake"))
    desk.rule(FUNCTION)
    desk.rules.targets["orders", "to-intake"] = [
        {"Id": "t", "Arn": FUNCTION, "DeadLetterConfig": {"Arn": queue_arn("dead")}}
    ]
    roads = [shown.to for shown in peek(desk.post(), 5)]
    assert roads == [Stays("its rule has another target now"), ToFunction(FUNCTION)]
    assert json.loads(desk.sqs.bodies("dead")[0])["id"] == "e"
