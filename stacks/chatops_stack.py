"""Chatops, in the hub.

Slack -> HTTP API -> ingress -> queue -> desk -> table -> publish -> the bus of the account concerned
hub's bus -> queue -> answers -> table          hub's bus -> queue -> notify -> Slack, PagerDuty
every hour: anchor -> the archive in another account
"""

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct

from fleet.events.chatops import BudgetUsedUp
from fleet.events.findings import (
    FindingChanged,
    FindingOpened,
    FindingOverdue,
    FindingResolved,
    FindingsSummarized,
    FindingSuppressed,
    ProblemsVanished,
    SuppressionExpiring,
)
from stacks.config.compile import chatops_config
from stacks.config.model import CAPABILITIES
from stacks.deployment import Deployment
from stacks.names import EXECUTORS, archive_bucket, bus_arn, role_arn, role_name
from stacks.parts.capability_stack import CapabilityStack
from stacks.parts.item_grants import on_items
from stacks.parts.public_api import PublicApi

_BOTH = ("dynamodb:GetItem", "dynamodb:PutItem")
_TOLD = (
    *(FindingOpened, FindingChanged, FindingSuppressed, FindingResolved),
    *(FindingOverdue, SuppressionExpiring, FindingsSummarized, ProblemsVanished, BudgetUsedUp),
)
"""Fleet events that people are told of."""


