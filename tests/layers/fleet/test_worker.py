"""The queue worker: one bad event never blocks its neighbours, and says why it was refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from fleet.refusal import AwayError, DroppedError, RefusedError
from fleet.worker import FIRST_RECEIVES, MAX_RECEIVES, DeadLetters, process
from tests.functions.entry import batch, failures
from tests.layers.fleet.fakes import FakeQueue, client_error

type Logged = Callable[[], str]

MARKER = "PATIENT-4711"
URL = "https://sqs/dead"


class BusyError(AwayError):
    """Somebody else's limit."""

    reason = "throttled"


class Desk:
    """Does what each body says: ok, drop, refuse or fail."""

    def __init__(self) -> None:
        self.dead = FakeQueue()
        self.seen: list[str] = []

    def handle(self, body: str) -> None:
        self.seen.append(body)
        match body.split(maxsplit=1)[0]:
            case "drop":
                raise DroppedError("not_ours")
            case "refuse":
                raise RefusedError("malformed", "$.detail.Id", "expected a text")
            case "fail":
                raise RuntimeError(body)
            case "away":
                raise AwayError("HTTP 503")
            case "busy":
                raise BusyError("TooManyRequestsException")
            case "throttled":
                raise client_error("ThrottlingException", "PutItem", "PutItem on yagura-findings")
            case "invalid":
                raise ParamValidationError(report=body)

    def run(self, *bodies: str, receives: int = 1) -> list[str]:
        client: Any = self.dead
        event = batch(*bodies, receives=receives)
        return failures(process(event, self.handle, dead_letters=DeadLetters(client, URL), capability="tests"))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@given(
    st.lists(st.sampled_from(["ok", "drop", "refuse", "fail", "away", "busy"]), max_size=10),
    st.integers(1, MAX_RECEIVES),
)
def test_each_record_fares_by_itself(bodies: list[str], receives: int) -> None:
    desk = Desk()
    failed = desk.run(*bodies, receives=receives)
    assert desk.seen == bodies
    last = receives == MAX_RECEIVES
    again = {"away", "busy", "fail"} if receives < FIRST_RECEIVES else {"fail"} if not last else set()
    assert failed == [f"m{index}" for index, body in enumerate(bodies) if body in again]
    dead = {"refuse", "fail"} if last else {"refuse"}
    assert [message["MessageBody"] for message in desk.dead.messages] == [body for body in bodies if body in dead]


def test_a_refused_record_is_a_dead_letter_with_its_body_and_why(desk: Desk) -> None:
    assert desk.run("ok", f"refuse {MARKER}") == []
    (message,) = desk.dead.messages
    assert message["QueueUrl"] == URL
    assert message["MessageBody"] == f"refuse {MARKER}"
    assert {name: value["StringValue"] for name, value in message["MessageAttributes"].items()} == {
        "yagura-reason": "malformed",
        "yagura-path": "$.detail.Id",
        "yagura-text": "expected a text",
        "yagura-message-id": "m1",
    }


def test_a_dead_letter_that_cannot_be_sent_makes_the_record_come_again(desk: Desk) -> None:
    desk.dead.error = client_error("InternalError", "SendMessage")
    assert desk.run("refuse", "ok") == ["m0"]
    desk.dead.error = None
    assert desk.run("refuse", receives=2) == []
    assert desk.dead.reasons == ["malformed"]


@pytest.mark.parametrize("receives", range(1, MAX_RECEIVES))
def test_a_failing_record_comes_again_until_its_last_receive(desk: Desk, receives: int) -> None:
    assert desk.run("fail", receives=receives) == ["m0"]
    assert desk.dead.messages == []


@pytest.mark.parametrize("receives", [MAX_RECEIVES, MAX_RECEIVES + 1])
def test_on_its_last_receive_a_failing_record_is_parked_with_its_error(desk: Desk, receives: int) -> None:
    assert desk.run(f"fail {MARKER}", "ok", receives=receives) == []
    (message,) = desk.dead.messages
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert message["MessageBody"] == f"fail {MARKER}"
    assert (attributes["yagura-reason"], attributes["yagura-text"]) == ("failed", "RuntimeError")


