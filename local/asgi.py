"""The few lines of ASGI that the wrapper's own routes need: read a body, answer JSON."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

type Scope = dict[str, Any]
type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]


async def read_body(receive: Receive) -> bytes:
    """The whole request body."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def send_json(send: Send, status: int, answer: object, headers: Mapping[str, str] | None = None) -> None:
    """Answer with a JSON document."""
    sent = {"content-type": "application/json; charset=utf-8", **(headers or {})}
    pairs = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def query(scope: Scope) -> dict[str, str]:
    """The query string; of a repeated name the last value."""
    return dict(parse_qsl(scope.get("query_string", b"").decode(), keep_blank_values=True))


def header(scope: Scope, name: str) -> str:
    """A request header, or the empty string."""
    wanted = name.lower().encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted), "")
