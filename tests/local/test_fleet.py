"""The fleet end to end: deployed by the real CDK CLI onto the local cloud, IAM enforced."""

import json
import random

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from fleet.events.envelope import FleetEvent
from fleet.events.findings import FindingOpened
from fleetctl.generate import fleet_events
from fleetctl.main import app
from local import demo, deploy, trace
from local.client import AUDIT, HUB, PRODUCT, SPOKE, client, journal, send_aws_event, slack_behave, slack_messages
from local.process import Instance
from tests.local import conftest
from tests.local.fleet import finding, imported, invoke, restart, send, set_token

pytestmark = pytest.mark.local

HUB_BUS = f"arn:aws:events:us-east-1:{HUB}:event-bus/yagura"


def test_the_demo_keeps_every_promise(fleet: Instance) -> None:
    traced, broken = demo.run(fleet, tick=lambda _done, _total: None)
    assert broken == [], trace.failures(fleet)
    assert [outcome.summary for outcome in traced] == ["recorded", "recorded", "recorded", "dropped", "refused"]


def test_a_second_deployment_uploads_nothing_and_changes_nothing(fleet: Instance) -> None:
    before = {account: _objects(fleet, account) for account in (HUB, SPOKE)}
    deploy.bootstrap_and_deploy(fleet)
    assert {account: _objects(fleet, account) for account in (HUB, SPOKE)} == before
    for stage in ("local-hub", "local-spoke"):
        log = (fleet.state_dir / f"deploy-{stage}.log").read_text()
        assert log.count("(no changes)") == 3, log
        assert "UPDATE_" not in log


def test_shuffled_and_repeated_events_leave_the_latest_state_and_tell_each_opening_once(fleet: Instance) -> None:
    told = len(slack_messages(fleet))
    open_then_fixed, still_open = finding(), finding()
    history = [
        imported(open_then_fixed, time="2026-11-23T06:00:05Z"),
        imported(
            open_then_fixed | {"UpdatedAt": "2026-11-23T07:00:00Z", "Compliance": {"Status": "PASSED"}},
            time="2026-11-23T07:00:05Z",
        ),
        imported(still_open, time="2026-11-23T06:00:05Z"),
        imported(still_open | {"UpdatedAt": "2026-11-23T08:00:00Z"}, time="2026-11-23T08:00:05Z"),
    ]
    # The same control id in all of them: without Compliance.SecurityControlId the generator names it.
    events = history * 3
    random.Random(7).shuffle(events)  # noqa: S311 - a shuffle
    outcomes = send(fleet, *events)
    states = {o.problems[0]["resource"]: o.problems[0]["state"]["status"] for o in outcomes}
    assert states == {
        open_then_fixed["Resources"][0]["Id"]: "resolved",
        still_open["Resources"][0]["Id"]: "open",
    }
    details = [event["detail"] for outcome in outcomes for event in outcome.opened]
    opened = {detail["meta"]["id"]: detail["data"]["resource"] for detail in details}
    assert list(opened.values()).count(still_open["Resources"][0]["Id"]) == 1
    posted = [trace.message_subject(message) for message in slack_messages(fleet)[told:]]
    assert sorted(posted) == sorted({trace.subject_of(event) for outcome in outcomes for event in outcome.opened})


def test_a_message_without_a_token_waits_and_is_posted_once_when_there_is_one(fleet: Instance) -> None:
    told = len(slack_messages(fleet))
    set_token(fleet, "xoxb-revoked")
    try:
        (outcome,) = _sent_without_waiting(fleet)
        assert conftest.eventually(lambda: _waiting(fleet)), trace.failures(fleet)
        status = CliRunner().invoke(app, ["secrets", "status", "--local"], env=_env(fleet)).output
        assert "messages: token refused (invalid_auth)" in status
        assert len(slack_messages(fleet)) == told
    finally:
        set_token(fleet, "xoxb-local-test")
    for _ in range(2):
        invoke(fleet, HUB, "yagura-chatops-notify", {"tick": 120})
    posted = conftest.eventually(lambda: _swept(fleet, told, outcome), seconds=120)
    assert len(posted) == 1
    assert not _waiting(fleet)


