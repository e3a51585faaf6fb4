"""The function `writeback`: what problems want of Security Hub is asked in batches, and kept until it is taken."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.findings.decision import unsuppressed
from functions.findings.finding import Status
from functions.findings.policy import Match, Rule
from functions.findings.problem import Problem
from functions.findings.store import key
from tests.functions.findings.deployments import HOUR, WRITEBACK, Deployment
from tests.functions.findings.hubs import asff, ocsf
from tests.functions.findings.laws import NOW, suppressing
from tests.functions.findings.written import ACCEPTED, of, put, workflows
from tests.layers.fleet.fakes import client_error


@pytest.fixture
def deployment() -> Deployment:
    return Deployment(ACCEPTED)


def test_a_hundred_problems_are_asked_for_in_one_call_and_written_down(deployment: Deployment) -> None:
    names = [f"a{number}" for number in range(100)]
    problems = put(deployment, *names)
    deployment.stream()
    assert deployment.deliver() == []
    (asked,) = deployment.hub.asked()
    assert len(asked["FindingIdentifiers"]) == 100
    assert set(workflows(deployment, *names)) == {"SUPPRESSED"}
    assert all("wants" not in deployment.item(each) for each in problems)


def test_the_note_says_why_and_until_when(deployment: Deployment) -> None:
    put(deployment, "a")
    deployment.rest()
    note = deployment.hub.finding(asff("a", at=NOW)["Id"])["Note"]
    assert note["UpdatedBy"] == "yagura"
    for part in ("until 2026-05-22", "rule:accepted", "ada asked", "grace agreed", "Vendor fix is due"):
        assert part in note["Text"]


def test_its_own_echo_changes_nothing_and_is_asked_for_no_more(deployment: Deployment) -> None:
    (problem,) = put(deployment, "a")
    deployment.rest()
    before = deployment.problem(problem)
    assert before.state.status is Status.SUPPRESSED
    assert len(deployment.hub.asked()) == 1
    assert about_problems(deployment) == ["FindingSuppressed"]
    for _ in range(3):
        deployment.now += HOUR
        deployment.tick()
        deployment.rest()
    assert len(deployment.hub.asked()) == 1
    assert deployment.problem(problem).state == before.state
    assert about_problems(deployment) == ["FindingSuppressed"]


def about_problems(deployment: Deployment) -> list[str]:
    return [each["type"] for each in deployment.told() if "problem" in each]


def test_what_nobody_suppresses_is_asked_for_nothing(deployment: Deployment) -> None:
    put(deployment, "b", "c")
    deployment.rest()
    assert deployment.hub.asked() == []


def test_both_forms_of_a_finding_are_asked_for(deployment: Deployment) -> None:
    deployment.hub.put_v2(ocsf("a", at=NOW))
    put(deployment, "a")
    deployment.rest()
    assert (len(deployment.hub.asked()), len(deployment.hub.asked("BatchUpdateFindingsV2"))) == (1, 1)
    (record,) = deployment.hub.hub.ocsf.values()
    assert record.finding["status"] == "Suppressed"


def test_too_many_requests_keeps_the_change_and_asks_no_further(deployment: Deployment) -> None:
    other = suppressing("other", match=Match(resource=["arn:aws:s3:::b"]))
    deployment.deploy(ACCEPTED, other)
    put(deployment, "a", "b")
    deployment.stream()
    deployment.hub.behaves(throttle=1)
    bodies = list(deployment.queues.bodies[WRITEBACK])
    assert deployment.deliver() == bodies
    assert len(deployment.hub.asked()) == 1, "the second rule's call would only be throttled as well"
    assert deployment.deliver() == []
    assert workflows(deployment, "a", "b") == ["SUPPRESSED", "SUPPRESSED"]


@pytest.mark.parametrize("wish", [{"down": True}, {"enabled": False}, {"fail": 1}, {"fail": 1, "after": True}])
def test_security_hub_that_is_away_keeps_the_change(deployment: Deployment, wish: dict[str, Any]) -> None:
    put(deployment, "a")
    deployment.stream()
    deployment.hub.behaves(**wish)
    assert len(deployment.deliver()) == 1
    deployment.hub.behaves()
    deployment.rest()
    assert workflows(deployment, "a") == ["SUPPRESSED"]
    assert deployment.queues.dead == []


def test_of_a_batch_only_what_it_did_not_take_comes_again(deployment: Deployment) -> None:
    problems = put(deployment, "a1", "a2", "a3")
    deployment.stream()
    deployment.hub.behaves(unprocessed=1, error="ConcurrentUpdateError")
    assert [json.loads(each)["problem"] for each in deployment.deliver()] == problems[:1]
    assert workflows(deployment, "a1", "a2", "a3") == ["NEW", "SUPPRESSED", "SUPPRESSED"]
    assert deployment.deliver() == []
    assert workflows(deployment, "a1") == ["SUPPRESSED"]


def test_a_finding_that_is_no_more_leaves_nothing_to_be_asked(deployment: Deployment) -> None:
    (problem,) = put(deployment, "a")
    deployment.hub.remove(asff("a", at=NOW)["Id"])
    deployment.now += HOUR
    deployment.rest()
    assert "wants" not in deployment.item(problem)
    assert deployment.queues.dead == []


def test_a_finding_that_it_does_not_know_yet_is_asked_for_again(deployment: Deployment) -> None:
    (problem,) = put(deployment, "a1", "a2")[:1]
    deployment.stream()
    imported = asff("a1", at=NOW)
    deployment.hub.remove(imported["Id"])
    assert [json.loads(each)["problem"] for each in deployment.deliver()] == [problem]
    assert workflows(deployment, "a2") == ["SUPPRESSED"]
    deployment.hub.put(imported)
    deployment.hub.events.clear()
    deployment.rest()
    assert workflows(deployment, "a1") == ["SUPPRESSED"]
    assert deployment.queues.dead == []


def test_what_was_taken_for_gone_and_is_there_after_all_is_suppressed(deployment: Deployment) -> None:
    put(deployment, "a")
    deployment.hub.remove(asff("a", at=NOW)["Id"])
    deployment.now += HOUR
    deployment.rest()
    deployment.now += HOUR
    deployment.put("a")
    deployment.rest()
    assert deployment.hub.workflow(asff("a", at=NOW)["Id"]) == "SUPPRESSED"


@pytest.mark.parametrize("how", ["spoilt", "InvalidInput", "FindingSizeExceeded"])
def test_a_finding_that_it_will_never_take_is_one_dead_letter_and_its_neighbours_are_done(
    deployment: Deployment, how: str
) -> None:
    _, problem, _ = put(deployment, "a1", "a2", "a3")
    deployment.stream()
    spoil(deployment, how)
    assert deployment.deliver() == []
    assert workflows(deployment, "a1", "a2", "a3").count("SUPPRESSED") == 2
    assert deployment.queues.reasons == ["security_hub"]
    if how == "spoilt":
        assert json.loads(deployment.queues.dead[0]["body"]) == {"problem": problem}
    for _ in range(4):
        deployment.now += HOUR
        deployment.tick()
        deployment.rest()
    assert len(deployment.queues.dead) == 1, "it is not asked again every quarter of an hour"


def spoil(deployment: Deployment, how: str) -> None:
    if how == "spoilt":
        deployment.hub.spoilt = {asff("a2", at=NOW)["Id"]}
    else:
        deployment.hub.behaves(unprocessed=1, error=how)


def test_a_message_that_is_none_is_a_dead_letter_and_its_neighbours_are_done(deployment: Deployment) -> None:
    put(deployment, "a")
    deployment.stream()
    deployment.queues.bodies[WRITEBACK] += ["not json", json.dumps({"problem": 7}), json.dumps({"problem": "unknown"})]
    assert deployment.deliver() == []
    assert deployment.queues.reasons == ["malformed", "malformed"]
    assert workflows(deployment, "a") == ["SUPPRESSED"]


def test_a_problem_that_cannot_be_read_or_written_fails_alone(deployment: Deployment) -> None:
    unreadable, unwritable, _ = put(deployment, "a1", "a2", "a3")
    deployment.stream()
    table = deployment.writeback.office.table
    get, put_item = table.get, table.put

    def broken_get(pk: str) -> Any:
        if pk == key(unreadable):
            raise client_error("InternalServerError")
        return get(pk)

    def broken_put(item: Any, *, over: Any) -> bool:
        if item["pk"] == key(unwritable):
            raise client_error("InternalServerError")
        return bool(put_item(item, over=over))

    table.get, table.put = broken_get, broken_put
    left = {json.loads(each)["problem"] for each in deployment.deliver()}
    assert left == {unreadable, unwritable}
    assert workflows(deployment, "a1", "a2", "a3") == ["NEW", "SUPPRESSED", "SUPPRESSED"]
    table.get, table.put = get, put_item
    deployment.rest()
    assert workflows(deployment, "a1") == ["SUPPRESSED"]


def test_when_all_of_it_fails_every_message_comes_again(deployment: Deployment) -> None:
    put(deployment, "a1", "a2")
    deployment.stream()

    def fails(_problems: object) -> Any:
        raise ValueError

    asking: Any = deployment.writeback.asking
    asking.bring_about = fails
    assert len(deployment.deliver()) == 2


def test_a_suppression_by_hand_is_taken_back_by_hand_alone(deployment: Deployment) -> None:
    deployment.hub.put(asff("b", at=NOW, workflow="SUPPRESSED"))
    deployment.echo()
    problem = of(deployment, "b")
    assert problem.state.status is Status.SUPPRESSED
    with deployment.running():
        change: Callable[[Problem, int], Problem] = lambda p, now: unsuppressed(p, deployment.office.law, "x", now)  # noqa: E731
        deployment.office.change(problem.id, change, actor="tests")
    deployment.rest()
    assert workflows(deployment, "b") == ["SUPPRESSED"]
    assert deployment.hub.asked() == []


def test_two_rules_are_two_calls_each_with_its_note() -> None:
    other: Rule = suppressing("other", reason="It goes in May", match=Match(resource=["arn:aws:s3:::b"]))
    deployment = Deployment(ACCEPTED, other)
    put(deployment, "a", "b", "c")
    deployment.rest()
    notes = {request["Note"]["Text"] for request in deployment.hub.asked()}
    assert len(notes) == len(deployment.hub.asked()) == 2
