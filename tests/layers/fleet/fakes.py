"""AWS clients in memory, as far as the fleet calls them, that can be killed before and after every call.

`FakeDynamoDB` is held to moto's DynamoDB in test_items.py.
"""

import copy
import json
import threading
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from botocore.exceptions import ClientError

from tests.layers.fleet.conditions import holds
from tests.layers.fleet.indexes import Indexes
from tests.layers.fleet.transactions import TransactionCanceledException, Transactions


class KilledError(BaseException):
    """The function is gone, as after a timeout: nothing of it runs on, so no `except Exception` sees this."""


def client_error(code: str, operation: str = "Operation", message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message or code}}, operation)


class Steps:
    """Counts the moments before and after each call, kills at one of them, and hands over between threads."""

    def __init__(self) -> None:
        self.taken = 0
        self.kill_at: int | None = None
        self.names: list[str] = []
        self.pause: Callable[[], None] = lambda: None

    def call[T](self, name: str, work: Callable[[], T]) -> T:
        self._step(f"before {name}")
        try:
            return work()
        finally:
            self._step(f"after {name}")

    def _step(self, name: str) -> None:
        self.pause()
        self.taken += 1
        self.names.append(name)
        if self.kill_at is not None and self.taken >= self.kill_at:
            self.kill_at = None
            raise KilledError(name)


def interleave(steps: Steps, tasks: Sequence[Callable[[], None]], choices: Sequence[int]) -> None:
    """Run `tasks` side by side, one step at a time, in the order that `choices` draws (then round and round)."""
    started = [threading.Event() for _ in tasks]
    resting = threading.Semaphore(0)
    names: dict[int, int] = {}
    errors: list[BaseException] = []

    def run(index: int) -> None:
        names[threading.get_ident()] = index
        started[index].wait()
        started[index].clear()
        try:
            tasks[index]()
        except BaseException as error:  # noqa: BLE001 - shown by the thread that waits
            errors.append(error)
        alive.remove(index)
        resting.release()

    def pause() -> None:
        index = names[threading.get_ident()]
        resting.release()
        started[index].wait()
        started[index].clear()

    alive = list(range(len(tasks)))
    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in alive]
    steps.pause = pause
    for thread in threads:
        thread.start()
    for choice in chain(choices, chain.from_iterable(repeat(range(len(tasks))))):
        if not alive:
            break
        started[alive[choice % len(alive)]].set()
        resting.acquire()
    steps.pause = lambda: None
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class ConditionalCheckFailedException(ClientError):  # noqa: N818 - botocore's name
    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}, "PutItem")


