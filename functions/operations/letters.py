"""A dead letter: why it is one, and where it would go back to. Pure: what AWS knows of queues and rules is an argument.

Whoever may send to a dead-letter queue writes a letter's attributes, so of their text only what has the form of a code,
a path or a name is shown, and a letter that names a rule goes back only if that rule keeps its dead letters here.
"""

import base64
import re
from typing import Any, Self

import msgspec

from fleet.canonical import digest

_OURS = "yagura-"
"""Prefix of the attributes that `fleet.worker.DeadLetters` puts on a letter."""
_RULES = {"RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE", "EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS"}
"""Attributes of a letter that EventBridge could not deliver (User Guide, "Using dead-letter queues", eb-rule-dlq)."""

_REASON = re.compile(r"[a-z]+(_[a-z]+){0,5}")
_PATH = re.compile(r"\$(\.[A-Za-z_-]{1,40}|\[(\d{1,4}|\.\.\.)\]){1,20}")
_CODE = re.compile(r"[A-Za-z_.]{1,60}|[1-5]\d\d")
_RULE = re.compile(
    r"arn:aws[a-z-]*:events:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):rule/"
    r"((?P<bus>[A-Za-z0-9/_.-]+)/)?(?P<name>[A-Za-z0-9_.-]{1,64})"
)
_QUEUE = re.compile(
    r"arn:aws[a-z-]*:sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[A-Za-z0-9_-]{1,80}(\.fifo)?)"
)
_FUNCTION = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:(?P<name>[A-Za-z0-9_-]{1,64})"
    r"(:(?P<alias>[A-Za-z0-9$_-]{1,128}))?"
)


class Place(msgspec.Struct, frozen=True):
    """An account and Region: nothing goes back to another one."""

    account: str
    region: str

    def has(self, match: re.Match[str]) -> bool:
        """Is what the ARN names here?"""
        return match["account"] == self.account and match["region"] == self.region


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a dead-letter queue, as it was received."""

    id: str
    handle: str
    """Of this one receiving."""
    body: str
    attributes: dict[str, Any] = {}
    """Message attributes, each with DataType, and StringValue or BinaryValue."""
    system: dict[str, str] = {}

    @classmethod
    def of(cls, message: Any) -> Self:
        """From an answer of ReceiveMessage."""
        return cls(
            id=message["MessageId"],
            handle=message["ReceiptHandle"],
            body=message.get("Body", ""),
            attributes=message.get("MessageAttributes", {}),
            system=message.get("Attributes", {}),
        )

    def text(self, attribute: str) -> str:
        """A message attribute's text; empty if it has none."""
        return str(self.attributes.get(attribute, {}).get("StringValue", ""))

    @property
    def kept(self) -> dict[str, Any]:
        """The attributes that the message had before it became a dead letter."""
        if "DeadLetterQueueSourceArn" in self.system:
            return self.attributes  # SQS moved it, and adds none
        marks = _RULES if self.text("RULE_ARN") else set()
        return {
            name: value for name, value in self.attributes.items() if name not in marks and not name.startswith(_OURS)
        }

    def age(self, now: int) -> int:
        """Milliseconds since it was first sent: what SQS moves keeps its first timestamp."""
        return max(0, now - int(self.system.get("SentTimestamp", now)))


class ToQueue(msgspec.Struct, frozen=True):
    """It goes back to this queue."""

    arn: str
    group: str = ""
    """Message group, for a FIFO queue."""


class ToFunction(msgspec.Struct, frozen=True):
    """It goes back to this function, called asynchronously as EventBridge would."""

    arn: str


class ByRule(msgspec.Struct, frozen=True):
    """It goes back to where this rule sends: look at the rule's targets."""

    rule: str
    """Name."""
    bus: str
    target: str
    """ARN that the letter names."""


class Stays(msgspec.Struct, frozen=True):
    """It cannot be sent back; `why` is for people."""

    why: str


type Destination = ToQueue | ToFunction | Stays


def fingerprint(letter: Letter, destination: Destination) -> str:
    """sha256 of what was shown: the body and its attributes byte for byte, and where it would go back to."""
    attributes = {name: _canonical(value) for name, value in letter.attributes.items()}
    to = "" if isinstance(destination, Stays) else destination.arn
    return digest({"body": letter.body, "attributes": attributes, "to": to})


def _canonical(value: dict[str, Any]) -> list[str]:
    binary = base64.b64encode(value.get("BinaryValue", b"")).decode()
    return [value.get("DataType", ""), value.get("StringValue", ""), binary]


def reason(letter: Letter) -> str:
    """Why it is a dead letter, in words that cannot quote its body."""
    if why := _fitting(_REASON, letter.text(f"{_OURS}reason")):
        path = _fitting(_PATH, letter.text(f"{_OURS}path"))
        return f"{why} at {path}" if path else why
    if code := _fitting(_CODE, letter.text("ERROR_CODE")):
        rule = _RULE.fullmatch(letter.text("RULE_ARN"))
        return f"{code} of rule {rule['name']}" if rule else code
    if code := _fitting(_CODE, letter.text("ErrorCode")):
        return f"error {code}"
    return "received too often"


