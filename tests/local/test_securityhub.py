"""The fake Security Hub keeps ASFF findings as AWS does: identity, workflow, pages, refusals, and an event for each."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import client as local
from local.process import Instance
from tests.local.conftest import Aws

_SAMPLES = Path(__file__).parents[1] / "samples" / "securityhub"
_LESS = {"imported-least", "imported-nulls"}
"""They have less than an import must have, as events may."""


def asff(account: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A control finding as Security Hub itself makes it."""
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:us-east-1:{account}:security-control/S3.8/finding/{number}",
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
        "GeneratorId": "security-control/S3.8",
        "AwsAccountId": account,
        "CreatedAt": "2026-03-01T00:00:00.000Z",
        "UpdatedAt": "2026-03-01T00:00:00.000Z",
        "Title": "S3 general purpose buckets should block public access",
        "Description": "Checks the block public access settings of a bucket.",
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "Severity": {"Label": "HIGH"},
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.8"},
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::bucket-{number}"}],
        **changes,
    }


def later(finding: dict[str, Any], seconds: int = 1, **changes: Any) -> dict[str, Any]:
    """What its provider says of a finding afterwards."""
    return {**finding, "UpdatedAt": f"2026-03-01T00:00:{seconds:02}.000Z", **changes}


def named(*findings: dict[str, Any]) -> list[dict[str, str]]:
    """Their identifiers."""
    return [{"Id": each["Id"], "ProductArn": each["ProductArn"]} for each in findings]


def refused(call: Any, **asked: Any) -> tuple[int, str]:
    """(HTTP status, code) of the refusal."""
    with pytest.raises(ClientError) as error:
        call(**asked)
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def events(cloud: Instance, account: str) -> list[dict[str, Any]]:
    """What Security Hub put on the account's default bus."""
    entries, _ = local.journal(cloud, account=account, bus="default")
    return [each["event"] for each in entries if each["event"]["source"] == "aws.securityhub"]


@pytest.fixture
def hub(aws: Aws, account: str) -> Any:
    """Security Hub of the account, as its root."""
    return aws("securityhub", account)


def only(hub: Any) -> dict[str, Any]:
    """The one finding that there is."""
    [found] = hub.get_findings()["Findings"]
    return dict(found)


def test_an_imported_finding_is_kept_filled_in_and_told_as_one_event(cloud: Instance, hub: Any, account: str) -> None:
    finding = asff(account)
    answer = hub.batch_import_findings(Findings=[finding, asff(account, 2)])
    assert (answer["SuccessCount"], answer["FailedCount"]) == (2, 0)
    found = hub.get_findings(SortCriteria=[{"Field": "Id", "SortOrder": "asc"}])["Findings"][0]
    assert {name: found[name] for name in finding if name != "Severity"} == {
        name: value for name, value in finding.items() if name != "Severity"
    }
    assert found["Severity"] == {"Label": "HIGH", "Normalized": 70}
    assert found["FindingProviderFields"] == {"Severity": {"Label": "HIGH"}, "Types": finding["Types"]}
    assert (found["Workflow"], found["RecordState"], found["Region"]) == ({"Status": "NEW"}, "ACTIVE", "us-east-1")
    assert found["ProductFields"]["aws/securityhub/FindingId"] == f"{finding['ProductArn']}/{finding['Id']}"
    first, second = events(cloud, account)
    assert first["detail-type"] == "Security Hub Findings - Imported"
    assert (first["account"], first["region"]) == (account, "us-east-1")
    assert first["resources"] == [f"{finding['ProductArn']}/{finding['Id']}"]
    assert first["detail"] == {"findings": [found]}
    assert [each["Id"] for each in second["detail"]["findings"]] == [asff(account, 2)["Id"]]


@pytest.mark.parametrize("sample", sorted({path.stem for path in _SAMPLES.glob("imported-*.json")} - _LESS))
def test_every_recorded_finding_can_be_imported(hub: Any, sample: str) -> None:
    [finding] = json.loads((_SAMPLES / f"{sample}.json").read_text())["detail"]["findings"]
    assert hub.batch_import_findings(Findings=[finding])["FailedCount"] == 0
    found = only(hub)
    kept = ("Id", "ProductArn", "Title", "Resources", "UpdatedAt")
    assert [found[name] for name in kept] == [finding[name] for name in kept]


def test_a_finding_is_identified_by_its_id_and_product(hub: Any, account: str) -> None:
    finding = asff(account)
    other = later(finding, ProductArn="arn:aws:securityhub:us-east-1::product/aws/guardduty")
    hub.batch_import_findings(Findings=[finding, other])
    assert len(hub.get_findings()["Findings"]) == 2


