"""Queues by their tags: the fake of these tests and moto's SQS behave alike."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.operations.failure import CallFailedError
from functions.operations.letters import Letter, Stays, ToQueue, fingerprint
from functions.operations.post import QueuePost, Roads
from functions.operations.queues import Queues, UnfitQueueError
from functions.operations.redrive import peek
from tests.functions.entry import REGION
from tests.functions.operations.cloud import FakeTagging, queue_arn
from tests.functions.operations.sqs import FakeSqs
from tests.functions.operations.worlds import HERE, TAG
from tests.layers.fleet.fakes import client_error


class Desk:
    """SQS and tags, and the adapters over them."""

    def __init__(self, sqs: Any, tagging: Any, account: str) -> None:
        self.sqs, self.account = sqs, account
        here = HERE if account == HERE.account else type(HERE)(account, REGION)
        self.here, self.queues = here, Queues(sqs, tagging, here)
        self.urls: dict[str, str] = {}

    def make(self, name: str, tag: str | None = None, *, dead: str = "", **tags: str) -> None:
        arn = queue_arn(dead).replace(HERE.account, self.account)
        policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "5"})} if dead else {}
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        all_tags = tags | ({TAG: tag} if tag else {})
        url = self.sqs.create_queue(QueueName=name, Attributes=policy | fifo, tags=all_tags)["QueueUrl"]
        self.urls[name] = url

    def send(self, name: str, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.urls[name], MessageBody=body)

    def post(self, name: str, *, hide: int = 30) -> QueuePost:
        unused: Any = None
        roads = Roads(self.sqs, unused, unused, self.queues)
        return QueuePost(self.sqs, roads, self.queues.open(name), self.here, hide=hide)

    def receive(self, name: str) -> list[Letter]:
        answer = self.sqs.receive_message(
            QueueUrl=self.urls[name],
            MaxNumberOfMessages=10,
            VisibilityTimeout=30,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return [Letter.of(message) for message in answer.get("Messages", [])]


@pytest.fixture(params=["fake", "moto"])
def desk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr("functions.operations.post._WAIT_SECONDS", 0)
    if request.param == "fake":
        sqs = FakeSqs()
        yield Desk(sqs, FakeTagging(sqs.tags), HERE.account)
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        tagging = boto3.client("resourcegroupstaggingapi", region_name=REGION)
        yield Desk(boto3.client("sqs", region_name=REGION), tagging, "123456789012")


def test_listed_are_the_tagged_queues_that_hold_dead_letters(desk: Desk) -> None:
    desk.make("orders-dead", "dead-letters", team="payments")
    desk.make("intake-dead", "yes")
    desk.make("intake", "target", dead="intake-dead")
    desk.make("billing", dead="intake-dead")
    desk.make("plain", "yes")
    desk.make("hidden-dead")
    desk.make("hidden", dead="hidden-dead")
    desk.send("intake-dead", "a", "b")
    found, more = desk.queues.states(50)
    assert more == 0
    assert [(one.name, one.waiting, one.hidden, one.sources) for one in found] == [
        ("intake-dead", 2, 0, ["billing", "intake"]),
        ("orders-dead", 0, 0, []),
    ]
    assert found[1].tags["team"] == "payments"


def test_queues_beyond_the_limit_are_counted(desk: Desk) -> None:
    for number in range(4):
        desk.make(f"dead-{number}", "dead-letters")
    found, more = desk.queues.states(3)
    assert ([one.name for one in found], more) == (["dead-0", "dead-1", "dead-2"], 1)


def test_a_tagged_queue_with_sources_is_open_whatever_the_tag_says(desk: Desk) -> None:
    desk.make("intake-dead", "yes")
    desk.make("intake", "target", dead="intake-dead")
    opened = desk.queues.open("intake-dead")
    assert opened.sources == [queue_arn("intake").replace(HERE.account, desk.account)]
    assert opened.arn == queue_arn("intake-dead").replace(HERE.account, desk.account)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere", "no queue nowhere here that is tagged"),
        ("hidden-dead", "no queue hidden-dead here that is tagged"),
        ("intake", "is not a dead-letter queue"),
        ("plain", "is not a dead-letter queue"),
        ("middle", "dead letters of its own"),
    ],
)
def test_no_other_queue_is_open(desk: Desk, name: str, words: str) -> None:
    desk.make("last-dead")
    desk.make("hidden-dead")
    desk.make("hidden", dead="hidden-dead")
    desk.make("plain", "yes")
    desk.make("intake-dead", "dead-letters")
    desk.make("intake", "target", dead="intake-dead")
    desk.make("middle", "dead-letters", dead="last-dead")
    with pytest.raises(UnfitQueueError, match=words):
        desk.queues.open(name)


def test_what_was_peeked_is_there_for_the_next_one_and_looks_the_same(desk: Desk) -> None:
    desk.make("intake-dead", "dead-letters")
    desk.make("intake", "target", dead="intake-dead")
    desk.send("intake-dead", *(f"body {number}" for number in range(12)))
    post = desk.post("intake-dead")
    first, second = peek(post, 50), peek(post, 50)
    assert {one.letter.body for one in first} == {f"body {number}" for number in range(12)}
    assert {(one.letter.id, fingerprint(one.letter, one.to)) for one in first} == {
        (one.letter.id, fingerprint(one.letter, one.to)) for one in second
    }
    assert len(desk.receive("intake-dead")) == 10


def test_no_more_is_received_than_is_wanted(desk: Desk) -> None:
    desk.make("intake-dead", "dead-letters")
    desk.send("intake-dead", "a", "b", "c")
    post = desk.post("intake-dead")
    assert len(peek(post, 2)) == 2
    counts = [letter.system["ApproximateReceiveCount"] for letter in desk.receive("intake-dead")]
    assert sorted(counts) == ["1", "2", "2"]


def test_a_letter_is_sent_back_with_its_own_attributes_and_its_body_byte_for_byte(desk: Desk) -> None:
    desk.make("intake-dead", "dead-letters")
    desk.make("intake", "target", dead="intake-dead")
    body = '{"b": 1,  "a": "ü\\n"}'
    attributes: dict[str, Any] = {
        "tenant": {"DataType": "String", "StringValue": "a"},
        "key": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        "yagura-reason": {"DataType": "String", "StringValue": "malformed"},
    }
    desk.sqs.send_message(QueueUrl=desk.urls["intake-dead"], MessageBody=body, MessageAttributes=attributes)
    post = desk.post("intake-dead")
    (letter,) = post.receive(10)
    to = post.destination(letter)
    assert isinstance(to, ToQueue)
    post.send(letter, to)
    post.delete(letter)
    (arrived,) = desk.receive("intake")
    assert arrived.body == body
    assert arrived.attributes["tenant"]["StringValue"] == "a"
    assert arrived.attributes["key"]["BinaryValue"] == b"\x00\xff"
    assert arrived.attributes.keys() == {"tenant", "key"}
    assert desk.receive("intake-dead") == []


def test_a_source_that_has_not_opened_itself_gets_nothing(desk: Desk) -> None:
    desk.make("intake-dead", "dead-letters")
    desk.make("intake", dead="intake-dead")
    desk.send("intake-dead", "a")
    (shown,) = peek(desk.post("intake-dead"), 5)
    assert shown.to == Stays(f"the queue intake is not tagged {TAG}")


@pytest.fixture
def fake() -> Desk:
    sqs = FakeSqs()
    desk = Desk(sqs, FakeTagging(sqs.tags), HERE.account)
    desk.make("intake-dead", "dead-letters")
    desk.make("intake", "target", dead="intake-dead")
    desk.send("intake-dead", "a", "b")
    return desk


def test_a_source_that_is_gone_is_no_road(fake: Desk) -> None:
    post = fake.post("intake-dead")
    fake.sqs.queues.pop("intake")
    assert {one.to for one in peek(post, 5)} == {Stays("the queue intake is gone")}


def test_a_queue_that_was_deleted_since_its_tags_were_read_is_not_listed(fake: Desk) -> None:
    fake.sqs.queues.pop("intake-dead")
    assert fake.queues.states(50) == ([], 0)


def test_a_queue_that_cannot_be_looked_at_is_counted_and_hides_no_other(fake: Desk) -> None:
    fake.make("orders-dead", "dead-letters")
    denied = client_error("AccessDenied")
    fake.sqs.errors["GetQueueUrl"] = lambda request: denied if request["QueueName"] == "intake-dead" else None
    found, more = fake.queues.states(50)
    assert ([one.name for one in found], more) == (["orders-dead"], 1)


def test_what_aws_does_not_do_is_told_by_its_code_only(fake: Desk) -> None:
    fake.sqs.errors["ListQueueTags"] = lambda _request: client_error("Throttled", message="secret text")
    with pytest.raises(CallFailedError, match=r"^ListQueueTags: Throttled$") as caught:
        fake.queues.open("intake-dead")
    assert caught.value.certain


def test_a_url_that_cannot_be_had_is_not_a_queue_that_is_missing(fake: Desk) -> None:
    fake.sqs.errors["GetQueueUrl"] = lambda _request: client_error("Throttled")
    with pytest.raises(CallFailedError, match="Throttled"):
        fake.queues.open("intake-dead")


@pytest.mark.parametrize("call", ["GetQueueUrl", "ListQueueTags"])
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_a_queue_that_our_role_does_not_reach_is_one_without_the_tag(fake: Desk, call: str, code: str) -> None:
    post = fake.post("intake-dead")
    fake.sqs.errors[call] = lambda _request: client_error(code)
    with pytest.raises(UnfitQueueError, match="no queue intake-dead here that is tagged"):
        fake.queues.open("intake-dead")
    assert {one.to for one in peek(post, 5)} == {Stays(f"we may not look at intake: is it tagged {TAG}?")}


def test_peeking_that_fails_half_way_releases_what_it_has(fake: Desk) -> None:
    post = fake.post("intake-dead")
    times: list[int] = []

    def second(_request: Any) -> Any:
        times.append(1)
        return client_error("Throttled") if len(times) > 1 else None

    fake.sqs.errors["ReceiveMessage"] = second
    with pytest.raises(CallFailedError):
        peek(post, 5)
    assert fake.sqs.hidden("intake-dead") == []
    assert {m["receives"] for m in fake.sqs.queues["intake-dead"]} == {1}


def test_a_road_that_cannot_be_found_out_now_keeps_nothing_from_being_shown(fake: Desk) -> None:
    post = fake.post("intake-dead")
    fake.sqs.errors["ListQueueTags"] = lambda _request: client_error("Throttled")
    assert [one.to for one in peek(post, 5)] == [Stays("ListQueueTags failed (Throttled)")] * 2
    assert fake.sqs.hidden("intake-dead") == []


def test_what_cannot_be_released_comes_back_by_itself(fake: Desk) -> None:
    fake.sqs.errors["ChangeMessageVisibilityBatch"] = lambda _request: client_error("Throttled")
    assert len(peek(fake.post("intake-dead", hide=30), 2)) == 2
    assert fake.sqs.hidden("intake-dead") == ["a", "b"]
    fake.sqs.clock.now += 30_000
    assert fake.sqs.hidden("intake-dead") == []
