"""Findings: the rules on Security Hub's events, and what each function may do."""

from typing import Any

import msgspec
import pytest

from fleet.command_work import LEASE_MS
from fleet.telemetry import NAMESPACE
from fleetctl.policies import of_role
from fleetctl.templates import Template, synthesize
from functions.findings.effects import MOST_RETRY_MS
from functions.findings.issues import BUSY_MS
from tests.stacks.fleets import find, small

TABLE = "arn:aws:dynamodb:ap-northeast-1:222233334444:table/yagura-findings"
QUEUE = "arn:aws:sqs:ap-northeast-1:222233334444:yagura-findings"
PARAMETERS = "arn:aws:ssm:ap-northeast-1:222233334444:parameter/yagura"
ENTRIES = ("triage", "publish", "writeback", "tickets", "sweep", "work")
LOGS = "arn:aws:logs:ap-northeast-1:222233334444:log-group:/yagura/findings"


@pytest.fixture
def findings(hub_and_spoke: list[Template]) -> Template:
    return find(hub_and_spoke, "security-audit", "findings")


def may(template: Template, entry: str) -> set[tuple[str, str]]:
    (role,) = (
        name for name, role in template.of_type("AWS::IAM::Role").items() if role["RoleName"].endswith(f"-{entry}")
    )
    return {
        (action, resource) for each in of_role(template, role) for action in each.actions for resource in each.resources
    }


def rule(template: Template, name: str) -> Any:
    (found,) = (each for key, each in template.of_type("AWS::Events::Rule").items() if key.startswith(name))
    return found


ITEMS = {("dynamodb:GetItem", TABLE), ("dynamodb:PutItem", TABLE)}
MODE = {("ssm:GetParameters", f"{PARAMETERS}/mode/findings"), ("ssm:GetParameters", f"{PARAMETERS}/freeze")}
HUB = (
    "arn:aws:securityhub:ap-northeast-1:222233334444:hub/default",
    "arn:aws:securityhub:ap-northeast-1:222233334444:hubv2/*",
)


