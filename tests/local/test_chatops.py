"""Chatops end to end: people in the fake Slack and at fleetctl, the fleet on the local cloud, IAM enforced."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from fleet.items import to_dynamodb
from fleetctl.main import app
from local import chat, demo_chatops, trace
from local.chat import AIKO, BEN, CHIE, awaited, buttons, click, say, words
from local.client import AUDIT, HUB, SPOKE, client, journal
from local.process import Instance, get_json
from tests.local import conftest

pytestmark = pytest.mark.local
BUS = f"arn:aws:events:us-east-1:{SPOKE}:event-bus/yagura"


def asked(fleet: Instance, person: str, text: str) -> str:
    """What a person is answered in private."""
    seen = {message["ts"] for message in chat.read(fleet, person)}
    say(fleet, person, text)
    answer = awaited(fleet, person, lambda m: m["ts"] not in seen and m["ephemeral_for"] == person, f"answer to {text}")
    return words(answer)


def request_of(fleet: Instance, person: str, text: str) -> chat.Message:
    """The message of the request that a command files."""
    seen = {message["ts"] for message in chat.read(fleet, person)}
    say(fleet, person, text)
    return awaited(fleet, person, lambda m: m["ts"] not in seen and bool(buttons(m)), f"request of {text}")


def as_it_became(fleet: Instance, message: chat.Message, text: str) -> str:
    """A message, when it says `text`."""
    now = awaited(fleet, AIKO, lambda m: m["ts"] == message["ts"] and text in words(m), f"{text} in the message")
    assert buttons(now) == []
    return words(now)


def lines(message: chat.Message) -> list[str]:
    """The lines of a message's blocks, as they are read."""
    texts = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
    return [line.strip("`") for text in texts for line in text.splitlines()]


def frozen(fleet: Instance, account: str) -> bool:
    return bool(client(fleet, "ssm", account).get_parameters(Names=["/yagura/freeze"])["Parameters"])


def entries(fleet: Instance) -> list[dict[str, Any]]:
    return demo_chatops.entries(fleet)


def test_the_scene_keeps_every_promise(fleet: Instance) -> None:
    steps: list[str] = []
    assert demo_chatops.run(fleet, steps.append) == [], f"{steps}\n{trace.failures(fleet)}"


def test_help_shows_only_what_the_caller_may_run(fleet: Instance) -> None:
    assert "queues redrive" in asked(fleet, AIKO, "help")
    others = asked(fleet, CHIE, "help")
    assert "whoami" in others
    assert "queues redrive" not in others


def test_a_mistyped_command_gets_the_nearest_ones_and_a_bad_argument_is_named(fleet: Instance) -> None:
    assert "queues list" in asked(fleet, AIKO, "queue lst")
    answer = asked(fleet, AIKO, "queues peek nowhere some-queue")
    assert "account" in answer
    assert "nowhere" in answer


def test_the_dead_letter_queues_of_an_account_are_listed_with_what_waits_in_them(fleet: Instance) -> None:
    queues = demo_chatops.Queues(fleet, demo_chatops.letters())
    queues.fail(2)
    say(fleet, AIKO, "queues list local-spoke")
    answer = awaited(fleet, AIKO, lambda m: queues.name in words(m), "the list with the queue in it")
    [row] = [line for line in lines(answer) if line.startswith(queues.name)]
    assert row.split() == [queues.name, "2", "0", queues.source, "payments", "-"]


def test_what_a_rule_could_not_deliver_goes_back_to_its_one_target(fleet: Instance) -> None:
    rule = TeamsRule(fleet, demo_chatops.letters())
    rule.fail()
    say(fleet, AIKO, f"queues peek local-spoke {rule.dead}")
    peeked = awaited(fleet, AIKO, lambda m: f"1 message of {rule.dead}" in words(m), "the answer to peek")
    assert f"of rule {rule.name}" in words(peeked)
    assert rule.target in words(peeked)
    assert "stays" not in words(peeked)
    shown = demo_chatops.REQUEST.findall(words(peeked))[-1]
    request = request_of(fleet, AIKO, f"queues redrive {shown}")
    click(fleet, BEN, request, "approve")
    assert "1 of 1 message" in as_it_became(fleet, request, "done")
    assert rule.received() == [{"order": rule.name}]
    assert rule.waiting() == 0


