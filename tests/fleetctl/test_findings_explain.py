"""`fleetctl findings explain`: the reasons that it gives, and what it does with what people type."""

import json
from pathlib import Path

import pytest

from functions.findings.finding import UPDATED_BY, note_of
from tests.fleetctl.desk import NOW, PAYMENTS, STAGING, STRANGER, Desk, document, told

EC2_6: dict[str, object] = {
    "Compliance.SecurityControlId": "EC2.6",
    "AwsAccountId": PAYMENTS,
    "UpdatedAt": "2026-11-25T00:00:00Z",
}


@pytest.mark.parametrize(
    ("changes", "status", "why"),
    [
        ({"Workflow.Status": "RESOLVED"}, "open", "who marked it as resolved has not resolved it"),
        ({"Compliance.Status": "PASSED"}, "resolved", "its check passes"),
        ({"RecordState": "ARCHIVED"}, "gone", "archived"),
        ({"Compliance": None, "Workflow": None}, "open", "it is the result of no check"),
    ],
)
def test_a_status_is_told_with_its_reason(desk: Desk, changes: dict[str, object], status: str, why: str) -> None:
    resource = told(desk, changes)
    assert resource["status"] == status
    assert why in resource["status_why"]


def test_the_fleets_own_suppression_that_comes_back_counts_as_open(desk: Desk) -> None:
    note = {"Text": note_of("until 2026-12-01 by rule:x", "why"), "UpdatedBy": UPDATED_BY, "UpdatedAt": "x"}
    resource = told(desk, {"Workflow.Status": "SUPPRESSED", "Note": note})
    assert (resource["status"], resource["echo"], resource["outcome"]["status"]) == ("suppressed", True, "open")
    assert not told(desk, {"Workflow.Status": "SUPPRESSED"})["echo"]
    text = desk.explain("-", stdin=json.dumps(document({"Workflow.Status": "SUPPRESSED", "Note": note})))
    assert "the lease decides and not the echo of it" in text


@pytest.mark.parametrize(
    ("changes", "sample", "why"),
    [
        ({"Severity": {"Normalized": 39}}, "imported-s3.8", "Severity.Normalized is 39, and there is no label"),
        ({"Severity": None}, "imported-s3.8", "it gives none"),
        ({}, "v2-s3.8-fail", "severity_id 4"),
        ({"severity_id": 0}, "v2-s3.8-fail", "severity_id 0, so the provider's own: "),
    ],
)
def test_a_severity_is_told_with_where_it_stands(desk: Desk, changes: dict[str, object], sample: str, why: str) -> None:
    assert told(desk, changes, sample=sample)["reported_why"].startswith(why)


@pytest.mark.parametrize(
    ("changes", "step", "claimant", "why"),
    [
        ({"Resources.0.Tags": {"service": "appointments"}}, "tag", "appointments", "its tag service=appointments"),
        (
            {"Resources.0.Tags": {"aws:cloudformation:stack-name": "appointments-api"}},
            "stack", "appointments", "its stack appointments-api",
        ),
        (
            {"Resources.0.Id": "arn:aws:s3:::acme-patient-documents-1", "Resources.0.Tags": None},
            "resource", "patient-records", "its name",
        ),
        ({"AwsAccountId": PAYMENTS}, "account", "payments-api", f"its account payments-production ({PAYMENTS})"),
        ({"AwsAccountId": "222233334444"}, "unit", "sre", "its unit Security"),
        ({"AwsAccountId": STRANGER}, "default", "sre", "whoever owns what nobody claims"),
    ],
)  # fmt: skip
def test_the_step_of_ownership_that_decides_is_told_with_what_it_went_by(
    desk: Desk, changes: dict[str, object], step: str, claimant: str, why: str
) -> None:
    last = told(desk, changes)["claims"][-1]
    assert (last["step"], last["claimant"], last["why"]) == (step, claimant, why)


def test_the_steps_before_it_tell_why_they_did_not_decide(desk: Desk) -> None:
    tags = {"aws:cloudformation:stack-name": "other", "owner": "Taro Yamada"}
    changes: dict[str, object] = {"AwsAccountId": STAGING, "Resources.0.Tags": tags}
    resource = told(desk, changes)
    assert [claim["why"] for claim in resource["claims"]] == [
        "nobody claims any of its tags (2)",
        "nobody claims its stack other",
        "nobody claims it by its name",
        f"nobody claims its whole account records-staging ({STAGING})",
        "nobody claims its unit Workloads/Staging, or one above it",
        "whoever owns what nobody claims",
    ]
    assert "Taro" not in json.dumps(resource), "what teams write into tags is not told"
    assert (
        told(desk, {"AwsAccountId": STRANGER})["claims"][4]["why"] == f"fleet.yaml does not know its account {STRANGER}"
    )


def test_a_lease_is_told_with_whoever_agreed_its_end_and_what_follows(desk: Desk) -> None:
    out = told(desk, EC2_6)["outcome"]
    assert (out["status"], out["suppressed_by"], out["requester"], out["approver"]) == (
        "suppressed", "rule:shared-network", "aiko", "ben",
    )  # fmt: skip
    assert out["events"] == ["FindingSuppressed"]
    assert [each["workflow"] for each in out["security_hub"]] == ["SUPPRESSED"]
    assert out["security_hub"][0]["note"].startswith(UPDATED_BY)
    text = desk.explain("-", stdin=json.dumps(document(EC2_6)))
    assert "suppressed until 2026-12-16 00:00 UTC (in 20 d) by rule:shared-network (aiko asked, ben agreed)" in text
    assert (
        "Security Hub is asked for SUPPRESSED (not yet: by its mode in fleet.yaml the deployment only observes)" in text
    )


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ("2026-11-15T12:00Z", "it begins in 12 h"),
        ("2026-12-20", "it ended 4 d ago: this severity allows 30 days at most"),
    ],
)
def test_a_lease_that_does_not_hold_tells_why(desk: Desk, now: str, why: str) -> None:
    changes = EC2_6 | {"UpdatedAt": "2026-11-10T00:00:00Z"}
    resource = told(desk, changes, "--now", now)
    looked = [each for each in resource["rules"] if each["kind"] == "suppress"]
    assert [(each["rule"], each["why_not"], each["decided"]) for each in looked] == [("rule:shared-network", why, "")]
    assert resource["outcome"]["status"] == "open"


