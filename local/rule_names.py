"""ListTargetsByRule, PutTargets and RemoveTargets are authorized for the rule that they name.

Evidence: Service Authorization Reference, Amazon EventBridge: the three actions have the resource types
`rule-on-default-event-bus` (`rule/<name>`) and `rule-on-custom-event-bus` (`rule/<bus>/<name>`), required. API
reference: they name the rule `Rule`, and the bus by its name or its ARN. The emulator looks for a field `Name`, and
asks for the bus of these, so that a role with exact rules is refused here what AWS allows.
"""

import json
from typing import Any

from ministack.core import iam_actions

_ACTIONS = {f"AWSEvents.{action}" for action in ("ListTargetsByRule", "PutTargets", "RemoveTargets")}


def install() -> None:
    """Name the rule."""
    extract = iam_actions.extract_resource_arn

    def extracted(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> Any:
        named = _rule(headers, body, *rest[-2:]) if service == "events" else ""
        return named or extract(service, method, path, headers, body, *rest)

    iam_actions.extract_resource_arn = extracted


def _rule(headers: dict[str, str], body: bytes, region: str, account: str) -> str:
    if headers.get("x-amz-target", "") not in _ACTIONS:
        return ""
    try:
        request = json.loads(body)
        rule, bus = str(request["Rule"]), str(request.get("EventBusName") or "default")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    bus = bus.partition("event-bus/")[2] or bus
    return f"arn:aws:events:{region}:{account}:rule/{rule if bus == 'default' else f'{bus}/{rule}'}"
