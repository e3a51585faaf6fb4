"""What the capability `chatops` does: people are told, asked and answered, and what they decided is anchored."""

import json
import time
import uuid
from typing import Any

import msgspec

from bench.fleet import MissedError, Watch
from bench.scenario import ITEMS, MODE, SECRET, Scenario, asked, granted, is_refused, off, put, unread
from bench.scenes_findings import fresh, meta, send, untold, workflow
from fleet.events.chatops import ApprovalExpired
from fleet.events.envelope import Entry
from functions.chatops.page import Page, Paging
from local import chat, sample_findings
from local.chat import AIKO, words
from local.client import AUDIT, HUB, REGION, SPOKE, journal
from local.demo_chatops import REQUEST, letters
from local.process import get_json

NOTIFY, DESK, INGRESS = "chatops notify", "chatops desk", "chatops ingress"
ANSWERS, PUBLISH, CLAIMS, ANCHOR = "chatops answers", "chatops publish", "chatops claims", "chatops anchor"
TABLE = "yagura-chatops"
_BUCKET = f"yagura-audit-{AUDIT}-{REGION}"
_HOUR_MS = 3_600_000


def posted(watch: Watch) -> None:
    """A finding is posted to Slack."""
    resource = f"arn:aws:s3:::bucket-{letters()}"
    send(watch, resource)
    watch.until("posted", lambda: watch.messages(resource))


def posted_in_turn(watch: Watch) -> None:
    """Of two messages to one channel the second, which must wait for a second, is called for, and posted."""
    resources = [f"arn:aws:s3:::bucket-{letters()}" for _ in range(2)]
    for resource in resources:
        send(watch, resource)
    watch.until("both posted", lambda: all(watch.messages(resource) for resource in resources))


def posted_late(watch: Watch) -> None:
    """A message that waits is posted on the next tick."""
    one = f"message-{uuid.uuid4()}"
    put(watch, HUB, TABLE, _waiting(one))
    # The first tick may come within a second of another message.
    watch.until("posted", lambda: watch.call(HUB, "yagura-chatops-notify") and watch.messages(one))


def refused(watch: Watch) -> None:
    """What is no fleet event is in the dead-letter queue of chatops."""
    one = str(uuid.uuid4())
    watch.client("sqs", HUB).send_message(QueueUrl=watch.queue(HUB, TABLE), MessageBody=json.dumps({"id": one}))
    watch.until("refused", lambda: is_refused(watch, HUB, "chatops", one))


def kept(watch: Watch) -> None:
    """While chatops is off, messages are kept and not posted."""
    with off(watch, HUB, "chatops", "notify"):
        resource = f"arn:aws:s3:::bucket-{letters()}"
        one = send(watch, resource)

        def at_rest() -> bool:
            problems = [each["detail"]["data"]["problem"] for each in watch.events(one)]
            keys = [f"message#problem#{problem}@#sre-fleet" for problem in problems]
            return any(watch.item(HUB, TABLE, key) for key in keys) and watch.on_its_way(HUB, TABLE) == 0

        watch.until("kept", at_rest)
        if watch.messages(resource):
            raise MissedError("posted, although chatops is off")


def paged(watch: Watch) -> None:
    """A page that waits is sent to PagerDuty on the next tick."""
    now, subject = time.time_ns() // 1_000_000, f"bench-{letters()}"
    page = Page(subject=subject, service="PPAY001", action="trigger", version=1, summary=subject, source="bench")
    text = msgspec.json.encode(Paging(page=page, since=now, due=now - 1)).decode()
    waits = {"pending": "page", "pending_since": now - 1}
    put(watch, HUB, TABLE, {"pk": f"page#{subject}", "v": 1, "rev": 1, "paging": text, "state": "waiting", **waits})
    watch.call(HUB, "yagura-chatops-notify")
    watch.until("paged", lambda: subject in str(get_json(watch.instance, "/_local/pagerduty/incidents")["incidents"]))


