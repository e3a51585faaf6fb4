"""The function `desk` on one fake AWS and one fake Slack; and people who type, click and fill in forms."""

import copy
import hashlib
import itertools
import json
from typing import Any
from unittest.mock import patch

import msgspec
from slack_sdk.web.base_client import BaseClient

from fleet.items import Table
from functions.chatops import audit
from functions.chatops.audit import Anchor
from functions.chatops.message import Message
from functions.chatops.request import Answer, Request
from functions.chatops.store import Store, request_key
from tests.functions.chatops.core import FLEET, no_sleep
from tests.functions.chatops.deliveries import TEAM, delivery, strings
from tests.functions.chatops.outside import FakeSlack
from tests.functions.chatops.requests import NOW, SPOKE
from tests.functions.entry import batch, failures, load
from tests.layers.fleet.fakes import FakeDynamoDB, FakeQueue, FakeSecrets, KilledError, Steps

PUMP_QUEUE = "https://sqs.us-east-1.amazonaws.com/111111111111/yagura-chatops"
AIKO, BEN, DAI, CHIE = "U0AIKO00000", "U0BEN000000", "U0DAI000000", "U0CHIE00000"
EVE = "U0EVE000000"
"""Of the SRE team by Identity Center's word, found by her e-mail address: pinned nowhere."""
FAY = "U0FAY000000"
"""Pinned, and deactivated in Slack."""
STRANGER = "U0MALLORY00"
AIKO_AS_IAM = "arn:aws:sts::111111111111:assumed-role/operators/aiko"
BEN_AS_IAM = "arn:aws:sts::111111111111:assumed-role/operators/ben"
CONFIG: dict[str, Any] = msgspec.to_builtins(FLEET) | {
    "people": [
        {"id": "aiko", "slack": AIKO, "teams": ["sre"], "principals": [AIKO_AS_IAM]},
        {"id": "ben", "slack": BEN, "teams": ["sre"], "principals": [BEN_AS_IAM]},
        {"id": "dai", "slack": DAI, "teams": ["sre"]},
        {"id": "chie", "slack": CHIE, "teams": ["payments"]},
        {"id": "fay", "slack": FAY, "teams": ["payments"]},
    ],
    "identity_center": {"store": "d-1", "region": "us-east-1", "role": "arn:x", "groups": {"g-sre": "sre"}},
}
SHOWN = {"queue": "orders-dead-letters", "messages": [{"id": "m-1", "hash": "ab"}, {"id": "m-2", "hash": "cd"}]}
TABLE = [["id", "age"], ["m-1", "3 min"], ["m-2", "4 min"]]


