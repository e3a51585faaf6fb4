"""Pollers: Lambda reads a queue or a stream with the function's own role, which needs exactly the actions for it."""

from collections.abc import Iterator, Sequence
from typing import Any

from fleetctl.policies import of_role, role_of
from fleetctl.templates import Template
from tests.stacks.checks.boundary import by_tag

_QUEUE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
_STREAM = {f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}


def check(templates: Sequence[Template]) -> list[str]:
    """Each mapping's function may do on its source what the poller does, no less and no more."""
    return [
        problem
        for template in templates
        for name, mapping in template.of_type("AWS::Lambda::EventSourceMapping").items()
        for problem in _mapping(template, name, mapping)
    ]


def _mapping(template: Template, name: str, mapping: dict[str, Any]) -> Iterator[str]:
    functions = template.of_type("AWS::Lambda::Function")
    called = mapping["FunctionName"]
    function = next(
        (each for each in functions if called in {template.arn(each), functions[each]["FunctionName"]}), None
    )
    if function is None:
        yield template.problem(name, f"calls {called}, which is not in this stack")
        return
    source, role = mapping["EventSourceArn"], role_of(template, function)
    needed = _QUEUE if ":sqs:" in source else _STREAM
    yield from _exactly(template, role, source, needed)
    if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
        yield template.problem(name, "one bad event would block its neighbours: report_batch_item_failures=True")
    if ":sqs:" in source and "MaximumConcurrency" not in mapping.get("ScalingConfig", {}):
        yield template.problem(name, "has no MaximumConcurrency: a flood would take the account's whole concurrency")
    if ":sqs:" in source and mapping.get("BatchSize", 10) > 10 and not mapping.get("MaximumBatchingWindowInSeconds"):
        yield template.problem(name, "SQS gives more than 10 messages at once only to who waits for them: window=...")
    failed = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if failed:
        yield from _exactly(template, role, failed, {"sqs:SendMessage"})
    elif ":dynamodb:" in source:
        yield template.problem(
            name, "has no destination for what fails: records of the stream would be lost in silence"
        )
    if ":dynamodb:" in source and mapping.get("MaximumRetryAttempts", -1) < 0:
        yield template.problem(name, "retries for ever: one bad record would block its shard for 24 hours")
    yield from _created_after_grant(template, name, role)


def _exactly(template: Template, role: str, resource: str, needed: set[str]) -> Iterator[str]:
    """What is granted by a tag is for queues of any team (see boundary.py), and not what the poller goes by."""
    service = resource.split(":")[2]
    has = {
        action
        for each in of_role(template, role)
        for action in each.actions
        if action.startswith(f"{service}:") and each.allows(action, resource) and not by_tag(each)
    }
    if missing := sorted(needed - has):
        yield template.problem(role, f"the poller of {resource} needs {', '.join(missing)}")
    # A function may put work back on its own queue, to do it later.
    if excess := sorted(has - needed - {"sqs:SendMessage"}):
        yield template.problem(role, f"the poller of {resource} does not need {', '.join(excess)}")


def _created_after_grant(template: Template, name: str, role: str) -> Iterator[str]:
    """Lambda tries the role when the mapping is made: the policy must be there before."""
    role_name = template.of_type("AWS::IAM::Role").get(role, {}).get("RoleName")
    policies = {
        policy
        for policy, properties in template.of_type("AWS::IAM::Policy").items()
        if role_name in properties.get("Roles", [])
    }
    if not policies & set(template.resources[name].get("DependsOn", [])):
        yield template.problem(name, f"may be made before the policy of {role}: grant.apply_before(mapping)")