def test_rules_after_the_one_that_decides_are_counted_and_those_before_it_tell_why_not(desk: Desk) -> None:
    desk.rules(
        {"match": {"control": ["IAM.*"]}, "severity": "LOW"},
        {"match": {"control": ["S3.*"]}, "severity": "CRITICAL", "reason": "told by taro@example.com"},
        {"match": {"severity": ["LOW"]}, "severity": "MEDIUM"},
    )
    resource = told(desk, {})
    assert [(each["why_not"], each["decided"]) for each in resource["rules"]] == [
        ("its control is none of IAM.*", ""),
        ("", "it is the first that matches"),
    ]
    assert resource["passed_over"] == {"severity": 1}
    text = desk.explain("-", stdin=json.dumps(document({})))
    assert "✓ severity  rule-1: it is the first that matches (told by [masked])" in text
    assert "severity  1 rule after that: not looked at" in text
    assert "- ticket    no rule is about it" in text
    assert "told at once in #sre-fleet, by levels.CRITICAL" in text


@pytest.mark.parametrize(
    ("changes", "tell", "channel", "pages"),
    [
        ({"AwsAccountId": PAYMENTS, "Severity": {"Label": "CRITICAL"}}, "now", "#team-payments", True),
        ({"AwsAccountId": PAYMENTS}, "now", "#team-payments", False),
        ({"AwsAccountId": PAYMENTS, "Severity": {"Label": "LOW"}}, "digest", "#team-payments", False),
        ({"Severity": {"Label": "INFORMATIONAL"}}, "never", "", False),
    ],
)
def test_it_is_told_when_and_where_the_hub_would_tell_it(
    desk: Desk, changes: dict[str, object], tell: str, channel: str, pages: bool
) -> None:
    out = told(desk, changes)["outcome"]
    assert (out["tell"], out["channel"], out["pages"]) == (tell, channel, pages)


def test_what_the_clock_does_next_is_told(desk: Desk) -> None:
    fresh = told(desk, {"UpdatedAt": "2026-11-25T00:00:00Z", "CreatedAt": "2026-11-25T00:00:00Z"})["outcome"]
    assert (fresh["next_what"], fresh["next_at"]) == ("remind", NOW + 12 * 24 * 3_600_000)
    assert told(desk, {})["outcome"]["next_what"] == "escalate", "of deadlines that have passed only the last is told"
    assert "next, at once: others are told" in desk.explain("-", stdin=json.dumps(document({})))


def test_each_resource_of_a_finding_is_a_problem_and_security_hub_is_left_alone(desk: Desk) -> None:
    changes = EC2_6 | {"Resources": [{"Type": "AwsEc2Vpc", "Id": f"arn:aws:ec2:x:1:vpc/{name}"} for name in "ab"]}
    (explained,) = desk.explained("-", stdin=json.dumps(document(changes)))
    resources = explained["findings"][0]["resources"]
    assert len({each["problem"] for each in resources}) == 2
    assert [each["outcome"]["security_hub"] for each in resources] == [[], []]
    text = desk.explain("-", stdin=json.dumps(document(changes)))
    assert "resource 2 of 2: a problem of its own" in text
    assert "Security Hub is not asked: the finding has one workflow for several resources" in text


def test_what_came_before_in_the_file_is_remembered(desk: Desk) -> None:
    failed, passed = document({}), document({"Compliance.Status": "PASSED", "UpdatedAt": "2026-04-01T00:00:00Z"})
    copy = document({"Id": "another"})
    listed = json.dumps([failed, failed, copy, passed, failed | {"Title": "t", "UpdatedAt": "2026-03-15T00:00:00Z"}])
    each_told = [each["findings"][0]["resources"][0] for each in desk.explained("-", stdin=listed)]
    assert [each["heard"] for each in each_told] == [0, 1, 1, 2, 3]
    assert [each["repeat"] for each in each_told] == [False, True, False, False, False]
    assert [each["outcome"] and each["outcome"]["events"] for each in each_told] == [
        ["FindingOpened"],
        None,
        [],
        [],
        [],
    ]
    assert each_told[3]["overruled"].startswith("another of its findings says open")
    assert each_told[4]["overruled"].startswith("it is an old report: the same finding has said resolved since")
    text = desk.explain("-", stdin=listed)
    assert "so         it says nothing new: nothing is written, and nobody is told" in text
    assert "known already, by 1 report before this one in the file" in text


def test_files_are_apart(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps(document({})))
    first, second = desk.explained(path, path)
    assert first == second


def test_nothing_in_a_finding_moves_the_cursor(desk: Desk) -> None:
    changes: dict[str, object] = {"Title": "\x1b[2Jclean\u202e", "Resources.0.Id": "a\x1b[31m\r\nb"}
    text = desk.explain("-", stdin=json.dumps(document(changes)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\r" not in text


def test_titles_are_masked(desk: Desk) -> None:
    assert "taro" not in desk.explain("-", stdin=json.dumps(document({"Title": "Key of taro@example.com"})))
