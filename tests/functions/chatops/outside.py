"""What notify speaks to, in memory: Slack behind slack-sdk's HTTP layer, plain POSTs, secrets and queues."""

import email.message
import io
import itertools
import json
import urllib.error
import urllib.parse
from collections.abc import Callable
from typing import Any

from slack_sdk.web.base_client import BaseClient

from fleet.posting import Answer, UnreachableError
from tests.layers.fleet.fakes import FakeQueue, FakeSecrets, Steps

PUMP_QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/yagura-chatops"
KEY = "0123456789abcdef0123456789abcdef"


class FakeSlack:
    """chat.postMessage and chat.update: what stands in each channel; and what else it is told to answer."""

    def __init__(self, steps: Steps, now: Callable[[], int]) -> None:
        self.steps, self.now = steps, now
        self.calls: list[tuple[str, dict[str, Any], int]] = []
        """Method, arguments and time of each call, whatever became of it."""
        self.shown: dict[tuple[str, str], dict[str, Any]] = {}
        """By channel id and ts."""
        self.tokens: list[str] = []
        self.status, self.headers = 200, dict[str, str]()
        self.body: str | None = None
        self.error: Exception | None = None
        self.trouble: Callable[[str, dict[str, Any]], tuple[str, int, bool] | Exception | None] = lambda *_: None
        """(word, status, whether it takes the message all the same), or an exception after it has taken it."""
        self._sequence = itertools.count(1)
        self._ids: dict[str, str] = {}

    def says(self, error: str, status: int = 200, **headers: str) -> None:
        self.status, self.body = status, json.dumps({"ok": False, "error": error})
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def works(self) -> None:
        self.status, self.body, self.error, self.headers = 200, None, None, {}
        self.trouble = lambda *_: None

    def id_of(self, channel: str) -> str:
        if not channel.startswith("#"):
            return channel
        return self._ids.setdefault(channel, f"C{len(self._ids):08d}")

    def request(self, _client: BaseClient, url: str, req: Any) -> dict[str, Any]:
        method = url.removeprefix("http://slack.test/api/")
        return self.steps.call("Slack", lambda: self._request(method, req))

    def _request(self, method: str, req: Any) -> dict[str, Any]:
        said = _said(req)
        self.calls.append((method, said, self.now()))
        self.tokens.append(req.headers["Authorization"])
        if self.error:
            raise self.error
        trouble = self.trouble(method, said)
        if trouble is None or isinstance(trouble, Exception) or trouble[2]:
            answer = self.body or self._answer(method, said)
        if isinstance(trouble, Exception):
            raise trouble
        if trouble:
            return self._http(trouble[1], json.dumps({"ok": False, "error": trouble[0]}))
        return self._http(self.status, answer)

    def _http(self, status: int, body: str) -> dict[str, Any]:
        headers = email.message.Message()
        for name, value in self.headers.items():
            headers[name] = value
        if status >= 400:
            raise urllib.error.HTTPError("http://slack.test", status, "", headers, io.BytesIO(body.encode()))
        return {"status": status, "headers": headers, "body": body}

    def _answer(self, method: str, said: dict[str, Any]) -> str:
        if method == "chat.update":
            place, ts = said["channel"], said["ts"]
            if (place, ts) not in self.shown:
                return json.dumps({"ok": False, "error": "message_not_found"})
        else:
            assert method == "chat.postMessage", method
            place, ts = self.id_of(said["channel"]), f"1.{next(self._sequence)}"
        self.shown[place, ts] = said
        return json.dumps({"ok": True, "channel": place, "ts": ts})

    @property
    def posts(self) -> list[dict[str, Any]]:
        return [said for method, said, _ in self.calls if method == "chat.postMessage"]

    @property
    def texts(self) -> list[str]:
        """What people see, oldest first."""
        return [said["text"] for said in self.shown.values()]


def _said(req: Any) -> dict[str, Any]:
    if req.headers["Content-type"].startswith("application/json"):
        said: dict[str, Any] = json.loads(req.data)
        return said
    return dict(urllib.parse.parse_qsl(req.data.decode()))


class FakeWeb:
    """What answers to plain POSTs: response_urls and PagerDuty."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.replies: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.answer: Answer | None = None
        self.error: UnreachableError | None = None

    def post(self, url: str, document: Any, *, timeout: float = 10) -> Answer:
        assert timeout <= 10
        return self.steps.call("Post", lambda: self._post(url, document))

    def _post(self, url: str, document: Any) -> Answer:
        if self.error:
            raise self.error
        pagerduty = url == "http://pagerduty.test/v2/enqueue"
        assert pagerduty or url.startswith("http://hooks.test/hooks/")
        if self.answer is None:
            (self.events if pagerduty else self.replies).append(document)
        return self.answer or Answer(202 if pagerduty else 200, "ok", 0)


class RoutingKeys(FakeSecrets):
    """Secrets Manager: Slack's token, and the versions of the routing keys."""

    def __init__(self) -> None:
        super().__init__("xoxb-1")
        self.versions: dict[str, str] = {"v1": json.dumps({"PFRONT1": KEY, "PBILL01": KEY[::-1]})}
        self.current = "v1"

    def get_secret_value(self, *, SecretId: str, VersionId: str = "") -> dict[str, Any]:  # noqa: N803
        if SecretId == "yagura/slack":
            return super().get_secret_value(SecretId=SecretId)
        assert SecretId == "yagura/pagerduty"
        version = VersionId or self.current
        if version not in self.versions:
            raise FakeSecrets.exceptions.ResourceNotFoundException
        return {"SecretString": self.versions[version], "VersionId": version}


class Queues:
    """SQS: the dead letters, and notify's own queue, whose messages come when their delay is over."""

    def __init__(self, steps: Steps, now: Callable[[], int]) -> None:
        self.dead, self.own, self.now = FakeQueue(steps), FakeQueue(steps), now
        self.waiting: list[tuple[int, int, str]] = []
        self._sequence = itertools.count()

    def send_message(self, **message: Any) -> dict[str, Any]:
        if message["QueueUrl"] != PUMP_QUEUE:
            return self.dead.send_message(**message)
        assert 0 <= message["DelaySeconds"] <= 900
        assert isinstance(message["DelaySeconds"], int)
        answer = self.own.send_message(**message)
        self.put(message["MessageBody"], message["DelaySeconds"] * 1000)
        return answer

    def put(self, body: str, after_ms: int = 0) -> None:
        self.waiting.append((self.now() + after_ms, next(self._sequence), body))
