"""The fleet's GitHub and the fake one understand each other, and whatever fails is done at last, and once."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fleet.secrets import Secret
from functions.findings.github import GitHub, GitHubRefusedError, GitHubUnavailableError, Ticket
from local.client import github_behave, github_calls, github_issues
from local.process import Instance
from tests.layers.fleet.fakes import FakeSecrets

_names = itertools.count(1)


class Desk:
    """One repository that no other test uses."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.repository = instance, f"acme/adapter-{next(_names)}"
        secrets: Any = FakeSecrets("github_pat_local_demo")
        self.github = GitHub(Secret(secrets, "/yagura/github/token"), f"{instance.endpoint}/_local/github/api/")
        self.since = int(time.time() * 1000)

    def open(self, marker: str = "m-1") -> Ticket:
        """As a caller does: look first, since an answer may have been lost."""
        found = self.github.find(self.repository, f"<!-- {marker} -->", self.since)
        body = f"S3 bucket is public\n\n<!-- {marker} -->"
        return found or self.github.open(self.repository, title="S3 is public", body=body, labels=["security"])

    @property
    def issues(self) -> list[dict[str, Any]]:
        return github_issues(self.instance, self.repository)

    def behave(self, **wish: Any) -> None:
        github_behave(self.instance, **wish)


@pytest.fixture
def desk(cloud: Instance) -> Iterator[Desk]:
    yield Desk(cloud)
    github_behave(cloud)


def test_an_issue_is_opened_closed_and_opened_again(desk: Desk) -> None:
    ticket = desk.open()
    assert (ticket.number, ticket.url) == (1, desk.issues[0]["html_url"])
    assert desk.open() == ticket
    desk.github.close(ticket, comment="resolved")
    [issue] = desk.issues
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert desk.open() == ticket
    desk.github.reopen(ticket, comment="it is back")
    [issue] = desk.issues
    assert (issue["state"], [each["body"] for each in issue["said"]]) == ("open", ["resolved", "it is back"])
    assert {each["name"] for each in issue["labels"]} == {"yagura", "security"}


def test_an_issue_is_found_behind_many_others(desk: Desk) -> None:
    ticket = desk.open()
    for number in range(31):
        desk.github.open(desk.repository, title="t", body=f"<!-- other-{number} -->")
    assert desk.open() == ticket
    assert [each["status"] for each in github_calls(desk.instance, desk.repository)][-2:] == [200, 200]


def test_an_issue_whose_answer_was_lost_is_not_opened_again(desk: Desk) -> None:
    assert desk.github.find(desk.repository, "m-1", desk.since) is None
    desk.behave(next=1, status=502, done=True)
    with pytest.raises(GitHubUnavailableError, match="HTTP 502"):
        desk.github.open(desk.repository, title="t", body="<!-- m-1 -->")
    assert desk.open().number == 1
    assert len(desk.issues) == 1


def test_limits_outages_and_refusals_are_told_apart(desk: Desk) -> None:
    ticket = desk.open()
    for wish, status in (
        ({"remaining": 0, "reset_seconds": 30}, "rate limit of GitHub (HTTP 403)"),
        ({"next": 1, "secondary": True, "status": 429, "retry_after": 30}, "rate limit of GitHub (HTTP 429)"),
        ({"down": True}, "GitHub is not answering (HTTP 503)"),
        ({"bad_tokens": ["github_pat_local_demo"]}, "token refused (HTTP 401): run `fleetctl secrets set github`"),
    ):
        desk.behave(**wish)
        with pytest.raises(GitHubUnavailableError) as unavailable:
            desk.open()
        assert unavailable.value.status == status
        assert ("rate limit" in status) == (20_000 <= unavailable.value.retry_after_ms <= 31_000)
    for matter, why in (("missing", "not_found"), ("disabled", "gone"), ("moved", "moved"), ("archived", "archived")):
        desk.behave(**{matter: [desk.repository]})
        with pytest.raises(GitHubRefusedError, match=why):
            desk.github.open(desk.repository, title="t", body="b")
    desk.behave(missing=[desk.repository])
    desk.github.close(ticket, comment="resolved")
    desk.behave()
    with pytest.raises(GitHubRefusedError, match="invalid"):
        desk.github.open(desk.repository, title="t" * 257, body="b")
    assert desk.issues[0]["state"] == "open"
