"""The checks find nothing wrong with the fleet, and find each thing that is then broken in it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from fleetctl.templates import Template
from tests.stacks.checks import CHECKS, problems
from tests.stacks.fleets import broken

type Resources = dict[str, Any]

SPOKE, HUB = "security-audit", "hub"
QUEUE, RULE, TABLE = "AWS::SQS::Queue", "AWS::Events::Rule", "AWS::DynamoDB::Table"
FUNCTION, ROLE, POLICY = "AWS::Lambda::Function", "AWS::IAM::Role", "AWS::IAM::Policy"
MAPPING, ALARM, BUS = "AWS::Lambda::EventSourceMapping", "AWS::CloudWatch::Alarm", "AWS::Events::EventBus"


def test_the_whole_app_is_free_of_problems(fleet: list[Template]) -> None:
    assert len(fleet) >= 14
    assert sum(len(template.resources) for template in fleet) >= 200
    assert problems(fleet) == []


def test_a_fleet_with_its_own_key_is_free_of_problems(with_key: list[Template]) -> None:
    assert sum("AWS::KMS::Key" in str(template.body) for template in with_key) == 2
    assert problems(with_key) == []


@dataclass(frozen=True)
class Mutation:
    """A template of the fleet, what is done to it, and what the check of this kind must say."""

    kind: str
    says: str
    stack: str
    change: Callable[[Resources], object]
    stage: str = SPOKE


def one(resources: Resources, kind: str, name: str = "") -> Any:
    """Properties of the one resource of a type whose logical id begins so."""
    (found,) = (each for key, each in resources.items() if each["Type"] == kind and key.startswith(name))
    return found["Properties"]


def policy(resources: Resources, kind: str, name: str = "") -> list[Any]:
    statements: list[Any] = one(resources, kind, name)["PolicyDocument"]["Statement"]
    return statements


def without(statements: list[Any], word: str) -> None:
    """Takes away the statements in which a word occurs."""
    assert any(word in str(each) for each in statements)
    statements[:] = [each for each in statements if word not in str(each)]


def replace_text(resources: Resources, name: str, old: str, new: str) -> None:
    """Puts another text into the resource whose logical id begins so."""
    (key,) = [name] if name in resources else (each for each in resources if each.startswith(name))
    text = json.dumps(resources[key])
    assert old in text
    resources[key] = json.loads(text.replace(old, new))


def bus_statement(resources: Resources, sid: str) -> Any:
    (found,) = (each for each in one(resources, BUS)["Policy"]["Statement"] if each["Sid"] == sid)
    return found


def grant(resources: Resources, role: str, action: str, resource: object) -> None:
    policy(resources, POLICY, f"{role}RoleDefaultPolicy").append(
        {"Effect": "Allow", "Action": action, "Resource": resource}
    )


def revoke(resources: Resources, role: str, action: str) -> None:
    """Takes one action out of a role's policy."""
    for statement in policy(resources, POLICY, f"{role}RoleDefaultPolicy"):
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        if action in actions:
            statement["Action"] = [each for each in actions if each != action]
            return
    pytest.fail(f"{role} is not granted {action}")


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def find(resources: Resources, name: str) -> str:
    """The one logical id that begins so and ends in CDK's hash."""
    (found,) = (each for each in resources if each[: len(name)] == name and len(each) == len(name) + 8)
    return found


