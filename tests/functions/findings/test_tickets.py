"""The function `tickets`: a problem has one issue ever, which is closed and opened with it."""

import json
from typing import Any

import pytest

from functions.findings.decision import reviewed
from functions.findings.finding import Status
from functions.findings.issues import BUSY_MS
from functions.findings.policy import Rule, Ticket
from functions.findings.ticket import mark
from tests.functions.findings.deployments import HOUR, TICKETS, Deployment
from tests.functions.findings.github_world import REPO, answer, used_up
from tests.functions.findings.laws import FIRST, finding_like
from tests.functions.findings.repositories import TICKETED, Repository, file, ignoring, issue, tell


@pytest.fixture
def deployment() -> Deployment:
    return Deployment(TICKETED)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, deployment: Deployment) -> Repository:
    return Repository(monkeypatch, deployment)


def test_an_open_problem_gets_an_issue_with_its_mark_and_the_fleets_label(
    deployment: Deployment, github: Repository
) -> None:
    problem = tell(deployment)
    assert file(deployment) == []
    (found,) = github.issues.values()
    assert mark(deployment.problem(problem)) in found["body"]
    assert found["title"].startswith("HIGH S3.8: ")
    assert found["labels"] == [{"name": "yagura"}]
    kept = issue(deployment)
    assert (kept.repository, kept.number, kept.url, kept.open, kept.busy) == (REPO, 1, found["html_url"], True, 0)
    assert "wants" not in deployment.item(problem)


def test_it_is_closed_when_the_problem_is_and_opened_again_with_it_and_there_is_only_one_ever(
    deployment: Deployment, github: Repository
) -> None:
    for status, state in (
        (Status.OPEN, "open"),
        (Status.RESOLVED, "closed"),
        (Status.OPEN, "open"),
        (Status.GONE, "closed"),
        (Status.OPEN, "open"),
    ):
        tell(deployment, status)
        assert file(deployment) == []
        assert github.states == [state]
        assert issue(deployment).open is (state == "open")
    assert [text.split(" since")[0] for text in github.comments] == [
        "The resource passes its check",
        "It is open again",
        "The resource is gone",
        "It is open again",
    ]
    assert github.comments[-1].endswith("it was opened 3 times.")


def test_it_is_closed_when_the_problem_is_ignored_from_now_on(deployment: Deployment, github: Repository) -> None:
    problem = tell(deployment)
    file(deployment)
    deployment.deploy(TICKETED, ignoring())
    review(deployment, problem)
    assert file(deployment) == []
    assert (github.states, github.comments) == (["closed"], ["It is ignored."])


def review(deployment: Deployment, problem: str) -> None:
    with deployment.running():
        office = deployment.office
        office.change(problem, lambda p, now: reviewed(p, office.law, now), actor="tests")


def test_a_rule_without_tickets_opens_none(github: Repository) -> None:
    plain = Deployment()
    tell(plain)
    assert file(plain) == []
    assert github.calls == []


@pytest.mark.parametrize("mode", ["observe", "off", "nonsense"])
def test_unless_the_mode_is_act_no_issue_is_opened_but_one_is_closed(
    deployment: Deployment, github: Repository, mode: str
) -> None:
    other = finding_like(resource="arn:aws:s3:::other")
    tell(deployment)
    file(deployment)
    tell(deployment, finding=other)
    tell(deployment, Status.RESOLVED)
    deployment.stream()
    deployment.parameters.values["/yagura/mode/findings"] = mode
    deployment.restart()
    assert file(deployment) == []
    assert github.states == ["closed"]
    deployment.parameters.values["/yagura/mode/findings"] = "observe"
    tell(deployment)
    deployment.queues.bodies[TICKETS].append(json.dumps({"problem": FIRST.problem}))
    assert file(deployment) == []
    assert github.states == ["closed"]


@pytest.mark.parametrize("wanted", ["open", "close", "reopen"])
@pytest.mark.parametrize("trouble", ["down", "limit", "error"])
def test_github_that_is_away_keeps_it_and_the_next_delivery_does_it(
    deployment: Deployment, github: Repository, wanted: str, trouble: str
) -> None:
    tell(deployment)
    states = {"open": [], "close": ["open"], "reopen": ["closed"]}
    for status in {"open": [], "close": [Status.RESOLVED], "reopen": [Status.RESOLVED, Status.OPEN]}[wanted]:
        file(deployment)
        tell(deployment, status)
    github.is_down()
    if trouble != "down":
        github.says = used_up(403) if trouble == "limit" else answer(502)
    assert len(file(deployment)) == 1
    assert github.states == states[wanted]
    github.is_down(down=False)
    deployment.now += 6 * 60_000
    assert file(deployment) == []
    assert github.states == ["closed" if wanted == "close" else "open"]
    assert deployment.queues.dead == []
    assert deployment.told("BudgetUsedUp") == []


def test_without_a_token_nothing_is_lost(deployment: Deployment, github: Repository) -> None:
    deployment.secrets.value = None
    tell(deployment)
    assert len(file(deployment)) == 1
    deployment.secrets.value = "github_pat_0123456789"
    deployment.now += 6 * 60_000
    deployment.restart()
    assert file(deployment) == []
    assert github.states == ["open"]


