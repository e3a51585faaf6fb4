"""The issues of the fake GitHub: what may be written, and what is listed. Any repository is there.

Evidence: docs.github.com, REST API endpoints for issues ("List repository issues": open ones unless `state` says
otherwise, `since` is by the last update, newest first, at most 100 on a page; pull requests are listed too, which
never happens here. "Update an issue": `state_reason` counts only where the state changes) and for issue comments
(oldest first); labels that are not there yet come into being (cli/cli and octokit do so). A title has at most 256
characters and a body 65536 (googleapis/repo-automation-bots issue 1895, renovatebot/renovate issue 2032); the `errors`
are those of "Troubleshooting", validation failed. That names are compared without case is GitHub's own habit.
"""

import itertools
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

_MOST_TITLE, _MOST_BODY, _MOST_LABEL = 256, 65_536, 50
_STATES, _REASONS = ("open", "closed"), ("completed", "not_planned", "duplicate", "reopened", None)
_USUAL_REASON = {"open": "reopened", "closed": "completed"}
_SORTS = {"created": "created_at", "updated": "updated_at", "comments": "comments"}

type Json = dict[str, Any]


def problems(document: Json, *, new: bool) -> list[Json]:
    """The `errors` that an issue, or a change to one, would be answered with; empty for one that is taken."""
    return list(_problems(document, new=new))


def _problems(document: Json, *, new: bool) -> Iterator[Json]:
    if new or "title" in document:
        title = document.get("title")
        if not isinstance(title, str) or not title.strip():
            yield error("Issue", "missing_field", "title")
        elif len(title) > _MOST_TITLE:
            yield error("Issue", "custom", "title", f"title is too long (maximum is {_MOST_TITLE} characters)")
    yield from body_problems("Issue", document.get("body"))
    labels = document.get("labels")
    if labels is not None and not isinstance(labels, list):
        yield error("Issue", "invalid", "labels")
    for name in _names(labels if isinstance(labels, list) else []):
        if not isinstance(name, str) or not 1 <= len(name) <= _MOST_LABEL:
            yield error("Label", "invalid", "name")
    if "state" in document and document["state"] not in _STATES:
        yield error("Issue", "invalid", "state")
    if document.get("state_reason") not in _REASONS:
        yield error("Issue", "invalid", "state_reason")


def body_problems(resource: str, body: Any) -> Iterator[Json]:
    """What is wrong with the text of an issue or a comment, if it has one."""
    if body is not None and not isinstance(body, str):
        yield error(resource, "invalid", "body")
    elif body is not None and len(body) > _MOST_BODY:
        yield error(resource, "custom", "body", f"body is too long (maximum is {_MOST_BODY} characters)")


def error(resource: str, code: str, field: str, message: str = "") -> Json:
    """One of the `errors` of a 422."""
    found = {"resource": resource, "code": code, "field": field}
    return found | {"message": message} if message else found


def _names(labels: list[Any]) -> list[Any]:
    return [each.get("name") if isinstance(each, dict) else each for each in labels]


class Issues:
    """All issues of all repositories, by the names of these in small letters."""

    def __init__(self) -> None:
        self._of: dict[str, list[Json]] = {}
        self._comments: dict[int, list[Json]] = {}
        self._ids = itertools.count(1001)

    def open(self, repository: str, document: Json, site: str) -> Json:
        """A new issue of a valid document; `site` is where people look at issues."""
        issues = self._of.setdefault(repository.lower(), [])
        number, at = len(issues) + 1, _now()
        made: Json = {
            "id": next(self._ids),
            "number": number,
            "html_url": f"{site}{repository}/issues/{number}",
            "repository": repository,
            "title": document["title"],
            "body": document.get("body"),
            "labels": [{"name": name} for name in _names(document.get("labels") or [])],
            "state": "open",
            "state_reason": None,
            "comments": 0,
            "created_at": at,
            "updated_at": at,
            "closed_at": None,
        }
        issues.append(made)
        return made

    def find(self, repository: str, number: int) -> Json | None:
        """An issue, if it is there."""
        issues = self._of.get(repository.lower(), [])
        return issues[number - 1] if 1 <= number <= len(issues) else None

    def edit(self, issue: Json, document: Json) -> None:
        """Change an issue by a valid document."""
        issue |= {name: document[name] for name in ("title", "body") if name in document}
        if "labels" in document:
            issue["labels"] = [{"name": name} for name in _names(document["labels"] or [])]
        state = str(document.get("state") or issue["state"])
        if state != issue["state"]:
            reason = document.get("state_reason") or _USUAL_REASON[state]
            issue |= {"state": state, "state_reason": reason, "closed_at": _now() if state == "closed" else None}
        issue["updated_at"] = _now()

    def comment(self, issue: Json, body: str) -> Json:
        """Say something under an issue."""
        said = {"id": next(self._ids), "body": body, "created_at": _now()}
        self.comments(issue).append(said)
        issue |= {"comments": issue["comments"] + 1, "updated_at": said["created_at"]}
        return said

    def comments(self, issue: Json) -> list[Json]:
        """What was said under an issue, oldest first."""
        return self._comments.setdefault(issue["id"], [])

    def everything(self) -> list[Json]:
        """All issues with what was said under them, in the order in which they were opened."""
        found = [issue | {"said": self.comments(issue)} for issues in self._of.values() for issue in issues]
        return sorted(found, key=lambda each: int(each["id"]))

    def listed(self, repository: str, asked: Mapping[str, str]) -> list[Json]:
        """The issues that a listing with these parameters has, all pages of them. Raises ValueError."""
        state, since = asked.get("state", "open"), _moment(asked.get("since", ""))
        sort, direction = asked.get("sort", "created"), asked.get("direction", "desc")
        if state not in (*_STATES, "all") or sort not in _SORTS or direction not in ("asc", "desc"):
            raise ValueError("state, sort or direction")
        labels = {each.strip().lower() for each in asked.get("labels", "").split(",") if each.strip()}
        found = [
            issue
            for issue in self._of.get(repository.lower(), [])
            if state in ("all", issue["state"])
            and issue["updated_at"] >= since
            and labels <= {each["name"].lower() for each in issue["labels"]}
        ]
        return sorted(found, key=lambda each: (each[_SORTS[sort]], each["number"]), reverse=direction == "desc")


def _moment(text: str) -> str:
    """A moment as issues have it, so that the two can be compared as texts."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text)
    return f"{moment.astimezone(UTC) if moment.tzinfo else moment:%Y-%m-%dT%H:%M:%SZ}"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
