"""The Open Cybersecurity Schema Framework, classes 2002, 2003, 2004 and 2006, as Security Hub V2 sends them.

Types and values: schema.ocsf.io, classes/compliance_finding and its siblings.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from fleet.refusal import DroppedError, RefusedError
from fleet.timestamps import TimestampError, parse_iso
from functions.findings.asff import AccountId, Text
from functions.findings.finding import (
    EARLIEST_MS,
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
from functions.findings.standards import security_control

type OptionalText = Annotated[str, msgspec.Meta(max_length=2048)] | None
type Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""Until the end of the year 9999."""

_COMPLIANCE = 2003
_WITHOUT_CONTROL = {2002, 2004, 2006}
"""Vulnerability, detection and data security findings."""
_BUCKET, _OBJECT = "AWS::S3::Bucket", "AWS::S3::Object"
_BARE = {
    "AWS::::Account": "AWS::::Account:{id}",
    "AWS::Account": "AWS::::Account:{id}",
    "AWS::IAM::AccessKey": "AWS::IAM::AccessKey:{id}",
    _BUCKET: "arn:aws:s3:::{id}",
    "AWS::EC2::Instance": "arn:aws:ec2:{region}:{account}:instance/{id}",
    "AWS::EC2::NetworkAcl": "arn:aws:ec2:{region}:{account}:network-acl/{id}",
    "AWS::EC2::NetworkInterface": "arn:aws:ec2:{region}:{account}:network-interface/{id}",
    "AWS::EC2::SecurityGroup": "arn:aws:ec2:{region}:{account}:security-group/{id}",
    "AWS::EC2::Subnet": "arn:aws:ec2:{region}:{account}:subnet/{id}",
    "AWS::EC2::Volume": "arn:aws:ec2:{region}:{account}:volume/{id}",
    "AWS::EC2::VPC": "arn:aws:ec2:{region}:{account}:vpc/{id}",
}
"""How ASFF names what V2 may give by its bare id."""
_ACRONYM = re.compile(r"([A-Z])([A-Z]+)(?![a-z])")
_COVERAGE = "securityhub-coverage"
_SEVERITIES = {1: "INFORMATIONAL", 2: "LOW", 3: "MEDIUM", 4: "HIGH", 5: "CRITICAL", 6: "CRITICAL"}
_WORKFLOWS = {3: "SUPPRESSED", 4: "RESOLVED"}
_ARCHIVED = 5
_CLOSE = 3


class Tag(msgspec.Struct, frozen=True):
    """V2 has lists where ASFF has a map."""

    name: str
    value: str | None = None


class Resource(msgspec.Struct, frozen=True):
    """Its ARN stands in `uid_alt` or in `uid`, by type."""

    type: Text
    uid: OptionalText = None
    uid_alt: OptionalText = None
    name: OptionalText = None
    region: OptionalText = None
    tags: list[Tag] | None = None


class _Account(msgspec.Struct, frozen=True):
    uid: AccountId


class Cloud(msgspec.Struct, frozen=True):
    """Where the resource is."""

    account: _Account
    region: Text


class Compliance(msgspec.Struct, frozen=True):
    """The result of a check; coverage findings have no control."""

    control: OptionalText = None
    status: Literal["Pass", "Fail", "Warning", "Unknown", "Other"] | None = None


class FindingInfo(msgspec.Struct, frozen=True):
    """Identity and title."""

    uid: Text
    title: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    modified_time: Milliseconds | None = None
    modified_time_dt: str | None = None
    created_time: Milliseconds | None = None
    types: list[str] | None = None


class Product(msgspec.Struct, frozen=True):
    """Who found it."""

    uid: Text


class Metadata(msgspec.Struct, frozen=True):
    """About the finding itself."""

    product: Product


class VendorAttributes(msgspec.Struct, frozen=True):
    """The provider's own severity."""

    severity_id: int | None = None


class _Cve(msgspec.Struct, frozen=True):
    uid: OptionalText = None


class Vulnerability(msgspec.Struct, frozen=True):
    """Of class 2002."""

    cve: _Cve | None = None


class Ocsf(msgspec.Struct, frozen=True, kw_only=True):
    """One finding."""

    class_uid: int
    metadata: Metadata
    cloud: Cloud
    finding_info: FindingInfo
    time: Milliseconds
    resources: Annotated[list[Resource], msgspec.Meta(min_length=1, max_length=32)]
    severity_id: Literal[0, 1, 2, 3, 4, 5, 6, 99] = 0
    status_id: Literal[0, 1, 2, 3, 4, 5, 99] = 0
    activity_id: Literal[0, 1, 2, 3, 99] = 0
    compliance: Compliance | None = None
    vendor_attributes: VendorAttributes | None = None
    comment: OptionalText = None
    vulnerabilities: list[Vulnerability] | None = None


