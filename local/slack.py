"""A Slack that checks what it is sent, at `/_local/slack/api/<method>`.

Evidence: docs.slack.dev, "Using the Slack Web API": the token is a bearer header (or a form field), the body JSON or a
form, and a refusal is HTTP 200 with `{"ok": false, "error": ...}`; "Rate limits": HTTP 429 with `Retry-After` seconds.
The errors are those of the methods' own pages; the limits of a message stand in `slack_limits.py`.

For tests and the demo: `GET /_local/slack/messages` is what was posted; `POST /_local/slack/behave` with
`{"next": 2, "error": "ratelimited", "status": 429, "retry_after": 1}` makes the next calls fail, and
`{"missing_channels": ["C0MISSING00"]}` makes channels unknown. Tokens are valid when they begin with `xoxb-local-`.
"""

import itertools
import json
import re
import time
from typing import Any
from urllib.parse import parse_qsl

from local.asgi import Receive, Scope, Send, header, query, read_body, send_json
from local.slack_limits import refusal

_PREFIX = "/_local/slack/"
_CHANNEL = re.compile(r"[CGDU][A-Z0-9]{6,}|#?[a-z0-9][a-z0-9._-]{0,79}")
_BOT = "B0YAGURA000"
_TOKEN = re.compile(r"xoxb-local-.+")

_messages: list[dict[str, Any]] = []
_failures: list[dict[str, Any]] = []
_missing_channels: set[str] = set()
_count = itertools.count(1)


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a call of Slack's Web API, or of a test."""
    path, body = scope["path"].removeprefix(_PREFIX), await read_body(receive)
    if path == "messages":
        since = int(query(scope).get("since") or 0)
        await send_json(send, 200, {"messages": [each for each in _messages if each["seq"] > since]})
    elif path == "behave":
        await _behave(body, send)
    elif path.startswith("api/"):
        await _call(path.removeprefix("api/"), scope, body, send)
    else:
        await send_json(send, 404, {"error": f"{scope['path']}: no such route"})


async def _behave(body: bytes, send: Send) -> None:
    try:
        wish = json.loads(body or b"{}")
        failure = {
            "error": wish.get("error", ""),
            "status": int(wish.get("status", 200)),
            "retry_after": int(wish.get("retry_after", 1)),
        }
        _failures[:] = [failure] * int(wish.get("next", 0))
    except (ValueError, AttributeError, TypeError) as error:
        await send_json(send, 400, {"error": f"behave: {error}"})
        return
    _missing_channels.clear()
    _missing_channels.update(wish.get("missing_channels") or [])
    await send_json(send, 200, {"next": len(_failures), "missing_channels": sorted(_missing_channels)})


async def _call(method: str, scope: Scope, body: bytes, send: Send) -> None:
    if _failures:
        failure = _failures.pop(0)
        headers = {"retry-after": str(failure["retry_after"])} if failure["status"] == 429 else {}
        answer = {"ok": False, "error": failure["error"] or ("ratelimited" if headers else "internal_error")}
        await send_json(send, failure["status"], answer, headers)
        return
    try:
        arguments = _arguments(scope, body)
    except ValueError:
        await send_json(send, 200, {"ok": False, "error": "invalid_json"})
        return
    await send_json(send, 200, _answer(method, header(scope, "authorization"), arguments))


def _arguments(scope: Scope, body: bytes) -> dict[str, Any]:
    if header(scope, "content-type").startswith("application/json"):
        arguments = json.loads(body or b"{}")
        if not isinstance(arguments, dict):
            raise ValueError("not an object")
        return arguments
    arguments = {**query(scope), **dict(parse_qsl(body.decode(), keep_blank_values=True))}
    for name in ("blocks", "attachments", "metadata"):  # a form carries these as JSON text
        if name in arguments:
            try:
                arguments[name] = json.loads(arguments[name])
            except ValueError:
                continue  # left as text: refused with Slack's own word for it
    return arguments


def _answer(method: str, authorization: str, arguments: dict[str, Any]) -> dict[str, Any]:
    token = authorization.removeprefix("Bearer ").strip() or str(arguments.pop("token", ""))
    if not token:
        return {"ok": False, "error": "not_authed"}
    if not _TOKEN.fullmatch(token):
        return {"ok": False, "error": "invalid_auth"}
    if method == "auth.test":
        return {
            "ok": True,
            "url": "https://yagura-local.slack.com/",
            "team": "Yagura local",
            "user": "yagura",
            "team_id": "T0LOCAL0000",
            "user_id": "U0YAGURA000",
            "bot_id": _BOT,
            "is_enterprise_install": False,
        }
    if method == "chat.postMessage":
        return _post(arguments)
    if method == "chat.update":
        return _update(arguments)
    return {"ok": False, "error": "unknown_method", "req_method": method}


def _refused(arguments: dict[str, Any]) -> dict[str, Any] | None:
    channel = arguments.get("channel")
    if not isinstance(channel, str) or not _CHANNEL.fullmatch(channel) or channel in _missing_channels:
        return {"ok": False, "error": "channel_not_found"}
    found = refusal(arguments)
    if found is None:
        return None
    error, messages = found
    return {"ok": False, "error": error, **({"response_metadata": {"messages": messages}} if messages else {})}


def _post(arguments: dict[str, Any]) -> dict[str, Any]:
    if refused := _refused(arguments):
        return refused
    sequence = next(_count)
    message = {**arguments, "seq": sequence, "ts": f"{int(time.time())}.{sequence:06d}"}
    _messages.append(message)
    shown = {"type": "message", "text": arguments.get("text", ""), "ts": message["ts"], "bot_id": _BOT}
    return {"ok": True, "channel": arguments["channel"], "ts": message["ts"], "message": shown}


def _update(arguments: dict[str, Any]) -> dict[str, Any]:
    if refused := _refused(arguments):
        return refused
    for message in _messages:
        if message["ts"] == arguments.get("ts") and message["channel"] == arguments["channel"]:
            message.update(arguments)
            return {"ok": True, "channel": message["channel"], "ts": message["ts"], "text": message.get("text", "")}
    return {"ok": False, "error": "message_not_found"}
