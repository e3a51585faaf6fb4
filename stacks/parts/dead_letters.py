"""The dead-letter queue of a capability, and the alarm on it."""

from aws_cdk import Acknowledgment, Duration, Tags, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.names import REDRIVE_TAG

RETENTION = Duration.days(14)
"""Of all queues; the longest that SQS knows."""


class DeadLetters(Construct):
    """Where events go that cannot be processed, each with its reason (`fleet.worker`); one alarm on any of them."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the name that CDK gives it
        *,
        capability: str,
        alarm_topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"yagura-{capability}-dead-letters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
        )
        Tags.of(self.queue).add(REDRIVE_TAG, "dead-letters")
        for rule in ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"):
            Validations.of(self.queue).acknowledge(
                Acknowledgment(id=rule, reason="It is itself the dead-letter queue, and has an alarm.")
            )
        alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_name=f"yagura-{capability}-dead-letters",
            alarm_description=f"Events of {capability} were refused: see docs/runbooks/dead-letters.md.",
            metric=self.queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1)),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(alarm_topic))
