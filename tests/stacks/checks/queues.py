"""Queues: nothing is lost while a function is slow or broken, and nothing lies in the clear."""

from collections.abc import Iterator, Sequence
from typing import Any

from fleetctl.policies import statements
from fleetctl.templates import Template

FORTNIGHT = 14 * 24 * 60 * 60
RECEIVES = 5
REDRIVE = "yagura:redrive"
BELIEVED = {"yagura-chatops-desk", "yagura-chatops-answers"}
"""Who puts something there speaks as a person, or as a capability and account: only the ingress and the bus may."""
FACTOR = 6


def check(templates: Sequence[Template]) -> list[str]:
    """Retention, dead letters and their redrive, visibility timeout, encryption at rest and on the way."""
    found: list[str] = []
    for template in templates:
        for name, queue in template.of_type("AWS::SQS::Queue").items():
            found += _queue(template, name, queue)
        for name, mapping in template.of_type("AWS::Lambda::EventSourceMapping").items():
            found += _visibility(template, name, mapping)
    return found


def _queue(template: Template, name: str, queue: dict[str, Any]) -> Iterator[str]:
    if queue.get("MessageRetentionPeriod") != FORTNIGHT:
        yield template.problem(name, "must keep messages 14 days: retention_period=RETENTION")
    if not (queue.get("SqsManagedSseEnabled") or queue.get("KmsMasterKeyId")):
        yield template.problem(name, "is not encrypted: QueueEncryption.SQS_MANAGED")
    polled = any(
        mapping["EventSourceArn"] == template.arn(name)
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
    )
    opened = {tag["Key"]: tag["Value"] for tag in queue.get("Tags", [])}.get(REDRIVE)
    if queue.get("QueueName") in BELIEVED:
        if opened is not None:
            yield template.problem(
                name, f"must not have the tag {REDRIVE}: what is put there is believed to be somebody's"
            )
    elif opened != (wanted := "target" if polled else "dead-letters"):
        yield template.problem(name, f"must have the tag {REDRIVE}: {wanted}, or nobody can redrive it; has {opened}")
    redrive = queue.get("RedrivePolicy", {})
    if polled and redrive.get("maxReceiveCount") != RECEIVES:
        yield template.problem(name, f"must give up after {RECEIVES} receives: maxReceiveCount")
    if polled and not any(
        template.arn(each) == redrive.get("deadLetterTargetArn") for each in template.of_type("AWS::SQS::Queue")
    ):
        yield template.problem(name, "has no dead-letter queue in its stack")
    if not any(
        each.effect == "Deny" and "*" in each.principals and ("Bool", ["false"]) in each.values("aws:SecureTransport")
        for policy in template.of_type("AWS::SQS::QueuePolicy").values()
        for each in statements(policy["PolicyDocument"])
        if template.arn(name) in each.resources
    ):
        yield template.problem(name, "takes messages without TLS: enforce_ssl=True")


def _visibility(template: Template, name: str, mapping: dict[str, Any]) -> Iterator[str]:
    """AWS's own advice: six times the timeout, or a message comes back while it is still being worked on."""
    for queue, properties in template.of_type("AWS::SQS::Queue").items():
        if template.arn(queue) != mapping["EventSourceArn"]:
            continue
        for function, settings in template.of_type("AWS::Lambda::Function").items():
            if mapping["FunctionName"] not in {settings["FunctionName"], template.arn(function)}:
                continue
            least = FACTOR * settings.get("Timeout", 3)
            visible = properties.get("VisibilityTimeout", 30)
            if visible < least:
                yield template.problem(queue, f"VisibilityTimeout is {visible} s; {name} needs at least {least} s")
