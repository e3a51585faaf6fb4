"""How a finding was read: why it has the control, the status and the severity that it has."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from fleet.events.envelope import decode
from fleet.masking import mask
from fleetctl.findings_policy.explanation import Found, Says
from functions.findings import asff, ocsf
from functions.findings.finding import Finding

_NOTHING = "not given"
_STATUS_IDS = {0: "Unknown", 1: "New", 2: "In Progress", 3: "Suppressed", 4: "Resolved", 5: "Archived", 99: "Other"}
_ACTIVITY_IDS = {0: "Unknown", 1: "Create", 2: "Update", 3: "Close", 99: "Other"}


@dataclass(frozen=True)
class Reading:
    """What the functions that read a finding told of it."""

    control_why: str
    status_why: str
    severity_why: str
    says: Says


def reading_of(raw: bytes, finding: Finding) -> Reading:
    """Read the document that `finding` came from once more, and ask why."""
    return _asff(decode(asff.Asff, raw)) if finding.form == "asff" else _ocsf(decode(ocsf.Ocsf, raw))


def glance(raw: bytes, place: int) -> Found:
    """What a document says of itself, whatever is wrong with it."""
    document: Any = {}
    with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
        document = msgspec.json.decode(raw)
    if not isinstance(document, dict):
        document = {}
    v2 = _object(document.get("finding_info"))
    product = document.get("ProductArn") or _object(_object(document.get("metadata")).get("product")).get("uid")
    return Found(
        place=place,
        id=_text(document.get("Id") or v2.get("uid")),
        title=mask(_text(document.get("Title") or v2.get("title"))),
        product=_text(product),
        form="",
    )


def _asff(document: asff.Asff) -> Reading:
    control: list[str] = []
    status: list[str] = []
    asff.control(document, control.append)
    asff.status(document, status.append)
    given = document.severity or asff.Severity()
    if given.label:
        severity = "Severity.Label"
    elif given.normalized is not None:
        severity = f"Severity.Normalized is {given.normalized}, and there is no label"
    else:
        severity = "it gives none"
    provided = document.finding_provider_fields and document.finding_provider_fields.severity
    alone = msgspec.structs.replace(document, finding_provider_fields=None)
    if provided and asff.severity(document) != asff.severity(alone):
        severity = "FindingProviderFields.Severity, which is worse than what Severity was set to"
    compliance = document.compliance.status if document.compliance else None
    workflow = document.workflow.status if document.workflow else None
    says = Says(record=document.record_state or _NOTHING, check=compliance or _NOTHING, workflow=workflow or _NOTHING)
    return Reading("; ".join(control), "; ".join(status), severity, says)


def _ocsf(document: ocsf.Ocsf) -> Reading:
    control: list[str] = []
    status: list[str] = []
    ocsf.control_of(document, control.append)
    ocsf.status(document, status.append)
    severity = f"severity_id {document.severity_id}"
    vendor = document.vendor_attributes
    if document.severity_id in (0, 99):
        severity += f", so the provider's own: {vendor.severity_id if vendor else _NOTHING}"
    elif ocsf.severity(document) != ocsf.severity(msgspec.structs.replace(document, vendor_attributes=None)):
        severity = "the provider's own, which is worse than what severity_id was set to"
    check = document.compliance.status if document.compliance else None
    says = Says(
        record=f"activity {_ACTIVITY_IDS[document.activity_id]}",
        check=check or _NOTHING,
        workflow=_STATUS_IDS[document.status_id],
    )
    return Reading("; ".join(control), "; ".join(status), severity, says)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
