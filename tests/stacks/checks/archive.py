"""The archive of the audit chain's anchors: outside the hub, and what lies there stays as it is."""

from collections.abc import Iterator, Sequence
from typing import Any

from fleetctl.policies import of_role, resource_policies, statements
from fleetctl.templates import Template

_SIX_YEARS = 6 * 365 + 2
_ADDS_AND_READS = {f"s3:{each}" for each in ("PutObject", "GetObjectVersion", "ListBucketVersions")}
"""None of them changes or deletes a version that is there, nor how long it is kept."""
_PUBLIC = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}


def check(templates: Sequence[Template]) -> list[str]:
    """Every bucket, and every role and policy that speaks of one."""
    found: list[str] = []
    hubs = {(each.account, each.local) for each in templates if each.stack == "chatops"}
    for template in templates:
        for name, bucket in template.of_type("AWS::S3::Bucket").items():
            found += _locked(template, name, bucket)
            found += _closed(template, name, bucket)
            if (template.account, template.local) in hubs:
                found.append(template.problem(name, "is in the hub's account: who rules there could rewrite the chain"))
        found += _roles(template)
    for template, name, policy in resource_policies(templates):
        found += [
            template.problem(name, "lets others at the bucket: the roles of the archive do that")
            for each in policy
            if each.effect == "Allow" and any(resource.startswith("arn:aws:s3:::") for resource in each.resources)
        ]
    return found


def _locked(template: Template, name: str, bucket: dict[str, Any]) -> Iterator[str]:
    environment = {tag["Key"]: tag["Value"] for tag in bucket.get("Tags", [])}.get("environment")
    lasting = environment == "production"
    lock = bucket.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {})
    if not bucket.get("ObjectLockEnabled") or not lock:
        yield template.problem(name, "locks nothing: object_lock_default_retention")
    elif lasting and (lock["Mode"] != "COMPLIANCE" or lock["Days"] < _SIX_YEARS):
        yield template.problem(name, f"must lock for six years against everybody: COMPLIANCE, {_SIX_YEARS} days")
    elif not lasting and (lock["Mode"], lock["Days"]) != ("GOVERNANCE", 1):
        yield template.problem(name, "must lock for one day, so that it can be removed again: GOVERNANCE")
    if bucket.get("VersioningConfiguration", {}).get("Status") != "Enabled":
        yield template.problem(name, "keeps no versions: versioned=True")
    kept = {template.resources[name].get(each) for each in ("DeletionPolicy", "UpdateReplacePolicy")}
    if kept != {"Retain"}:
        yield template.problem(name, "must be retained: removal_policy=RemovalPolicy.RETAIN")


def _closed(template: Template, name: str, bucket: dict[str, Any]) -> Iterator[str]:
    blocked = bucket.get("PublicAccessBlockConfiguration", {})
    if not all(blocked.get(each) for each in _PUBLIC):
        yield template.problem(name, "may be made public: BlockPublicAccess.BLOCK_ALL")
    if "BucketEncryption" not in bucket:
        yield template.problem(name, "is not encrypted: BucketEncryption.S3_MANAGED")
    arns = {template.arn(name), f"{template.arn(name)}/*"}
    if not any(
        each.effect == "Deny" and ("Bool", ["false"]) in each.values("aws:SecureTransport")
        for policy in template.of_type("AWS::S3::BucketPolicy").values()
        for each in statements(policy["PolicyDocument"])
        if arns <= set(each.resources)
    ):
        yield template.problem(name, "answers without TLS: enforce_ssl=True")


def _roles(template: Template) -> Iterator[str]:
    for role in template.of_type("AWS::IAM::Role"):
        for statement in of_role(template, role):
            for action in sorted(each for each in statement.actions if each.startswith("s3:")):
                if action not in _ADDS_AND_READS:
                    yield template.problem(role, f"may do {action}: anchors are added and read, nothing else")
