"""The filters of GetFindings and GetFindingsV2 join, negate and refuse as documented."""

from typing import Any

import pytest

from local import securityhub_filters as filters
from local.securityhub_compare import nanoseconds, values
from local.securityhub_fields import PATHS
from local.securityhub_model import shape
from local.securityhub_pages import ordered, page
from tests.local.test_securityhub import asff

_NOW = nanoseconds("2026-03-10T00:00:00Z")


def _finding(**changes: Any) -> dict[str, Any]:
    return asff(
        "500000000000",
        **{
            "Confidence": 40,
            "Workflow": {"Status": "NEW"},
            "Resources": [
                {"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::one", "Tags": {"team": "intake"}},
                {"Type": "AwsIamRole", "Id": "arn:aws:iam::500000000000:role/two", "Region": "us-east-1"},
            ],
            "UserDefinedFields": {"owner": "intake"},
            **changes,
        },
    )


def _text(comparison: str, *wanted: str) -> list[dict[str, str]]:
    return [{"Value": each, "Comparison": comparison} for each in wanted]


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({}, True),
        ({"Title": _text("EQUALS", "S3 general purpose buckets should block public access")}, True),
        ({"Title": _text("EQUALS", "s3 general purpose buckets should block public access")}, False),
        ({"Title": _text("PREFIX", "S3 ")}, True),
        ({"SeverityLabel": _text("EQUALS", "LOW", "HIGH")}, True),
        ({"SeverityLabel": _text("EQUALS", "LOW", "MEDIUM")}, False),
        ({"SeverityLabel": _text("EQUALS", "HIGH"), "ComplianceStatus": _text("EQUALS", "PASSED")}, False),
        ({"SeverityLabel": _text("EQUALS", "HIGH"), "ComplianceStatus": _text("EQUALS", "FAILED")}, True),
        ({"WorkflowStatus": _text("NOT_EQUALS", "SUPPRESSED", "RESOLVED")}, True),
        ({"WorkflowStatus": _text("NOT_EQUALS", "SUPPRESSED", "NEW")}, False),
        ({"RecordState": _text("NOT_EQUALS", "ARCHIVED")}, True),
        ({"ResourceType": _text("EQUALS", "AwsIamRole")}, True),
        ({"ResourceType": _text("NOT_EQUALS", "AwsIamRole")}, False),
        ({"ResourceType": [*_text("PREFIX", "AwsIam", "AwsEc2"), *_text("NOT_EQUALS", "AwsIamPolicy")]}, True),
        ({"ResourceId": _text("PREFIX_NOT_EQUALS", "arn:aws:s3")}, False),
        ({"ResourceId": _text("PREFIX_NOT_EQUALS", "arn:aws:sqs")}, True),
        ({"ComplianceSecurityControlId": _text("EQUALS", "S3.8")}, True),
        ({"NoteText": _text("EQUALS", "x")}, False),
        ({"ResourceTags": [{"Key": "team", "Value": "intake", "Comparison": "EQUALS"}]}, True),
        ({"ResourceTags": [{"Key": "team", "Value": "other", "Comparison": "NOT_EQUALS"}]}, True),
        ({"UserDefinedFields": [{"Key": "owner", "Value": "x", "Comparison": "EQUALS"}]}, False),
        ({"Confidence": [{"Gte": 40, "Lte": 50}]}, True),
        ({"Confidence": [{"Gt": 40}]}, False),
        ({"Confidence": [{"Eq": 1}, {"Eq": 40}]}, True),
        ({"Criticality": [{"Gte": 0}]}, False),
        ({"UpdatedAt": [{"Start": "2026-02-28T00:00:00Z", "End": "2026-03-01T00:00:00Z"}]}, True),
        ({"UpdatedAt": [{"Start": "2026-03-01T00:00:00.001Z", "End": "2026-03-02T00:00:00Z"}]}, False),
        ({"UpdatedAt": [{"Start": "2026-03-01T01:00:00+01:00"}]}, True),
        ({"UpdatedAt": [{"DateRange": {"Value": 9, "Unit": "DAYS"}}]}, True),
        ({"UpdatedAt": [{"DateRange": {"Value": 8, "Unit": "DAYS", "Comparison": "WITHIN"}}]}, False),
        ({"UpdatedAt": [{"DateRange": {"Value": 8, "Unit": "DAYS", "Comparison": "OLDER_THAN"}}]}, True),
        ({"UpdatedAt": [{"DateRange": {"Value": 9, "Unit": "DAYS", "Comparison": "OLDER_THAN"}}]}, False),
        ({"Sample": [{"Value": True}]}, False),
        ({"Sample": [{"Value": False}]}, True),
        ({"NetworkSourceIpV4": [{"Cidr": "10.0.0.0/8"}]}, False),
        ({"Keyword": [{"Value": "block public"}]}, True),
    ],
)
def test_a_finding_matches(wanted: dict[str, Any], *, matches: bool) -> None:
    assert list(filters.problems(wanted)) == []
    assert filters.matches(_finding(), wanted, _NOW) is matches


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"Title": _text("CONTAINS", "S3")}, "CONTAINS cannot be used with this operation"),
        ({"Title": _text("NOT_CONTAINS", "S3")}, "NOT_CONTAINS cannot be used with this operation"),
        ({"Title": _text("CONTAINS_WORD", "S3")}, "CONTAINS_WORD cannot be used with this operation"),
        ({"Title": [*_text("EQUALS", "a"), *_text("NOT_EQUALS", "b")]}, "EQUALS together with NOT_EQUALS"),
        ({"Title": [*_text("EQUALS", "a"), *_text("PREFIX_NOT_EQUALS", "b")]}, "EQUALS together with NOT_EQUALS"),
        ({"Title": [{"Value": "a"}]}, "'Value' and 'Comparison'"),
        ({"Title": _text("PREFIX", *"abcdefghijklmnopqrstu")}, "more than 20 items"),
        ({name: _text("EQUALS", "x") for name in list(PATHS)[:5]}, ""),
        ({name: _text("EQUALS", "x") for name in ("Title", "Id", "Region", "Description", "GeneratorId", "NoteText",
          "ResourceId", "ResourceType", "ProductArn", "RecordState", "WorkflowStatus")}, "more than 10 properties"),
        ({"UpdatedAt": [{"Start": "yesterday"}]}, "Start is not a timestamp"),
        ({"UpdatedAt": [{}]}, "either 'Start' and 'End', or 'DateRange'"),
        ({"UpdatedAt": [{"Start": "2026-03-01T00:00:00Z", "DateRange": {"Value": 1, "Unit": "DAYS"}}]}, "either"),
        ({"UpdatedAt": [{"DateRange": {"Value": 1}}]}, "'Value' and 'Unit'"),
        ({"NetworkSourceIpV4": [{"Cidr": "everywhere"}]}, "CIDR"),
        ({"ResourceTags": [{"Value": "a", "Comparison": "EQUALS"}]}, "'Key'"),
    ],
)  # fmt: skip
def test_a_filter_that_aws_does_not_take_is_refused(wanted: dict[str, Any], said: str) -> None:
    found = list(filters.problems(wanted))
    assert (not found) if not said else [said in each for each in found] == [True]


