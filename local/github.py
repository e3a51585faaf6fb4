"""A GitHub that keeps issues, and checks what it is sent: REST API below `/_local/github/api/`.

Evidence: docs.github.com, "Troubleshooting the REST API" (403 without a User-Agent, 401, 404 for what the token may not
see, 400 for what is no JSON object and for unknown API versions, 422 with `errors`), "Rate limits for the REST API"
(403 or 429; `x-ratelimit-remaining: 0` or `retry-after`), "Using pagination" (`Link`), "REST API endpoints for issues"
(301 moved, 410 issues disabled; labels of a token without push access are silently dropped); archived repositories:
cli/cli issue 7176. The words of errors are GitHub's where one of these quotes them. Unlike GitHub, which also answers
strangers about public repositories, this one wants a token, of GitHub's form.

For tests and the demo: `GET /_local/github/issues` is all issues with what was said under them, and all calls;
`POST /_local/github/behave` makes it fail, see `github_behave.py`; `/_local/github/` is a page for people.
"""

import asyncio
import itertools
import json
import re
import time
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from local import github_page
from local.asgi import Receive, Scope, Send, header, query, read_body, send_json
from local.github_behave import Behaviour, Failure
from local.github_issues import Issues, body_problems, error, problems
from local.plain_page import send_page

_PREFIX, _API = "/_local/github/", "/_local/github/api/"
_MOST_CALLS, _MOST_PAGE, _USUAL_PAGE = 5000, 100, 30
_PATH = re.compile(r"repos/([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)/issues(?:/([0-9]{1,9})(/comments)?)?")
_SEEN = re.compile(r"([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)/issues/([0-9]{1,9})")
_TOKEN = re.compile(r"(?i:bearer|token) ((?:github_pat|gh[pousr])_[A-Za-z0-9_.-]+)")
_TYPES = re.compile(r"\*/\*|application/\*|application/json|application/vnd\.github[a-z0-9.+-]*json")
_VERSIONS = ("", "2022-11-28")
_DOCS = "https://docs.github.com/rest"
_NO_AGENT = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_UNICORN = b"<html><body>Unicorn! We had issues producing the response to your request.</body></html>"

_issues, _behaviour = Issues(), Behaviour()
_calls: deque[dict[str, Any]] = deque(maxlen=_MOST_CALLS)
_count = itertools.count(1)


class Answer(NamedTuple):
    """What a call is answered with."""

    status: int
    document: Any
    headers: Mapping[str, str] = MappingProxyType({})


