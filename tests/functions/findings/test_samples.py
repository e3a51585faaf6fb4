"""The recorded-looking events: what each is named for, and that different reports of one thing are one problem."""

import json
import re

import pytest

from fleet.refusal import DroppedError
from functions.findings.finding import Finding, Status
from tests.functions.findings.samples import ALL, event, finding, findings, opened, problems, with_finding

AT = "$.detail.findings[0]"
SSH, EXFILTRATION = "guardduty:UnauthorizedAccess:EC2-SSHBruteForce", "guardduty:Exfiltration:S3-AnomalousBehavior"
SENSITIVE = "macie:SensitiveData:S3Object-Personal"
DROPPED = {"insight-results": "insight_results", "insight-results-no-number": "insight_results"}
GIVES: dict[str, list[str]] = {
    "custom-action-cis-4.1": ["EC2.13"],
    "custom-action-two": ["S3.8", "SQS.1"],
    "forged-product": ["foreign_product"],
    "imported-access-analyzer": ["access-analyzer:External Access Granted/arn:aws:s3:::clinic-staging-exports"],
    "imported-access-analyzer-unused": ["access-analyzer:Unused IAM Role/intake-old"],
    "imported-afsbp-cloudtrail.4": ["CloudTrail.4"],
    "imported-afsbp-iam.3": ["IAM.3"],
    "imported-afsbp-iam.8-no-details": ["IAM.8"],
    "imported-afsbp-lambda.1": ["Lambda.1"],
    "imported-afsbp-rds.1-no-details": ["RDS.1"],
    "imported-afsbp-s3.2-passed": ["S3.2"],
    "imported-afsbp-sns.2": ["SNS.2"],
    "imported-afsbp-sqs.1": ["SQS.1"],
    "imported-cis-1.2.0-2.8": ["KMS.4"],
    "imported-cis-1.2.0-4.1": ["EC2.13"],
    "imported-cis-1.4.0-1.8": ["IAM.15"],
    "imported-cis-1.4.0-2.1.5.2": ["S3.8"],
    "imported-cis-3.0.0-2.1.4.2": ["S3.8"],
    "imported-config.1": ["Config.1"],
    "imported-guardduty-ssh": [SSH],
    "imported-guardduty-two-resources": [EXFILTRATION] * 2,
    "imported-inspector-cve": ["inspector:CVE-2026-21001"],
    "imported-inspector-network": ["inspector:Network Reachability"],
    "imported-least": ["SQS.1"],
    "imported-macie-policy": ["macie:Policy:IAMUser-S3BlockPublicAccessDisabled"],
    "imported-macie-sensitive": [SENSITIVE],
    "imported-nulls": ["S3.8"],
    "imported-old-normalized": ["SQS.1"],
    "imported-pci-kms.1": ["KMS.4"],
    "imported-pci-lambda.1": ["Lambda.1"],
    "imported-pci-s3.1-passed": ["S3.3"],
    "imported-s3.8": ["S3.8"],
    "imported-s3.8-32-resources": ["S3.8"] * 32,
    "imported-s3.8-archived": ["S3.8"],
    "imported-s3.8-passed": ["S3.8"],
    "imported-s3.8-suppressed": ["S3.8"],
    "imported-s3.8-suppressed-after-us": ["S3.8"],
    "imported-s3.8-suppressed-by-us": ["S3.8"],
    "imported-s3.8-taken-back-by-us": ["S3.8"],
    "malformed-33-resources": [f"malformed at {AT}.Resources: Expected `array` of length <= 32"],
    "malformed-label": [f"malformed at {AT}.Severity.Label: Invalid enum value"],
    "malformed-no-resources": [f"malformed at {AT}: Object missing required field `Resources`"],
    "malformed-null-resource": [f"malformed at {AT}.Resources[0]: Expected `object`, got `null`"],
    "malformed-text-for-object": [f"malformed at {AT}.Workflow: Expected `object | null`, got `str`"],
    "malformed-updated-at": [f"malformed at {AT}.UpdatedAt: expected an ISO 8601 timestamp"],
    "malformed-v2-null-cloud": [f"malformed at {AT}.cloud: Expected `object`, got `null`"],
    "v2-config.1": ["Config.1"],
    "v2-coverage": ["coverage"],
    "v2-exposure": ["securityhub-risk:Exposure-Potential Impact-Resource Hijacking"],
    "v2-guardduty-key": [EXFILTRATION] * 2,
    "v2-guardduty-ssh": [SSH],
    "v2-inspector-cve": ["inspector:CVE-2026-21001"],
    "v2-macie-sensitive": [SENSITIVE],
    "v2-s3.8-fail": ["S3.8"],
    "v2-s3.8-pass": ["S3.8"],
    "v2-s3.8-suppressed": ["S3.8"],
    "v2-s3.8-suppressed-by-us": ["S3.8"],
}


def test_every_sample_stands_here() -> None:
    assert sorted(GIVES | DROPPED) == ALL


