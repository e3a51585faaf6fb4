"""Object Lock of a bucket that CloudFormation makes.

Evidence: CloudFormation resource reference, AWS::S3::Bucket: ObjectLockEnabled "Indicates whether this bucket has an
Object Lock configuration enabled"; ObjectLockConfiguration.Rule.DefaultRetention has Mode and Days or Years, and holds
for objects written from then on. The emulator enforces locks, but its handler drops both properties. Its own policy is
kept: nobody, the account's root included, deletes a version under COMPLIANCE; under GOVERNANCE only who may bypass it
and says so.
"""

from typing import Any

from ministack.services import s3
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS


def install() -> None:
    """Keep the properties on create and update."""
    handler = _RESOURCE_HANDLERS["AWS::S3::Bucket"]
    create, update = handler["create"], handler["update"]

    def locked(result: tuple[str, dict[str, Any]], props: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if str(props.get("ObjectLockEnabled", "")).lower() == "true":
            rule = props.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention")
            kept = rule and {"Mode": rule["Mode"], **{unit: int(rule[unit]) for unit in _UNITS if unit in rule}}
            s3._bucket_object_lock[result[0]] = {"enabled": True, "default_retention": kept}
        return result

    def created(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        return locked(create(logical_id, props, stack), props)

    def updated(physical: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> tuple[str, dict[str, Any]]:
        return locked(update(physical, old, new, *rest), new)

    handler |= {"create": created, "update": updated}


_UNITS = ("Days", "Years")
