"""ASFF: what becomes of each field, and of what is missing."""

import msgspec
import pytest

from functions.findings.finding import MOST_TAGS, Finding, Status
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


def test_the_states_are_stored_under_these_words() -> None:
    assert [status.value for status in Status] == ["open", "suppressed", "resolved", "gone"]


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


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        (["TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce"], "UnauthorizedAccess:EC2-SSHBruteForce"),
        (
            ["Software and Configuration Checks/AWS Security Best Practices/External Access Granted"],
            "External Access Granted",
        ),
        (["Sensitive Data Identifications/PII/SensitiveData:S3Object-Personal"], "SensitiveData:S3Object-Personal"),
        (["Effects/Data Exposure/x", "TTPs/other"], "x"),
        (["Unusual Behaviors/User"], "User"),
        (["UnauthorizedAccess:EC2/SSHBruteForce"], "UnauthorizedAccess:EC2-SSHBruteForce"),
    ],
)
def test_a_finding_without_a_control_is_known_by_its_type(types: list[str], kind: str) -> None:
    assert finding("imported-guardduty-ssh", Types=types).control == f"guardduty:{kind}"


@pytest.mark.parametrize(
    "types", [["Software and Configuration Checks"], ["Software and Configuration Checks/AWS Security Best Practices"]]
)
def test_where_the_type_is_a_mere_namespace_the_rule_says_what_was_found(types: list[str]) -> None:
    def of(generator: str, product: str = "config", id_: str = "f") -> str:
        arn = f"arn:aws:securityhub:eu-west-1::product/aws/{product}"
        return finding(
            "imported-guardduty-ssh", ProductArn=arn, GeneratorId=generator, Id=f"x/{id_}", Types=types
        ).control

    rule = "arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-a1b2c3"
    assert of(rule) == of(rule, id_="again") == "config:config-rule-a1b2c3"
    assert of("AWS_RISK_CREDENTIALS_EXPOSED", "health") == "health:AWS_RISK_CREDENTIALS_EXPOSED"
    assert of("aws/firewall-manager", "firewall-manager") == "firewall-manager:f", "the product is no rule"
    assert of("arn:aws:guardduty:x:1:detector/d", "guardduty") == "guardduty:f", "nor is a detector"


def test_each_principal_that_has_access_is_a_problem_of_its_own() -> None:
    analyzer = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/house"
    one, other = (finding("imported-access-analyzer", Id=f"{analyzer}/{end}") for end in ("f1", "f2"))
    assert (one.control, one.resource) == ("access-analyzer:External Access Granted/f1", other.resource)
    assert one.problem != other.problem


def test_of_more_tags_than_an_item_has_room_for_the_short_ones_are_kept() -> None:
    tags = {f"long-{n:02}": "\u5cf6" * 256 for n in range(49)} | {"service": "intake"}
    kept = finding("imported-s3.8", Resources__0__Tags=tags).tags
    assert kept == {"long-00": tags["long-00"], "long-01": tags["long-01"], "service": "intake"}
    few = {"service": "x" * (MOST_TAGS - 7)}
    assert finding("imported-s3.8", Resources__0__Tags=few).tags == few
    assert finding("imported-s3.8", Resources__0__Tags=few | {"b": ""}).tags == {"b": ""}


@pytest.mark.parametrize("types", [None, [], [""]])
def test_without_a_type_each_finding_is_a_problem_of_its_own(types: list[str] | None) -> None:
    assert finding("imported-guardduty-ssh", Types=types).control == "guardduty:7ac1be2d3f40516273849a5b6c7d8e9f"


def test_a_vulnerability_is_a_problem_for_each_resource_that_has_it_under_whichever_id_it_is_found() -> None:
    found = finding("imported-inspector-cve")
    again = finding("imported-inspector-cve", Id="arn:aws:inspector2:eu-west-1:111122223333:finding/other")
    other = finding("imported-inspector-cve", Vulnerabilities=[{"Id": None}, {"Id": "CVE-2026-21002"}])
    assert found.control == "inspector:CVE-2026-21001"
    assert again.problem == found.problem
    assert (other.control, again.copy == found.copy) == ("inspector:CVE-2026-21002", False)


def test_products_that_check_nothing_are_open_until_they_are_archived_or_people_close_them() -> None:
    sample = "imported-guardduty-ssh"
    assert finding(sample).status is Status.OPEN
    assert finding(sample, Workflow={"Status": "RESOLVED"}).status is Status.RESOLVED
    assert finding(sample, RecordState="ARCHIVED").status is Status.GONE


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
