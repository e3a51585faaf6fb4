"""SQS in memory, with visibility; held to moto's in test_queues.py. Each call is a step at which one may be killed."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.functions.entry import ACCOUNT, REGION
from tests.functions.operations.cloud import Clock, check, queue_arn
from tests.layers.fleet.fakes import Steps, client_error


class FakeSqs:
    """SQS: visibility, receipt handles, redrive policies, FIFO deduplication, tags."""

    def __init__(self, steps: Steps | None = None, clock: Clock | None = None) -> None:
        self.steps, self.clock = steps or Steps(), clock or Clock()
        self.queues: dict[str, list[dict[str, Any]]] = {}
        self.policies: dict[str, str] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.errors: dict[str, Callable[[dict[str, Any]], ClientError | None]] = {}
        """What an operation answers instead of doing its work."""
        self.lost: dict[str, ClientError] = {}
        """What an operation answers after it has done its work."""
        self.made = 0
        self.deduplicated: set[tuple[str, str]] = set()

    # As the tests arrange and look at it.

    def add(
        self, queue: str, body: str, *, source: str = "", system: dict[str, str] | None = None, **texts: str
    ) -> str:
        """Put a message there with these attributes (their names with _ for -); returns its id."""
        attributes = {name.replace("_", "-"): text for name, text in texts.items()}
        return self.put(
            queue,
            body,
            {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()},
            ({"DeadLetterQueueSourceArn": queue_arn(source)} if source else {}) | (system or {}),
        )

    def put(self, queue: str, body: str, attributes: dict[str, Any], system: dict[str, str]) -> str:
        self.made += 1
        message = {
            "MessageId": f"id-{self.made}",
            "Body": body,
            "MessageAttributes": attributes,
            "Attributes": {"SentTimestamp": str(self.clock.now)} | system,
            "visible_at": 0,
            "receives": 0,
        }
        self.queues[queue].append(message)
        return str(message["MessageId"])

    def bodies(self, queue: str) -> list[str]:
        return [message["Body"] for message in self.queues[queue]]

    def hidden(self, queue: str) -> list[str]:
        return [m["Body"] for m in self.queues[queue] if m["visible_at"] > self.clock.now]

    # As boto3 calls it.

    def create_queue(self, **request: Any) -> dict[str, Any]:
        name = request["QueueName"]
        self.queues[name] = []
        self.tags[name] = request.get("tags", {})
        if "RedrivePolicy" in request.get("Attributes", {}):
            self.policies[name] = request["Attributes"]["RedrivePolicy"]
        return {"QueueUrl": self._url(name)}

    def get_queue_url(self, **request: Any) -> dict[str, Any]:
        def find() -> dict[str, Any]:
            self._known(request["QueueName"])
            return {"QueueUrl": self._url(request["QueueName"])}

        return self._call("GetQueueUrl", request, find)

    def list_queue_tags(self, **request: Any) -> dict[str, Any]:
        return self._call("ListQueueTags", request, lambda: {"Tags": dict(self.tags[self._name(request)])})

    def list_dead_letter_source_queues(self, **request: Any) -> dict[str, Any]:
        def find() -> dict[str, Any]:
            arn = queue_arn(self._name(request))
            sources = [
                name for name, policy in self.policies.items() if json.loads(policy)["deadLetterTargetArn"] == arn
            ]
            return {"queueUrls": [self._url(name) for name in sources]}

        return self._call("ListDeadLetterSourceQueues", request, find)

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        def read() -> dict[str, Any]:
            name = self._name(request)
            known = {
                "ApproximateNumberOfMessages": str(len(self.queues[name]) - len(self.hidden(name))),
                "ApproximateNumberOfMessagesNotVisible": str(len(self.hidden(name))),
            }
            known |= {"RedrivePolicy": self.policies[name]} if name in self.policies else {}
            wanted = {one: known[one] for one in request["AttributeNames"] if one in known}
            return {"Attributes": wanted} if wanted else {}

        return self._call("GetQueueAttributes", request, read)

    def receive_message(self, **request: Any) -> dict[str, Any]:
        def receive() -> dict[str, Any]:
            if not 1 <= request.get("MaxNumberOfMessages", 1) <= 10:
                raise client_error("InvalidParameterValue")
            visible = [m for m in self.queues[self._name(request)] if m["visible_at"] <= self.clock.now]
            taken = visible[: request.get("MaxNumberOfMessages", 1)]
            for message in taken:
                message["visible_at"] = self.clock.now + 1000 * request["VisibilityTimeout"]
                message["receives"] += 1
                message["Attributes"]["ApproximateReceiveCount"] = str(message["receives"])
                message["ReceiptHandle"] = f"{message['MessageId']}/{message['receives']}"
            if not taken:
                self.clock.now += 1000 * request.get("WaitTimeSeconds", 0)
            inner = ("visible_at", "receives")
            return {"Messages": [{k: v for k, v in m.items() if k not in inner} for m in taken]} if taken else {}

        return self._call("ReceiveMessage", request, receive)

    def send_message(self, **request: Any) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            name = self._name(request)
            if name.endswith(".fifo"):
                key = (name, request["MessageDeduplicationId"])
                if key in self.deduplicated:
                    return {"MessageId": "known"}
                self.deduplicated.add(key)
            system = {"MessageGroupId": request["MessageGroupId"]} if "MessageGroupId" in request else {}
            return {"MessageId": self.put(name, request["MessageBody"], request.get("MessageAttributes", {}), system)}

        return self._call("SendMessage", request, send)

    def delete_message(self, **request: Any) -> dict[str, Any]:
        def delete() -> dict[str, Any]:
            queue = self.queues[self._name(request)]
            queue[:] = [m for m in queue if m.get("ReceiptHandle") != request["ReceiptHandle"]]
            return {}

        return self._call("DeleteMessage", request, delete)

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        def change() -> dict[str, Any]:
            if not 1 <= len(request["Entries"]) <= 10:
                raise client_error("AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
            for entry in request["Entries"]:
                for message in self.queues[self._name(request)]:
                    if message.get("ReceiptHandle") == entry["ReceiptHandle"]:
                        message["visible_at"] = self.clock.now + 1000 * entry["VisibilityTimeout"]
            return {}

        return self._call("ChangeMessageVisibilityBatch", request, change)

    def _call(self, operation: str, request: dict[str, Any], work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        check("sqs", operation, request)

        def do() -> dict[str, Any]:
            if operation in self.errors and (error := self.errors[operation](request)):
                raise error
            answer = work()
            if operation in self.lost:
                raise self.lost[operation]
            return answer

        return self.steps.call(operation, do)

    def _url(self, name: str) -> str:
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"

    def _name(self, request: dict[str, Any]) -> str:
        return self._known(request["QueueUrl"].rpartition("/")[2])

    def _known(self, name: str) -> str:
        if name not in self.queues:
            raise client_error("AWS.SimpleQueueService.NonExistentQueue")
        return name
