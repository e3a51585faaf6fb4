"""Event buses: who may put what, and what travels between accounts."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.client import journal, send_aws_event
from local.process import Instance
from tests.local.conftest import Aws

FLEET_POLICY_SID = "OnlyTheFleetSaysYagura"


def _allow(principal: Any, **more: Any) -> dict[str, Any]:
    return {
        "Sid": "Allow",
        "Effect": "Allow",
        "Principal": principal,
        "Action": "events:PutEvents",
        "Resource": "*",
        **more,
    }


def _deny_yagura_but(role_pattern: str) -> dict[str, Any]:
    return {
        "Sid": FLEET_POLICY_SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": "*",
        "Condition": {
            "ForAnyValue:StringLike": {"events:source": "yagura.*"},
            "ArnNotLike": {"aws:PrincipalArn": role_pattern},
        },
    }


PUT_ANYTHING = [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}]


def test_a_bus_policy_denies_even_the_root_of_its_own_account(aws: Aws, account: str) -> None:
    aws.bus(account, "fleet", policy=[_deny_yagura_but(f"arn:aws:iam::{account}:role/yagura/*")])
    with pytest.raises(ClientError, match=r"AccessDenied.*explicit deny in a resource-based policy"):
        aws.put(account, "fleet", "yagura.findings")
    assert aws.put(account, "fleet", "team.orders")["FailedEntryCount"] == 0


def test_the_principal_of_a_session_is_its_role_with_the_path(aws: Aws, account: str) -> None:
    aws.bus(account, "fleet", policy=[_deny_yagura_but(f"arn:aws:iam::{account}:role/yagura/*-findings-*")])
    trust = {"AWS": f"arn:aws:iam::{account}:root"}
    ours = aws.role(account, "yagura-us-east-1-findings-triage", path="/yagura/", trust=trust, allow=PUT_ANYTHING)
    theirs = aws.role(account, "yagura-us-east-1-findings-forged", path="/teams/", trust=trust, allow=PUT_ANYTHING)
    accepted = aws.put(account, "fleet", "yagura.findings", credentials=aws.session(ours, account))
    assert accepted["FailedEntryCount"] == 0
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.put(account, "fleet", "yagura.findings", credentials=aws.session(theirs, account))


def test_another_accounts_bus_needs_both_policies(aws: Aws, account: str, other_account: str) -> None:
    bus = aws.bus(account, "fleet")
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        aws.put(other_account, bus, "team.orders")
    aws("events", account).put_permission(
        EventBusName="fleet", StatementId="other", Principal=other_account, Action="events:PutEvents"
    )
    assert aws.put(other_account, bus, "team.orders")["FailedEntryCount"] == 0
    role = aws.role(other_account, "silent", trust={"AWS": f"arn:aws:iam::{other_account}:root"})
    with pytest.raises(ClientError, match="no identity-based policy allows"):
        aws.put(other_account, bus, "team.orders", credentials=aws.session(role, other_account))


def test_one_denied_entry_refuses_the_whole_batch(aws: Aws, account: str) -> None:
    aws.bus(account, "fleet", policy=[_deny_yagura_but("arn:aws:iam::*:role/yagura/*")])
    entry = {"EventBusName": "fleet", "DetailType": "Happened", "Detail": "{}"}
    with pytest.raises(ClientError, match="AccessDenied"):
        aws("events", account).put_events(Entries=[{**entry, "Source": "team.a"}, {**entry, "Source": "yagura.x"}])


def test_an_identity_policy_can_be_limited_to_one_source(aws: Aws, account: str) -> None:
    aws.bus(account, "fleet")
    role = aws.role(
        account,
        "only-own",
        trust={"AWS": f"arn:aws:iam::{account}:root"},
        allow=[{**PUT_ANYTHING[0], "Condition": {"StringEquals": {"events:source": "yagura.findings"}}}],
    )
    session = aws.session(role, account)
    assert aws.put(account, "fleet", "yagura.findings", credentials=session)["FailedEntryCount"] == 0
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.put(account, "fleet", "yagura.rollouts", credentials=session)


def _forwarding(aws: Aws, hub: str, spoke: str, *, hub_policy: list[dict[str, Any]], role: str, dead: str = "") -> str:
    bus = aws.bus(hub, "fleet", policy=hub_policy)
    aws.queue(hub, "got")
    aws.rule(hub, "fleet", "catch", {"source": [{"prefix": "yagura."}]}, Arn=f"arn:aws:sqs:us-east-1:{hub}:got")
    aws.bus(spoke, "fleet")
    more = {"DeadLetterConfig": {"Arn": dead}} if dead else {}
    aws.rule(spoke, "fleet", "forward", {"source": [{"prefix": "yagura."}]}, Arn=bus, RoleArn=role, **more)
    return bus


def test_a_rule_delivers_to_another_accounts_bus_and_the_event_stays_the_senders(
    aws: Aws, cloud: Instance, account: str, other_account: str
) -> None:
    role = aws.role(other_account, "forward", allow=PUT_ANYTHING)
    policy = [_allow({"AWS": f"arn:aws:iam::{other_account}:root"})]
    _forwarding(aws, account, other_account, role=role, hub_policy=policy)
    event_id = aws.put(other_account, "fleet", "yagura.findings", {"x": 1})["Entries"][0]["EventId"]
    [message] = aws.messages(account, "got")
    event = json.loads(message["Body"])
    assert (event["id"], event["account"], event["source"], event["detail"]) == (
        event_id,
        other_account,
        "yagura.findings",
        {"x": 1},
    )
    [line], _ = journal(cloud, account=account, bus="fleet")
    assert line["came_by"]["rule"] == f"arn:aws:events:us-east-1:{other_account}:rule/fleet/forward"


@pytest.mark.parametrize("missing", ["grant of the role", "bus policy", "trust of the role"])
def test_forwarding_without_a_grant_is_dead_lettered_with_the_reason(
    aws: Aws, cloud: Instance, account: str, other_account: str, missing: str
) -> None:
    role = aws.role(
        other_account,
        "forward",
        allow=None if missing == "grant of the role" else PUT_ANYTHING,
        trust={"Service": "lambda.amazonaws.com"} if missing == "trust of the role" else None,
    )
    policy = [] if missing == "bus policy" else [_allow({"AWS": f"arn:aws:iam::{other_account}:root"})]
    dead = aws.queue(other_account, "dead")
    _forwarding(aws, account, other_account, role=role, hub_policy=policy, dead=dead)
    aws.put(other_account, "fleet", "yagura.findings")
    assert aws.messages(account, "got") == []
    [letter] = aws.messages(other_account, "dead")
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    [line], _ = journal(cloud, account=other_account, outcome="dead-lettered")
    assert line["reason"]


def test_an_event_that_came_from_another_bus_goes_no_further(
    aws: Aws, cloud: Instance, account: str, other_account: str
) -> None:
    role = aws.role(other_account, "forward", allow=PUT_ANYTHING)
    _forwarding(aws, account, other_account, role=role, hub_policy=[_allow("*")])
    third = aws.bus(account, "third")
    aws.rule(
        account,
        "fleet",
        "again",
        {"source": [{"prefix": "yagura."}]},
        Arn=third,
        RoleArn=aws.role(account, "again", allow=PUT_ANYTHING),
    )
    aws.put(other_account, "fleet", "yagura.findings")
    assert len(aws.messages(account, "got")) == 1
    assert journal(cloud, account=account, bus="third")[0] == []
    aws.put(account, "fleet", "yagura.findings")
    assert len(journal(cloud, account=account, bus="third")[0]) == 1


def test_a_queue_that_does_not_allow_eventbridge_gets_nothing(aws: Aws, cloud: Instance, account: str) -> None:
    queue = aws.queue(account, "closed", for_events=False)
    aws.rule(account, "default", "r", {"source": ["a"]}, Arn=queue)
    aws.put(account, "default", "a")
    assert aws.messages(account, "closed") == []
    [line], _ = journal(cloud, account=account, outcome="undelivered")
    assert "sqs:SendMessage" in line["reason"]
    assert queue in line["reason"]


def test_a_queue_that_refuses_plain_http_is_open_to_the_local_cloud(aws: Aws, account: str) -> None:
    queue = aws.queue(account, "tls")
    sqs = aws("sqs", account)
    url = sqs.get_queue_url(QueueName="tls")["QueueUrl"]
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    policy["Statement"].append(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    aws.rule(account, "default", "r", {"source": ["a"]}, Arn=queue)
    aws.put(account, "default", "a")
    assert len(aws.messages(account, "tls")) == 1


def test_services_publish_on_the_default_bus_and_customers_cannot_pose_as_them(
    aws: Aws, cloud: Instance, account: str
) -> None:
    aws.rule(
        account,
        "default",
        "r",
        {"source": ["aws.securityhub"], "detail": {"findings": {"Severity": ["HIGH"]}}},
        Arn=aws.queue(account, "q"),
    )
    event = {
        "id": "e-1",
        "source": "aws.securityhub",
        "detail-type": "Security Hub Findings - Imported",
        "time": "2026-11-23T10:00:00Z",
        "detail": {"findings": [{"Severity": "HIGH"}]},
    }
    assert send_aws_event(cloud, account, [event, event]) == ["e-1", "e-1"]
    bodies = [json.loads(message["Body"]) for message in aws.messages(account, "q")]
    assert [(body["id"], body["time"], body["account"]) for body in bodies] == [
        ("e-1", "2026-11-23T10:00:00Z", account)
    ] * 2
    [forged] = aws.put(account, "default", "aws.securityhub")["Entries"]
    assert forged["ErrorCode"] == "NotAuthorizedForSourceException"


def test_a_detail_that_is_no_object_is_malformed(aws: Aws, account: str) -> None:
    entry = {"Source": "a", "DetailType": "b", "Detail": "[1]"}
    assert aws("events", account).put_events(Entries=[entry])["Entries"] == [
        {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    ]


def test_a_replayed_event_carries_the_replays_name(aws: Aws, account: str) -> None:
    bus = aws.bus(account, "fleet")
    events = aws("events", account)
    archive = events.create_archive(ArchiveName="kept", EventSourceArn=bus)["ArchiveArn"]
    only_live = {"source": ["a"], "replay-name": [{"exists": False}]}
    aws.rule(account, "fleet", "live", only_live, Arn=aws.queue(account, "live"))
    aws.rule(account, "fleet", "all", {"source": ["a"]}, Arn=aws.queue(account, "all"))
    aws.put(account, "fleet", "a")
    events.start_replay(
        ReplayName="again",
        EventSourceArn=archive,
        EventStartTime=0,
        EventEndTime=4_000_000_000,
        Destination={"Arn": bus},
    )
    found = []
    for _ in range(100):
        found += [json.loads(message["Body"]).get("replay-name") for message in aws.messages(account, "all")]
        if len(found) == 2:
            break
    assert found == [None, "again"]
    assert len(aws.messages(account, "live")) == 1
