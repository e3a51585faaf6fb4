"""What a scenario of the permission proof is, and what all of them do: send, tick, restart, talk."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from bench.fleet import MissedError, Watch
from bench.grants import Grant, normal
from fleet.items import to_dynamodb
from fleet.modes import parameter
from local import chat, trace
from local.chat import AIKO, BEN, Message, buttons, words
from local.errors import LocalCloudError
from tests.local.fleet import restart

ITEMS = ("dynamodb:GetItem", "dynamodb:PutItem")
MODE = "ssm:GetParameters"
SECRET = "secretsmanager:GetSecretValue"  # noqa: S105 - the name of an action
CACHED = (MODE, SECRET)
"""What functions remember for a while: without it they work on until they start afresh."""


@dataclass(frozen=True)
class Scenario:
    """Something that the fleet does, and what it needs for it."""

    name: str
    play: Callable[[Watch], None]
    """Raises what kept it from being done."""
    needs: Mapping[str, tuple[str, ...]]
    """Actions by role; where an action is granted on several resources, with how the resource's ARN ends."""
    only_in: str = ""
    """Account, where the same role is in several."""

    def exercises(self, grant: Grant) -> bool:
        """Whether it must fail without the grant."""
        needed = [need.partition(" ") for need in self.needs.get(grant.short_role, ())]
        return self.only_in in {"", grant.account} and any(
            action == grant.action and normal(grant.resource).endswith(end) for action, _, end in needed
        )

    def run(self, watch: Watch) -> str:
        """Empty if it works, else what did not."""
        try:
            self.play(watch)
        except (MissedError, LocalCloudError, ClientError) as error:
            return str(error) or type(error).__name__
        return ""


def start_afresh(watch: Watch, account: str, function: str) -> None:
    """A function that remembers nothing. One at work loses its code by that, and its message comes again minutes later:
    so it is let finish.
    """
    functions = watch.client("lambda", account)
    for mapping in functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]:
        if ":sqs:" in (source := mapping["EventSourceArn"]):
            watch.until(f"through with {source}", partial(_is_empty, watch, account, source.rpartition(":")[2]))
    restart(watch.instance, account, function)


def _is_empty(watch: Watch, account: str, queue: str) -> bool:
    return watch.on_its_way(account, queue) == 0


@contextmanager
def off(watch: Watch, account: str, capability: str, entry: str) -> Iterator[None]:
    """While a capability is off; the function starts afresh, since it caches the mode for some seconds."""
    ssm = watch.client("ssm", account)
    ssm.put_parameter(Name=parameter(capability), Value="off", Overwrite=True)
    start_afresh(watch, account, f"yagura-{capability}-{entry}")
    try:
        yield
    finally:
        ssm.put_parameter(Name=parameter(capability), Value="act", Overwrite=True)
        restart(watch.instance, account, f"yagura-{capability}-{entry}")


@contextmanager
def unread(watch: Watch, account: str, function: str) -> Iterator[None]:
    """While nothing reads a function's queue or stream."""
    functions = watch.client("lambda", account)
    (mapping,) = functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def put(watch: Watch, account: str, table: str, item: dict[str, Any]) -> None:
    """Put an item as the account's root."""
    watch.client("dynamodb", account).put_item(TableName=table, Item=to_dynamodb(item))


def is_refused(watch: Watch, account: str, capability: str, event_id: str) -> bool:
    """Whether an event is a dead letter that says why."""
    letters = trace.dead_letters(watch.instance, account, capability)
    return any((each["event"], each.get("reason")) == (event_id, "malformed") for each in letters)


def asked(watch: Watch, text: str, says: str) -> Message:
    """What aiko is answered to a command: the first answer in which this stands."""
    seen = {message["ts"] for message in chat.read(watch.instance, AIKO)}
    chat.say(watch.instance, AIKO, text)
    return watch.until(
        f"answered: {says}", lambda: _read(watch, AIKO, lambda m: m["ts"] not in seen and says in words(m))
    )


def granted(watch: Watch, text: str, about: str, done: str) -> None:
    """Aiko asks for something, ben agrees, and it is done: then its message says so."""
    seen = {message["ts"] for message in chat.read(watch.instance, BEN)}
    chat.say(watch.instance, AIKO, text)
    request = watch.until(
        "requested",
        lambda: _read(watch, BEN, lambda m: m["ts"] not in seen and bool(buttons(m)) and about in words(m)),
    )
    chat.click(watch.instance, BEN, request, "approve")
    watch.until(done, lambda: _read(watch, BEN, lambda m: m["ts"] == request["ts"] and done in words(m)))


def _read(watch: Watch, person: str, fits: Callable[[Message], bool]) -> Message | None:
    found = [message for message in chat.read(watch.instance, person) if fits(message)]
    return found[-1] if found else None
