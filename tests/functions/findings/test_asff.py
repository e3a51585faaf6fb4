"""ASFF: what becomes of each field, and of what is missing."""

import msgspec
import pytest

from functions.findings.finding import Finding, Status
from tests.functions.findings.samples import finding, findings, with_finding


def test_a_consolidated_finding_becomes_a_finding_with_its_security_control() -> None:
    assert finding("imported-s3.8") == Finding(
        account="111122223333",
        region="eu-west-1",
        control="S3.8",
        resource="arn:aws:s3:::clinic-staging-intake-forms",
        resource_type="AwsS3Bucket",
        severity="HIGH",
        status=Status.OPEN,
        title="S3 general purpose buckets should block public access",
        finding_id="arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.8"
        "/finding/0b6f3f0e-2f3b-4a83-8a4e-6f9a0f1c2d30",
        updated_at=1772442912731,
        created_at=1772174402118,
        tags={"service": "intake", "env": "staging"},
        product="arn:aws:securityhub:eu-west-1::product/aws/securityhub",
    )


@pytest.mark.parametrize(
    ("sample", "control", "region", "severity"),
    [
        ("imported-afsbp-lambda.1", "Lambda.1", "eu-west-1", "CRITICAL"),
        ("imported-cis-1.2.0-2.8", "KMS.4", "eu-west-1", "MEDIUM"),
        ("imported-cis-1.2.0-4.1", "EC2.13", "us-east-1", "HIGH"),
        ("imported-cis-1.4.0-1.8", "IAM.15", "us-east-1", "MEDIUM"),
        ("imported-cis-1.4.0-2.1.5.2", "S3.8", "eu-west-1", "HIGH"),
        ("imported-cis-3.0.0-2.1.4.2", "S3.8", "eu-west-1", "HIGH"),
        ("imported-pci-kms.1", "KMS.4", "eu-west-1", "MEDIUM"),
        ("imported-pci-lambda.1", "Lambda.1", "eu-west-1", "CRITICAL"),
        ("imported-old-normalized", "SQS.1", "eu-west-1", "MEDIUM"),
        ("imported-afsbp-iam.8-no-details", "IAM.8", "us-east-1", "MEDIUM"),
        ("imported-afsbp-rds.1-no-details", "RDS.1", "eu-west-1", "CRITICAL"),
    ],
)
def test_findings_of_each_standard_have_the_control_that_they_are_about(
    sample: str, control: str, region: str, severity: str
) -> None:
    found = finding(sample)
    assert (found.control, found.region, found.severity, found.status) == (control, region, severity, Status.OPEN)


def test_without_a_region_the_resource_tells_it() -> None:
    assert finding("imported-s3.8", Region=None, Resources__0__Region="us-west-2").region == "us-west-2"


def test_without_any_region_the_product_arn_tells_it() -> None:
    assert finding("imported-s3.8", Region=None, Resources__0__Region=None).region == "eu-west-1"


@pytest.mark.parametrize(
    ("changes", "control"),
    [
        ({"Compliance.SecurityControlId": None, "GeneratorId": "security-control/S3.8"}, "S3.8"),
        ({"Compliance.SecurityControlId": "", "ProductFields": {"ControlId": "S3.8"}}, "S3.8"),
        ({"Compliance": None, "ProductFields": {"ControlId": ""}, "GeneratorId": "some/check"}, "some/check"),
        ({"Compliance": None, "ProductFields": None, "GeneratorId": "arn:aws:x:::ruleset/a/v/1/rule/2"}, "a/v/1/2"),
    ],
)
def test_the_control_is_the_first_that_the_finding_names(changes: dict[str, object], control: str) -> None:
    (found,) = findings(with_finding("imported-s3.8", changes))
    assert found.control == control