@pytest.mark.parametrize(
    "updated_at", ["2026-03-01T00:00:00Z", "2026-02-28T23:59:59.999Z", "2026-03-01T01:00:00+01:00"]
)
def test_an_import_that_is_not_newer_is_ignored(cloud: Instance, hub: Any, account: str, updated_at: str) -> None:
    hub.batch_import_findings(Findings=[asff(account)])
    answer = hub.batch_import_findings(Findings=[asff(account, Title="another", UpdatedAt=updated_at)])
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 0)
    assert only(hub)["Title"] == asff(account)["Title"]
    assert len(events(cloud, account)) == 1


def test_a_newer_import_replaces_the_providers_fields_and_keeps_the_customers(hub: Any, account: str) -> None:
    finding = asff(account, Confidence=10)
    hub.batch_import_findings(Findings=[finding])
    hub.batch_update_findings(
        FindingIdentifiers=named(finding),
        Note={"Text": "ours", "UpdatedBy": "yagura"},
        Severity={"Label": "LOW"},
        VerificationState="TRUE_POSITIVE",
        UserDefinedFields={"owner": "intake"},
        Workflow={"Status": "NOTIFIED"},
    )
    theirs = {"Text": "theirs", "UpdatedBy": "provider", "UpdatedAt": "2026-03-01T00:00:01Z"}
    hub.batch_import_findings(
        Findings=[
            later(
                finding,
                Title="new title",
                Note=theirs,
                Severity={"Label": "CRITICAL"},
                VerificationState="UNKNOWN",
                UserDefinedFields={},
                Workflow={"Status": "RESOLVED"},
                Confidence=90,
            )
        ]
    )
    found = only(hub)
    assert (found["Title"], found["Confidence"]) == ("new title", 90)
    assert (found["Note"]["Text"], found["VerificationState"], found["UserDefinedFields"]) == (
        "ours",
        "TRUE_POSITIVE",
        {"owner": "intake"},
    )
    assert (found["Workflow"]["Status"], found["Severity"]["Label"]) == ("NOTIFIED", "LOW")
    assert found["FindingProviderFields"]["Severity"]["Label"] == "CRITICAL"


def test_an_update_leaves_updated_at_alone_and_comes_back_as_a_new_event(
    cloud: Instance, hub: Any, account: str
) -> None:
    finding = asff(account)
    hub.batch_import_findings(Findings=[finding])
    answer = hub.batch_update_findings(
        FindingIdentifiers=named(finding),
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": "why", "UpdatedBy": "yagura"},
    )
    assert (answer["ProcessedFindings"], answer["UnprocessedFindings"]) == (named(finding), [])
    found = only(hub)
    assert (found["UpdatedAt"], found["Workflow"]["Status"]) == (finding["UpdatedAt"], "SUPPRESSED")
    assert found["Note"]["UpdatedAt"] > finding["UpdatedAt"]
    first, echo = events(cloud, account)
    assert (echo["detail-type"], echo["resources"]) == (first["detail-type"], first["resources"])
    assert echo["id"] != first["id"]
    assert echo["detail"]["findings"] == [found]


