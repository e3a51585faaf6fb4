"""What Security Hub refuses in one imported ASFF finding, and in one update, beyond the shapes of the model.

A bad finding does not fail the call: it stands in FailedFindings with InvalidInput and "Finding does not adhere to
Amazon Finding Format. data...." (aquasecurity/kube-bench issue 903, prowler-cloud/prowler issues 778 and 2519).
Evidence: the lengths and counts are those of API reference, AwsSecurityFinding (also in botocore's texts); one to 32
resources and 240 KB: User Guide, ASFF; Types: pattern in prowler issue 2519; that Severity and Types are required, at
the top or under FindingProviderFields: User Guide, "Required attributes", and aws-samples/aws-securityhub-config-
integration issue 3, with these words; Severity needs Label or Normalized: API reference, Severity. Over 240 KB AWS
drops `Details` of its own findings; an import over it is refused ("An error is returned").
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from local.securityhub_compare import nanoseconds
from local.securityhub_model import length, problems, shape

type Json = dict[str, Any]

MOST_BYTES = 240 * 1024
_LENGTHS = {
    "Id": (1, 512),
    "GeneratorId": (1, 512),
    "Title": (1, 256),
    "Description": (1, 1024),
    "AwsAccountId": (12, 12),
    "ProductArn": (12, 2048),
    "ProductName": (1, 128),
    "CompanyName": (1, 128),
    "Region": (1, 16),
}
_TIMES = ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt")
_PRODUCT = re.compile(r"arn:aws[a-z-]*:securityhub:[a-z0-9-]+:(\d{12})?:product/[^/]+/[^/]+")
_TYPE = re.compile(r"[^/]+(/[^/]+){0,2}")
_MOST_RESOURCES, _MOST_TYPES, _MOST_RELATED, _MOST_PAIRS = 32, 50, 10, 50
_MOST_KEY, _MOST_TEXT = 128, 512


def refusal(finding: Json) -> str:
    """Why this finding cannot be imported, in AWS's words as far as they are known; the empty string if it can."""
    found = [*problems(shape("AwsSecurityFinding"), finding)] or [*_finding_problems(finding)]
    return f"Finding does not adhere to Amazon Finding Format. {', '.join(found)}." if found else ""


def _finding_problems(finding: Json) -> Iterator[str]:
    for name, (low, high) in _LENGTHS.items():
        if finding.get(name) is not None:
            yield from length(finding[name], f"data.{name}", low, high)
    if finding["SchemaVersion"] != "2018-10-08":
        yield "data.SchemaVersion should be equal to one of the allowed values"
    if not _PRODUCT.fullmatch(finding["ProductArn"]):
        yield f'data.ProductArn should match pattern "{_PRODUCT.pattern}"'
    yield from _times(finding)
    yield from _severity_and_types(finding)
    yield from _parts(finding)
    if len(json.dumps(finding).encode()) > MOST_BYTES:
        yield f"data should NOT be larger than {MOST_BYTES} bytes"


def _times(finding: Json) -> Iterator[str]:
    for name in _TIMES:
        try:
            nanoseconds(finding.get(name) or "1970-01-01T00:00:00Z")
        except ValueError as error:
            yield f"data.{name} {error}"


def _severity_and_types(finding: Json) -> Iterator[str]:
    provided = finding.get("FindingProviderFields") or {}
    if not all(finding.get(name) or provided.get(name) for name in ("Severity", "Types")):
        if not provided:
            yield "data should have required property 'FindingProviderFields'"
        yield "data should match some schema in anyOf"
    given = [holder["Severity"] for holder in (finding, provided) if holder.get("Severity")]
    if given and all(each.get("Label") is None and each.get("Normalized") is None for each in given):
        yield "data.Severity should have required property 'Label'"
    if not all(0 <= (each.get("Normalized") or 0) <= 100 for each in given):
        yield "data.Severity.Normalized should be between 0 and 100"
    yield from types(finding.get("Types") or [], "data.Types")
    yield from types(provided.get("Types") or [], "data.FindingProviderFields.Types")


def types(listed: list[str], path: str) -> Iterator[str]:
    """What is wrong with finding types."""
    if len(listed) > _MOST_TYPES:
        yield f"{path} should NOT have more than {_MOST_TYPES} items"
    for index, each in enumerate(listed):
        if not _TYPE.fullmatch(each):
            yield f'{path}[{index}] should match pattern "^([^/]+)(/[^/]+){{0,2}}$"'


def _parts(finding: Json) -> Iterator[str]:
    count = len(finding["Resources"])
    if count < 1:
        yield "data.Resources should NOT have fewer than 1 items"
    if count > _MOST_RESOURCES:
        yield f"data.Resources should NOT have more than {_MOST_RESOURCES} items"
    recommended = ((finding.get("Remediation") or {}).get("Recommendation") or {}).get("Text") or ""
    yield from length(recommended, "data.Remediation.Recommendation.Text", None, _MOST_TEXT)
    yield from pairs(finding.get("ProductFields") or {}, "data.ProductFields", 2048)
    yield from update_problems({name: finding.get(name) for name in ("Note", "RelatedFindings", "UserDefinedFields")})


def update_problems(update: Json) -> Iterator[str]:
    """What is wrong with the fields of BatchUpdateFindings, which an import may have too."""
    note = update.get("Note") or {}
    for name in ("Text", "UpdatedBy"):
        yield from length(note.get(name) or "", f"data.Note.{name}", None, _MOST_TEXT)
    if len(update.get("RelatedFindings") or []) > _MOST_RELATED:
        yield f"data.RelatedFindings should NOT have more than {_MOST_RELATED} items"
    yield from types(update.get("Types") or [], "data.Types")
    yield from pairs(update.get("UserDefinedFields") or {}, "data.UserDefinedFields", 1024)


def pairs(given: dict[str, str], path: str, longest: int) -> Iterator[str]:
    """What is wrong with a map of texts."""
    if len(given) > _MOST_PAIRS:
        yield f"{path} should NOT have more than {_MOST_PAIRS} properties"
    for key, value in given.items():
        yield from length(key, f"{path} key {key[:20]}", 1, _MOST_KEY)
        yield from length(value, f"{path}.{key[:20]}", None, longest)