def normalise(finding: Ocsf, at: str) -> Iterator[Finding]:
    """A Finding for each resource.

    Raises DroppedError for what is about no control, RefusedError with a path that begins with `at`.
    """
    if finding.metadata.product.uid.endswith(_COVERAGE):
        raise DroppedError("coverage")
    control = control_of(finding)
    updated_at = modified_at(finding, at)
    resources = _about(finding, at)
    for identity, resource in resources:
        yield Finding(
            account=finding.cloud.account.uid,
            region=finding.cloud.region,
            control=control,
            resource=identity,
            resource_type=asff_type(resource.type),
            severity=severity(finding),
            status=status(finding),
            title=finding.finding_info.title[:256],
            finding_id=finding.finding_info.uid,
            updated_at=updated_at,
            created_at=finding.finding_info.created_time or updated_at,
            tags=tags_of({tag.name: tag.value or "" for tag in resource.tags or []}),
            product=finding.metadata.product.uid,
            form="ocsf",
            terms=terms_of(finding.comment),  # V2 keeps no name beside a comment: ours begin with it
            shared=len(resources) > 1,
        )


def _about(finding: Ocsf, at: str) -> list[tuple[str, Resource]]:
    """What it is about, as in ASFF, and how that is named."""
    named = [(resource_id(resource, finding), resource) for resource in finding.resources]
    for index, (identity, _) in enumerate(named):
        if not identity:
            raise RefusedError("malformed", f"{at}.resources[{index}]", "expected uid_alt, uid or name")
    objects = [identity for identity, resource in named if resource.type == _OBJECT]
    return [each for each in named if each[1].type != _BUCKET or not within(each[0], objects)]


def control_of(finding: Ocsf, why: Why | None = None) -> str:
    """The security control. Raises DroppedError for what is neither about one nor a threat or vulnerability."""
    if finding.class_uid in _WITHOUT_CONTROL:
        info = finding.finding_info
        vulnerability = next((v.cve.uid for v in finding.vulnerabilities or [] if v.cve and v.cve.uid), None)
        return without_control(finding.metadata.product.uid, vulnerability or kind_of(info.types), info.uid, why)
    if finding.class_uid == _COMPLIANCE and finding.compliance and finding.compliance.control:
        if why:
            why("its own id, compliance.control")
        return security_control(finding.compliance.control)
    raise DroppedError("no_control")


def asff_type(cloudformation_type: str) -> str:
    """`AWS::RDS::DBInstance` as ASFF calls it: `AwsRdsDbInstance`; what is no such name stays as it is."""
    if not cloudformation_type.startswith("AWS::"):
        return cloudformation_type
    return _ACRONYM.sub(lambda match: match[1] + match[2].lower(), cloudformation_type).replace("::", "")


def modified_at(finding: Ocsf, at: str) -> int:
    """When the finding last changed, in ms; without a word on that, when it was sent."""
    info, path = finding.finding_info, f"{at}.finding_info.modified_time_dt"
    if info.modified_time is not None or info.modified_time_dt is None:
        return info.modified_time or finding.time
    try:
        found = parse_iso(info.modified_time_dt)
    except TimestampError as error:
        raise RefusedError("malformed", path, "expected an ISO 8601 timestamp") from error
    if found < EARLIEST_MS:
        raise RefusedError("malformed", path, "expected a time after 1970 began")
    return found


def resource_id(resource: Resource, finding: Ocsf) -> str:
    """The ARN where there is one, or how ASFF names it else, so that both schemas name the same problem."""
    if resource.uid_alt and resource.uid_alt.startswith("arn:"):
        return resource.uid_alt
    found = resource.uid or resource.name or ""
    if not found or ":" in found:
        return found
    if resource.type == _OBJECT:  # a key is one only within its bucket
        bucket = next((other for other in finding.resources if other.type == _BUCKET), None)
        return f"{resource_id(bucket, finding)}/{found}" if bucket else found
    region, account = resource.region or finding.cloud.region, finding.cloud.account.uid
    return _BARE.get(resource.type, "{id}").format(id=found, region=region, account=account)


def severity(finding: Ocsf) -> str:
    """The worse of the finding's, which others may change, and its provider's; unknown counts as informational."""
    vendor = finding.vendor_attributes.severity_id if finding.vendor_attributes else None
    return _SEVERITIES[max((number for number in (finding.severity_id, vendor) if number in _SEVERITIES), default=1)]


def status(finding: Ocsf, why: Why | None = None) -> Status:
    """What the finding says of its problem; as in ASFF."""
    check = finding.compliance.status if finding.compliance else None
    return status_of(
        gone=finding.activity_id == _CLOSE or finding.status_id == _ARCHIVED,
        passed=None if check is None else check == "Pass",
        workflow=_WORKFLOWS.get(finding.status_id, "NEW"),
        why=why,
    )