def test_every_filter_of_the_model_has_its_place_in_a_finding() -> None:
    assert set(PATHS) | {"Keyword"} == set(shape("AwsSecurityFindingFilters").members)
    for name, path in PATHS.items():
        place = shape("AwsSecurityFinding")
        for step in path.split("."):
            place = place.member if place.type_name == "list" else place
            assert step in place.members, (name, path)
            place = place.members[step]


_OCSF: dict[str, Any] = {
    "metadata": {"uid": "u1", "product": {"uid": "arn:aws:securityhub:us-east-1::productv2/aws/securityhub"}},
    "finding_info": {"uid": "f1", "title": "GuardDuty Lambda Protection", "modified_time_dt": "2026-03-01T00:00:00Z"},
    "status": "New",
    "status_id": 1,
    "severity_id": 4,
    "resources": [{"uid": "arn:aws:s3:::one", "tags": [{"name": "team", "value": "intake"}]}],
    "compliance": {"control": "S3.8", "assessments": [{"meets_criteria": False}]},
}


def _field(kind: str, name: str, **wanted: Any) -> dict[str, Any]:
    return {f"{kind}Filters": [{"FieldName": name, "Filter": wanted}]}


_NEW = _field("String", "status", Value="New", Comparison="EQUALS")
_OLD = _field("Date", "finding_info.modified_time_dt", End="2026-01-01T00:00:00Z")
_WORD = _field("String", "finding_info.title", Value="lambda", Comparison="CONTAINS_WORD")


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({}, True),
        ({"CompositeFilters": [_NEW]}, True),
        ({"CompositeFilters": [_OLD]}, False),
        ({"CompositeFilters": [{**_NEW, **_OLD}]}, False),
        ({"CompositeFilters": [{**_NEW, **_OLD, "Operator": "OR"}]}, True),
        ({"CompositeFilters": [_NEW, _OLD], "CompositeOperator": "AND"}, False),
        ({"CompositeFilters": [_NEW, _OLD], "CompositeOperator": "OR"}, True),
        ({"CompositeFilters": [{**_NEW, "NestedCompositeFilters": [_OLD], "Operator": "AND"}]}, False),
        ({"CompositeFilters": [{**_NEW, "NestedCompositeFilters": [_WORD], "Operator": "AND"}]}, True),
        (
            {"CompositeFilters": [_field("String", "finding_info.title", Value="amb", Comparison="CONTAINS_WORD")]},
            False,
        ),
        ({"CompositeFilters": [_field("Number", "severity_id", Gte=4)]}, True),
        (
            {"CompositeFilters": [_field("Map", "resources.tags", Key="team", Value="intake", Comparison="EQUALS")]},
            True,
        ),
        ({"CompositeFilters": [_field("Boolean", "compliance.assessments.meets_criteria", Value=True)]}, False),
        (
            {
                "CompositeFilters": [
                    _field(
                        "Date",
                        "finding_info.modified_time_dt",
                        Start="2026-03-01T00:00:00Z",
                        End="2026-03-02T00:00:00Z",
                    )
                ]
            },
            True,
        ),
    ],
)
def test_an_ocsf_finding_matches(wanted: dict[str, Any], *, matches: bool) -> None:
    assert list(filters.composite_problems(wanted)) == []
    assert filters.composite_matches(_OCSF, wanted, _NOW) is matches


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"CompositeFilters": [_NEW] * 11}, "more than 10 composite filters"),
        ({"CompositeFilters": [{"StringFilters": _NEW["StringFilters"] * 21}]}, "more than 20 items"),
        ({"CompositeFilters": [{"StringFilters": [{"FieldName": "status"}]}]}, "'FieldName' and 'Filter'"),
        (
            {"CompositeFilters": [_field("String", "status", Value="N", Comparison="CONTAINS")]},
            "CONTAINS cannot be used",
        ),
        (
            {"CompositeFilters": [{"NestedCompositeFilters": [{"NestedCompositeFilters": [_NEW]}]}]},
            "deeper than one level",
        ),
    ],
)
def test_a_composite_filter_that_aws_does_not_take_is_refused(wanted: dict[str, Any], said: str) -> None:
    [found] = filters.composite_problems(wanted)
    assert said in found


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01T00:00:00", "1740787200", "2026-03-01T00:00:00.1234567890Z"])
def test_what_is_no_timestamp_raises(text: str) -> None:
    with pytest.raises(ValueError, match="is not a timestamp"):
        nanoseconds(text)


