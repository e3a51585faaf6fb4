"""Commands: the hub's publisher alone puts them on a spoke's bus, and each account takes those that are for it."""

from collections.abc import Iterator, Sequence
from typing import Any

from fleetctl.policies import Statement, of_resource, of_role, trust
from fleetctl.templates import Template

_SOURCE = "yagura.chatops"
_COMMAND = "CommandRequested"


def commanders(templates: Sequence[Template], template: Template) -> set[str]:
    """The role of the hub that sends commands to the account of `template`; none, if that is the hub."""
    return {
        hub.arn(name)
        for hub in templates
        if (hub.stack, hub.local) == ("chatops", template.local) and hub.account != template.account
        for name, role in hub.of_type("AWS::IAM::Role").items()
        if role["RoleName"] == f"yagura-{hub.region}-chatops-publish"
    }


def admits_commander(statement: Statement, commander: set[str]) -> bool:
    """It lets this one role put the events of chatops, and nothing else."""
    accounts = {f"arn:aws:iam::{arn.split(':')[4]}:root" for arn in commander}
    return (
        bool(commander)
        and set(statement.principals) == accounts
        and statement.values("aws:PrincipalArn") == [("ArnEquals", sorted(commander))]
        and [each for each in statement.values("events:source") if each[0] != "Null"]
        == [("ForAllValues:StringEquals", [_SOURCE])]
    )


def check(templates: Sequence[Template]) -> list[str]:
    """Roles that put on buses, of their own account and of others; rules that take commands."""
    found: list[str] = []
    for template in templates:
        for role in template.of_type("AWS::IAM::Role"):
            if all(each.principals == ("lambda.amazonaws.com",) for each in trust(template, role)):
                found += _putter(templates, template, role)
        for name, rule in template.of_type("AWS::Events::Rule").items():
            if _COMMAND in rule.get("EventPattern", {}).get("detail-type", []):
                found += _rule(templates, template, name, rule["EventPattern"])
    return found


def _putter(templates: Sequence[Template], template: Template, role: str) -> Iterator[str]:
    arn, own = template.arn(role), f"arn:aws:events:{template.region}:{template.account}:event-bus/yagura"
    for statement in of_role(template, role):
        if "events:PutEvents" not in statement.actions:
            continue
        source = ("ForAllValues:StringEquals", [f"yagura.{template.stack}"])
        if source not in statement.values("events:source"):
            yield template.problem(role, f"may put events of any source: limit events:source to {source[1][0]}")
        for bus in sorted(set(statement.resources) - {own}):
            owners = [each for each in templates if _owns(each, bus)]
            if not any(arn in commanders(templates, each) for each in owners):
                yield template.problem(role, f"may put events on {bus}: only the hub's publisher puts on another bus")
            elif not any(admits_commander(each, {arn}) for each in of_resource(templates, bus)):
                yield template.problem(role, f"the policy of {bus} does not admit it; see stacks/bus_policy.py")


def _owns(template: Template, bus: str) -> bool:
    return bus in {template.arn(name) for name in template.of_type("AWS::Events::EventBus")}


def _rule(templates: Sequence[Template], template: Template, name: str, pattern: dict[str, Any]) -> Iterator[str]:
    hubs = {each.account for each in templates if (each.stack, each.local) == ("chatops", template.local)}
    data = pattern.get("detail", {}).get("data", {})
    wanted: dict[str, tuple[Any, Any]] = {
        "source": (pattern.get("source"), [_SOURCE]),
        "account": (pattern.get("account"), sorted(hubs)),
        "detail.data.capability": (data.get("capability"), [template.stack]),
        "detail.data.account": (data.get("account"), [template.account]),
        "detail.data.region": (data.get("region"), [template.region]),
    }
    for where, (found, expected) in wanted.items():
        if found != expected:
            yield template.problem(name, f"takes commands that are not for it: {where} must be {expected}, is {found}")