class FakeDynamoDB(Transactions, Indexes):
    """One table with `pk`, the index `pending`, and that of findings; conditions as far as the fleet writes them."""

    class exceptions:  # noqa: N801 - botocore's name
        ConditionalCheckFailedException = ConditionalCheckFailedException
        TransactionCanceledException = TransactionCanceledException

    def __init__(self, steps: Steps | None = None) -> None:
        self.steps = steps or Steps()
        self.items: dict[str, dict[str, Any]] = {}
        self.written: list[dict[str, Any]] = []
        """Every version of every item, in the order of writing."""
        self.error: ClientError | None = None
        self.lock = threading.Lock()
        self.conflicts = 0
        """So many transactions more collide with somebody else's."""
        self.unprocessed = 0
        """So many keys of the next BatchGetItem are left for another."""
        self.transactions: list[list[dict[str, Any]]] = []
        """What was to be written together, whether or not it was."""

    def get_item(self, *, TableName: str, Key: dict[str, Any], ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803
        assert TableName
        assert ConsistentRead
        item = self.steps.call("GetItem", lambda: copy.deepcopy(self.items.get(Key["pk"]["S"])))
        return {} if item is None else {"Item": item}

    def put_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Item: dict[str, Any],  # noqa: N803
        ConditionExpression: str | None = None,  # noqa: N803
        ExpressionAttributeNames: dict[str, str] | None = None,  # noqa: N803
        ExpressionAttributeValues: dict[str, Any] | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        assert TableName

        def put() -> None:
            if self.error:
                raise self.error
            with self.lock:
                old = self.items.get(Item["pk"]["S"])
                if not holds(ConditionExpression, old, ExpressionAttributeNames, ExpressionAttributeValues):
                    raise ConditionalCheckFailedException
                if "pending" in Item:
                    assert "N" in Item["pending_since"]
                self.items[Item["pk"]["S"]] = copy.deepcopy(Item)
                self.written.append(copy.deepcopy(Item))

        self.steps.call("PutItem", put)
        return {}


class FakeEvents:
    """PutEvents, that may refuse single entries or fail as a whole."""

    def __init__(self, steps: Steps | None = None, refuse: Callable[[str], bool] = lambda _detail: False) -> None:
        self.steps = steps or Steps()
        self.refuse = refuse
        self.error: ClientError | None = None
        self.calls: list[list[dict[str, Any]]] = []
        self.taken: list[dict[str, Any]] = []

    @property
    def ids(self) -> list[str]:
        return [json.loads(entry["Detail"])["meta"]["id"] for entry in self.taken]

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        def put() -> list[dict[str, Any]]:
            self.calls.append(Entries)
            if self.error:
                raise self.error
            if len(Entries) > 10:
                raise client_error("ValidationException", "PutEvents", "Entries: at most 10")
            if sum(_size(entry) for entry in Entries) > 262_144:
                raise client_error("ValidationException", "PutEvents", "Total size of the entries is over the limit")
            results: list[dict[str, Any]] = []
            for entry in Entries:
                if self.refuse(entry["Detail"]):
                    results.append({"ErrorCode": "InternalException", "ErrorMessage": "made up"})
                else:
                    self.taken.append(entry)
                    results.append({"EventId": f"event-{len(self.taken)}"})
            return results

        results = self.steps.call("PutEvents", put)
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}


def _size(entry: dict[str, Any]) -> int:
    """As EventBridge counts: source, detail-type and detail in UTF-8."""
    return sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))


class FakeQueue:
    """SendMessage to the dead-letter queue."""

    def __init__(self, steps: Steps | None = None) -> None:
        self.steps = steps or Steps()
        self.error: ClientError | None = None
        self.messages: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> dict[str, Any]:
        def send() -> None:
            if self.error:
                raise self.error
            self.messages.append(message)

        self.steps.call("SendMessage", send)
        return {"MessageId": "1"}

    @property
    def reasons(self) -> list[str]:
        return [message["MessageAttributes"]["yagura-reason"]["StringValue"] for message in self.messages]


class FakeParameters:
    """GetParameters of Systems Manager."""

    def __init__(self, **modes: str) -> None:
        self.values = {f"/yagura/mode/{capability}": mode for capability, mode in modes.items()}
        self.error: Exception | None = None
        self.reads = 0

    def get_parameters(self, *, Names: list[str]) -> dict[str, Any]:  # noqa: N803
        self.reads += 1
        if self.error:
            raise self.error
        found = [{"Name": name, "Value": self.values[name]} for name in Names if name in self.values]
        return {"Parameters": found, "InvalidParameters": [name for name in Names if name not in self.values]}


class ResourceNotFoundException(ClientError):  # noqa: N818 - botocore's name
    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetSecretValue")


class FakeSecrets:
    """GetSecretValue of Secrets Manager; None: there is no value yet."""

    class exceptions:  # noqa: N801 - botocore's name
        ResourceNotFoundException = ResourceNotFoundException

    def __init__(self, value: str | None = None) -> None:
        self.value = value
        self.error: ClientError | None = None
        self.reads = 0

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803
        assert SecretId
        self.reads += 1
        if self.error:
            raise self.error
        if self.value is None:
            raise ResourceNotFoundException
        return {"SecretString": self.value}
