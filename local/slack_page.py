"""The fake Slack as a web page, `/_local/slack/`, and what it asks for; tests and the demo ask for the same.

- `GET state?user=U..&version=n`: what this person sees, or only the version when nothing has changed since;
- `POST command {"user", "text", "channel"}`, `POST click {"user", "ts", "action_id"}` with `value` and `channel` if
  wanted, `POST submit {"user", "view_id", "values": {<action_id>: <text>}}`, `POST dismiss {"user", "view_id"}`;
- `POST app {"request_url": "..."}`: where the app is, when it is not the deployed one; `GET deliveries`.

The texts come from anywhere: the page makes no markup of them, and its Content-Security-Policy runs nothing but its
own script. No other page of the browser may use these routes: whoever presses a button here approves something.
"""

import base64
import hashlib
import json
import re
import secrets
from functools import cache
from pathlib import Path
from typing import Any

from local.asgi import Scope, Send, header, query, send_json
from local.slack_people import PEOPLE
from local.slack_workspace import UnknownError, Workspace

_FILE = Path(__file__).with_name("slack_page.html")
_MOST_MESSAGES = 400
# A page that outlives a restart of the emulator must see that everything is new.
_START = secrets.token_hex(4)
_OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?")


async def serve(workspace: Workspace, path: str, scope: Scope, body: bytes, send: Send) -> bool:
    """Answer the page; False when the path is none of its own."""
    if path not in ("", "state", "deliveries", *_POSTS):
        return False
    if not own(scope):
        await send_json(send, 403, {"error": "only this page may ask that"})
    elif path == "":
        await _page(send)
    elif path == "state":
        asked = query(scope)
        await send_json(send, 200, _state(workspace, asked.get("user", ""), asked.get("version", "")))
    elif path == "deliveries":
        await send_json(send, 200, {"deliveries": list(workspace.sender.deliveries)})
    elif scope["method"] != "POST":
        await send_json(send, 405, {"error": f"POST {scope['path']}"})
    else:
        await _do(workspace, path, body, send)
    return True


def own(scope: Scope) -> bool:
    """Whether this comes from the page itself, or from no browser; a name that somebody points here is refused too."""
    site = header(scope, "sec-fetch-site")
    return site in ("", "same-origin", "none") and bool(_OWN_HOST.fullmatch(header(scope, "host")))


async def _do(workspace: Workspace, path: str, body: bytes, send: Send) -> None:
    try:
        asked = json.loads(body)
        answer = await _POSTS[path](workspace, asked)
    except UnknownError as error:
        await send_json(send, 404, {"error": str(error)})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        await send_json(send, 400, {"error": f"{path}: {error!r}"})
    else:
        await send_json(send, 200, answer)


async def _command(workspace: Workspace, asked: dict[str, Any]) -> dict[str, Any]:
    return await workspace.type(str(asked["user"]), str(asked["channel"]), str(asked["text"]))


async def _click(workspace: Workspace, asked: dict[str, Any]) -> dict[str, Any]:
    value = asked.get("value")
    return await workspace.click(
        str(asked["user"]),
        str(asked.get("channel") or ""),
        str(asked["ts"]),
        str(asked["action_id"]),
        None if value is None else str(value),
    )


async def _submit(workspace: Workspace, asked: dict[str, Any]) -> dict[str, Any]:
    typed = {str(name): str(text) for name, text in (asked.get("values") or {}).items()}
    return await workspace.submit(str(asked["user"]), str(asked["view_id"]), typed)


async def _dismiss(workspace: Workspace, asked: dict[str, Any]) -> dict[str, Any]:
    workspace.dismiss(str(asked["user"]), str(asked["view_id"]))
    return {"ok": True}


async def _app(workspace: Workspace, asked: dict[str, Any]) -> dict[str, Any]:
    workspace.url.set(str(asked.get("request_url") or ""))
    return {"request_url": workspace.url.get()}


_POSTS = {"command": _command, "click": _click, "submit": _submit, "dismiss": _dismiss, "app": _app}


def _state(workspace: Workspace, user: str, version: str) -> dict[str, Any]:
    now = f"{_START}-{workspace.board.version}"
    if version == now:
        return {"version": now}
    return {
        "version": now,
        "people": [{"id": each.id, "name": each.name} for each in PEOPLE.values()],
        "channels": workspace.board.channels(user),
        "messages": workspace.board.since(0, user)[-_MOST_MESSAGES:],
        "views": workspace.views.of(user),
        "deliveries": list(workspace.sender.deliveries)[-5:],
        "behaviour": workspace.behaviour.told(),
    }


async def _page(send: Send) -> None:
    page, policy = _prepared()
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": pairs})
    await send({"type": "http.response.body", "body": page})


@cache
def _prepared() -> tuple[bytes, str]:
    """The page, and a policy that allows its one script and its one style by their hashes, and calls to us."""
    page = _FILE.read_text()
    script, style = (_hash(page, tag) for tag in ("script", "style"))
    return page.encode(), (
        f"default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash(page: str, tag: str) -> str:
    inside = page.split(f"<{tag}>", 1)[1].split(f"</{tag}>", 1)[0]
    return f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"