def test_when_nothing_can_be_parked_sqs_moves_the_record_itself(desk: Desk) -> None:
    desk.dead.error = client_error("InternalError", "SendMessage")
    assert desk.run("fail", "refuse", "ok", receives=MAX_RECEIVES) == ["m0", "m1"]


def test_five_receives_are_what_the_queues_allow() -> None:
    assert MAX_RECEIVES == 5


def test_long_and_empty_attributes_are_what_sqs_takes() -> None:
    queue = FakeQueue()
    client: Any = queue
    DeadLetters(client, URL).put("b", reason="malformed", path="$" * 5000, text="", message_id="m")
    attributes = queue.messages[0]["MessageAttributes"]
    assert len(attributes["yagura-path"]["StringValue"]) == 1024
    assert attributes["yagura-text"]["StringValue"] == "-"


@pytest.mark.parametrize("receives", [1, MAX_RECEIVES])
@pytest.mark.parametrize(
    "body",
    [
        "drop",
        "refuse",
        "fail",
        "throttled",
        "ok",
        pytest.param("invalid"),
    ],
)
def test_nothing_of_a_body_is_logged(desk: Desk, logged: Logged, body: str, receives: int) -> None:
    desk.run(f"{body} {MARKER}", receives=receives)
    desk.dead.error = client_error("InternalError", "SendMessage")
    desk.run(f"{body} {MARKER}", receives=receives)
    output = logged()
    assert MARKER not in output


def test_the_message_of_an_aws_error_is_logged_since_it_names_what_was_refused(desk: Desk, logged: Logged) -> None:
    desk.run("throttled")
    lines = [json.loads(line) for line in logged().splitlines()]
    (failed,) = [line for line in lines if line.get("message") == "failed"]
    assert "PutItem on yagura-findings" in failed["why"]


def test_drops_and_refusals_are_counted_by_reason(desk: Desk, logged: Logged) -> None:
    desk.run("drop", "refuse")
    lines = [json.loads(line) for line in logged().splitlines() if "_aws" in line]
    counted = [(line["service"], line["reason"], line.get("Dropped"), line.get("Refused")) for line in lines]
    assert counted == [("tests", "not_ours", [1.0], None), ("tests", "malformed", None, [1.0])]


def test_what_waits_for_others_comes_again_once_and_then_ends_and_is_no_dead_letter(desk: Desk) -> None:
    assert desk.run("away", "ok") == ["m0"]
    for receives in range(2, MAX_RECEIVES + 1):
        assert desk.run("away", "ok", receives=receives) == []
    assert desk.dead.messages == []


def test_what_is_put_off_is_counted_by_reason_and_in_all_and_each_cause_is_one_line_of_a_batch(
    desk: Desk, logged: Logged
) -> None:
    desk.run("away", "away", "busy")
    lines = [json.loads(line) for line in logged().splitlines()]
    assert [(line["reason"], line["why"], line["messages"]) for line in lines if line.get("message") == "away"] == [
        ("unavailable", "HTTP 503", 2),
        ("throttled", "TooManyRequestsException", 1),
    ]
    assert len(lines) == 2, "nothing is put off by a first receive"
    desk.run("away", "away", "busy", receives=2)
    counted = [json.loads(line) for line in logged().splitlines() if "_aws" in line]
    assert [(line.get("reason"), line["PutOff"]) for line in counted] == [
        ("unavailable", [2.0]),
        ("throttled", [1.0]),
        ("any", [3.0]),
    ]


def test_a_dead_letter_names_the_queue_that_it_goes_back_to(desk: Desk) -> None:
    event = batch("refuse")
    event["Records"][0]["eventSourceARN"] = "arn:aws:sqs:eu-west-1:111122223333:yagura-chatops"
    client: Any = desk.dead
    process(event, desk.handle, dead_letters=DeadLetters(client, URL), capability="tests")
    (message,) = desk.dead.messages
    attribute = message["MessageAttributes"]["yagura-queue"]
    assert attribute["StringValue"] == "arn:aws:sqs:eu-west-1:111122223333:yagura-chatops"
