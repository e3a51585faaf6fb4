"""What GitHub's answers mean, and that neither they nor the token are told to anybody."""

import logging
import re
import traceback
from collections.abc import Callable

import pytest

from fleet.posting import Answer, UnreachableError
from functions.findings.github import GitHubRefusedError, GitHubUnavailableError, Ticket
from tests.functions.findings.github_world import NOW, PATIENT, TOKEN, World, answer, as_json, ticket, used_up
from tests.layers.fleet.fakes import client_error


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.mark.parametrize("status", [404, 410])
def test_closing_what_is_gone_is_done_and_reopening_it_is_refused(world: World, status: int) -> None:
    world.says = answer(status)
    world.github.close(ticket(), comment="resolved")
    with pytest.raises(GitHubRefusedError):
        world.github.reopen(ticket(), comment="it is back")


def test_closing_what_moved_is_refused(world: World) -> None:
    world.says = answer(301, headers={"location": "https://evil.test/"})
    with pytest.raises(GitHubRefusedError, match="moved"):
        world.github.close(ticket(), comment="resolved")
    assert len(world.calls) == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answer(301, headers={"location": "https://evil.test/"}), "moved"),
        (answer(307, headers={"location": "https://evil.test/"}), "moved"),
        (answer(404), "not_found"),
        (answer(410), "gone"),
        (answer(422), "invalid"),
        (answer(400), "http_400"),
        (answer(451), "http_451"),
        (answer(403, "Repository was archived so is read-only."), "archived"),
    ],
)
def test_what_github_will_never_take_is_refused_with_a_reason(world: World, said: Answer, why: str) -> None:
    world.says = said
    with pytest.raises(GitHubRefusedError) as refused:
        world.open()
    assert (refused.value.why, len(world.calls)) == (why, 1)


@pytest.mark.parametrize(
    ("said", "status", "pause"),
    [
        (answer(401), "token refused (HTTP 401): run `fleetctl secrets set github`", 0),
        (answer(403), "the token may not do this (HTTP 403): it needs write access to issues", 60_000),
        (used_up(403), "rate limit of GitHub (HTTP 403)", 90_000),
        (used_up(429), "rate limit of GitHub (HTTP 429)", 90_000),
        (used_up(429, "1"), "rate limit of GitHub (HTTP 429)", 1000),
        (used_up(429, "9" * 30), "rate limit of GitHub (HTTP 429)", 3_600_000),
        (used_up(429, "soon"), "rate limit of GitHub (HTTP 429)", 60_000),
        (used_up(403, retry_after_ms=7000), "rate limit of GitHub (HTTP 403)", 7000),
        (answer(429, retry_after_ms=7000), "rate limit of GitHub (HTTP 429)", 7000),
        (answer(403, "You have exceeded a secondary rate limit."), "rate limit of GitHub (HTTP 403)", 60_000),
        (answer(403, retry_after_ms=7000), "rate limit of GitHub (HTTP 403)", 7000),
        (answer(429), "rate limit of GitHub (HTTP 429)", 60_000),
        (answer(408), "GitHub is not answering (HTTP 408)", 0),
        (answer(500), "GitHub is not answering (HTTP 500)", 0),
        (answer(503, retry_after_ms=5000), "GitHub is not answering (HTTP 503)", 5000),
        (answer(204), "GitHub is not answering (HTTP 204)", 0),
        (Answer(200, f"<html>{PATIENT}", 0), "GitHub does not answer as GitHub does", 0),
        (Answer(200, "[" * 100_000, 0), "GitHub does not answer as GitHub does", 0),
        (as_json(201, {"number": "1"}), "GitHub does not answer as GitHub does", 0),
        (UnreachableError("TimeoutError", unclear=True), "GitHub cannot be reached (TimeoutError)", 0),
    ],
)
def test_what_github_cannot_take_now_says_what_to_know_and_how_long_to_wait(
    world: World, said: Answer | UnreachableError, status: str, pause: int
) -> None:
    world.says = said
    asks: tuple[Callable[[], object], ...] = (
        world.open,
        world.find,
        lambda: world.github.close(ticket(), comment="resolved"),
    )
    for ask in asks:
        with pytest.raises(GitHubUnavailableError) as unavailable:
            ask()
        assert (unavailable.value.status, unavailable.value.retry_after_ms) == (status, pause)
        told = "".join(traceback.format_exception(unavailable.value))
        assert not [each for each in (PATIENT, TOKEN) if each in told]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x.test/|evil>", "https://x.test/ a", "x" * 501])
def test_an_address_that_is_none_is_not_passed_on(world: World, url: str) -> None:
    world.add(1, "m-1", html_url=url)
    with pytest.raises(GitHubUnavailableError, match="as GitHub does"):
        world.find()


@pytest.mark.parametrize(
    "repository",
    [
        "",
        "shop",
        "acme/",
        "/shop",
        "acme/shop/x",
        "acme/sh op",
        "acme/shop\n",
        "../shop",
        "acme/..",
        "./.",
        "acme/shop?x",
    ],
)
def test_what_is_no_repository_gets_into_no_path(world: World, repository: str) -> None:
    asks: tuple[Callable[[], object], ...] = (
        lambda: world.github.open(repository, title="t", body="b"),
        lambda: world.github.find(repository, "m-1", NOW),
        lambda: world.github.close(Ticket(repository, 1, ""), comment="c"),
    )
    for ask in asks:
        with pytest.raises(GitHubRefusedError, match="no_repository"):
            ask()
    assert world.calls == []


def unfilled(world: World) -> None:
    world.secrets.value = None


def unreadable(world: World) -> None:
    world.secrets.error = client_error("AccessDeniedException", "GetSecretValue")


def unfit(world: World) -> None:
    world.secrets.value = f"{TOKEN}\r\nHost: evil.test"


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (unfilled, "no token: run `fleetctl secrets set github`"),
        (unreadable, "the token cannot be read (ClientError)"),
        (unfit, "the secret holds no token of GitHub: run `fleetctl secrets set github`"),
    ],
)
def test_without_a_token_nothing_is_asked(world: World, trouble: Callable[[World], None], status: str) -> None:
    trouble(world)
    with pytest.raises(GitHubUnavailableError, match=f"^{re.escape(status)}$") as unavailable:
        world.open()
    assert world.calls == []
    assert TOKEN not in "".join(traceback.format_exception(unavailable.value))


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_is_read_anew(world: World, status: int) -> None:
    world.says = answer(status)
    with pytest.raises(GitHubUnavailableError):
        world.open()
    world.says, world.secrets.value = None, "ghp_new"
    world.open()
    assert [each["Authorization"] for each in world.headers] == [f"Bearer {TOKEN}", "Bearer ghp_new"]


def test_nothing_of_an_answer_or_the_token_is_logged(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for said in (answer(401), answer(403), answer(422), answer(500), Answer(200, PATIENT, 0)):
        world.says = said
        with pytest.raises((GitHubUnavailableError, GitHubRefusedError)):
            world.open()
    told = caplog.text + "".join(capsys.readouterr())
    assert not [each for each in (PATIENT, TOKEN) if each in told]
