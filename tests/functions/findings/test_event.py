"""Security Hub's events: what is taken, dropped and refused, and that nothing else ever happens."""

import json

import pytest

from fleet.refusal import DroppedError, RefusedError
from functions.findings.event import Accepts, findings_of
from tests.functions.findings.samples import Json, event, opened, problems, with_finding

AT = "$.detail.findings[0]"
ASFF, OCSF = "imported-s3.8", "v2-s3.8-fail"


def refusal_of(body: Json | str | bytes) -> RefusedError:
    """The one refusal, whether of the event or of its only finding."""
    try:
        contents = opened(body)
    except RefusedError as refusal:
        return refusal
    assert contents.seen == []
    (problem,) = problems(contents)
    assert isinstance(problem, RefusedError)
    return problem


@pytest.mark.parametrize(
    ("name", "changes", "path"),
    [
        (ASFF, {"Id": None}, f"{AT}.Id"),
        (ASFF, {"Id": ""}, f"{AT}.Id"),
        (ASFF, {"Id": "x" * 2049}, f"{AT}.Id"),
        (ASFF, {"SchemaVersion": "2017-01-01"}, f"{AT}.SchemaVersion"),
        (ASFF, {"AwsAccountId": 111122223333}, f"{AT}.AwsAccountId"),
        (ASFF, {"AwsAccountId": "11112222333"}, f"{AT}.AwsAccountId"),
        pytest.param(ASFF, {"AwsAccountId": "111122223333\n"}, f"{AT}.AwsAccountId"),
        (ASFF, {"AwsAccountId": "１１１１２２２２３３３３"}, f"{AT}.AwsAccountId"),
        (ASFF, {"ProductArn": 5}, f"{AT}.ProductArn"),
        (ASFF, {"ProductArn": ...}, AT),
        (ASFF, {"GeneratorId": []}, f"{AT}.GeneratorId"),
        (ASFF, {"Title": None}, f"{AT}.Title"),
        (ASFF, {"Title": "x" * 257}, f"{AT}.Title"),
        (ASFF, {"CreatedAt": "2026-13-01T00:00:00Z"}, f"{AT}.CreatedAt"),
        (ASFF, {"UpdatedAt": "2026-13-01T00:00:00Z"}, f"{AT}.UpdatedAt"),
        (ASFF, {"UpdatedAt": "2026-03-02"}, f"{AT}.UpdatedAt"),
        (ASFF, {"UpdatedAt": "0001-01-01T00:00:00.000Z"}, f"{AT}.UpdatedAt"),
        (ASFF, {"CreatedAt": "1970-01-01T00:00:00.000Z"}, f"{AT}.CreatedAt"),
        (ASFF, {"UpdatedAt": "2026-03-02T09:15:12"}, f"{AT}.UpdatedAt"),
        (ASFF, {"UpdatedAt": 1772442912731}, f"{AT}.UpdatedAt"),
        (ASFF, {"Severity": "HIGH"}, f"{AT}.Severity"),
        (ASFF, {"Severity.Label": "SEVERE"}, f"{AT}.Severity.Label"),
        (ASFF, {"Severity.Label": 3}, f"{AT}.Severity.Label"),
        (ASFF, {"Severity.Normalized": 101}, f"{AT}.Severity.Normalized"),
        (ASFF, {"Severity.Normalized": 10**30}, f"{AT}.Severity.Normalized"),
        (ASFF, {"Severity.Normalized": True}, f"{AT}.Severity.Normalized"),
        (ASFF, {"Compliance.Status": "passed"}, f"{AT}.Compliance.Status"),
        (ASFF, {"Compliance": []}, f"{AT}.Compliance"),
        (ASFF, {"Workflow.Status": "DONE"}, f"{AT}.Workflow.Status"),
        (ASFF, {"RecordState": "active"}, f"{AT}.RecordState"),
        (ASFF, {"ProductFields": {"ControlId": 3}}, f"{AT}.ProductFields[...]"),
        (ASFF, {"Resources": None}, f"{AT}.Resources"),
        (ASFF, {"Resources": []}, f"{AT}.Resources"),
        (ASFF, {"Resources": [{"Type": "T", "Id": "i"}] * 33}, f"{AT}.Resources"),
        (ASFF, {"Resources": {"0": {}}}, f"{AT}.Resources"),
        (ASFF, {"Resources": [{"Type": "T", "Id": "i"}, None]}, f"{AT}.Resources[1]"),
        (ASFF, {"Resources.0.Id": None}, f"{AT}.Resources[0].Id"),
        (ASFF, {"Resources.0.Tags": ["a"]}, f"{AT}.Resources[0].Tags"),
        (ASFF, {"Resources.0.Tags": {"a": None}}, f"{AT}.Resources[0].Tags[...]"),
        (OCSF, {"metadata": None}, AT),
        (OCSF, {"metadata": {}}, f"{AT}.metadata"),
        (OCSF, {"metadata.product": None}, f"{AT}.metadata.product"),
        (OCSF, {"metadata.product.uid": ""}, f"{AT}.metadata.product.uid"),
        (OCSF, {"class_uid": "2003"}, f"{AT}.class_uid"),
        (OCSF, {"cloud.account.uid": "clinic"}, f"{AT}.cloud.account.uid"),
        (OCSF, {"cloud.region": ""}, f"{AT}.cloud.region"),
        (OCSF, {"cloud": None}, f"{AT}.cloud"),
        (OCSF, {"finding_info.uid": None}, f"{AT}.finding_info.uid"),
        (OCSF, {"finding_info.title": "x" * 1025}, f"{AT}.finding_info.title"),
        (OCSF, {"finding_info.modified_time": "yesterday"}, f"{AT}.finding_info.modified_time"),
        (
            OCSF,
            {"finding_info.modified_time": None, "finding_info.modified_time_dt": "yesterday"},
            f"{AT}.finding_info.modified_time_dt",
        ),
        (OCSF, {"time": 1.5}, f"{AT}.time"),
        (OCSF, {"time": "now"}, f"{AT}.time"),
        pytest.param(OCSF, {"time": 10**40}, f"{AT}.time"),
        pytest.param(OCSF, {"time": -1}, f"{AT}.time"),
        pytest.param(OCSF, {"finding_info.modified_time": 10**39}, f"{AT}.finding_info.modified_time"),
        (OCSF, {"severity_id": 7}, f"{AT}.severity_id"),
        (OCSF, {"severity_id": 10**30}, f"{AT}.severity_id"),
        (OCSF, {"status_id": "New"}, f"{AT}.status_id"),
        (OCSF, {"activity_id": 4}, f"{AT}.activity_id"),
        (OCSF, {"compliance.status": "FAILED"}, f"{AT}.compliance.status"),
        (OCSF, {"compliance": "Fail"}, f"{AT}.compliance"),
        (OCSF, {"resources": []}, f"{AT}.resources"),
        (OCSF, {"resources": [{"type": "T", "uid": "u"}] * 33}, f"{AT}.resources"),
        (OCSF, {"resources.0": None}, f"{AT}.resources[0]"),
        (OCSF, {"resources.0.tags": {"a": "b"}}, f"{AT}.resources[0].tags"),
        (OCSF, {"resources.0.tags": [{"value": "b"}]}, f"{AT}.resources[0].tags[0]"),
    ],
)
def test_a_malformed_field_is_refused_by_its_path(name: str, changes: Json, path: str) -> None:
    refusal = refusal_of(with_finding(name, changes))
    assert (refusal.reason, refusal.path) == ("malformed", path)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"id": None}, "$.id"),
        ({"time": "yesterday"}, "$.time"),
        ({"time": 0}, "$.time"),
        ({"source": "aws.s3"}, "$.source"),
        ({"detail-type": None}, "$.detail-type"),
        ({"detail": None}, "$.detail"),
        ({"detail": {}}, "$.detail"),
        ({"detail": {"findings": None}}, "$.detail.findings"),
        ({"detail": {"findings": []}}, "$.detail.findings"),
        ({"detail": {"findings": {}}}, "$.detail.findings"),
        ({"detail": {"findings": [None]}}, AT),
        ({"detail": {"findings": ["text"]}}, AT),
        ({"detail": {"findings": [[]]}}, AT),
        ({"detail": {"findings": [{}]}}, AT),
    ],
)
def test_a_malformed_envelope_is_refused_by_its_path(changes: Json, path: str) -> None:
    refusal = refusal_of(event(ASFF) | changes)
    assert (refusal.reason, refusal.path) == ("malformed", path)


