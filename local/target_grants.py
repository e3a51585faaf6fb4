"""May EventBridge deliver to this target? The grants between services that the emulator does not ask for.

On AWS a rule whose queue, topic or function does not allow `events.amazonaws.com` looks fully wired and delivers
nothing. Evidence: EventBridge User Guide, "Using resource-based policies" (eb-use-resource-based):
queues and topics need a policy statement for the service principal, functions a permission, with `aws:SourceArn` the
rule; targets with a RoleArn use that role. Queues of another account or Region, qualified functions and other services
are left to the emulator (`fleetctl local doctor` says so).
"""

import json
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.services import lambda_svc, sns, sqs

_SERVICE = "events.amazonaws.com"
_ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}


def problem(target: dict[str, Any], spec: Any, rule: dict[str, Any]) -> tuple[str, str] | None:
    """None if the target may be invoked, else (error code, message)."""
    arn, action = str(target["Arn"]), _ACTIONS.get(spec.service)
    if action is None or target.get("RoleArn"):
        return None
    found = _policy(spec, arn)
    if found is None:
        return None
    if not found[0]:
        return "NO_RESOURCE", f"The target {arn} does not exist."
    if allows(found[1], action, arn, rule.get("Arn", "")):
        return None
    message = (
        f"{_SERVICE} is not authorized to perform: {action} on resource: {arn} for rule {rule.get('Arn')} "
        "because no resource-based policy allows it"
    )
    return "NO_PERMISSIONS", message


def _policy(spec: Any, arn: str) -> tuple[bool, Any] | None:
    """(exists, policy) of a target, None where we do not know."""
    if spec.service == "sqs":
        queue = sqs._queue_by_arn(arn)
        return queue is not None, (queue or {}).get("attributes", {}).get("Policy")
    if spec.service == "sns":
        topic = sns._topic_by_arn_any_scope(arn)
        return topic is not None, (topic or {}).get("attributes", {}).get("Policy")
    name = spec.resource.removeprefix("function:")
    if ":" in name:
        return None
    function = lambda_svc._functions.get(name)
    return function is not None, (function or {}).get("policy")


def allows(policy: Any, action: str, resource: str, rule_arn: str) -> bool:
    """Whether a resource policy lets EventBridge act for this rule."""
    account = rule_arn.split(":")[4] if rule_arn else ""
    ctx = EvalContext(
        principal_arn=_SERVICE,
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region="",
        service_context={"aws:sourcearn": rule_arn, "aws:sourceaccount": account, "aws:principalservicename": _SERVICE},
    )
    return bool(evaluate_resource_policy(policy, ctx, service=_SERVICE).decision == "Allow")


def trusts_events(role: dict[str, Any]) -> bool:
    """Whether EventBridge may assume the role."""
    document = role.get("AssumeRolePolicyDocument") or {}
    document = json.loads(document) if isinstance(document, str) else document
    found = document.get("Statement", [])
    for statement in [found] if isinstance(found, dict) else found:
        services = (
            (statement.get("Principal") or {}).get("Service", [])
            if isinstance(statement.get("Principal"), dict)
            else []
        )
        if statement.get("Effect") == "Allow" and _SERVICE in ([services] if isinstance(services, str) else services):
            return True
    return False
