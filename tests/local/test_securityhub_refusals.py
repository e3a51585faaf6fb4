"""The fake Security Hub refuses what AWS refuses: a whole request, or one finding of it with the reason."""

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.local.conftest import Aws
from tests.local.test_securityhub import asff, named, refused


@pytest.fixture
def hub(aws: Aws, account: str) -> Any:
    """Security Hub of the account, as its root."""
    return aws("securityhub", account)


@pytest.mark.parametrize(
    "asked",
    [
        {"FindingIdentifiers": [{"Id": "a", "ProductArn": "b"}] * 101, "Workflow": {"Status": "NEW"}},
        {"FindingIdentifiers": [], "Workflow": {"Status": "NEW"}},
        {"FindingIdentifiers": [{"Id": "a", "ProductArn": "b"}]},
        {"FindingIdentifiers": [{"Id": "a", "ProductArn": "b"}], "Workflow": {"Status": "DONE"}},
        {"FindingIdentifiers": [{"Id": "a", "ProductArn": "b"}], "Confidence": 101},
        {"FindingIdentifiers": [{"Id": "a", "ProductArn": "b"}], "Note": {"Text": "x" * 513, "UpdatedBy": "me"}},
        {"FindingIdentifiers": [{"Id": "a", "ProductArn": "b"}], "UserDefinedFields": {str(n): "v" for n in range(51)}},
        {"FindingIdentifiers": [{"Id": " ", "ProductArn": "b"}], "Workflow": {"Status": "NEW"}},
    ],
)
def test_an_update_that_is_not_as_it_must_be_is_refused(hub: Any, asked: dict[str, Any]) -> None:
    assert refused(hub.batch_update_findings, **asked) == (400, "InvalidInputException")


def test_an_update_of_a_field_that_is_the_providers_is_refused(aws: Aws, account: str) -> None:
    body = {"FindingIdentifiers": named(asff(account)), "RecordState": "ARCHIVED"}
    status, answer = raw(aws, account, "PATCH", "/findings/batchupdate", body)
    assert (status, answer["Code"]) == (400, "InvalidInputException")
    assert "additional properties (RecordState)" in answer["Message"]


def test_what_is_no_request_is_refused(aws: Aws, account: str) -> None:
    asked = [
        ("POST", "/findings", [], "SerializationException"),
        ("POST", "/findings", {"Filter": {}}, "InvalidInputException"),
        ("POST", "/findings/import", {}, "InvalidInputException"),
        ("POST", "/findings/import", {"Findings": []}, "InvalidInputException"),
        ("POST", "/findings/import", {"Findings": [{"Title": "no id"}]}, "InvalidInputException"),
        ("POST", "/insights", {}, "UnknownOperationException"),
    ]
    for method, path, body, code in asked:
        status, answer = raw(aws, account, method, path, body)
        assert (path, answer["Code"], status) == (path, code, 501 if path == "/insights" else 400)


def raw(aws: Aws, account: str, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
    """A request that boto3 would not send, as the account's root."""
    signed = f"AWS4-HMAC-SHA256 Credential={account}/20260301/us-east-1/securityhub/aws4_request, "
    request = urllib.request.Request(  # noqa: S310 - the loopback address
        f"{aws.instance.endpoint}{path}", json.dumps(body).encode(), {"authorization": signed}, method=method
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Severity": None}, "data should have required property 'FindingProviderFields'"),
        ({"Types": None}, "data should match some schema in anyOf"),
        ({"Severity": {"Original": "5"}}, "data.Severity should have required property 'Label'"),
        ({"Resources": []}, "data.Resources should NOT have fewer than 1 items"),
        ({"Resources": [{"Type": "Other", "Id": "x"}] * 33}, "data.Resources should NOT have more than 32 items"),
        ({"Resources": [{"Type": "", "Id": "x"}]}, "data.Resources[0].Type should NOT be shorter than 1 characters"),
        ({"Types": ["a/b/c/d"]}, 'data.Types[0] should match pattern "^([^/]+)(/[^/]+){0,2}$"'),
        ({"Title": "t" * 257}, "data.Title should NOT be longer than 256 characters"),
        ({"SchemaVersion": "2017"}, "data.SchemaVersion should be equal to one of the allowed values"),
        ({"UpdatedAt": "yesterday"}, "data.UpdatedAt is not a timestamp"),
        ({"RecordState": "OPEN"}, "data.RecordState should be equal to one of the allowed values"),
        ({"GeneratorId": None}, "data should have required property 'GeneratorId'"),
        ({"ProductArn": "arn:aws:s3:::bucket"}, "data.ProductArn should match pattern"),
        ({"Description": "d" * 1024, "ProductFields": {str(n): "x" * 2048 for n in range(50)}}, ""),
        (
            {"Resources": [{"Type": "Other", "Id": "x" * 10_000}] * 32},
            "data should NOT be larger than 245760 bytes",
        ),
    ],
)
def test_a_finding_that_is_not_asff_fails_alone_with_the_reason(
    hub: Any, account: str, changes: dict[str, Any], said: str
) -> None:
    wrong = {name: value for name, value in asff(account, 2, **changes).items() if value is not None}
    hub._serializer = hub._serializer._serializer  # boto3's own check of parameters left out
    answer = hub.batch_import_findings(Findings=[asff(account), wrong])
    if not said:
        assert answer["FailedCount"] == 0
        return
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 1)
    [failure] = answer["FailedFindings"]
    assert (failure["Id"], failure["ErrorCode"]) == (wrong["Id"], "InvalidInput")
    assert failure["ErrorMessage"].startswith("Finding does not adhere to Amazon Finding Format. ")
    assert said in failure["ErrorMessage"]


def test_contradicting_filters_are_refused(hub: Any) -> None:
    both = [{"Value": "NEW", "Comparison": each} for each in ("EQUALS", "NOT_EQUALS")]
    assert refused(hub.get_findings, Filters={"WorkflowStatus": both}) == (400, "InvalidInputException")
    contains = [{"Value": "S3", "Comparison": "CONTAINS"}]
    assert refused(hub.get_findings, Filters={"Title": contains}) == (400, "InvalidInputException")
