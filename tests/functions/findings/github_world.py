"""A GitHub with one repository in memory, for what opens issues."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fleet.posting import Answer, UnreachableError
from fleet.secrets import Secret
from functions.findings import github
from functions.findings.github import GitHub, Ticket
from tests.layers.fleet.fakes import FakeSecrets

TOKEN = "github_pat_0123456789"
API = "https://api.github.test/"
REPO = "acme/shop"
NOW = 1_795_000_000_000  # 2026-11-18T11:06:40Z
PATIENT = "patient 4711"


class World:
    """GitHub with one repository, in memory, and an answer that is said once instead of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(github, "send", self.send)
        self.secrets = FakeSecrets(TOKEN)
        secrets: Any = self.secrets
        self.github = GitHub(Secret(secrets, "/yagura/github/token", lambda: NOW), API, lambda: NOW)
        self.issues: dict[int, dict[str, Any]] = {}
        self.comments_of: dict[int, list[str]] = {}
        self.calls: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.says: Answer | UnreachableError | None = None
        self.lose_at = -1
        """Which call does its work, and its answer is lost."""
        self.drops_labels = False
        self.page = 30

    @property
    def comments(self) -> list[str]:
        """Of the first issue."""
        return self.comments_of.setdefault(1, [])

    def add(self, number: int, body: str | None, created: str = "2026-11-18T11:06:41Z", **more: Any) -> None:
        self.issues[number] = {
            "number": number,
            "html_url": f"https://github.test/{REPO}/issues/{number}",
            "state": "open",
            "created_at": created,
            "body": body,
            "labels": [{"name": "yagura"}],
            "comments": 0,
            **more,
        }

    def send(
        self, method: str, url: str, document: Any = None, *, headers: dict[str, str], timeout: float, most: int
    ) -> Answer:
        assert timeout <= 10
        assert most <= 8 * 1024 * 1024
        assert url.startswith(API)
        self.headers.append(headers)
        self.calls.append((method, url.removeprefix(API), document))
        if isinstance(self.says, UnreachableError):
            raise self.says
        if self.says:
            return self.says
        answer = self._answer(method, urlsplit(url), document)
        if len(self.calls) - 1 == self.lose_at:
            raise UnreachableError("TimeoutError", unclear=True)
        return answer

    def _answer(self, method: str, url: Any, document: Any) -> Answer:
        path, asked = url.path.removeprefix(f"/repos/{REPO}/issues"), parse_qs(url.query)
        page = int(asked.get("page", ["1"])[0])
        if path.endswith("/comments"):
            number = int(path.split("/")[1])
            comments = self.comments_of.setdefault(number, [])
            if method == "GET":
                return as_json(200, [{"body": each} for each in comments][page - 1 : page])
            comments.append(document["body"].replace("\r\n", "\n").strip())
            self.issues[number]["comments"] += 1
            return as_json(201, {})
        if path:
            issue = self.issues[int(path[1:])]
            issue |= document or {}
            return as_json(200, issue)
        if method == "POST":
            labels = [] if self.drops_labels else document["labels"]
            more = {"title": document["title"], "labels": [{"name": each} for each in labels]}
            self.add(len(self.issues) + 1, document["body"], **more)
            return as_json(201, self.issues[len(self.issues)])
        newest = sorted(self.issues.values(), key=lambda each: each["number"], reverse=True)
        following = f'<https://evil.test/repositories/7/issues?page={page + 1}&state=open>; rel="next"'
        link = f'<https://x.test?page=1>; rel="prev", {following}, <https://x.test?page=9>; rel="last"'
        headers = {"link": link} if page * self.page < len(newest) else {}
        return as_json(200, newest[(page - 1) * self.page : page * self.page], headers)

    def open(self) -> Ticket:
        return self.github.open(REPO, title="S3 is public", body="text <!-- m-1 -->", labels=["security"])

    def find(self, marker: str = "m-1") -> Ticket | None:
        return self.github.find(REPO, marker, NOW)


def as_json(status: int, document: object, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(document), 0, headers or {})


def answer(
    status: int, message: str = PATIENT, headers: dict[str, str] | None = None, *, retry_after_ms: int = 0
) -> Answer:
    wait = {"retry-after": str(retry_after_ms // 1000)} if retry_after_ms else {}
    return Answer(status, json.dumps({"message": message}), retry_after_ms, (headers or {}) | wait)


def used_up(status: int, reset: str = str(NOW // 1000 + 90), *, retry_after_ms: int = 0) -> Answer:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    return answer(status, headers=headers, retry_after_ms=retry_after_ms)


def ticket(number: int = 1) -> Ticket:
    return Ticket(REPO, number, f"https://github.test/{REPO}/issues/{number}")
