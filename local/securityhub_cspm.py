"""The classic operations, on ASFF findings: import, get, update, history, and the description of the hub.

Evidence: the operations' pages of the API reference (also in botocore's texts), above all:
- BatchImportFindings: up to 100 findings and 6 MB; what cannot be imported stands in FailedFindings.
- BatchUpdateFindings: up to 100 identifiers, one set of fields for all, HTTP 200 with UnprocessedFindings of
  FindingNotFound "Finding Not Found", DuplicatedFindingIdentifier "Finding Identifier is duplicated", and more
  (BatchUpdateFindingsUnprocessedFinding lists codes and messages). A new `Security Hub Findings - Imported` event for
  each finding that was updated: User Guide, "BatchUpdateFindings".
An update takes effect at once here; on AWS it "can take several minutes". An update without fields is refused; what
AWS says to one is not known. An ignored import (UpdatedAt not newer) counts as a success and makes no event:
inferred.
"""

import json
from collections.abc import Iterator
from typing import Any

from local import securityhub_checks as checks
from local import securityhub_filters as filters
from local import securityhub_pages as pages
from local import securityhub_rules as rules
from local.securityhub_compare import nanoseconds
from local.securityhub_fields import PATHS
from local.securityhub_model import RefusedError, invalid, problems, shape
from local.securityhub_store import MOST, Call, FindingKey, Hub, Record, change

type Json = dict[str, Any]

_MOST_BYTES = 6 * 1024 * 1024
UNPROCESSED = {
    "ConcurrentUpdateError": "Concurrent finding updates detected",
    "DuplicatedFindingIdentifier": "Finding Identifier is duplicated",
    "FindingNotFound": "Finding Not Found",
    "FindingSizeExceeded": "Finding size exceeded 240 KB",
    "InternalFailure": "Internal service failure",
    "InvalidInput": "Invalid Input",
}


def batch_import(hub: Hub, asked: Json, call: Call) -> Json:
    """Create findings, or update those that are older."""
    failures = [failure for each in asked["Findings"] if (failure := _import_one(hub, each, call))]
    answer = {"FailedCount": len(failures), "SuccessCount": len(asked["Findings"]) - len(failures)}
    return {**answer, **({"FailedFindings": failures} if failures else {})}


def _import_one(hub: Hub, given: Json, call: Call) -> Json | None:
    reason = checks.refusal(given)
    if reason:
        return {"Id": str(given["Id"]), "ErrorCode": "InvalidInput", "ErrorMessage": reason}
    key = FindingKey(given["Id"], given["ProductArn"])
    record = hub.findings.get(key)
    if record is None:
        old, new = None, rules.created(given, hub.region, call.now)
        record = hub.findings[key] = Record(new)
    elif rules.is_newer(given, record.finding):
        old, new = record.finding, rules.imported(record.finding, given, record.touched, hub.region, call.now)
        record.finding = new
    else:
        return None
    record.history.append(change(old, new, "BATCH_IMPORT_FINDINGS", given["ProductArn"], call.now))
    call.echoes.append(new)
    return None


def import_problems(asked: Json) -> Iterator[str]:
    """What refuses a whole import: its findings are looked at one by one."""
    findings = asked.get("Findings")
    yield from (f"data should NOT have additional properties ({name})" for name in asked if name != "Findings")
    if not isinstance(findings, list):
        yield "data should have required property 'Findings'"
    elif not 1 <= len(findings) <= MOST:
        few = len(findings) < 1
        yield f"data.Findings should NOT have {f'fewer than {1}' if few else f'more than {MOST}'} items"
    elif not all(isinstance(each, dict) and isinstance(each.get("Id"), str) and each["Id"] for each in findings):
        # A finding without an Id could not even be named among the failures.
        yield "data.Findings should have required property 'Id'"
    elif len(json.dumps(asked).encode()) > _MOST_BYTES:
        yield f"data should NOT be larger than {_MOST_BYTES} bytes"


def get(hub: Hub, asked: Json, call: Call) -> Json:
    """Findings by filters, in order, page by page."""
    wanted = {name: value for name, value in (asked.get("Filters") or {}).items() if value}
    for problem in filters.problems(wanted):
        raise invalid("GetFindings", problem)
    criteria = [_criterion(each) for each in asked.get("SortCriteria") or []]
    now = nanoseconds(call.now)
    found = [each.finding for each in hub.findings.values() if filters.matches(each.finding, wanted, now)]
    query = pages.query_of("GetFindings", hub.account, hub.region, wanted, criteria)
    try:
        listed, token = pages.page(pages.ordered(found, criteria), asked, query)
    except ValueError as error:
        raise invalid("GetFindings", f"data.NextToken {error}") from error
    return {"Findings": listed, **({"NextToken": token} if token else {})}


