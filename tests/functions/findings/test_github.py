"""Issues: what GitHub is asked, and that asking again after a lost answer changes nothing."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fleet import telemetry
from functions.findings.github import GitHubUnavailableError
from tests.functions.findings.github_world import REPO, TOKEN, World, as_json, ticket


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_an_issue_is_opened_with_the_fleets_label_and_others(world: World) -> None:
    assert world.open() == ticket()
    said = {"title": "S3 is public", "body": "text <!-- m-1 -->", "labels": ["yagura", "security"]}
    assert world.calls == [("POST", "repos/acme/shop/issues", said)]
    assert world.headers == [
        {
            "Authorization": f"Bearer {TOKEN}",
            "Accept": "application/vnd.github+json",
            "User-Agent": "yagura",
            "X-GitHub-Api-Version": "2022-11-28",
        }
    ]


def test_a_token_that_may_not_set_labels_opens_the_issue_and_is_told_of(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(telemetry, "log", lambda message, **fields: told.append((message, fields)))
    world.drops_labels = True
    assert world.open() == ticket()
    assert told == [("labels dropped: the token needs write access", {"repository": REPO, "number": 1})]


def test_an_issue_is_found_by_its_marker_among_the_fleets_of_any_state(world: World) -> None:
    world.add(1, "text <!-- m-1 -->", state="closed")
    world.add(2, None)
    world.add(3, "<!-- m-3 -->", pull_request={"url": "x"})
    assert world.find() == ticket()
    assert world.find("m-2") is None
    assert world.find("m-3") is None
    method, url, _ = world.calls[0]
    asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
    assert (method, asked.pop("since")) == ("GET", "2026-11-18T11:05:40Z")
    assert asked == {"labels": "yagura", "state": "all", "sort": "created", "direction": "desc", "per_page": "30"}


def test_an_issue_from_before_is_not_found_and_the_clocks_may_differ_by_a_minute(world: World) -> None:
    world.add(1, "<!-- m-1 -->", created="2026-11-18T11:05:39Z")
    assert world.find() is None
    world.add(1, "<!-- m-1 -->", created="2026-11-18T11:05:40Z")
    assert world.find() == ticket()


def test_all_pages_are_looked_through_at_the_fleets_own_address(world: World) -> None:
    for number in range(1, 8):
        world.add(number, f"<!-- m-{number} -->")
    world.page = 3
    assert world.find() == ticket()
    asked = [parse_qs(urlsplit(url).query) for _, url, _ in world.calls]
    assert [each.get("page") for each in asked] == [None, ["2"], ["3"]]
    assert {each["state"][0] for each in asked} == {"all"}


def test_a_cursor_leads_on_as_well(world: World) -> None:
    world.says = as_json(
        200, [], {"link": '<https://api.github.test/repositories/7/issues?after=Y3%3D&page=2>; rel="next"'}
    )
    with pytest.raises(GitHubUnavailableError, match="more new issues"):
        world.find()
    assert len(world.calls) == 20
    assert "&after=Y3%3D&page=2" in world.calls[1][1]


def test_an_issue_is_closed_with_a_comment_once(world: World) -> None:
    world.add(1, "m-1")
    for _ in range(2):
        world.github.close(ticket(), comment="resolved")
    assert (world.issues[1]["state"], world.issues[1]["state_reason"], world.comments) == (
        "closed",
        "completed",
        ["resolved"],
    )
    world.github.reopen(ticket(), comment="it is back")
    assert (world.issues[1]["state"], world.issues[1]["state_reason"]) == ("open", "reopened")
    world.github.reopen(ticket(), comment="it is back")
    assert world.comments == ["resolved", "it is back"]


@pytest.mark.parametrize("lost", range(4))
@pytest.mark.parametrize("before", [[], ["hello"]])
def test_whichever_answer_is_lost_a_second_try_leaves_one_comment_and_the_state(
    world: World, lost: int, before: list[str]
) -> None:
    world.add(1, "m-1", comments=len(before))
    world.comments.extend(before)
    world.lose_at = lost
    try:
        world.github.close(ticket(), comment="resolved\r\n\r\n")
    except GitHubUnavailableError:
        world.github.close(ticket(), comment="resolved\r\n\r\n")
    assert (world.issues[1]["state"], world.comments) == ("closed", [*before, "resolved"])


def test_what_somebody_has_closed_or_opened_is_left_as_it_is(world: World) -> None:
    world.add(1, "m-1", state="closed", state_reason="not_planned")
    world.github.close(ticket(), comment="resolved")
    world.issues[1]["state"] = "open"
    world.github.reopen(ticket(), comment="it is back")
    assert [method for method, _, _ in world.calls] == ["GET", "GET"]