@pytest.mark.parametrize(("name", "what"), GIVES.items())
def test_every_sample_gives_what_it_is_named_for(name: str, what: list[str]) -> None:
    contents = opened(event(name))
    assert [seen.finding.control for seen in contents.seen] + [str(problem) for problem in problems(contents)] == what


@pytest.mark.parametrize(("name", "reason"), DROPPED.items())
def test_an_event_without_findings_is_counted(name: str, reason: str) -> None:
    with pytest.raises(DroppedError, match=reason):
        opened(event(name))


@pytest.mark.parametrize("name", [name for name in ALL if "passed" in name or "-pass" in name])
def test_what_is_named_as_passed_is_resolved(name: str) -> None:
    assert finding(name).status is Status.RESOLVED


def ids(name: str) -> list[str]:
    return [found.problem for found in findings(event(name))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("imported-s3.8", "v2-s3.8-fail"),
        ("imported-config.1", "v2-config.1"),
        ("imported-guardduty-ssh", "v2-guardduty-ssh"),
        ("imported-guardduty-two-resources", "v2-guardduty-key"),
        ("imported-inspector-cve", "v2-inspector-cve"),
        ("imported-macie-sensitive", "v2-macie-sensitive"),
        ("imported-cis-1.2.0-2.8", "imported-pci-kms.1"),
        ("imported-cis-1.4.0-2.1.5.2", "imported-cis-3.0.0-2.1.4.2"),
        ("imported-cis-1.4.0-2.1.5.2", "imported-s3.8"),
        ("imported-afsbp-lambda.1", "imported-pci-lambda.1"),
        ("imported-s3.8", "imported-nulls"),
        ("imported-s3.8-suppressed-by-us", "v2-s3.8-suppressed-by-us"),
    ],
)
def test_both_report_the_same_problem_as_different_findings_or_at_different_times(one: str, other: str) -> None:
    assert ids(one) == ids(other)
    assert findings(event(one)) != findings(event(other))


def test_samples_that_are_about_different_things_are_different_problems() -> None:
    apart = ["imported-s3.8", "imported-config.1", "imported-guardduty-ssh", "imported-inspector-cve", "v2-exposure",
             "imported-macie-sensitive", "imported-access-analyzer", "imported-inspector-network"]  # fmt: skip
    found = [problem for name in apart for problem in ids(name)]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", ["imported-macie-sensitive", "v2-macie-sensitive"])
def test_a_finding_about_an_object_and_its_bucket_is_about_the_object_alone(name: str) -> None:
    found = finding(name)
    assert (found.resource, found.shared) == ("arn:aws:s3:::clinic-staging-exports/2026/03/export.csv", False)


def test_a_finding_about_an_object_and_another_bucket_is_about_both() -> None:
    field = "Resources.0.Id"
    both = findings(with_finding("imported-macie-sensitive", {field: "arn:aws:s3:::clinic-staging-export"}))
    assert [found.shared for found in both] == [True, True]


def told_alike(found: Finding) -> tuple[str, str, str, str]:
    return found.resource_type, found.severity, found.title, found.status


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("imported-s3.8", "v2-s3.8-fail"),
        ("imported-guardduty-ssh", "v2-guardduty-ssh"),
        ("imported-inspector-cve", "v2-inspector-cve"),
    ],
)
def test_both_schemas_tell_the_same_of_it(one: str, other: str) -> None:
    assert told_alike(finding(one)) == told_alike(finding(other))


def test_null_where_an_object_belongs_is_refused_by_its_path_and_leaves_the_neighbour_alone() -> None:
    body = event("custom-action-two")
    body["detail"]["findings"][0]["Resources"][0] = None
    contents = opened(body)
    assert [seen.finding.control for seen in contents.seen] == ["SQS.1"]
    assert [str(problem) for problem in problems(contents)] == [
        f"malformed at {AT}.Resources[0]: Expected `object`, got `null`"
    ]


def test_of_32_resources_each_is_a_problem_and_of_33_none() -> None:
    assert len(set(ids("imported-s3.8-32-resources"))) == 32
    assert opened(event("malformed-33-resources")).seen == []


def test_whoever_imported_a_finding_of_these_products_is_not_believed_in_another_account() -> None:
    for name in ("imported-guardduty-ssh", "imported-inspector-cve", "imported-macie-sensitive"):
        product = finding_product(name).replace("::product", ":111122223333:product")
        assert [str(drop) for drop in opened(with_finding(name, {"ProductArn": product})).dropped] == [
            "foreign_product"
        ]


def finding_product(name: str) -> str:
    return str(event(name)["detail"]["findings"][0]["ProductArn"])


def test_the_samples_hold_no_account_but_the_made_up_ones() -> None:
    for name in ALL:
        assert set(re.findall(r"(?<![0-9a-f])[0-9]{12}(?![0-9a-f])", json.dumps(event(name)))) <= {
            "111122223333",
            "444455556666",
        }
