"""The fake Security Hub keeps OCSF findings: filters, updates with a reason for each refusal, and an event for each."""

from typing import Any

import pytest

from local import client as local
from local.errors import LocalCloudError
from local.process import Instance
from tests.local.conftest import Aws
from tests.local.test_securityhub import events, refused


def ocsf(account: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A compliance finding as Security Hub makes it."""
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "class_name": "Compliance Finding",
        "class_uid": 2003,
        "cloud": {"account": {"uid": account}, "provider": "AWS", "region": "us-east-1"},
        "compliance": {"control": "S3.8", "standards": ["standards/x"], "status": "Fail", "status_id": 3},
        "finding_info": {"uid": f"finding-{number}", "title": "S3", "modified_time_dt": "2026-03-01T00:00:00.000Z"},
        "metadata": {
            "uid": f"{account}-{number}",
            "product": {"uid": "arn:aws:securityhub:us-east-1::productv2/aws/securityhub"},
            "version": "1.6.0",
        },
        "resources": [{"type": "AWS::S3::Bucket", "uid": f"arn:aws:s3:::bucket-{number}"}],
        "severity": "High",
        "severity_id": 4,
        "status": "New",
        "status_id": 1,
        "time": 1772323200000,
        **changes,
    }


@pytest.fixture
def hub(aws: Aws, account: str) -> Any:
    """Security Hub of the account, as its root."""
    return aws("securityhub", account)


def _identifier(finding: dict[str, Any]) -> dict[str, str]:
    return {
        "CloudAccountUid": finding["cloud"]["account"]["uid"],
        "FindingInfoUid": finding["finding_info"]["uid"],
        "MetadataProductUid": finding["metadata"]["product"]["uid"],
    }


def test_findings_that_aws_makes_are_kept_and_told_as_one_event_each(cloud: Instance, hub: Any, account: str) -> None:
    findings = [ocsf(account), ocsf(account, 2)]
    assert local.securityhub_import_ocsf(cloud, account, findings) == [f"{account}-1", f"{account}-2"]
    assert hub.get_findings_v2()["Findings"] == findings
    told = [(each["detail-type"], each["resources"], each["detail"]) for each in events(cloud, account)]
    assert told == [("Findings Imported V2", [each["metadata"]["uid"]], {"findings": [each]}) for each in findings]


def test_a_finding_without_its_identity_is_no_finding(cloud: Instance, hub: Any, account: str) -> None:
    with pytest.raises(LocalCloudError, match=r"needs finding_info\.uid"):
        local.securityhub_import_ocsf(cloud, account, [ocsf(account), ocsf(account, 2, finding_info={})])
    assert hub.get_findings_v2()["Findings"] == []


@pytest.mark.parametrize("by", ["MetadataUids", "FindingIdentifiers"])
def test_an_update_sets_number_and_text_and_leaves_the_times(cloud: Instance, hub: Any, account: str, by: str) -> None:
    finding = ocsf(account)
    [uid] = local.securityhub_import_ocsf(cloud, account, finding)
    named = {"MetadataUids": [uid]} if by == "MetadataUids" else {"FindingIdentifiers": [_identifier(finding)]}
    answer = hub.batch_update_findings_v2(**named, Comment="why", SeverityId=2, StatusId=3)
    told = {"MetadataUid": uid} if by == "MetadataUids" else {"FindingIdentifier": _identifier(finding)}
    assert (answer["ProcessedFindings"], answer["UnprocessedFindings"]) == ([told], [])
    [found] = hub.get_findings_v2()["Findings"]
    set_ = {"severity": "Low", "severity_id": 2, "status": "Suppressed", "status_id": 3, "comment": "why"}
    assert found == {**finding, **set_}
    _, echo = events(cloud, account)
    assert (echo["detail-type"], echo["resources"]) == ("Findings Imported V2", [uid])
    assert echo["detail"]["findings"] == [found]


def test_a_comment_alone_leaves_the_status(cloud: Instance, hub: Any, account: str) -> None:
    [uid] = local.securityhub_import_ocsf(cloud, account, ocsf(account, status="In Progress", status_id=2))
    hub.batch_update_findings_v2(MetadataUids=[uid], Comment="seen")
    [found] = hub.get_findings_v2()["Findings"]
    assert (found["status_id"], found["comment"]) == (2, "seen")


def test_what_cannot_be_updated_stands_in_an_answer_of_http_200(cloud: Instance, hub: Any, account: str) -> None:
    [uid] = local.securityhub_import_ocsf(cloud, account, ocsf(account))
    answer = hub.batch_update_findings_v2(MetadataUids=[uid, "unknown"], StatusId=4)
    assert answer["ProcessedFindings"] == [{"MetadataUid": uid}]
    [undone] = answer["UnprocessedFindings"]
    assert (undone["MetadataUid"], undone["ErrorCode"]) == ("unknown", "ResourceNotFoundException")
    local.securityhub_behave(cloud, unprocessed=1, error="ConcurrentUpdateError")
    [undone] = hub.batch_update_findings_v2(MetadataUids=[uid], StatusId=1)["UnprocessedFindings"]
    assert undone["ErrorCode"] == "ConflictException"
    local.securityhub_behave(cloud)


@pytest.mark.parametrize(
    "asked",
    [
        {"MetadataUids": ["u"]},
        {"StatusId": 1},
        {"MetadataUids": ["u"] * 101, "StatusId": 1},
        {"MetadataUids": ["u"], "FindingIdentifiers": [_identifier(ocsf("500000000000"))], "StatusId": 1},
        {"MetadataUids": ["u"], "StatusId": 6},
        {"MetadataUids": ["u"], "SeverityId": 7},
        {"MetadataUids": ["u"], "Comment": "c" * 513},
        {"MetadataUids": ["u"], "Comment": " "},
    ],
)
def test_an_update_that_is_not_as_it_must_be_is_refused(hub: Any, asked: dict[str, Any]) -> None:
    assert refused(hub.batch_update_findings_v2, **asked) == (400, "ValidationException")


def test_findings_come_by_composite_filters_page_by_page(cloud: Instance, hub: Any, account: str) -> None:
    local.securityhub_import_ocsf(cloud, account, [ocsf(account, number) for number in range(12)])
    hub.batch_update_findings_v2(MetadataUids=[f"{account}-{number}" for number in range(5)], StatusId=4)
    new = {"StringFilters": [{"FieldName": "status", "Filter": {"Value": "New", "Comparison": "EQUALS"}}]}
    since = {"Start": "2026-02-01T00:00:00Z", "End": "2026-04-01T00:00:00Z"}
    dates = {"DateFilters": [{"FieldName": "finding_info.modified_time_dt", "Filter": since}]}
    asked = {
        "Filters": {"CompositeFilters": [new, dates], "CompositeOperator": "AND"},
        "SortCriteria": [{"Field": "resources.uid", "SortOrder": "desc"}],
    }
    first = hub.get_findings_v2(**asked, MaxResults=4)
    rest = hub.get_findings_v2(**asked, MaxResults=4, NextToken=first["NextToken"])
    uids = [each["resources"][0]["uid"] for each in first["Findings"] + rest["Findings"]]
    assert (uids, len(uids), "NextToken" in rest) == (sorted(uids, reverse=True), 7, False)
    token = first["NextToken"]
    assert refused(hub.get_findings_v2, NextToken=token) == (400, "ValidationException")
    assert refused(hub.get_findings_v2, SortCriteria=[{"Field": "x"}]) == (400, "ValidationException")
    scopes = {"AwsOrganizations": [{"OrganizationId": "o-1"}]}
    assert refused(hub.get_findings_v2, Scopes=scopes) == (403, "AccessDeniedException")


@pytest.mark.parametrize(
    ("chosen", "then", "status"),
    [
        (2, {}, 2),
        (3, {}, 3),
        (2, {"compliance": {"status": "Pass"}}, 4),
        (3, {"compliance": {"status": "Pass"}}, 3),
        (2, {"activity_id": 3, "status_id": 5}, 5),
    ],
)
def test_what_a_customer_set_survives_the_next_import(
    cloud: Instance, hub: Any, account: str, chosen: int, then: dict[str, Any], status: int
) -> None:
    [uid] = local.securityhub_import_ocsf(cloud, account, ocsf(account))
    hub.batch_update_findings_v2(MetadataUids=[uid], StatusId=chosen, Comment="ours")
    local.securityhub_import_ocsf(cloud, account, ocsf(account, **{"finding_info": {"uid": "finding-1"}, **then}))
    [found] = hub.get_findings_v2()["Findings"]
    assert (found["status_id"], found["comment"]) == (status, "ours")
    local.securityhub_import_ocsf(cloud, account, ocsf(account))
    [found] = hub.get_findings_v2()["Findings"]
    assert found["status_id"] == (1 if then and status != 3 else status)
