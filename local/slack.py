"""A Slack that checks what it is sent, at `/_local/slack/api/<method>`; its page is `/_local/slack/`.

Evidence: docs.slack.dev, "Using the Slack Web API": the token is a bearer header (or a form field), the body JSON or a
form, and a refusal is HTTP 200 with `{"ok": false, "error": ...}`; "Rate limits": HTTP 429 with `Retry-After` seconds.
The errors are those of the methods' own pages; the limits of a message stand in `slack_limits.py`, and each other part
of Slack in a `slack_*.py` that names its evidence. Tokens are valid when they begin with `xoxb-local-`.

For tests and the demo:
- `GET /_local/slack/messages` is what was posted, ephemeral answers among it (`ephemeral_for` names who sees one;
  `?user=` leaves what that person sees);
- `GET /_local/slack/calls` is all that ever came from the app, refused or overwritten since or not: what must not leave
  the fleet must not be there;
- `POST /_local/slack/behave` makes it misbehave (`slack_behave.py`);
- `POST /_local/slack/command`, `click` and `submit` do what the page does (`slack_page.py`).
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from local import slack_page
from local.asgi import Receive, Scope, Send, header, query, read_body, send_json
from local.slack_limits import refusal
from local.slack_messages import channel_id, shown
from local.slack_people import BOT, BOT_USER, PEOPLE, TEAM, user
from local.slack_workspace import Workspace

PREFIX = "/_local/slack/"
_TOKEN = re.compile(r"xoxb-local-.+")
_JSON_FIELDS = ("blocks", "attachments", "metadata", "view")

type Answer = dict[str, Any]

_workspace = Workspace()


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a call of Slack's Web API, a response_url, the page, or a test."""
    path, body = scope["path"].removeprefix(PREFIX), await read_body(receive)
    if path == "messages":
        await _messages(query(scope), send)
    elif path == "calls":
        await send_json(send, 200, {"calls": list(_workspace.calls)})
    elif path == "behave":
        await _behave(scope, body, send)
    elif path.startswith("api/"):
        await _call(path.removeprefix("api/"), scope, body, send)
    elif path.startswith("hooks/"):
        await _hook(path.removeprefix("hooks/"), body, send)
    elif not await slack_page.serve(_workspace, path, scope, body, send):
        await send_json(send, 404, {"error": f"{scope['path']}: no such route"})


async def _messages(asked: dict[str, str], send: Send) -> None:
    since = asked.get("since") or "0"
    if not since.isdigit():
        await send_json(send, 400, {"error": f"since={since}: it is a number"})
        return
    await send_json(send, 200, {"messages": _workspace.board.since(int(since), asked.get("user", ""))})


async def _behave(scope: Scope, body: bytes, send: Send) -> None:
    if not slack_page.own(scope):
        await send_json(send, 403, {"error": "only the page and programs may ask that"})
        return
    try:
        _workspace.behaviour.wish(json.loads(body or b"{}"))
    except (ValueError, AttributeError, TypeError) as error:
        await send_json(send, 400, {"error": f"behave: {error}"})
        return
    _workspace.board.touch()
    await send_json(send, 200, _workspace.behaviour.told())


async def _hook(key: str, body: bytes, send: Send) -> None:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    _workspace.calls.append({"method": "response_url", "arguments": said})
    status, error = _workspace.hooks.respond(key, said, time.monotonic())
    await send_json(send, status, {"ok": not error, **({"error": error} if error else {})})


async def _call(method: str, scope: Scope, body: bytes, send: Send) -> None:
    try:
        arguments = _arguments(scope, body)
    except ValueError:
        await send_json(send, 200, _no("invalid_json"))
        return
    token = header(scope, "authorization").removeprefix("Bearer ").strip() or str(arguments.pop("token", ""))
    _workspace.calls.append({"method": method, "arguments": arguments})
    failure = _workspace.behaviour.failure()
    if failure:
        headers = {"retry-after": str(failure.retry_after)} if failure.status == 429 else {}
        word = failure.error or ("ratelimited" if headers else "internal_error")
        await send_json(send, failure.status, _no(word), headers)
        return
    answer = _answer(method, token, arguments)
    wait = answer.pop("retry_after", 0)
    await send_json(send, 429 if wait else 200, answer, {"retry-after": str(wait)} if wait else {})


