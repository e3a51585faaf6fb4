"""The fake GitHub takes what GitHub takes, refuses what it refuses, lists as it lists, and fails on demand."""

import itertools
import json
import time
import urllib.request
from calendar import timegm
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request

import pytest

from local.client import github_behave, github_calls, github_issues
from local.errors import LocalCloudError
from local.process import Instance

_HEADERS = {"Authorization": "Bearer ghp_local", "User-Agent": "yagura", "Accept": "application/vnd.github+json"}
_names = itertools.count(1)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class GitHub:
    """One repository that no other test uses."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.repository = instance, f"Acme/shop-{next(_names)}"

    def call(self, method: str, path: str = "", document: object = None, **headers: str) -> Answer:
        body = document if isinstance(document, bytes | None) else json.dumps(document).encode()
        sent = {**_HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
        url = f"{self.instance.endpoint}/_local/github/api/repos/{self.repository}/issues{path}"
        request = Request(url, body, {n: v for n, v in sent.items() if v}, method=method)  # noqa: S310
        if not sent["User-Agent"]:
            request.add_header("User-Agent", "")
        try:
            with urllib.request.build_opener(_Stay).open(request) as answer:
                return Answer(answer.status, {n.lower(): v for n, v in answer.headers.items()}, answer.read().decode())
        except HTTPError as error:
            return Answer(error.code, {n.lower(): v for n, v in error.headers.items()}, error.read().decode())

    def open(self, title: str = "S3 is public", **more: object) -> dict[str, Any]:
        answer = self.call("POST", document={"title": title, **more})
        assert answer.status == 201, answer.text
        return dict(answer.json)

    def listed(self, query: str = "") -> list[int]:
        answer = self.call("GET", f"?{query}")
        assert answer.status == 200, answer.text
        return [each["number"] for each in answer.json]


@pytest.fixture
def github(cloud: Instance) -> Iterator[GitHub]:
    yield GitHub(cloud)
    github_behave(cloud)


def test_an_issue_is_opened_and_can_be_read(github: GitHub) -> None:
    made = github.open(body="a marker", labels=["yagura", {"name": "security"}])
    assert (made["number"], made["state"], made["state_reason"]) == (1, "open", None)
    assert made["html_url"] == f"{github.instance.endpoint}/_local/github/{github.repository}/issues/1"
    assert [each["name"] for each in made["labels"]] == ["yagura", "security"]
    assert abs(time.time() - timegm(time.strptime(made["created_at"], "%Y-%m-%dT%H:%M:%SZ"))) < 60
    assert github.call("GET", "/1").json == made
    assert github_issues(github.instance, github.repository) == [{**made, "said": []}]
    assert github.open()["number"] == 2
    assert github.call("GET", "/3").status == 404


def test_an_issue_is_closed_and_opened_again_with_a_reason(github: GitHub) -> None:
    github.open()
    closed = github.call("PATCH", "/1", {"state": "closed", "state_reason": "not_planned"}).json
    assert (closed["state"], closed["state_reason"], bool(closed["closed_at"])) == ("closed", "not_planned", True)
    still = github.call("PATCH", "/1", {"state": "closed", "state_reason": "completed", "title": "New"}).json
    assert (still["state_reason"], still["title"]) == ("not_planned", "New")
    opened = github.call("PATCH", "/1", {"state": "open"}).json
    assert (opened["state"], opened["state_reason"], opened["closed_at"]) == ("open", "reopened", None)
    assert github.call("PATCH", "/1", {"state": "closed"}).json["state_reason"] == "completed"


def test_what_is_said_under_an_issue_is_kept_and_counted(github: GitHub) -> None:
    github.open()
    assert [github.call("POST", "/1/comments", {"body": text}).status for text in ("one", "two")] == [201, 201]
    assert github.call("GET", "/1").json["comments"] == 2
    assert [each["body"] for each in github.call("GET", "/1/comments?per_page=1&page=2").json] == ["two"]
    [issue] = github_issues(github.instance, github.repository)
    assert [each["body"] for each in issue["said"]] == ["one", "two"]


def test_a_list_has_the_open_issues_newest_first_and_what_else_is_asked_for(github: GitHub) -> None:
    for labels in (["yagura"], [], ["Yagura", "security"]):
        github.open(labels=labels)
    github.call("PATCH", "/1", {"state": "closed"})
    assert github.listed() == [3, 2]
    assert github.listed("state=all&direction=asc") == [1, 2, 3]
    assert github.listed("state=closed") == [1]
    assert github.listed("state=all&labels=yagura") == [3, 1]
    assert github.listed("labels=yagura,security") == [3]
    github.call("POST", "/2/comments", {"body": "x"})
    assert github.listed("state=all&sort=comments") == [2, 3, 1]
    assert github.listed("since=2020-01-01T00:00:00Z&state=all") == [3, 2, 1]
    assert github.listed("since=2099-01-01T00:00:00Z") == []
    for wrong in ("state=any", "sort=title", "direction=up", "since=yesterday"):
        assert github.call("GET", f"?{wrong}").status == 422


def test_a_list_comes_in_pages_with_links_to_the_others(github: GitHub) -> None:
    for _ in range(5):
        github.open()
    answer = github.call("GET", "?per_page=2&page=2&direction=asc")
    assert [each["number"] for each in answer.json] == [3, 4]
    links = {rel: url for url, rel in (each.split("; ") for each in answer.headers["link"].split(", "))}
    assert set(links) == {'rel="prev"', 'rel="first"', 'rel="next"', 'rel="last"'}
    base = f"{github.instance.endpoint}/_local/github/api/repos/{github.repository}/issues"
    assert links['rel="next"'] == f"<{base}?per_page=2&page=3&direction=asc>"
    assert "next" not in github.call("GET", "?per_page=2&page=3").headers["link"]
    assert "link" not in github.call("GET", "?per_page=500").headers


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"title": None}, "title", "missing_field"),
        ({"title": " "}, "title", "missing_field"),
        ({"title": "t" * 257}, "title", "custom"),
        ({"body": "b" * 65_537}, "body", "custom"),
        ({"body": 7}, "body", "invalid"),
        ({"labels": "yagura"}, "labels", "invalid"),
        ({"labels": ["l" * 51]}, "name", "invalid"),
        ({"labels": [7]}, "name", "invalid"),
    ],
)
def test_an_invalid_issue_is_refused_with_the_field(
    github: GitHub, wrong: dict[str, Any], field: str, code: str
) -> None:
    answer = github.call("POST", document={"title": "t", **wrong})
    assert (answer.status, answer.json["message"]) == (422, "Validation Failed")
    [error] = answer.json["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert github_issues(github.instance, github.repository) == []


def test_an_invalid_change_or_comment_changes_nothing(github: GitHub) -> None:
    made = github.open()
    for wrong in ({"state": "done"}, {"state": "closed", "state_reason": "bored"}, {"title": ""}):
        assert github.call("PATCH", "/1", wrong).status == 422
    for body in (None, "", 7, "b" * 65_537):
        assert github.call("POST", "/1/comments", {"body": body}).status == 422
    assert [github.call("POST", document=each).status for each in (b"{", b"[]")] == [400, 400]
    assert github.call("GET", "/1").json == made


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"User_Agent": ""}, 403, "User-Agent"),
        ({"Accept": "text/html"}, 415, "Accept"),
        ({"X_GitHub_Api_Version": "2099-01-01"}, 400, "API version"),
        ({"Authorization": ""}, 401, "Requires authentication"),
        ({"Authorization": "Bearer xoxb-slack"}, 401, "Bad credentials"),
        ({"Authorization": "Basic Z2hwX2xvY2FsOg=="}, 401, "Bad credentials"),
    ],
)
def test_a_stranger_is_refused(github: GitHub, headers: dict[str, str], status: int, said: str) -> None:
    answer = github.call("POST", document={"title": "t"}, **headers)
    assert (answer.status, said in answer.json["message"]) == (status, True)
    assert github_issues(github.instance, github.repository) == []


def test_a_token_that_was_taken_back_is_refused(github: GitHub) -> None:
    github_behave(github.instance, bad_tokens=["ghp_local"])
    assert github.call("GET").json["message"] == "Bad credentials"
    assert github.call("GET", Authorization="Bearer github_pat_other", X_GitHub_Api_Version="2022-11-28").status == 200


def test_what_is_the_matter_with_a_repository_is_answered_in_githubs_way(github: GitHub) -> None:
    github.open()
    for matter, read, write in (("missing", 404, 404), ("disabled", 410, 410), ("moved", 301, 301)):
        github_behave(github.instance, **{matter: [github.repository.lower()]})
        assert (github.call("GET", "/1").status, github.call("PATCH", "/1", {}).status) == (read, write)
    assert "location" in github.call("GET", "/1").headers
    github_behave(github.instance, archived=[github.repository])
    assert github.call("GET", "/1").status == 200
    answer = github.call("PATCH", "/1", {})
    assert (answer.status, "archived" in answer.json["message"]) == (403, True)


def test_labels_of_a_token_that_may_not_set_them_are_dropped(github: GitHub) -> None:
    github_behave(github.instance, labels_dropped=True)
    assert github.open(labels=["yagura"])["labels"] == []


@pytest.mark.parametrize("status", [403, 429])
def test_the_primary_rate_limit_counts_down_and_is_over_when_it_says(github: GitHub, status: int) -> None:
    github_behave(github.instance, remaining=2, reset_seconds=1.5, limit_status=status)
    left = [github.call("GET") for _ in range(3)]
    assert [each.status for each in left] == [200, 200, status]
    assert [each.headers["x-ratelimit-remaining"] for each in left] == ["1", "0", "0"]
    reset = int(left[2].headers["x-ratelimit-reset"])
    time.sleep(max(reset - time.time(), 0))
    assert github.call("GET").headers["x-ratelimit-remaining"] == "4999"


@pytest.mark.parametrize("status", [403, 429])
def test_the_secondary_rate_limit_says_how_long_or_does_not(github: GitHub, status: int) -> None:
    github_behave(github.instance, next=1, secondary=True, status=status, retry_after=7)
    answer = github.call("POST", document={"title": "t"})
    assert (answer.status, answer.headers["retry-after"]) == (status, "7")
    assert "secondary rate limit" in answer.json["message"]
    assert answer.headers["x-ratelimit-remaining"] != "0"
    github_behave(github.instance, next=1, secondary=True, retry_after=0)
    answer = github.call("POST", document={"title": "t"})
    assert (answer.status, "retry-after" in answer.headers) == (403, False)
    assert github_issues(github.instance, github.repository) == []


def test_a_call_fails_before_its_work_or_after_it(github: GitHub) -> None:
    github_behave(github.instance, next=2, status=500)
    assert [github.call("POST", document={"title": "t"}).status for _ in range(2)] == [500, 500]
    assert github_issues(github.instance, github.repository) == []
    github_behave(github.instance, next=1, status=502, done=True)
    assert github.call("POST", document={"title": "t"}).status == 502
    assert [each["number"] for each in github_issues(github.instance, github.repository)] == [1]
    assert github.open()["number"] == 2
    calls = github_calls(github.instance, github.repository)
    assert [(each["status"], each["lost"]) for each in calls] == [(500, False)] * 2 + [(502, True), (201, False)]


def test_an_answer_comes_late(github: GitHub) -> None:
    github_behave(github.instance, next=1, status=502, done=True, seconds=0.5)
    begun = time.monotonic()
    assert github.call("POST", document={"title": "t"}).status == 502
    assert time.monotonic() - begun >= 0.5
    assert len(github_issues(github.instance, github.repository)) == 1


def test_while_it_is_down_a_proxys_page_is_the_answer(github: GitHub) -> None:
    github_behave(github.instance, down=True)
    answer = github.call("POST", document={"title": "t"})
    assert (answer.status, answer.text[:6]) == (503, "<html>")
    github_behave(github.instance)
    assert github_issues(github.instance, github.repository) == []


def test_a_wish_that_means_nothing_is_refused(github: GitHub) -> None:
    for wish in ({"next": "many"}, {"status": 200}, {"seconds": 600}):
        with pytest.raises(LocalCloudError, match="behave"):
            github_behave(github.instance, **wish)


def test_the_page_shows_issues_and_their_texts_stay_texts(github: GitHub) -> None:
    github.open("<script>alert(1)</script>", body="<b>bold</b>", labels=["<i>"])
    github.call("POST", "/1/comments", {"body": "<u>said</u>"})
    for path in ("", f"{github.repository}/issues/1"):
        with urllib.request.urlopen(f"{github.instance.endpoint}/_local/github/{path}") as answer:  # noqa: S310
            page, policy = answer.read().decode(), answer.headers["content-security-policy"]
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert not [each for each in ("<script", "<b>", "<i>", "<u>") if each in page]
        assert policy.startswith("default-src 'none'")
    assert "&lt;b&gt;bold" in page
    assert "&lt;u&gt;said" in page
