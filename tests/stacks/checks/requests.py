"""Requests and the audit chain, in the table of chatops: only its own functions write them.

Whoever carries out what was granted, in any account, claims it by an item of its own kind, and can grant nothing.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from fleetctl.policies import Statement, of_role, trust
from fleetctl.templates import Template

_TABLE = "table/yagura-chatops"
_OUTSIDERS = {
    "dynamodb:GetItem": {"request#*", "claim#*"},
    "dynamodb:ConditionCheckItem": {"request#*"},
    "dynamodb:PutItem": {"claim#*"},
}
"""What others than the functions of chatops may do, on which keys."""
_NARROW = {
    "ingress": {"dynamodb:PutItem": {"seen#*"}, "dynamodb:DeleteItem": {"seen#*"}},
    "anchor": {"dynamodb:GetItem": {"audit#head", "audit#anchor"}, "dynamodb:PutItem": {"audit#anchor"}},
}
"""Functions of chatops that need a part of the table: the one that faces the internet, the one that keeps the proof."""

type Keys = dict[str, set[str]]


def check(templates: Sequence[Template]) -> list[str]:
    """Every role that is granted something on the table."""
    return [
        template.problem(name, text)
        for template in templates
        for name, role in template.of_type("AWS::IAM::Role").items()
        if (allowed := _allowed(template, name, role["RoleName"])) is not None
        for statement in of_role(template, name)
        for text in _statement(statement, allowed)
    ]


def _allowed(template: Template, name: str, role_name: str) -> Keys | None:
    """None: everything, as a function of chatops."""
    principals = {principal for each in trust(template, name) for principal in each.principals}
    if template.stack == "chatops" and principals == {"lambda.amazonaws.com"}:
        return _NARROW.get(role_name.rpartition("-")[2])
    return _OUTSIDERS


def _statement(statement: Statement, allowed: Keys) -> Iterator[str]:
    if not any(_on_table(resource) for resource in statement.resources):
        return
    keys = {
        key
        for operator, values in statement.values("dynamodb:LeadingKeys")
        if operator == "ForAllValues:StringLike"
        for key in values
    }
    for action in (each for each in statement.actions if each.startswith("dynamodb:")):
        if action not in allowed:
            yield f"may do {action} on {_TABLE}: that is for the functions of chatops that decide"
        elif not keys or not keys <= allowed[action]:
            yield f"may do {action} on more items than {', '.join(sorted(allowed[action]))}: limit dynamodb:LeadingKeys"


def _on_table(resource: str) -> bool:
    """The table, its indexes, its stream, or a pattern that takes it in."""
    where = resource.split(":", 5)[-1]
    return where.split("/index/")[0].split("/stream/")[0] == _TABLE or fnmatchcase(_TABLE, where)
