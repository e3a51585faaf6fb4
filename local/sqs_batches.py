"""ChangeMessageVisibilityBatch is allowed by `sqs:ChangeMessageVisibility`.

Evidence: Service Authorization Reference, "Actions, resources, and condition keys for Amazon SQS", knows no batch
actions; SQS Developer Guide, "Amazon SQS API permissions": "the permission for the single action covers its batch
form". The emulator knows that of sending and deleting, and not of visibility.
"""

from typing import Any

from ministack.core import iam_actions

_BATCHES = {
    f"sqs:{action}Batch": f"sqs:{action}" for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}


def install() -> None:
    """Name the action that IAM knows."""
    extract = iam_actions.extract_iam_action

    def extracted(*args: Any, **kw: Any) -> str | None:
        action: str | None = extract(*args, **kw)
        return _BATCHES.get(action or "", action)

    iam_actions.extract_iam_action = extracted
