"""What becomes of an ASFF finding when a provider imports it, and when a customer updates it.

Evidence:
- User Guide, "BatchImportFindings": a finding whose Id is known (with its ProductArn: the identifier of the other
  operations) is updated if UpdatedAt is later than the stored one, else the import is ignored, also when they are
  equal. Note, UserDefinedFields, VerificationState and Workflow of an existing finding are ignored in an import.
  "Using FindingProviderFields": Confidence, Criticality, RelatedFindings, Severity and Types go into
  FindingProviderFields, and to the top level only where BatchUpdateFindings has not been.
- User Guide, "Setting the workflow status"; API reference, Workflow: NOTIFIED and RESOLVED go back to NEW when an
  archived finding becomes active, or when Compliance.Status goes from PASSED to WARNING, FAILED or NOT_AVAILABLE;
  PASSED sets RESOLVED. A suppressed finding "is no longer updated": none of these touches it.
- "BatchUpdateFindings": UpdatedAt stays as it was.
- API reference, Severity: Label and Normalized complete each other, by the table here.
- "Required attributes", "Optional top-level attributes": RecordState is ACTIVE at first; Region, ProductName and
  CompanyName are filled in; `aws/securityhub/FindingId`, ProductName and CompanyName stand in ProductFields.
Inferred: an import replaces what it may touch as a whole (a field that it leaves out is gone, RecordState is ACTIVE
again), as the partner guide says "overwrite"; an update replaces UserDefinedFields as a whole.
"""

import copy
from typing import Any

from local.securityhub_compare import nanoseconds

type Json = dict[str, Any]

CUSTOMERS = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
SHARED = ("Confidence", "Criticality", "RelatedFindings", "Severity", "Types")
UPDATABLE = (*SHARED, *CUSTOMERS)

_LABELS = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}
_BROKEN = {"WARNING", "FAILED", "NOT_AVAILABLE"}


def is_newer(given: Json, old: Json) -> bool:
    """Whether an import of a known finding counts."""
    return nanoseconds(given["UpdatedAt"]) > nanoseconds(old["UpdatedAt"])


def created(given: Json, region: str, now: str) -> Json:
    """A finding that Security Hub has not seen before."""
    finding = _completed(given, region, now)
    provided = finding["FindingProviderFields"]
    finding |= {name: _top(name, provided[name], finding.get(name)) for name in SHARED if name in provided}
    finding.setdefault("Workflow", {}).setdefault("Status", "NEW")
    if _status(finding) == "PASSED" and finding["Workflow"]["Status"] != "SUPPRESSED":
        finding["Workflow"]["Status"] = "RESOLVED"
    return finding


def imported(old: Json, given: Json, touched: frozenset[str], region: str, now: str) -> Json:
    """A known finding after a newer import; `touched` are the fields that BatchUpdateFindings has set before."""
    finding = _completed(given, region, now)
    provided = finding["FindingProviderFields"]
    for name in SHARED:
        if name in touched:
            finding[name] = copy.deepcopy(old[name])
        elif name in provided:
            finding[name] = _top(name, finding.get(name, provided[name]), finding.get(name))
    for name in CUSTOMERS:
        finding.pop(name, None)
        if name in old:
            finding[name] = copy.deepcopy(old[name])
    finding["Workflow"]["Status"] = workflow_after(old, finding)
    return finding


def workflow_after(old: Json, new: Json) -> str:
    """The workflow status after an import that leads from `old` to `new`."""
    status = str(old["Workflow"]["Status"])
    if status == "SUPPRESSED":
        return status
    if _status(new) == "PASSED":
        return "RESOLVED"
    active_again = old["RecordState"] == "ARCHIVED" and new["RecordState"] == "ACTIVE"
    broken_again = _status(old) == "PASSED" and _status(new) in _BROKEN
    return "NEW" if active_again or broken_again else status


def updated(old: Json, update: Json, now: str) -> Json:
    """A finding after a customer's BatchUpdateFindings with these fields."""
    finding = copy.deepcopy(old)
    for name, value in update.items():
        if name == "Note":
            finding["Note"] = {**value, "UpdatedAt": now}
        elif name == "Severity":
            kept = {"Original": finding["Severity"]["Original"]} if "Original" in finding.get("Severity", {}) else {}
            finding["Severity"] = severity({**kept, **value})
        elif name == "Workflow":
            finding["Workflow"] = {**finding["Workflow"], **value}
        else:
            finding[name] = copy.deepcopy(value)
    return finding


def severity(given: Json) -> Json:
    """A severity with both its Label and its Normalized value, if it has one of them."""
    label, normalized = given.get("Label"), given.get("Normalized")
    if label is None and normalized is not None:
        label = next(name for name, least in reversed(_LABELS.items()) if normalized >= least)
    elif label is not None and normalized is None:
        normalized = _LABELS[label]
    elif label is None:
        return dict(given)
    return {**given, "Label": label, "Normalized": normalized}


def _completed(given: Json, region: str, now: str) -> Json:
    finding = copy.deepcopy({name: value for name, value in given.items() if value is not None})
    company, product = _names(finding["ProductArn"])
    finding.setdefault("ProductName", product)
    finding.setdefault("CompanyName", company)
    finding.setdefault("Region", region)
    finding.setdefault("RecordState", "ACTIVE")
    finding.setdefault("WorkflowState", "NEW")
    finding["ProcessedAt"] = now
    finding["ProductFields"] = {
        **finding.get("ProductFields", {}),
        "aws/securityhub/FindingId": f"{finding['ProductArn']}/{finding['Id']}",
        "aws/securityhub/ProductName": finding["ProductName"],
        "aws/securityhub/CompanyName": finding["CompanyName"],
    }
    provided = finding.setdefault("FindingProviderFields", {})
    for name in SHARED:
        if name in finding and name not in provided:
            provided[name] = _provided(name, finding[name])
    return finding


def _provided(name: str, value: Any) -> Any:
    if name != "Severity":
        return copy.deepcopy(value)
    known = severity(value)
    return {part: known[part] for part in ("Label", "Original") if part in known}


def _top(name: str, value: Any, given: Any) -> Any:
    if name != "Severity":
        return copy.deepcopy(value)
    extra = {part: given[part] for part in ("Product", "Normalized") if part in (given or {})}
    if severity(extra).get("Label") != value.get("Label"):
        extra.pop("Normalized", None)
    return severity({**extra, **value})


def _names(product_arn: str) -> tuple[str, str]:
    """(company, product) as far as an ARN tells them."""
    company, _, product = product_arn.split(":")[5].partition("/")[2].partition("/")
    if company == "aws":
        return "AWS", {"securityhub": "Security Hub", "guardduty": "GuardDuty", "macie": "Macie"}.get(product, product)
    return ("Personal", "Default") if product == "default" else (company, product)


def _status(finding: Json) -> str:
    return str((finding.get("Compliance") or {}).get("Status") or "")