def helped(watch: Watch) -> None:
    """Somebody asks for help, and is answered."""
    asked(watch, "help", "queues redrive")


def stands(watch: Watch) -> None:
    """Somebody asks how the fleet stands."""
    asked(watch, "status", "audit chain")


def not_taken(watch: Watch) -> None:
    """What the ingress could not hand on leaves no marker: sent again, it would be a repeat."""
    functions, name = watch.client("lambda", HUB), "yagura-chatops-ingress"
    usual = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    nowhere = usual | {"YAGURA_DESK_QUEUE": f"{usual['YAGURA_DESK_QUEUE']}-of-nobody"}
    before = _markers(watch)
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": nowhere})
    try:
        body = {"user": AIKO, "text": "whoami", "channel": chat.CHANNEL}
        get_json(watch.instance, "/_local/slack/command", body=body)
        watch.until("tried", lambda: "not_taken" in watch.logs(HUB, "/yagura/chatops/ingress"))
        if _markers(watch) - before:
            raise MissedError("no dynamodb:DeleteItem: the marker of what was not taken is still there")
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": usual})


def commanded(watch: Watch) -> None:
    """A command goes to the spoke, and its answer comes back."""
    asked(watch, "findings list local-spoke", "problems")


def turned_down(watch: Watch) -> None:
    """Where findings is off, a command is refused."""
    with off(watch, SPOKE, "findings", "work"):
        asked(watch, "findings list local-spoke", "findings is off here")


def overdue(watch: Watch) -> None:
    """What is due is looked at on the next tick; of a request that is not there nothing will come."""
    pk = f"due#r-{uuid.uuid4().hex[:10]}"
    put(watch, HUB, TABLE, {"pk": pk, "v": 1, "pending": "due", "pending_since": 1})
    watch.call(HUB, "yagura-chatops-answers")
    watch.until("looked at", lambda: "pending" not in (watch.item(HUB, TABLE, pk) or {"pending": ""}))


def left_behind(watch: Watch) -> None:
    """A decision that the stream has left behind is told on the next tick."""
    one = f"r-{letters()}"
    fact = ApprovalExpired(request=one, capability="bench", action="bench", arguments_hash="", by=[])
    with unread(watch, HUB, "yagura-chatops-publish"):
        put(watch, HUB, TABLE, untold("request", Entry.of(fact, meta(HUB))))
        watch.call(HUB, "yagura-chatops-publish")
        watch.until("told", lambda: one in str(journal(watch.instance, account=HUB, bus="yagura", since=watch.mark)))


def agreed(watch: Watch) -> None:
    """Two people suppress a problem; Security Hub says so, and who they were."""
    one = fresh()
    sample_findings.imported(watch.instance, one)
    problem = str(watch.until("recorded", lambda: watch.problem(one["Id"]))["pk"]["S"]).removeprefix("problem#")
    shown = REQUEST.findall(words(asked(watch, f"findings show local-spoke {problem}", "Days at most")))[-1]
    granted(watch, f"findings suppress {shown} 1 It moves on Friday", problem[:8], "done")
    watch.until("suppressed in Security Hub", lambda: workflow(watch, one["Id"]) == "SUPPRESSED")


def anchored(watch: Watch) -> None:
    """The end of the audit chain is anchored, and verified from there."""
    _forget_anchors(watch)
    watch.until("anchored", lambda: watch.call(HUB, "yagura-chatops-anchor") and _versions(watch))
    asked(watch, "audit verify", "are intact; anchored up to")


def overlaid(watch: Watch) -> None:
    """An anchor over which somebody put another version is still known."""
    _forget_anchors(watch)
    watch.until("anchored", lambda: watch.call(HUB, "yagura-chatops-anchor") and _versions(watch))
    for each in _versions(watch):
        watch.client("s3", AUDIT).put_object(Bucket=_BUCKET, Key=each["Key"], Body=b'{"number": 0}')
    watch.until("known", lambda: watch.call(HUB, "yagura-chatops-anchor"))