def _no(status: int, message: str, errors: list[dict[str, Any]] | None = None, **headers: str) -> Answer:
    said: dict[str, Any] = {"message": message, "documentation_url": _DOCS, "status": str(status)}
    return Answer(status, said | ({"errors": errors} if errors else {}), headers)


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a call of the API, of a test, or a browser."""
    path, body = scope["path"], await read_body(receive)
    if path.startswith(_API):
        await _call(scope, body, send)
    elif path == _PREFIX:
        await send_page(send, "GitHub", github_page.listing(reversed(_issues.everything())))
    elif path == f"{_PREFIX}issues":
        await send_json(send, 200, {"issues": _issues.everything(), "calls": list(_calls)})
    elif path == f"{_PREFIX}behave":
        await _behave(body, send)
    elif (seen := _SEEN.fullmatch(path.removeprefix(_PREFIX))) and (found := _issues.find(seen[1], int(seen[2]))):
        await send_page(send, "GitHub", github_page.one(found | {"said": _issues.comments(found)}))
    else:
        await send_json(send, 404, {"error": f"{scope['method']} {path}: no such route"})


async def _behave(body: bytes, send: Send) -> None:
    try:
        _behaviour.wish(json.loads(body or b"{}"), time.time())
    except (ValueError, AttributeError, TypeError) as wrong:
        await send_json(send, 400, {"error": f"behave: {wrong}"})
        return
    await send_json(send, 200, _behaviour.told())


async def _call(scope: Scope, body: bytes, send: Send) -> None:
    failure = _behaviour.failure()
    lost = failure is not None and failure.done
    answer = _failed(failure) if failure else None
    if _behaviour.down:
        answer = Answer(503, None)
    elif answer is None or lost:
        done = _answer(scope, body)
        answer = answer or done
    target = scope["path"].removeprefix(_API) + (f"?{asked}" if (asked := scope["query_string"].decode()) else "")
    _calls.append(
        {"seq": next(_count), "method": scope["method"], "path": target, "status": answer.status, "lost": lost}
    )
    if failure and failure.seconds:
        await asyncio.sleep(failure.seconds)
    if answer.document is None:
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": [(b"content-type", b"text/html")]}
        )
        await send({"type": "http.response.body", "body": _UNICORN})
        return
    await send_json(send, answer.status, answer.document, {**_behaviour.limits(), **answer.headers})


def _failed(failure: Failure) -> Answer:
    if failure.secondary:
        limited = _no(failure.status, _SECONDARY)
        return limited._replace(headers={"retry-after": str(failure.retry_after)}) if failure.retry_after else limited
    return _no(failure.status, "Server Error") if failure.status == 500 else Answer(failure.status, None)


def _answer(scope: Scope, body: bytes) -> Answer:
    path = _PATH.fullmatch(scope["path"].removeprefix(_API))
    return _caller(scope) or (_repository(scope, path, body) if path else _no(404, "Not Found"))


def _caller(scope: Scope) -> Answer | None:
    """What is wrong with whoever calls; None if nothing is."""
    if not header(scope, "user-agent").strip():
        return _no(403, _NO_AGENT)
    accepted = header(scope, "accept") or "*/*"
    if not any(_TYPES.fullmatch(each.partition(";")[0].strip()) for each in accepted.split(",")):
        return _no(415, "Unsupported 'Accept' header. Must accept 'application/json'.")
    if header(scope, "x-github-api-version") not in _VERSIONS:
        return _no(400, "The API version that you specified is not supported")
    authorization = header(scope, "authorization")
    if not authorization:
        return _no(401, "Requires authentication")
    token = _TOKEN.fullmatch(authorization)
    if not token or token[1] in _behaviour.bad_tokens:
        return _no(401, "Bad credentials")
    if not _behaviour.may(time.time()):
        return _no(_behaviour.limit_status, "API rate limit exceeded for user ID 1.")
    return None


def _repository(scope: Scope, path: re.Match[str], body: bytes) -> Answer:
    repository, number = path[1], int(path[2] or 0)
    matter, writes = _behaviour.matter(repository), scope["method"] != "GET"
    if matter == "missing":
        return _no(404, "Not Found")
    if matter == "moved":
        return _no(301, "Moved Permanently", location=f"{_site(scope)}api/repositories/1/issues")
    if matter == "disabled":
        return _no(410, "Issues are disabled for this repo")
    if matter == "archived" and writes:
        return _no(403, "Repository was archived so is read-only.")
    document: Any = {}
    if writes:
        try:
            document = json.loads(body)
        except ValueError:
            return _no(400, "Problems parsing JSON")
        if not isinstance(document, dict):
            return _no(400, "Body should be a JSON object")
    if not path[2]:
        return _all(scope, repository, document)
    issue = _issues.find(repository, number)
    return _one(scope, issue, document, comments=bool(path[3])) if issue else _no(404, "Not Found")


def _listed(scope: Scope, repository: str) -> Answer:
    try:
        asked = query(scope)
        return _page(scope, _issues.listed(repository, asked), asked)
    except ValueError as wrong:
        return _no(422, f"Invalid request. ({wrong})")


def _all(scope: Scope, repository: str, document: dict[str, Any]) -> Answer:
    if scope["method"] == "GET":
        return _listed(scope, repository)
    if scope["method"] != "POST":
        return _no(404, "Not Found")
    found = problems(document, new=True)
    if found:
        return _no(422, "Validation Failed", found)
    kept = document | ({"labels": []} if _behaviour.labels_dropped else {})
    made = _issues.open(repository, kept, _site(scope))
    return Answer(201, made, {"location": f"{_site(scope)}api/repos/{repository}/issues/{made['number']}"})


def _one(scope: Scope, issue: dict[str, Any], document: dict[str, Any], *, comments: bool) -> Answer:
    method = scope["method"]
    if comments and method == "GET":
        return _page(scope, _issues.comments(issue), query(scope))
    if comments and method == "POST":
        found = list(body_problems("IssueComment", document.get("body")))
        if not document.get("body"):
            found = [error("IssueComment", "missing_field", "body")]
        return _no(422, "Validation Failed", found) if found else Answer(201, _issues.comment(issue, document["body"]))
    if comments or method not in ("GET", "PATCH"):
        return _no(404, "Not Found")
    if method == "PATCH":
        found = problems(document, new=False)
        if found:
            return _no(422, "Validation Failed", found)
        _issues.edit(issue, document)
    return Answer(200, issue)


def _page(scope: Scope, listed: list[dict[str, Any]], asked: dict[str, str]) -> Answer:
    """One page of a list, and where the others are; GitHub takes what is no number for what is usual."""
    size = min(max(_number(asked.get("per_page", ""), _USUAL_PAGE), 1), _MOST_PAGE)
    page, last = max(_number(asked.get("page", ""), 1), 1), max(-(-len(listed) // size), 1)
    where = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = (["prev", "first"] if page > 1 else []) + (["next", "last"] if page < last else [])
    base = f"{_site(scope).removesuffix(_PREFIX)}{scope['path']}"
    links = [f'<{base}?{urlencode(asked | {"page": str(where[each])})}>; rel="{each}"' for each in wanted]
    return Answer(200, listed[(page - 1) * size : page * size], {"link": ", ".join(links)} if links else {})


def _number(text: str, usual: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else usual


def _site(scope: Scope) -> str:
    return f"http://{header(scope, 'host')}{_PREFIX}"