class IdentityCenter:
    """Knows eve, and nobody else."""

    def get_user_id(self, **_: Any) -> dict[str, Any]:
        return {"UserId": "u-eve"}

    def is_member_in_groups(self, *, GroupIds: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Results": [{"GroupId": group, "MembershipExists": True} for group in GroupIds]}


class Slack(FakeSlack):
    """users.info and views.open."""

    def __init__(self, steps: Steps) -> None:
        super().__init__(steps, lambda: NOW)
        ids = (AIKO, BEN, DAI, CHIE, EVE, FAY, STRANGER)
        self.users: dict[str, dict[str, Any]] = {
            id_: {"id": id_, "team_id": TEAM, "deleted": id_ == FAY, "profile": {}} for id_ in ids
        }
        self.users[EVE]["profile"] = {"email": "eve@example.com"}
        self.views: list[dict[str, Any]] = []

    def _answer(self, method: str, said: dict[str, Any]) -> str:
        if method == "users.info":
            user = self.users.get(said["user"])
            return json.dumps({"ok": True, "user": user} if user else {"ok": False, "error": "user_not_found"})
        assert method == "views.open", method
        view = said["view"]
        self.views.append(json.loads(view) if isinstance(view, str) else view)
        return json.dumps({"ok": True})

    def fails_for_views(self, error: str) -> None:
        self.trouble = lambda method, _said: (error, 200, False) if method == "views.open" else None


class Sqs:
    """The dead letters, and the queue that wakes the pump."""

    def __init__(self, steps: Steps) -> None:
        self.dead, self.pump = FakeQueue(steps), FakeQueue(steps)

    def send_message(self, **message: Any) -> dict[str, Any]:
        queue = self.pump if message["QueueUrl"] == PUMP_QUEUE else self.dead
        return queue.send_message(**message)


class NoAnchors:
    """An archive that has none yet."""

    def since(self, _hour: str) -> list[Anchor]:
        return []

    def last(self, _most: int) -> list[Anchor]:
        return []


class Desk:
    """The desk as deployed; `now` moves by hand."""

    def __init__(self) -> None:
        self.now = NOW
        self.steps = Steps()
        self.dynamodb, self.sqs, self.slack = FakeDynamoDB(self.steps), Sqs(self.steps), Slack(self.steps)
        client: Any = self.dynamodb
        self.table = Table(client, "yagura-chatops")
        self.store = Store(self.table, sleep=no_sleep)
        self.desk: Any = load(
            "chatops.desk",
            clients={"dynamodb": self.dynamodb, "sqs": self.sqs, "secretsmanager": FakeSecrets("xoxb-1")},
            config=CONFIG,
            environment={
                "YAGURA_SLACK_SECRET": "yagura/slack",
                "YAGURA_SLACK_API": "http://slack.test/api/",
                "YAGURA_PUMP_QUEUE": PUMP_QUEUE,
                "YAGURA_ARCHIVE_ROLE": "arn:aws:iam::333333333333:role/yagura/archive",
                "YAGURA_ARCHIVE_REGION": "us-east-1",
                "YAGURA_ARCHIVE_BUCKET": "anchors",
            },
        )
        self.desk.directory._identity = lambda _center: IdentityCenter()
        self.desk.directory._sleep = self.desk.store._sleep = no_sleep
        self.desk.inquiries._archive = NoAnchors()
        self._numbers = itertools.count(1)

    def reset(self, items: dict[str, dict[str, Any]]) -> None:
        """A new process, and the table as it was."""
        self.now, self._numbers = NOW, itertools.count(1000)
        self.dynamodb.items = copy.deepcopy(items)
        for kept in (self.dynamodb.written, self.dynamodb.transactions, self.sqs.pump.messages, self.steps.names):
            kept.clear()
        self.desk.decisions.told()

    def take(self, *bodies: str, receives: int = 1) -> list[str]:
        """A batch of the queue; the ids of what failed."""

        def request(client: BaseClient, url: str, req: Any) -> dict[str, Any]:
            return self.slack.request(client, url, req)

        with (
            patch.object(BaseClient, "_perform_urllib_http_request_internal", request),
            patch("fleet.clock.now_ms", lambda: self.now),
        ):
            return failures(self.desk.handler(batch(*bodies, receives=receives), None))

    def killed_at(self, step: int, body: str) -> None:
        """As a function that dies after so many steps, if it takes as many."""
        self.steps.kill_at = self.steps.taken + step
        try:
            self.take(body)
        except KilledError:
            # The next one is a new process.
            self.desk.decisions.told()
        self.steps.kill_at = None

    # What people do: each gives the id of its delivery.

    def types(self, user: str, text: str, **about: Any) -> str:
        return self.sends(user=user, text=text, **about)

    def clicks(self, user: str, action: str, value: str, **about: Any) -> str:
        known = {"kind": "action", "action": action, "value": value, "trigger_id": "4.5.6", "message_ts": "17.1"}
        return self.sends(user=user, **known, **about)

    def fills_in(self, user: str, value: str, words: str, **about: Any) -> str:
        """The form for breaking the glass; it brings no response_url."""
        known = {"kind": "view", "action": "break_glass", "value": value, "input": words, "response_url": ""}
        return self.sends(user=user, **known, channel="", **about)

    def asks(self, principal: str, text: str, **about: Any) -> str:
        """With fleetctl."""
        known = {"via": "iam", "principal": principal, "text": text, "team": "", "channel": "", "response_url": ""}
        return self.sends(**known, user="", **about)

    def sends(self, **about: Any) -> str:
        """One delivery, taken without a failure."""
        body = self.written(**about)
        assert self.take(body) == []
        return str(json.loads(body)["id"])

    def written(self, **about: Any) -> str:
        """A delivery as the ingress puts it on the queue; each is another one."""
        id_ = hashlib.sha256(str(next(self._numbers)).encode()).hexdigest()
        return delivery(**({"id": id_, "received": self.now} | about))

    # What stands in the table.

    def requests(self) -> list[Request]:
        """All requests, in the order of their making."""
        items = [item for pk, item in self.dynamodb.items.items() if pk.startswith("request#")]
        return [msgspec.json.decode(item["request"]["S"], type=Request) for item in items]

    def only(self) -> Request:
        (request,) = self.requests()
        return request

    def request(self, request_id: str) -> Request:
        kept = self.store.request(request_id)
        assert kept is not None
        return kept.request

    def trail(self) -> list[audit.Entry]:
        """The whole chain, which is intact."""
        head = self.store.head()
        records = list(self.store.records(1, head.seq))
        assert audit.verify(records, end=head).intact
        return [record.entry for record in records]

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.trail()]

    def events(self, request_id: str) -> list[str]:
        """What goes out about a request."""
        return [each["detail_type"] for each in (self.table.get(request_key(request_id)) or {}).get("outbox", [])]

    def drafts(self) -> dict[str, Message]:
        """Messages that wait to be told, by their subject; the last version of each."""
        found = [item["message"]["S"] for pk, item in self.dynamodb.items.items() if pk.startswith("draft#")]
        messages = [msgspec.json.decode(text, type=Message) for text in found]
        return {each.subject: each for each in sorted(messages, key=lambda one: one.version)}

    def told(self, delivery_id: str) -> str:
        """What one person is answered; empty if nothing."""
        if found := self.table.get(f"reply#{delivery_id}"):
            return "\n".join(found["texts"])
        message = self.drafts().get(f"reply#{delivery_id}")
        return message.text if message else ""

    def woken(self) -> list[str]:
        return [json.loads(message["MessageBody"])["pump"] for message in self.sqs.pump.messages]

    def everything(self) -> str:
        """All that was ever written, as it reads."""
        return "\n".join(strings(self.dynamodb.written))

    # Scenes

    def peeked(self, user: str = AIKO, *, channel: str = "C0SRE000000") -> Request:
        """A look into a queue of the spoke that has been answered."""
        self.types(user, "queues peek spoke orders-dead-letters", channel=channel)
        request = self.requests()[-1]
        self.answers(request)
        return self.request(request.id)

    def answers(self, request: Request, **changes: Any) -> None:
        """As its capability's event."""
        known: dict[str, Any] = {"outcome": "done", "headline": "2", "at": self.now, "table": TABLE, "shown": SHOWN}
        answer = Answer(**(known | changes))
        self.desk.decisions.answer(request.id, SPOKE, answer, actor="yagura.operations", via="event:e", now=self.now)
        self.desk.decisions.told()

    def redriven(self, user: str = AIKO) -> Request:
        """A redrive of what was shown, which waits for somebody."""
        shown = self.peeked(user)
        self.types(user, f"queues redrive {shown.id}")
        return self.requests()[-1]
