"""The resource policy of an event bus: where it comes from, and the decision that it takes part in.

The emulator stores what PutPermission says and never evaluates it; it ignores PutPermission's `Policy` and the
template property `AWS::Events::EventBus.Policy`; and it evaluates identity policies for PutEvents without the keys
`events:source` and `events:detail-type`. Evidence for what is done here instead:
- IAM User Guide, "Policy evaluation logic": a Deny anywhere wins; in the owner's account an Allow in either policy is
  enough; across accounts both must allow.
- EventBridge User Guide, "Using IAM policy conditions" (eb-use-conditions): `aws:SourceArn` is "the ARN of the rule
  that is sending the event", `aws:SourceAccount` its account; `events:source` and `events:detail-type` are the literal
  strings of the entries. One PutEvents call carries up to ten, so the keys are multivalued: ForAllValues and
  ForAnyValue decide as documented under "Set operators" (also where that lets a mixed batch through, as on AWS).
  What a plain operator does with several values AWS calls unpredictable; here a Deny matches if any value does,
  an Allow only if all do.
- PutPermission: `Policy` replaces the whole policy; a `Principal` that is an account id becomes that account's root.
"""

import json
import re
from dataclasses import replace
from typing import Any

from ministack.core.iam_evaluator import (
    EvalContext,
    EvalResult,
    PrincipalInfo,
    combine_resource_policy,
    evaluate,
)
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, new_uuid
from ministack.services import eventbridge

_MULTIVALUED = {"events:source", "events:detail-type"}
_STATEMENT_ID = re.compile(r"[a-zA-Z0-9-_]{1,64}")


def policy_of(account: str, region: str, bus: str) -> dict[str, Any] | None:
    """The policy document of a bus of any account, or None."""
    found: dict[str, Any] | None = eventbridge._event_bus_policies.get_scoped(account, region, bus)
    return found


def put(bus: str, document: dict[str, Any]) -> None:
    """Replace the policy of a bus of the calling account."""
    eventbridge._event_bus_policies[bus] = document


def statements(bus: str) -> list[dict[str, Any]]:
    """The statements on a bus of the calling account."""
    found = (eventbridge._event_bus_policies.get(bus) or {}).get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


def put_statement(bus: str, statement: dict[str, Any]) -> None:
    """Add a statement, or replace the one with the same Sid."""
    kept = [each for each in statements(bus) if each.get("Sid") != statement.get("Sid")]
    put(bus, {"Version": "2012-10-17", "Statement": [*kept, statement]})


def remove_statement(bus: str, sid: str) -> None:
    """Remove the statement with this Sid; without statements a bus has no policy."""
    kept = [each for each in statements(bus) if each.get("Sid") != sid]
    if kept:
        put(bus, {"Version": "2012-10-17", "Statement": kept})
    else:
        eventbridge._event_bus_policies.pop(bus, None)


def decide(principal: PrincipalInfo, bus_arn: str, entries: list[dict[str, Any]], rule_arn: str = "") -> EvalResult:
    """May `principal` put `entries` (with Source and DetailType) on the bus? `rule_arn`: on behalf of this rule."""
    _, _, _, region, owner, resource = bus_arn.split(":", 5)
    context: dict[str, Any] = {
        "events:source": sorted({str(entry.get("Source", "")) for entry in entries}),
        "events:detail-type": sorted({str(entry.get("DetailType", "")) for entry in entries}),
    }
    if rule_arn:
        context |= {"aws:sourcearn": rule_arn, "aws:sourceaccount": rule_arn.split(":")[4]}
    ctx = EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action="events:PutEvents",
        resource_arn=bus_arn,
        region=region,
        service_context=context,
        principal_keys=principal.keys,
    )
    if principal.policies is None:
        identity = EvalResult("Allow", principal.arn, reason="account root")
    else:
        identity = evaluate(
            ctx, *[[_as_sets(parsed) for parsed in layer] for layer in (principal.policies, *principal.limits)]
        )
    document = policy_of(owner, region, resource.removeprefix("event-bus/"))
    result: EvalResult = combine_resource_policy(
        identity, ctx, _document_as_sets(document), owner, limits=tuple(principal.limits)
    )
    result.principal_arn = principal.arn
    # Whose silence or denial it was: the wording of the refusal depends on it.
    result.reason = "identity" if identity.decision != "Allow" and not result.resource_policy_arn else "resource"
    return result


def _as_sets(parsed: list[Any]) -> list[Any]:
    return [replace(each, conditions=_conditions_as_sets(each.effect, each.conditions)) for each in parsed]


def _document_as_sets(document: dict[str, Any] | None) -> dict[str, Any] | None:
    if not document:
        return None
    found = document.get("Statement", [])
    listed = [found] if isinstance(found, dict) else found
    return {
        **document,
        "Statement": [
            {**each, "Condition": _conditions_as_sets(each.get("Effect", ""), each.get("Condition") or {})}
            for each in listed
        ],
    }


def _conditions_as_sets(effect: str, conditions: dict[str, Any]) -> dict[str, Any]:
    """Say which set operator a plain operator on a multivalued key stands for."""
    result: dict[str, dict[str, Any]] = {}
    for operator, keys in conditions.items():
        for key, expected in keys.items():
            plain = not operator.lower().startswith(("forallvalues:", "foranyvalue:", "null"))
            prefix = (
                ("ForAnyValue:" if effect == "Deny" else "ForAllValues:")
                if (plain and key.lower() in _MULTIVALUED)
                else ""
            )
            result.setdefault(prefix + operator, {})[key] = expected
    return result


def _put_permission(data: dict[str, Any]) -> Any:
    bus = data.get("EventBusName") or "default"
    if bus not in eventbridge._event_buses:
        return error_response_json("ResourceNotFoundException", f"Event bus {bus} does not exist.", 400)
    if data.get("Policy"):
        try:
            document = json.loads(data["Policy"])
        except ValueError:
            return error_response_json("ValidationException", "Policy is not valid JSON.", 400)
        put(bus, document)
        return json_response({})
    sid = data.get("StatementId") or new_uuid()
    if not _STATEMENT_ID.fullmatch(sid):
        return error_response_json("ValidationException", f"StatementId {sid} is not valid.", 400)
    principal = data.get("Principal", "*")
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": data.get("Action", "events:PutEvents"),
        "Principal": "*" if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Resource": f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/{bus}",
    }
    if condition := data.get("Condition"):
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    put_statement(bus, statement)
    return json_response({})


def install() -> None:
    """Replace the emulator's PutPermission."""
    eventbridge._put_permission = _put_permission
