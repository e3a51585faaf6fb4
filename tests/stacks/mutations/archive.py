"""An archive in which something can be changed, and roles that strangers may take on."""

from functools import partial
from typing import Any

from tests.stacks.mutations.mutation import (
    HUB,
    ROLE,
    Mutation,
    Resources,
    grant,
    one,
    policy,
    replace_text,
    revoke,
    without,
)

_ROLES = "arn:aws:iam::222233334444:role/yagura/yagura-ap-northeast-1"


def bucket(resources: Resources) -> Any:
    return resources["Anchors"]["Properties"]


def lock(resources: Resources) -> Any:
    return bucket(resources)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]


def trusts(resources: Resources, role: str) -> Any:
    (statement,) = one(resources, ROLE, role)["AssumeRolePolicyDocument"]["Statement"]
    return statement


def may_also(resources: Resources, action: str) -> None:
    """The role that adds anchors may do this too."""
    (document,) = (each["PolicyDocument"] for each in one(resources, ROLE, "Write")["Policies"])
    document["Statement"][0]["Action"].append(action)


ARCHIVE = {
    "bucket without a lock": Mutation(
        "archive", "locks nothing", "archive", lambda r: bucket(r).pop("ObjectLockConfiguration")
    ),
    "lock that the account's owner opens": Mutation(
        "archive", "must lock for six years", "archive", lambda r: lock(r).update(Mode="GOVERNANCE")
    ),
    "lock for five years": Mutation(
        "archive", "must lock for six years", "archive", lambda r: lock(r).update(Days=1825)
    ),
    "lock for six years of what is only tried": Mutation(
        "archive",
        "must lock for one day",
        "archive",
        lambda r: replace_text(r, "Anchors", '"production"', '"staging"'),
    ),
    "only the last version is kept": Mutation(
        "archive", "keeps no versions", "archive", lambda r: bucket(r).pop("VersioningConfiguration")
    ),
    "bucket that goes with its stack": Mutation(
        "archive", "must be retained", "archive", lambda r: r["Anchors"].update(DeletionPolicy="Delete")
    ),
    "bucket that may be made public": Mutation(
        "archive",
        "may be made public",
        "archive",
        lambda r: bucket(r)["PublicAccessBlockConfiguration"].update(BlockPublicPolicy=False),
    ),
    "bucket in the clear": Mutation(
        "archive", "is not encrypted", "archive", lambda r: bucket(r).pop("BucketEncryption")
    ),
    "bucket without TLS": Mutation(
        "archive",
        "answers without TLS",
        "archive",
        lambda r: without(policy(r, "AWS::S3::BucketPolicy"), "SecureTransport"),
    ),
    "bucket that others may write": Mutation(
        "archive",
        "lets others at the bucket",
        "archive",
        lambda r: policy(r, "AWS::S3::BucketPolicy").append(
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::yagura-audit-222233334444-ap-northeast-1/*",
            }
        ),
    ),
    "bucket in the hub": Mutation(
        "archive",
        "hub/foundation Anchors: is in the hub's account",
        "foundation",
        lambda r: r.update(Anchors={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "yagura-audit"}}),
        HUB,
    ),
    **{
        f"role of the archive: {action}": Mutation(
            "archive", f"may do {action}: anchors are added and read", "archive", partial(may_also, action=action)
        )
        for action in (
            *("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention", "s3:BypassGovernanceRetention"),
            *("s3:PutBucketObjectLockConfiguration", "s3:PutObjectLegalHold", "s3:PutLifecycleConfiguration"),
        )
    },
}

ACCOUNTS = {
    "whole hub adds anchors": Mutation(
        "accounts", "trusts whole accounts", "archive", lambda r: trusts(r, "Write").pop("Condition")
    ),
    "any function of chatops adds anchors": Mutation(
        "accounts",
        "-chatops-*: name the roles, by path and entry",
        "archive",
        lambda r: replace_text(r, "Write", "chatops-anchor", "chatops-*"),
    ),
    "a role of that name anywhere adds anchors": Mutation(
        "accounts",
        "name the roles, by path and entry",
        "archive",
        lambda r: replace_text(r, "Write", "role/yagura/", "role/"),
    ),
    "a stranger reads anchors": Mutation(
        "accounts",
        "trusts arn:aws:iam::999999999999:root, which is no account of the fleet",
        "archive",
        lambda r: trusts(r, "Read").update(Principal={"AWS": "arn:aws:iam::999999999999:root"}),
    ),
    "anyone reads anchors": Mutation(
        "accounts", "trusts *, which is no account", "archive", lambda r: trusts(r, "Read").update(Principal="*")
    ),
    "a spoke freezes": Mutation(
        "accounts",
        "trusts whole accounts",
        "foundation",
        lambda r: trusts(r, "Freezer").update(Principal={"AWS": "arn:aws:iam::222233334444:root"}),
    ),
    "whole accounts claim": Mutation(
        "accounts", "trusts whole accounts", "chatops", lambda r: trusts(r, "Claims").pop("Condition"), HUB
    ),
    "every function of operations claims": Mutation(
        "accounts",
        "-operations-*: name the roles",
        "chatops",
        lambda r: replace_text(r, "Claims", "operations-work", "operations-*"),
        HUB,
    ),
    "claims trusts a role that is not there": Mutation(
        "accounts",
        "yagura-*-operations-gone, and no such role may assume it",
        "chatops",
        lambda r: replace_text(r, "Claims", "operations-work", "operations-gone"),
        HUB,
    ),
    "anchor may not go to the archive": Mutation(
        "accounts",
        "security-audit/archive Write20B66CD8: trusts",
        "chatops",
        lambda r: revoke(r, "Anchor", "sts:AssumeRole"),
        HUB,
    ),
    "the desk takes on any role": Mutation(
        "accounts",
        "name one role under /yagura/",
        "chatops",
        lambda r: grant(r, "Desk", "sts:AssumeRole", "arn:aws:iam::222233334444:role/yagura/*"),
        HUB,
    ),
    "the desk takes on a role of others": Mutation(
        "accounts",
        "name one role under /yagura/",
        "chatops",
        lambda r: grant(r, "Desk", "sts:AssumeRole", "arn:aws:iam::222233334444:role/admin"),
        HUB,
    ),
    "the desk takes on a role that is not there": Mutation(
        "accounts",
        "which no stack makes",
        "chatops",
        lambda r: grant(r, "Desk", "sts:AssumeRole", f"{_ROLES}-archive-gone"),
        HUB,
    ),
    "the desk adds anchors": Mutation(
        "accounts",
        f"may assume {_ROLES}-archive-write, which does not trust it",
        "chatops",
        lambda r: grant(r, "Desk", "sts:AssumeRole", f"{_ROLES}-archive-write"),
        HUB,
    ),
}

MUTATIONS = ARCHIVE | ACCOUNTS
