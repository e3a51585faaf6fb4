"""The issues of the fake GitHub for people, `/_local/github/`; the texts come from anywhere, and stay texts."""

from collections.abc import Iterable
from html import escape
from typing import Any

from local.asgi import Send

_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GitHub, as Yagura's local cloud has it</title>
"""


async def send_page(send: Send, html: str) -> None:
    """Answer with a page."""
    pairs = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
    await send({"type": "http.response.start", "status": 200, "headers": pairs})
    await send({"type": "http.response.body", "body": (_HEAD + html).encode()})


def listing(issues: Iterable[dict[str, Any]]) -> str:
    """All issues, the newest first."""
    rows = "".join(_row(issue) for issue in issues)
    return f"<main><h1>Issues</h1>{f'<ul>{rows}</ul>' if rows else '<p>None yet.</p>'}</main>"


def _row(issue: dict[str, Any]) -> str:
    where = escape(f"/_local/github/{issue['repository']}/issues/{issue['number']}")
    return f'<li><a href="{where}">{escape(issue["title"])}</a> <small>{escape(_about(issue))}</small></li>'


def one(issue: dict[str, Any]) -> str:
    """An issue with its text, and what was said under it."""
    said = "".join(f"<hr>{each['created_at']}<pre>{escape(each['body'])}</pre>" for each in issue["said"])
    return (
        f'<main><p><a href="/_local/github/">All issues</a></p><h1>{escape(issue["title"])}</h1>'
        f"<p>{escape(_about(issue))}</p><pre>{escape(issue['body'] or '')}</pre>{said}</main>"
    )


def _about(issue: dict[str, Any]) -> str:
    """Where it is, whether it is open, or why not, and its labels."""
    reason, labels = issue["state_reason"], ", ".join(each["name"] for each in issue["labels"])
    state = f"{issue['state']}{f' ({reason})' if reason else ''}"
    return f"{issue['repository']}#{issue['number']}, {state}{f', labels: {labels}' if labels else ''}"
