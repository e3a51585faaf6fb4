"""Functions and roles: everything that FleetFunction gives, on every function, however it was made."""

from collections.abc import Iterator, Sequence
from typing import Any

from fleetctl.policies import of_role, role_of
from fleetctl.templates import Template
from tests.stacks.checks.boundary import by_tag

_EVERYTHING = {"tag:GetResources": "it finds the queues that their owners opened by a tag, and reads nothing of them"}
"""Actions that AWS allows on `*` only, and why they are needed."""


def check(templates: Sequence[Template]) -> list[str]:
    """Every function, every role, and the alarms of every capability that has functions."""
    found: list[str] = []
    for template in templates:
        for name, function in template.of_type("AWS::Lambda::Function").items():
            found += _settings(template, name, function)
            found += _role(template, name)
            found += _logs(template, name, function)
            found += _may_log(template, name, function)
            found += _dead_letters(template, name, function)
        for name, role in template.of_type("AWS::IAM::Role").items():
            found += _any_role(template, name, role)
    return found


def _settings(template: Template, name: str, function: dict[str, Any]) -> Iterator[str]:
    if (function.get("Runtime"), function.get("Architectures")) != ("python3.13", ["arm64"]):
        yield template.problem(name, "must be Python 3.13 on arm64: use FleetFunction")
    if "ReservedConcurrentExecutions" in function:
        yield template.problem(
            name, "reserves concurrency: throttles burn receives; limit the mapping's MaximumConcurrency"
        )
    if function.get("LoggingConfig", {}).get("LogFormat") != "JSON":
        yield template.problem(name, "must log JSON: use FleetFunction")


def _role(template: Template, name: str) -> Iterator[str]:
    role = role_of(template, name)
    arn = template.of_type("AWS::Lambda::Function")[name]["Role"]
    if not role:
        yield template.problem(name, f"has the role {arn}, which is not in its stack")
        return
    users = [
        each for each, properties in template.of_type("AWS::Lambda::Function").items() if properties["Role"] == arn
    ]
    if users != [name]:
        yield template.problem(name, f"shares its role with {', '.join(each for each in users if each != name)}")
    prefix = f"yagura-{template.region}-{template.stack}-"
    if not template.of_type("AWS::IAM::Role")[role].get("RoleName", "").startswith(prefix):
        yield template.problem(role, f"must be named {prefix}<entry>: the bus policy goes by the names of roles")


def _logs(template: Template, name: str, function: dict[str, Any]) -> Iterator[str]:
    group = function.get("LoggingConfig", {}).get("LogGroup")
    groups = {properties["LogGroupName"]: properties for properties in template.of_type("AWS::Logs::LogGroup").values()}
    if group not in groups:
        yield template.problem(
            name, "has no log group of its own: Lambda would make one that keeps everything for ever"
        )
    elif not groups[group].get("RetentionInDays"):
        yield template.problem(name, f"its log group {group} keeps everything for ever: log_retention_days")
    elif (
        sum(
            each.get("LoggingConfig", {}).get("LogGroup") == group
            for each in template.of_type("AWS::Lambda::Function").values()
        )
        > 1
    ):
        yield template.problem(name, f"shares the log group {group} with another function")


def _may_log(template: Template, name: str, function: dict[str, Any]) -> Iterator[str]:
    """Lambda writes the log with the function's role; without these actions it writes nothing, and says nothing."""
    group = function.get("LoggingConfig", {}).get("LogGroup")
    arn = f"arn:aws:logs:{template.region}:{template.account}:log-group:{group}:*"
    role = role_of(template, name)
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        if role and not any(each.allows(action, arn) for each in of_role(template, role)):
            yield template.problem(role, f"may not write its log: grant {action} on {arn}")


def _dead_letters(template: Template, name: str, function: dict[str, Any]) -> Iterator[str]:
    """EventBridge calls asynchronously: after two retries the event is in the dead letters, or nowhere."""
    arn = function.get("DeadLetterConfig", {}).get("TargetArn")
    if arn is None:
        yield template.problem(name, "has no dead letters: an event that fails three times would be lost")
        return
    role = role_of(template, name)
    # A tag opens dead letters to redriving; whoever takes it off must not keep a function from leaving them there.
    if role and not any(each.allows("sqs:SendMessage", arn) and not by_tag(each) for each in of_role(template, role)):
        yield template.problem(role, f"may not send to its dead letters: grant sqs:SendMessage on {arn}")
    watched = {"ApproximateNumberOfMessagesVisible": {arn}}
    watched["ApproximateAgeOfOldestMessage"] = {
        mapping["EventSourceArn"]
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if ":sqs:" in mapping["EventSourceArn"]
    }
    for metric, queues in watched.items():
        for queue in sorted(queues - _watched(template, metric)):
            yield template.problem(name, f"no alarm watches {metric} of {queue}")


def _watched(template: Template, metric: str) -> set[str]:
    prefix = f"arn:aws:sqs:{template.region}:{template.account}:"
    return {
        f"{prefix}{dimension['Value']}"
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == metric and alarm.get("AlarmActions")
        for dimension in alarm["Dimensions"]
    }


def _any_role(template: Template, name: str, role: dict[str, Any]) -> Iterator[str]:
    boundary = f"arn:aws:iam::{template.account}:policy/yagura/yagura-boundary-{template.region}"
    if role.get("PermissionsBoundary") != boundary:
        yield template.problem(name, f"must carry the boundary {boundary}")
    if role.get("Path") != "/yagura/":
        yield template.problem(name, "must be under /yagura/")
    if role.get("ManagedPolicyArns"):
        yield template.problem(
            name, f"has managed policies, which are not exact: {', '.join(role['ManagedPolicyArns'])}"
        )
    for statement in of_role(template, name):
        for action in statement.actions:
            if "*" in action:
                yield template.problem(name, f"may do {action}: name the actions")
            elif "*" in statement.resources and action not in _EVERYTHING:
                yield template.problem(
                    name, f"may do {action} on everything: name the resources, or say why in {__name__}"
                )
