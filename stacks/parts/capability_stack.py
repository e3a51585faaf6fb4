"""CapabilityStack: what every capability has: a table, dead letters, code, layers, alarms; schedules and streams."""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from fleet.items import PENDING
from fleet.telemetry import NAMESPACE
from stacks.deployment import Deployment
from stacks.names import ALARM_TOPIC, BUS
from stacks.parts.bundling import capability_code, deps_layer_code, fleet_layer_code
from stacks.parts.dead_letters import DeadLetters
from stacks.parts.event_queue import MAX_CONCURRENCY, EventQueue
from stacks.parts.fleet_function import FleetFunction
from stacks.parts.granting_stack import GrantingStack

TOO_OLD = Duration.minutes(15)
"""A message that nobody has taken for this long means that nobody will."""


class CapabilityStack(GrantingStack):
    """The stack of one capability in one deployment."""

    def __init__(self, scope: Construct, deployment: Deployment, capability: str, *, compiled: bytes) -> None:
        super().__init__(scope, deployment, capability)
        self._code = capability_code(capability, {f"functions/{capability}/config.json": compiled})
        self._layers: list[lambda_.ILayerVersion] = [
            _layer(self, "Deps", deps_layer_code(deployment.platform)),
            _layer(self, "Fleet", fleet_layer_code()),
        ]
        self._topic = sns.Topic.from_topic_arn(
            self, "Alarms", f"arn:aws:sns:{deployment.account.region}:{deployment.account.id}:{ALARM_TOPIC}"
        )
        self.dead_letters = DeadLetters(self, "DeadLetters", capability=capability, alarm_topic=self._topic).queue

    @property
    def _table_id(self) -> str:
        """The table's logical id."""
        return f"{self.capability.title()}Table"

    def table(self, *, stream: bool = False, time_to_live: str | None = None) -> dynamodb.Table:
        """The capability's one table, with the index of what is still to be done."""
        table = dynamodb.Table(
            self,
            "Table",
            table_name=f"yagura-{self.capability}",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=not self.deployment.is_local,
            # Deletion protection would block the rollback that RETAIN_ON_UPDATE_OR_DELETE allows.
            removal_policy=RemovalPolicy.DESTROY if self.deployment.is_local else RemovalPolicy.RETAIN,
            encryption_key=self.key,
            stream=dynamodb.StreamViewType.NEW_IMAGE if stream else None,
            time_to_live_attribute=time_to_live,
        )
        table.add_global_secondary_index(
            index_name=PENDING,
            partition_key=dynamodb.Attribute(name=PENDING, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="pending_since", type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        # The logical id decides whether an update keeps the table or replaces it: it must not follow a refactoring.
        cast("dynamodb.CfnTable", table.node.default_child).override_logical_id(self._table_id)
        Validations.of(table).acknowledge(
            Acknowledgment(
                id="HIPAA.Security-DynamoDBInBackupPlan",
                reason="Point-in-time recovery keeps 35 days; AWS Backup plans are the account owner's.",
            )
        )
        return table

    def function(
        self,
        entry: str,
        *,
        table: dynamodb.Table,
        environment: Mapping[str, str] | None = None,
        timeout: Duration | None = None,
    ) -> FleetFunction:
        """The Lambda function of `functions/<capability>/<entry>.py`."""
        return FleetFunction(
            self,
            entry.title(),
            deployment=self.deployment,
            capability=self.capability,
            entry=entry,
            code=self._code,
            layers=self._layers,
            dead_letters=self.dead_letters,
            environment={"YAGURA_TABLE": table.table_name, "YAGURA_BUS": BUS, **(environment or {})},
            timeout=timeout or Duration.seconds(30),
        )

    def event_queue(
        self,
        function: FleetFunction,
        *,
        batch_size: int = 10,
        name: str = "",
        redrive: bool = True,
        window: Duration | None = None,
        concurrency: int = MAX_CONCURRENCY,
    ) -> EventQueue:
        """A queue of the capability, its alarm on age included; those after the first have a name."""
        suffix, label = (f"-{name}" if name else ""), f"{name.title()}Events"
        queue = EventQueue(
            self,
            label,
            queue_name=f"yagura-{self.capability}{suffix}",
            function=function,
            dead_letters=self.dead_letters,
            batch_size=batch_size,
            redrive=redrive,
            window=window,
            concurrency=concurrency,
        )
        alarm = cloudwatch.Alarm(
            self,
            f"{label}TooOld",
            alarm_name=f"yagura-{self.capability}{suffix}-events-too-old",
            alarm_description=f"Events of {self.capability} wait longer than {TOO_OLD.to_minutes()} minutes: see "
            "docs/runbooks/events-too-old.md.",
            metric=queue.queue.metric_approximate_age_of_oldest_message(period=Duration.minutes(5)),
            threshold=TOO_OLD.to_seconds(),
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        return queue

    def put_off_alarm(self) -> None:
        """Somebody outside the fleet has been away for so long that queues no longer wait for them (`fleet.worker`).

        What is put off is asked for again at least every four hours: five without any and nothing waits any more.
        """
        alarm = cloudwatch.Alarm(
            self,
            "PutOff",
            alarm_name=f"yagura-{self.capability}-put-off",
            alarm_description=f"What {self.capability} is to change elsewhere waits: see docs/runbooks/put-off.md.",
            metric=cloudwatch.Metric(
                namespace=NAMESPACE,
                metric_name="PutOff",
                dimensions_map={"service": self.capability, "reason": "any"},
                statistic=cloudwatch.Stats.SUM,
                period=Duration.hours(1),
            ),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=5,
            datapoints_to_alarm=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))

    def every(self, interval: Duration, function: FleetFunction, *, description: str) -> None:
        """Call `function` on a schedule."""
        events.Rule(
            self,
            f"{function.node.id}Tick",
            description=description,
            schedule=events.Schedule.rate(interval),
            targets=[
                targets.LambdaFunction(
                    function.function,
                    event=events.RuleTargetInput.from_object({"tick": interval.to_seconds()}),
                    dead_letter_queue=self.dead_letters,
                )
            ],
        )

    def on_pending(self, table: dynamodb.Table, function: FleetFunction, *, also: Sequence[str] = ()) -> None:
        """Call `function` with the items of `table` that have something still to be done, as soon as they have.

        `also`: with those, too, that have one of these attributes.
        """
        stream_arn = cast("str", table.table_stream_arn)
        reads = iam.PolicyStatement(
            actions=[f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator")],
            resources=[stream_arn],
        )
        lists = iam.PolicyStatement(actions=["dynamodb:ListStreams"], resources=[f"{table.table_arn}/stream/*"])
        function.role.add_to_principal_policy(reads)
        function.role.add_to_principal_policy(lists)
        mapping = lambda_.EventSourceMapping(
            function,
            "Stream",
            target=function.function,
            event_source_arn=stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=10,
            retry_attempts=5,
            report_batch_item_failures=True,
            filters=[
                lambda_.FilterCriteria.filter(
                    {"dynamodb": {"NewImage": {PENDING: {"S": lambda_.FilterRule.is_equal("1")}}}}
                ),
                *(
                    lambda_.FilterCriteria.filter(
                        {"dynamodb": {"NewImage": {name: {"S": lambda_.FilterRule.exists()}}}}
                    )
                    for name in also
                ),
            ],
        )
        mapping.node.add_dependency(function.role)
        # CDK's SqsDlq would let the role read the queue's attributes and URL too; sending is in FleetFunction.
        cast(
            "lambda_.CfnEventSourceMapping", mapping.node.default_child
        ).destination_config = lambda_.CfnEventSourceMapping.DestinationConfigProperty(
            on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=self.dead_letters.queue_arn)
        )
        Validations.of(function.role).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::<{self._table_id}.Arn>/stream/*]",
                reason="Listing streams cannot be limited to one; these are the streams of this one table.",
            )
        )

    def secret(self, id_: str, name: str, description: str) -> secretsmanager.CfnSecret:
        """A secret that is made empty, for `fleetctl secrets set` to fill."""
        # CloudFormation would generate a value; the escape hatch leaves it empty.
        secret = secretsmanager.CfnSecret(self, id_, name=name, description=description)
        secret.apply_removal_policy(self.deployment.removal_policy)
        for rule in ("AwsSolutions-SMG4", "HIPAA.Security-SecretsManagerRotationEnabled"):
            Validations.of(secret).acknowledge(
                Acknowledgment(id=rule, reason="It is issued elsewhere by hand; a new one is set with fleetctl.")
            )
        Validations.of(secret).acknowledge(
            Acknowledgment(
                id="HIPAA.Security-SecretsManagerUsingKMSKey",
                reason="One account reads it: AWS's own key for Secrets Manager does. It opens no patient data.",
            )
        )
        return secret


def _layer(stack: Stack, name: str, code: lambda_.Code) -> lambda_.LayerVersion:
    """Made in each stack from the same asset: a layer passed between stacks could never be updated (aws-cdk#1972)."""
    return lambda_.LayerVersion(
        stack,
        name,
        code=code,
        compatible_architectures=[lambda_.Architecture.ARM_64],
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        description=f"Yagura: {name.lower()}",
    )
