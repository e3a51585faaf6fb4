"""OCSF: the same problems as ASFF names, out of Security Hub V2's findings."""

from typing import Any

import msgspec
import pytest

from functions.findings import ocsf
from functions.findings.finding import Finding, Status
from tests.functions.findings.samples import event, finding, findings, opened, problems, with_finding

FAIL = "v2-s3.8-fail"


def test_both_schemas_name_the_same_problem_with_the_same_owner_tags() -> None:
    old, new = finding("imported-s3.8"), finding(FAIL)
    assert new.problem == old.problem
    assert (new.tags, new.severity, new.status, new.title) == (old.tags, old.severity, old.status, old.title)
    assert (new.finding_id, new.created_at) == (old.finding_id, old.created_at)


def test_both_schemas_name_the_same_type_of_resource() -> None:
    assert finding(FAIL).resource_type == finding("imported-s3.8").resource_type


@pytest.mark.parametrize(
    ("sample", "status"),
    [(FAIL, Status.OPEN), ("v2-s3.8-pass", Status.RESOLVED), ("v2-s3.8-suppressed", Status.SUPPRESSED)],
)
def test_status_of_the_samples(sample: str, status: Status) -> None:
    assert finding(sample).status is status


@pytest.mark.parametrize(
    ("activity", "status_id", "check", "status"),
    [
        (1, 1, "Fail", Status.OPEN),
        (2, 2, "Fail", Status.OPEN),
        (1, 0, "Warning", Status.OPEN),
        (1, 99, None, Status.OPEN),
        (1, 3, "Fail", Status.SUPPRESSED),
        (1, 4, "Fail", Status.OPEN),
        (1, 4, None, Status.RESOLVED),
        (1, 3, None, Status.SUPPRESSED),
        (1, 3, "Pass", Status.RESOLVED),
        (1, 1, "Pass", Status.RESOLVED),
        (1, 5, "Fail", Status.GONE),
        (3, 1, "Fail", Status.GONE),
        (3, 4, "Pass", Status.GONE),
    ],
)
def test_status_weighs_closing_before_the_check_before_the_people(
    activity: int, status_id: int, check: str | None, status: Status
) -> None:
    found = finding(FAIL, activity_id=activity, status_id=status_id, compliance__status=check)
    assert found.status is status


@pytest.mark.parametrize(
    ("severity_id", "vendor", "label"),
    [
        (1, None, "INFORMATIONAL"),
        (2, None, "LOW"),
        (3, None, "MEDIUM"),
        (4, None, "HIGH"),
        (5, None, "CRITICAL"),
        (6, None, "CRITICAL"),
        (0, None, "INFORMATIONAL"),
        (99, None, "INFORMATIONAL"),
        (0, 4, "HIGH"),
        (99, 5, "CRITICAL"),
        (2, 5, "CRITICAL"),
        (4, 2, "HIGH"),
        (2, 77, "LOW"),
        (0, 77, "INFORMATIONAL"),
    ],
)
def test_severity_is_the_worse_of_security_hubs_and_the_providers(
    severity_id: int, vendor: int | None, label: str
) -> None:
    found = finding(FAIL, severity_id=severity_id, vendor_attributes={"severity_id": vendor})
    assert found.severity == label


@pytest.mark.parametrize(
    ("uid_alt", "uid", "name", "resource"),
    [
        ("arn:aws:s3:::a", "bucket-uid", "n", "arn:aws:s3:::a"),
        ("not-an-arn", "arn:aws:s3:::b", "n", "arn:aws:s3:::b"),
        (None, "bucket-uid", "n", "arn:aws:s3:::bucket-uid"),
        (None, None, "n", "arn:aws:s3:::n"),
        ("", "", "n", "arn:aws:s3:::n"),
    ],
)
def test_the_resource_is_its_arn_wherever_that_stands(
    uid_alt: str | None, uid: str | None, name: str | None, resource: str
) -> None:
    given = {"type": "AWS::S3::Bucket", "uid_alt": uid_alt, "uid": uid, "name": name}
    assert finding(FAIL, resources=[given]).resource == resource


def test_a_resource_without_any_name_is_refused_by_its_place() -> None:
    resources = [{"type": "AWS::S3::Bucket", "uid": "a"}, {"type": "AWS::S3::Bucket"}]
    contents = opened(with_finding(FAIL, {"resources": resources}))
    assert contents.seen == []
    assert str(problems(contents)[0]) == (
        "malformed at $.detail.findings[0].resources[1]: expected uid_alt, uid or name"
    )


