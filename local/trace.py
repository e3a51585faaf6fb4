"""What the fleet did with an event: read from the tables, queues, buses and the fake Slack of the local cloud."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local.client import HUB, SPOKE, Event, client, journal, slack_messages
from local.errors import LocalCloudError
from local.process import Instance, require_running

type Problem = dict[str, Any]
"""As the table of findings has it (`functions/findings/problem.py`), and its `id`."""

QUIET_SECONDS = 90.0
_NAMED = 10
"""Longer than the slowest way through: five receives of a message that fails each time."""


@dataclass
class Outcome:
    """What became of one event that was sent."""

    event: Event
    rules: list[str] = field(default_factory=list)
    """Names of the rules of the spoke's default bus that it matched."""
    problems: list[Problem] = field(default_factory=list)
    """What the findings table holds of its findings."""
    opened: list[Event] = field(default_factory=list)
    """FindingOpened events on the hub's bus."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    """What was posted to Slack."""
    waits: str = ""
    """What keeps its messages from being posted, if anything does."""
    dead_letters: list[dict[str, str]] = field(default_factory=list)
    """Why it is in the dead-letter queue."""

    @property
    def summary(self) -> str:
        """In a word."""
        if self.dead_letters:
            return "refused"
        if self.problems:
            return "recorded"
        return "dropped" if self.rules else "not matched by any rule"


def mark(instance: Instance) -> int:
    """A point in the journal: what comes after it is new."""
    return journal(instance)[1]


def outcomes(instance: Instance, events: list[Event], since: int, *, tick: Callable[[int, int], None]) -> list[Outcome]:
    """Wait until the fleet is quiet, then say what it did with each event. `tick(done, total)` shows the waiting.

    Raises LocalCloudError if it does not come to rest.
    """
    wait_until_quiet(instance, len(events), tick)
    problems = by_finding(known_problems(instance))
    hub_events = [line["event"] for line in journal(instance, account=HUB, bus="yagura", since=since)[0]]
    opened = [event for event in hub_events if event["detail-type"] == "FindingOpened"]
    posted = {message_subject(message): message for message in slack_messages(instance)}
    letters = dead_letters(instance, SPOKE, "findings")
    traced = []
    for event in events:
        found = {one["id"]: one for finding_id in finding_ids(event) for one in problems.get(finding_id, [])}
        mine = [one for one in opened if one["detail"]["data"]["problem"] in found]
        traced.append(
            Outcome(
                event=event,
                rules=matching_rules(instance, event),
                problems=list(found.values()),
                opened=mine,
                messages=[posted[subject] for subject in dict.fromkeys(map(subject_of, mine)) if subject in posted],
                waits=slack_status(instance),
                dead_letters=[letter for letter in letters if letter["event"] == event["id"]],
            )
        )
    return traced


class RestlessError(LocalCloudError):
    """Something is still on its way."""


def wait_until_quiet(
    instance: Instance, total: int, tick: Callable[[int, int], None], *, seconds: float = QUIET_SECONDS
) -> None:
    """Until no message is on its way and nothing waits to be told, twice in a row. Raises RestlessError."""
    deadline = time.monotonic() + seconds
    calm = 0
    while calm < 2:
        busy = _on_their_way(instance)
        calm = 0 if busy else calm + 1
        tick(max(0, total - len(busy)), total)
        if time.monotonic() > deadline:
            require_running(instance)
            some = ", ".join(busy[:_NAMED])
            raise RestlessError(
                f"{len(busy)} are still on their way after {seconds:.0f} s: {some}. {failures(instance)}"
            )
        time.sleep(0.25)


def failures(instance: Instance) -> str:
    """What the functions logged as errors: AWS's own words name the action and the resource that were refused."""
    lines = []
    for account in (SPOKE, HUB):
        logs = client(instance, "logs", account)
        for group in logs.describe_log_groups(logGroupNamePrefix="/yagura/")["logGroups"]:
            name = group["logGroupName"]
            errors = map(_error_of, [event["message"] for event in logs.filter_log_events(logGroupName=name)["events"]])
            lines += [f"{name}: {error}" for error in errors if error]
    return "\n".join(dict.fromkeys(lines)) or "No function logged an error."


def _error_of(text: str) -> str | None:
    try:
        entry = json.loads(text)
    except ValueError:
        return text.strip()[:500] if "Error" in text else None
    if not isinstance(entry, dict) or entry.get("level") != "ERROR":
        return None
    return f"{entry.get('message')}: {entry.get('error', '')} {entry.get('why', '')}".strip()


def finding_ids(event: Event) -> Iterator[str]:
    """Ids of the findings in an event, of either schema."""
    for finding in findings_of(event):
        info = finding.get("finding_info")
        yield str(finding.get("Id") or (info.get("uid", "") if isinstance(info, dict) else ""))


