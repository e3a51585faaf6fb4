"""The boundary: what a role is granted and the boundary does not allow is denied, on the first call on AWS."""

from collections.abc import Iterator, Sequence

from fleetctl.policies import Statement, of_role, statements
from fleetctl.templates import Template

_KEY = "{/yagura/key-arn}"
_TAG = "aws:ResourceTag/yagura:redrive"
_OF_ANY_TEAM = {
    "events:ListTargetsByRule": "reads whose target a dead letter was for",
    "kms:Decrypt": "a key has no name; its own policy says who may",
    "kms:DescribeKey": "as kms:Decrypt",
    "kms:Encrypt": "as kms:Decrypt",
    "kms:GenerateDataKey": "as kms:Decrypt",
    "securityhub:BatchUpdateFindings": "an account has one hub, and its findings are everybody's",
    "securityhub:GetFindings": "as securityhub:BatchUpdateFindings",
    "tag:GetResources": "finds what carries the tag",
}
"""Actions that need not be limited to the fleet's own resources, and why."""


def check(templates: Sequence[Template]) -> list[str]:
    """Every action and resource of every role's own policy is within the boundary of its account and Region."""
    limits = {
        template.arn(name): statements(policy["PolicyDocument"])
        for template in templates
        for name, policy in template.of_type("AWS::IAM::ManagedPolicy").items()
    }
    return [*_order(templates), *_open(templates), *_beyond(templates, limits)]


def by_tag(statement: Statement) -> bool:
    """Only for resources whose owners opened them to the fleet by the tag."""
    return ("Null", ["false"]) in statement.values(_TAG)


def _order(templates: Sequence[Template]) -> Iterator[str]:
    """A boundary is named, not referred to: without DependsOn, a role may be made before it, and IAM refuses that."""
    stacks = {
        template.arn(name): (template.stage, template.stack, name)
        for template in templates
        for name in template.of_type("AWS::IAM::ManagedPolicy")
    }
    for template in templates:
        for name, role in template.of_type("AWS::IAM::Role").items():
            stage, stack, boundary = stacks.get(role.get("PermissionsBoundary", ""), ("", "", ""))
            if (stage, stack) == (template.stage, template.stack):
                if boundary not in template.resources[name].get("DependsOn", []):
                    yield template.problem(name, "may be made before its boundary: role.node.add_dependency(boundary)")
            elif stack not in template.after:
                yield template.problem(name, "may be made before its boundary: stack.add_stack_dependency(foundation)")


def _open(templates: Sequence[Template]) -> Iterator[str]:
    """What is not the fleet's own by its name, the boundary gives only where its owner opened it by the tag."""
    for template in templates:
        for name, policy in template.of_type("AWS::IAM::ManagedPolicy").items():
            for each in statements(policy["PolicyDocument"]):
                others = [resource for resource in each.resources if "yagura" not in resource]
                if others and not by_tag(each) and not set(each.actions) <= _OF_ANY_TEAM.keys():
                    yield template.problem(name, f"{each.sid} gives {others[0]} whole: add Null {{{_TAG}: false}}")


def _beyond(templates: Sequence[Template], limits: dict[str, list[Statement]]) -> list[str]:
    return [
        template.problem(
            name, f"may do {action} on {resource}, but the boundary does not allow it: see stacks/boundary.py"
        )
        for template in templates
        for name, role in template.of_type("AWS::IAM::Role").items()
        for each in of_role(template, name)
        for action in each.actions
        for resource in each.resources
        if not _within(limits.get(role.get("PermissionsBoundary", ""), []), template, each, action, resource)
    ]


def _within(limits: list[Statement], template: Template, granted: Statement, action: str, resource: str) -> bool:
    """A limit that holds for tagged resources only covers a grant for tagged resources only."""
    if resource == _KEY:
        resource = f"arn:aws:kms:{template.region}:{template.account}:key/a-key"
    return any(limit.allows(action, resource) and (by_tag(granted) or not by_tag(limit)) for limit in limits)
