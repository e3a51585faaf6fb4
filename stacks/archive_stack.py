"""The archive: where the audit chain's anchors lie, in an account of its own, locked.

What is here is for the capability `chatops`, which lives in the hub; this account is the one that `audit.account` of
fleet.yaml names.
"""

from typing import cast

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.deployment import Deployment
from stacks.names import archive_bucket, role_arn, role_name

YEARS = 6
"""As long as HIPAA wants records of what was done (45 CFR 164.316(b)(2)(i))."""
_BUCKET_ID = "Anchors"


class ArchiveStack(Stack):
    """A bucket under Object Lock, and the roles by which the hub adds to it and reads it."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(
            scope,
            "archive",
            stack_name="yagura-archive",
            description="Yagura: the audit chain's anchors",
            synthesizer=deployment.synthesizer(),
        )
        self._deployment = deployment
        hub = deployment.config.fleet.hub
        bucket = self._bucket()
        objects = bucket.arn_for_objects("anchors/*")
        self._role(
            "write",
            "Assumed by the hub's anchor function: adds anchors; can neither change nor delete one",
            # The whole account, narrowed by the condition: a principal that is a role must exist before this one.
            iam.AccountPrincipal(hub.id).with_conditions(
                {"ArnEquals": {"aws:PrincipalArn": role_arn(hub.id, role_name(hub, "chatops", "anchor"))}}
            ),
            [
                # By versions: a newer one put over an anchor must not stop the next.
                iam.PolicyStatement(actions=["s3:PutObject", "s3:GetObjectVersion"], resources=[objects]),
                iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=[bucket.bucket_arn]),
            ],
        )
        self._role(
            "read",
            "Assumed from the hub, by the desk and by `fleetctl audit`: reads anchors, in all their versions",
            iam.AccountPrincipal(hub.id),
            [
                iam.PolicyStatement(actions=["s3:GetObjectVersion"], resources=[objects]),
                iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=[bucket.bucket_arn]),
            ],
        )

    def _bucket(self) -> s3.Bucket:
        account = self._deployment.account
        retention = (
            s3.ObjectLockRetention.compliance(Duration.days(YEARS * 365 + 2))
            if account.environment == "production"
            else s3.ObjectLockRetention.governance(Duration.days(1))
        )
        bucket = s3.Bucket(
            self,
            "Anchors",
            bucket_name=archive_bucket(account),
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=retention,
            # A locked object cannot be deleted, nor a bucket that holds one.
            removal_policy=RemovalPolicy.RETAIN,
        )
        # As with tables: the logical id decides whether an update keeps the bucket or replaces it.
        cast("s3.CfnBucket", bucket.node.default_child).override_logical_id(_BUCKET_ID)
        for rule, reason in _WHY.items():
            Validations.of(bucket).acknowledge(Acknowledgment(id=rule, reason=reason))
        return bucket

    def _role(
        self, entry: str, description: str, assumed_by: iam.IPrincipal, allowed: list[iam.PolicyStatement]
    ) -> None:
        role = iam.Role(
            self,
            entry.title(),
            role_name=role_name(self._deployment.account, "archive", entry),
            path="/yagura/",
            description=description,
            assumed_by=assumed_by,
            inline_policies={entry: iam.PolicyDocument(statements=allowed)},
        )
        reasons = {
            "HIPAA.Security-IAMNoInlinePolicy": "The policy is this one role's, and comes and goes with it. "
            "docs/permissions.md shows it.",
            f"AwsSolutions-IAM5[Resource::<{_BUCKET_ID}.Arn>/anchors/*]": "One object an hour, named by the hour; "
            "nothing else lies there.",
        }
        for rule, reason in reasons.items():
            Validations.of(role).acknowledge(Acknowledgment(id=rule, reason=reason))


_WHY = {
    "AwsSolutions-S1": "They would need a second bucket. Who may write here can only add; CloudTrail can tell who did.",
    "HIPAA.Security-S3BucketLoggingEnabled": "As AwsSolutions-S1.",
    "HIPAA.Security-S3BucketReplicationEnabled": "An anchor is 300 bytes that prove the chain; that is in the hub.",
    "HIPAA.Security-S3DefaultEncryptionKMS": "Hashes, numbers and times: S3's own keys do; verifying needs none.",
}
