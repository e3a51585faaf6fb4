"""The calls of the acknowledging path, held to moto; what is retried, and what not."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from unittest.mock import patch

import boto3
import pytest
import requests
from moto import mock_aws

from fleet import sigv4
from fleet.sigv4 import Aws, AwsError
from fleet.wire import Answer, WireError

REGION = "eu-west-1"
ENVIRONMENT = {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7"}
QUEUE = f"https://sqs.{REGION}.amazonaws.com/111122223333/yagura-chatops-desk"


class Moto:
    """Carries requests to moto, which stands in for `requests`; and knows what has been sent."""

    def __init__(self, host: str, port: int, tls: object) -> None:
        assert tls is not None
        assert port == 443
        self.authority = host

    def post(self, path: str, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
        answer = requests.post(f"https://{self.authority}{path}", data=body, headers=dict(headers), timeout=5)
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)


@pytest.fixture
def moto_aws() -> Iterator[Aws]:
    with mock_aws(), patch.dict("os.environ", ENVIRONMENT | {"AWS_DEFAULT_REGION": REGION}):
        yield Aws(ENVIRONMENT, connect=Moto)


def soon() -> float:
    return time.monotonic() + 5


def test_an_item_is_put_only_once_and_deleted_only_by_whoever_put_it(moto_aws: Aws) -> None:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    condition = "attribute_not_exists(pk) OR attempt = :attempt"
    for _ in range(2):
        item: dict[str, str | int] = {
            "pk": "seen#1",
            "attempt": "a",
            "expires": 12,
            "櫓": "é\U0001f600\0",
        }
        moto_aws.put_item("t", item, condition=condition, values={":attempt": "a"}, deadline=soon())
    assert client.get_item(TableName="t", Key={"pk": {"S": "seen#1"}})["Item"] == {
        "pk": {"S": "seen#1"},
        "attempt": {"S": "a"},
        "expires": {"N": "12"},
        "櫓": {"S": "é\U0001f600\0"},
    }
    with pytest.raises(AwsError) as refused:
        moto_aws.put_item("t", {"pk": "seen#1"}, condition=condition, values={":attempt": "b"}, deadline=soon())
    assert refused.value.condition_failed
    key, mine = {"pk": "seen#1"}, "attempt = :attempt"
    with pytest.raises(AwsError) as refused:
        moto_aws.delete_item("t", key, condition=mine, values={":attempt": "b"}, deadline=soon())
    assert refused.value.condition_failed
    moto_aws.delete_item("t", key, condition=mine, values={":attempt": "a"}, deadline=soon())
    assert "Item" not in client.get_item(TableName="t", Key={"pk": {"S": "seen#1"}})


def test_a_message_arrives_as_it_was_sent(moto_aws: Aws) -> None:
    client = boto3.client("sqs")
    url = client.create_queue(QueueName="desk")["QueueUrl"]
    moto_aws.send_message(url, '{"text":"\\u6adb & <b>"}', deadline=soon())
    (message,) = client.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == '{"text":"\\u6adb & <b>"}'


def test_a_queue_that_is_not_there_is_named_by_its_code(moto_aws: Aws) -> None:
    with pytest.raises(AwsError, match=r"SendMessage failed with .*(NonExistentQueue|QueueDoesNotExist)") as refused:
        moto_aws.send_message(QUEUE, "{}", deadline=soon())
    assert refused.value.status == 400
    assert not refused.value.may_pass


def test_both_stages_of_a_secret_are_read_and_what_is_missing_is_none(moto_aws: Aws) -> None:
    client = boto3.client("secretsmanager")
    assert moto_aws.get_secret_value("slack", deadline=soon()) is None
    client.create_secret(Name="slack", SecretString="one")
    assert moto_aws.get_secret_value("slack", deadline=soon()) == "one"
    assert moto_aws.get_secret_value("slack", stage="AWSPREVIOUS", deadline=soon()) is None
    client.put_secret_value(SecretId="slack", SecretString="two")
    assert moto_aws.get_secret_value("slack", deadline=soon()) == "two"
    assert moto_aws.get_secret_value("slack", stage="AWSPREVIOUS", deadline=soon()) == "one"


class Scripted:
    """Answers in turn; the last one for ever."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[dict[str, str], bytes]] = []
        self.dialled: list[tuple[str, int, bool]] = []

    def __call__(self, host: str, port: int, tls: object) -> "Scripted":
        self.dialled.append((host, port, tls is not None))
        self.authority = host
        return self

    def post(self, path: str, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
        self.sent.append((dict(headers), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def says(status: int, type_: str = "", **about: str) -> Answer:
    return Answer(status, {}, json.dumps({"__type": type_, **about} if type_ else about).encode())


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.sigv4.time.sleep", lambda _: None)


TROUBLE: Sequence[Answer | Exception] = (
    WireError("down"),
    says(500, "InternalFailure"),
    says(503),
    Answer(502, {}, b"<html>"),
    says(429, "x"),
    says(400, "com.amazon.coral.availability#ThrottlingException"),
    says(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
)


@pytest.mark.parametrize("trouble", TROUBLE)
def test_what_may_pass_is_tried_once_more(trouble: Answer | Exception) -> None:
    aws = Scripted(trouble, says(200))
    Aws(ENVIRONMENT, connect=aws).send_message(QUEUE, "{}", deadline=soon())
    assert len(aws.sent) == 2


@pytest.mark.parametrize("trouble", TROUBLE)
def test_what_does_not_pass_is_an_error_after_two_attempts(trouble: Answer | Exception) -> None:
    aws = Scripted(trouble)
    with pytest.raises(AwsError):
        Aws(ENVIRONMENT, connect=aws).send_message(QUEUE, "{}", deadline=soon())
    assert len(aws.sent) == 2


def test_nothing_is_tried_again_after_the_deadline() -> None:
    aws = Scripted(WireError("down"))
    with pytest.raises(AwsError, match=r"NoAnswer \(0\)"):
        Aws(ENVIRONMENT, connect=aws).send_message(QUEUE, "{}", deadline=time.monotonic())
    assert len(aws.sent) == 1


def test_a_refusal_is_not_tried_again_and_tells_action_and_resource() -> None:
    text = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: sqs:SendMessage"
    aws = Scripted(says(400, "com.amazon.coral.service#AccessDeniedException", message=text))
    with pytest.raises(AwsError, match=r"AccessDeniedException.*sqs:SendMessage"):
        Aws(ENVIRONMENT, connect=aws).send_message(QUEUE, "{}", deadline=soon())
    assert len(aws.sent) == 1


def test_the_text_of_any_other_error_is_kept_out_since_it_may_quote_the_request() -> None:
    aws = Scripted(says(400, "com.amazon.coral.validate#ValidationException", message="bad: patient 4711"))
    with pytest.raises(AwsError) as refused:
        Aws(ENVIRONMENT, connect=aws).send_message(QUEUE, "{}", deadline=soon())
    assert "4711" not in str(refused.value)


def test_the_code_may_stand_in_a_header() -> None:
    aws = Scripted(Answer(400, {"x-amzn-errortype": "InvalidSignatureException:http://x"}, b""))
    with pytest.raises(AwsError) as refused:
        Aws(ENVIRONMENT, connect=aws).send_message(QUEUE, "{}", deadline=soon())
    assert refused.value.code == "InvalidSignatureException"


def test_endpoints_are_those_of_the_region_over_tls() -> None:
    aws = Scripted(says(200))
    Aws(ENVIRONMENT, connect=aws)
    assert aws.dialled == [
        (f"{each}.{REGION}.amazonaws.com", 443, True) for each in ("dynamodb", "sqs", "secretsmanager")
    ]


def test_endpoints_are_set_by_the_variables_that_every_sdk_reads() -> None:
    aws = Scripted(says(200))
    urls = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://vault.test"}
    with patch.object(sigv4, "system_trust", object):
        Aws(ENVIRONMENT | urls, connect=aws)
    assert aws.dialled == [("127.0.0.1", 4566, False), ("127.0.0.1", 4566, False), ("vault.test", 443, True)]


@pytest.mark.parametrize("url", ["127.0.0.1:4566", "ftp://x", "http://", ""])
def test_an_endpoint_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not an endpoint"):
        sigv4._address(url)


def test_a_session_token_travels_with_the_request() -> None:
    aws = Scripted(says(200))
    Aws(ENVIRONMENT | {"AWS_SESSION_TOKEN": "tok"}, connect=aws, now=lambda: 0).send_message(
        QUEUE, "{}", deadline=soon()
    )
    headers, _ = aws.sent[0]
    assert headers["X-Amz-Security-Token"] == "tok"
    assert headers["X-Amz-Date"] == "19700101T000000Z"
    assert "x-amz-security-token" in headers["Authorization"]
