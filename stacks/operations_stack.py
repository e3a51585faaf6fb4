"""Operations: commands from the hub -> queue -> work -> table -> publish -> the answer, on the fleet bus."""

from typing import Any

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct

from fleet.modes import FREEZE, parameter
from stacks.config.compile import operations_config
from stacks.deployment import Deployment
from stacks.names import REDRIVE_TAG, role_arn, role_name
from stacks.parts.capability_stack import CapabilityStack
from stacks.parts.fleet_function import FleetFunction

_TAGGED: dict[str, Any] = {"Null": {f"aws:ResourceTag/{REDRIVE_TAG}": "false"}}
_QUEUES = (
    *("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl"),
    *("ListDeadLetterSourceQueues", "ListQueueTags", "ReceiveMessage", "SendMessage"),
)


class OperationsStack(CapabilityStack):
    """The capability `operations`; it works in every account."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        compiled = operations_config(deployment.config, deployment.account)
        super().__init__(scope, deployment, "operations", compiled=compiled)
        account, hub = deployment.account, deployment.config.fleet.hub
        claims = role_arn(hub.id, role_name(hub, "chatops", "claims"))
        table = self.table(stream=True, time_to_live="expires")

        work = self.function(
            "work",
            table=table,
            environment={
                "YAGURA_CLAIMS_ROLE": claims,
                "YAGURA_HUB_REGION": hub.region,
                "YAGURA_REQUESTS_TABLE": "yagura-chatops",
            },
            timeout=Duration.seconds(60),
        )
        self.grant_items(work, table)
        self.grant_role(work, claims)
        self._grant_redrive(work)
        self._grant_freeze(work)
        self.event_queue(work, batch_size=1).on_commands(
            self.bus, "operations", hub=hub.id, account=account.id, region=account.region
        )

        publish = self.function("publish", table=table)
        self.grant_items(publish, table)
        self.grant_pending(publish, table)
        self.grant_publish(publish)
        self.on_pending(table, publish)
        self.every(Duration.minutes(2), publish, description="Publish what the stream has left behind")

    def _grant_redrive(self, work: FleetFunction) -> None:
        """Dead letters of any team that has opened its queue by the tag, and of no other."""
        place = f"{self.deployment.account.region}:{self.deployment.account.id}"
        statements = [
            iam.PolicyStatement(
                actions=[f"sqs:{action}" for action in _QUEUES],
                resources=[f"arn:aws:sqs:{place}:*"],
                conditions=_TAGGED,
            ),
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction", "lambda:ListTags"],
                resources=[f"arn:aws:lambda:{place}:function:*"],
                conditions=_TAGGED,
            ),
            iam.PolicyStatement(
                actions=["events:ListTargetsByRule"],
                resources=[f"arn:aws:events:{place}:rule/*"],
            ),
            iam.PolicyStatement(actions=["tag:GetResources"], resources=["*"]),
            # Of queues with a key of their own: what was encrypted for SQS, through SQS alone.
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[f"arn:aws:kms:{place}:key/*"],
                conditions={"StringEquals": {"kms:ViaService": f"sqs.{self.deployment.account.region}.amazonaws.com"}},
            ),
        ]
        for statement in statements:
            work.role.add_to_principal_policy(statement)
        why = {
            f"arn:aws:sqs:{place}:*": "Queues of any team, each of which has opened its own by a tag.",
            f"arn:aws:lambda:{place}:function:*": "Functions of any team that carry the tag.",
            f"arn:aws:events:{place}:rule/*": "It reads whose target a dead letter was for.",
            f"arn:aws:kms:{place}:key/*": "Keys of any team's queues, whose key policies decide; through SQS alone.",
            "*": "Finding resources by tag cannot be limited to some of them.",
        }
        for resource, reason in why.items():
            Validations.of(work.role).acknowledge(
                Acknowledgment(id=f"AwsSolutions-IAM5[Resource::{resource}]", reason=reason)
            )

    def _grant_freeze(self, work: FleetFunction) -> None:
        self.grant_mode(work)
        changes = iam.PolicyStatement(
            actions=["ssm:PutParameter", "ssm:DeleteParameters"], resources=[self._parameter(FREEZE)]
        )
        reads = iam.PolicyStatement(
            actions=["ssm:GetParametersByPath"], resources=[self._parameter(parameter("").rstrip("/"))]
        )
        work.role.add_to_principal_policy(changes)
        work.role.add_to_principal_policy(reads)

    def _parameter(self, name: str) -> str:
        return self.format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))
