"""`fleetctl findings plan`: what a changed policy would do to the problems that are kept."""

import json
from typing import Any

import msgspec
import pytest

from functions.findings.decision import assigned, reviewed, suppressed
from functions.findings.finding import Status
from functions.findings.lease import Lease
from functions.findings.problem import Issue
from functions.findings.teams import Teams
from tests.fleetctl.desk import DAY_MS, NOW, PAYMENTS, RECORDS, STAGING, Desk, like

UNTIL = NOW + 30 * DAY_MS
LEASE: dict[str, Any] = {"requester": "aiko", "approver": "ben", "from": "2026-11-20", "until": "2026-12-15"}
S3_8 = {"match": {"control": ["S3.8"]}}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With no rules at first."""
    desk.rules()
    return desk


def only(made: Any) -> tuple[str, Any]:
    """The only kind of change of a plan."""
    ((kind, group),) = made["shifts"].items()
    return kind, group


def one(made: Any) -> tuple[str, Any]:
    """The only change of a plan."""
    kind, group = only(made)
    assert (group["count"], len(group["examples"])) == (1, 1)
    return kind, group["examples"][0]


def granted(by: str = "request:r-1", until: int = UNTIL) -> Lease:
    return Lease(by=by, reason="why", requester="aiko", approver="ben", start=NOW - DAY_MS, until=until)


def test_an_unchanged_policy_changes_nothing(desk: Desk) -> None:
    desk.keep([desk.problem(like()), desk.problem(like(resource="b"))])
    made = desk.planned()
    assert (made["problems"], made["changed"], made["by_this_policy"]) == (2, 0, 2)
    assert (made["shifts"], made["asked"], made["events"]) == ({}, {}, {})
    assert "2 problems, of which 2 stay as they are; open: 2 before, 2 after" in desk.plan()
    assert "This very policy judged them" in desk.plan()


def test_a_lease_suppresses_and_tells_whose_problems_and_what_follows(desk: Desk) -> None:
    found = [like(account=PAYMENTS, resource=str(n)) for n in range(7)] + [like(account=RECORDS, resource="r")]
    desk.keep([*(desk.problem(each) for each in found), desk.problem(like(control="KMS.4"))])
    desk.rules(S3_8 | {"suppress": LEASE})
    made = desk.planned()
    kind, group = only(made)
    assert (kind, group["count"], group["by"]) == ("suppressed", 8, {"rule:rule-0": 8})
    assert group["teams"] == {"payments": 7, "records": 1}
    assert len(group["examples"]) == 5
    assert (made["problems"], made["changed"], made["open_before"], made["open_after"]) == (9, 8, 9, 1)
    assert (made["asked"], made["events"], made["acting"]) == ({"SUPPRESSED": 8}, {"FindingSuppressed": 8}, False)
    text = desk.plan()
    assert "8 newly suppressed\n  by    8 rule:rule-0\n  team  7 payments, 1 records\n" in text
    assert "    and 3 more" in text
    assert "rule:rule-0 until 2026-12-16 00:00 UTC (in 20 d)" in text
    assert (
        "Security Hub would be asked to suppress 8 findings; not yet, since by its mode in fleet.yaml it only" in text
    )


def test_what_takes_longer_than_an_hour_says_so(desk: Desk) -> None:
    desk.keep([desk.problem(like(resource=str(n))) for n in range(7)])
    desk.rules(S3_8 | {"suppress": LEASE}, effects_per_hour=3)
    assert "suppress 7 findings, in 3 hours at 3 an hour" in desk.plan()


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([], "there is no such rule any more"),
        ([S3_8 | {"suppress": LEASE | {"until": "2026-11-24"}}], "it ended 1 d ago"),
        ([{"match": {"control": ["S3.9"]}, "suppress": LEASE}], "its control is none of S3.9"),
    ],
)
def test_a_lease_that_goes_opens_and_tells_why(desk: Desk, rules: list[dict[str, Any]], why: str) -> None:
    desk.rules(S3_8 | {"suppress": LEASE})
    desk.keep([desk.problem(like())])
    desk.rules(*rules)
    made = desk.planned()
    kind, shift = one(made)
    assert (kind, shift["by"], shift["becomes"]) == ("unsuppressed", "rule:rule-0 no longer", why)
    assert made["events"] == {"FindingOpened": 1}
    assert f"was rule:rule-0 until 2026-12-16 00:00 UTC (in 20 d); {why}" in desk.plan()


def test_what_the_fleet_has_suppressed_there_is_taken_back_in_any_mode(desk: Desk) -> None:
    desk.rules(S3_8 | {"suppress": LEASE})
    problem = desk.problem(like(status=Status.SUPPRESSED, terms="until 2026-12-15 by rule:rule-0"))
    assert problem.state.status is Status.SUPPRESSED
    desk.keep([problem])
    desk.rules()
    assert desk.planned()["asked"] == {"NEW": 1}
    assert "Security Hub would be asked to take the suppression of 1 finding back" in desk.plan()


def test_a_lease_until_another_day_is_told(desk: Desk) -> None:
    desk.rules(S3_8 | {"suppress": LEASE})
    desk.keep([desk.problem(like())])
    desk.rules(S3_8 | {"suppress": LEASE | {"until": "2026-12-17"}})
    assert one(desk.planned())[0] == "lease"
    assert "until 2026-12-16 00:00 UTC (in 20 d), then rule:rule-0 until 2026-12-18 00:00 UTC (in 22 d)" in desk.plan()


def test_what_people_granted_stays(desk: Desk) -> None:
    law = desk.deployment().law
    desk.keep([suppressed(desk.problem(like()), granted(), law, NOW)])
    desk.rules(S3_8 | {"severity": "HIGH"})
    assert desk.planned()["shifts"] == {}


def test_what_was_suppressed_in_security_hub_by_others_stays(desk: Desk) -> None:
    desk.keep([desk.problem(like(status=Status.SUPPRESSED))])
    desk.rules(S3_8 | {"severity": "LOW"})
    assert only(desk.planned())[0] == "severity"


def test_a_severity_that_may_not_be_suppressed_for_so_long_ends_a_grant_as_the_fleet_would(desk: Desk) -> None:
    law = desk.deployment().law
    desk.keep([suppressed(desk.problem(like()), granted(), law, NOW)])
    desk.rules(levels={"HIGH": {"suppress_days": 0}})
    kind, shift = one(desk.planned())
    assert (kind, shift["becomes"]) == ("unsuppressed", "this severity may not be suppressed")


def test_another_severity_is_told_with_the_deadline_and_the_way_of_telling_that_follow(desk: Desk) -> None:
    desk.keep([desk.problem(like())])
    desk.rules(S3_8 | {"severity": "LOW"})
    made = desk.planned()
    assert list(made["shifts"]) == ["severity", "told", "due"]
    by = {
        kind: (*group["by"], group["examples"][0]["was"], group["examples"][0]["becomes"])
        for kind, group in made["shifts"].items()
    }
    assert by["severity"] == ("rule:rule-0", "HIGH", "LOW")
    assert by["told"] == ("levels of findings.yaml", "now", "digest")
    assert by["due"] == ("rule:rule-0", str(NOW - 3_600_000 + 14 * DAY_MS), str(NOW - 3_600_000 + 90 * DAY_MS))
    assert made["events"] == {"FindingChanged": 1}
    assert "HIGH, then LOW" in desk.plan()


def test_a_severity_rule_that_goes_is_told_as_gone(desk: Desk) -> None:
    desk.rules(S3_8 | {"severity": "CRITICAL"})
    desk.keep([desk.problem(like())])
    desk.rules()
    assert desk.planned()["shifts"]["severity"]["by"] == {"rule:rule-0 no longer": 1}


def test_a_deadline_that_is_over_at_once_is_counted(desk: Desk) -> None:
    desk.keep([desk.problem(like(updated_at=NOW - 5 * DAY_MS)), desk.problem(like(resource="b"))])
    desk.rules(levels={"HIGH": {"due_days": 3}})
    made = desk.planned()
    kind, group = only(made)
    assert (kind, group["count"], group["by"], made["overdue"]) == ("due", 2, {"levels of findings.yaml": 2}, 1)
    assert "  1 of them would be overdue at once" in desk.plan()


def test_another_owner_is_told_with_both_teams(desk: Desk) -> None:
    desk.keep([desk.problem(like(account=PAYMENTS)), desk.problem(like(account=RECORDS))])
    desk.rules(S3_8 | {"owner": "records"})
    kind, group = only(desk.planned())
    assert (kind, group["by"]) == ("owner", {"rule:rule-0": 1})
    assert group["teams"] == {"payments to records": 1}


def test_a_changed_catalogue_is_judged_too(desk: Desk) -> None:
    desk.keep([desk.problem(like(account=STAGING))])
    desk.edit("services.yaml", default={"team": "scheduling", "slack_channel": "#team-scheduling"})
    kind, group = only(desk.planned())
    assert (kind, group["by"], group["teams"]) == ("owner", {"services.yaml, by default": 1}, {"sre to scheduling": 1})


def test_what_people_assigned_stays_theirs(desk: Desk) -> None:
    law = desk.deployment().law
    desk.keep([assigned(desk.problem(like(account=PAYMENTS)), "scheduling", law, "request:r-1", NOW)])
    desk.rules(S3_8 | {"owner": "records"})
    assert desk.planned()["shifts"] == {}


def test_another_channel_is_told(desk: Desk) -> None:
    desk.keep([desk.problem(like())])
    desk.rules(S3_8 | {"route": {"channel": "#sre-fleet", "tell": "now"}})
    kind, shift = one(desk.planned())
    assert (kind, shift["by"], shift["was"], shift["becomes"]) == ("told", "rule:rule-0", "now", "now #sre-fleet")


def test_of_what_was_there_before_the_fleet_nobody_is_told_anyway(desk: Desk) -> None:
    desk.keep([desk.problem(like(), baseline=True)])
    desk.rules(S3_8 | {"route": {"tell": "never"}})
    assert desk.planned()["shifts"] == {}


def test_newly_ignored_is_only_that(desk: Desk) -> None:
    desk.keep([desk.problem(like(account=PAYMENTS))])
    desk.rules(S3_8 | {"ignore": True, "severity": "LOW", "owner": "records", "suppress": LEASE})
    made = desk.planned()
    kind, shift = one(made)
    assert (kind, shift["by"]) == ("ignored", "rule:rule-0")
    assert (made["open_after"], made["events"], made["asked"]) == (0, {"FindingResolved": 1}, {})


def test_no_longer_ignored_is_told(desk: Desk) -> None:
    desk.rules(S3_8 | {"ignore": True})
    problem = desk.problem(like())
    desk.rules()
    desk.keep([problem])
    kind, shift = one(desk.planned())
    assert (kind, shift["by"]) == ("unignored", "rule:rule-0 no longer")


def test_issues_are_opened_and_closed(desk: Desk) -> None:
    issue = Issue(repository="acme/payments-api", number=3, url="u")
    closed = msgspec.structs.replace(issue, open=False)
    desk.keep(
        [
            desk.problem(like(account=PAYMENTS)),
            desk.problem(like(account=PAYMENTS, resource="reopened"), issue=closed),
            desk.problem(like(account=PAYMENTS, resource="open"), issue=issue),
            desk.problem(like(account=PAYMENTS, control="IAM.1"), issue=issue),
        ]
    )
    desk.rules(S3_8 | {"ticket": {}}, {"match": {"control": ["IAM.1"]}, "ignore": True})
    made = desk.planned()
    assert {kind: group["count"] for kind, group in made["shifts"].items()} == {
        "ignored": 1,
        "ticket": 2,
        "no ticket": 1,
    }
    assert made["shifts"]["ticket"]["examples"][0]["becomes"] == "acme/payments-api"
    assert "acme/payments-api 3, then closed" in desk.plan()


def test_what_was_closed_since_the_index_was_read_is_left_out(desk: Desk) -> None:
    first, second = desk.keep([desk.problem(like()), desk.problem(like(resource="b"))])
    desk.close(second)
    assert desk.planned()["problems"] == 1
    assert first.id != second.id


def test_problems_of_a_team_that_is_gone_are_found_and_of_a_busy_table_each_is_read(desk: Desk) -> None:
    problem = desk.problem(like(account=PAYMENTS))
    old = msgspec.structs.replace(problem.state, owner=msgspec.structs.replace(problem.state.owner, team="dissolved"))
    more = [desk.problem(like(resource=str(n))) for n in range(120)]
    Teams(desk.table, ["dissolved"]).all()
    desk.keep([msgspec.structs.replace(problem, state=old), *more])
    desk.dynamodb.unprocessed = 30
    made = desk.planned()
    assert made["problems"] == 121
    assert made["shifts"]["owner"]["teams"] == {"dissolved to payments": 1}


def test_nothing_is_written(desk: Desk) -> None:
    desk.keep([desk.problem(like())])
    desk.rules(S3_8 | {"suppress": LEASE})
    before = len(desk.dynamodb.written)
    desk.planned()
    assert len(desk.dynamodb.written) == before
    assert desk.clients == [("dynamodb", "security-audit")]


def test_the_plan_is_what_the_sweep_will_do(desk: Desk) -> None:
    found = [like(resource=str(n), severity=severity) for n, severity in enumerate(["LOW", "HIGH", "CRITICAL"])]
    kept = desk.keep([desk.problem(each) for each in found])
    desk.rules(
        {"match": {"severity": ["HIGH"]}, "suppress": LEASE}, {"match": {"severity": ["LOW"]}, "owner": "records"}
    )
    law = desk.deployment().law
    later = [reviewed(problem, law, NOW) for problem in kept]
    made = desk.planned()
    assert made["shifts"]["suppressed"]["count"] == sum(each.state.status is Status.SUPPRESSED for each in later) == 1
    assert made["shifts"]["owner"]["count"] == sum(each.state.owner.team == "records" for each in later) == 1
    assert made["open_after"] == sum(each.state.open for each in later)


def test_machines_read_what_people_read(desk: Desk) -> None:
    desk.keep([desk.problem(like())])
    desk.rules(S3_8 | {"suppress": LEASE})
    made, text = desk.planned(), desk.plan()
    assert all(example["problem"] in text for group in made["shifts"].values() for example in group["examples"])
    assert json.dumps(made)
