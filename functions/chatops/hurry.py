"""Has what was just kept posted now, rather than by the next sweep."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fleet import telemetry

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Hurry:
    """Wakes the pump of channels. It may fail: the sweep finds what waits."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url

    def __call__(self, channels: Iterable[str]) -> None:
        """Wake them."""
        for channel in sorted(channels):
            try:
                self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps({"pump": channel}))
            except (ClientError, BotoCoreError) as error:
                telemetry.log_failure("not hurried", error)
                return