@pytest.mark.parametrize(
    ("info", "updated_at"),
    [
        ({"modified_time": 1772442913015, "modified_time_dt": "2020-01-01T00:00:00Z"}, 1772442913015),
        ({"modified_time": None, "modified_time_dt": "2026-03-02T09:15:13.015Z"}, 1772442913015),
        ({"modified_time": None, "modified_time_dt": None}, 1772442928902),
    ],
)
def test_the_time_of_change_is_the_findings_or_else_the_events(info: dict[str, Any], updated_at: int) -> None:
    uid = {"uid": "u", "title": "t"}
    assert finding(FAIL, finding_info=uid | info).updated_at == updated_at


@pytest.mark.parametrize(
    "changes",
    [
        {"compliance": None},
        {"compliance.control": None},
        {"compliance.control": ""},
        {"class_uid": 2001},
        {"class_uid": 2005},
    ],
)
def test_findings_about_no_control_are_dropped_with_a_count(changes: dict[str, Any]) -> None:
    contents = opened(with_finding(FAIL, changes))
    assert contents.seen == []
    assert [str(problem) for problem in problems(contents)] == ["no_control"]


@pytest.mark.parametrize("class_uid", [2002, 2004, 2006])
def test_a_threat_or_vulnerability_is_a_problem_of_its_own(class_uid: int) -> None:
    one = finding(FAIL, class_uid=class_uid, finding_info={"uid": "arn:aws:guardduty:x:1:detector/d/finding/f1"})
    two = finding(FAIL, class_uid=class_uid, finding_info={"uid": "arn:aws:guardduty:x:1:detector/d/finding/f2"})
    assert one.control == "securityhub:f1"
    assert one.problem != two.problem


def test_a_vulnerability_is_known_by_the_first_that_has_a_name() -> None:
    found = finding("v2-inspector-cve", vulnerabilities=[{}, {"cve": {}}, {"cve": {"uid": "CVE-2026-21002"}}])
    assert found.control == "inspector:CVE-2026-21002"


@pytest.mark.parametrize(
    ("outer", "inner"), [("AWS::S3::Object", "AWS::S3::Object"), ("AWS::S3::Bucket", "AWS::S3::AccessPoint")]
)
def test_only_a_bucket_is_left_out_and_only_beside_its_object(outer: str, inner: str) -> None:
    resources = [{"type": outer, "uid": "arn:aws:s3:::a/b"}, {"type": inner, "uid": "arn:aws:s3:::a/b/c"}]
    assert len(findings(with_finding(FAIL, {"resources": resources}))) == 2


def test_coverage_findings_are_dropped_with_a_count() -> None:
    contents = opened(event("v2-coverage"))
    assert contents.seen == []
    assert [str(problem) for problem in problems(contents)] == ["coverage"]


def test_a_long_title_is_cut_to_what_asff_allows() -> None:
    assert finding(FAIL, finding_info__title="x" * 1024).title == "x" * 256


def test_tags_without_a_value_are_empty() -> None:
    assert finding(FAIL, resources__0__tags=[{"name": "a"}, {"name": "b", "value": None}]).tags == {"a": "", "b": ""}


@pytest.mark.parametrize(
    ("name", "asff"),
    [
        ("AWS::S3::Bucket", "AwsS3Bucket"),
        ("AWS::RDS::DBInstance", "AwsRdsDbInstance"),
        ("AWS::EC2::SecurityGroup", "AwsEc2SecurityGroup"),
        ("AWS::DynamoDB::Table", "AwsDynamoDbTable"),
        ("AwsS3Bucket", "AwsS3Bucket"),
        ("Custom::Thing", "Custom::Thing"),
    ],
)
def test_types_of_resources_are_named_as_in_asff(name: str, asff: str) -> None:
    assert ocsf.asff_type(name) == asff


def test_a_finding_with_the_least_that_is_allowed_is_open_and_informational() -> None:
    least = {
        "class_uid": 2003,
        "metadata": {"product": {"uid": "arn:aws:securityhub:eu-west-1::productv2/aws/securityhub"}},
        "cloud": {"account": {"uid": "111122223333"}, "region": "eu-west-1"},
        "finding_info": {"uid": "u"},
        "time": 1_772_442_912_731,
        "resources": [{"type": "t", "name": "n"}],
        "compliance": {"control": "S3.8"},
    }
    (found,) = ocsf.normalise(msgspec.convert(least, ocsf.Ocsf), "$")
    assert found == Finding(
        account="111122223333", region="eu-west-1", control="S3.8", resource="n", resource_type="t",
        severity="INFORMATIONAL", status=Status.OPEN, title="", finding_id="u",
        updated_at=1_772_442_912_731, created_at=1_772_442_912_731, tags={},
        product="arn:aws:securityhub:eu-west-1::productv2/aws/securityhub", form="ocsf",
    )  # fmt: skip