def _criterion(given: Json) -> tuple[str, str]:
    name = given.get("Field") or ""
    if name not in PATHS and name.split(".")[0] not in shape("AwsSecurityFinding").members:
        raise invalid("GetFindings", f"data.SortCriteria.Field {name} is not a field of a finding")
    return PATHS.get(name, name), given.get("SortOrder") or "asc"


def batch_update(hub: Hub, asked: Json, call: Call) -> Json:
    """Set a customer's fields, the same in all findings that are named."""
    given = asked["FindingIdentifiers"]
    update = {name: value for name, value in asked.items() if name in rules.UPDATABLE and value is not None}
    for problem in _update_problems(given, update):
        raise invalid("BatchUpdateFindings", problem)
    done: list[Json] = []
    undone: list[Json] = []
    for named in given:
        code = "DuplicatedFindingIdentifier" if given.count(named) > 1 else _update_one(hub, named, update, call)
        if code:
            undone.append({"FindingIdentifier": named, "ErrorCode": code, "ErrorMessage": UNPROCESSED[code]})
        else:
            done.append(named)
    return {"ProcessedFindings": done, "UnprocessedFindings": undone}


def _update_problems(given: list[Json], update: Json) -> Iterator[str]:
    if not 1 <= len(given) <= MOST:
        few = len(given) < 1
        yield f"data.FindingIdentifiers should NOT have {f'fewer than {1}' if few else f'more than {MOST}'} items"
    if not update:
        yield f"data should have at least one of the properties {', '.join(rules.UPDATABLE)}"
    yield from checks.update_problems(update)


def _update_one(hub: Hub, named: Json, update: Json, call: Call) -> str:
    record = hub.findings.get(FindingKey(named["Id"], named["ProductArn"]))
    if record is None:
        return "FindingNotFound"
    if code := call.spoiled():
        return code
    new = rules.updated(record.finding, update, call.now)
    record.history.append(change(record.finding, new, "BATCH_UPDATE_FINDINGS", call.principal, call.now))
    record.finding, record.touched = new, record.touched | update.keys()
    call.echoes.append(new)
    return ""


def history(hub: Hub, asked: Json, _call: Call) -> Json:
    """What happened to a finding, the latest first."""
    named = asked["FindingIdentifier"]
    record = hub.findings.get(FindingKey(named["Id"], named["ProductArn"]))
    start, end = (_bound(asked, name) for name in ("StartTime", "EndTime"))
    found = [
        each
        for each in reversed(record.history if record else [])
        if (start is None or nanoseconds(each["UpdateTime"]) >= start)
        and (end is None or nanoseconds(each["UpdateTime"]) <= end)
    ]
    query = pages.query_of("GetFindingHistory", hub.account, hub.region, named, start, end)
    try:
        listed, token = pages.page(found, {"MaxResults": MOST, **asked}, query)
    except ValueError as error:
        raise invalid("GetFindingHistory", f"data.NextToken {error}") from error
    return {"Records": listed, **({"NextToken": token} if token else {})}


def _bound(asked: Json, name: str) -> int | None:
    try:
        return nanoseconds(asked[name]) if asked.get(name) else None
    except ValueError as error:
        raise invalid("GetFindingHistory", f"data.{name} {error}") from error


def describe(hub: Hub, asked: Json, _call: Call) -> Json:
    """The hub itself."""
    if asked.get("HubArn") not in {None, hub.arn}:
        raise RefusedError("ResourceNotFoundException", f"{asked['HubArn']} is not the hub of this account and Region")
    return {
        "HubArn": hub.arn,
        "SubscribedAt": "2026-01-01T00:00:00.000Z",
        "AutoEnableControls": True,
        "ControlFindingGenerator": "SECURITY_CONTROL",
    }


def request_problems(operation: str, asked: Json, wanted: Any) -> Iterator[str]:
    """How a request differs from what the operation takes."""
    return import_problems(asked) if operation == "BatchImportFindings" else problems(wanted, asked)