@pytest.mark.parametrize("missing", ["id", "source", "detail-type", "time", "detail"])
def test_a_missing_field_of_the_envelope_is_named(missing: str) -> None:
    body = event(ASFF)
    del body[missing]
    refusal = refusal_of(body)
    assert (refusal.path, refusal.text) == ("$", f"Object missing required field `{missing}`")


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe{}",
        b"",
        b"{",
        b"null x",
        b"NaN",
        "",
        '{"id": "\\ud800"}',
        pytest.param('{"id": "\udcff"}'),
        "[" * 100_000,
        pytest.param('{"x":' + "[" * 100_000 + "]" * 100_000 + "}"),
    ],
    ids=range(10),
)
def test_what_is_not_json_is_refused_as_a_whole(body: bytes | str) -> None:
    refusal = refusal_of(body)
    assert (refusal.reason, refusal.path) == ("malformed", "$")


def test_invalid_utf_8_within_a_finding_is_refused_by_the_place_of_the_finding() -> None:
    body = json.dumps(event(ASFF)).encode().replace(b'"NEW"', b'"\xff"')
    assert refusal_of(body).path == AT


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default",
        "arn:aws:securityhub:eu-west-1:444455556666:product/aws/securityhub",
        "arn:aws:securityhub:eu-west-1::product/acme/securityhub",
        "arn:aws:securityhub:eu-west-1::product/aws/securityhub/more",
        "arn:aws:securityhub:eu-west-1::product/aws/securityhub\n",
        "x arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "arn:aws:securityhub:::product/aws/securityhub",
        "ARN:AWS:securityhub:eu-west-1::product/aws/securityhub",
        "securityhub",
    ],
)
@pytest.mark.parametrize(("sample", "field"), [(ASFF, "ProductArn"), (OCSF, "metadata.product.uid")])
def test_a_product_arn_that_is_not_awss_own_is_dropped_with_a_count(sample: str, field: str, arn: str) -> None:
    contents = opened(with_finding(sample, {field: arn}))
    assert contents.seen == []
    assert [str(problem) for problem in problems(contents)] == ["foreign_product"]


