"""What the capability `findings` does for itself: a scenario for each group of its permissions."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec

from bench.fleet import MissedError, Watch
from bench.scenario import ITEMS, MODE, SECRET, Scenario, is_refused, off, put, unread
from fleet.events.envelope import Entry, Meta
from fleet.events.findings import FindingOpened
from fleet.items import UNSENT
from local import sample_findings
from local.client import REGION, SPOKE, github_issues, securityhub_findings, send_aws_event
from local.demo_chatops import letters
from local.sample_findings import Finding
from tests.local.fleet import finding, imported

TRIAGE, PUBLISH, SWEEP = "findings triage", "findings publish", "findings sweep"
WRITEBACK, TICKETS = "findings writeback", "findings tickets"
TABLE = "yagura-findings"
_QUEUES = ("writeback", "tickets")
_GET = "securityhub:GetFindings"
_SUPPRESSED = {"SUPPRESSED", "Suppressed"}


def recorded(watch: Watch) -> None:
    """A finding is recorded."""
    one = send(watch)
    watch.until("recorded", lambda: watch.problem(one))


def refused(watch: Watch) -> None:
    """A malformed event is in the dead-letter queue, with the reason."""
    event = imported(finding() | {"Severity": {"Label": "PURPLE"}})
    send_aws_event(watch.instance, SPOKE, event)
    watch.until("refused", lambda: is_refused(watch, SPOKE, "findings", event["id"]))


def dropped(watch: Watch) -> None:
    """A capability that is off drops what comes."""
    with off(watch, SPOKE, "findings", "triage"):
        send(watch)
        watch.until("dropped", lambda: "mode_off" in watch.logs(SPOKE, "/yagura/findings/triage"))


def told(watch: Watch) -> None:
    """The opening is on the hub's bus, and no longer waits on its item."""
    one = send(watch)

    def is_told() -> bool:
        # The event first: the item that is read after it was sent says whether it is known to be sent. What waits for
        # the clock has another kind of `pending`.
        return bool(watch.events(one)) and (watch.problem(one) or {}).get("pending", {}).get("S") != UNSENT

    watch.until("told", is_told)


def left_behind(watch: Watch) -> None:
    """What the stream has left behind is told on the next tick."""
    one = f"finding-{uuid.uuid4()}"
    with unread(watch, SPOKE, "yagura-findings-publish"):
        put(watch, SPOKE, TABLE, _left_behind(one))
        watch.call(SPOKE, "yagura-findings-publish")
        watch.until("told", lambda: watch.events(one))


def suppressed(watch: Watch) -> None:
    """What a rule suppresses is suppressed in Security Hub."""
    one = fresh("EC2.6")
    sample_findings.imported(watch.instance, one)
    watch.until("suppressed in Security Hub", lambda: workflow(watch, one["Id"]) in _SUPPRESSED)


def suppressed_in_v2(watch: Watch) -> None:
    """The same of a finding of V2."""
    one = fresh_in_v2("EC2.6")
    sample_findings.imported(watch.instance, one)
    watch.until("suppressed in Security Hub", lambda: workflow(watch, one["metadata"]["uid"]) in _SUPPRESSED)


def ticket(watch: Watch) -> None:
    """What is critical for payments gets an issue."""
    one = fresh(severity="CRITICAL")
    sample_findings.imported(watch.instance, one)
    watch.until("an issue", lambda: any(one["Title"] in each["title"] for each in github_issues(watch.instance)))


def attended(watch: Watch) -> None:
    """What was to be changed outside and was lost on its way is sent again when it is due."""
    with _lost(watch) as problems:
        for pk in problems.values():
            _set(watch, pk, pending="due", pending_since=1)
        _sweep(watch, "sent again", lambda: _on_their_queues(watch, problems))


def reviewed(watch: Watch) -> None:
    """After a change of configuration all problems are judged anew, and what they want is sent."""
    with _lost(watch) as problems:
        _walk_again(watch, "review")
        _sweep(watch, "sent again", lambda: _on_their_queues(watch, problems))


