"""One dead-letter queue and the roads back from it: SQS, the targets of rules, functions. The port `redrive.Post`."""

from hashlib import sha256
from itertools import batched
from typing import TYPE_CHECKING, Any

from functions.operations.calls import calling
from functions.operations.failure import CallFailedError
from functions.operations.letters import (
    ByRule,
    Destination,
    Letter,
    Place,
    Stays,
    ToFunction,
    ToQueue,
    name_of,
    road,
    through,
)
from functions.operations.queues import TAG, DeadLetterQueue, Queues

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

_ACCEPTED = 202
_WAIT_SECONDS = 1
"""Long polling asks all of SQS's servers; without it some messages are not seen."""


class Roads:
    """Where letters go back to, and the sending. What is asked of AWS is asked once in a command."""

    def __init__(
        self, sqs: "SQSClient", events: "EventBridgeClient", functions: "LambdaClient", queues: Queues
    ) -> None:
        self._sqs, self._events, self._functions, self._queues = sqs, events, functions, queues
        self._urls: dict[str, str | None] = {}
        self._through: dict[ByRule, Destination] = {}
        self._closed: dict[str, str] = {}

    def of(self, letter: Letter, queue: DeadLetterQueue, here: Place) -> Destination:
        """Where it would go back to, if that is open to us."""
        to = road(letter, queue=queue.arn, sources=queue.sources, here=here)
        if isinstance(to, ByRule):
            if to not in self._through:
                self._through[to] = self._by_rule(to, queue, here)
            to = self._through[to]
        if isinstance(to, Stays):
            return to
        if to.arn not in self._closed:
            self._closed[to.arn] = self._why_closed(to)
        why = self._closed[to.arn]
        return Stays(why) if why else to

    def send(self, letter: Letter, to: ToQueue | ToFunction, queue: DeadLetterQueue) -> None:
        """Send it there; returns when AWS has confirmed that it has it."""
        if isinstance(to, ToFunction):
            return self._invoke(letter, to)
        fifo: Any = {}
        if to.arn.endswith(".fifo"):
            # An id of its own: under the first one SQS would take it and not deliver it, for five minutes.
            own = sha256(f"{queue.arn}:{letter.id}".encode()).hexdigest()
            fifo = {"MessageGroupId": to.group, "MessageDeduplicationId": own}
        with calling("SendMessage"):
            self._sqs.send_message(
                QueueUrl=self._url(to.arn) or "", MessageBody=letter.body, MessageAttributes=letter.kept, **fifo
            )
        return None

    def _invoke(self, letter: Letter, to: ToFunction) -> None:
        with calling("Invoke"):
            answer = self._functions.invoke(FunctionName=to.arn, InvocationType="Event", Payload=letter.body.encode())
        if answer["StatusCode"] != _ACCEPTED:
            raise CallFailedError("Invoke", "unknown", certain=False)

    def _by_rule(self, by: ByRule, queue: DeadLetterQueue, here: Place) -> Destination:
        try:
            with calling("ListTargetsByRule"):
                answer = self._events.list_targets_by_rule(Rule=by.rule, EventBusName=by.bus)
        except CallFailedError as error:
            if error.code == "ResourceNotFoundException":
                return Stays("its rule is gone")
            raise
        targets: list[dict[str, Any]] = [dict(target) for target in answer["Targets"]]
        return through(targets, by, queue=queue.arn, here=here)

    def _why_closed(self, to: ToQueue | ToFunction) -> str:
        try:
            return self._why_function_closed(to) if isinstance(to, ToFunction) else self._why_queue_closed(to)
        except CallFailedError as error:
            if not error.denied:
                raise
            return f"we may not look at {name_of(to.arn)}: is it tagged {TAG}?"

    def _why_queue_closed(self, to: ToQueue) -> str:
        url = self._url(to.arn)
        if url is None:
            return f"the queue {name_of(to.arn)} is gone"
        return "" if self._queues.opened(url) else f"the queue {name_of(to.arn)} is not tagged {TAG}"

    def _why_function_closed(self, to: ToFunction) -> str:
        own, name = to.arn.split(":function:")
        name = name.partition(":")[0]
        try:
            with calling("ListTags"):
                tags = self._functions.list_tags(Resource=f"{own}:function:{name}").get("Tags", {})
        except CallFailedError as error:
            if error.code == "ResourceNotFoundException":
                return f"the function {name} is gone"
            raise
        return "" if TAG in tags else f"the function {name} is not tagged {TAG}"

    def _url(self, arn: str) -> str | None:
        if arn not in self._urls:
            self._urls[arn] = self._queues.url(name_of(arn))
        return self._urls[arn]


class QueuePost:
    """One dead-letter queue."""

    def __init__(self, sqs: "SQSClient", roads: Roads, queue: DeadLetterQueue, here: Place, *, hide: int) -> None:
        """`hide`: for how many seconds what is received is hidden from others."""
        self._sqs, self._roads, self._queue, self._here, self._hide = sqs, roads, queue, here, hide

    def receive(self, most: int) -> list[Letter]:
        """Up to `most` letters, hidden from others; none: nothing came."""
        with calling("ReceiveMessage"):
            answer = self._sqs.receive_message(
                QueueUrl=self._queue.url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=self._hide,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
        return [Letter.of(message) for message in answer.get("Messages", [])]

    def destination(self, letter: Letter) -> Destination:
        """Where it would go back to."""
        return self._roads.of(letter, self._queue, self._here)

    def send(self, letter: Letter, to: ToQueue | ToFunction) -> None:
        """Send it back; returns when that was confirmed."""
        self._roads.send(letter, to, self._queue)

    def delete(self, letter: Letter) -> None:
        """Take it out of the queue."""
        with calling("DeleteMessage"):
            self._sqs.delete_message(QueueUrl=self._queue.url, ReceiptHandle=letter.handle)

    def release(self, handles: list[str]) -> None:
        """Show letters to others again; what fails comes back by itself when its time is over."""
        for ten in batched(handles, 10, strict=False):
            entries = [
                {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 0} for index, handle in enumerate(ten)
            ]
            batch: Any = entries
            try:
                with calling("ChangeMessageVisibility"):
                    self._sqs.change_message_visibility_batch(QueueUrl=self._queue.url, Entries=batch)
            except CallFailedError:
                continue  # logged
