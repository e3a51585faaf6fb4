"""Logs and counts of a function: JSON lines by Powertools, ids and reasons only, never an event's body."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

NAMESPACE = "Yagura"

logger = Logger(utc=True)


def count(name: str, *, capability: str, reason: str | None = None, by: int = 1) -> None:
    """Count `by` things under `name` in CloudWatch (embedded metric format), split by `reason` when there is one.

    Each split is a custom metric of its own ($0.30 a month while it is used): reasons are a short, fixed list.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=capability)
    if reason:
        metrics.add_dimension(name="reason", value=reason)
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=by)
    metrics.flush_metrics()


def log(message: str, **fields: Any) -> None:
    """One line about what was decided; `fields` are ids, slugs and numbers."""
    logger.info(message, extra=fields)


def log_failure(message: str, error: Exception, **fields: Any) -> None:
    """One line about an error that will be retried.

    Of AWS's errors the message is kept, since it names the action and the resource that were refused; of others only
    the type, since their text may quote the event, as botocore's own check of parameters does.
    """
    aws = isinstance(error, (ClientError, BotoCoreError)) and not isinstance(error, ParamValidationError)
    kept = str(error) if aws else ""
    logger.error(message, extra=fields | {"error": type(error).__name__, "why": kept})
