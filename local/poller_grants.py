"""May the function's role read the queue or the stream that it is mapped to?

On AWS creating the mapping fails without these permissions; the emulator's poller reads whatever it is mapped to.
Evidence: Lambda Developer Guide, "Execution role permissions" of SQS (ReceiveMessage, DeleteMessage,
GetQueueAttributes) and of DynamoDB streams (DescribeStream, GetRecords, GetShardIterator); CreateEventSourceMapping:
InvalidParameterValueException "The provided execution role does not have permissions to call ReceiveMessage on SQS".
"""

from typing import Any

from ministack.core.iam_evaluator import EvalContext, _gather_role_policies, _permissions_boundary, evaluate
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, lambda_svc
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

_NEEDED = {
    "sqs": ("SQS", ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")),
    "dynamodb": ("DynamoDB", ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")),
}


def install() -> None:
    """Refuse a mapping in a template whose role may not poll."""
    handler = _RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create = handler["create"]

    def created(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        _refuse_without_grants(props)
        return create(logical_id, props, stack)

    handler["create"] = created


def _refuse_without_grants(props: dict[str, Any]) -> None:
    source, name = str(props.get("EventSourceArn", "")), str(props.get("FunctionName", ""))
    name = name.split(":function:", 1)[-1].split(":", 1)[0]
    function = lambda_svc._functions.get(name)
    needed = _NEEDED.get(source.split(":")[2] if source.startswith("arn:") else "")
    if function is None or needed is None:
        return
    account, role = get_account_id(), function["config"]["Role"].rsplit("/", 1)[-1]
    policies, limits = _gather_role_policies(role, account), _permissions_boundary(iam._roles, role, account)
    for action in needed[1]:
        ctx = EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=source,
            region=get_region(),
        )
        if evaluate(ctx, policies, *limits).decision != "Allow":
            raise ValueError(
                "Invalid request provided: The provided execution role does not have permissions to call "
                f"{action.split(':')[1]} on {needed[0]} (function {name}, resource {source})"
            )
