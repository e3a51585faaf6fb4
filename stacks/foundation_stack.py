"""Foundation: the fleet bus and its policy, the way to the hub, the alarm topic, the modes, the boundary."""

from aws_cdk import Acknowledgment, Duration, Stack, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fleet.modes import FREEZE, parameter
from stacks.boundary import boundary_statements
from stacks.bus_policy import bus_policy
from stacks.deployment import Deployment
from stacks.names import ALARM_TOPIC, BUS, KEY_PARAMETER, boundary_name, bus_arn, role_name
from stacks.parts.dead_letters import DeadLetters


class FoundationStack(Stack):
    """What every account has, whatever it runs."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(
            scope,
            "foundation",
            stack_name="yagura-foundation",
            description="Yagura: foundation",
            synthesizer=deployment.synthesizer(),
        )
        self._deployment = deployment
        self._boundary = self._make_boundary()
        bus = self._bus()
        topic = self._alarm_topic(self._key() if deployment.config.fleet.customer_managed_key else None)
        if deployment.account.role == "spoke":
            self._forward_to_hub(bus, topic)
        self._modes()

    def _make_boundary(self) -> iam.ManagedPolicy:
        account = self._deployment.account
        limits = boundary_statements(account)
        boundary = iam.ManagedPolicy(
            self,
            "Boundary",
            managed_policy_name=boundary_name(account),
            path="/yagura/",
            description="No fleet role can do more than this, whatever its own policy says.",
            statements=limits,
        )
        for resource in [each for limit in limits for each in limit.resources if "*" in each]:
            Validations.of(boundary).acknowledge(
                Acknowledgment(
                    id=f"AwsSolutions-IAM5[Resource::{resource}]",
                    reason="A boundary grants nothing: it is the limit of what the roles may get.",
                )
            )
        return boundary

    def _bus(self) -> events.CfnEventBus:
        bus = events.CfnEventBus(
            self,
            "Bus",
            name=BUS,
            description="Facts of the fleet: sources yagura.<capability>",
            policy=bus_policy(self._deployment.config.fleet, self._deployment.account),
        )
        # Replays rebuild state; rules with effects do not match them (EventQueue.on_fleet_events).
        events.CfnArchive(
            self,
            "Archive",
            archive_name=BUS,
            source_arn=bus.attr_arn,
            retention_days=90,
            description="All events of the fleet bus",
        )
        ssm.StringParameter(
            self,
            "BusArn",
            parameter_name="/yagura/bus-arn",
            string_value=bus.attr_arn,
            description="The fleet bus, for teams that deploy with other tools",
        )
        return bus

    def _alarm_topic(self, key: kms.IKey | None) -> sns.Topic:
        topic = sns.Topic(self, "Alarms", topic_name=ALARM_TOPIC, enforce_ssl=True, master_key=key)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self._deployment.account.id}},
            )
        )
        # Outside the fleet: if the fleet is what failed, it cannot tell of it.
        subscription = topic.add_subscription(
            subscriptions.EmailSubscription(self._deployment.config.fleet.alarms.email)
        )
        Validations.of(subscription).acknowledge(
            Acknowledgment(
                id="Serverless-SNSRedrivePolicy", reason="Mail does not fail in a way that SNS could redrive."
            )
        )
        for rule in ("AwsSolutions-SNS2", "HIPAA.Security-SNSEncryptedKMS"):
            Validations.of(topic).acknowledge(
                Acknowledgment(id=rule, reason="Alarm names and numbers only; alarms cannot publish to alias/aws/sns.")
            )
        return topic

    def _forward_to_hub(self, bus: events.CfnEventBus, topic: sns.ITopic) -> None:
        """One rule, one hop: what begins here goes to the hub, and what came from elsewhere goes nowhere."""
        hub = self._deployment.config.fleet.hub
        account = self._deployment.account
        dead_letters = DeadLetters(self, "DeadLetters", capability="foundation", alarm_topic=topic).queue
        role = iam.Role(
            self,
            "Forwarder",
            role_name=role_name(account, "foundation", "forward"),
            path="/yagura/",
            assumed_by=iam.ServicePrincipal(
                "events.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": account.id}}
            ),
            inline_policies={
                "forward": iam.PolicyDocument(
                    statements=[iam.PolicyStatement(actions=["events:PutEvents"], resources=[bus_arn(hub)])]
                )
            },
        )
        self._fleet_role(role)
        rule = events.CfnRule(
            self,
            "Forward",
            name="yagura-forward-to-hub",
            description="Fleet events of this account, to the hub's bus",
            event_bus_name=BUS,
            event_pattern={
                "source": [{"prefix": "yagura."}],
                "account": [account.id],
                "replay-name": [{"exists": False}],
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="Hub",
                    arn=bus_arn(hub),
                    role_arn=role.role_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=Duration.hours(24).to_seconds(), maximum_retry_attempts=185
                    ),
                )
            ],
        )
        dead_letters.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[dead_letters.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
            )
        )
        rule.add_resource_dependency(bus)

    def _modes(self) -> None:
        account = self._deployment.account
        for capability, mode in sorted(account.capabilities.items()):
            ssm.StringParameter(
                self,
                f"Mode-{capability}",
                parameter_name=parameter(capability),
                string_value=mode,
                allowed_pattern="^(off|observe|act)$",
                description=f"Mode of {capability}: off, observe or act",
            )
        freezer = iam.Role(
            self,
            "Freezer",
            role_name=role_name(account, "foundation", "freeze"),
            path="/yagura/",
            description="Assumed from the hub by `fleetctl freeze`; may set the freeze, and nothing else",
            assumed_by=iam.AccountPrincipal(self._deployment.config.fleet.hub.id),
            inline_policies={
                "freeze": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["ssm:PutParameter"],
                            resources=[self.format_arn(service="ssm", resource="parameter", resource_name=FREEZE[1:])],
                        )
                    ]
                )
            },
        )

        self._fleet_role(freezer)

    def _fleet_role(self, role: iam.Role) -> None:
        # The boundary is named, not referred to, so CloudFormation does not know that it must come first.
        role.node.add_dependency(self._boundary)
        Validations.of(role).acknowledge(
            Acknowledgment(
                id="HIPAA.Security-IAMNoInlinePolicy",
                reason="The policy is this one role's, and comes and goes with it. docs/permissions.md shows it.",
            )
        )

    def _key(self) -> kms.IKey:
        """The one key: of the tables, by the grants of the roles that use them, and of the alarm topic."""
        key = kms.Key(self, "Key", alias="alias/yagura", enable_key_rotation=True)
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": self._deployment.account.id}},
            )
        )
        ssm.StringParameter(self, "KeyArn", parameter_name=KEY_PARAMETER, string_value=key.key_arn)
        return key
