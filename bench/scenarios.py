"""The smallest things that the fleet does, one for each group of permissions; each says what went wrong, or nothing.

A scenario names the roles and actions that it exercises: it must fail without each of them.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from bench.fleet import Watch
from bench.grants import Grant
from fleet.events.envelope import Entry, Meta
from fleet.events.findings import FindingOpened
from fleet.items import UNSENT, to_dynamodb
from fleet.modes import FREEZE, parameter
from local import trace
from local.client import HUB, REGION, SPOKE, client, send_aws_event
from local.demo_chatops import letters
from tests.local.fleet import finding, imported, restart

TRIAGE, PUBLISH, NOTIFY = "findings triage", "findings publish", "chatops notify"


@dataclass(frozen=True)
class Scenario:
    """Something that the fleet does, and what it needs for it."""

    name: str
    run: Callable[[Watch], str]
    """Empty if it works, else what did not."""
    needs: Mapping[str, tuple[str, ...]]
    """Actions by role."""
    only_in: str = ""
    """Account, where the same role is in several."""

    def exercises(self, grant: Grant) -> bool:
        """Whether it must fail without the grant."""
        return grant.action in self.needs.get(grant.short_role, ()) and self.only_in in {"", grant.account}


def recorded(watch: Watch) -> str:
    """A finding is recorded."""
    one = _send(watch)
    return watch.until("recorded", lambda: watch.problem(one))


def refused(watch: Watch) -> str:
    """A malformed event is in the dead-letter queue, with the reason."""
    event = imported(finding() | {"Severity": {"Label": "PURPLE"}})
    send_aws_event(watch.instance, SPOKE, event)
    return watch.until("refused", lambda: _is_refused(watch, SPOKE, "findings", event["id"]))


def mode_of_findings(watch: Watch) -> str:
    """A capability that is off drops what comes."""
    with _off(watch, SPOKE, "findings", "yagura-findings-triage"):
        _send(watch)
        return watch.until("dropped", lambda: "mode_off" in watch.logs(SPOKE, "/yagura/findings/triage"))


def told(watch: Watch) -> str:
    """The opening is on the hub's bus, and no longer waits on its item."""
    one = _send(watch)

    def is_told() -> bool:
        # What waits for the clock has another kind of `pending`.
        kind = (watch.problem(one) or {}).get("pending", {}).get("S")
        return bool(watch.events(one)) and kind != UNSENT

    return watch.until("told", is_told)


def swept(watch: Watch) -> str:
    """What the stream has left behind is told on the next tick."""
    functions = watch.client("lambda", SPOKE)
    (mapping,) = functions.list_event_source_mappings(FunctionName="yagura-findings-publish")["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    one = f"finding-{uuid.uuid4()}"
    try:
        watch.client("dynamodb", SPOKE).put_item(TableName="yagura-findings", Item=to_dynamodb(_left_behind(one)))
        _tick(watch, SPOKE, "yagura-findings-publish")
        return watch.until("told", lambda: watch.events(one))
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def posted(watch: Watch) -> str:
    """A finding is posted to Slack, with a token that is not cached."""
    _restart(watch, HUB, "chatops", "yagura-chatops-notify")
    resource = f"arn:aws:s3:::bucket-{letters()}"
    _send(watch, resource)
    return watch.until("posted", lambda: watch.messages(resource))


def posted_late(watch: Watch) -> str:
    """A message that waits is posted on the next tick."""
    one = f"message-{uuid.uuid4()}"
    watch.client("dynamodb", HUB).put_item(TableName="yagura-chatops", Item=to_dynamodb(_waiting(one)))

    def after_a_tick() -> object:
        _tick(watch, HUB, "yagura-chatops-notify")  # the first may come within a second of another message
        return watch.messages(one)

    return watch.until("posted", after_a_tick)


def refused_by_chatops(watch: Watch) -> str:
    """What is no fleet event is in the dead-letter queue of chatops."""
    one = str(uuid.uuid4())
    sqs = watch.client("sqs", HUB)
    url = sqs.get_queue_url(QueueName="yagura-chatops")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"id": one}))
    return watch.until("refused", lambda: _is_refused(watch, HUB, "chatops", one))


def mode_of_chatops(watch: Watch) -> str:
    """While chatops is off, messages are kept and not posted."""
    with _off(watch, HUB, "chatops", "yagura-chatops-notify"):
        resource = f"arn:aws:s3:::bucket-{letters()}"
        one = _send(watch, resource)

        def at_rest() -> bool:
            mine = watch.events(one)
            key = f"message#problem#{mine[0]['detail']['data']['problem']}@#sre-fleet" if mine else ""
            kept = bool(key) and watch.item(HUB, "yagura-chatops", "pk", key) is not None
            return kept and watch.on_its_way(HUB, "yagura-chatops") == 0

        problem = watch.until("kept", at_rest)
        return problem or ("posted, although chatops is off" if watch.messages(resource) else "")