@pytest.mark.parametrize(
    ("severity", "label"),
    [
        (None, "INFORMATIONAL"),
        ({}, "INFORMATIONAL"),
        ({"Label": None, "Normalized": None}, "INFORMATIONAL"),
        ({"Normalized": 0}, "INFORMATIONAL"),
        ({"Normalized": 1}, "LOW"),
        ({"Normalized": 39}, "LOW"),
        ({"Normalized": 40}, "MEDIUM"),
        ({"Normalized": 69}, "MEDIUM"),
        ({"Normalized": 70}, "HIGH"),
        ({"Normalized": 89}, "HIGH"),
        ({"Normalized": 90}, "CRITICAL"),
        ({"Normalized": 100}, "CRITICAL"),
        ({"Label": "LOW", "Normalized": 100}, "LOW"),
        ({"Label": "INFORMATIONAL", "Normalized": 70}, "INFORMATIONAL"),
    ],
)
def test_severity_is_the_label_or_what_security_hub_makes_of_the_number(
    severity: dict[str, object] | None, label: str
) -> None:
    assert finding("imported-s3.8", Severity=severity).severity == label


@pytest.mark.parametrize(
    ("label", "provided", "worse"),
    [
        ("LOW", {"Severity": {"Label": "CRITICAL"}}, "CRITICAL"),
        ("HIGH", {"Severity": {"Label": "LOW"}}, "HIGH"),
        ("LOW", {"Severity": {"Label": None, "Normalized": 100}}, "LOW"),
        ("LOW", {"Severity": None}, "LOW"),
        ("LOW", None, "LOW"),
    ],
)
def test_who_lowers_a_severity_in_security_hub_does_not_lower_what_its_provider_says(
    label: str, provided: dict[str, object] | None, worse: str
) -> None:
    found = finding("imported-s3.8", Severity={"Label": label}, FindingProviderFields=provided)
    assert found.severity == worse


@pytest.mark.parametrize(
    ("record_state", "compliance", "workflow", "status"),
    [
        ("ACTIVE", "FAILED", "NEW", Status.OPEN),
        ("ACTIVE", "FAILED", "NOTIFIED", Status.OPEN),
        ("ACTIVE", "WARNING", "NEW", Status.OPEN),
        (None, None, None, Status.OPEN),
        ("ACTIVE", "FAILED", "SUPPRESSED", Status.SUPPRESSED),
        ("ACTIVE", "FAILED", "RESOLVED", Status.OPEN),
        ("ACTIVE", None, "RESOLVED", Status.RESOLVED),
        ("ACTIVE", None, "SUPPRESSED", Status.SUPPRESSED),
        ("ACTIVE", "PASSED", "NEW", Status.RESOLVED),
        ("ACTIVE", "PASSED", "SUPPRESSED", Status.RESOLVED),
        ("ACTIVE", "NOT_AVAILABLE", "NEW", Status.GONE),
        ("ARCHIVED", "FAILED", "NEW", Status.GONE),
        ("ARCHIVED", "PASSED", "SUPPRESSED", Status.GONE),
    ],
)
def test_status_weighs_the_record_before_the_check_before_the_people(
    record_state: str | None, compliance: str | None, workflow: str | None, status: Status
) -> None:
    changes = {
        "RecordState": record_state,
        "Compliance": {"Status": compliance, "SecurityControlId": "S3.8"},
        "Workflow": {"Status": workflow},
    }
    (found,) = findings(with_finding("imported-s3.8", changes))
    assert found.status is status


@pytest.mark.parametrize(
    ("sample", "status"),
    [
        ("imported-s3.8-passed", Status.RESOLVED),
        ("imported-s3.8-suppressed", Status.SUPPRESSED),
        ("imported-s3.8-archived", Status.GONE),
        ("imported-s3.8-suppressed-by-us", Status.SUPPRESSED),
        ("imported-s3.8-taken-back-by-us", Status.OPEN),
        ("imported-s3.8-suppressed-after-us", Status.SUPPRESSED),
    ],
)
def test_later_events_of_a_finding_are_about_the_same_problem(sample: str, status: Status) -> None:
    found = finding(sample)
    assert found.status is status
    assert found.problem == finding("imported-s3.8").problem