class TeamsRule:
    """A team's rule with one target that does not let EventBridge in, and its dead letters."""

    def __init__(self, fleet: Instance, run: str) -> None:
        self._sqs, self._events = client(fleet, "sqs", SPOKE), client(fleet, "events", SPOKE)
        self.name, self.target, self.dead = f"orders-{run}", f"orders-{run}-intake", f"orders-{run}-dead-letters"
        arn = f"arn:aws:sqs:us-east-1:{SPOKE}"
        let_in = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [let_in | {"Resource": f"{arn}:{self.dead}"}]}
        self._dead = self._queue(self.dead, "dead-letters", {"Policy": json.dumps(policy)})
        self._target = self._queue(self.target, "target", {})
        self._events.create_event_bus(Name=self.name)
        self._events.put_rule(Name=self.name, EventBusName=self.name, EventPattern=json.dumps({"source": ["orders"]}))
        target = {"Id": "t", "Arn": f"{arn}:{self.target}", "DeadLetterConfig": {"Arn": f"{arn}:{self.dead}"}}
        self._events.put_targets(Rule=self.name, EventBusName=self.name, Targets=[target])

    def _queue(self, name: str, tag: str, attributes: dict[str, str]) -> str:
        made = self._sqs.create_queue(QueueName=name, Attributes=attributes, tags={"yagura:redrive": tag})
        return str(made["QueueUrl"])

    def fail(self) -> None:
        """An event that cannot be delivered."""
        detail = json.dumps({"order": self.name})
        entry = {"EventBusName": self.name, "Source": "orders", "DetailType": "OrderPlaced", "Detail": detail}
        assert self._events.put_events(Entries=[entry])["FailedEntryCount"] == 0
        assert conftest.eventually(lambda: self.waiting() == 1)

    def waiting(self) -> int:
        """Dead letters, also those that somebody looks at."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._dead, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def received(self) -> list[Any]:
        """Details of the events that the target has."""
        found = self._sqs.receive_message(QueueUrl=self._target, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"])["detail"] for message in found]


def test_what_is_another_teams_to_run_is_refused_and_audited_once_a_minute(fleet: Instance) -> None:
    for _ in range(3):
        assert "is for people of sre" in asked(fleet, CHIE, "freeze all")
    assert not frozen(fleet, SPOKE)
    refusals = [each for each in entries(fleet) if each["kind"] == "refused" and each["actor"] == "chie"]
    assert 1 <= len(refusals) <= 2  # the minute may have changed in between


def test_freezing_needs_nobody_and_unfreezing_somebody_else(fleet: Instance) -> None:
    say(fleet, AIKO, "freeze local-spoke")
    assert conftest.eventually(lambda: frozen(fleet, SPOKE), seconds=30), trace.failures(fleet)
    request = request_of(fleet, AIKO, "unfreeze local-spoke")
    click(fleet, AIKO, request, "approve")
    click(fleet, CHIE, request, "approve")
    assert frozen(fleet, SPOKE)
    click(fleet, BEN, request, "approve")
    assert "granted by ben" in as_it_became(fleet, request, "done")
    assert not frozen(fleet, SPOKE)


def test_one_no_ends_a_request_and_a_late_click_changes_nothing(fleet: Instance) -> None:
    request = request_of(fleet, AIKO, "unfreeze local-hub")
    click(fleet, BEN, request, "deny")
    as_it_became(fleet, request, "denied by ben")
    before = len(entries(fleet))
    get_json(
        fleet,
        "/_local/slack/click",
        body={"user": BEN, "channel": request["channel_id"], "ts": request["ts"], "action_id": "approve"},
    )
    late = awaited(fleet, BEN, lambda m: "decided already" in words(m), "the refusal of the late click")
    assert late["ephemeral_for"] == BEN
    assert [each["kind"] for each in entries(fleet)[before:]] == ["refused"]


def test_a_broken_glass_runs_at_once_is_told_to_all_and_asks_for_a_review(fleet: Instance) -> None:
    request = request_of(fleet, AIKO, "unfreeze local-spoke")
    name = request["blocks"][-1]["elements"][0]["text"].split("`")[1]
    say(fleet, AIKO, f"break-glass {name} short")
    awaited(fleet, AIKO, lambda m: "10 to 500 characters" in words(m), "that the reason is too short")
    say(fleet, AIKO, f"break-glass {name} payments are down, mail taro@example.com")
    text = as_it_became(fleet, request, "done")
    assert "payments are down" in text
    assert "taro@example.com" not in text
    awaited(fleet, CHIE, lambda m: _told_in(m, "team-payments"), "the notice to a product team")
    awaited(fleet, CHIE, lambda m: _told_in(m, "sre-fleet"), "the notice to the SRE team")
    review = awaited(fleet, BEN, lambda m: "Review of a broken glass" in words(m) and bool(buttons(m)), "the review")
    click(fleet, AIKO, review, "approve")
    assert buttons(review) == ["approve"]
    click(fleet, BEN, review, "approve")
    as_it_became(fleet, review, "reviewed by ben")


@pytest.mark.parametrize("deliver", ["old_timestamp", "bad_signature"])
def test_what_is_not_slacks_is_refused_in_silence_and_reaches_nobody(fleet: Instance, deliver: str) -> None:
    before = len(entries(fleet))
    chat.behave(fleet, deliver=deliver)
    get_json(fleet, "/_local/slack/command", body={"user": AIKO, "text": "freeze all", "channel": "#sre-fleet"})
    assert get_json(fleet, "/_local/slack/deliveries")["deliveries"][-1]["status"] == 401
    assert len(entries(fleet)) == before
    assert not frozen(fleet, SPOKE)


def test_a_repeated_delivery_is_done_once(fleet: Instance) -> None:
    before = len(entries(fleet))
    chat.behave(fleet, deliver="twice")
    say(fleet, AIKO, "audit tail 3")
    assert conftest.eventually(lambda: len(entries(fleet)) > before, seconds=30)
    assert [each["facts"]["command"] for each in entries(fleet)[before:]] == ["audit tail"]


@pytest.mark.parametrize("user", ["U0GUEST0000", "U0BOT000000", "U0GONE00000", "U0OTHER0000"])
def test_strangers_are_counted_and_stand_in_no_chain(fleet: Instance, user: str) -> None:
    before, seen = len(entries(fleet)), len(chat.read(fleet, user))
    say(fleet, user, "freeze all")
    say(fleet, AIKO, "audit tail 1")
    assert conftest.eventually(lambda: len(entries(fleet)) > before, seconds=30)
    assert {each["actor"] for each in entries(fleet)[before:]} == {"aiko"}
    assert len(chat.read(fleet, user)) <= seen + 1  # what all read, never an answer
    assert not frozen(fleet, SPOKE)


def test_an_event_that_nobody_granted_authorises_nothing(fleet: Instance) -> None:
    """Even if it is put on the bus by the role that may: the worker asks the table, not the event."""
    keys = _session(fleet, HUB, "yagura-us-east-1-chatops-publish")
    data = {
        "request": "r-0123456789",
        "capability": "operations",
        "command": "freeze",
        "account": SPOKE,
        "region": "us-east-1",
        "requester": "aiko",
    }
    meta = _meta(HUB)
    entry = {
        "EventBusName": BUS,
        "Source": "yagura.chatops",
        "DetailType": "CommandRequested",
        "Detail": json.dumps({"meta": meta, "data": data}),
    }
    since = trace.mark(fleet)
    answer = client(fleet, "events", HUB, credentials=keys).put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0

    def answered() -> list[str]:
        lines = journal(fleet, account=HUB, bus="yagura", since=since)[0]
        return [line["event"]["detail"]["data"]["outcome"] for line in lines if "outcome" in str(line["event"])]

    assert conftest.eventually(answered, seconds=30) == ["refused"]
    assert not frozen(fleet, SPOKE)


def test_who_executes_can_claim_and_cannot_grant(fleet: Instance) -> None:
    keys = _session(fleet, HUB, "yagura-us-east-1-chatops-claims")
    table = client(fleet, "dynamodb", HUB, credentials=keys)
    forged = {"pk": "request#r-0123456789", "status": "GRANTED"}
    for pk in ("request#r-0123456789", "audit#000000000001", "audit#head", "once#x"):
        with pytest.raises(ClientError, match="AccessDenied"):
            table.put_item(TableName="yagura-chatops", Item=to_dynamodb(forged | {"pk": pk}))
    table.put_item(TableName="yagura-chatops", Item=to_dynamodb({"pk": f"claim#{uuid.uuid4().hex}"}))


def test_nobody_can_overwrite_or_delete_an_anchor(fleet: Instance) -> None:
    keys = _session(fleet, AUDIT, "yagura-us-east-1-archive-write")
    s3 = client(fleet, "s3", AUDIT, credentials=keys)
    bucket = f"yagura-audit-{AUDIT}-us-east-1"
    versions = client(fleet, "s3", AUDIT).list_object_versions(Bucket=bucket)["Versions"]
    assert versions, "no test before this one anchored"
    name, version = versions[0]["Key"], versions[0]["VersionId"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"{}", IfNoneMatch="*")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key=name, VersionId=version)
    lock = client(fleet, "s3", AUDIT).get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 1}
    with pytest.raises(ClientError, match="AccessDenied"):  # the lock holds against the account's root as well
        client(fleet, "s3", AUDIT).delete_object(Bucket=bucket, Key=name, VersionId=version)


def test_a_laptop_files_the_same_request_and_slack_decides_it(fleet: Instance) -> None:
    run, env = CliRunner(), _env(fleet)
    filed = run.invoke(app, ["ask", "unfreeze", "local-spoke", "--local", "--as", "aiko"], env=env)
    assert filed.exit_code == 0, filed.output
    name = demo_chatops.REQUEST.findall(filed.output)[-1]
    request = awaited(fleet, BEN, lambda m: name in words(m) and bool(buttons(m)), "the request")
    refused = run.invoke(app, ["ask", "approve", name, "--local", "--as", "aiko"], env=env)
    assert refused.exit_code == 1
    assert "somebody else must decide" in refused.output
    click(fleet, BEN, request, "approve")
    as_it_became(fleet, request, "done")
    vias = [each["via"] for each in entries(fleet) if each["request"] == name]
    assert vias[0].startswith("iam:arn:aws:sts::")


def test_an_export_verifies_and_one_changed_byte_is_found(fleet: Instance) -> None:
    run, env = CliRunner(), _env(fleet)
    file = fleet.state_dir / "trail.jsonl"
    exported = run.invoke(app, ["audit", "export", str(file), "--local"], env=env)
    assert exported.exit_code == 0, exported.output
    assert run.invoke(app, ["audit", "verify", str(file)], env=env).exit_code == 0
    content = file.read_bytes()
    at = content.index(b'"actor":"aiko"') + len(b'"actor":"')
    file.write_bytes(content[:at] + b"b" + content[at + 1 :])
    broken = run.invoke(app, ["audit", "verify", str(file)], env=env)
    assert broken.exit_code == 1
    assert "entry 1" in broken.output
    assert run.invoke(app, ["audit", "verify", "--live", "--local"], env=env).exit_code == 0


def test_no_function_logs_what_people_type_or_what_a_queue_holds(fleet: Instance) -> None:
    for account in (HUB, SPOKE):
        logs = client(fleet, "logs", account)
        for group in logs.describe_log_groups(logGroupNamePrefix="/yagura/")["logGroups"]:
            found = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
            text = "\n".join(event["message"] for event in found)
            for secret in ("Taro Yamada", "12345678", "taro@example.com", "payments are down", "local-signing-secret"):
                assert secret not in text, group["logGroupName"]


def _told_in(message: chat.Message, channel: str) -> bool:
    return message["channel_name"] == channel and "broke the glass" in words(message)


def _session(fleet: Instance, account: str, role: str) -> dict[str, str]:
    """Keys of a fleet role, as if its function were taken over."""
    roles = client(fleet, "iam", account)
    arn = roles.get_role(RoleName=role)["Role"]["Arn"]
    before = roles.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}],
    }
    roles.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    try:
        return dict(client(fleet, "sts", account).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"])
    finally:
        roles.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))


def _meta(account: str) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "version": 1,
        "time": 1,
        "account": account,
        "region": "us-east-1",
        "service": "yagura",
        "team": "sre",
        "environment": "local",
        "actor": "aiko",
    }


def _env(fleet: Instance) -> dict[str, str]:
    return {"YAGURA_LOCAL_PORT": str(fleet.port), "YAGURA_LOCAL_STATE": str(fleet.state_dir)}
