"""The fleet buses: no one forges the fleet's events, publishers put their own only, and events hop once."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from fleetctl.policies import Statement, of_role, statements
from fleetctl.templates import Template
from stacks.config.model import CAPABILITIES
from tests.stacks.checks.commands import admits_commander, commanders

_FLEET = "yagura."
FORWARDERS = "arn:aws:iam::*:role/yagura/yagura-*-foundation-forward"
"""Exempt from a Deny, or pinned in an Allow that names accounts; in itself it admits nobody."""
_MOST_CHARACTERS = 10_240
"""Amazon EventBridge quotas: maximum size of an event bus policy."""


def check(templates: Sequence[Template]) -> list[str]:
    """The policy of each bus, the roles that put on buses, and the rules that forward from one to another."""
    found: list[str] = []
    for template in templates:
        for name, bus in template.of_type("AWS::Events::EventBus").items():
            policy = statements(bus.get("Policy", {"Statement": []}))
            commander = commanders(templates, template)
            found += _denies(template, name, policy, commander)
            found += _size(template, name, bus)
            allows = [each for each in policy if each.effect == "Allow" and not admits_commander(each, commander)]
            found += [text for each in allows for text in _allow(template, name, each)]
        found += _putters(template)
        found += _hops(templates, template)
        found += _rules(template)
    return found


def _size(template: Template, name: str, bus: dict[str, Any]) -> Iterator[str]:
    size = len(json.dumps(bus.get("Policy", {}), separators=(",", ":")))
    if size > _MOST_CHARACTERS:
        yield template.problem(name, f"its policy has {size} characters; EventBridge takes {_MOST_CHARACTERS}")


def _denies(template: Template, name: str, policy: list[Statement], commander: set[str]) -> Iterator[str]:
    """`yagura.<capability>` is for its own roles and for forwarders; `yagura.` anything for the fleet's roles.

    In a spoke, the hub's role that sends commands may put those of chatops.
    """
    prefix = f"arn:aws:iam::{template.account}:role/yagura/yagura-{template.region}-"
    wanted = {f"yagura.{capability}": f"{prefix}{capability}-*" for capability in CAPABILITIES}
    wanted["yagura.*"] = f"{prefix}*-*"
    for source, role in wanted.items():
        exempt = [_exempt(each, template.arn(name), source) for each in policy]
        others = {FORWARDERS} | (commander if source in {"yagura.chatops", "yagura.*"} else set())
        if not any(each is not None and each - others <= {role} for each in exempt):
            yield template.problem(name, f"must deny {source} to all but {role} and the forwarders of spokes")
        elif not any(each is not None and commander & others <= each for each in exempt):
            yield template.problem(name, f"denies {source} to the hub's publisher, whose commands it should take")


def _exempt(statement: Statement, bus: str, source: str) -> set[str] | None:
    """Who is exempt from this Deny of `source`; None if it does not deny that."""
    conditions = {
        key: (operator, each) for operator, keys in statement.conditions.items() for key, each in keys.items()
    }
    if (
        statement.effect != "Deny"
        or statement.principals != ("*",)
        or set(conditions) != {"events:source", "aws:PrincipalArn"}
    ):
        return None
    operator, values = conditions["events:source"]
    if "events:PutEvents" not in statement.actions or bus not in statement.resources:
        return None
    fits = "ForAnyValue:StringLike" if "*" in source else "ForAnyValue:StringEquals"
    if operator != fits or source not in ([values] if isinstance(values, str) else values):
        return None
    negated, roles = conditions["aws:PrincipalArn"]
    return {roles} if isinstance(roles, str) else set(roles) if negated == "ArnNotLike" else None


def _allow(template: Template, name: str, statement: Statement) -> Iterator[str]:
    sources = [
        value for operator, values in statement.values("events:source") if operator != "Null" for value in values
    ]
    if statement.actions != ("events:PutEvents",) or statement.resources != (template.arn(name),):
        yield template.problem(name, f"{statement.sid} must allow events:PutEvents on this bus and nothing else")
    if not sources:
        yield template.problem(name, f"{statement.sid} allows any source: limit events:source")
    for source in sources:
        beginning, _, rest = source.partition("*")
        if rest or not beginning or ("*" in source and not beginning.endswith(".")):
            yield template.problem(name, f"{statement.sid} allows {source}: only a name, or a name with .* at its end")
        if beginning.startswith("aws"):
            yield template.problem(name, f"{statement.sid} allows {source}, which is AWS's own")
        if beginning.startswith(_FLEET) and not _pins_forwarders(statement):
            yield template.problem(
                name, f"{statement.sid} allows {source} to whole accounts: pin aws:PrincipalArn to roles"
            )


def _pins_forwarders(statement: Statement) -> bool:
    pinned = statement.values("aws:PrincipalArn")
    return bool(pinned) and all(
        operator == "ArnLike" and all(role == FORWARDERS for role in roles) for operator, roles in pinned
    )


def _putters(template: Template) -> Iterator[str]:
    for role in template.of_type("AWS::IAM::Role"):
        for statement in of_role(template, role):
            if "events:PutEvents" in statement.actions and any("*" in each for each in statement.resources):
                yield template.problem(role, "may put events on more than one bus: name the bus")


def _hops(templates: Sequence[Template], template: Template) -> Iterator[str]:
    """EventBridge carries an event from bus to bus once; a second hop is dropped without a word."""
    received = {
        target["Arn"]
        for other in templates
        if other.account != template.account or other.region != template.region
        for rule in other.of_type("AWS::Events::Rule").values()
        for target in rule["Targets"]
    }
    own_bus = f"arn:aws:events:{template.region}:{template.account}:event-bus/"
    for name, rule in template.of_type("AWS::Events::Rule").items():
        if not any(":event-bus/" in target["Arn"] for target in rule["Targets"]):
            continue
        if any(bus.startswith(own_bus) for bus in received):
            yield template.problem(name, "forwards from a bus that is itself forwarded to: the hub forwards nothing")
        if rule["EventPattern"].get("account") != [template.account]:
            yield template.problem(name, f"must match events of its own account only: account: [{template.account!r}]")


def _rules(template: Template) -> Iterator[str]:
    """Accounts put what they like under a name like ours: a rule on a fleet bus says whose events it means."""
    for name, rule in template.of_type("AWS::Events::Rule").items():
        if rule.get("EventBusName", "default") == "default":
            continue
        pattern = rule.get("EventPattern", {})
        if not pattern.get("account"):
            yield template.problem(name, "matches events of any account: pin `account` to the fleet's")
        if pattern.get("replay-name") != [{"exists": False}]:
            yield template.problem(name, "matches replayed events: replay-name: [{exists: false}]")