def _fitting(form: re.Pattern[str], text: str) -> str:
    return text if form.fullmatch(text) else ""


class _Context(msgspec.Struct, frozen=True):
    function: str = msgspec.field(default="", name="functionArn")


class _Record(msgspec.Struct, frozen=True):
    context: _Context | None = msgspec.field(default=None, name="requestContext")


def road(letter: Letter, *, queue: str, sources: list[str], here: Place) -> Destination | ByRule:
    """Where a letter of `queue` came from; `sources` are the queues whose dead letters go there (ARNs)."""
    if source := letter.system.get("DeadLetterQueueSourceArn"):
        return _back_to(source, letter, queue, here)
    if letter.text("RULE_ARN") or letter.text("TARGET_ARN"):
        return _by_rule(letter, here)
    if not letter.text(f"{_OURS}reason"):
        if letter.text("ErrorCode") or letter.text("RequestID"):
            return Stays("Lambda and SNS do not say on it for whom it was")
        if _is_record(letter.body):
            return Stays("it is Lambda's record of a failure, not an event")
    # A capability has one dead-letter queue for several queues; only one of these can be named.
    named = letter.text(f"{_OURS}queue")
    match [named] if named in sources else sources:
        case [source]:
            return _back_to(source, letter, queue, here)
        case []:
            return Stays("no queue sends its dead letters here")
        case _:
            return Stays(f"{len(sources)} queues send their dead letters here, and it does not say which did")


def _by_rule(letter: Letter, here: Place) -> Stays | ByRule:
    rule = _RULE.fullmatch(letter.text("RULE_ARN"))
    if not rule or not letter.text("TARGET_ARN"):
        return Stays("it does not name a rule and its target")
    if not here.has(rule):
        return Stays("its rule is in another account or Region")
    return ByRule(rule["name"], rule["bus"] or "default", letter.text("TARGET_ARN"))


def _back_to(source: str, letter: Letter, queue: str, here: Place) -> Destination:
    match = _QUEUE.fullmatch(source)
    if not match or not here.has(match):
        return Stays("its source queue is in another account or Region")
    if source == queue:
        return Stays("it would go back to the queue in which it is")
    if _fleets(source) and not _fleets(queue):
        return Stays(_NOT_THEIRS)
    group = letter.system.get("MessageGroupId", "") if source.endswith(".fifo") else ""
    if source.endswith(".fifo") and not group:
        return Stays("its source is a FIFO queue, and it has no message group")
    return ToQueue(source, group)


_NOT_THEIRS = "it would go to a queue of the fleet, and is no dead letter of the fleet"


def _fleets(arn: str) -> bool:
    """Whether a queue is the fleet's: what lies in these is believed, so no team's letter goes there."""
    return arn.rpartition(":")[2].startswith("yagura-")


def _is_record(body: str) -> bool:
    """Lambda's own record: of a stream's batch that failed, or of an asynchronous call with a failure destination."""
    try:
        record = msgspec.json.decode(body, type=_Record)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False
    return record.context is not None and record.context.function != ""


def through(targets: list[dict[str, Any]], by: ByRule, *, queue: str, here: Place) -> Destination:
    """Where the rule sends, if it is the one target that the letter names, fed with the event as it is."""
    if len(targets) != 1:
        return Stays(f"its rule has {len(targets)} targets now, not one")
    (target,) = targets
    if target["Arn"] != by.target:
        return Stays("its rule has another target now")
    if target.get("DeadLetterConfig", {}).get("Arn") != queue:
        return Stays("its rule does not keep dead letters here")
    if target.keys() & {"Input", "InputPath", "InputTransformer"}:
        return Stays("its rule makes another text of the event for its target")
    if by.target == queue:
        return Stays("it would go back to the queue in which it is")
    if _fleets(by.target) and not _fleets(queue):
        return Stays(_NOT_THEIRS)
    if to := _QUEUE.fullmatch(by.target):
        return _to_queue(target, here=here.has(to))
    if to := _FUNCTION.fullmatch(by.target):
        return ToFunction(by.target) if here.has(to) else Stays("its target is in another account or Region")
    return Stays("its target is neither a queue nor a function")


def _to_queue(target: dict[str, Any], *, here: bool) -> Destination:
    group = target.get("SqsParameters", {}).get("MessageGroupId", "")
    if not here:
        return Stays("its target is in another account or Region")
    if target["Arn"].endswith(".fifo") and (not group or group.startswith("$")):
        return Stays("its rule takes the message group out of the event")
    return ToQueue(target["Arn"], group)


def name_of(arn: str) -> str:
    """The queue's or function's name in its ARN, with the alias."""
    return arn.partition(":function:")[2] or arn.rpartition(":")[2]
