"""Chatops: fleet events on the hub's bus -> queue -> notify -> Slack."""

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.config.compile import chatops_config
from stacks.deployment import Deployment
from stacks.parts.capability_stack import CapabilityStack


class ChatopsStack(CapabilityStack):
    """The capability `chatops`; it lives in the hub."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        compiled = chatops_config(deployment.config, deployment.account)
        super().__init__(scope, deployment, "chatops", compiled=compiled)
        slack = deployment.config.fleet.slack
        # CloudFormation would generate a value; the escape hatch leaves it empty for `fleetctl secrets set slack`.
        secret = secretsmanager.CfnSecret(
            self, "SlackToken", name=slack.secret_name, description="Bot token of the fleet's Slack app (xoxb-...)"
        )
        secret.apply_removal_policy(deployment.removal_policy)
        for rule in ("AwsSolutions-SMG4", "HIPAA.Security-SecretsManagerRotationEnabled"):
            Validations.of(secret).acknowledge(
                Acknowledgment(id=rule, reason="Slack issues bot tokens by hand; a new one is set with fleetctl.")
            )
        Validations.of(secret).acknowledge(
            Acknowledgment(
                id="HIPAA.Security-SecretsManagerUsingKMSKey",
                reason="One account reads it: AWS's own key for Secrets Manager does. It opens no patient data.",
            )
        )
        table = self.table(time_to_live="expires")

        notify = self.function(
            "notify",
            table=table,
            environment={"YAGURA_SLACK_API": slack.api, "YAGURA_SLACK_SECRET": slack.secret_name},
        )
        self.grant_items(notify, table)
        self.grant_pending(notify, table)
        notify.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret.ref])
        )
        self.grant_mode(notify)
        # One at a time: posting it may take 20 of the function's 30 seconds.
        self.event_queue(notify, batch_size=1).on_fleet_events(
            "FleetEvents",
            bus=self.bus,
            source="yagura.findings",
            detail_types=["FindingOpened"],
            accounts=deployment.account_ids,
            description="Fleet events that people are told of",
        )
        self.every(Duration.minutes(2), notify, description="Post the messages that wait")