def reconciled(watch: Watch) -> None:
    """What an event has missed is found in Security Hub."""
    one = fresh(severity="LOW")
    _reconciled(watch, one, one["Id"])


def reconciled_with_v2(watch: Watch) -> None:
    """The same in Security Hub V2. What AWS refuses there is taken for V2 not being enabled, and its words are lost."""
    one = fresh_in_v2(f"S3.{letters()}", severity="LOW")
    _reconciled(watch, one, one["finding_info"]["uid"], unless="AccessDeniedException")


def _reconciled(watch: Watch, one: Finding, finding_id: str, *, unless: str = "") -> None:
    sample_findings.imported(watch.instance, one)
    item = watch.until("recorded", lambda: watch.problem(finding_id))
    watch.client("dynamodb", SPOKE).delete_item(TableName=TABLE, Key={"pk": item["pk"]})
    _walk_again(watch, "reconcile")

    def found() -> object:
        if unless and unless in watch.logs(SPOKE, "/yagura/findings/sweep"):
            raise MissedError(f"no {_GET}: V2 was taken for not enabled")
        return watch.item(SPOKE, TABLE, item["pk"]["S"])

    _sweep(watch, "found in Security Hub", found)


SCENARIOS = (
    Scenario("a finding is recorded", recorded, {TRIAGE: ITEMS}),
    Scenario("a malformed event is refused", refused, {TRIAGE: ("sqs:SendMessage -dead-letters",)}),
    Scenario("findings that are off drop", dropped, {TRIAGE: (MODE,)}),
    Scenario(
        "an opening is told on the hub's bus",
        told,
        {PUBLISH: (*ITEMS, "events:PutEvents"), "foundation forward": ("events:PutEvents",)},
        SPOKE,
    ),
    Scenario("a tick tells what was left behind", left_behind, {PUBLISH: ("dynamodb:Query",)}),
    Scenario(
        "a rule suppresses in Security Hub",
        suppressed,
        {
            WRITEBACK: (*ITEMS, MODE, "securityhub:BatchUpdateFindings hub/default"),
            PUBLISH: ("sqs:SendMessage yagura-findings-writeback",),
        },
    ),
    Scenario(
        "a rule suppresses in Security Hub V2",
        suppressed_in_v2,
        {WRITEBACK: ("securityhub:BatchUpdateFindings hubv2/*",)},
    ),
    Scenario(
        "a critical problem gets an issue",
        ticket,
        {TICKETS: (*ITEMS, MODE, SECRET), PUBLISH: ("sqs:SendMessage yagura-findings-tickets",)},
    ),
    Scenario(
        "the sweep attends to what is due",
        attended,
        {SWEEP: (*ITEMS, MODE, "dynamodb:Query index/pending", *(f"sqs:SendMessage -{each}" for each in _QUEUES))},
    ),
    Scenario("the sweep reviews all problems", reviewed, {SWEEP: ("dynamodb:Query index/live",)}),
    Scenario("the sweep finds what events have missed", reconciled, {SWEEP: (f"{_GET} hub/default",)}),
    Scenario("the sweep finds what events of V2 have missed", reconciled_with_v2, {SWEEP: (f"{_GET} hubv2/*",)}),
)


def send(watch: Watch, resource: str = "") -> str:
    """A finding on the spoke's default bus; its id."""
    event = imported(finding(resource))
    send_aws_event(watch.instance, SPOKE, event)
    return str(event["detail"]["findings"][0]["Id"])


def fresh(control: str = "", *, severity: str = "HIGH") -> Finding:
    """A finding about a resource, and if not said otherwise of a control, that there was not before."""
    name = letters()
    about = {"control": control or f"S3.{name}", "title": f"A check called {name}", "service": "payments-api"}
    return sample_findings.asff(f"arn:aws:s3:::acme-{name}", severity=severity, **about)


