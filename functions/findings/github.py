"""Issues in GitHub's repositories, through its REST API: https://docs.github.com/rest/issues."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Meta

from fleet import telemetry
from fleet.clock import Clock, wall_ms
from fleet.posting import Answer, UnreachableError, send
from fleet.refusal import AwayError
from fleet.secrets import Secret

LABEL = "yagura"
"""On every issue that the fleet opens; by it they are listed."""

_TIMEOUT_SECONDS = 10
_OK, _CREATED, _REDIRECT, _CLIENT_ERROR = 200, 201, 300, 400
_UNAUTHORIZED, _FORBIDDEN, _TIMEOUT, _TOO_MANY, _SERVER_ERROR = 401, 403, 408, 429, 500
_REFUSALS = {404: "not_found", 410: "gone", 422: "invalid"}
_GONE = {_REFUSALS[404], _REFUSALS[410]}
# An issue's text has at most 65,536 characters, of at most 4 bytes each.
_MOST_ISSUE, _PER_PAGE, _MOST_PAGE, _MOST_PAGES = 1024 * 1024, 30, 8 * 1024 * 1024, 20
# GitHub's clock and ours may differ, and its stamps are whole seconds.
_CLOCKS_MS = 60_000
# What GitHub asks for where it does not say how long; a primary limit lasts an hour at most.
_PAUSE_MS, _LONGEST_PAUSE_MS = 60_000, 3_600_000
_SET = "run `fleetctl secrets set github`"
_REPOSITORY = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]+/(?!\.{1,2}$)[A-Za-z0-9_.-]+")
# Whatever else would not be fit for a header, and the error would quote it.
_TOKEN = re.compile(r"[!-~]+")
_NEXT = re.compile(r'<[^<>?]*\?([^<>#]*)>[^<]*\brel="next"')


class Ticket(msgspec.Struct, frozen=True):
    """An issue, and where people look at it."""

    repository: str
    number: int
    url: str


class GitHubUnavailableError(AwayError):
    """GitHub cannot take it now, or has not said that it has; `status` says what an operator should know.

    What was asked may have been done all the same: before an issue is opened again, it is to be looked for.
    """

    reason = "github"

    def __init__(self, status: str, *, retry_after_ms: int = 0) -> None:
        super().__init__(status)
        self.status, self.retry_after_ms = status, retry_after_ms


class GitHubRefusedError(Exception):
    """GitHub will never take it; `why` is a slug.

    `not_found` also tells of a repository that the token may not see: GitHub does not say which it is.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _Label(msgspec.Struct, frozen=True):
    name: str = ""


class _Issue(msgspec.Struct, frozen=True, kw_only=True):
    number: Annotated[int, Meta(gt=0)]
    # People press it in Slack.
    html_url: Annotated[str, Meta(pattern=r"^https?://[A-Za-z0-9_.:/-]+$", max_length=500)]
    state: str
    created_at: Annotated[datetime, Meta(tz=True)]
    comments: int = 0
    body: str | None = None
    labels: list[_Label | str] = []
    pull_request: dict[str, Any] | None = None


class _Comment(msgspec.Struct, frozen=True):
    body: str | None = None


