"""The operations of the new Security Hub, on OCSF findings: GetFindingsV2, BatchUpdateFindingsV2 and its description.

OCSF findings are made by AWS alone, so there is no operation to import them: `POST /_local/securityhub/ocsf` stands
for that. Evidence: API reference, BatchUpdateFindingsV2 and its types: MetadataUids or FindingIdentifiers, not both,
up to 100; Comment of 1 to 512 characters; SeverityId 0-6 or 99 and StatusId 0-5 or 99, whose texts follow ("the
string sibling will automatically be updated"); the modification times stay; per finding ResourceNotFoundException,
ValidationException, InternalServerException or ConflictException. `Findings Imported V2` for new and updated findings
and for updates by customers: User Guide, "EventBridge event formats". GetFindingsV2: `Scopes` is for the delegated
administrator alone; "Other accounts receive an AccessDeniedException", and here no account is one. The captions are
those of OCSF 1.6 (severity_id, status_id of a finding). Inferred, by analogy with the workflow rules of ASFF, since
no document says it: what a customer has set survives the next import, but a provider's archiving wins, Pass resolves
what is not suppressed, and a Fail after a Pass makes New of In Progress and Resolved.
"""

import copy
import hashlib
from collections.abc import Iterator
from typing import Any

from local import securityhub_filters as filters
from local import securityhub_pages as pages
from local.securityhub_compare import nanoseconds
from local.securityhub_model import RefusedError, invalid, length, shape
from local.securityhub_store import MOST, Call, Hub, OcsfKey, Record

type Json = dict[str, Any]

_SEVERITIES = {0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical", 6: "Fatal"}
_SEVERITIES |= {99: "Other"}
_STATUSES = {0: "Unknown", 1: "New", 2: "In Progress", 3: "Suppressed", 4: "Resolved", 5: "Archived", 99: "Other"}
_NEW, _IN_PROGRESS, _SUPPRESSED, _RESOLVED, _ARCHIVED, _CLOSE = 1, 2, 3, 4, 5, 3
_LONGEST_COMMENT = 512
UNPROCESSED = {
    "ResourceNotFoundException": "Finding not found",
    "ValidationException": "The finding update is not valid",
    "InternalServerException": "Internal service failure",
    "ConflictException": "Concurrent finding updates detected",
}
_OF_ASFF = {"ConcurrentUpdateError": "ConflictException", "InternalFailure": "InternalServerException"}
_OF_ASFF |= {"FindingNotFound": "ResourceNotFoundException"}


def key_of(finding: Json) -> OcsfKey:
    """What identifies an OCSF finding. Raises ValueError naming the first part that is missing."""
    paths = ("cloud.account.uid", "finding_info.uid", "metadata.product.uid")
    return OcsfKey(*(_required(finding, path) for path in paths))


def _required(finding: Json, path: str) -> str:
    found: Any = finding
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"an OCSF finding needs {path}")
    return found


def import_ocsf(hub: Hub, findings: list[Json], call: Call) -> list[str]:
    """Take findings as AWS makes them; their metadata.uid, made of the identity where there is none."""
    keyed = [(key_of(each), each) for each in findings]  # all or none: this is a test's call
    return [_import_one(hub, key, each, call) for key, each in keyed]


def _import_one(hub: Hub, key: OcsfKey, given: Json, call: Call) -> str:
    finding = copy.deepcopy(given)
    uid = str(finding["metadata"].setdefault("uid", hashlib.sha256("|".join(key).encode()).hexdigest()))
    record = hub.ocsf.get(uid)
    if record is not None:
        for name in sorted(record.touched):
            finding[name] = record.finding[name]
        if "status_id" in record.touched:
            _set(finding, "status", _status_after(record.finding, given, finding["status_id"]))
        record.finding = finding
    else:
        hub.ocsf[uid] = Record(finding)
    call.echoes.append(finding)
    return uid


def _status_after(old: Json, given: Json, status: int) -> int:
    if given.get("activity_id") == _CLOSE or given.get("status_id") == _ARCHIVED:
        return _ARCHIVED
    if status == _SUPPRESSED:
        return status
    was, is_now = (str((each.get("compliance") or {}).get("status")) for each in (old, given))
    if is_now == "Pass":
        return _RESOLVED
    again = old.get("activity_id") == _CLOSE or (was == "Pass" and is_now != "Pass")
    return _NEW if again and status in {_IN_PROGRESS, _RESOLVED, _ARCHIVED} else status


def _set(finding: Json, name: str, number: int) -> None:
    finding[f"{name}_id"] = number
    finding[name] = (_STATUSES if name == "status" else _SEVERITIES)[number]


