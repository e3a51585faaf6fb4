"""Findings: Security Hub's events -> queue -> triage -> table -> publish -> fleet bus."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from constructs import Construct

from stacks.config.compile import findings_config
from stacks.deployment import Deployment
from stacks.parts.capability_stack import CapabilityStack
from stacks.parts.event_queue import EventQueue

_DETAIL_TYPES = [
    "Security Hub Findings - Imported",
    "Findings Imported V2",
    "Security Hub Findings - Custom Action",
]
# The account field is empty in AWS's own product ARNs; anyone may import under `...:<account>:product/<account>/*`.
_ASFF = "arn:aws:securityhub:*::product/aws/*"
_OCSF = "arn:aws:securityhub:*::productv2/aws/*"


class FindingsStack(CapabilityStack):
    """The capability `findings`."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        compiled = findings_config(deployment.config, deployment.account)
        super().__init__(scope, deployment, "findings", compiled=compiled)
        table = self.table(stream=True)

        triage = self.function("triage", table=table)
        self.grant_items(triage, table)
        self.grant_mode(triage)
        _security_hub(self.event_queue(triage))

        publish = self.function("publish", table=table)
        self.grant_items(publish, table)
        self.grant_pending(publish, table)
        self.grant_publish(publish)
        self.on_pending(table, publish)
        self.every(Duration.minutes(2), publish, description="Publish what the stream has left behind")


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
        message=events.RuleTargetInput.from_object(
            {
                "id": events.EventField.event_id,
                "source": "aws.securityhub",
                "detail-type": "Foreign Product",
                "time": events.EventField.time,
                "detail": {},
            }
        ),
    )


def _pattern(product_arn: list[object], product_uid: list[object]) -> events.EventPattern:
    """Events with an ASFF finding of one of `product_arn`, or an OCSF finding of one of `product_uid`."""
    asff = {"SchemaVersion": [{"exists": True}], "ProductArn": product_arn}
    ocsf = {"class_uid": [{"exists": True}], "metadata": {"product": {"uid": product_uid}}}
    return events.EventPattern(
        source=["aws.securityhub"],
        detail_type=_DETAIL_TYPES,
        detail={"findings": {"$or": [asff, ocsf]}},
    )