def test_slack_that_fails_for_a_while_loses_no_message(fleet: Instance) -> None:
    told = len(slack_messages(fleet))
    slack_behave(fleet, next=1, status=500)
    (resource,) = _sent_without_waiting(fleet)
    assert conftest.eventually(lambda: _waiting(fleet)), trace.failures(fleet)
    invoke(fleet, HUB, "yagura-chatops-notify", {"tick": 120})
    posted = conftest.eventually(lambda: _swept(fleet, told, resource), seconds=120)
    assert len(posted) == 1


@pytest.mark.parametrize("kind", list(fleet_events()), ids=lambda kind: kind.__name__)
def test_a_forged_fleet_event_from_a_product_account_is_refused_by_the_bus(
    fleet: Instance, kind: type[FleetEvent]
) -> None:
    told, since = len(slack_messages(fleet)), trace.mark(fleet)
    genuine = _last_event(fleet, FindingOpened)
    source = kind.source.replace("*", "operations")
    for bus in (HUB_BUS, HUB_BUS.replace(HUB, SPOKE)):
        entry = {
            "EventBusName": bus,
            "Source": source,
            "DetailType": kind.detail_type(),
            "Detail": json.dumps(genuine["detail"]),
        }
        mixed = [entry | {"Source": "acme.payments", "Detail": "{}"}, entry]
        for entries in ([entry], mixed):
            with pytest.raises(ClientError, match="AccessDenied"):
                client(fleet, "events", PRODUCT).put_events(Entries=entries)
    assert journal(fleet, bus="yagura", since=since)[0] == []
    assert len(slack_messages(fleet)) == told


def test_a_product_account_may_put_its_own_source_and_reaches_no_rule_of_the_fleet(fleet: Instance) -> None:
    since = trace.mark(fleet)
    entry = {
        "EventBusName": HUB_BUS,
        "Source": "acme.payments.ledger",
        "DetailType": "FindingOpened",
        "Detail": json.dumps(_last_event(fleet, FindingOpened)["detail"]),
    }
    assert client(fleet, "events", PRODUCT).put_events(Entries=[entry])["FailedEntryCount"] == 0
    assert [line["event"]["source"] for line in journal(fleet, account=HUB, bus="yagura", since=since)[0]] == [
        "acme.payments.ledger"
    ]
    with pytest.raises(ClientError, match="AccessDenied"):
        client(fleet, "events", PRODUCT).put_events(Entries=[entry | {"Source": "acme.paymentsfraud"}])


def test_one_capabilitys_role_cannot_put_anothers_source(fleet: Instance) -> None:
    roles = client(fleet, "iam", SPOKE)
    name = "yagura-us-east-1-foundation-forward"
    arn = roles.get_role(RoleName=name)["Role"]["Arn"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": SPOKE}, "Action": "sts:AssumeRole"}],
    }
    before = roles.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    roles.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    try:
        keys = client(fleet, "sts", SPOKE).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    finally:
        roles.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))
    # On the hub's bus it forwards what others made; on its own account's bus it may make nothing.
    entry = {"EventBusName": "yagura", "Source": "yagura.findings", "DetailType": "FindingOpened", "Detail": "{}"}
    with pytest.raises(ClientError, match="AccessDenied"):
        client(fleet, "events", SPOKE, credentials=keys).put_events(Entries=[entry])


def test_a_missing_permission_is_named_with_its_action_and_resource(fleet: Instance) -> None:
    roles = client(fleet, "iam", SPOKE)
    role = "yagura-us-east-1-findings-triage"
    (policy,) = roles.list_role_policies(RoleName=role)["PolicyNames"]
    document = roles.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    without = json.loads(json.dumps(document).replace('"dynamodb:PutItem"', '"dynamodb:DescribeTable"'))
    roles.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(without))
    try:
        _sent_without_waiting(fleet)
        failure = conftest.eventually(lambda: "dynamodb:PutItem" in trace.failures(fleet) and trace.failures(fleet))
        assert "table/yagura-findings" in str(failure)
    finally:
        roles.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
        _purge(fleet)