def test_products_of_another_partition_are_foreign() -> None:
    contents = opened(with_finding(ASFF, {"ProductArn": "arn:aws-cn:securityhub:cn-north-1::product/aws/securityhub"}))
    assert [str(drop) for drop in contents.dropped] == ["foreign_product"]


def test_a_finding_of_the_other_schema_cannot_borrow_a_trusted_product() -> None:
    contents = opened(with_finding(OCSF, {"ProductArn": "arn:aws:securityhub:eu-west-1:1:product/1/default"}))
    assert contents.seen == []
    assert [str(problem) for problem in problems(contents)] == ["foreign_product"]


def test_what_the_second_rule_reports_as_foreign_is_dropped_unread() -> None:
    with pytest.raises(DroppedError, match="foreign_product"):
        opened(event(ASFF) | {"detail-type": "Foreign Product", "detail": {}, "time": "whenever"})


def test_good_findings_beside_bad_ones_are_taken() -> None:
    body = event("custom-action-two")
    body["detail"]["findings"][0]["Severity"] = []
    contents = opened(body)
    assert [seen.finding.control for seen in contents.seen] == ["SQS.1"]
    assert [str(problem) for problem in problems(contents)] == [
        f"malformed at {AT}.Severity: Expected `object | null`, got `array`"
    ]


def test_a_refusal_names_the_place_of_the_second_finding() -> None:
    body = event("custom-action-two")
    body["detail"]["findings"][1]["Severity"] = {"Label": "SEVERE"}
    (problem,) = problems(opened(body))
    assert isinstance(problem, RefusedError)
    assert problem.path == "$.detail.findings[1].Severity.Label"


@pytest.mark.parametrize(
    ("accepts", "ours"),
    [
        (Accepts(accounts=None), True),
        (Accepts(accounts=None, elsewhere_regions=["eu-west-1"]), True),
        (Accepts(accounts=["111122223333"]), True),
        (Accepts(accounts=["111122223333"], elsewhere_regions=["us-east-1"]), True),
        (Accepts(accounts=["111122223333"], elsewhere_regions=["eu-west-1"]), False),
        (Accepts(accounts=["444455556666"]), False),
        (Accepts(accounts=[]), False),
    ],
)
def test_each_finding_has_one_place_that_triages_it(accepts: Accepts, ours: bool) -> None:
    contents = opened(event(ASFF), accepts)
    assert bool(contents.seen) is ours
    assert [str(problem) for problem in problems(contents)] == ([] if ours else ["not_ours"])


@pytest.mark.parametrize(("accounts", "anything"), [(None, True), (["111122223333"], True), ([], False)])
def test_whoever_triages_for_no_account_triages_nothing(accounts: list[str] | None, anything: bool) -> None:
    assert Accepts(accounts=accounts).anything is anything


def test_a_document_by_itself_is_refused_by_its_path_within_it() -> None:
    with pytest.raises(RefusedError) as refusal:
        findings_of(b"{}")
    assert refusal.value.path == "$"


@pytest.mark.parametrize("detail", [{}, {"insightResults": []}])
def test_what_an_insight_counts_comes_as_findings_of_its_own_so_its_counts_are_dropped(detail: Json) -> None:
    with pytest.raises(DroppedError, match="insight_results"):
        opened(event("insight-results") | {"detail": detail, "time": "whenever"})


@pytest.mark.parametrize("sample", [ASFF, OCSF])
def test_a_finding_of_240_kilobytes_is_taken(sample: str) -> None:
    detail = {"text": "x" * 240_000}
    field = "Resources.0.Details" if sample == ASFF else "resources.0.data"
    body = with_finding(sample, {field: detail})
    assert len(json.dumps(body)) > 240_000
    contents = opened(body)
    assert ([seen.finding.control for seen in contents.seen], problems(contents)) == (["S3.8"], [])