def _arguments(scope: Scope, body: bytes) -> dict[str, Any]:
    if header(scope, "content-type").startswith("application/json"):
        arguments = json.loads(body or b"{}")
        if not isinstance(arguments, dict):
            raise ValueError("not an object")
    else:
        arguments = {**query(scope), **dict(parse_qsl(body.decode(), keep_blank_values=True))}
    for name in _JSON_FIELDS:  # a form carries these as JSON text, and JSON may
        if isinstance(arguments.get(name), str):
            try:
                arguments[name] = json.loads(arguments[name])
            except ValueError:
                continue  # left as text: refused with Slack's own word for it
    return arguments


def _answer(method: str, token: str, arguments: dict[str, Any]) -> Answer:
    if not token:
        return _no("not_authed")
    if not _TOKEN.fullmatch(token):
        return _no("invalid_auth")
    answer = _METHODS.get(method)
    return answer(arguments) if answer else _no("unknown_method", req_method=method)


def _no(error: str, **more: Any) -> Answer:
    return {"ok": False, "error": error, **more}


def _explained(error: str, messages: list[str]) -> Answer:
    return _no(error, **({"response_metadata": {"messages": messages}} if messages else {}))


def _test(_arguments: dict[str, Any]) -> Answer:
    return {
        "ok": True,
        "url": "https://yagura-local.slack.com/",
        "team": "Yagura local",
        "user": "yagura",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": False,
    }


def _refused(arguments: dict[str, Any]) -> Answer | None:
    asked = arguments.get("channel")
    key = channel_id(asked) if isinstance(asked, str) else ""
    missing = {each for name in _workspace.behaviour.missing_channels for each in (name, channel_id(name))}
    if not key or asked in missing or key in missing:
        return _no("channel_not_found")
    found = refusal(arguments)
    return _explained(*found) if found else None


def _post(arguments: dict[str, Any]) -> Answer:
    if refused := _refused(arguments):
        return refused
    wait = _workspace.behaviour.too_fast(channel_id(arguments["channel"]), time.monotonic())
    if wait:
        return _no("ratelimited", retry_after=wait)
    message = _workspace.board.post(arguments)
    return {"ok": True, "channel": message["channel_id"], "ts": message["ts"], "message": shown(message)}


def _post_ephemeral(arguments: dict[str, Any]) -> Answer:
    if refused := _refused(arguments):
        return refused
    if arguments.get("user") not in PEOPLE:
        return _no("user_not_in_channel")
    message = _workspace.board.post(arguments, ephemeral_for=arguments["user"])
    return {"ok": True, "message_ts": message["ts"]}


def _update(arguments: dict[str, Any]) -> Answer:
    if refused := _refused(arguments):
        return refused
    asked = arguments["channel"]
    if channel_id(asked) != asked:  # a name, or a person: it takes nothing but the id
        return _no("channel_not_found")
    message = _workspace.board.find(asked, str(arguments.get("ts")))
    if message is None or message["ephemeral_for"]:
        return _no("message_not_found")
    if message["by"] != "yagura":
        return _no("cant_update_message")
    _workspace.board.update(message, arguments)
    told = shown(message)
    return {"ok": True, "channel": message["channel_id"], "ts": message["ts"], "text": told["text"], "message": told}


def _user_info(arguments: dict[str, Any]) -> Answer:
    person = PEOPLE.get(str(arguments.get("user")))
    return {"ok": True, "user": user(person)} if person else _no("user_not_found")


def _open_view(arguments: dict[str, Any]) -> Answer:
    view, error, messages = _workspace.open_view(str(arguments.get("trigger_id", "")), arguments.get("view"))
    return {"ok": True, "view": view} if view else _explained(error, messages)


_METHODS: dict[str, Callable[[dict[str, Any]], Answer]] = {
    "auth.test": _test,
    "chat.postMessage": _post,
    "chat.postEphemeral": _post_ephemeral,
    "chat.update": _update,
    "users.info": _user_info,
    "views.open": _open_view,
}
