"""The dead-letter queue of a rule's target.

The emulator logs an undeliverable event and forgets it. Evidence: EventBridge User Guide, "Using dead-letter queues to
process undelivered events" (eb-rule-dlq): the message body is the event, its attributes are RULE_ARN, TARGET_ARN,
ERROR_CODE and ERROR_MESSAGE; "no permissions" and "target does not exist" are not retried but dead-lettered at once;
the queue's policy must allow the service for that rule, or the event is lost.
Retries of a target that fails for a while are not simulated: locally nothing fails for a while.
"""

import json
import logging
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import eventbridge, sqs

from local import journal, target_grants

_log = logging.getLogger("yagura.local")


def give_up(target: dict[str, Any], rule: dict[str, Any], event: dict[str, Any], code: str, message: str) -> None:
    """Dead-letter an event that could not be delivered, or write down that it is lost."""
    bus, rule_arn = rule.get("EventBusName", "default"), rule.get("Arn", "")
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn", "")
    # A second hop is not a failure of delivery on AWS: the event is not sent, and not dead-lettered either.
    queue = sqs._queue_by_arn(queue_arn) if queue_arn and code != "SECOND_HOP" else None
    allowed = queue is not None and target_grants.allows(
        queue["attributes"].get("Policy"), "sqs:SendMessage", queue_arn, rule_arn
    )
    outcome = "dead-lettered" if allowed else "undelivered"
    _log.warning("rule %s -> %s: %s: %s: %s", rule_arn, target.get("Arn"), outcome, code, message)
    journal.note(outcome, bus, event, rule=rule_arn, target=target.get("Arn"), code=code, reason=message)
    if not allowed or queue is None:
        return
    try:
        spec = parse_arn(queue_arn)
    except ArnParseError:
        return
    eventbridge._dispatch_to_sqs(spec, json.dumps(event))
    texts = {"RULE_ARN": rule_arn, "TARGET_ARN": target.get("Arn", ""), "ERROR_CODE": code, "ERROR_MESSAGE": message}
    queue["messages"][-1]["message_attributes"] = {
        name: {"DataType": "String", "StringValue": text} for name, text in texts.items()
    }