def freezing(account: str) -> Callable[[Watch], str]:
    """The account is frozen through its role, from the hub, as `fleetctl freeze` does."""

    def run(watch: Watch) -> str:
        role = f"arn:aws:iam::{account}:role/yagura/yagura-{REGION}-foundation-freeze"
        keys = watch.client("sts", HUB).assume_role(RoleArn=role, RoleSessionName="bench")["Credentials"]
        root, session = watch.client("ssm", account), _as(watch, account, keys)
        try:
            session.put_parameter(Name=FREEZE, Value="frozen", Type="String", Overwrite=True)
            if not root.get_parameters(Names=[FREEZE])["Parameters"]:
                return "not frozen"
        except ClientError as error:
            return f"not frozen: {error}"
        finally:
            root.delete_parameters(Names=[FREEZE])
        return ""

    return run


_ITEMS = ("dynamodb:GetItem", "dynamodb:PutItem")
SCENARIOS = (
    Scenario("a finding is recorded", recorded, {TRIAGE: _ITEMS}),
    Scenario("a malformed event is refused", refused, {TRIAGE: ("sqs:SendMessage",)}),
    Scenario("findings that are off drop", mode_of_findings, {TRIAGE: ("ssm:GetParameters",)}),
    Scenario(
        "an opening is told on the hub's bus",
        told,
        {PUBLISH: (*_ITEMS, "events:PutEvents"), "foundation forward": ("events:PutEvents",)},
    ),
    Scenario("a tick tells what was left behind", swept, {PUBLISH: ("dynamodb:Query",)}),
    Scenario("a finding is posted", posted, {NOTIFY: (*_ITEMS, "secretsmanager:GetSecretValue")}),
    Scenario("a tick posts what waits", posted_late, {NOTIFY: ("dynamodb:Query",)}),
    Scenario("chatops refuses what is no fleet event", refused_by_chatops, {NOTIFY: ("sqs:SendMessage",)}),
    Scenario("chatops that is off keeps", mode_of_chatops, {NOTIFY: ("ssm:GetParameters",)}),
    *(
        Scenario(
            f"fleetctl freezes the {name}",
            freezing(account),
            {"foundation freeze": ("ssm:PutParameter", "ssm:DeleteParameter", "ssm:GetParameters")},
            account,
        )
        for name, account in (("hub", HUB), ("spoke", SPOKE))
    ),
)


def _send(watch: Watch, resource: str = "") -> str:
    """A finding on the spoke's default bus; its id."""
    event = imported(finding(resource))
    send_aws_event(watch.instance, SPOKE, event)
    return str(event["detail"]["findings"][0]["Id"])


def _is_refused(watch: Watch, account: str, capability: str, event_id: str) -> bool:
    letters = trace.dead_letters(watch.instance, account, capability)
    return any((each["event"], each.get("reason")) == (event_id, "malformed") for each in letters)


def _tick(watch: Watch, account: str, function: str) -> None:
    """Call the function as its schedule does; what it says of it is in its log."""
    watch.client("lambda", account).invoke(FunctionName=function, Payload=json.dumps({"tick": 120}))


def _as(watch: Watch, account: str, keys: dict[str, str]) -> Any:
    return client(watch.instance, "ssm", account, credentials=keys)


@contextmanager
def _off(watch: Watch, account: str, capability: str, function: str) -> Iterator[None]:
    """While a capability is off; the function starts afresh, since it caches the mode for some seconds."""
    ssm = watch.client("ssm", account)
    ssm.put_parameter(Name=parameter(capability), Value="off", Overwrite=True)
    _restart(watch, account, capability, function)
    try:
        yield
    finally:
        ssm.put_parameter(Name=parameter(capability), Value="act", Overwrite=True)
        _restart(watch, account, capability, function)


def _restart(watch: Watch, account: str, capability: str, function: str) -> None:
    """A function at work loses its code by that, and its message comes again after minutes: so it is let finish."""
    watch.until("at rest", lambda: watch.on_its_way(account, f"yagura-{capability}") == 0)
    restart(watch.instance, account, function)


def _left_behind(finding_id: str) -> dict[str, Any]:
    """An item with an event that should have been told an hour ago."""
    since = time.time_ns() // 1_000_000 - 3_600_000
    meta = Meta(
        id=str(uuid.uuid4()),
        version=1,
        time=since,
        account=SPOKE,
        region=REGION,
        service="unknown",
        team="sre",
        environment="local",
        actor="bench",
    )
    fact = FindingOpened(
        problem="bench",
        account=SPOKE,
        region=REGION,
        control="S3.8",
        resource="arn:aws:s3:::bench",
        resource_type="AwsS3Bucket",
        severity="LOW",
        title="",
        finding_id=finding_id,
        owner_rule="default",
    )
    return {
        "pk": f"problem#{uuid.uuid4()}",
        "v": 1,
        "rev": 1,
        "pending": "1",
        "pending_since": since,
        "outbox": [msgspec.to_builtins(Entry.of(fact, meta))],
    }


def _waiting(message_id: str) -> dict[str, Any]:
    """A message that could not be posted an hour ago."""
    text: dict[str, object] = {"type": "section", "text": {"type": "mrkdwn", "text": message_id}}
    # As version 1 of the table had it, which an upgrade may leave behind.
    message = {"id": message_id, "channel": "#sre-fleet", "text": message_id, "blocks": [text]}
    return {
        "pk": f"message#{message_id}",
        "v": 1,
        "rev": 1,
        "state": "waiting",
        "pending": "1",
        "event": "{}",
        "message": msgspec.json.encode(message).decode(),
        "pending_since": time.time_ns() // 1_000_000 - 3_600_000,
    }
