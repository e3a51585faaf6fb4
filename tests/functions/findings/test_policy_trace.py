"""What the policy tells of its steps: each rule that was looked at, why it did not decide, and what did."""

import pytest

from functions.findings.judge import Step
from functions.findings.lease import DAY_MS
from functions.findings.policy import Match, Route, Rule
from tests.functions.findings.laws import NOW, lease, suppressing
from tests.functions.findings.test_policy import judge, traced

MISSED = Match(control=["KMS.*", "SQS.1"])
WHY = "its control is none of KMS.*, SQS.1"


def test_every_rule_that_was_looked_at_tells_why_it_does_not_match() -> None:
    assert traced(
        Rule(name="a", match=MISSED, severity="LOW", ignore=True),
        Rule(name="b", severity="LOW"),
        Rule(name="c", severity="CRITICAL"),
    ) == [
        Step("severity", "rule:a", WHY),
        Step("severity", "rule:b", "", "it is the first that matches"),
        Step("ignore", "rule:a", WHY),
    ]


@pytest.mark.parametrize(
    ("match", "why"),
    [
        (Match(control=["KMS.4"]), "its control is none of KMS.4"),
        (Match(severity=["LOW", "MEDIUM"]), "its severity is none of LOW, MEDIUM"),
        (Match(account=["444455556666"]), "its account is none of 444455556666"),
        (Match(region=["us-east-1"]), "its region is none of us-east-1"),
        (Match(resource=["arn:*:x"]), "its resource is none of arn:*:x"),
        (Match(service=["billing"]), "its service is none of billing"),
        (Match(team=["platform"]), "its team is none of platform"),
        (Match(environment=["production"]), "its environment is none of production"),
        (Match(tags={"service": "intake", "env": "production"}), "its tag env is not production"),
        (Match(tags={"owner": "x"}), "its tag owner is not x"),
    ],
)
def test_each_condition_tells_what_it_wanted(match: Match, why: str) -> None:
    assert traced(Rule(name="a", match=match, ignore=True)) == [Step("ignore", "rule:a", why)]


def test_a_rule_without_an_action_of_a_kind_is_not_looked_at_for_it() -> None:
    assert traced(Rule(name="a", match=MISSED)) == []


def test_owner_severity_ignoring_suppression_route_and_ticket_are_looked_at_in_this_order() -> None:
    everything = Rule(
        name="a", match=MISSED, owner="x", severity="LOW", ignore=True, route=Route(), suppress=suppressing().suppress
    )
    assert [step.kind for step in traced(everything)] == ["owner", "severity", "ignore", "suppress", "route"]


def test_a_lease_tells_why_it_does_not_hold_and_the_next_is_looked_at() -> None:
    rules = [suppressing("over", until=NOW - 2 * DAY_MS), suppressing("flawed", reason=""), suppressing("sound")]
    assert traced(*rules, suppressing("never-reached"), granted=lease(until=NOW - 3 * 3_600_000)) == [
        Step("suppress", "request:r1", "it ended 3 h ago"),
        Step("suppress", "rule:over", "it ended 2 d ago"),
        Step("suppress", "rule:flawed", "it gives no reason"),
        Step("suppress", "rule:sound", "", "its lease holds"),
    ]


def test_what_people_assigned_is_told_and_rules_about_owners_are_not_looked_at() -> None:
    assert traced(Rule(name="a", owner="vault"), assigned="night-shift") == [
        Step("owner", "assigned", "", "people gave it to night-shift")
    ]


def test_whoever_asks_for_the_steps_gets_the_same_verdict() -> None:
    rules = [suppressing("over", until=NOW - DAY_MS), suppressing(), Rule(name="b", severity="LOW", owner="vault")]
    steps: list[Step] = []
    assert judge(*rules, granted=lease(reason="")) == judge(*rules, granted=lease(reason=""), trace=steps.append)
    assert len(steps) == 5
