"""Problems for which something is to be changed outside the fleet, on the queues of those who change it."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import msgspec

from functions.findings.effects import SECURITY_HUB, TICKET

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Errands:
    """The queues. A message only says which problem: what is wanted stands on it."""

    def __init__(self, client: "SQSClient", queues: Mapping[str, str]) -> None:
        """`queues`: URL by what is wanted."""
        self._client, self._queues = client, queues

    @classmethod
    def from_environment(cls, client: "SQSClient", environment: Mapping[str, str] = os.environ) -> Self:
        """As the stack names them; without tickets there is no queue for them."""
        names = {SECURITY_HUB: "YAGURA_WRITEBACK_QUEUE", TICKET: "YAGURA_TICKET_QUEUE"}
        queues = {what: environment.get(name, "") for what, name in names.items()}
        return cls(client, {what: url for what, url in queues.items() if url})

    def send(self, problem_id: str, wanted: list[str]) -> None:
        """Put it on the queues of those who do this."""
        body = msgspec.json.encode({"problem": problem_id}).decode()
        for what in wanted:
            if url := self._queues.get(what):
                self._client.send_message(QueueUrl=url, MessageBody=body)