def test_what_cannot_be_updated_stands_in_an_answer_of_http_200(cloud: Instance, hub: Any, account: str) -> None:
    known, unknown, twice = asff(account), asff(account, 2), asff(account, 3)
    hub.batch_import_findings(Findings=[known, twice])
    answer = hub.batch_update_findings(
        FindingIdentifiers=named(known, unknown, twice, twice), Workflow={"Status": "NOTIFIED"}
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ProcessedFindings"] == named(known)
    duplicated = ("DuplicatedFindingIdentifier", "Finding Identifier is duplicated")
    assert [(each["ErrorCode"], each["ErrorMessage"]) for each in answer["UnprocessedFindings"]] == [
        ("FindingNotFound", "Finding Not Found"),
        duplicated,
        duplicated,
    ]
    assert answer["UnprocessedFindings"][0]["FindingIdentifier"] == named(unknown)[0]
    assert len(events(cloud, account)) == 3


def test_findings_come_page_by_page_in_order(hub: Any, account: str) -> None:
    hub.batch_import_findings(Findings=[later(asff(account, number), 59 - number) for number in range(25)])
    asked = {
        "Filters": {"ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}]},
        "SortCriteria": [{"Field": "UpdatedAt", "SortOrder": "asc"}],
    }
    pages = list(hub.get_paginator("get_findings").paginate(**asked, PaginationConfig={"PageSize": 9}))
    assert [len(each["Findings"]) for each in pages] == [9, 9, 7]
    found = [each["UpdatedAt"] for one in pages for each in one["Findings"]]
    assert (found, len(set(found))) == (sorted(found), 25)


def test_a_token_belongs_to_its_request(hub: Any, account: str) -> None:
    hub.batch_import_findings(Findings=[asff(account, number) for number in range(11)])
    asked = {"SortCriteria": [{"Field": "UpdatedAt", "SortOrder": "asc"}]}
    token = hub.get_findings(**asked)["NextToken"]
    assert refused(hub.get_findings, NextToken=token) == (400, "InvalidInputException")
    assert refused(hub.get_findings, **asked, NextToken=f"{token}x") == (400, "InvalidInputException")
    assert refused(hub.get_findings, MaxResults=101) == (400, "InvalidInputException")
    assert refused(hub.get_findings, SortCriteria=[{"Field": "Nothing"}]) == (400, "InvalidInputException")


def test_accounts_and_regions_have_their_own_findings(aws: Aws, hub: Any, account: str, other_account: str) -> None:
    hub.batch_import_findings(Findings=[asff(account)])
    for elsewhere in (aws("securityhub", account, region="eu-west-1"), aws("securityhub", other_account)):
        assert elsewhere.get_findings()["Findings"] == []


def test_the_history_of_a_finding_names_who_changed_what(hub: Any, account: str) -> None:
    finding = asff(account)
    hub.batch_import_findings(Findings=[finding])
    hub.batch_update_findings(FindingIdentifiers=named(finding), Workflow={"Status": "NOTIFIED"})
    update, creation = hub.get_finding_history(FindingIdentifier=named(finding)[0])["Records"]
    assert (creation["FindingCreated"], creation["UpdateSource"]["Type"]) == (True, "BATCH_IMPORT_FINDINGS")
    assert update["UpdateSource"] == {"Type": "BATCH_UPDATE_FINDINGS", "Identity": f"arn:aws:iam::{account}:root"}
    assert update["Updates"] == [{"UpdatedField": "Workflow.Status", "OldValue": "NEW", "NewValue": "NOTIFIED"}]
    assert hub.get_finding_history(FindingIdentifier=named(asff(account, 2))[0])["Records"] == []


def test_the_hub_says_what_it_is(hub: Any, account: str) -> None:
    answer = hub.describe_hub()
    assert answer["HubArn"] == f"arn:aws:securityhub:us-east-1:{account}:hub/default"
    assert answer["ControlFindingGenerator"] == "SECURITY_CONTROL"
    other = "arn:aws:securityhub:us-east-1:000000000000:hub/default"
    assert refused(hub.describe_hub, HubArn=other) == (404, "ResourceNotFoundException")
    assert hub.describe_security_hub_v2()["HubV2Arn"].startswith(f"arn:aws:securityhub:us-east-1:{account}:hubv2/")


def test_the_calls_are_journalled_refused_ones_too(cloud: Instance, hub: Any, account: str) -> None:
    hub.batch_import_findings(Findings=[asff(account), asff(account, 2)])
    update = {"FindingIdentifiers": named(asff(account), asff(account, 3)), "Workflow": {"Status": "NOTIFIED"}}
    hub.batch_update_findings(**update)
    hub.get_findings(MaxResults=1)
    refused(hub.get_findings, MaxResults=101)
    calls = local.securityhub_calls(cloud, account)
    told = [(each["operation"], each["findings"], each["unprocessed"], each["outcome"]) for each in calls]
    assert told == [
        ("BatchImportFindings", 2, 0, "ok"),
        ("BatchUpdateFindings", 2, 1, "ok"),
        ("GetFindings", 1, 0, "ok"),
        ("GetFindings", 0, 0, "InvalidInputException"),
    ]
    assert {each["principal"] for each in calls} == {f"arn:aws:iam::{account}:root"}
    assert calls[1]["request"] == update
    assert local.securityhub_calls(cloud, account, since=calls[2]["seq"]) == calls[3:]


def test_what_the_hub_holds_can_be_seen_without_a_call(cloud: Instance, hub: Any, account: str) -> None:
    hub.batch_import_findings(Findings=[asff(account)])
    assert local.securityhub_findings(cloud, account) == {"asff": [only(hub)], "ocsf": []}
    before = len(local.securityhub_calls(cloud, account))
    local.securityhub_findings(cloud, account)
    assert len(local.securityhub_calls(cloud, account)) == before


def test_the_page_shows_both_forms_and_texts_stay_texts(cloud: Instance, hub: Any, account: str) -> None:
    told = "<script>alert(1)</script>"
    hub.batch_import_findings(Findings=[asff(account)])
    hub.batch_update_findings(
        FindingIdentifiers=named(asff(account)),
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": told, "UpdatedBy": "someone"},
    )
    with urllib.request.urlopen(f"{cloud.endpoint}/_local/securityhub/") as answer:  # noqa: S310
        page, policy = answer.read().decode(), answer.headers["content-security-policy"]
    assert "<script" not in page
    assert f"<td>{account}</td><td>ASFF</td>" in page
    assert "<td>SUPPRESSED</td><td>someone: &lt;script&gt;" in page
    assert policy.startswith("default-src 'none'")


def test_events_of_one_finding_follow_each_other_by_their_seconds(cloud: Instance, hub: Any, account: str) -> None:
    hub.batch_import_findings(Findings=[asff(account)])
    for status in ("SUPPRESSED", "NEW", "SUPPRESSED"):
        hub.batch_update_findings(FindingIdentifiers=named(asff(account)), Workflow={"Status": status})
    times = [each["time"] for each in events(cloud, account)]
    assert times == sorted(set(times))