@pytest.mark.parametrize(("given", "label"), [(0, "INFORMATIONAL"), (1, "INFORMATIONAL"), (2, "LOW"), (6, "CRITICAL")])
def test_the_number_of_severity_has_its_label(given: int, label: str) -> None:
    assert finding(FAIL, severity_id=given, vendor_attributes=None).severity == label


@pytest.mark.parametrize(
    ("type_", "uid", "resource"),
    [
        ("AWS::Account", "111122223333", "AWS::::Account:111122223333"),
        ("AWS::::Account", "111122223333", "AWS::::Account:111122223333"),
        ("AWS::IAM::AccessKey", "AKIAEXAMPLEEXAMPLE02", "AWS::IAM::AccessKey:AKIAEXAMPLEEXAMPLE02"),
        ("AWS::EC2::Instance", "i-0a1", "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1"),
        ("AWS::EC2::SecurityGroup", "sg-0a1", "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1"),
        ("AWS::EC2::VPC", "vpc-0a1", "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a1"),
        ("AWS::EC2::NetworkAcl", "acl-0a1", "arn:aws:ec2:eu-west-1:111122223333:network-acl/acl-0a1"),
        ("AWS::EC2::NetworkInterface", "eni-0a1", "arn:aws:ec2:eu-west-1:111122223333:network-interface/eni-0a1"),
        ("AWS::EC2::Subnet", "subnet-0a1", "arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-0a1"),
        ("AWS::EC2::Volume", "vol-0a1", "arn:aws:ec2:eu-west-1:111122223333:volume/vol-0a1"),
        ("AWS::EC2::Instance", "arn:aws:ec2:x:1:instance/i-0a1", "arn:aws:ec2:x:1:instance/i-0a1"),
        ("AWS::Other::Thing", "thing-{id}", "thing-{id}"),
        ("AWS::S3::Bucket", "{account}", "arn:aws:s3:::{account}"),
    ],
)
def test_a_bare_id_is_named_as_asff_names_it(type_: str, uid: str, resource: str) -> None:
    assert finding(FAIL, resources=[{"type": type_, "uid": uid}]).resource == resource


def test_a_resource_elsewhere_is_named_by_its_own_region() -> None:
    given = [{"type": "AWS::EC2::Instance", "uid": "i-0a1", "region": "us-west-2"}]
    assert finding(FAIL, resources=given).resource == "arn:aws:ec2:us-west-2:111122223333:instance/i-0a1"


@pytest.mark.parametrize(
    ("resources", "resource"),
    [
        ([("AWS::S3::Object", "2026/a.csv"), ("AWS::S3::Bucket", "exports")], "arn:aws:s3:::exports/2026/a.csv"),
        ([("AWS::S3::Object", "2026/a.csv")], "2026/a.csv"),
        ([("AWS::S3::Object", "arn:aws:s3:::other/a.csv"), ("AWS::S3::Bucket", "exports")], "arn:aws:s3:::other/a.csv"),
    ],
)
def test_an_object_is_named_within_its_bucket(resources: list[tuple[str, str]], resource: str) -> None:
    given = {"resources": [{"type": type_, "uid": uid} for type_, uid in resources]}
    assert findings(with_finding(FAIL, given))[0].resource == resource


@pytest.mark.parametrize(
    ("comment", "terms"),
    [
        (
            "yagura: suppressed until 2026-06-01 by rule:x (ada asked, grace agreed): known",
            "until 2026-06-01 by rule:x",
        ),
        ("yagura: the suppression has ended", ""),
        ("suppressed until 2026-06-01 by rule:x (ada asked)", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_suppression_of_ours_is_known_by_its_comment(comment: str | None, terms: str) -> None:
    found = finding(FAIL, comment=comment)
    assert (found.terms, found.ours) == (terms, bool(terms))


def test_a_finding_about_several_resources_is_shared_by_them() -> None:
    assert [one.shared for one in findings(with_finding("v2-guardduty-key", {}))] == [True, True]
    assert finding(FAIL).shared is False


def test_times_may_have_nanoseconds() -> None:
    assert finding("v2-exposure").updated_at == 1772442913015


def test_a_control_that_a_standard_names_is_security_hubs() -> None:
    assert finding(FAIL, compliance__control="PCI.KMS.1").control == "KMS.4"
