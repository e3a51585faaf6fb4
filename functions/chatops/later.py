"""Calls the function `notify` again: now, or when something that waits may go."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fleet import telemetry

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_SECONDS = 900
"""Of SQS."""


class Later:
    """Notify's own queue. It may fail: the sweep finds what waits."""

    def __init__(self, client: "SQSClient", queue_url: str, region: str) -> None:
        self._client, self._queue_url, self._region = client, queue_url, region

    def __call__(self, body: dict[str, object], after_ms: int = 0) -> None:
        """Have `body` handled in `after_ms`; what lies further ahead is called for again by then."""
        seconds = min(max(-(-after_ms // 1000), 0), LONGEST_SECONDS)
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(body), DelaySeconds=seconds)
        except (ClientError, BotoCoreError) as error:
            telemetry.log_failure("not called again", error)

    @property
    def arn(self) -> str:
        """Of the queue, for dead letters that are to come back to it."""
        *_, account, name = self._queue_url.split("/")
        return f"arn:aws:sqs:{self._region}:{account}:{name}"
