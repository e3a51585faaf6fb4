"""What people do to accounts: freeze them, look into their dead letters and send these back; in each account apart."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from bench.fleet import MissedError, Watch
from bench.scenario import ITEMS, MODE, Scenario, asked, granted, off, put, unread
from bench.scenes_findings import meta, untold
from fleet.events.chatops import CommandAnswered
from fleet.events.envelope import Entry
from fleet.modes import FREEZE
from local import chat
from local.chat import AIKO, words
from local.client import AUDIT, HUB, REGION, SPOKE, client, journal
from local.demo_chatops import REQUEST, letters

WORK, PUBLISH = "operations work", "operations publish"
NAMES = {HUB: "local-hub", SPOKE: "local-spoke"}
_TAG = "yagura:redrive"
_TEAMS = "acme-bench"
_OPENED = ("GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "ListQueueTags", "ReceiveMessage")


def listed(account: str, watch: Watch) -> None:
    """The queues that teams have opened are listed."""
    with _letters(watch, account) as queue:
        asked(watch, f"queues list {NAMES[account]}", queue)


def peeked(account: str, watch: Watch) -> None:
    """What lies in one is shown, and where it would go back to; it stays there for others."""
    with _letters(watch, account) as queue:
        _shown(watch, account, queue)
        watch.until("released", lambda: _waiting(watch, account, queue) == 2)


def redriven(account: str, watch: Watch) -> None:
    """What was shown goes back to the queue and the function from which it came."""
    with _letters(watch, account) as queue:
        granted(watch, f"queues redrive {_shown(watch, account, queue)}", queue, "2 of 2 messages")
        watch.until("gone", lambda: watch.on_its_way(account, queue) == 0)


def none_listed(account: str, watch: Watch) -> None:
    """Where operations is off, nothing is looked at."""
    with off(watch, account, "operations", "work"):
        asked(watch, f"queues list {NAMES[account]}", "operations is off here")


def frozen(account: str, watch: Watch) -> None:
    """An account is frozen by one, and unfrozen by two."""
    ssm = watch.client("ssm", account)
    seen = {message["ts"] for message in chat.read(watch.instance, AIKO)}
    try:
        chat.say(watch.instance, AIKO, f"freeze {NAMES[account]}")
        watch.until("frozen", lambda: ssm.get_parameters(Names=[FREEZE])["Parameters"])
        watch.until("told so", lambda: any(m["ts"] not in seen and "done" in words(m) for m in _read(watch)))
        granted(watch, f"unfreeze {NAMES[account]}", f"unfreeze in {NAMES[account]}", "done")
        watch.until("unfrozen", lambda: not ssm.get_parameters(Names=[FREEZE])["Parameters"])
    finally:
        ssm.delete_parameters(Names=[FREEZE])


def left_behind(account: str, watch: Watch) -> None:
    """An answer that the stream has left behind is told on the next tick."""
    one = f"r-{letters()}"
    fact = CommandAnswered(request=one, account=account, region=REGION, outcome="done", headline="bench")
    with unread(watch, account, "yagura-operations-publish"):
        item = untold("command", Entry.of(fact, meta(account), source="yagura.operations"))
        put(watch, account, "yagura-operations", item)
        watch.call(account, "yagura-operations-publish")
        watch.until("told", lambda: one in str(journal(watch.instance, account=HUB, bus="yagura", since=watch.mark)))


def frozen_from_outside(account: str, watch: Watch) -> None:
    """The account is frozen through its role, from the hub, as `fleetctl freeze` does."""
    role = f"arn:aws:iam::{account}:role/yagura/yagura-{REGION}-foundation-freeze"
    keys = watch.client("sts", HUB).assume_role(RoleArn=role, RoleSessionName="bench")["Credentials"]
    try:
        client(watch.instance, "ssm", account, credentials=keys).put_parameter(
            Name=FREEZE, Value="frozen", Type="String", Overwrite=True
        )
    finally:
        watch.client("ssm", account).delete_parameters(Names=[FREEZE])


def _of(account: str) -> tuple[Scenario, ...]:
    name = NAMES[account]
    every: list[tuple[str, Callable[[str, Watch], None], dict[str, tuple[str, ...]]]] = [
        (
            "queues are listed",
            listed,
            {WORK: (*ITEMS, "tag:GetResources", "sts:AssumeRole"), PUBLISH: (*ITEMS, "events:PutEvents")},
        ),
        (
            "dead letters are shown",
            peeked,
            {
                WORK: (
                    *(f"sqs:{action} :{account}:*" for action in (*_OPENED, "ChangeMessageVisibility")),
                    *("events:ListTargetsByRule", "lambda:ListTags"),
                )
            },
        ),
        (
            "dead letters are sent back",
            redriven,
            {WORK: (f"sqs:SendMessage :{account}:*", f"sqs:DeleteMessage :{account}:*", "lambda:InvokeFunction")},
        ),
        ("operations that is off refuses", none_listed, {WORK: (f"{MODE} mode/operations", f"{MODE} freeze")}),
        (
            "people freeze and unfreeze",
            frozen,
            {WORK: ("ssm:PutParameter", "ssm:GetParametersByPath", "ssm:DeleteParameters")},
        ),
        ("a tick tells the answer that was left behind", left_behind, {PUBLISH: ("dynamodb:Query",)}),
    ]
    return tuple(Scenario(f"{what}, {name}", partial(play, account), needs, account) for what, play, needs in every)


SCENARIOS = (
    *_of(HUB),
    *_of(SPOKE),
    Scenario(
        "a command of the hub to itself",
        partial(listed, HUB),
        {"chatops publish": (f"events:PutEvents {HUB}:event-bus/yagura",)},
    ),
    *(
        Scenario(
            f"fleetctl freezes the {name}",
            partial(frozen_from_outside, account),
            {"foundation freeze": ("ssm:PutParameter",)},
            account,
        )
        for name, account in (("hub", HUB), ("spoke", SPOKE), ("archive", AUDIT))
    ),
)


@contextmanager
def _letters(watch: Watch, account: str) -> Iterator[str]:
    """A team's queue with two dead letters: one of another queue, one of a rule with a function as its target."""
    sqs, arn, name = watch.client("sqs", account), f"arn:aws:sqs:{REGION}:{account}", f"{_TEAMS}-{letters()}"
    dead = sqs.create_queue(QueueName=f"{name}-dead-letters", tags={_TAG: "dead-letters"})["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": f"{arn}:{name}-dead-letters", "maxReceiveCount": "1"})
    source = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy}, tags={_TAG: "target"})["QueueUrl"]
    target, events = _function(watch, account), watch.client("events", account)
    rule = events.put_rule(Name=_TEAMS, EventPattern=json.dumps({"source": [_TEAMS]}))["RuleArn"]
    to = {"Id": "1", "Arn": target, "DeadLetterConfig": {"Arn": f"{arn}:{name}-dead-letters"}}
    events.put_targets(Rule=_TEAMS, Targets=[to])
    marks = {"RULE_ARN": rule, "TARGET_ARN": target, "ERROR_CODE": "NO_PERMISSIONS"}
    attributes = {mark: {"DataType": "String", "StringValue": value} for mark, value in marks.items()}
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    sqs.send_message(QueueUrl=dead, MessageBody="{}", MessageAttributes=attributes)
    try:
        yield f"{name}-dead-letters"
    finally:
        for url in (source, dead):
            sqs.delete_queue(QueueUrl=url)