class ChatopsStack(CapabilityStack):
    """The capability `chatops`."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        compiled = chatops_config(deployment.config, deployment.account)
        super().__init__(scope, deployment, "chatops", compiled=compiled)
        fleet = deployment.config.fleet
        slack = fleet.slack
        token = self.secret("SlackToken", slack.secret_name, "Bot token of the fleet's Slack app (xoxb-...)")
        signing = self.secret("SlackSigning", slack.signing_secret_name, "Signing secret of the fleet's Slack app")
        table = self.table(stream=True, time_to_live="expires")
        talks = {
            "YAGURA_SLACK_API": slack.api,
            "YAGURA_SLACK_SECRET": slack.secret_name,
            "YAGURA_SLACK_HOOKS": slack.hooks,
        }

        pages = {}
        if fleet.pagerduty:
            keys = self.secret(
                "PagerDutyKeys", fleet.pagerduty.secret_name, "Routing keys of PagerDuty services (JSON)"
            )
            pages = {
                "YAGURA_PAGERDUTY_API": fleet.pagerduty.api,
                "YAGURA_PAGERDUTY_SECRET": fleet.pagerduty.secret_name,
            }
        notify = self.function("notify", table=table, environment=talks | pages)
        # It reads what comes from outside and talks to the internet: all that it may touch is what people are told.
        told = ["message#*", "draft#*", "lane#*", "page#*", "status#*", "problem#*", "storm#*", "summary#*"]
        self.grant_items_of(notify, table, _BOTH, told)
        self.grant_pending(notify, table)
        self.grant_secret(notify, token, *([keys] if fleet.pagerduty else []))
        self.grant_mode(notify)
        # One at a time: posting it may take 20 of the function's 30 seconds.
        outbox = self.event_queue(notify, batch_size=1)
        outbox.on_fleet_events(
            "FleetEvents",
            bus=self.bus,
            sources=["yagura.findings"],
            detail_types=[kind.detail_type() for kind in _TOLD],
            accounts=deployment.account_ids,
            description="Fleet events that people are told of",
        )
        self.every(Duration.minutes(2), notify, description="Post the messages that wait")

        archive = self._archive(deployment, "read")
        desk = self.function("desk", table=table, environment=talks | archive)
        self.grant_items(desk, table)
        self.grant_batches(desk, table)
        self.grant_pending(desk, table)
        self.grant_secret(desk, token)
        self.grant_role(desk, archive["YAGURA_ARCHIVE_ROLE"])
        if identity := deployment.config.people.identity_center:
            self.grant_role(desk, identity.role)
        # Who can put something there speaks as anybody: the ingress alone, and no redrive.
        desk_queue = self.event_queue(desk, name="desk", batch_size=1, redrive=False)

        ingress = self.function(
            "ingress",
            table=table,
            environment={
                "YAGURA_DESK_QUEUE": desk_queue.queue.queue_url,
                "YAGURA_SIGNING_SECRET": slack.signing_secret_name,
                "YAGURA_SLACK_TEAM": slack.team,
            },
            timeout=Duration.seconds(5),
        )
        # It faces the internet: all that it may touch is its own notes of what it has seen.
        self.grant_items_of(ingress, table, ["dynamodb:PutItem", "dynamodb:DeleteItem"], ["seen#*"])
        self.grant_secret(ingress, signing)
        self.grant_send(ingress, desk_queue)
        PublicApi(self, "Api", deployment=deployment, capability="chatops", function=ingress.function)

        answers = self.function("answers", table=table)
        self.grant_items_of(answers, table, _BOTH, ["request#*", "audit#*", "once#*", "due#*", "draft#*"])
        self.grant_pending(answers, table)
        self.event_queue(answers, name="answers", batch_size=1, redrive=False).on_fleet_events(
            "Answers",
            bus=self.bus,
            sources=[f"yagura.{capability}" for capability in CAPABILITIES if capability != "chatops"],
            detail_types=["CommandAnswered", "ApprovalRequested"],
            accounts=deployment.account_ids,
            description="Answers to commands, and what capabilities ask people",
        )
        self.every(Duration.minutes(1), answers, description="Expire what nobody decided, name who has not answered")
        for function in (desk, answers, notify):
            self.grant_send(function, outbox)
            function.function.add_environment("YAGURA_PUMP_QUEUE", outbox.queue.queue_url)

        publish = self.function("publish", table=table)
        self.grant_items_of(publish, table, _BOTH, ["request#*"])
        self.grant_pending(publish, table)
        # What runs nothing, as an account may that only keeps the anchors, is commanded nothing and asks nothing.
        self.grant_publish(publish, also=[bus_arn(each) for each in fleet.spokes if any(map(each.runs, EXECUTORS))])
        self.on_pending(table, publish)
        self.every(Duration.minutes(2), publish, description="Publish what the stream has left behind")

        archive = self._archive(deployment, "write")
        anchor = self.function("anchor", table=table, environment=archive)
        # It reads the chain's end, and notes what it anchored; the chain it cannot write.
        self.grant_items_of(anchor, table, ["dynamodb:GetItem"], ["audit#head", "audit#anchor"])
        self.grant_items_of(anchor, table, ["dynamodb:PutItem"], ["audit#anchor"])
        self.grant_role(anchor, archive["YAGURA_ARCHIVE_ROLE"])
        # One an hour; the other ticks make good what failed. An hour that has none is covered by the next one's.
        self.every(Duration.minutes(15), anchor, description="Anchor the audit chain, once an hour")

        self._claims(table.table_arn, deployment)

    def _archive(self, deployment: Deployment, role: str) -> dict[str, str]:
        """Where the anchors lie, and the role there by which they are read or written."""
        account = deployment.config.fleet.archive
        return {
            "YAGURA_ARCHIVE_ROLE": role_arn(account.id, role_name(account, "archive", role)),
            "YAGURA_ARCHIVE_BUCKET": archive_bucket(account),
            "YAGURA_ARCHIVE_REGION": account.region,
        }

    def _claims(self, table_arn: str, deployment: Deployment) -> None:
        """The role by which executors of any account claim a granted request: it can read them, and grant none."""
        executors = [role_arn("*", f"yagura-*-{capability}-{entry}") for capability, entry in EXECUTORS.items()]
        role = iam.Role(
            self,
            "Claims",
            role_name=role_name(deployment.account, "chatops", "claims"),
            path="/yagura/",
            description="Assumed by functions that carry out what people granted; may claim, and grant nothing",
            assumed_by=iam.CompositePrincipal(
                *(iam.AccountPrincipal(account) for account in deployment.account_ids)
            ).with_conditions({"ArnLike": {"aws:PrincipalArn": executors}}),
            inline_policies={
                "claims": iam.PolicyDocument(
                    statements=[
                        on_items(["dynamodb:GetItem"], table_arn, ["request#*", "claim#*"]),
                        on_items(["dynamodb:ConditionCheckItem"], table_arn, ["request#*"]),
                        on_items(["dynamodb:PutItem"], table_arn, ["claim#*"]),
                        *self.key_statements(),
                    ]
                )
            },
        )
        Validations.of(role).acknowledge(
            Acknowledgment(
                id="HIPAA.Security-IAMNoInlinePolicy",
                reason="The policy is this one role's, and comes and goes with it. docs/permissions.md shows it.",
            )
        )