@pytest.mark.parametrize(("status", "why"), [(404, "not_found"), (410, "gone"), (422, "invalid"), (301, "moved")])
def test_what_github_refuses_is_one_dead_letter_and_can_be_redriven(
    deployment: Deployment, github: Repository, status: int, why: str
) -> None:
    problem = tell(deployment)
    github.says = answer(status)
    assert file(deployment) == []
    assert deployment.queues.reasons == ["github"]
    (letter,) = deployment.queues.dead
    assert letter["MessageAttributes"]["yagura-text"]["StringValue"] == f"GitHub refused: {why}"
    for _ in range(3):
        deployment.now += HOUR
        deployment.tick()
        assert file(deployment) == []
    assert len(deployment.queues.dead) == 1, "it is not tried again every quarter of an hour"
    github.says = None
    deployment.queues.bodies[TICKETS].append(letter["body"])
    assert file(deployment) == []
    assert (github.states, issue(deployment).refused) == (["open"], "")
    assert "wants" not in deployment.item(problem)


def test_what_one_repository_refused_is_tried_in_another_that_the_policy_names_then(
    deployment: Deployment, github: Repository
) -> None:
    problem = tell(deployment)
    github.says = answer(404)
    file(deployment)
    deployment.now += BUSY_MS
    deployment.deploy(Rule(name="ticketed", ticket=Ticket(repository="acme/other")))
    review(deployment, problem)
    deployment.stream()
    github.says = answer(503)
    assert len(file(deployment)) == 1
    assert {path.split("/issues")[0] for _, path, _ in github.calls[-1:]} == {"repos/acme/other"}


def test_who_lost_the_answer_finds_the_issue_again(deployment: Deployment, github: Repository) -> None:
    tell(deployment)
    github.lose_at = 0
    assert len(file(deployment)) == 1
    assert issue(deployment).number == 0
    deployment.now += BUSY_MS
    assert file(deployment) == []
    assert (len(github.issues), issue(deployment).number, github.opened) == (1, 1, 1)


def test_one_whose_opening_was_never_written_down_is_closed_with_its_problem(
    deployment: Deployment, github: Repository
) -> None:
    tell(deployment)
    github.lose_at = 0
    assert len(file(deployment)) == 1
    tell(deployment, Status.RESOLVED)
    deployment.now += BUSY_MS
    assert file(deployment) == []
    assert (github.states, issue(deployment).number) == (["closed"], 1)


def test_one_that_was_about_to_be_opened_and_never_was_is_forgotten_with_its_problem(
    deployment: Deployment, github: Repository
) -> None:
    problem = tell(deployment)
    github.is_down()
    assert len(file(deployment)) == 1
    github.is_down(down=False)
    tell(deployment, Status.RESOLVED)
    deployment.now += BUSY_MS
    assert file(deployment) == []
    assert github.states == []
    assert "wants" not in deployment.item(problem)
    tell(deployment)
    assert file(deployment) == []
    assert github.states == ["open"]


def test_one_that_is_found_again_and_closed_is_opened_with_its_problem(
    deployment: Deployment, github: Repository
) -> None:
    tell(deployment)
    github.lose_at = 0
    assert len(file(deployment)) == 1
    github.issues[1]["state"] = "closed"
    deployment.now += BUSY_MS
    assert file(deployment) == []
    assert (github.states, issue(deployment).number) == (["open"], 1)


def test_while_somebody_is_at_it_nobody_else_is(deployment: Deployment, github: Repository) -> None:
    tell(deployment)
    deployment.stream()
    inner: list[Any] = []
    send = github.send

    def meanwhile(*args: Any, **more: Any) -> Any:
        if not inner:
            inner.append(deployment.deliver(TICKETS, most=1))
        return send(*args, **more)

    github_module = deployment.tickets.github
    github_module._ask.__func__.__globals__["send"] = meanwhile
    assert deployment.deliver(TICKETS, most=1) == []
    assert inner == [[]]
    assert len(github.issues) == 1


def test_the_budget_holds_issues_back_until_the_next_hour_but_closes_them() -> None:
    monkeypatch = pytest.MonkeyPatch()
    deployment = Deployment(TICKETED, effects_per_hour=1)
    github = Repository(monkeypatch, deployment)
    other = finding_like(resource="arn:aws:s3:::other")
    tell(deployment)
    tell(deployment, finding=other)
    assert file(deployment) == []
    tell(deployment, Status.RESOLVED)
    assert file(deployment) == []
    assert github.states == ["closed"]
    assert len(deployment.told("BudgetUsedUp")) == 1
    deployment.now += HOUR
    deployment.tick()
    assert file(deployment) == []
    assert sorted(github.states) == ["closed", "open"]
    monkeypatch.undo()


def test_a_message_that_is_none_is_a_dead_letter(deployment: Deployment, github: Repository) -> None:
    deployment.queues.bodies[TICKETS] += ["{}", "[", json.dumps({"problem": "unknown"})]
    assert file(deployment) == []
    assert deployment.queues.reasons == ["malformed", "malformed"]
    assert github.calls == []
