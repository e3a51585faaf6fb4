"""ListDeadLetterSourceQueues, which the emulator lacks.

Evidence: SQS API reference, ListDeadLetterSourceQueues: the URLs (`queueUrls`) of the queues whose RedrivePolicy names
this queue as their dead-letter queue; MaxResults 1 to 1000, and NextToken when more remain. A queue and its
dead-letter queue are in the same account and Region.
"""

import json
from typing import Any

from ministack.services import sqs


def install() -> None:
    """Add the action."""
    sqs._HANDLERS["ListDeadLetterSourceQueues"] = _list


def _list(data: dict[str, Any], url: str) -> dict[str, Any]:
    arn = sqs._get_q(data.get("QueueUrl") or url, "sqs:ListDeadLetterSourceQueues")["attributes"]["QueueArn"]
    sources = [source for source, queue in sqs._queues.items() if _dead_letters(queue) == arn]
    most, start = int(data.get("MaxResults") or 1000), int(data.get("NextToken") or 0)
    answer: dict[str, Any] = {"queueUrls": sources[start : start + most]}
    if start + most < len(sources):
        answer["NextToken"] = str(start + most)
    return answer


def _dead_letters(queue: dict[str, Any]) -> str:
    policy = queue["attributes"].get("RedrivePolicy")
    return str(json.loads(policy).get("deadLetterTargetArn", "")) if policy else ""
