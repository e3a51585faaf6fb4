"""GrantingStack: what the functions of one capability may do, each grant by exact actions and resources."""

from collections.abc import Sequence

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fleet.items import PENDING
from fleet.modes import FREEZE, parameter
from stacks.deployment import Deployment
from stacks.names import BUS, KEY_PARAMETER
from stacks.parts.event_queue import EventQueue
from stacks.parts.fleet_function import FleetFunction
from stacks.parts.item_grants import on_items


class GrantingStack(Stack):
    """The stack of one capability in one deployment, as far as grants go: CDK's own would open more than is needed."""

    def __init__(self, scope: Construct, deployment: Deployment, capability: str) -> None:
        super().__init__(
            scope,
            capability,
            stack_name=f"yagura-{capability}",
            description=f"Yagura: {capability}",
            synthesizer=deployment.synthesizer(),
        )
        self.deployment, self.capability = deployment, capability
        self.bus = events.EventBus.from_event_bus_name(self, "Bus", BUS)
        self.key = _customer_key(self, deployment)

    def grant_secret(self, function: FleetFunction, *secrets: secretsmanager.CfnSecret) -> None:
        """Let `function` read secrets."""
        function.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[each.ref for each in secrets])
        )

    def acknowledge_wildcard(self, function: FleetFunction, resource: str, reason: str) -> None:
        """Say why a grant cannot name its resource exactly."""
        Validations.of(function.role).acknowledge(
            Acknowledgment(id=f"AwsSolutions-IAM5[Resource::{resource}]", reason=reason)
        )

    def grant_role(self, function: FleetFunction, role: str) -> None:
        """Let `function` assume a role of another account, which must let it too."""
        function.role.add_to_principal_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[role]))

    def grant_send(self, function: FleetFunction, queue: EventQueue) -> None:
        """Let `function` put messages on one of the capability's queues."""
        function.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue.queue_arn])
        )

    def grant_items(self, function: FleetFunction, table: dynamodb.Table) -> None:
        """Let `function` read and write single items of `table`."""
        self._grant(function, ["dynamodb:GetItem", "dynamodb:PutItem"], table.table_arn, *self.key_statements())

    def grant_batches(self, function: FleetFunction, table: dynamodb.Table) -> None:
        """Let `function` read many items of `table` by their keys at once."""
        self._grant(function, ["dynamodb:BatchGetItem"], table.table_arn)

    def grant_items_of(
        self, function: FleetFunction, table: dynamodb.Table, actions: Sequence[str], keys: Sequence[str]
    ) -> None:
        """Let `function` do this with items of `table` under these keys (`*` at the end: that begin so), no others."""
        for statement in (on_items(actions, table.table_arn, keys), *self.key_statements()):
            function.role.add_to_principal_policy(statement)

    def key_statements(self) -> list[iam.PolicyStatement]:
        """What a role needs besides, to use the table, if it is encrypted with the account's own key."""
        if not self.key:
            return []
        # DynamoDB asks KMS in the caller's name. CDK's grant would have wildcards.
        return [
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
                resources=[self.key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": f"dynamodb.{self.region}.amazonaws.com"}},
            )
        ]

    def grant_pending(self, function: FleetFunction, table: dynamodb.Table) -> None:
        """Let `function` find the items of `table` that have something still to be done."""
        self.grant_index(function, table, PENDING)

    def grant_index(self, function: FleetFunction, table: dynamodb.Table, index: str) -> None:
        """Let `function` ask one index of `table`."""
        self._grant(function, ["dynamodb:Query"], f"{table.table_arn}/index/{index}")

    def _grant(self, function: FleetFunction, actions: list[str], resource: str, *besides: iam.PolicyStatement) -> None:
        # CDK's table.grants would open every index to every action.
        for statement in (iam.PolicyStatement(actions=actions, resources=[resource]), *besides):
            function.role.add_to_principal_policy(statement)

    def grant_publish(self, function: FleetFunction, *, also: Sequence[str] = ()) -> None:
        """Let `function` put the capability's own events, of no other source, on the bus and on those `also` (ARNs)."""
        function.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["events:PutEvents"],
                resources=[self.bus.event_bus_arn, *also],
                conditions={
                    "ForAllValues:StringEquals": {"events:source": f"yagura.{self.capability}"},
                    "Null": {"events:source": "false"},
                },
            )
        )

    def grant_mode(self, function: FleetFunction) -> None:
        """Let `function` read its capability's mode."""
        function.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["ssm:GetParameters"],
                resources=[
                    self.format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))
                    for name in (parameter(self.capability), FREEZE)
                ],
            )
        )


def _customer_key(stack: Stack, deployment: Deployment) -> kms.IKey | None:
    if not deployment.config.fleet.customer_managed_key:
        return None
    return kms.Key.from_key_arn(stack, "Key", ssm.StringParameter.value_for_string_parameter(stack, KEY_PARAMETER))