@pytest.mark.parametrize(
    "field",
    [
        *("Severity", "Compliance", "Workflow", "RecordState", "ProductFields", "Region", "Note", "Types"),
        *("Vulnerabilities", "Resources.0.Tags", "Resources.0.Region", "Resources.0.Details"),
    ],
)
def test_null_stands_for_absent_in_an_optional_field(field: str) -> None:
    null = with_finding("imported-nulls", {field: None})
    absent = with_finding("imported-nulls", {field: ...})
    assert findings(null) == findings(absent)


def test_each_resource_is_a_problem_of_its_own() -> None:
    resources = [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::bucket-{number}"} for number in range(32)]
    found = findings(with_finding("imported-s3.8", {"Resources": resources}))
    assert [one.resource for one in found] == [resource["Id"] for resource in resources]
    assert len({one.problem for one in found}) == 32
    assert {one.shared for one in found} == {True}


@pytest.mark.parametrize(("outer", "inner"), [("AwsS3Object", "AwsS3Object"), ("AwsS3Bucket", "AwsS3AccessPoint")])
def test_only_a_bucket_is_left_out_and_only_beside_its_object(outer: str, inner: str) -> None:
    resources = [{"Type": outer, "Id": "arn:aws:s3:::a/b"}, {"Type": inner, "Id": "arn:aws:s3:::a/b/c"}]
    assert len(findings(with_finding("imported-s3.8", {"Resources": resources}))) == 2


@pytest.mark.parametrize("field", ["account", "region", "control", "resource"])
def test_a_problem_is_told_apart_by_account_region_control_and_resource(field: str) -> None:
    found = finding("imported-s3.8")
    assert msgspec.structs.replace(found, **{field: "other"}).problem != found.problem


@pytest.mark.parametrize("field", ["title", "severity", "finding_id", "resource_type"])
def test_a_problem_stays_the_same_when_its_finding_is_worded_otherwise(field: str) -> None:
    found = finding("imported-s3.8")
    assert msgspec.structs.replace(found, **{field: "other"}).problem == found.problem


def test_the_findings_region_wins_over_the_resources_and_the_products() -> None:
    one = finding("imported-s3.8", Region="eu-central-1")
    assert one.region == "eu-central-1"


@pytest.mark.parametrize("tags", [None, {}])
def test_a_resource_without_tags_has_none(tags: dict[str, str] | None) -> None:
    assert finding("imported-s3.8", Resources__0__Tags=tags).tags == {}


NOTE = "yagura: suppressed until 2026-06-01 by request:r1 (ada asked, grace agreed): known"


@pytest.mark.parametrize(
    ("note", "terms"),
    [
        ({"Text": NOTE, "UpdatedBy": "yagura"}, "until 2026-06-01 by request:r1"),
        ({"Text": NOTE, "UpdatedBy": "ada"}, ""),
        ({"Text": f"see {NOTE}", "UpdatedBy": "yagura"}, ""),
        ({"Text": "yagura: the suppression has ended", "UpdatedBy": "yagura"}, ""),
        ({"Text": "yagura: suppressed", "UpdatedBy": "yagura"}, ""),
        ({"Text": "", "UpdatedBy": "yagura"}, ""),
        ({"Text": None, "UpdatedBy": None}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_suppression_of_ours_is_known_by_its_note_and_signature(note: dict[str, str] | None, terms: str) -> None:
    found = finding("imported-s3.8-suppressed", Note=note)
    assert (found.terms, found.ours) == (terms, bool(terms))


def test_a_finding_with_the_least_that_is_allowed_is_open_and_informational() -> None:
    found = finding("imported-least")
    assert (found.control, found.region, found.severity, found.status, found.tags, found.shared) == (
        "SQS.1",
        "eu-west-1",
        "INFORMATIONAL",
        Status.OPEN,
        {},
        False,
    )


def test_a_finding_whose_optional_fields_are_all_null_is_still_about_its_control() -> None:
    found = finding("imported-nulls")
    assert (found.problem, found.severity) == (finding("imported-s3.8").problem, "INFORMATIONAL")
