"""The function `sweep`: what no event triggers is done at the next tick, and for each problem by itself."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.findings.decision import suppressed
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS
from functions.findings.policy import Match, Rule
from functions.findings.reconcile import Reconciliation
from functions.findings.store import key
from tests.functions.findings.deployments import HOUR, MINUTE, WRITEBACK, Context, Deployment
from tests.functions.findings.hubs import asff
from tests.functions.findings.laws import NOW, lease, suppressing
from tests.layers.fleet.fakes import client_error

ACCEPTED = suppressing("accepted", match=Match(resource=["arn:aws:s3:::a*"]))
LEVEL = 30 * DAY_MS
"""Until what is HIGH is due."""


@pytest.fixture
def deployment() -> Deployment:
    return known(Deployment(ACCEPTED, remind_days=2, escalate_days=5))


def known(deployment: Deployment) -> Deployment:
    deployment.known()
    deployment.tick()
    return deployment


def workflow(deployment: Deployment, name: str) -> str:
    return deployment.hub.workflow(asff(name, at=NOW)["Id"])


def grant(deployment: Deployment, problem: str, *, days: int) -> None:
    with deployment.running():
        office, now = deployment.office, deployment.now
        given = lease(start=now, until=now + days * DAY_MS)
        office.change(problem, lambda p, at: suppressed(p, given, office.law, at), actor="ada")


def stages(deployment: Deployment) -> list[str]:
    return [each["stage"] for each in deployment.told("FindingOverdue")]


def test_a_suppression_that_ends_is_told_and_taken_back_in_security_hub(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    deployment.rest()
    assert workflow(deployment, "a") == "SUPPRESSED"
    deployment.now = NOW + 80 * DAY_MS
    deployment.tick()
    deployment.rest()
    assert workflow(deployment, "a") == "NEW"
    assert deployment.problem(problem).state.status is Status.OPEN
    (opened,) = deployment.told("FindingOpened")
    assert (opened["problem"], opened["reopened"], opened["opened"]) == (problem, True, NOW + 80 * DAY_MS)


def test_an_hour_before_its_end_it_holds(deployment: Deployment) -> None:
    deployment.put("a")
    deployment.rest()
    deployment.now = NOW + 80 * DAY_MS - HOUR
    deployment.tick()
    deployment.rest()
    assert workflow(deployment, "a") == "SUPPRESSED"


def test_people_are_warned_seven_days_before_the_end_of_what_they_granted_and_once(deployment: Deployment) -> None:
    (problem,) = deployment.put("b")
    grant(deployment, problem, days=20)
    deployment.rest()
    deployment.ticks(12, every=DAY_MS)
    assert deployment.told("SuppressionExpiring") == []
    deployment.ticks(7, every=DAY_MS)
    (warning,) = deployment.told("SuppressionExpiring")
    assert (warning["problem"], warning["until"], warning["requester"]) == (problem, NOW + 20 * DAY_MS, "ada")
    deployment.ticks(2, every=DAY_MS)
    assert len(deployment.told("SuppressionExpiring")) == 1
    assert len(deployment.told("FindingOpened")) == 2


def test_a_deadline_is_reminded_of_then_overdue_then_escalated_each_once() -> None:
    deployment = known(Deployment(remind_days=2, escalate_days=5, escalate_to="#sre"))
    deployment.put("b")
    deployment.ticks(80, every=DAY_MS // 2)
    assert stages(deployment) == ["remind", "overdue", "escalate"]
    assert [each["escalate_to"] for each in deployment.told("FindingOverdue")] == ["", "", "#sre"]
    told = [each["meta"]["time"] - NOW for each in deployment.told("FindingOverdue")]
    assert told == [LEVEL - 2 * DAY_MS, LEVEL, LEVEL + 5 * DAY_MS]


def test_after_a_long_downtime_only_the_last_is_told(deployment: Deployment) -> None:
    deployment.put("b")
    deployment.ticks(1, every=MINUTE)
    deployment.ticks(1, every=LEVEL + 60 * DAY_MS)
    deployment.ticks(3, every=DAY_MS)
    assert stages(deployment) == ["escalate"]


def breaks(deployment: Deployment, problem: str, error: Exception) -> Callable[[], None]:
    """Whatever is written of a problem fails; the answer mends it."""
    table = deployment.sweep.office.table
    put = table.put

    def broken(item: Any, *, over: Any) -> bool:
        if item["pk"] == key(problem):
            raise error
        return bool(put(item, over=over))

    table.put = broken
    return lambda: setattr(table, "put", put)


@pytest.mark.parametrize("error", [ValueError("x"), client_error("ValidationException")])
def test_one_problem_that_fails_holds_up_no_other_and_is_told_loudly(deployment: Deployment, error: Exception) -> None:
    first, *others = deployment.put("b", "c", "d")
    deployment.stream()
    mend = breaks(deployment, first, error)
    for _ in range(2):
        deployment.now += LEVEL
        with pytest.raises(ExceptionGroup) as failed:
            deployment.tick()
        assert error in _all(failed.value)
        deployment.stream()
    assert {each["problem"] for each in deployment.told("FindingOverdue")} == set(others)
    mend()
    deployment.now += MINUTE
    deployment.tick()
    assert first in {each["problem"] for each in deployment.told("FindingOverdue")}


def _all(group: BaseException) -> list[BaseException]:
    return [e for each in group.exceptions for e in _all(each)] if isinstance(group, ExceptionGroup) else [group]


def test_a_table_that_is_away_ends_the_tick_and_the_next_goes_on(deployment: Deployment) -> None:
    deployment.put("b", "c")
    deployment.stream()
    deployment.now += LEVEL
    deployment.dynamodb.error = client_error("InternalServerError", "PutItem")
    with pytest.raises(ExceptionGroup):
        deployment.tick()
    deployment.dynamodb.error = None
    deployment.tick()
    assert stages(deployment) == ["overdue", "overdue"]


def test_queues_that_are_away_hold_up_nothing_and_the_errand_is_made_good(deployment: Deployment) -> None:
    deployment.put("a", "b")
    deployment.rest()
    deployment.now = NOW + 80 * DAY_MS
    deployment.queues.error = client_error("ServiceUnavailable", "SendMessage")
    with pytest.raises(ExceptionGroup):
        deployment.tick()
    assert len(deployment.told("FindingOverdue")) == 1, "of the other one"
    deployment.lose_stream()
    deployment.queues.error = None
    deployment.now += 15 * MINUTE
    deployment.tick()
    deployment.rest()
    assert workflow(deployment, "a") == "NEW"


def test_an_errand_that_the_stream_has_lost_is_made_good_after_a_quarter_of_an_hour(deployment: Deployment) -> None:
    deployment.put("a")
    deployment.lose_stream()
    deployment.ticks(1, every=11 * MINUTE)
    assert deployment.queues.bodies[WRITEBACK] == []
    deployment.ticks(1, every=MINUTE)
    assert len(deployment.queues.bodies[WRITEBACK]) > 0
    deployment.rest()
    assert workflow(deployment, "a") == "SUPPRESSED"


def test_when_time_runs_out_the_next_tick_goes_on_with_the_oldest(deployment: Deployment) -> None:
    names = [f"b{number}" for number in range(7)]
    deployment.put(*names)
    deployment.stream()
    deployment.now += LEVEL
    seen = []
    for _ in range(4):
        deployment.tick(Context(looks=2))
        seen.append(len(stages(deployment)))
        deployment.stream()
        deployment.now += MINUTE
    assert seen == [2, 4, 6, 7]


def test_where_no_finding_is_triaged_nothing_is_done() -> None:
    deployment = Deployment(accounts=[])
    deployment.tick()
    assert (deployment.dynamodb.written, deployment.hub.calls) == ([], [])


def test_off_only_suppressions_end(deployment: Deployment) -> None:
    deployment.put("a", "b")
    deployment.rest()
    deployment.parameters.values["/yagura/mode/findings"] = "off"
    deployment.restart()
    calls = len(deployment.hub.asked("GetFindings"))
    deployment.now = NOW + 80 * DAY_MS
    deployment.tick()
    deployment.rest()
    assert workflow(deployment, "a") == "NEW"
    assert stages(deployment) == []
    assert len(deployment.hub.asked("GetFindings")) == calls
    assert [each["day"] for each in deployment.told("FindingsSummarized")] == []


def test_security_hub_that_is_away_makes_no_dead_letter_and_holds_up_nothing_else(
    deployment: Deployment, logged: Callable[[], str]
) -> None:
    deployment.put("b")
    deployment.stream()
    deployment.hub.behaves(down=True)
    deployment.now += LEVEL
    deployment.tick()
    assert stages(deployment) == ["overdue"]
    assert '"reason":"any","service":"findings","PutOff":[1.0]' in logged()


def test_one_step_that_fails_holds_up_no_other(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError

    deployment.put("b")
    deployment.stream()
    deployment.now += LEVEL
    monkeypatch.setattr(Reconciliation, "go_on", broken)
    with pytest.raises(ExceptionGroup, match="1 steps of the sweep failed"):
        deployment.tick()
    assert stages(deployment) == ["overdue"]
    assert len(deployment.told("FindingsSummarized")) == 1


def test_after_a_change_of_configuration_all_problems_are_judged_anew_once(deployment: Deployment) -> None:
    problems = deployment.put("a", "b", "c")
    deployment.rest()
    deployment.deploy(suppressing("other", match=Match(resource=["arn:aws:s3:::b", "arn:aws:s3:::c"])))
    rename(deployment)
    deployment.now += MINUTE
    deployment.tick()
    deployment.rest()
    assert [workflow(deployment, name) for name in "abc"] == ["NEW", "SUPPRESSED", "SUPPRESSED"]
    assert {deployment.problem(each).config for each in problems} == {"another"}
    revisions = [deployment.item(each)["rev"] for each in problems]
    deployment.now += MINUTE
    deployment.tick()
    assert [deployment.item(each)["rev"] for each in problems] == revisions


def rename(deployment: Deployment, config: str = "another") -> None:
    """The configuration that is deployed has another hash."""
    for function in (deployment.sweep, deployment.triage):
        law = function.office.law
        function.office.law = type(law)(law.judge, law.catalogue, config)


def test_a_review_that_time_cuts_short_goes_on_and_one_that_fails_for_one_problem_does_not_stay_there(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = deployment.put("b", "c", "d", "e")
    deployment.deploy(Rule(name="worse", severity="CRITICAL"))
    monkeypatch.setattr("functions.findings.rounds._PAGE", 2)
    deployment.restart()
    rename(deployment)
    breaks(deployment, first, ValueError("x"))
    for _ in range(6):
        deployment.now += MINUTE
        with contextlib.suppress(ExceptionGroup):
            deployment.tick(Context(looks=3))
    assert {deployment.problem(each).state.severity for each in others} == {"CRITICAL"}
    assert deployment.problem(first).state.severity == "HIGH"


def test_numbers_of_what_the_sweep_opens_are_written_down(deployment: Deployment) -> None:
    deployment.put("a")
    deployment.now = NOW + 80 * DAY_MS
    deployment.tick()
    deployment.ticks(1, every=2 * MINUTE)
    days = [item for pk, item in deployment.dynamodb.items.items() if pk.startswith("numbers#2026-05-22")]
    assert [json.loads(item["counts"]["S"])["opened"] for item in days] == [1]


def test_a_rules_lease_that_lies_ahead_begins_at_its_time_though_no_event_comes() -> None:
    begins = NOW + 2 * DAY_MS + HOUR
    deployment = known(Deployment(suppressing("later", start=begins, match=Match(resource=["arn:aws:s3:::a"]))))
    deployment.put("a", "b")
    deployment.hub.behaves(enabled=False, operations=["GetFindings", "GetFindingsV2"])
    deployment.now = begins - 1
    deployment.tick()
    deployment.rest()
    assert [workflow(deployment, name) for name in "ab"] == ["NEW", "NEW"]
    deployment.now = begins
    deployment.tick()
    deployment.rest()
    assert [workflow(deployment, name) for name in "ab"] == ["SUPPRESSED", "NEW"]
