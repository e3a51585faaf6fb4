"""A small hub and spoke in the fleet's shape, to try the deployment road and what the emulator runs."""

import os
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_secretsmanager as secrets
from aws_cdk import aws_sqs as sqs

HERE = Path(__file__).parent
HUB, SPOKE, REGION = "111111111111", "222222222222", "us-east-1"


class Fleet(cdk.Stack):
    """A bus with policy and archive, a queue with a worker and a table, and a second function on the table's stream."""

    def __init__(self, stage: cdk.Stage, account: str) -> None:
        super().__init__(
            stage,
            "fleet",
            env=cdk.Environment(account=account, region=REGION),
            stack_name="fleet",
            synthesizer=cdk.CliCredentialsStackSynthesizer(),
        )
        boundary = iam.ManagedPolicy(
            self,
            "Boundary",
            managed_policy_name="yagura-boundary",
            statements=[
                iam.PolicyStatement(actions=["logs:*", "dynamodb:*", "sqs:*", "events:PutEvents"], resources=["*"])
            ],
        )
        bus = events.EventBus(self, "Bus", event_bus_name="yagura")
        bus.add_to_resource_policy(
            iam.PolicyStatement(
                sid="OnlyTheFleet",
                effect=iam.Effect.DENY,
                actions=["events:PutEvents"],
                resources=[bus.event_bus_arn],
                principals=[iam.AnyPrincipal()],
                conditions={
                    "ForAnyValue:StringLike": {"events:source": "yagura.*"},
                    "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/yagura/*"},
                },
            )
        )
        events.CfnArchive(self, "Archive", source_arn=bus.event_bus_arn, archive_name="yagura", retention_days=30)
        table = dynamodb.TableV2(
            self,
            "Table",
            table_name="findings",
            dynamo_stream=dynamodb.StreamViewType.NEW_IMAGE,
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        dead = sqs.Queue(self, "Dead", queue_name="findings-dead")
        queue = sqs.Queue(
            self,
            "Queue",
            queue_name="findings",
            visibility_timeout=cdk.Duration.seconds(1),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=2),
        )
        layer = lambda_.LayerVersion(self, "Layer", code=lambda_.Code.from_asset(str(HERE / "layer")))
        worker = self._function("worker", boundary, layer, TABLE=table.table_name, BUS=bus.event_bus_name)
        table.grants.actions(worker, "dynamodb:PutItem")
        bus.grant_put_events_to(worker)
        worker.add_event_source(
            sources.SqsEventSource(queue, batch_size=10, report_batch_item_failures=True, max_concurrency=2)
        )
        reader = self._function("reader", boundary, layer)
        reader.add_event_source(
            sources.DynamoEventSource(
                table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                report_batch_item_failures=True,
                filters=[lambda_.FilterCriteria.filter({"dynamodb": {"NewImage": {"pending": {"S": ["yes"]}}}})],
            )
        )
        events.Rule(
            self, "In", event_pattern=events.EventPattern(source=["aws.securityhub"]), targets=[targets.SqsQueue(queue)]
        )
        secrets.CfnSecret(self, "Secret", name="yagura/slack")
        cdk.CfnResource(
            self, "Rotation", type="AWS::SecretsManager::RotationSchedule", properties={"SecretId": "yagura/slack"}
        )
        if account == SPOKE:
            self._forward(bus)
        else:
            bus.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="Spokes",
                    actions=["events:PutEvents"],
                    resources=[bus.event_bus_arn],
                    principals=[iam.AccountPrincipal(SPOKE)],
                )
            )

    def _function(
        self, name: str, boundary: iam.ManagedPolicy, layer: lambda_.LayerVersion, **environment: str
    ) -> lambda_.Function:
        role = iam.Role(
            self,
            f"{name}-role",
            path="/yagura/",
            permissions_boundary=boundary,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        return lambda_.Function(
            self,
            name,
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler=f"handler.{name}",
            role=role,
            code=lambda_.Code.from_asset(str(HERE / "functions" / "handler")),
            layers=[layer],
            environment=environment,
            timeout=cdk.Duration.seconds(10),
            logging_format=lambda_.LoggingFormat.JSON,
        )

    def _forward(self, bus: events.EventBus) -> None:
        hub = f"arn:aws:events:{REGION}:{HUB}:event-bus/yagura"
        role = iam.Role(self, "ForwardRole", path="/yagura/", assumed_by=iam.ServicePrincipal("events.amazonaws.com"))
        role.add_to_policy(iam.PolicyStatement(actions=["events:PutEvents"], resources=[hub]))
        events.CfnRule(
            self,
            "Forward",
            event_bus_name=bus.event_bus_name,
            event_pattern={"source": [{"prefix": "yagura."}]},
            targets=[events.CfnRule.TargetProperty(arn=hub, id="hub", role_arn=role.role_arn)],
        )


app = cdk.App(outdir=os.environ.get("CDK_OUTDIR"), analytics_reporting=False)
Fleet(cdk.Stage(app, "local-hub"), HUB)
Fleet(cdk.Stage(app, "local-spoke"), SPOKE)
app.synth()
