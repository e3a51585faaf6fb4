"""ASFF of products that check no control: by what a problem of theirs is known."""

import pytest

from functions.findings.finding import Status
from tests.functions.findings.samples import finding


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
    "types",
    [
        ["Software and Configuration Checks" + category]
        for category in ("", "/AWS Security Best Practices", "/Vulnerabilities")
    ],
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
    for product in ("guardduty", "inspector", "macie"):
        assert of("arn:aws:guardduty:x:1:detector/d", product) == f"{product}:f", "nor is a detector"


def test_each_principal_that_has_access_is_a_problem_of_its_own() -> None:
    analyzer = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/house"
    one, other = (finding("imported-access-analyzer", Id=f"{analyzer}/{end}") for end in ("f1", "f2"))
    assert (one.control, one.resource) == ("access-analyzer:External Access Granted/f1", other.resource)
    assert one.problem != other.problem
    assert finding("imported-access-analyzer", Id=f"{analyzer}/f1", Types=None).control == "access-analyzer:f1"


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
