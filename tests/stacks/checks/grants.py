"""Service-to-service grants: what EventBridge and CloudWatch send arrives only if the receiver's policy says so."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from fleetctl.policies import Statement, many, of_resource, of_role, resource_policies, trust
from fleetctl.templates import Template

_SOURCES = ("aws:SourceArn", "aws:SourceAccount")
_NOT_NEGATED = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")


def check(templates: Sequence[Template]) -> list[str]:
    """Every rule, target, dead letter and alarm can deliver; nobody else can."""
    found = [*_open_to_services(templates)]
    for template in templates:
        for name, rule in template.of_type("AWS::Events::Rule").items():
            for target in rule["Targets"]:
                found += _target(templates, template, name, target)
        for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
            found += _alarm(templates, template, name, alarm)
    return found


def _target(templates: Sequence[Template], template: Template, rule: str, target: dict[str, Any]) -> Iterator[str]:
    arn, source = target["Arn"], template.arn(rule)
    match arn.split(":")[2]:
        case "sqs" if not _may(templates, "events.amazonaws.com", "sqs:SendMessage", arn, source):
            yield template.problem(rule, f"the policy of queue {arn} does not let this rule send; use EventQueue.on()")
        case "lambda" if not _may(templates, "events.amazonaws.com", "lambda:InvokeFunction", arn, source):
            yield template.problem(rule, f"no Lambda permission lets this rule call {arn}; use targets.LambdaFunction")
        case "events":
            yield from _bus(templates, template, rule, target)
        case "sqs" | "lambda":
            pass
        case service:
            yield template.problem(rule, f"target {arn}: teach {__name__} what a target in {service} needs")
    dead_letters = target.get("DeadLetterConfig", {}).get("Arn")
    if dead_letters is None:
        yield template.problem(rule, f"target {arn} has no dead letters: an event that cannot be delivered is lost")
    elif not _may(templates, "events.amazonaws.com", "sqs:SendMessage", dead_letters, source):
        yield template.problem(
            rule, f"the policy of {dead_letters} does not let this rule leave its dead letters there"
        )


def _bus(templates: Sequence[Template], template: Template, rule: str, target: dict[str, Any]) -> Iterator[str]:
    """A bus takes events by a role that may put on it and no more, and across accounts by its policy too."""
    arn = target["Arn"]
    role = next(
        (name for name in template.of_type("AWS::IAM::Role") if template.arn(name) == target.get("RoleArn")), ""
    )
    if not role:
        yield template.problem(rule, f"target {arn} needs a RoleArn of this template that may put events there")
        return
    if not any(
        each.principals == ("events.amazonaws.com",)
        and ("StringEquals", [template.account]) in each.values(_SOURCES[1])
        for each in trust(template, role)
    ):
        yield template.problem(role, "only events.amazonaws.com of this account (aws:SourceAccount) may assume it")
    may = {
        (action, resource) for each in of_role(template, role) for action in each.actions for resource in each.resources
    }
    if may != {("events:PutEvents", arn)}:
        yield template.problem(role, f"must be allowed events:PutEvents on {arn} and nothing else; has {sorted(may)}")
    across = arn.split(":")[4] != template.account
    if across and not any(_admits(each, template.arn(role), template.account) for each in of_resource(templates, arn)):
        yield template.problem(
            rule, f"the policy of {arn} does not admit {template.arn(role)}; see stacks/bus_policy.py"
        )


def _admits(statement: Statement, role: str, account: str) -> bool:
    pinned = [value for _, values in statement.values("aws:PrincipalArn") for value in values]
    return (
        statement.effect == "Allow"
        and "events:PutEvents" in statement.actions
        and f"arn:aws:iam::{account}:root" in statement.principals
        and any(fnmatchcase(role, each) for each in pinned)
    )


def _alarm(templates: Sequence[Template], template: Template, name: str, alarm: dict[str, Any]) -> Iterator[str]:
    actions = alarm.get("AlarmActions", [])
    if not actions:
        yield template.problem(name, "tells nobody: add the alarm topic as its action")
    for topic in actions:
        if not _may(templates, "cloudwatch.amazonaws.com", "sns:Publish", topic, template.arn(name)):
            yield template.problem(name, f"the policy of {topic} does not let CloudWatch publish for this account")
        if not any(
            subscription["TopicArn"] == topic
            for other in templates
            for subscription in other.of_type("AWS::SNS::Subscription").values()
        ):
            yield template.problem(name, f"nobody is subscribed to {topic}")


def _may(templates: Sequence[Template], service: str, action: str, resource: str, source: str) -> bool:
    return any(
        service in each.principals and each.allows(action, resource) and _is_for(each, source)
        for each in of_resource(templates, resource)
    )


def _is_for(statement: Statement, source: str) -> bool:
    """Its conditions hold for a call on behalf of `source` (an ARN): same resource, or same account."""
    conditions = [(operator, key, keys[key]) for operator, keys in statement.conditions.items() for key in keys]
    return bool(conditions) and all(
        operator in _NOT_NEGATED and _fits(key, many(value), source) for operator, key, value in conditions
    )


def _fits(key: str, values: list[str], source: str) -> bool:
    if key == "aws:SourceArn":
        return any(fnmatchcase(source, value) for value in values)
    return key == "aws:SourceAccount" and source.split(":")[4] in values


def _open_to_services(templates: Sequence[Template]) -> Iterator[str]:
    """A service acts for every account of AWS: what it is allowed must name the account or the resource behind it."""
    for template, name, policy in resource_policies(templates):
        for each in policy:
            if each.effect != "Allow" or any("kms:" in action for action in each.actions):
                continue  # of keys, see keys.py
            services = [principal for principal in each.principals if principal.endswith(".amazonaws.com")]
            if services and not any(each.values(key) for key in _SOURCES):
                yield template.problem(
                    name, f"{services[0]} is let in for anyone: add aws:SourceArn or aws:SourceAccount"
                )
            if "*" in each.principals:
                yield template.problem(name, "anyone is let in: name the principals")
