"""Findings as Security Hub makes them of a failed check, in both of its forms, and how it gets them here."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from local.client import REGION, SPOKE, client, securityhub_import_ocsf
from local.errors import LocalCloudError
from local.process import Instance

type Finding = dict[str, Any]

_TYPE = "Software and Configuration Checks/Industry and Regulatory Standards"
_STANDARD = "standards/aws-foundational-security-best-practices/v/1.0.0"
_SEVERITY_IDS = {"INFORMATIONAL": 1, "LOW": 2, "MEDIUM": 3, "HIGH": 4, "CRITICAL": 5}


def stamp(moment: datetime | None = None) -> str:
    """`2026-11-23T06:00:00.000Z`: of now, if no other moment is given."""
    return (moment or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def asff(
    resource: str,
    *,
    control: str,
    title: str,
    severity: str = "HIGH",
    status: str = "FAILED",
    service: str = "",
    updated: str = "",
    account: str = SPOKE,
) -> Finding:
    """In the AWS Security Finding Format, of consolidated controls."""
    return {
        "SchemaVersion": "2018-10-08",
        "Id": _id(account, control, resource),
        "ProductArn": f"arn:aws:securityhub:{REGION}::product/aws/securityhub",
        "GeneratorId": f"security-control/{control}",
        "AwsAccountId": account,
        "Region": REGION,
        "Types": [_TYPE],
        "CreatedAt": stamp(),
        "UpdatedAt": updated or stamp(),
        "Severity": {"Label": severity},
        "Title": title,
        "Description": title,
        "Resources": [{"Type": "AwsS3Bucket", "Id": resource, **({"Tags": {"service": service}} if service else {})}],
        "Compliance": {
            "Status": status,
            "SecurityControlId": control,
            "AssociatedStandards": [{"StandardsId": _STANDARD}],
        },
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    }


def ocsf(
    resource: str,
    *,
    control: str,
    title: str,
    severity: str = "HIGH",
    service: str = "",
    updated: str = "",
    account: str = SPOKE,
) -> Finding:
    """The same, failed, as Security Hub V2 has it."""
    now = updated or stamp()
    uid = _id(account, control, resource)
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": 2003,
        "cloud": {"account": {"uid": account}, "provider": "AWS", "region": REGION},
        "compliance": {"control": control, "standards": [_STANDARD], "status": "Fail", "status_id": 3},
        "finding_info": {"uid": uid, "title": title, "created_time_dt": now, "modified_time_dt": now},
        "metadata": {
            "uid": hashlib.sha256(f"{uid}{account}".encode()).hexdigest(),
            "product": {"uid": f"arn:aws:securityhub:{REGION}::productv2/aws/securityhub", "name": "Security Hub"},
            "version": "1.6.0",
        },
        "resources": [
            {
                "type": "AWS::S3::Bucket",
                "uid": resource,
                "tags": [{"name": "service", "value": service}] if service else [],
            }
        ],
        "severity": severity.capitalize(),
        "severity_id": _SEVERITY_IDS[severity],
        "status": "New",
        "status_id": 1,
        "time": int(datetime.fromisoformat(now).timestamp() * 1000),
    }


def imported(instance: Instance, *findings: Finding, account: str = SPOKE) -> None:
    """Have Security Hub take findings of either form: each becomes an event. Raises LocalCloudError if it does not."""
    if classic := [finding for finding in findings if "SchemaVersion" in finding]:
        answer = client(instance, "securityhub", account).batch_import_findings(Findings=classic)
        if failed := answer.get("FailedFindings"):
            raise LocalCloudError(f"Security Hub did not take a finding: {failed[0]['ErrorMessage']}")
    if new := [finding for finding in findings if "class_uid" in finding]:
        securityhub_import_ocsf(instance, account, new)


def _id(account: str, control: str, resource: str) -> str:
    digest = hashlib.sha256(f"{account}{control}{resource}".encode()).hexdigest()
    uid = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
    return f"arn:aws:securityhub:{REGION}:{account}:security-control/{control}/finding/{uid}"