def findings_of(event: Event) -> list[dict[str, Any]]:
    """The findings in an event that are objects; a replayed event may hold anything anywhere."""
    detail = event.get("detail")
    listed = detail.get("findings") if isinstance(detail, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def message_subject(message: dict[str, Any]) -> str:
    """What a Slack message tells of, as its metadata has it."""
    metadata = message.get("metadata") or {}
    return str(metadata.get("event_payload", {}).get("id", ""))


def subject_of(opened: Event) -> str:
    """The same, of the message about a FindingOpened event."""
    return hashlib.sha256(f"problem#{opened['detail']['data']['problem']}".encode()).hexdigest()[:16]


def matching_rules(instance: Instance, event: Event) -> list[str]:
    """Which rules of the spoke's default bus match, by the emulator's own matcher."""
    events = client(instance, "events", SPOKE)
    text = json.dumps({"account": SPOKE, "resources": [], **event})
    return [
        rule["Name"]
        for rule in events.list_rules()["Rules"]
        if "EventPattern" in rule and events.test_event_pattern(EventPattern=rule["EventPattern"], Event=text)["Result"]
    ]


def dead_letters(instance: Instance, account: str, capability: str) -> list[dict[str, str]]:
    """Reason, path and event id of everything in a dead-letter queue; nothing is taken out of it."""
    sqs = client(instance, "sqs", account)
    url = sqs.get_queue_url(QueueName=f"yagura-{capability}-dead-letters")["QueueUrl"]
    letters: dict[str, dict[str, str]] = {}
    while messages := _unseen(sqs, url, letters):
        for message in messages:
            attributes = {
                name.removeprefix("yagura-"): value["StringValue"]
                for name, value in message.get("MessageAttributes", {}).items()
            }
            letters[message["MessageId"]] = {"event": _event_id(message["Body"]), **attributes}
    return list(letters.values())


def _unseen(sqs: Any, url: str, seen: Iterable[str]) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=2, MessageAttributeNames=["All"], WaitTimeSeconds=0
    )
    return [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]


def _event_id(body: str) -> str:
    try:
        return str(json.loads(body).get("id", ""))
    except (ValueError, AttributeError):
        return ""


def _on_their_way(instance: Instance) -> list[str]:
    """The queue of each message, and the key of each item, that somebody is still to take up."""
    found = []
    for account, capability in ((SPOKE, "findings"), (HUB, "chatops")):
        found += _in_queues(instance, account)
        if account == HUB and slack_status(instance):
            continue  # messages wait for an operator: that is at rest
        found += _pending(instance, account, f"yagura-{capability}", "1")
        found += waiting(instance) if account == HUB else []
    return found


def _in_queues(instance: Instance, account: str) -> list[str]:
    """The queue of each message, those in work included, dead letters not."""
    sqs = client(instance, "sqs", account)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    urls = [url for url in sqs.list_queues(QueueNamePrefix="yagura-")["QueueUrls"] if not url.endswith("-dead-letters")]
    found = {url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] for url in urls}
    return [url.rsplit("/", 1)[-1] for url, held in found.items() for name in names for _ in range(int(held[name]))]


def waiting(instance: Instance) -> list[str]:
    """Keys of messages that have not been posted."""
    lanes = [f"send#{key.removeprefix('lane#')}" for key in _pending(instance, HUB, "yagura-chatops", "lane")]
    return [key for kind in ["draft", *lanes] for key in _pending(instance, HUB, "yagura-chatops", kind)]


def _pending(instance: Instance, account: str, table: str, kind: str) -> list[str]:
    found = client(instance, "dynamodb", account).query(
        TableName=table,
        IndexName="pending",
        KeyConditionExpression="pending = :kind",
        ExpressionAttributeValues={":kind": {"S": kind}},
    )["Items"]
    return [item["pk"]["S"] for item in found]


def slack_status(instance: Instance) -> str:
    """What keeps messages waiting, in the fleet's own words; empty when nothing does."""
    key = {"pk": {"S": "status#slack"}}
    item = client(instance, "dynamodb", HUB).get_item(TableName="yagura-chatops", Key=key).get("Item", {})
    status = str(item.get("status", {}).get("S", "ok"))
    return "" if status == "ok" else status


def known_problems(instance: Instance) -> Iterator[Problem]:
    """All that the table of findings holds."""
    pages = client(instance, "dynamodb", SPOKE).get_paginator("scan").paginate(TableName="yagura-findings")
    for page in pages:
        for item in page["Items"]:
            kind, _, name = item["pk"]["S"].partition("#")
            if kind == "problem" and "problem" in item:
                yield {"id": name, **json.loads(item["problem"]["S"])}


def by_finding(problems: Iterable[Problem]) -> dict[str, list[Problem]]:
    """Problems by the ids of the findings that report them: one about several resources reports several."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        for finding_id in {copy["finding_id"] for copy in problem["copies"].values()}:
            found.setdefault(finding_id, []).append(problem)
    return found
