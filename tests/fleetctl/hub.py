"""A hub in memory, as fleetctl meets it: its table, its API, its people; a clock that only sleeping moves."""

import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from botocore.credentials import Credentials
from typer.testing import CliRunner, Result

from fleet.items import Table as ItemTable
from fleet.items import to_dynamodb
from fleetctl import audit as audit_commands
from fleetctl import commands, freeze, hub_api, secrets, sessions
from fleetctl.callers import Caller
from fleetctl.following import Follower
from fleetctl.main import app
from fleetctl.plain import fail
from functions.chatops.archive import key as object_of
from functions.chatops.audit import Anchor, Record
from functions.chatops.intake import from_operator
from functions.chatops.request import Answer, Request, Target
from functions.chatops.store import HEAD, Store, audit_key, flat
from stacks.config.load import load
from stacks.config.model import Account
from tests.fleetctl.chains import head_of, line
from tests.layers.fleet.fakes import client_error

ARN = "arn:aws:sts::111111111111:assumed-role/operator/aiko"
DELIVERY = "d" * 64
NOW = 1_795_000_000.0
SPOKE = Target("222222222222", "us-east-1")


class Table:
    """GetItem and BatchGetItem of one table."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.error: Exception | None = None
        self.reads: list[str] = []

    def put(self, **item: Any) -> None:
        self.items[item["pk"]] = to_dynamodb(item)

    def keep(self, records: Sequence[Record]) -> None:
        """A chain, and its head."""
        head = head_of(records)
        self.put(pk=HEAD, seq=head.seq, hash=head.hash, at=head.at)
        for record in records:
            text = line(record).removeprefix(b'{"entry":').partition(b',"hash":"')[0].decode()
            self.put(pk=audit_key(record.entry.seq), entry=text, hash=record.hash)

    def get_item(self, *, TableName: str, Key: dict[str, Any], ConsistentRead: bool = False) -> dict[str, Any]:  # noqa: N803
        assert TableName == "yagura-chatops"
        self.reads.append(Key["pk"]["S"])
        if self.error:
            raise self.error
        found = self.items.get(Key["pk"]["S"])
        return {"Item": found} if found else {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        keys = [each["pk"]["S"] for each in RequestItems["yagura-chatops"]["Keys"]]
        assert len(keys) <= 100
        if self.error:
            raise self.error
        return {"Responses": {"yagura-chatops": [self.items[each] for each in keys if each in self.items]}}


class Bucket:
    """Objects of a versioned bucket, each written once."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def keep(self, anchors: Sequence[Anchor]) -> None:
        self.objects |= {object_of(each.hour): msgspec.json.encode(each) for each in anchors}

    def get_paginator(self, operation: str) -> "Bucket":
        assert operation == "list_object_versions"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        assert Bucket == "yagura-audit-444444444444-us-east-1"
        at = datetime(2026, 11, 23, tzinfo=UTC)
        return [{"Versions": [{"Key": each, "VersionId": "1", "LastModified": at} for each in self.objects]}]

    def get_object(self, *, Bucket: str, Key: str, VersionId: str) -> dict[str, Any]:  # noqa: N803
        assert (Bucket, VersionId) == ("yagura-audit-444444444444-us-east-1", "1")
        return {"Body": io.BytesIO(self.objects[Key])}


class Answered:
    """What an HTTP server says."""

    def __init__(self, status: int, body: object) -> None:
        self.status_code, self.content = status, json.dumps(body).encode()