def test_timestamps_are_compared_to_the_nanosecond_and_across_offsets() -> None:
    assert nanoseconds("2026-03-01T00:00:00.000000001Z") - nanoseconds("2026-03-01T00:00:00Z") == 1
    assert nanoseconds("2026-03-01T02:30:00+0230") == nanoseconds("2026-03-01T00:00:00Z")
    assert nanoseconds("2026-02-28T23:00:00-01") == nanoseconds("2026-03-01T00:00:00.000Z")


def test_findings_are_ordered_by_all_criteria_and_those_without_the_field_come_last() -> None:
    rows: list[dict[str, Any]] = [{"a": 2, "b": "x"}, {"b": "y"}, {"a": 10, "b": "z"}, {"a": 2, "b": "a"}]
    assert ordered(rows, [("a", "desc"), ("b", "asc")]) == [rows[2], rows[3], rows[0], rows[1]]
    assert ordered(rows, [("a", "asc")]) == [rows[0], rows[3], rows[2], rows[1]]
    assert values({"a": [{"b": [1, 2]}, {"b": 3}, {}]}, "a.b") == [1, 2, 3]


def test_a_token_leads_on_for_its_own_request_only() -> None:
    rows = [{"n": n} for n in range(25)]
    first, token = page(rows, {}, "q")
    assert len(first) == 10
    rest, last = page(rows, {"NextToken": token, "MaxResults": 100}, "q")
    assert (first + rest, last) == (rows, "")
    for wrong, query in ((token, "other"), ("x", "q"), (token[:-4], "q"), ("MTA6YQ==", "q"), ("é", "q")):
        with pytest.raises(ValueError, match=r"token|given out"):
            page(rows, {"NextToken": wrong}, query)
