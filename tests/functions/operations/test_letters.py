"""A dead letter: why it is one, where it goes back to, and what was shown of it. Nothing of its body is told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.operations.letters import (
    ByRule,
    Letter,
    Place,
    Stays,
    ToFunction,
    ToQueue,
    fingerprint,
    name_of,
    reason,
    road,
    through,
)

HERE = Place("111122223333", "eu-west-1")
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:intake-dead-letters"
SOURCE = "arn:aws:sqs:eu-west-1:111122223333:intake"
OTHER = "arn:aws:sqs:eu-west-1:111122223333:orders"
FIFO = "arn:aws:sqs:eu-west-1:111122223333:intake.fifo"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:intake"
RULE = "arn:aws:events:eu-west-1:111122223333:rule/orders/to-intake"
PRIVATE = "patient Yamada, 090-1234-5678"


def letter(body: str = "{}", *, system: Any = None, **texts: str) -> Letter:
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
    return Letter(id="m", handle="h", body=body, attributes=attributes, system=system or {})


def ours(**texts: str) -> Letter:
    return letter(**{f"yagura-{name}": text for name, text in texts.items()})


def of_rule(target: str = SOURCE, rule: str = RULE) -> Letter:
    return letter(RULE_ARN=rule, TARGET_ARN=target, ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE=PRIVATE)


def road_of(one: Letter, *sources: str) -> Any:
    return road(one, queue=QUEUE, sources=list(sources), here=HERE)


def why(to: Any) -> str:
    assert isinstance(to, Stays)
    return to.why


def test_the_source_that_sqs_names_comes_before_every_other_road() -> None:
    one = letter(system={"DeadLetterQueueSourceArn": SOURCE}, RULE_ARN=RULE, TARGET_ARN=OTHER)
    assert road_of(one, OTHER) == ToQueue(SOURCE)


def test_a_fifo_letter_goes_back_into_its_group() -> None:
    assert road_of(letter(system={"DeadLetterQueueSourceArn": FIFO, "MessageGroupId": "g"})) == ToQueue(FIFO, "g")
    assert "message group" in why(road_of(letter(system={"DeadLetterQueueSourceArn": FIFO})))


@pytest.mark.parametrize(
    "source",
    [
        "arn:aws:sqs:eu-west-1:999999999999:intake",
        "arn:aws:sqs:us-east-1:111122223333:intake",
        "arn:aws:sns:eu-west-1:111122223333:intake",
    ],
)
def test_a_source_that_is_not_a_queue_of_this_place_is_no_road(source: str) -> None:
    assert "another account" in why(road_of(letter(system={"DeadLetterQueueSourceArn": source})))


def test_a_letter_never_goes_back_into_the_queue_in_which_it_is() -> None:
    assert "in which it is" in why(road_of(letter(system={"DeadLetterQueueSourceArn": QUEUE})))
    by = ByRule("to-intake", "orders", QUEUE)
    target = {"Arn": QUEUE, "DeadLetterConfig": {"Arn": QUEUE}}
    assert "in which it is" in why(through([target], by, queue=QUEUE, here=HERE))


def test_a_letter_of_ours_goes_back_to_the_only_source() -> None:
    assert road_of(ours(reason="malformed"), SOURCE) == ToQueue(SOURCE)


def test_with_no_source_or_two_a_letter_stays() -> None:
    assert "no queue" in why(road_of(ours(reason="malformed")))
    assert "2 queues" in why(road_of(ours(reason="malformed"), SOURCE, OTHER))


@pytest.mark.parametrize(
    "one",
    [
        letter(RequestID="r", ErrorCode="200"),
        letter(RequestID="r"),
        letter(json.dumps({"requestContext": {"functionArn": FUNCTION}, "DDBStreamBatchInfo": {}})),
    ],
)
def test_a_letter_of_lambda_or_sns_stays_since_it_does_not_say_whose_it_is(one: Letter) -> None:
    assert "Lambda" in why(road_of(one, SOURCE))


@pytest.mark.parametrize("body", ["", "[]", "not json", '{"requestContext": 1}', '{"requestContext": {}}', "[" * 5000])
def test_any_other_body_is_an_event(body: str) -> None:
    assert road_of(letter(body), SOURCE) == ToQueue(SOURCE)


def test_a_rules_letter_goes_by_its_rule_even_where_a_queue_sends_its_dead_letters() -> None:
    assert road_of(of_rule(), OTHER) == ByRule("to-intake", "orders", SOURCE)
    default = "arn:aws:events:eu-west-1:111122223333:rule/to-intake"
    assert road_of(of_rule(rule=default)) == ByRule("to-intake", "default", SOURCE)


@pytest.mark.parametrize(
    "one",
    [
        letter(RULE_ARN=RULE),
        letter(TARGET_ARN=SOURCE),
        of_rule(rule="to-intake"),
        of_rule(rule=RULE.replace("1111", "9999", 1)),
        of_rule(rule=RULE.replace("eu-west-1", "us-east-1")),
    ],
)
def test_a_rules_letter_that_does_not_name_a_rule_of_this_place_stays(one: Letter) -> None:
    assert "rule" in why(road_of(one, SOURCE))


def target_of(arn: str = SOURCE, **more: Any) -> dict[str, Any]:
    return {"Id": "t", "Arn": arn, "DeadLetterConfig": {"Arn": QUEUE}} | more


def through_rule(*targets: dict[str, Any], to: str = SOURCE) -> Any:
    return through(list(targets), ByRule("to-intake", "orders", to), queue=QUEUE, here=HERE)


def test_a_rule_with_the_one_target_that_the_letter_names_is_a_road() -> None:
    assert through_rule(target_of()) == ToQueue(SOURCE)
    assert through_rule(target_of(FUNCTION), to=FUNCTION) == ToFunction(FUNCTION)
    assert through_rule(target_of(f"{FUNCTION}:live"), to=f"{FUNCTION}:live") == ToFunction(f"{FUNCTION}:live")
    grouped = target_of(FIFO, SqsParameters={"MessageGroupId": "g"})
    assert through_rule(grouped, to=FIFO) == ToQueue(FIFO, "g")


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ([], "0 targets"),
        ([target_of(), target_of(OTHER)], "2 targets"),
        ([target_of(OTHER)], "another target"),
        ([{"Arn": SOURCE}], "does not keep"),
        ([{"Arn": SOURCE, "DeadLetterConfig": {"Arn": OTHER}}], "does not keep"),
        ([target_of(Input="{}")], "another text"),
        ([target_of(InputPath="$.detail")], "another text"),
        ([target_of(InputTransformer={"InputTemplate": "x"})], "another text"),
    ],
)
def test_a_rule_that_does_not_send_the_event_as_it_is_to_that_one_target_is_none(
    targets: list[dict[str, Any]], words: str
) -> None:
    assert words in why(through_rule(*targets))


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        ("arn:aws:events:eu-west-1:111122223333:event-bus/orders", "neither"),
        ("arn:aws:states:eu-west-1:111122223333:stateMachine:m", "neither"),
        ("arn:aws:sqs:eu-west-1:999999999999:intake", "another account"),
        ("arn:aws:lambda:us-east-1:111122223333:function:intake", "another account"),
        (FIFO, "message group"),
    ],
)
def test_a_target_that_is_a_bus_or_elsewhere_is_no_road(arn: str, words: str) -> None:
    assert words in why(through_rule(target_of(arn), to=arn))


def test_a_message_group_that_is_taken_out_of_the_event_is_no_road() -> None:
    dynamic = target_of(FIFO, SqsParameters={"MessageGroupId": "$.detail.id"})
    assert "message group" in why(through_rule(dynamic, to=FIFO))


def test_reasons_are_codes_paths_and_names() -> None:
    assert reason(ours(reason="malformed", path="$.detail.findings[0].Severity.Label")) == (
        "malformed at $.detail.findings[0].Severity.Label"
    )
    assert reason(ours(reason="loop", path="$")) == "loop"
    assert reason(ours(reason="slack_channel_not_found", path="$")) == "slack_channel_not_found"
    assert reason(of_rule()) == "NO_PERMISSIONS of rule to-intake"
    assert reason(letter(ERROR_CODE="THROTTLING")) == "THROTTLING"
    assert reason(letter(ErrorCode="200", ErrorMessage=PRIVATE)) == "error 200"
    assert reason(letter(PRIVATE)) == "received too often"


def test_a_reason_quotes_nothing_that_has_not_the_form_of_one() -> None:
    assert reason(ours(reason=PRIVATE, path=PRIVATE, text=PRIVATE)) == "received too often"
    assert reason(ours(reason="malformed", path=f"$.{PRIVATE}", text=PRIVATE)) == "malformed"
    assert reason(letter(ERROR_CODE=PRIVATE, RULE_ARN=PRIVATE, ErrorCode=PRIVATE)) == "received too often"


identifiers = st.sampled_from(["090-1234-5678", "MRN 00123456", "taro@example.com", "1980-02-03", "123456789012"])


@given(st.dictionaries(st.sampled_from(["yagura-reason", "yagura-path", "ERROR_CODE", "ErrorCode"]), identifiers))
def test_no_identifier_of_a_person_gets_into_a_reason(texts: dict[str, str]) -> None:
    told = reason(letter(**texts))
    assert not any(text in told for text in texts.values())


def test_what_we_and_eventbridge_wrote_on_a_letter_is_not_sent_back() -> None:
    own = {"tenant": {"DataType": "String", "StringValue": "a"}}
    marked = letter(**{"yagura-reason": "malformed", "yagura-text": "x", "tenant": "a"})
    assert marked.kept == own
    assert letter(RULE_ARN=RULE, TARGET_ARN=SOURCE, ERROR_MESSAGE="x", RETRY_ATTEMPTS="1", tenant="a").kept == own


def test_what_sqs_moved_keeps_all_its_attributes() -> None:
    moved = letter(system={"DeadLetterQueueSourceArn": SOURCE}, RULE_ARN=RULE, ERROR_CODE="X")
    assert moved.kept.keys() == {"RULE_ARN", "ERROR_CODE"}


def test_a_letter_is_as_old_as_its_first_sending() -> None:
    assert letter(system={"SentTimestamp": "1000"}).age(61_000) == 60_000
    assert letter(system={"SentTimestamp": "1000"}).age(0) == 0
    assert letter().age(5) == 0


text = st.text(max_size=5)
bodies = st.tuples(text, st.dictionaries(text, st.tuples(text, st.binary(max_size=3)), max_size=3))


def _letter_of(content: tuple[str, dict[str, tuple[str, bytes]]], *, backwards: bool = False) -> Letter:
    body, values = content
    attributes = {
        name: {"DataType": "String", "StringValue": string, "BinaryValue": binary}
        for name, (string, binary) in sorted(values.items(), reverse=backwards)
    }
    return Letter(id="m", handle="h", body=body, attributes=attributes)


@given(bodies, bodies)
def test_a_fingerprint_is_that_of_the_content_in_whatever_order_and_of_no_other(first: Any, second: Any) -> None:
    to = ToQueue(SOURCE)
    assert fingerprint(_letter_of(first), to) == fingerprint(_letter_of(first, backwards=True), to)
    assert (fingerprint(_letter_of(first), to) == fingerprint(_letter_of(second), to)) == (first == second)


def test_a_fingerprint_holds_where_the_letter_would_go_but_not_who_received_it_when() -> None:
    one = letter("a")
    again = Letter(id="m", handle="other", body="a", system={"ApproximateReceiveCount": "7"})
    assert fingerprint(one, ToQueue(SOURCE)) == fingerprint(again, ToQueue(SOURCE))
    others = {fingerprint(one, to) for to in (ToQueue(SOURCE), ToQueue(OTHER), ToFunction(FUNCTION), Stays("x"))}
    assert len(others) == 4


def test_names_are_the_ends_of_arns() -> None:
    assert (name_of(SOURCE), name_of(f"{FUNCTION}:live")) == ("intake", "intake:live")
