"""The permissions boundary of a role that a template creates.

The emulator enforces boundaries, but its `AWS::IAM::Role` drops the property `PermissionsBoundary` (users keep theirs),
so a deployed role could do more here than on AWS. Evidence: CloudFormation resource reference, AWS::IAM::Role; IAM User
Guide, "Permissions boundaries": what the boundary does not allow is denied.
"""

from typing import Any

from ministack.services import iam
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS


def install() -> None:
    """Keep the property on create and update."""
    handler = _RESOURCE_HANDLERS["AWS::IAM::Role"]
    create, update = handler["create"], handler["update"]

    def set_boundary(result: tuple[str, dict[str, Any]], props: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        role = iam._roles.get(result[0])
        if role is not None:
            role["PermissionsBoundary"] = props.get("PermissionsBoundary")
        return result

    def created(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        return set_boundary(create(logical_id, props, stack), props)

    def updated(physical: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> tuple[str, dict[str, Any]]:
        return set_boundary(update(physical, old, new, *rest), new)

    handler |= {"create": created, "update": updated}