def get(hub: Hub, asked: Json, call: Call) -> Json:
    """Findings by composite filters, in order, page by page."""
    if asked.get("Scopes"):
        raise RefusedError("AccessDeniedException", "Scopes are for the delegated administrator account")
    wanted = asked.get("Filters") or {}
    for problem in filters.composite_problems(wanted):
        raise invalid("GetFindingsV2", problem)
    criteria = [_criterion(each) for each in asked.get("SortCriteria") or []]
    now = nanoseconds(call.now)
    found = [each.finding for each in hub.ocsf.values() if filters.composite_matches(each.finding, wanted, now)]
    query = pages.query_of("GetFindingsV2", hub.account, hub.region, wanted, criteria)
    try:
        listed, token = pages.page(pages.ordered(found, criteria), asked, query)
    except ValueError as error:
        raise invalid("GetFindingsV2", f"data.NextToken {error}") from error
    return {"Findings": listed, **({"NextToken": token} if token else {})}


def _criterion(given: Json) -> tuple[str, str]:
    kinds = ("String", "Date", "Number", "Boolean")
    known = {name for kind in kinds for name in shape(f"Ocsf{kind}Field").enum}
    if given.get("Field") not in known:
        raise invalid("GetFindingsV2", f"data.SortCriteria.Field {given.get('Field')} is not a field of a finding")
    return given["Field"], given.get("SortOrder") or "asc"


def batch_update(hub: Hub, asked: Json, call: Call) -> Json:
    """Set comment, severity or status, the same in all findings that are named."""
    for problem in _update_problems(asked):
        raise invalid("BatchUpdateFindingsV2", problem)
    by_key = {key_of(each.finding): uid for uid, each in hub.ocsf.items()}
    named = [({"MetadataUid": uid}, uid) for uid in asked.get("MetadataUids") or []]
    for each in asked.get("FindingIdentifiers") or []:
        key = OcsfKey(each["CloudAccountUid"], each["FindingInfoUid"], each["MetadataProductUid"])
        named.append(({"FindingIdentifier": each}, by_key.get(key, "")))
    done: list[Json] = []
    undone: list[Json] = []
    for told, uid in named:
        code = _update_one(hub, uid, asked, call)
        if code:
            undone.append({**told, "ErrorCode": code, "ErrorMessage": UNPROCESSED[code]})
        else:
            done.append(told)
    return {"ProcessedFindings": done, "UnprocessedFindings": undone}


def _update_problems(asked: Json) -> Iterator[str]:
    uids, identifiers = asked.get("MetadataUids") or [], asked.get("FindingIdentifiers") or []
    if bool(uids) == bool(identifiers):
        yield "data should have either 'MetadataUids' or 'FindingIdentifiers'"
    if max(len(uids), len(identifiers)) > MOST:
        yield f"data should NOT have more than {MOST} findings"
    changes = [name for name in ("Comment", "SeverityId", "StatusId") if asked.get(name) is not None]
    if not changes:
        yield "data should have at least one of the properties Comment, SeverityId, StatusId"
    if "Comment" in changes:
        yield from length(asked["Comment"], "data.Comment", 1, _LONGEST_COMMENT)
    for name, known in (("SeverityId", _SEVERITIES), ("StatusId", _STATUSES)):
        if name in changes and asked[name] not in known:
            yield f"data.{name} should be equal to one of the allowed values"


def _update_one(hub: Hub, uid: str, asked: Json, call: Call) -> str:
    record = hub.ocsf.get(uid)
    if record is None:
        return "ResourceNotFoundException"
    if code := call.spoiled():
        return _OF_ASFF.get(code, code if code in UNPROCESSED else "ValidationException")
    finding = copy.deepcopy(record.finding)
    touched = set(record.touched)
    if asked.get("Comment") is not None:
        finding["comment"] = asked["Comment"]
        touched.add("comment")
    for name, given in (("severity", asked.get("SeverityId")), ("status", asked.get("StatusId"))):
        if given is not None:
            _set(finding, name, given)
            touched |= {name, f"{name}_id"}
    record.finding, record.touched = finding, frozenset(touched)
    call.echoes.append(finding)
    return ""


def describe(hub: Hub, _asked: Json, _call: Call) -> Json:
    """The hub itself."""
    arn = f"arn:aws:securityhub:{hub.region}:{hub.account}:hubv2/00000000-0000-4000-8000-{hub.account}"
    return {"HubV2Arn": arn, "SubscribedAt": "2026-01-01T00:00:00.000Z"}
