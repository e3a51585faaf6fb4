"""What Slack sends to the app: signed, once or as often as wished, with three seconds for the answer.

Evidence: docs.slack.dev, "Verifying requests from Slack": `v0=` and the hex HMAC-SHA256 of `v0:<timestamp>:<body>`
under the signing secret, in X-Slack-Signature beside X-Slack-Request-Timestamp; "Slash commands" and "Handling user
interaction": an app that does not answer 2xx within 3,000 ms has failed, and the person reads `operation_timeout`.
The request URL is the one that `POST /_local/slack/app` set, else the deployed HTTP API `yagura-chatops`.
"""

import asyncio
import hashlib
import hmac
import os
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from local.slack_behave import Manner

SIGNING_SECRET = "local-signing-secret"  # noqa: S105 - the local cloud's only, and known to everyone
API_NAME, ROUTE = "yagura-chatops", "/slack"
_HUB, _REGION = "111111111111", "us-east-1"
_SECONDS, _TOO_OLD = 3.0, 301
_OWN_HOSTS = ("127.0.0.1", "localhost")

# Threads of its own: the app answers from the same process, and must find threads left to do so.
_threads = ThreadPoolExecutor(32, thread_name_prefix="slack-out")


class Answer(NamedTuple):
    """What the app said; `error` when it was not what Slack wants, or came too late."""

    status: int
    body: bytes
    milliseconds: int
    error: str


class RequestUrl:
    """Where the app is."""

    def __init__(self) -> None:
        self._set = ""

    def set(self, url: str) -> None:
        """Send there from now on; to the deployed API again when empty. Raises ValueError for another machine."""
        parts = urlsplit(url)
        own = parts.hostname in _OWN_HOSTS or str(parts.hostname).endswith(".localhost")
        if url and not (parts.scheme == "http" and parts.port and own):
            raise ValueError("request_url is http://, an address of this machine, and its port")
        self._set = url

    def get(self) -> str:
        """The request URL; empty when there is no app."""
        return self._set or _deployed()


def _deployed() -> str:
    """The address of the hub's HTTP API, by the emulator's path for its data plane."""
    from ministack.core.responses import request_scope
    from ministack.services import apigateway

    with request_scope(_HUB, _REGION):
        for key in apigateway._apis:
            if apigateway._apis[key].get("name") == API_NAME:
                stages = list(apigateway.stages_for_api(key)) or ["$default"]
                port = os.environ.get("GATEWAY_PORT", "4566")
                return f"http://127.0.0.1:{port}/_aws/execute-api/{key}/{stages[0]}{ROUTE}"
    return ""


def signed(body: bytes, now: int, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """The headers with which Slack sends a body."""
    digest = hmac.new(secret.encode(), f"v0:{now}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": str(now),
        "X-Slack-Signature": f"v0={digest}",
    }


class Sender:
    """Sends to the app, and remembers how it went."""

    def __init__(self) -> None:
        self.deliveries: deque[dict[str, Any]] = deque(maxlen=200)

    async def send(self, url: str, body: bytes, manner: Manner, told: Mapping[str, str]) -> Answer:
        """Deliver in this manner; the app's first answer. `told` goes into the record beside the outcome."""
        if manner.deliver == "late":
            await asyncio.sleep(manner.seconds)
        now = int(time.time()) - (_TOO_OLD if manner.deliver == "old_timestamp" else 0)
        headers = signed(body, now, "another-secret" if manner.deliver == "bad_signature" else SIGNING_SECRET)
        times = 2 if manner.deliver == "twice" else 1
        answers = await asyncio.gather(*(_attempt(url, body, headers) for _ in range(times)))
        for answer in answers:
            outcome = {"status": answer.status, "milliseconds": answer.milliseconds, "error": answer.error}
            self.deliveries.append({**told, "deliver": manner.deliver, "time": int(time.time() * 1000), **outcome})
        return answers[0]


async def _attempt(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    started = time.monotonic()
    loop = asyncio.get_running_loop()
    try:
        # Slack waits three seconds for the whole answer, however slowly it drips.
        status, answer = await asyncio.wait_for(loop.run_in_executor(_threads, _post, url, body, headers), _SECONDS)
    except (TimeoutError, OSError, HTTPException):
        status, answer = 0, b""
    error = "" if 200 <= status < 300 else "operation_timeout"
    return Answer(status, answer, round((time.monotonic() - started) * 1000), error)


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=_SECONDS)
    try:
        connection.request("POST", parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(1_000_000)
    finally:
        connection.close()
