"""What events have missed is found by reading Security Hub once a day, and nothing older than what is known."""

import json
from typing import Any

import pytest

from functions.findings.finding import Status
from functions.findings.lease import DAY_MS as DAY
from functions.findings.policy import Match, Rule
from functions.findings.reconcile import LATELY_MS
from tests.functions.entry import ACCOUNT
from tests.functions.findings.deployments import HOUR, MINUTE, Deployment
from tests.functions.findings.hubs import FakeSecurityHub, asff
from tests.functions.findings.laws import NOW, suppressing
from tests.functions.findings.reconciled import day, known, miss, problem_of, status


@pytest.fixture
def deployment() -> Deployment:
    return known(Deployment())


def test_a_finding_of_which_no_event_came_is_recorded_and_told(deployment: Deployment) -> None:
    problem = miss(deployment)
    day(deployment)
    assert status(deployment, problem) is Status.OPEN
    (opened,) = deployment.told("FindingOpened")
    assert (opened["problem"], opened["opened"]) == (problem, NOW), "since Security Hub has it, not since it was found"


def test_what_is_known_is_read_once_a_day_and_written_no_more(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    day(deployment)
    revision = deployment.item(problem)["rev"]
    names = len(deployment.steps.names)
    day(deployment)
    deployment.ticks(3, every=HOUR)
    assert deployment.item(problem)["rev"] == revision
    assert deployment.steps.names[names:].count("before GetFindings") == 2, "a page of theirs, and what was silent"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "PASSED", "workflow": "RESOLVED"}, Status.RESOLVED),
        ({"RecordState": "ARCHIVED"}, Status.GONE),
        ({"workflow": "SUPPRESSED"}, Status.SUPPRESSED),
    ],
)
def test_a_change_of_which_no_event_came_is_found(
    deployment: Deployment, changes: dict[str, Any], expected: Status
) -> None:
    (problem,) = deployment.put("a")
    day(deployment)
    miss(deployment, at=deployment.now, **changes)
    day(deployment, days=2)
    assert status(deployment, problem) is expected