def polls(queue: str) -> set[tuple[str, str]]:
    return {(f"sqs:{action}", queue) for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")}


def every(entry: str) -> set[tuple[str, str]]:
    """What every function may: write its log, and leave dead letters."""
    return {
        ("sqs:SendMessage", f"{QUEUE}-dead-letters"),
        ("logs:CreateLogStream", f"{LOGS}/{entry}:*"),
        ("logs:PutLogEvents", f"{LOGS}/{entry}:*"),
    }


def test_triage_may_do_exactly_this(findings: Template) -> None:
    assert may(findings, "triage") == ITEMS | MODE | polls(QUEUE) | every("triage")


def test_publish_may_do_exactly_this(findings: Template) -> None:
    assert may(findings, "publish") == {
        *ITEMS,
        *every("publish"),
        ("dynamodb:Query", f"{TABLE}/index/pending"),
        ("dynamodb:DescribeStream", f"{TABLE}/stream/latest"),
        ("dynamodb:GetRecords", f"{TABLE}/stream/latest"),
        ("dynamodb:GetShardIterator", f"{TABLE}/stream/latest"),
        ("dynamodb:ListStreams", f"{TABLE}/stream/*"),
        ("events:PutEvents", "arn:aws:events:ap-northeast-1:222233334444:event-bus/yagura"),
        ("sqs:SendMessage", f"{QUEUE}-writeback"),
        ("sqs:SendMessage", f"{QUEUE}-tickets"),
    }


def test_writeback_may_do_exactly_this_and_is_the_only_one_to_change_findings(findings: Template) -> None:
    changes = {("securityhub:BatchUpdateFindings", hub) for hub in HUB}
    assert may(findings, "writeback") == ITEMS | MODE | polls(f"{QUEUE}-writeback") | every("writeback") | changes
    others = [entry for entry in ENTRIES if entry != "writeback"]
    assert not changes & set().union(*(may(findings, entry) for entry in others))


def test_tickets_may_do_exactly_this(findings: Template) -> None:
    (secret,) = (resource for action, resource in may(findings, "tickets") if action == "secretsmanager:GetSecretValue")
    token = {("secretsmanager:GetSecretValue", secret)}
    assert may(findings, "tickets") == ITEMS | MODE | polls(f"{QUEUE}-tickets") | every("tickets") | token


def test_sweep_may_do_exactly_this(findings: Template) -> None:
    assert may(findings, "sweep") == {
        *ITEMS,
        *MODE,
        *every("sweep"),
        *(("securityhub:GetFindings", hub) for hub in HUB),
        ("dynamodb:Query", f"{TABLE}/index/pending"),
        ("dynamodb:Query", f"{TABLE}/index/live"),
        ("sqs:SendMessage", f"{QUEUE}-writeback"),
        ("sqs:SendMessage", f"{QUEUE}-tickets"),
    }


def test_work_may_do_exactly_this(findings: Template) -> None:
    assert may(findings, "work") == {
        *ITEMS,
        *MODE,
        *polls(f"{QUEUE}-commands"),
        *every("work"),
        ("dynamodb:Query", f"{TABLE}/index/live"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/yagura/yagura-ap-northeast-1-chatops-claims"),
    }


def mapping(template: Template, entry: str) -> dict[str, Any]:
    mappings = template.of_type("AWS::Lambda::EventSourceMapping").values()
    (found,) = (each for each in mappings if each["FunctionName"] == f"yagura-findings-{entry}")
    return found


def test_writeback_asks_for_a_hundred_findings_at_once_and_never_more_than_two_of_it_ask(findings: Template) -> None:
    found = mapping(findings, "writeback")
    assert (found["BatchSize"], found["MaximumBatchingWindowInSeconds"]) == (100, 5)
    assert found["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_one_issue_or_command_at_a_time_so_that_none_waits_for_another(findings: Template) -> None:
    assert (mapping(findings, "tickets")["BatchSize"], mapping(findings, "work")["BatchSize"]) == (1, 1)
    assert mapping(findings, "tickets")["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_a_function_has_time_for_what_it_does_and_no_other_begins_what_it_is_at(findings: Template) -> None:
    functions = findings.of_type("AWS::Lambda::Function").values()
    timeouts = {each["FunctionName"].rpartition("-")[2]: each["Timeout"] for each in functions}
    assert timeouts == {"triage": 30, "publish": 30, "writeback": 120, "tickets": 60, "sweep": 240, "work": 30}
    queues = {each["QueueName"]: each for each in findings.of_type("AWS::SQS::Queue").values()}
    assert timeouts["tickets"] * 1000 < BUSY_MS < queues["yagura-findings-tickets"]["VisibilityTimeout"] * 1000
    assert timeouts["work"] * 1000 < LEASE_MS < queues["yagura-findings-commands"]["VisibilityTimeout"] * 1000
    assert timeouts["sweep"] < 300, "the next tick comes after five minutes"


def test_without_github_there_are_no_tickets() -> None:
    config = small()
    without = msgspec.structs.replace(config, findings=msgspec.structs.replace(config.findings, github=None, rules=[]))
    template = find(synthesize([without]).templates, "security-audit", "findings")
    assert not [name for name in template.resources if name.startswith(("Ticket", "GitHub"))]
    assert ("sqs:SendMessage", f"{QUEUE}-tickets") not in may(template, "sweep")
    functions = template.of_type("AWS::Lambda::Function").values()
    assert {name for each in functions for name in each["Environment"]["Variables"] if "QUEUE" in name} == {
        "YAGURA_WRITEBACK_QUEUE"
    }


def test_both_forms_of_finding_are_taken_of_awss_own_products_only(findings: Template) -> None:
    pattern = rule(findings, "EventsSecurityHub")["EventPattern"]
    assert pattern["source"] == ["aws.securityhub"]
    assert {"Security Hub Findings - Imported", "Findings Imported V2"} <= set(pattern["detail-type"])
    asff, ocsf = pattern["detail"]["findings"]["$or"]
    assert asff["ProductArn"] == [{"wildcard": "arn:aws:securityhub:*::product/aws/*"}]
    assert ocsf["metadata"]["product"]["uid"] == [{"wildcard": "arn:aws:securityhub:*::productv2/aws/*"}]


def test_of_foreign_findings_no_body_gets_into_the_queue(findings: Template) -> None:
    (target,) = rule(findings, "EventsForeign")["Targets"]
    assert target["InputTransformer"]["InputPathsMap"] == {"id": "$.id", "time": "$.time"}


def test_the_table_streams_new_images_and_has_two_sparse_indexes(findings: Template) -> None:
    (table,) = findings.of_type("AWS::DynamoDB::Table").values()
    assert table["TableName"] == "yagura-findings"
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    indexes = {each["IndexName"]: each["Projection"] for each in table["GlobalSecondaryIndexes"]}
    assert indexes == {
        "pending": {"ProjectionType": "KEYS_ONLY"},
        "live": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["brief"]},
    }


def test_the_stream_calls_publish_for_what_waits_and_for_errands_only(findings: Template) -> None:
    found = mapping(findings, "publish")
    assert ":dynamodb:" in found["EventSourceArn"]
    assert found["FilterCriteria"]["Filters"] == [
        {"Pattern": '{"dynamodb":{"NewImage":{"pending":{"S":["1"]}}}}'},
        {"Pattern": '{"dynamodb":{"NewImage":{"wants":{"S":[{"exists":true}]}}}}'},
    ]


@pytest.mark.parametrize(("entry", "rate"), [("publish", "rate(2 minutes)"), ("sweep", "rate(5 minutes)")])
def test_what_events_do_not_bring_comes_by_a_schedule(findings: Template, entry: str, rate: str) -> None:
    tick = rule(findings, f"{entry.title()}Tick")
    assert tick["ScheduleExpression"] == rate
    assert tick["Targets"][0]["Arn"].endswith(f":function:yagura-findings-{entry}")


def test_each_queue_has_an_alarm_on_age_and_the_dead_letters_have_one(findings: Template) -> None:
    alarms = {each["AlarmName"]: each for each in findings.of_type("AWS::CloudWatch::Alarm").values()}
    too_old = [f"yagura-findings{queue}-events-too-old" for queue in ("", "-writeback", "-tickets", "-commands")]
    assert set(alarms) == {"yagura-findings-dead-letters", "yagura-findings-put-off", *too_old}
    assert alarms["yagura-findings-dead-letters"]["Threshold"] == 0
    assert {alarms[name]["Threshold"] for name in too_old} == {900}


def test_an_outage_of_others_raises_an_alarm_as_long_as_something_waits_for_them(findings: Template) -> None:
    alarms = {each["AlarmName"]: each for each in findings.of_type("AWS::CloudWatch::Alarm").values()}
    alarm = alarms["yagura-findings-put-off"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (NAMESPACE, "PutOff", "Sum")
    dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    assert dimensions == {"service": "findings", "reason": "any"}, "as the worker counts the total"
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert (alarm["DatapointsToAlarm"], alarm["TreatMissingData"]) == (1, "notBreaching")
    assert alarm["Period"] * 1000 * alarm["EvaluationPeriods"] > MOST_RETRY_MS
    assert alarm["AlarmActions"]