class GitHub:
    """Opens and closes issues with the token of a secret. `api` ends with a slash."""

    def __init__(self, token: Secret, api: str, clock: Clock = wall_ms) -> None:
        self._token, self._api, self._clock = token, api, clock

    # All of these raise GitHubUnavailableError or GitHubRefusedError.

    def find(self, repository: str, marker: str, since: int) -> Ticket | None:
        """The newest issue whose text holds `marker`, if one was opened since (ms of wall time).

        It is looked for in the list of the fleet's issues: GitHub's search learns of a new one only after a while.
        """
        path = _issues(repository)
        earliest = datetime.fromtimestamp((since - _CLOCKS_MS) / 1000, UTC)
        query = {"labels": LABEL, "state": "all", "sort": "created", "direction": "desc", "per_page": str(_PER_PAGE)}
        # By the last change, which is not before an issue is opened: it only shortens the list.
        query["since"] = f"{earliest:%Y-%m-%dT%H:%M:%SZ}"
        for _ in range(_MOST_PAGES):
            answer = self._ask("GET", f"{path}?{urlencode(query)}", most=_MOST_PAGE)
            for issue in _read(answer, list[_Issue]):
                if issue.created_at < earliest:
                    return None
                if issue.pull_request is None and marker in (issue.body or ""):
                    return Ticket(repository, issue.number, issue.html_url)
            following = _NEXT.search(answer.headers.get("link", ""))
            if following is None:
                return None
            # Only where to go on: neither where to, nor what for.
            query |= {name: value for name, value in parse_qsl(following[1]) if name in {"after", "page"}}
        raise GitHubUnavailableError(f"{repository} has more new issues of the fleet than can be looked through")

    def open(self, repository: str, *, title: str, body: str, labels: Iterable[str] = ()) -> Ticket:
        """Open an issue, with the fleet's own label and these."""
        wanted = list(dict.fromkeys([LABEL, *labels]))
        said = {"title": title, "body": body, "labels": wanted}
        issue = _read(self._ask("POST", _issues(repository), said), _Issue)
        kept = {(each if isinstance(each, str) else each.name).lower() for each in issue.labels}
        if LABEL not in kept:
            # GitHub drops them in silence if the token may not set them; then `find` is blind.
            telemetry.log("labels dropped: the token needs write access", repository=repository, number=issue.number)
        return Ticket(repository, issue.number, issue.html_url)

    def close(self, ticket: Ticket, *, comment: str) -> None:
        """Say why, and close the issue as completed. Nothing is done if it is closed or gone."""
        try:
            self._turn(ticket, "closed", "completed", comment)
        except GitHubRefusedError as error:
            if error.why not in _GONE:
                raise

    def reopen(self, ticket: Ticket, *, comment: str) -> None:
        """Say why, and open the issue again. Nothing is done if it is open."""
        self._turn(ticket, "open", "reopened", comment)

    def _turn(self, ticket: Ticket, state: str, reason: str, comment: str) -> None:
        path = f"{_issues(ticket.repository)}/{ticket.number}"
        issue = _read(self._ask("GET", path), _Issue)
        if issue.state == state:
            return
        # Said first: a retry finds out by the state that all is done, and by the last comment that only the rest is.
        if not self._said_last(path, issue.comments, comment):
            self._ask("POST", f"{path}/comments", {"body": comment})
        self._ask("PATCH", path, {"state": state, "state_reason": reason})

    def _said_last(self, path: str, comments: int, comment: str) -> bool:
        if comments < 1:
            return False
        last = _read(self._ask("GET", f"{path}/comments?per_page=1&page={comments}"), list[_Comment])
        return [_plain(each.body or "") for each in last] == [_plain(comment)]

    def _ask(self, method: str, path: str, document: object = None, *, most: int = _MOST_ISSUE) -> Answer:
        headers = {
            "Authorization": f"Bearer {self._bearer()}",
            "Accept": "application/vnd.github+json",
            "User-Agent": "yagura",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        try:
            answer = send(method, f"{self._api}{path}", document, headers=headers, timeout=_TIMEOUT_SECONDS, most=most)
        except UnreachableError as error:
            raise GitHubUnavailableError(f"GitHub cannot be reached ({error.why})") from error
        if answer.status not in (_OK, _CREATED):
            raise self._meaning(answer)
        return answer

    def _bearer(self) -> str:
        try:
            token = self._token.value()
        except (ClientError, BotoCoreError) as error:
            telemetry.log_failure("token unreadable", error)
            raise GitHubUnavailableError(f"the token cannot be read ({type(error).__name__})") from error
        if token is None:
            raise GitHubUnavailableError(f"no token: {_SET}")
        if not _TOKEN.fullmatch(token):
            self._token.forget()
            raise GitHubUnavailableError(f"the secret holds no token of GitHub: {_SET}")
        return token

    def _meaning(self, answer: Answer) -> GitHubUnavailableError | GitHubRefusedError:
        status = answer.status
        if _REDIRECT <= status < _CLIENT_ERROR:
            return GitHubRefusedError("moved")
        if status == _UNAUTHORIZED:
            self._token.forget()
            return GitHubUnavailableError(f"token refused (HTTP {status}): {_SET}")
        if status == _TOO_MANY or (status == _FORBIDDEN and _limited(answer)):
            return GitHubUnavailableError(f"rate limit of GitHub (HTTP {status})", retry_after_ms=self._pause(answer))
        if status == _FORBIDDEN:
            if "archived" in answer.text:
                return GitHubRefusedError("archived")
            self._token.forget()
            said = f"the token may not do this (HTTP {status}): it needs write access to issues"
            return GitHubUnavailableError(said, retry_after_ms=_PAUSE_MS)
        if _CLIENT_ERROR <= status < _SERVER_ERROR and status != _TIMEOUT:
            return GitHubRefusedError(_REFUSALS.get(status, f"http_{status}"))
        return GitHubUnavailableError(f"GitHub is not answering (HTTP {status})", retry_after_ms=answer.retry_after_ms)

    def _pause(self, answer: Answer) -> int:
        """Ms to wait, as "Rate limits for the REST API" has it."""
        reset = answer.headers.get("x-ratelimit-reset", "")
        if answer.retry_after_ms:
            return answer.retry_after_ms
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
            return min(max(int(reset[:12]) * 1000 - self._clock(), 1000), _LONGEST_PAUSE_MS)
        return _PAUSE_MS


def _issues(repository: str) -> str:
    if not _REPOSITORY.fullmatch(repository):
        raise GitHubRefusedError("no_repository")
    return f"repos/{repository}/issues"


def _read[T](answer: Answer, form: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.text, type=form)
    except (msgspec.DecodeError, RecursionError) as error:
        raise GitHubUnavailableError("GitHub does not answer as GitHub does") from error


def _limited(answer: Answer) -> bool:
    none_left = answer.headers.get("x-ratelimit-remaining") == "0"
    return none_left or "retry-after" in answer.headers or "rate limit" in answer.text.lower()


def _plain(text: str) -> str:
    # It need not come back with the line ends that were sent.
    return text.replace("\r\n", "\n").strip()
