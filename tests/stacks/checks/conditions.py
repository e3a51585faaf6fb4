"""Conditions on keys that hold several values: without a set operator they mean something else than they say."""

from collections.abc import Iterator, Sequence

from fleetctl.policies import Statement, of_role, resource_policies
from fleetctl.templates import Template

SEVERAL = ("events:source", "events:detail-type", "dynamodb:LeadingKeys", "dynamodb:Attributes", "aws:TagKeys")


def check(templates: Sequence[Template]) -> list[str]:
    """An Allow must hold for all values, and for at least one; a Deny for any."""
    found = [
        template.problem(name, text)
        for template, name, policy in resource_policies(templates)
        for statement in policy
        for text in _statement(statement)
    ]
    for template in templates:
        for role in template.of_type("AWS::IAM::Role"):
            found += [template.problem(role, text) for each in of_role(template, role) for text in _statement(each)]
    return found


def _statement(statement: Statement) -> Iterator[str]:
    wanted = "ForAllValues:" if statement.effect == "Allow" else "ForAnyValue:"
    for key in SEVERAL:
        conditions = statement.values(key)
        if not conditions:
            continue
        for operator, _ in conditions:
            if operator != "Null" and not operator.startswith(wanted):
                yield f"{statement.sid}: {statement.effect} on {key} with {operator}: it has several, use {wanted}"
        if statement.effect == "Allow" and ("Null", ["false"]) not in conditions:
            yield f"{statement.sid}: ForAllValues holds when {key} is absent: add Null {{{key}: false}}"