def _function(watch: Watch, account: str) -> str:
    """ARN of a team's function that does nothing, opened by the tag."""
    functions, roles = watch.client("lambda", account), watch.client("iam", account)
    try:
        return str(functions.get_function(FunctionName=_TEAMS)["Configuration"]["FunctionArn"])
    except ClientError:
        pass  # not there yet
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = roles.create_role(RoleName=_TEAMS, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as bundle:
        bundle.writestr("index.py", "def handler(event, context):\n    return None\n")
    about: dict[str, Any] = {"Runtime": "python3.13", "Handler": "index.handler", "Tags": {_TAG: "target"}}
    made = functions.create_function(FunctionName=_TEAMS, Role=role, Code={"ZipFile": code.getvalue()}, **about)
    return str(made["FunctionArn"])


def _shown(watch: Watch, account: str, queue: str) -> str:
    """The name under which the letters were shown."""
    answer = words(asked(watch, f"queues peek {NAMES[account]} {queue}", f"2 messages of {queue}"))
    if "we may not look at" in answer or "failed (" in answer:
        raise MissedError(f"not all of it was shown: {answer}")
    return str(REQUEST.findall(answer)[-1])


def _waiting(watch: Watch, account: str, queue: str) -> int:
    """Letters that others may see."""
    name = "ApproximateNumberOfMessages"
    url = watch.queue(account, queue)
    found = watch.client("sqs", account).get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(found["Attributes"][name])


def _read(watch: Watch) -> list[chat.Message]:
    return chat.read(watch.instance, AIKO)
