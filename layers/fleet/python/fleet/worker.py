"""Takes a batch of an SQS queue apart, so that one bad event never blocks its neighbours.

A record that is refused for good goes to the dead-letter queue at once, with the reason on it; one that fails is
returned to the queue by partial batch failure, and after MAX_RECEIVES receives goes there too, with its last error.
One that waits for somebody outside the fleet ends after FIRST_RECEIVES: a dead letter would tell nothing, and redriving
it do nothing, as long as they are away.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fleet import telemetry
from fleet.refusal import AwayError, DroppedError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_RECEIVES = 5
"""maxReceiveCount of every queue of the fleet."""
FIRST_RECEIVES = 2
"""So often a message comes while somebody outside is away, before that is left to whoever keeps what is wanted."""


class DeadLetters:
    """The dead-letter queue of a capability."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url

    def put(self, body: str, *, reason: str, path: str, text: str, message_id: str, queue: str = "") -> None:
        """Keep `body` as it came, with why it was refused beside it, and the ARN of the queue that it goes back to."""
        attributes = {"reason": reason, "path": path, "text": text, "message-id": message_id}
        if queue:
            attributes["queue"] = queue
        self._client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=body,
            MessageAttributes={
                f"yagura-{name}": {"DataType": "String", "StringValue": value[:1024] or "-"}
                for name, value in attributes.items()
            },
        )


def process(
    event: dict[str, Any], handle: Callable[[str], None], *, dead_letters: DeadLetters, capability: str
) -> dict[str, Any]:
    """Call `handle` with the body of each record; returns what Lambda expects of a partial batch failure."""
    failed: list[str] = []
    away: Counter[tuple[str, str]] = Counter()
    put_off: Counter[str] = Counter()
    for record in event["Records"]:
        try:
            done = _done(record, handle, dead_letters, capability)
        except AwayError as error:
            away[error.reason, str(error)] += 1
            done = _receives(record) >= FIRST_RECEIVES
            put_off[error.reason] += done
        if not done:
            failed.append(record["messageId"])
    for (reason, why), messages in away.items():
        telemetry.log("away", reason=reason, why=why, messages=messages)
    count_put_off(+put_off, capability)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def count_put_off(put_off: Mapping[str, int], capability: str) -> None:
    """Count what waits for somebody outside: by reason, and in all for an alarm, which cannot add up reasons."""
    for reason, messages in put_off.items():
        telemetry.count("PutOff", capability=capability, reason=reason, by=messages)
    if put_off:
        telemetry.count("PutOff", capability=capability, reason="any", by=sum(put_off.values()))


def _done(record: dict[str, Any], handle: Callable[[str], None], dead_letters: DeadLetters, capability: str) -> bool:
    """Whether the message is at its end. Raises AwayError."""
    message_id = record["messageId"]
    try:
        try:
            handle(record["body"])
        except DroppedError as drop:
            telemetry.count("Dropped", capability=capability, reason=drop.reason)
            telemetry.log("dropped", message_id=message_id, reason=drop.reason)
        except RefusedError as refusal:
            _refuse(record, refusal, dead_letters, capability)
    except AwayError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, only this record may suffer from it
        telemetry.log_failure("failed", error, message_id=message_id)
        return _gave_up(record, error, dead_letters, capability)
    return True


def _refuse(record: dict[str, Any], refusal: RefusedError, dead_letters: DeadLetters, capability: str) -> None:
    message_id = record["messageId"]
    dead_letters.put(
        record["body"],
        reason=refusal.reason,
        path=refusal.path,
        text=refusal.text,
        message_id=message_id,
        queue=record.get("eventSourceARN", ""),
    )
    telemetry.count("Refused", capability=capability, reason=refusal.reason)
    telemetry.log("refused", message_id=message_id, reason=refusal.reason, path=refusal.path)


def _gave_up(record: dict[str, Any], error: Exception, dead_letters: DeadLetters, capability: str) -> bool:
    """On the last receive SQS itself would move the message, but without a word why."""
    if _receives(record) < MAX_RECEIVES:
        return False
    try:
        _refuse(record, RefusedError("failed", "$", type(error).__name__), dead_letters, capability)
    except Exception as second:  # noqa: BLE001 - then SQS moves it
        telemetry.log_failure("dead letter failed", second, message_id=record["messageId"])
        return False
    return True


def _receives(record: dict[str, Any]) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
