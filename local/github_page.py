"""The issues of the fake GitHub for people, `/_local/github/`; the texts come from anywhere, and stay texts."""

from collections.abc import Iterable
from html import escape
from typing import Any


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
