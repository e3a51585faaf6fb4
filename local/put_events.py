"""PutEvents: authorisation with both policies, other accounts' buses, and the refusals that the emulator lacks.

Evidence:
- API reference, PutEvents: 1 to 10 entries; EventBusName may be an ARN, of another account too ("cross-account");
  `Time` is the caller's, the time of the call only when it is absent (the emulator always takes its own).
- The answers per entry (`InvalidArgument` for a missing part, `MalformedDetail` for a detail that is no JSON object,
  `NotAuthorizedForSourceException`) are those in LocalStack's AWS-validated snapshots
  (`tests/aws/services/events/test_events.snapshot.json`).
- An entry is at most 256 KB, counted as the User Guide says ("Calculating PutEvents event entry size").
- A bus name that does not exist in the caller's own account swallows the event and answers with an id, as AWS does.
- The event keeps the `account` and `region` of the caller, not of the bus ("Sending and receiving events between AWS
  accounts": rules match on the account that sent it).
"""

import contextvars
import json
import time
from datetime import datetime
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.iam_evaluator import AuthError, PrincipalInfo
from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    new_uuid,
    request_scope,
)
from ministack.services import eventbridge

from local import bus_policy, journal
from local.principals import denial

_MAX_ENTRY_BYTES = 256 * 1024
_caller: contextvars.ContextVar[PrincipalInfo | None] = contextvars.ContextVar("yagura_put_events_caller", default=None)


def install() -> None:
    """Take PutEvents over; the emulator still authenticates the caller."""
    enforce = iam_evaluator.enforce

    def enforced(access_key_id: str, iam_action: str, service: str, region: str, **kw: Any) -> Any:
        if iam_action != "events:PutEvents":
            return enforce(access_key_id, iam_action, service, region, **kw)
        if iam_evaluator._anonymous.get():
            return enforce(access_key_id, iam_action, service, region, **kw)
        # Only who it is. What it may do depends on the entries, which `_put_events` has in hand.
        checked = iam_evaluator.authenticate(access_key_id or "", get_account_id())
        if isinstance(checked, AuthError):
            return checked
        principal = iam_evaluator.resolve_principal(access_key_id or "", get_account_id(), checked)
        if isinstance(principal, AuthError):
            return principal
        _caller.set(principal)
        return None

    iam_evaluator.enforce = enforced
    eventbridge._put_events = _put_events


def accept(record: dict[str, Any], account: str, region: str) -> None:
    """Put an event record on the bus that it names in `account` and `region`: rules, archive, journal."""
    with request_scope(account, region):
        eventbridge._ensure_default_bus()
        eventbridge._events_log_list().append(record)
        view = eventbridge._pattern_event_view(record)
        eventbridge._dispatch_event(record, view)
        eventbridge._archive_event(record, view)


def _put_events(data: dict[str, Any], allow_aws_source: bool = False) -> Any:  # noqa: FBT001, FBT002 - its signature
    entries = data.get("Entries") or []
    if not 1 <= len(entries) <= 10:
        bound = "less than or equal to 10" if entries else "greater than or equal to 1"
        return error_response_json(
            "ValidationException",
            (
                f"1 validation error detected: Value '{len(entries)}' at 'entries' failed to satisfy constraint: "
                f"Member must have length {bound}"
            ),
            400,
        )
    caller = _caller.get()
    if caller is not None and not allow_aws_source:
        refusal = _refusal(caller, entries)
        if refusal is not None:
            return refusal
    results = [_put_one(entry, caller, allow_aws_source=allow_aws_source) for entry in entries]
    failed = sum("ErrorCode" in result for result in results)
    return json_response({"FailedEntryCount": failed, "Entries": results})


def _refusal(caller: PrincipalInfo, entries: list[dict[str, Any]]) -> Any:
    """One refused bus refuses the whole call: authorisation is of the request, not of the entry."""
    by_bus: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        by_bus.setdefault(_bus_arn(entry), []).append(entry)
    for bus_arn, its_entries in by_bus.items():
        result = bus_policy.decide(caller, bus_arn, its_entries)
        if result.decision == "Allow":
            continue
        explicit = result.decision == "Deny"
        message = denial("events:PutEvents", caller.arn, bus_arn, explicit=explicit, kind=result.reason)
        for entry in its_entries:
            event = {"source": entry.get("Source"), "detail-type": entry.get("DetailType")}
            journal.note("refused", bus_arn, event, reason=message)
        return iam_actions.access_denied_response("events", "events:PutEvents", caller.arn, new_uuid(), message=message)
    return None


def _bus_arn(entry: dict[str, Any]) -> str:
    name = str(entry.get("EventBusName") or "default")
    return name if name.startswith("arn:") else f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/{name}"


def _put_one(entry: dict[str, Any], caller: PrincipalInfo | None, *, allow_aws_source: bool) -> dict[str, str]:
    wrong = _wrong(entry, allow_aws_source=allow_aws_source)
    if wrong:
        return {"ErrorCode": wrong[0], "ErrorMessage": wrong[1]}
    _, _, _, region, account, resource = _bus_arn(entry).split(":", 5)
    record = {
        "EventId": new_uuid(),
        "Source": entry["Source"],
        "DetailType": entry["DetailType"],
        "Detail": entry["Detail"],
        "EventBusName": resource.removeprefix("event-bus/"),
        "Time": epoch(entry.get("Time")),
        "Resources": entry.get("Resources") or [],
        "Account": get_account_id(),
        "Region": get_region(),
        journal.CAME_BY: {"put_by": caller.arn} if caller and not allow_aws_source else {"service": entry["Source"]},
    }
    accept(record, account, region)
    return {"EventId": record["EventId"]}


def _wrong(entry: dict[str, Any], *, allow_aws_source: bool) -> tuple[str, str] | None:
    for part in ("Source", "DetailType", "Detail"):
        if not entry.get(part):
            return "InvalidArgument", f"Parameter {part} is not valid. Reason: {part} is a required argument."
    if entry["Source"].startswith("aws.") and not allow_aws_source:
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return "MalformedDetail", "Detail is malformed."
    strings = [entry["Source"], entry["DetailType"], entry["Detail"], *(entry.get("Resources") or [])]
    if sum(len(each.encode()) for each in strings) + (14 if entry.get("Time") else 0) > _MAX_ENTRY_BYTES:
        return "InvalidArgument", "Total size of the entry is over the limit of 256 KB."
    return None


def epoch(given: object) -> int:
    """Whole epoch seconds of a timestamp as an SDK sends it (a number or ISO 8601); now without one."""
    if isinstance(given, int | float):
        return int(given)
    if isinstance(given, str) and given:
        return int(datetime.fromisoformat(given).timestamp())
    return int(time.time())
