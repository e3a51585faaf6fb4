"""Findings.

Security Hub's events -> queue -> triage -> table -> publish -> fleet bus
                                              └─> queues -> writeback -> Security Hub, tickets -> GitHub
every five minutes: sweep -> table          commands of the hub -> queue -> work -> table
"""

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.config.compile import findings_config
from stacks.deployment import Deployment
from stacks.names import role_arn, role_name
from stacks.parts.capability_stack import CapabilityStack
from stacks.parts.event_queue import EventQueue
from stacks.parts.fleet_function import FleetFunction

LIVE = "live"
"""Index of the open and suppressed problems, by team."""
_IMPORTED = ["Security Hub Findings - Imported", "Findings Imported V2", "Security Hub Findings - Custom Action"]
_INSIGHTS = "Security Hub Insight Results"
# The account field is empty in AWS's own product ARNs; anyone may import under `...:<account>:product/<account>/*`.
_ASFF = "arn:aws:securityhub:*::product/aws/*"
_OCSF = "arn:aws:securityhub:*::productv2/aws/*"
_WRITEBACK_CONCURRENCY = 2
"""Security Hub takes ten updates a second of an account, whoever asks: two of ours ask three times a second each."""


class FindingsStack(CapabilityStack):
    """The capability `findings`."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        compiled = findings_config(deployment.config, deployment.account)
        super().__init__(scope, deployment, "findings", compiled=compiled)
        table = self._table_with_live()

        triage = self.function("triage", table=table)
        self.grant_items(triage, table)
        self.grant_mode(triage)
        _security_hub(self.event_queue(triage))

        queues = {"YAGURA_WRITEBACK_QUEUE": self._writeback(table)}
        if deployment.config.findings.github:
            queues["YAGURA_TICKET_QUEUE"] = self._tickets(table)
        urls = {name: queue.queue.queue_url for name, queue in queues.items()}

        publish = self.function("publish", table=table, environment=urls)
        self.grant_items(publish, table)
        self.grant_pending(publish, table)
        self.grant_publish(publish)
        self.on_pending(table, publish, also=["wants"])
        self.every(Duration.minutes(2), publish, description="Publish what the stream has left behind")

        sweep = self.function("sweep", table=table, environment=urls, timeout=Duration.seconds(240))
        self.grant_items(sweep, table)
        self.grant_pending(sweep, table)
        self.grant_index(sweep, table, LIVE)
        self.grant_mode(sweep)
        self._grant_hub(sweep, "GetFindings")
        self.every(Duration.minutes(5), sweep, description="Suppressions that end, deadlines, digests, reconciliation")
        for queue in queues.values():
            self.grant_send(publish, queue)
            self.grant_send(sweep, queue)

        self._commands(table)
        self.put_off_alarm()

    def _table_with_live(self) -> dynamodb.Table:
        table = self.table(stream=True, time_to_live="expires")
        table.add_global_secondary_index(
            index_name=LIVE,
            partition_key=dynamodb.Attribute(name=LIVE, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="rank", type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=["brief"],
        )
        return table

    def _writeback(self, table: dynamodb.Table) -> EventQueue:
        """Changes of Security Hub's findings, a hundred at a time."""
        writeback = self.function("writeback", table=table, timeout=Duration.seconds(120))
        self.grant_items(writeback, table)
        self.grant_mode(writeback)
        self._grant_hub(writeback, "BatchUpdateFindings")
        return self.event_queue(
            writeback, name="writeback", batch_size=100, window=Duration.seconds(5), concurrency=_WRITEBACK_CONCURRENCY
        )

    def _tickets(self, table: dynamodb.Table) -> EventQueue:
        """Issues in GitHub: its failures hold up nobody else."""
        github = self.deployment.config.findings.github
        assert github  # noqa: S101 - for the type checker; the caller has looked
        token = self.secret("GitHubToken", github.secret_name, "Token that may write issues (github_pat_...)")
        settings = {"YAGURA_GITHUB_API": github.api, "YAGURA_GITHUB_SECRET": github.secret_name}
        tickets = self.function("tickets", table=table, environment=settings, timeout=Duration.seconds(60))
        self.grant_items(tickets, table)
        self.grant_mode(tickets)
        self.grant_secret(tickets, token)
        return self.event_queue(tickets, name="tickets", batch_size=1, concurrency=2)

    def _commands(self, table: dynamodb.Table) -> None:
        account, hub = self.deployment.account, self.deployment.config.fleet.hub
        claims = role_arn(hub.id, role_name(hub, "chatops", "claims"))
        work = self.function(
            "work",
            table=table,
            environment={
                "YAGURA_CLAIMS_ROLE": claims,
                "YAGURA_HUB_REGION": hub.region,
                "YAGURA_REQUESTS_TABLE": "yagura-chatops",
            },
        )
        self.grant_items(work, table)
        self.grant_index(work, table, LIVE)
        self.grant_mode(work)
        self.grant_role(work, claims)
        self.event_queue(work, name="commands", batch_size=1).on_commands(
            self.bus, "findings", hub=hub.id, account=account.id, region=account.region
        )

    def _grant_hub(self, function: FleetFunction, action: str) -> None:
        """Security Hub, of both kinds: the V2 operations are authorized by the same names, on the V2 hub."""
        place = f"{self.deployment.account.region}:{self.deployment.account.id}"
        function.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[f"securityhub:{action}"],
                resources=[f"arn:aws:securityhub:{place}:hub/default", f"arn:aws:securityhub:{place}:hubv2/*"],
            )
        )
        self.acknowledge_wildcard(
            function,
            f"arn:aws:securityhub:{place}:hubv2/*",
            "The V2 hub's id is made when it is enabled; an account and Region has one.",
        )


def _security_hub(queue: EventQueue) -> None:
    """AWS's own findings whole; of all others only that there was one, so that it can be counted."""
    queue.on(
        "SecurityHub",
        _pattern([{"wildcard": _ASFF}], [{"wildcard": _OCSF}]),
        description="Security Hub findings of AWS's own products, for triage",
    )
    queue.on(
        "Foreign",
        _pattern(
            [{"exists": False}, {"anything-but": {"wildcard": [_ASFF]}}],
            [{"exists": False}, {"anything-but": {"wildcard": [_OCSF]}}],
        ),
        description="Findings that are not of AWS's own products: counted, never read",
        message=_without_body("Foreign Product"),
    )
    queue.on(
        "Insights",
        events.EventPattern(source=["aws.securityhub"], detail_type=[_INSIGHTS]),
        description="Insight results: they count findings that come by themselves",
        message=_without_body(_INSIGHTS),
    )


def _without_body(detail_type: str) -> events.RuleTargetInput:
    return events.RuleTargetInput.from_object(
        {
            "id": events.EventField.event_id,
            "source": "aws.securityhub",
            "detail-type": detail_type,
            "time": events.EventField.time,
            "detail": {},
        }
    )


def _pattern(product_arn: list[object], product_uid: list[object]) -> events.EventPattern:
    """Events with an ASFF finding of one of `product_arn`, or an OCSF finding of one of `product_uid`."""
    asff = {"SchemaVersion": [{"exists": True}], "ProductArn": product_arn}
    ocsf = {"class_uid": [{"exists": True}], "metadata": {"product": {"uid": product_uid}}}
    return events.EventPattern(
        source=["aws.securityhub"],
        detail_type=_IMPORTED,
        detail={"findings": {"$or": [asff, ocsf]}},
    )
