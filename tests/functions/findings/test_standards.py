"""One control is one problem, whichever standard reports it and whatever that calls it."""

from typing import Any

import msgspec
import pytest

from functions.findings import standards
from functions.findings.asff import Asff, control
from functions.findings.standards import security_control
from tests.functions.findings.samples import finding

CIS = "cis-aws-foundations-benchmark/v"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (f"{CIS}/1.2.0/1.1", "CloudWatch.1"),
        (f"{CIS}/1.2.0/1.10", "IAM.16"),
        (f"{CIS}/1.2.0/1.12", "IAM.4"),
        (f"{CIS}/1.2.0/2.8", "KMS.4"),
        (f"{CIS}/1.2.0/3.3", "CloudWatch.1"),
        (f"{CIS}/1.2.0/4.1", "EC2.13"),
        (f"{CIS}/1.4.0/1.10", "IAM.5"),
        (f"{CIS}/1.4.0/2.1.5.1", "S3.1"),
        (f"{CIS}/1.4.0/2.1.5.2", "S3.8"),
        (f"{CIS}/1.4.0/3.8", "KMS.4"),
        (f"{CIS}/3.0.0/2.1.4.2", "S3.8"),
        (f"{CIS}/3.0.0/2.2.1", "EC2.7"),
        (f"{CIS}/3.0.0/5.4", "EC2.2"),
        (f"{CIS}/5.0.0/5.1.1", "EC2.7"),
        (f"{CIS}/5.0.0/5.4", "EC2.54"),
        ("CIS.2.8", "KMS.4"),
        ("PCI.KMS.1", "KMS.4"),
        ("PCI.S3.1", "S3.3"),
        ("PCI.S3.6", "S3.1"),
        ("PCI.IAM.1", "IAM.4"),
        ("PCI.ES.1", "ES.2"),
        ("PCI.Lambda.2", "Lambda.3"),
        ("PCI.SSM.3", "SSM.1"),
        ("ELBv2.1", "ELB.1"),
        ("CT.ELBv2.1", "ELB.1"),
        ("CT.S3.8", "S3.8"),
    ],
)
def test_a_standards_rule_is_security_hubs_control(rule: str, expected: str) -> None:
    assert security_control(rule) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "S3.8",
        "CloudFront.12",
        "",
        "some/check",
        "PCI.KMS.99",
        "PCI.EC2.3",
        "CIS.9.9",
        "4.1",
        f"{CIS}/1.2.0/9.9",
        f"{CIS}/9.0.0/1.1",
        f"{CIS}/1.2.0",
        f"{CIS}/1.2.0/2.8/more",
        "acme-benchmark/v/1.2.0/2.8",
    ],
)
def test_an_id_that_nobody_knows_stays_as_it_is(rule: str) -> None:
    assert security_control(rule) == rule


@pytest.mark.parametrize("version", ["3.0.0", "5.0.0"])
def test_a_requirement_that_two_controls_share_is_left_alone(version: str) -> None:
    assert security_control(f"{CIS}/{version}/2.1.4") == f"{CIS}/{version}/2.1.4"


def test_what_a_rule_becomes_is_no_rule_itself() -> None:
    tables: list[dict[str, str]] = [standards._CONTROLS, *standards._BENCHMARKS.values()]
    for table in tables:
        for known in table.values():
            assert security_control(known) == known


def test_within_a_benchmark_no_control_has_two_numbers_but_the_one_that_the_documentation_gives_two() -> None:
    for table in standards._BENCHMARKS.values():
        doubled = {known for known in table.values() if list(table.values()).count(known) > 1}
        assert doubled <= {"CloudWatch.1"}


def unconsolidated(generator: str, fields: dict[str, str], security_control_id: str | None = None) -> Asff:
    """As Security Hub sent findings before it gave controls one id."""
    raw: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:eu-west-1:111122223333:subscription/{generator}/finding/1",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": generator,
        "AwsAccountId": "111122223333",
        "CreatedAt": "2026-02-27T06:40:02.118Z",
        "UpdatedAt": "2026-03-02T09:15:12.731Z",
        "Title": "t",
        "Resources": [{"Type": "AwsAccount", "Id": "AWS::::Account:111122223333"}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": security_control_id},
        "ProductFields": fields,
    }
    return msgspec.convert(raw, Asff)


def cis_1_2(rule: str) -> Asff:
    return unconsolidated(
        f"arn:aws:securityhub:::ruleset/{CIS}/1.2.0/rule/{rule}",
        {"StandardsGuideArn": f"arn:aws:securityhub:::ruleset/{CIS}/1.2.0", "RuleId": rule},
    )


def of_standard(standard: str, control_id: str) -> Asff:
    arn = f"arn:aws:securityhub:::standards/{standard}"
    return unconsolidated(f"{standard}/{control_id}", {"StandardsArn": arn, "ControlId": control_id})


FSBP, NIST, PCI = "aws-foundational-security-best-practices/v/1.0.0", "nist-800-53/v/5.0.0", "pci-dss/v/3.2.1"


@pytest.mark.parametrize(
    ("expected", "reports"),
    [
        ("KMS.4", [cis_1_2("2.8"), of_standard(f"{CIS}/1.4.0", "3.8"), of_standard(PCI, "PCI.KMS.1")]),
        ("EC2.13", [cis_1_2("4.1"), of_standard(PCI, "PCI.EC2.5"), of_standard(NIST, "EC2.13")]),
        (
            "S3.8",
            [of_standard(f"{CIS}/3.0.0", "2.1.4.2"), of_standard(f"{CIS}/1.4.0", "2.1.5.2"), of_standard(FSBP, "S3.8")],
        ),
        ("IAM.4", [cis_1_2("1.12"), of_standard(f"{CIS}/5.0.0", "1.3"), of_standard(PCI, "PCI.IAM.1")]),
        ("Lambda.1", [of_standard(FSBP, "Lambda.1"), of_standard(PCI, "PCI.Lambda.1"), of_standard(NIST, "Lambda.1")]),
        ("ELB.1", [of_standard(FSBP, "ELBv2.1"), of_standard(PCI, "PCI.ELBv2.1")]),
    ],
)
def test_every_standard_reports_the_same_control(expected: str, reports: list[Asff]) -> None:
    assert {control(report) for report in reports} == {expected}


def test_security_hubs_own_id_outranks_what_a_standard_says() -> None:
    assert control(unconsolidated(f"{CIS}/1.4.0/3.6", {"ControlId": "3.6"}, "CloudTrail.7")) == "CloudTrail.7"


def test_findings_of_two_standards_are_of_one_problem() -> None:
    assert finding("imported-cis-1.2.0-2.8").problem == finding("imported-pci-kms.1").problem
