"""The boundary: what a role is granted and the boundary does not allow is denied, on the first call on AWS."""

from collections.abc import Iterator, Sequence

from fleetctl.policies import Statement, of_role, statements
from fleetctl.templates import Template

_KEY = "{/yagura/key-arn}"


def check(templates: Sequence[Template]) -> list[str]:
    """Every action and resource of every role's own policy is within the boundary of its account and Region."""
    limits = {
        template.arn(name): statements(policy["PolicyDocument"])
        for template in templates
        for name, policy in template.of_type("AWS::IAM::ManagedPolicy").items()
    }
    return [*_order(templates), *_beyond(templates, limits)]


def _order(templates: Sequence[Template]) -> Iterator[str]:
    """A boundary is named, not referred to: without DependsOn, a role may be made before it, and IAM refuses that."""
    for template in templates:
        made = {template.arn(name): name for name in template.of_type("AWS::IAM::ManagedPolicy")}
        for name, role in template.of_type("AWS::IAM::Role").items():
            boundary = made.get(role.get("PermissionsBoundary", ""))
            if boundary and boundary not in template.resources[name].get("DependsOn", []):
                yield template.problem(name, "may be made before its boundary: role.node.add_dependency(boundary)")


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
        if not _within(limits.get(role.get("PermissionsBoundary", ""), []), template, action, resource)
    ]


def _within(limits: list[Statement], template: Template, action: str, resource: str) -> bool:
    if resource == _KEY:
        resource = f"arn:aws:kms:{template.region}:{template.account}:key/a-key"
    return any(limit.allows(action, resource) for limit in limits)
