"""The AWS Security Finding Format, as far as triage reads it.

Everything but the ten required fields is optional, and null stands for absent
(docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html).
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from fleet.refusal import RefusedError
from fleet.timestamps import TimestampError, parse_iso
from functions.findings.finding import (
    EARLIEST_MS,
    UPDATED_BY,
    Finding,
    Status,
    Why,
    kind_of,
    status_of,
    tags_of,
    terms_of,
    within,
    without_control,
)
from functions.findings.policy import SEVERITIES
from functions.findings.policy import Severity as Label
from functions.findings.standards import security_control

_CONTROLS = ":product/aws/securityhub"
_BUCKET, _OBJECT = "AwsS3Bucket", "AwsS3Object"

type Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
type AccountId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}\Z")]


class Resource(msgspec.Struct, frozen=True, rename="pascal"):
    """A resource that the finding is about."""

    type: Text
    id: Text
    region: Text | None = None
    tags: dict[str, str] | None = None


class Severity(msgspec.Struct, frozen=True, rename="pascal"):
    """Old findings have only `Normalized`."""

    label: Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"] | None = None
    normalized: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None


class ProviderFields(msgspec.Struct, frozen=True, rename="pascal"):
    """What only the provider of the finding writes."""

    severity: Severity | None = None


class Compliance(msgspec.Struct, frozen=True, rename="pascal"):
    """The result of a check."""

    status: Literal["PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"] | None = None
    security_control_id: Annotated[str, msgspec.Meta(max_length=2048)] | None = None


class Workflow(msgspec.Struct, frozen=True, rename="pascal"):
    """What people said of the finding."""

    status: Literal["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"] | None = None


class Note(msgspec.Struct, frozen=True, rename="pascal"):
    """What was last said of the finding, and by whom."""

    text: str | None = None
    updated_by: str | None = None


class Vulnerability(msgspec.Struct, frozen=True, rename="pascal"):
    """Of Inspector's findings."""

    id: Text | None = None


class Asff(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """One finding."""

    schema_version: Literal["2018-10-08"]
    id: Text
    product_arn: Text
    generator_id: Text
    aws_account_id: AccountId
    created_at: str
    updated_at: str
    title: Annotated[str, msgspec.Meta(max_length=256)]
    resources: Annotated[list[Resource], msgspec.Meta(min_length=1, max_length=32)]
    region: Text | None = None
    severity: Severity | None = None
    finding_provider_fields: ProviderFields | None = None
    compliance: Compliance | None = None
    workflow: Workflow | None = None
    record_state: Literal["ACTIVE", "ARCHIVED"] | None = None
    note: Note | None = None
    types: list[str] | None = None
    vulnerabilities: list[Vulnerability] | None = None
    product_fields: dict[str, str] | None = None


def normalise(finding: Asff, at: str) -> Iterator[Finding]:
    """A Finding for each resource. Raises RefusedError with a path that begins with `at`."""
    created_at, updated_at = _time(finding.created_at, f"{at}.CreatedAt"), _time(finding.updated_at, f"{at}.UpdatedAt")
    note = finding.note or Note()
    terms = terms_of(note.text) if note.updated_by == UPDATED_BY else ""
    resources = _about(finding)
    for resource in resources:
        yield Finding(
            account=finding.aws_account_id,
            region=finding.region or resource.region or finding.product_arn.split(":")[3],
            control=control(finding),
            resource=resource.id,
            resource_type=resource.type,
            severity=severity(finding),
            status=status(finding),
            title=finding.title,
            finding_id=finding.id,
            updated_at=updated_at,
            created_at=created_at,
            tags=tags_of(resource.tags or {}),
            product=finding.product_arn,
            terms=terms,
            shared=len(resources) > 1,
        )


def _about(finding: Asff) -> list[Resource]:
    """What it is about: not the bucket of an object, or each object would be one finding more of the bucket."""
    objects = [resource.id for resource in finding.resources if resource.type == _OBJECT]
    return [each for each in finding.resources if each.type != _BUCKET or not within(each.id, objects)]


def _time(text: str, path: str) -> int:
    try:
        at = parse_iso(text)
    except TimestampError as error:
        raise RefusedError("malformed", path, "expected an ISO 8601 timestamp") from error
    if at < EARLIEST_MS:
        raise RefusedError("malformed", path, "expected a time after 1970 began")
    return at


def control(finding: Asff, why: Why | None = None) -> str:
    """The security control: by its own id where the finding has one, else by what its standard calls it."""
    if not finding.product_arn.endswith(_CONTROLS):
        vulnerability = next((each.id for each in finding.vulnerabilities or [] if each.id), None)
        kind = vulnerability or kind_of(finding.types)
        return without_control(finding.product_arn, kind, finding.id, why, generator=finding.generator_id)
    fields = finding.product_fields or {}
    if finding.compliance and finding.compliance.security_control_id:
        if why:
            why("its own id, Compliance.SecurityControlId")
        return finding.compliance.security_control_id
    number = fields.get("ControlId", "")
    if number.strip("0123456789."):
        return _mapped(number, "ProductFields.ControlId", why)
    # Numbers such as 2.8 mean something only within their standard:
    # arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/2.8
    _, _, rule = finding.generator_id.partition(":::ruleset/")
    named = rule.replace("/rule/", "/") or finding.generator_id.removeprefix("security-control/")
    return _mapped(named, "GeneratorId", why)


def _mapped(named: str, where: str, why: Why | None) -> str:
    """The control that a standard names so."""
    own = security_control(named)
    if why:
        why(f"{where} names {named}" + (f", which is Security Hub's {own}" if own != named else ""))
    return own


def severity(finding: Asff) -> str:
    """The worse of the finding's and its provider's: whoever may call BatchUpdateFindings writes the first.

    Else a member account could lower it, and with it who has to agree to a suppression.
    """
    provided = finding.finding_provider_fields and finding.finding_provider_fields.severity
    labels = [_label(finding.severity), *([provided.label] if provided and provided.label else [])]
    return max(labels, key=SEVERITIES.index)


def _label(given: Severity | None) -> Label:
    """The label, or what Security Hub makes of the normalized number (0, 1-39, 40-69, 70-89, 90-100)."""
    if given and given.label:
        return given.label
    number = (given and given.normalized) or 0
    bounds: tuple[tuple[int, Label], ...] = ((90, "CRITICAL"), (70, "HIGH"), (40, "MEDIUM"), (1, "LOW"))
    return next((label for bound, label in bounds if number >= bound), "INFORMATIONAL")


def status(finding: Asff, why: Why | None = None) -> Status:
    """What the finding says of its problem."""
    compliance = finding.compliance.status if finding.compliance else None
    return status_of(
        gone=finding.record_state == "ARCHIVED" or compliance == "NOT_AVAILABLE",
        passed=None if compliance is None else compliance == "PASSED",
        workflow=(finding.workflow and finding.workflow.status) or "NEW",
        why=why,
    )
