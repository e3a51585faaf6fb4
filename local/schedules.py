"""Fire a scheduled rule now: `POST /_local/schedules` with `{"account": "...", "region": "...", "rule": "<name>"}`.

Scheduled rules fire by themselves too (the emulator looks every 10 s; rate(1 minute) came after 67 s); nobody wants to
wait two minutes for a sweep in a demo or a test. The rule's next turn counts from this one, as after any firing.
"""

import json

from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import eventbridge

from local.asgi import Receive, Scope, Send, read_body, send_json


async def serve(_scope: Scope, receive: Receive, send: Send) -> None:
    """Invoke the rule's targets, as its schedule would."""
    try:
        asked = json.loads(await read_body(receive))
        account, region, name = asked["account"], asked.get("region") or "us-east-1", asked["rule"]
    except (ValueError, KeyError, TypeError) as error:
        await send_json(send, 400, {"error": f"/_local/schedules: {error!r}"})
        return
    with request_scope(account, region):
        problem = _fire(name)
    await send_json(send, 400 if problem else 200, {"error": problem} if problem else {"fired": name})


def _fire(name: str) -> str:
    key = f"default|{name}"
    rule = eventbridge._rules.get(key)
    if rule is None or not rule.get("ScheduleExpression"):
        return f"account {get_account_id()} has no scheduled rule {name}"
    if rule.get("State") != "ENABLED":
        return f"rule {name} is disabled"
    now = eventbridge._now_ts()
    event = {
        "EventId": new_uuid(),
        "Source": "aws.events",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "EventBusName": "default",
        "Time": int(now),
        "Resources": [rule["Arn"]],
        "Account": get_account_id(),
        "Region": get_region(),
    }
    eventbridge._rule_last_fired[get_account_id(), get_region(), key] = now
    for target in eventbridge._targets.get(key, []):
        eventbridge._invoke_target(target, event, rule)
    return ""
