"""FleetFunction: the only way to make a Lambda function of the fleet."""

from collections.abc import Mapping
from typing import cast

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.deployment import Deployment
from stacks.names import role_name

_SAME_FOR_ALL = {
    "AwsSolutions-L1": "Python 3.13 is the fleet's one version, on Lambda and on every developer's machine.",
    "Serverless-LambdaLatestVersion": "As AwsSolutions-L1.",
    "HIPAA.Security-LambdaInsideVPC": "It talks only to AWS's and Slack's public endpoints, over TLS; a VPC would add "
    "interface endpoints at $7 a month each and no protection of data.",
    "HIPAA.Security-LambdaConcurrency": "Concurrency is limited by the queue's mapping: reserved concurrency turns "
    "throttles into receives, and new accounts have only 10.",
    "Serverless-LambdaTracing": "Tracing comes with its capability; the X-Ray SDK is in maintenance mode.",
    "HIPAA.Security-IAMNoInlinePolicy": "The policy is this one role's, and comes and goes with it: a managed policy "
    "could be attached elsewhere. docs/permissions.md shows it.",
    "HIPAA.Security-CloudWatchLogGroupEncrypted": "CloudWatch Logs encrypts every group with a key of its own; ids and "
    "reasons only are logged, never an event's body.",
}


_CLOCK_ANCHOR_MS = 1_767_225_600_000
"""2026-01-01T00:00Z: where a scaled clock and the wall clock agree. Fixed, so that the template is stable."""


class FleetFunction(Construct):
    """A Lambda function with the fleet's defaults.

    Python 3.13 on arm64, a role of its own under `/yagura/` with the permissions boundary and exact actions, a log
    group of its own, JSON logs, the settings that `fleet.settings` reads, and the capability's dead-letter queue for
    asynchronous calls. Grant it what it needs by `CapabilityStack.grant_*`, or a statement with the exact actions.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the name that CDK gives it
        *,
        deployment: Deployment,
        capability: str,
        entry: str,
        code: lambda_.Code,
        layers: list[lambda_.ILayerVersion],
        dead_letters: sqs.IQueue,
        environment: Mapping[str, str],
        timeout: Duration,
        memory_mb: int = 512,
    ) -> None:
        super().__init__(scope, id)
        self.timeout = timeout
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/yagura/{capability}/{entry}",
            removal_policy=deployment.removal_policy,
        )
        # fleet.yaml gives days, where CDK's enumeration gives words.
        cast(
            "logs.CfnLogGroup", log_group.node.default_child
        ).retention_in_days = deployment.config.fleet.log_retention_days
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name(deployment.account, capability, entry),
            path="/yagura/",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        # Streams are named by Lambda, so the last part stays open; the group is this function's own.
        logs_grant = log_group.grant(self.role, "logs:CreateLogStream", "logs:PutLogEvents")
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=f"yagura-{capability}-{entry}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"functions.{capability}.{entry}.handler",
            code=code,
            layers=layers,
            role=self.role,
            timeout=timeout,
            memory_size=memory_mb,
            dead_letter_queue=dead_letters,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            environment={
                "YAGURA_ACCOUNT": deployment.account.id,
                "YAGURA_CAPABILITY": capability,
                "YAGURA_DEAD_LETTERS": dead_letters.queue_url,
                "POWERTOOLS_SERVICE_NAME": f"yagura-{capability}",
                "POWERTOOLS_METRICS_NAMESPACE": "Yagura",
                **_clock(deployment),
                **environment,
            },
        )
        logs_grant.apply_before(self.function)
        for rule, reason in _SAME_FOR_ALL.items():
            Validations.of(self).acknowledge(Acknowledgment(id=rule, reason=reason))


def _clock(deployment: Deployment) -> dict[str, str]:
    clock = deployment.config.fleet.clock
    if clock is None:
        return {}
    return {"YAGURA_CLOCK": f"{_CLOCK_ANCHOR_MS}:{clock.factor}:{int(clock.offset_seconds * 1000)}"}
