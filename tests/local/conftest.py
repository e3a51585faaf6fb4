"""One really started emulator for the whole folder, on a free port, with a state folder of its own."""

import itertools
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_socket

from local import process
from local.client import client
from local.process import Instance
from tests.local.fleet import deployed

_accounts = itertools.count(500000000001)


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    """These tests talk to the emulator, and to nothing but this machine."""
    allow_loopback()
    yield
    pytest_socket.disable_socket(allow_unix_socket=True)


def allow_loopback() -> None:
    """Allow sockets to 127.0.0.1; fixtures of a wider scope than a test call it too, since they are set up first."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


_allow_loopback = allow_loopback


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A running local cloud. Each test takes fresh account ids, so that tests share nothing."""
    allow_loopback()
    instance = Instance(tmp_path_factory.mktemp("cloud").resolve(), free_port())
    process.start(instance)
    yield instance
    process.stop(instance)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Instance]:
    """A local cloud of a module's own, with the fleet deployed to it."""
    allow_loopback()
    name = request.module.__name__.rpartition(".test_")[2]
    with deployed(Instance(tmp_path_factory.mktemp(name).resolve(), free_port())) as instance:
        yield instance


@pytest.fixture
def account() -> str:
    """An account that no other test uses."""
    return str(next(_accounts))


@pytest.fixture
def other_account() -> str:
    """A second one."""
    return str(next(_accounts))


class Aws:
    """What the tests ask of the local cloud, in few words."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    def __call__(self, service: str, account: str, **kw: Any) -> Any:
        return client(self.instance, service, account, **kw)

    def bus(self, account: str, name: str, *, policy: list[dict[str, Any]] | None = None) -> str:
        events = self("events", account)
        arn = str(events.create_event_bus(Name=name)["EventBusArn"])
        if policy is not None:
            events.put_permission(EventBusName=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": policy}))
        return arn

    def queue(self, account: str, name: str, *, for_events: bool = True) -> str:
        arn = f"arn:aws:sqs:us-east-1:{account}:{name}"
        attributes = (
            {
                "Policy": json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": "events.amazonaws.com"},
                                "Action": "sqs:SendMessage",
                                "Resource": arn,
                            }
                        ],
                    }
                )
            }
            if for_events
            else {}
        )
        self("sqs", account).create_queue(QueueName=name, Attributes=attributes)
        return arn

    def rule(self, account: str, bus: str, name: str, pattern: dict[str, Any], **target: Any) -> str:
        events = self("events", account)
        arn = str(events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"])
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "t", **target}])
        return arn

    def role(
        self,
        account: str,
        name: str,
        *,
        trust: Any = None,
        allow: list[dict[str, Any]] | None = None,
        path: str = "/",
        **kw: Any,
    ) -> str:
        iam = self("iam", account)
        principal = trust or {"Service": "events.amazonaws.com"}
        arn = str(
            iam.create_role(
                RoleName=name,
                Path=path,
                AssumeRolePolicyDocument=json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
                    }
                ),
                **kw,
            )["Role"]["Arn"]
        )
        if allow:
            iam.put_role_policy(
                RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow})
            )
        return arn

    def session(self, role_arn: str, caller: str) -> dict[str, str]:
        answer = self("sts", caller).assume_role(RoleArn=role_arn, RoleSessionName="session")
        return dict(answer["Credentials"])

    def put(
        self,
        account: str,
        bus: str,
        source: str,
        detail: dict[str, Any] | None = None,
        *,
        detail_type: str = "Happened",
        **kw: Any,
    ) -> dict[str, Any]:
        answer = self("events", account, **kw).put_events(
            Entries=[
                {"EventBusName": bus, "Source": source, "DetailType": detail_type, "Detail": json.dumps(detail or {})}
            ]
        )
        return dict(answer)

    def messages(self, account: str, queue: str) -> list[dict[str, Any]]:
        sqs = self("sqs", account)
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        return list(answer.get("Messages", []))


@pytest.fixture
def aws(cloud: Instance) -> Aws:
    """The local cloud, spoken to by boto3."""
    return Aws(cloud)


def eventually[T](look: Callable[[], T], *, seconds: float = 20) -> T:
    """The first truthy answer of `look`; the last one when none comes, for the assertion to show."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.05)


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A state folder for an emulator of the test's own."""
    return tmp_path.resolve()