def test_a_change_of_the_workflow_alone_is_found_too(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    miss(deployment, at=NOW, workflow="SUPPRESSED")
    day(deployment)
    assert status(deployment, problem) is Status.SUPPRESSED


def test_what_vanished_is_gone_once_nothing_was_heard_of_it_for_a_day(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    deployment.rest()
    deployment.hub.remove(asff("a", at=NOW)["Id"])
    deployment.now = NOW - NOW % DAY + DAY + HOUR
    deployment.tick()
    assert status(deployment, problem) is Status.OPEN
    deployment.stream()
    day(deployment)
    assert status(deployment, problem) is Status.GONE
    (resolved,) = deployment.told("FindingResolved")
    assert resolved["gone"]
    assert deployment.problem(problem).state.closed == deployment.now


def test_what_was_taken_for_gone_and_is_there_again_is_open_again(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    finding = deployment.hub.finding(asff("a", at=NOW)["Id"])
    deployment.hub.remove(finding["Id"])
    day(deployment, days=2)
    assert status(deployment, problem) is Status.GONE
    deployment.hub.put(finding)
    deployment.hub.events.clear()
    day(deployment)
    assert status(deployment, problem) is Status.OPEN
    revision = deployment.item(problem)["rev"]
    day(deployment)
    assert (status(deployment, problem), deployment.item(problem)["rev"]) == (Status.OPEN, revision)


def test_a_read_that_lags_behind_what_was_heard_lately_is_not_recorded(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    old = deployment.hub.finding(asff("a", at=NOW)["Id"])
    deployment.now += DAY
    deployment.hub.put(asff("a", at=NOW, workflow="SUPPRESSED"))
    deployment.echo()
    (finding_key,) = deployment.hub.hub.findings
    deployment.hub.seen_late = {finding_key: old}
    deployment.now += LATELY_MS // 2
    deployment.tick()
    assert status(deployment, problem) is Status.SUPPRESSED
    deployment.hub.seen_late = {}
    day(deployment)
    assert status(deployment, problem) is Status.SUPPRESSED


def test_a_read_that_is_older_than_what_is_known_is_not_recorded(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    old = deployment.hub.finding(asff("a", at=NOW)["Id"])
    deployment.now += DAY
    deployment.put("a", workflow="SUPPRESSED")
    (finding_key,) = deployment.hub.hub.findings
    deployment.hub.seen_late = {finding_key: old}
    day(deployment)
    assert status(deployment, problem) is Status.SUPPRESSED


def test_our_own_suppression_that_is_not_to_be_seen_yet_is_not_taken_for_one_that_people_undid() -> None:
    deployment = known(Deployment(suppressing()))
    (problem,) = deployment.put("a")
    (finding_key,) = deployment.hub.hub.findings
    deployment.hub.seen_late = {finding_key: deployment.hub.finding(finding_key.id)}
    deployment.rest()
    deployment.now += LATELY_MS // 2
    deployment.tick()
    deployment.rest()
    deployment.hub.seen_late = {}
    day(deployment)
    assert len(deployment.hub.asked()) == 1
    assert deployment.hub.workflow(finding_key.id) == "SUPPRESSED"
    assert status(deployment, problem) is Status.SUPPRESSED


def test_an_event_that_is_still_on_its_way_has_the_last_word(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    deployment.now += 2 * HOUR
    deployment.hub.put(asff("a", at=NOW, workflow="SUPPRESSED"))
    (late,) = deployment.hub.events
    deployment.hub.events.clear()
    deployment.hub.put(asff("a", at=NOW, Title="It reads otherwise"))
    deployment.hub.events.clear()
    deployment.now += MINUTE
    deployment.tick()
    assert deployment.problem(problem).shown.title == "It reads otherwise"
    assert deployment.take(late) == []
    assert status(deployment, problem) is Status.SUPPRESSED


def test_of_a_finding_that_is_heard_of_while_it_is_looked_for_nothing_is_recorded(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    deployment.stream()
    deployment.hub.remove(asff("a", at=NOW)["Id"])
    deployment.now += 2 * DAY
    hub = deployment.sweep.hub
    find = hub.find

    def meanwhile(findings: Any) -> Any:
        found = find(findings)
        deployment.put("a")
        return found

    hub.find = meanwhile
    deployment.tick()
    assert status(deployment, problem) is Status.OPEN


def test_a_finding_that_cannot_be_read_is_counted_and_its_neighbours_are_taken(
    deployment: Deployment, logged: Any
) -> None:
    miss(deployment, "bad", Severity={"Label": "SEVERE"})
    miss(deployment, "foreign", ProductArn=f"arn:aws:securityhub:eu-west-1:{ACCOUNT}:product/{ACCOUNT}/default")
    good = miss(deployment, "good")
    answer_as_it_is(deployment.hub)
    day(deployment)
    assert status(deployment, good) is Status.OPEN
    assert len([pk for pk in deployment.dynamodb.items if pk.startswith("problem#")]) == 1
    output = logged()
    assert '"reason":"malformed"' in output
    assert '"reason":"foreign_product"' in output


def test_a_known_one_that_cannot_be_read_any_more_is_not_taken_for_gone(deployment: Deployment) -> None:
    bad, good = deployment.put("bad", "good")
    deployment.hub.finding(asff("bad", at=NOW)["Id"])["Title"] = 7
    deployment.hub.remove(asff("good", at=NOW)["Id"])
    output = deployment.hub.hub.findings
    assert len(output) == 1
    answer_as_it_is(deployment.hub)
    day(deployment, days=2)
    assert (status(deployment, bad), status(deployment, good)) == (Status.OPEN, Status.GONE)


def answer_as_it_is(hub: FakeSecurityHub) -> None:
    """What no API could answer, answered all the same."""
    hub.get_findings = lambda **_: {"Findings": [r.finding for r in hub.hub.findings.values()]}  # type: ignore[method-assign]


def test_of_a_finding_about_several_resources_each_problem_is_compared(deployment: Deployment) -> None:
    both = [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::{name}"} for name in ("a", "b")]
    deployment.hub.put(asff("a", at=NOW, Resources=both))
    deployment.echo()
    first, second = problem_of(deployment, "a"), problem_of(deployment, "b")
    assert (status(deployment, first), status(deployment, second)) == (Status.OPEN, Status.OPEN)
    deployment.hub.finding(asff("a", at=NOW)["Id"])["Resources"] = both[1:]
    deployment.stream()
    day(deployment, days=2)
    assert (status(deployment, first), status(deployment, second)) == (Status.GONE, Status.OPEN)


def test_accounts_that_are_not_ours_are_not_asked_for(deployment: Deployment) -> None:
    miss(deployment, "other", AwsAccountId="444455556666")
    day(deployment)
    filters = deployment.hub.asked("GetFindings")[0]["Filters"]
    assert filters["AwsAccountId"] == [{"Value": ACCOUNT, "Comparison": "EQUALS"}]
    assert not [pk for pk in deployment.dynamodb.items if pk.startswith("problem#")]


def test_what_was_ignored_is_judged_anew_by_another_configuration(deployment: Deployment) -> None:
    deployment.deploy(Rule(name="noise", ignore=True))
    (problem,) = deployment.put("a")
    assert deployment.problem(problem).state.ignored
    deployment.deploy()
    day(deployment)
    assert not deployment.problem(problem).state.ignored
    assert [each["problem"] for each in deployment.told("FindingOpened")] == [problem]


def test_a_lease_of_a_rule_that_begins_later_suppresses_from_that_day_on() -> None:
    rule = suppressing("later", start=NOW + 2 * DAY, match=Match(resource=["arn:aws:s3:::a"]))
    deployment = known(Deployment(rule))
    (problem,) = deployment.put("a")
    day(deployment)
    assert status(deployment, problem) is Status.OPEN
    day(deployment, days=2)
    assert status(deployment, problem) is Status.SUPPRESSED
    assert json.loads(deployment.item(problem)["problem"])["state"]["lease"]["by"] == "rule:later"