def test_freeze_sets_the_parameter_that_functions_read(fleet: Instance) -> None:
    frozen = CliRunner().invoke(app, ["freeze", "--all", "--local"], env=_env(fleet))
    try:
        assert frozen.exit_code == 0, frozen.output
        assert "local-spoke: frozen" in frozen.output
        names = ["/yagura/freeze", "/yagura/mode/findings"]
        found = client(fleet, "ssm", SPOKE).get_parameters(Names=names)["Parameters"]
        assert {one["Name"]: one["Value"] for one in found} == {names[0]: "frozen", names[1]: "act"}
    finally:
        for account in (HUB, SPOKE, AUDIT):
            client(fleet, "ssm", account).delete_parameters(Names=["/yagura/freeze"])


def test_a_capability_that_is_off_drops_with_a_count(fleet: Instance) -> None:
    ssm = client(fleet, "ssm", SPOKE)
    ssm.put_parameter(Name="/yagura/mode/findings", Value="off", Overwrite=True)
    restart(fleet, SPOKE, "yagura-findings-triage")
    try:
        (outcome,) = send(fleet, imported(finding()))
        assert outcome.problems == []
        assert "mode_off" in _logs(fleet, SPOKE, "/yagura/findings/triage")
    finally:
        ssm.put_parameter(Name="/yagura/mode/findings", Value="act", Overwrite=True)
        restart(fleet, SPOKE, "yagura-findings-triage")


def test_no_function_logs_what_an_event_says(fleet: Instance) -> None:
    secret = "patient-4711-smith"
    marked = finding(f"arn:aws:s3:::{secret}", tags={"note": secret}) | {"Title": secret}
    broken = marked | {"Severity": {"Label": secret}}
    send(fleet, imported(marked), imported(broken))
    for account, group in (
        (SPOKE, "/yagura/findings/triage"),
        (SPOKE, "/yagura/findings/publish"),
        (HUB, "/yagura/chatops/notify"),
    ):
        text = _logs(fleet, account, group)
        assert text, group
        assert secret not in text


def _sent_without_waiting(fleet: Instance) -> list[str]:
    """Send a finding that will not come to rest by itself; its resource."""
    event = imported(finding())
    send_aws_event(fleet, SPOKE, event)
    return [event["detail"]["findings"][0]["Resources"][0]["Id"]]


def _swept(fleet: Instance, told: int, resource: str) -> list[dict[str, object]]:
    """Messages about a resource, after one more look at what waits."""
    invoke(fleet, HUB, "yagura-chatops-notify", {"tick": 120})
    return [message for message in slack_messages(fleet)[told:] if resource in str(message)]


def _waiting(fleet: Instance) -> list[str]:
    """Keys of messages that something keeps from being posted."""
    return trace.waiting(fleet) if trace.slack_status(fleet) else []


def _last_event(fleet: Instance, kind: type[FleetEvent]) -> dict[str, dict[str, object]]:
    lines = journal(fleet, account=HUB, bus="yagura")[0]
    found = [line["event"] for line in lines if line["event"]["detail-type"] == kind.detail_type()]
    assert found, f"no test before this one made a {kind.detail_type()}"
    return dict(found[-1])


def _objects(fleet: Instance, account: str) -> dict[str, str]:
    s3 = client(fleet, "s3", account)
    return {
        item["Key"]: item["LastModified"].isoformat()
        for bucket in s3.list_buckets()["Buckets"]
        for item in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
        if item["Key"].endswith(".zip")
    }


def _logs(fleet: Instance, account: str, group: str) -> str:
    events = client(fleet, "logs", account).filter_log_events(logGroupName=group)["events"]
    return "\n".join(event["message"] for event in events)


def _purge(fleet: Instance) -> None:
    """What a test left in the queue must not meet the next test."""
    sqs = client(fleet, "sqs", SPOKE)
    sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName="yagura-findings")["QueueUrl"])


def _env(fleet: Instance) -> dict[str, str]:
    return {"YAGURA_LOCAL_PORT": str(fleet.port), "YAGURA_LOCAL_STATE": str(fleet.state_dir)}
