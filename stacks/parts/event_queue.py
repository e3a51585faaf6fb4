"""EventQueue: what comes from outside is buffered: rule -> queue -> function, with partial batch failure."""

from collections.abc import Sequence
from typing import Any, cast

from aws_cdk import Acknowledgment, Duration, Tags, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fleet.worker import MAX_RECEIVES
from stacks.names import REDRIVE_TAG
from stacks.parts.dead_letters import RETENTION
from stacks.parts.fleet_function import FleetFunction

MAX_CONCURRENCY = 5
"""Of one mapping. Reserved concurrency would turn throttles into receives."""
VISIBILITY_FACTOR = 6
"""AWS's own advice: a message must stay hidden while a throttled function is tried again."""


class EventQueue(Construct):
    """An SQS queue between rules and one function, and the dead-letter queue of its capability behind it."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the name that CDK gives it
        *,
        queue_name: str,
        function: FleetFunction,
        dead_letters: sqs.IQueue,
        batch_size: int,
        redrive: bool = True,
        window: Duration | None = None,
        concurrency: int = MAX_CONCURRENCY,
    ) -> None:
        """`redrive`: whether `/yagura queues redrive` may send dead letters back to it.

        `window`: how long messages are gathered; SQS wants one for batches of more than ten.
        """
        super().__init__(scope, id)
        self._dead_letters = dead_letters
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=queue_name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
            visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * function.timeout.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=MAX_RECEIVES),
        )
        if redrive:
            Tags.of(self.queue).add(REDRIVE_TAG, "target")
        # Exactly what the poller needs; CDK's SqsEventSource would add two actions more.
        grant = self.queue.grant(function.role, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
        mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=function.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            max_batching_window=window,
            max_concurrency=concurrency,
            report_batch_item_failures=True,
        )
        grant.apply_before(mapping)
        Validations.of(mapping).acknowledge(
            Acknowledgment(
                id="Serverless-LambdaEventSourceMappingDestination",
                reason="SQS mappings have none: what fails goes to the queue's dead letters after five receives.",
            )
        )

    def on(
        self,
        id: str,  # noqa: A002 - the name that CDK gives it
        pattern: events.EventPattern,
        *,
        description: str,
        bus: events.IEventBus | None = None,
        message: events.RuleTargetInput | None = None,
    ) -> events.Rule:
        """Feed the queue with what matches `pattern` on `bus` (by default the account's own)."""
        return events.Rule(
            self,
            id,
            description=description,
            event_bus=bus,
            event_pattern=pattern,
            targets=[
                targets.SqsQueue(cast("sqs.IQueue", self.queue), dead_letter_queue=self._dead_letters, message=message)
            ],
        )

    def on_commands(
        self, bus: events.IEventBus, capability: str, *, hub: str, account: str, region: str
    ) -> events.Rule:
        """Feed the queue with the hub's commands for this capability in this account and Region."""
        return self.on_fleet_events(
            "Commands",
            bus=bus,
            sources=["yagura.chatops"],
            detail_types=["CommandRequested"],
            accounts=[hub],
            data={"capability": [capability], "account": [account], "region": [region]},
            description="Commands of the hub for this account",
        )

    def on_fleet_events(
        self,
        id: str,  # noqa: A002 - the name that CDK gives it
        *,
        bus: events.IEventBus,
        sources: Sequence[str],
        detail_types: Sequence[str],
        accounts: Sequence[str],
        description: str,
        data: dict[str, list[str]] | None = None,
    ) -> events.Rule:
        """Feed the queue with fleet events, from the fleet's accounts only, and never with replayed ones.

        `data` narrows them to what they say.
        """
        rule = self.on(
            id,
            events.EventPattern(
                source=list(sources),
                detail_type=list(detail_types),
                account=list(accounts),
                detail={"data": data} if data else None,
            ),
            description=description,
            bus=bus,
        )
        # A replay may rebuild state; it must never notify or act. CDK's EventPattern does not know the field.
        not_replayed: list[dict[str, Any]] = [{"exists": False}]
        cast("events.CfnRule", rule.node.default_child).add_property_override("EventPattern.replay-name", not_replayed)
        return rule