SCENARIOS = (
    Scenario("a finding is posted", posted, {NOTIFY: (*ITEMS, f"{SECRET} bot-token")}),
    Scenario("the second of two messages is called for", posted_in_turn, {NOTIFY: ("sqs:SendMessage yagura-chatops",)}),
    Scenario("a tick posts what waits", posted_late, {NOTIFY: ("dynamodb:Query",)}),
    Scenario("chatops refuses what is no fleet event", refused, {NOTIFY: ("sqs:SendMessage -dead-letters",)}),
    Scenario("chatops that is off keeps", kept, {NOTIFY: (MODE,)}),
    Scenario("a tick pages", paged, {NOTIFY: (f"{SECRET} routing-keys",)}),
    Scenario(
        "somebody is helped",
        helped,
        {
            INGRESS: ("dynamodb:PutItem", SECRET, "sqs:SendMessage yagura-chatops-desk"),
            DESK: (*ITEMS, SECRET, "sqs:SendMessage yagura-chatops"),
        },
    ),
    Scenario("somebody asks how the fleet stands", stands, {DESK: ("dynamodb:Query",)}),
    Scenario("the ingress forgets what it could not hand on", not_taken, {INGRESS: ("dynamodb:DeleteItem",)}),
    Scenario(
        "a command goes out, and its answer comes back",
        commanded,
        {
            PUBLISH: (*ITEMS, f"events:PutEvents {SPOKE}:event-bus/yagura"),
            ANSWERS: (*ITEMS, "sqs:SendMessage yagura-chatops"),
            CLAIMS: ("dynamodb:PutItem", "dynamodb:ConditionCheckItem"),
            "findings work": (*ITEMS, "dynamodb:Query", "sts:AssumeRole"),
        },
    ),
    Scenario("findings that is off refuses commands", turned_down, {"findings work": (MODE,)}),
    Scenario("a tick looks at what is due", overdue, {ANSWERS: ("dynamodb:Query",)}),
    Scenario("a tick tells the decision that was left behind", left_behind, {PUBLISH: ("dynamodb:Query",)}),
    Scenario("two people suppress a problem", agreed, {CLAIMS: ("dynamodb:GetItem",)}),
    Scenario(
        "the audit chain is anchored and verified",
        anchored,
        {
            ANCHOR: (*ITEMS, "sts:AssumeRole"),
            DESK: ("dynamodb:BatchGetItem", "sts:AssumeRole"),
            "archive write": ("s3:PutObject",),
            "archive read": ("s3:ListBucketVersions", "s3:GetObjectVersion"),
        },
    ),
    Scenario(
        "an anchor is known under what was put over it",
        overlaid,
        {"archive write": ("s3:GetObject", "s3:GetObjectVersion", "s3:ListBucketVersions")},
    ),
)


def _markers(watch: Watch) -> set[str]:
    pages = watch.client("dynamodb", HUB).get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
    return {item["pk"]["S"] for page in pages for item in page["Items"] if item["pk"]["S"].startswith("seen#")}


def _versions(watch: Watch) -> list[dict[str, Any]]:
    return list(watch.client("s3", AUDIT).list_object_versions(Bucket=_BUCKET).get("Versions", []))


def _forget_anchors(watch: Watch) -> None:
    """As if none had ever been written: there is one in an hour, and the first has the number 1."""
    s3 = watch.client("s3", AUDIT)
    for each in _versions(watch):
        about = {"Bucket": _BUCKET, "Key": each["Key"], "VersionId": each["VersionId"]}
        s3.delete_object(**about, BypassGovernanceRetention=True)
    watch.client("dynamodb", HUB).delete_item(TableName=TABLE, Key={"pk": {"S": "audit#anchor"}})


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
        "pending_since": time.time_ns() // 1_000_000 - _HOUR_MS,
    }