def fresh_in_v2(control: str, *, severity: str = "HIGH") -> Finding:
    """The same, as Security Hub V2 has it."""
    name = letters()
    title = f"A check called {name}"
    return sample_findings.ocsf(f"arn:aws:s3:::acme-{name}", control=control, title=title, severity=severity)


def workflow(watch: Watch, finding_id: str) -> str:
    """What Security Hub has of a finding."""
    held = securityhub_findings(watch.instance, SPOKE)
    found = {each["Id"]: each["Workflow"]["Status"] for each in held["asff"]}
    found |= {each["metadata"]["uid"]: each["status"] for each in held["ocsf"]}
    return str(found.get(finding_id, ""))


@contextmanager
def _lost(watch: Watch) -> Iterator[dict[str, str]]:
    """By queue, keys of problems that want something of it, and whose messages to it were lost."""
    findings = {"writeback": fresh("EC2.7"), "tickets": fresh(severity="CRITICAL")}
    with unread(watch, SPOKE, "yagura-findings-writeback"), unread(watch, SPOKE, "yagura-findings-tickets"):
        sample_findings.imported(watch.instance, *findings.values())
        problems = {
            queue: str(watch.until("recorded", partial(watch.problem, one["Id"]))["pk"]["S"])
            for queue, one in findings.items()
        }
        watch.until("on their queues", lambda: _on_their_queues(watch, problems))
        for queue in _QUEUES:
            watch.client("sqs", SPOKE).purge_queue(QueueUrl=watch.queue(SPOKE, f"yagura-findings-{queue}"))
        yield problems


def _on_their_queues(watch: Watch, problems: dict[str, str]) -> bool:
    return all(pk.removeprefix("problem#") in _bodies(watch, queue) for queue, pk in problems.items())


def _bodies(watch: Watch, queue: str) -> str:
    """All that lies in a queue that nobody reads; it stays there."""
    sqs, found = watch.client("sqs", SPOKE), dict[str, str]()
    url = watch.queue(SPOKE, f"yagura-findings-{queue}")
    while True:
        some = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1).get("Messages", [])
        new = {each["MessageId"]: each["Body"] for each in some if each["MessageId"] not in found}
        if not new:
            return "\n".join(found.values())
        found |= new


def _sweep(watch: Watch, what: str, look: Any) -> None:
    """Sweep until it has happened: of two sweeps at once one gives way, and the schedule's own may be at work."""
    watch.until(what, lambda: watch.call(SPOKE, "yagura-findings-sweep") and look())


def _walk_again(watch: Watch, name: str) -> None:
    _set(watch, f"walk#{name}", done="")


def _set(watch: Watch, pk: str, **values: str | int) -> None:
    """Change attributes of an item, as another writer would."""
    typed = {f":{name}": {"N": str(each)} if isinstance(each, int) else {"S": each} for name, each in values.items()}
    watch.client("dynamodb", SPOKE).update_item(
        TableName=TABLE,
        Key={"pk": {"S": pk}},
        UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in values)} ADD rev :one",
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={**typed, ":one": {"N": "1"}},
    )


def _left_behind(finding_id: str) -> dict[str, Any]:
    """An item with an event that should have been told an hour ago."""
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
    return untold("problem", Entry.of(fact, meta(SPOKE)))


def meta(account: str) -> Meta:
    """Of an event that should have been told an hour ago."""
    return Meta(
        id=str(uuid.uuid4()),
        version=1,
        time=time.time_ns() // 1_000_000 - 3_600_000,
        account=account,
        region=REGION,
        service="unknown",
        team="sre",
        environment="local",
        actor="bench",
    )


def untold(kind: str, entry: Entry) -> dict[str, Any]:
    """An item on which it waits."""
    since = time.time_ns() // 1_000_000 - 3_600_000
    pk = f"{kind}#{uuid.uuid4()}"
    waits = {"pending": UNSENT, "pending_since": since, "outbox": [msgspec.to_builtins(entry)]}
    return {"pk": pk, "v": 1, "rev": 1, **waits}