MUTATIONS = {
    # a: service-to-service grants
    "rule may not send to its queue": Mutation(
        "grants",
        "EventsSecurityHub537B605D: the policy of queue",
        "findings",
        lambda r: without(policy(r, "AWS::SQS::QueuePolicy", "EventsQueuePolicy"), "EventsSecurityHub"),
    ),
    "queue's grant is for another rule": Mutation(
        "grants",
        "the policy of queue",
        "findings",
        lambda r: replace_text(r, "EventsQueuePolicy", "EventsSecurityHub537B605D", "PublishTick9F671ED9"),
    ),
    "queue is open to EventBridge of any account": Mutation(
        "grants",
        "events.amazonaws.com is let in for anyone",
        "findings",
        lambda r: policy(r, "AWS::SQS::QueuePolicy", "EventsQueuePolicy")[1].pop("Condition"),
    ),
    "queue is open to anyone": Mutation(
        "grants",
        "anyone is let in",
        "findings",
        lambda r: policy(r, "AWS::SQS::QueuePolicy", "EventsQueuePolicy")[1].update({"Principal": "*"}),
    ),
    "schedule may not call its function": Mutation(
        "grants",
        "no Lambda permission lets this rule call",
        "findings",
        lambda r: r.pop(next(each for each in r if r[each]["Type"] == "AWS::Lambda::Permission")),
    ),
    "Lambda permission without a source": Mutation(
        "grants",
        "is let in for anyone",
        "findings",
        lambda r: one(r, "AWS::Lambda::Permission").pop("SourceArn"),
    ),
    "rule without dead letters": Mutation(
        "grants",
        "has no dead letters",
        "findings",
        lambda r: one(r, RULE, "EventsSecurityHub")["Targets"][0].pop("DeadLetterConfig"),
    ),
    "rule may not leave dead letters": Mutation(
        "grants",
        "does not let this rule leave its dead letters",
        "findings",
        lambda r: without(policy(r, "AWS::SQS::QueuePolicy", "DeadLettersQueuePolicy"), "EventsForeign"),
    ),
    "forwarding without a role": Mutation(
        "grants",
        "Forward: target arn:aws:events:ap-northeast-1:111122223333:event-bus/yagura needs a RoleArn",
        "foundation",
        lambda r: one(r, RULE, "Forward")["Targets"][0].pop("RoleArn"),
    ),
    "forwarding role may put elsewhere": Mutation(
        "grants",
        "must be allowed events:PutEvents on",
        "foundation",
        lambda r: replace_text(r, "Forwarder", "111122223333:event-bus/yagura", "111122223333:event-bus/other"),
    ),
    "forwarding role for EventBridge of any account": Mutation(
        "grants",
        "only events.amazonaws.com of this account",
        "foundation",
        lambda r: one(r, ROLE, "Forwarder")["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition"),
    ),
    "hub does not admit the spoke": Mutation(
        "grants",
        "security-audit/foundation Forward: the policy of",
        "foundation",
        lambda r: without(one(r, BUS)["Policy"]["Statement"], "SpokesForward"),
        HUB,
    ),
    "alarms may not publish": Mutation(
        "grants",
        "does not let CloudWatch publish",
        "foundation",
        lambda r: without(policy(r, "AWS::SNS::TopicPolicy"), "cloudwatch.amazonaws.com"),
    ),
    "alarm tells nobody": Mutation(
        "grants", "tells nobody", "findings", lambda r: one(r, ALARM, "EventsTooOld").pop("AlarmActions")
    ),
    "nobody hears the topic": Mutation(
        "grants",
        "nobody is subscribed to",
        "foundation",
        lambda r: r.pop(next(each for each in r if r[each]["Type"] == "AWS::SNS::Subscription")),
    ),
    # b: poller actions
    **{
        f"poller of the queue without {action}": Mutation(
            "pollers", f"needs {action}", "findings", lambda r, action=action: revoke(r, "Triage", action)
        )
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    },
    **{
        f"poller of the stream without {action}": Mutation(
            "pollers", f"needs {action}", "findings", lambda r, action=action: revoke(r, "Publish", action)
        )
        for action in (
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            "sqs:SendMessage",
        )
    },
    "poller may purge the queue": Mutation(
        "pollers",
        "does not need sqs:PurgeQueue",
        "findings",
        lambda r: grant(r, "Triage", "sqs:PurgeQueue", arn(find(r, "EventsQueue"))),
    ),
    "mapping made before its grant": Mutation(
        "pollers", "may be made before the policy", "findings", lambda r: r[find(r, "EventsMapping")].pop("DependsOn")
    ),
    "one bad event blocks the batch": Mutation(
        "pollers", "block its neighbours", "findings", lambda r: one(r, MAPPING, "Events").pop("FunctionResponseTypes")
    ),
    "queue without a limit of concurrency": Mutation(
        "pollers", "has no MaximumConcurrency", "findings", lambda r: one(r, MAPPING, "Events").pop("ScalingConfig")
    ),
    "stream forgets what fails": Mutation(
        "pollers", "lost in silence", "findings", lambda r: one(r, MAPPING, "Publish").pop("DestinationConfig")
    ),
    "stream retries for ever": Mutation(
        "pollers", "retries for ever", "findings", lambda r: one(r, MAPPING, "Publish").pop("MaximumRetryAttempts")
    ),
    # c: bus policies and conditions
    "anyone may put yagura.findings": Mutation(
        "buses",
        "Bus: must deny yagura.findings",
        "foundation",
        lambda r: without(one(r, BUS)["Policy"]["Statement"], "OnlyFindings"),
    ),
    "anyone may put any yagura source": Mutation(
        "buses",
        "must deny yagura.* to all but",
        "foundation",
        lambda r: without(one(r, BUS)["Policy"]["Statement"], "OnlyTheFleet"),
    ),
    "chatops may put the events of findings": Mutation(
        "buses",
        "must deny yagura.findings",
        "foundation",
        lambda r: bus_statement(r, "OnlyFindings")["Condition"]["ArnNotLike"]["aws:PrincipalArn"].append(
            "arn:aws:iam::222233334444:role/yagura/yagura-ap-northeast-1-chatops-*"
        ),
    ),
    "deny holds only if every entry is forged": Mutation(
        "buses",
        "must deny yagura.findings",
        "foundation",
        lambda r: replace_text(r, "Bus", "ForAnyValue:StringEquals", "ForAllValues:StringEquals"),
    ),
    "publisher may put any source": Mutation(
        "buses",
        "Publisher0 allows any source",
        "foundation",
        lambda r: bus_statement(r, "Publisher0").pop("Condition"),
    ),
    "publisher may put the fleet's sources": Mutation(
        "buses",
        "Publisher0 allows yagura.* to whole accounts",
        "foundation",
        lambda r: replace_text(r, "Bus", '"acme.payments.*"', '"yagura.*"'),
    ),
    "publisher may put what begins like its own": Mutation(
        "buses",
        "Publisher0 allows acme.payments*",
        "foundation",
        lambda r: replace_text(r, "Bus", '"acme.payments.*"', '"acme.payments*"'),
    ),
    "spokes forward by any role": Mutation(
        "buses",
        "SpokesForward allows yagura.* to whole accounts",
        "foundation",
        lambda r: bus_statement(r, "SpokesForward")["Condition"].pop("ArnEquals"),
        HUB,
    ),
    "role may put on every bus": Mutation(
        "buses",
        "may put events on more than one bus",
        "findings",
        lambda r: grant(r, "Publish", "events:PutEvents", "arn:aws:events:*:*:event-bus/yagura"),
    ),
    "what was forwarded is forwarded again": Mutation(
        "buses",
        "must match events of its own account only",
        "foundation",
        lambda r: one(r, RULE, "Forward")["EventPattern"].pop("account"),
    ),
    "replays are forwarded": Mutation(
        "buses",
        "forwards replayed events",
        "foundation",
        lambda r: one(r, RULE, "Forward")["EventPattern"].pop("replay-name"),
    ),
    "hub forwards": Mutation(
        "buses",
        "the hub forwards nothing",
        "foundation",
        lambda r: r.update(
            Again={
                "Type": RULE,
                "Properties": {
                    "EventPattern": {"account": ["111122223333"], "replay-name": [{"exists": False}]},
                    "Targets": [
                        {"Id": "x", "Arn": "arn:aws:events:us-east-1:999999999999:event-bus/x", "RoleArn": "x"}
                    ],
                },
            }
        ),
        HUB,
    ),
    "allow holds for an absent source": Mutation(
        "conditions",
        "Publisher0: ForAllValues holds when events:source is absent",
        "foundation",
        lambda r: bus_statement(r, "Publisher0")["Condition"].pop("Null"),
    ),
    "allow holds if one entry fits": Mutation(
        "conditions",
        "Publisher0: Allow on events:source with ForAnyValue:StringLike",
        "foundation",
        lambda r: replace_text(r, "Bus", "ForAllValues:StringLike", "ForAnyValue:StringLike"),
    ),
    "deny holds for one value only": Mutation(
        "conditions",
        "OnlyFindings: Deny on events:source with StringEquals",
        "foundation",
        lambda r: replace_text(r, "Bus", "ForAnyValue:StringEquals", "StringEquals"),
    ),
    "leading keys without a set operator": Mutation(
        "conditions",
        "Allow on dynamodb:LeadingKeys with StringLike",
        "findings",
        lambda r: policy(r, POLICY, "TriageRole")[0].update(Condition={"StringLike": {"dynamodb:LeadingKeys": "a#*"}}),
    ),
    # d: queues
    "visibility shorter than six timeouts": Mutation(
        "queues",
        "VisibilityTimeout is 179 s",
        "findings",
        lambda r: one(r, QUEUE, "Events").update(VisibilityTimeout=179),
    ),
    "slower function, same visibility": Mutation(
        "queues", "needs at least 360 s", "findings", lambda r: one(r, FUNCTION, "Triage").update(Timeout=60)
    ),
    "queue keeps 4 days": Mutation(
        "queues",
        "must keep messages 14 days",
        "findings",
        lambda r: one(r, QUEUE, "Events").pop("MessageRetentionPeriod"),
    ),
    "dead letters keep 4 days": Mutation(
        "queues",
        "DeadLettersQueue631681B1: must keep messages 14 days",
        "findings",
        lambda r: one(r, QUEUE, "DeadLetters").pop("MessageRetentionPeriod"),
    ),
    "ten receives": Mutation(
        "queues",
        "must give up after 5 receives",
        "findings",
        lambda r: one(r, QUEUE, "Events")["RedrivePolicy"].update(maxReceiveCount=10),
    ),
    "queue without dead letters": Mutation(
        "queues", "has no dead-letter queue", "findings", lambda r: one(r, QUEUE, "Events").pop("RedrivePolicy")
    ),
    "queue in the clear": Mutation(
        "queues", "is not encrypted", "findings", lambda r: one(r, QUEUE, "Events").pop("SqsManagedSseEnabled")
    ),
    "queue without TLS": Mutation(
        "queues",
        "takes messages without TLS",
        "findings",
        lambda r: without(policy(r, "AWS::SQS::QueuePolicy", "EventsQueuePolicy"), "SecureTransport"),
    ),
    # e: tables
    "table with another key": Mutation(
        "tables",
        "CloudFormation would replace it",
        "findings",
        lambda r: replace_text(r, "FindingsTable", '"AttributeName": "pk"', '"AttributeName": "id"'),
    ),
    "table with another name": Mutation(
        "tables", "table was yagura-findings", "findings", lambda r: one(r, TABLE).update(TableName="yagura-problems")
    ),
    "table with another logical id": Mutation(
        "tables",
        "TableX: is not in tables.json",
        "findings",
        lambda r: r.update(TableX=r.pop("FindingsTable")),
    ),
    "two indexes at once": Mutation(
        "tables",
        "indexes by_owner, by_time change at once",
        "findings",
        lambda r: one(r, TABLE)["GlobalSecondaryIndexes"].extend(
            {"IndexName": name, "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
            for name in ("by_owner", "by_time")
        ),
    ),
    "one index, not registered": Mutation(
        "tables",
        "write it into tables.json",
        "findings",
        lambda r: one(r, TABLE)["GlobalSecondaryIndexes"].append(
            {"IndexName": "by_owner", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
        ),
    ),
    "index with another key": Mutation(
        "tables",
        "index pending changes its keys",
        "findings",
        lambda r: one(r, TABLE)["GlobalSecondaryIndexes"][0]["KeySchema"].pop(),
    ),
    "table that goes with its stack": Mutation(
        "tables", "must be retained", "findings", lambda r: r["FindingsTable"].update(DeletionPolicy="Delete")
    ),
    "table that anyone deletes": Mutation(
        "tables", "no deletion protection", "findings", lambda r: one(r, TABLE).update(DeletionProtectionEnabled=False)
    ),
    "table without recovery": Mutation(
        "tables",
        "no point-in-time recovery",
        "findings",
        lambda r: one(r, TABLE).pop("PointInTimeRecoverySpecification"),
    ),
    # f: functions, roles, stacks
    "function on x86": Mutation(
        "functions",
        "must be Python 3.13 on arm64",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").pop("Architectures"),
    ),
    "reserved concurrency": Mutation(
        "functions",
        "reserves concurrency",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").update(ReservedConcurrentExecutions=2),
    ),
    "logs as text": Mutation(
        "functions",
        "must log JSON",
        "findings",
        lambda r: one(r, FUNCTION, "Triage")["LoggingConfig"].update(LogFormat="Text"),
    ),
    "two functions, one role": Mutation(
        "functions",
        "shares its role with",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").update(Role=one(r, FUNCTION, "Publish")["Role"]),
    ),
    "role that the bus policy does not know": Mutation(
        "functions",
        "must be named yagura-ap-northeast-1-findings-",
        "findings",
        lambda r: one(r, ROLE, "Triage").update(RoleName="triage"),
    ),
    "function without a log group": Mutation(
        "functions", "has no log group", "findings", lambda r: one(r, FUNCTION, "Triage").pop("LoggingConfig")
    ),
    "two functions, one log group": Mutation(
        "functions",
        "shares the log group",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").update(LoggingConfig=one(r, FUNCTION, "Publish")["LoggingConfig"]),
    ),
    "logs for ever": Mutation(
        "functions",
        "keeps everything for ever",
        "findings",
        lambda r: one(r, "AWS::Logs::LogGroup", "Triage").pop("RetentionInDays"),
    ),
    "function without dead letters": Mutation(
        "functions", "has no dead letters", "findings", lambda r: one(r, FUNCTION, "Publish").pop("DeadLetterConfig")
    ),
    "function may not send dead letters": Mutation(
        "functions", "may not send to its dead letters", "findings", lambda r: revoke(r, "Triage", "sqs:SendMessage")
    ),
    "dead letters without an alarm": Mutation(
        "functions",
        "no alarm watches ApproximateNumberOfMessagesVisible",
        "findings",
        lambda r: r.pop(find(r, "DeadLettersAlarm")),
    ),
    "queue without an alarm on age": Mutation(
        "functions",
        "no alarm watches ApproximateAgeOfOldestMessage",
        "findings",
        lambda r: r.pop(find(r, "EventsTooOld")),
    ),
    "role without the boundary": Mutation(
        "functions", "must carry the boundary", "findings", lambda r: one(r, ROLE, "Triage").pop("PermissionsBoundary")
    ),
    "role elsewhere": Mutation(
        "functions", "must be under /yagura/", "findings", lambda r: one(r, ROLE, "Triage").pop("Path")
    ),
    "managed policy": Mutation(
        "functions",
        "has managed policies",
        "findings",
        lambda r: one(r, ROLE, "Triage").update(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]),
    ),
    "wildcard action": Mutation(
        "functions",
        "may do dynamodb:Put*",
        "findings",
        lambda r: grant(r, "Triage", "dynamodb:Put*", arn("FindingsTable")),
    ),
    "wildcard resource": Mutation(
        "functions",
        "may do ssm:GetParameters on everything",
        "findings",
        lambda r: grant(r, "Triage", "ssm:GetParameters", "*"),
    ),
    "grant beyond the boundary": Mutation(
        "boundary",
        "may do iam:PassRole on",
        "findings",
        lambda r: grant(r, "Triage", "iam:PassRole", "arn:aws:iam::222233334444:role/admin"),
    ),
    "boundary of another account": Mutation(
        "boundary",
        "the boundary does not allow it",
        "foundation",
        lambda r: replace_text(r, "Boundary", "table/yagura-*", "table/other-*"),
    ),
    "import of an export": Mutation(
        "stacks",
        "imports a value of another stack",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").update(Role={"Fn::ImportValue": "role"}),
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS.keys())
def test_the_check_names_what_is_broken(hub_and_spoke: list[Template], mutation: Mutation) -> None:
    template, templates = broken(hub_and_spoke, mutation.stage, mutation.stack)
    mutation.change(template.body["Resources"])
    found = CHECKS[mutation.kind](templates)
    assert any(mutation.says in problem for problem in found), found


def test_an_export_is_named(hub_and_spoke: list[Template]) -> None:
    template, templates = broken(hub_and_spoke, SPOKE, "foundation")
    assert isinstance(template.body, dict)
    template.body["Outputs"] = {"Bus": {"Value": "x", "Export": {"Name": "bus"}}}
    assert CHECKS["stacks"](templates) == [
        "security-audit/foundation Bus: is exported: let the other stack find it by its name"
    ]


KEY_MUTATIONS = {
    "alarms may not use the key": Mutation(
        "keys",
        "the key's policy does not let cloudwatch.amazonaws.com",
        "foundation",
        lambda r: without(one(r, "AWS::KMS::Key")["KeyPolicy"]["Statement"], "cloudwatch.amazonaws.com"),
    ),
    "topic under AWS's own key": Mutation(
        "keys",
        "services cannot publish through alias/aws/sns",
        "foundation",
        lambda r: one(r, "AWS::SNS::Topic").update(KmsMasterKeyId="alias/aws/sns"),
    ),
    "key that never rotates": Mutation(
        "keys", "does not rotate", "foundation", lambda r: one(r, "AWS::KMS::Key").pop("EnableKeyRotation")
    ),
    "writer may not use the table's key": Mutation(
        "keys", "grant kms:Encrypt on it", "findings", lambda r: revoke(r, "Triage", "kms:Encrypt")
    ),
    "reader may not use the table's key": Mutation(
        "keys", "grant kms:Decrypt on it", "findings", lambda r: revoke(r, "Publish", "kms:Decrypt")
    ),
}


@pytest.mark.parametrize("mutation", KEY_MUTATIONS.values(), ids=KEY_MUTATIONS.keys())
def test_the_check_of_keys_names_what_is_broken(with_key: list[Template], mutation: Mutation) -> None:
    template, templates = broken(with_key, mutation.stage, mutation.stack)
    mutation.change(template.body["Resources"])
    found = CHECKS[mutation.kind](templates)
    assert any(mutation.says in problem for problem in found), found


def test_every_kind_of_check_has_a_mutation() -> None:
    tried: Sequence[Mutation] = [*MUTATIONS.values(), *KEY_MUTATIONS.values()]
    assert {mutation.kind for mutation in tried} == set(CHECKS)
