"""Who calls, as condition keys see it, and refusals that name the resource.

Evidence: `aws:PrincipalArn` - "For IAM roles, the request context returns the ARN of the role, not the ARN of the user
that assumed the role" (IAM User Guide, "AWS global condition context keys"); the path is part of the ARN. The emulator
gives the session's `sts` ARN, so a policy written for AWS would never match here, and one written for the emulator
would never match on AWS.

`aws:SecureTransport` is always true: every SDK and service speaks TLS to AWS, and here the loopback address stands for
it. With the emulator's "false" the usual statement "deny what comes without TLS" closes every queue and topic.

Refusals: AWS words an implicit denial "User: <arn> is not authorized to perform: <action> on resource: <arn> because
no identity-based policy allows the <action> action" (IAM User Guide, "Troubleshoot access denied error messages"). The
emulator leaves the resource out for most services; our tests name action and resource from this line in the logs.
"""

from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam


def role_arn(principal_arn: str) -> str:
    """The role's own ARN with its path for a session ARN; any other ARN is returned as it is."""
    if ":assumed-role/" not in principal_arn:
        return principal_arn
    account, name = principal_arn.split(":")[4], principal_arn.split("/")[1]
    role = iam._roles.get_scoped(account, None, name) or {}
    return str(role.get("Arn") or f"arn:aws:iam::{account}:role/{name}")


def install() -> None:
    """Teach the emulator's evaluator the role's ARN, and its refusals the resource."""
    resolve = iam_evaluator._resolve_condition_key
    refuse = iam_actions.access_denied_response

    def resolved(key: str, ctx: Any) -> Any:
        match key.lower():
            case "aws:principalarn":
                return role_arn(ctx.principal_arn)
            case "aws:securetransport":
                return "true"
            case _:
                return resolve(key, ctx)

    def refused(service: str, action: str, principal_arn: str, request_id: str, **kw: Any) -> Any:
        resource, explicit = kw.get("resource_arn", "*"), kw.get("explicit_deny")
        if (
            not kw.get("message")
            and not kw.get("error_code")
            and resource != "*"
            and not (explicit and kw.get("resource_policy_arn"))
        ):
            kw["message"] = denial(action, principal_arn, resource, explicit=bool(explicit))
        return refuse(service, action, principal_arn, request_id, **kw)

    iam_evaluator._resolve_condition_key = resolved
    iam_actions.access_denied_response = refused


def denial(action: str, principal_arn: str, resource: str, *, explicit: bool, kind: str = "identity") -> str:
    """AWS's sentence for a refusal. `kind` is the policy type that decided: identity or resource."""
    why = (
        f"with an explicit deny in {'a' if kind == 'resource' else 'an'} {kind}-based policy"
        if explicit
        else f"because no {kind}-based policy allows the {action} action"
    )
    return f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource} {why}"