class Hub:
    """What fleetctl's commands talk to."""

    def __init__(self) -> None:
        self.table, self.bucket = Table(), Bucket()
        self.clients: dict[str, Any] = {"dynamodb": self.table, "s3": self.bucket, "apigatewayv2": self}
        self.now = NOW
        self.asked: list[tuple[str, str | None]] = []
        """Each command, and as whom."""
        self.sent: list[Any] = []
        self.status: int | Exception = 202
        self.later: dict[float, Callable[[], object]] = {}
        """What happens, and after how many seconds."""
        self.apis: list[dict[str, str]] = [
            {"Name": "other", "ApiId": "x", "ApiEndpoint": "https://x.example"},
            {"Name": "yagura-chatops", "ApiId": "a1", "ApiEndpoint": "https://a1.execute-api.example"},
        ]
        self.frozen: list[tuple[str, dict[str, Any]]] = []
        self.unreachable: set[str] = set()
        self.reached: list[tuple[str, str]] = []
        """Of which service a client was made, and in which account."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> "Hub":
        hub = self

        class Fleet:
            """As fleetctl.sessions.Fleet, of the local cloud's configuration."""

            def __init__(self, *, local: bool) -> None:
                self.local = local
                self.config = load(sessions.ROOT, "local/fleet.yaml", substitutions={"port": "4566"})

            accounts: Any = sessions.Fleet.accounts
            name_of: Any = sessions.Fleet.name_of

            def client(self, service: str, account: Account, **through: Any) -> Any:
                if account.name in hub.unreachable:
                    fail(f"{account.name}: no way there")
                hub.reached.append((service, account.name))
                return hub.for_account(account) if service == "ssm" else hub.clients[service]

            def caller(self, person: str | None) -> Caller:
                hub.person = person
                return Caller(
                    arn=ARN,
                    region="us-east-1",
                    credentials=Credentials("111111111111", "test", "token"),
                    connect=lambda service: hub.clients[service],
                )

        for module in (audit_commands, commands, freeze, secrets):
            monkeypatch.setattr(module, "Fleet", Fleet)
        monkeypatch.setattr(hub_api, "URLLib3Session", lambda timeout: hub)
        monkeypatch.setattr(hub_api, "time", SimpleNamespace(sleep=self.sleep))
        monkeypatch.setattr(
            commands, "Follower", lambda client: Follower(client, sleep=self.sleep, clock=lambda: self.now)
        )
        return self

    person: str | None = None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for at in [each for each in self.later if NOW + each <= self.now]:
            self.later.pop(at)()

    def send(self, request: Any) -> Answered:
        """POST /fleetctl."""
        self.sent.append(request)
        if isinstance(self.status, Exception):
            raise self.status
        if self.status == 202:
            delivery = from_operator(request.body, principal=ARN, received=0)  # as the ingress reads it
            self.asked.append((str(delivery["text"]), self.person))
            return Answered(202, {"id": DELIVERY})
        return Answered(self.status, {"message": "no"})

    def get_paginator(self, operation: str) -> "Hub":
        assert operation == "get_apis"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Items": [api]} for api in self.apis]

    def for_account(self, account: Account) -> "Parameters":
        return Parameters(self, account.name)

    def reply(self, *texts: str, request: str = "", refused: bool = False) -> None:
        client: Any = self.table
        put = Store(ItemTable(client, "yagura-chatops")).reply_item(
            DELIVERY, texts, request, int(NOW * 1000), refused=refused
        )["Put"]
        self.table.items[put["Item"]["pk"]["S"]] = put["Item"]

    def request(self, **changes: Any) -> Request:
        made = msgspec.structs.replace(request(), **changes)
        self.table.put(**flat(made))
        return made


class Parameters:
    """PutParameter of Systems Manager, in one account."""

    def __init__(self, hub: Hub, account: str) -> None:
        self._hub, self._account = hub, account

    def put_parameter(self, **parameter: Any) -> None:
        if f"{self._account} denied" in self._hub.unreachable:
            raise client_error("AccessDenied", "PutParameter")
        self._hub.frozen.append((self._account, parameter))


def request(**changes: Any) -> Request:
    """A redrive that waits for one other person."""
    made = Request(
        id="r-0123456789",
        capability="operations",
        command="queues redrive",
        arguments={},
        arguments_hash="h",
        targets=[SPOKE],
        tier=1,
        requester="aiko",
        via=f"iam:{ARN}",
        headline="queues redrive in local-spoke",
        teams=["sre"],
        approvers=["aiko", "ben"],
        policy="p",
        created=int(NOW * 1000),
        expires_at=int(NOW * 1000) + 8 * 3_600_000,
    )
    return msgspec.structs.replace(made, **changes)


def answer(outcome: Any = "done", headline: str = "3 messages are back", **more: Any) -> dict[str, Answer]:
    return {str(SPOKE): Answer(outcome=outcome, headline=headline, at=int(NOW * 1000), **more)}


def run(*words: str, stdin: str | bytes = "") -> Result:
    """`fleetctl` with these words."""
    result = CliRunner().invoke(app, list(words), input=stdin, env={"COLUMNS": "200"})
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), result.exception
    return result
