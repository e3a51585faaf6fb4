"""A rule's target that is an event bus, of the same or another account or Region.

The emulator refuses every other account ("event bus ... not found"). Evidence:
- EventBridge User Guide, eb-cross-account: the rule's role must be allowed `events:PutEvents` on the receiving bus,
  and the receiving bus's policy must allow it; the event's own `account`, `region`, `id`, `time` stay as they were.
- Same page: "If a receiver account sets up a rule that sends events received from a sender account to a third account,
  these events are not sent to the third account." and eb-bus-to-bus: "EventBridge can't route events received from a
  sender event bus to a third event bus." So one hop, also when both buses are in one account.
- PutTargets: a bus in another account or Region needs a RoleArn (the emulator checks that); in the same account an
  older rule may still have none, and then the receiving bus's policy alone must not deny.
- What cannot be delivered goes to the target's dead-letter queue with AWS's attributes (`dead_letters.py`).
"""

from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.iam_evaluator import PrincipalInfo, _gather_role_policies, _permissions_boundary
from ministack.core.responses import get_account_id
from ministack.services import eventbridge, iam

from local import bus_policy, dead_letters, journal, target_grants
from local.principals import denial
from local.put_events import accept


def install() -> None:
    """Deliver to buses ourselves, and ask for the grants of every other target."""
    invoke = eventbridge._invoke_target

    def invoked(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        view = view or eventbridge._pattern_event_view(event)
        try:
            spec = parse_arn(target.get("Arn", ""))
        except ArnParseError:
            invoke(target, event, rule, view)
            return
        if spec.service == "events" and spec.resource.startswith("event-bus/"):
            problem = _deliver(target, event, rule)
        else:
            problem = target_grants.problem(target, spec, rule)
            if problem is None:
                invoke(target, event, rule, view)
        if problem is not None:
            dead_letters.give_up(target, rule, journal.envelope(event, view), *problem)

    eventbridge._invoke_target = invoked


def _deliver(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any]) -> tuple[str, str] | None:
    """Put the event on the other bus, or say why not as (error code, message)."""
    bus_arn = target["Arn"]
    if event.get(journal.HOPS):
        return "SECOND_HOP", f"{bus_arn}: an event that came from another bus is not sent on to a third"
    _, _, _, region, account, resource = bus_arn.split(":", 5)
    bus = resource.removeprefix("event-bus/")
    if bus != "default" and not eventbridge._event_buses.contains_scoped(account, region, bus):
        return "NO_RESOURCE", f"Event bus {bus_arn} does not exist."
    role = target.get("RoleArn")
    principal = session_of(role) if role else _this_account()
    if isinstance(principal, str):
        return "NO_PERMISSIONS", principal
    entry = {"Source": event.get("Source", ""), "DetailType": event.get("DetailType", "")}
    result = bus_policy.decide(principal, bus_arn, [entry], rule_arn=rule.get("Arn", ""))
    if result.decision != "Allow":
        explicit = result.decision == "Deny"
        return "NO_PERMISSIONS", denial(
            "events:PutEvents", principal.arn, bus_arn, explicit=explicit, kind=result.reason
        )
    forwarded = {name: value for name, value in event.items() if name != "_DispatchPath"}
    forwarded |= {
        "EventBusName": bus,
        journal.HOPS: 1,
        journal.CAME_BY: {
            "rule": rule.get("Arn", ""),
            "bus": rule.get("EventBusName", "default"),
            "account": get_account_id(),
        },
    }
    accept(forwarded, account, region)
    return None


def _this_account() -> PrincipalInfo:
    account = get_account_id()
    return PrincipalInfo(arn=f"arn:aws:iam::{account}:root", type="Root", account=account, policies=None)


def session_of(role_arn: str) -> PrincipalInfo | str:
    """The session that EventBridge assumes for a target, or why it cannot: no such role, or no trust."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    role = iam._roles.get_scoped(account, None, name)
    if role is None:
        return f"The role {role_arn} does not exist."
    if not target_grants.trusts_events(role):
        return f"The role {role_arn} does not trust events.amazonaws.com."
    return PrincipalInfo(
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/events",
        type="AssumedRole",
        account=account,
        policies=_gather_role_policies(name, account),
        limits=_permissions_boundary(iam._roles, name, account),
    )
