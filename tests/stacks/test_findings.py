"""Findings: the rules on Security Hub's events, and what each function may do."""

from typing import Any

import pytest

from fleetctl.policies import of_role
from fleetctl.templates import Template
from tests.stacks.fleets import find

TABLE = "arn:aws:dynamodb:ap-northeast-1:222233334444:table/yagura-findings"
QUEUE = "arn:aws:sqs:ap-northeast-1:222233334444:yagura-findings"
PARAMETERS = "arn:aws:ssm:ap-northeast-1:222233334444:parameter/yagura"
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


def test_triage_may_do_exactly_this(findings: Template) -> None:
    assert may(findings, "triage") == {
        ("dynamodb:GetItem", TABLE),
        ("dynamodb:PutItem", TABLE),
        ("sqs:ReceiveMessage", QUEUE),
        ("sqs:DeleteMessage", QUEUE),
        ("sqs:GetQueueAttributes", QUEUE),
        ("sqs:SendMessage", f"{QUEUE}-dead-letters"),
        ("ssm:GetParameters", f"{PARAMETERS}/mode/findings"),
        ("ssm:GetParameters", f"{PARAMETERS}/freeze"),
        ("logs:CreateLogStream", f"{LOGS}/triage:*"),
        ("logs:PutLogEvents", f"{LOGS}/triage:*"),
    }


def test_publish_may_do_exactly_this(findings: Template) -> None:
    assert may(findings, "publish") == {
        ("dynamodb:GetItem", TABLE),
        ("dynamodb:PutItem", TABLE),
        ("dynamodb:Query", f"{TABLE}/index/pending"),
        ("dynamodb:DescribeStream", f"{TABLE}/stream/latest"),
        ("dynamodb:GetRecords", f"{TABLE}/stream/latest"),
        ("dynamodb:GetShardIterator", f"{TABLE}/stream/latest"),
        ("dynamodb:ListStreams", f"{TABLE}/stream/*"),
        ("events:PutEvents", "arn:aws:events:ap-northeast-1:222233334444:event-bus/yagura"),
        ("sqs:SendMessage", f"{QUEUE}-dead-letters"),
        ("logs:CreateLogStream", f"{LOGS}/publish:*"),
        ("logs:PutLogEvents", f"{LOGS}/publish:*"),
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


def test_the_table_streams_new_images_and_has_one_sparse_index(findings: Template) -> None:
    (table,) = findings.of_type("AWS::DynamoDB::Table").values()
    assert table["TableName"] == "yagura-findings"
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    (index,) = table["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["Projection"]) == ("pending", {"ProjectionType": "KEYS_ONLY"})


def test_the_stream_calls_publish_for_pending_items_only(findings: Template) -> None:
    mappings = findings.of_type("AWS::Lambda::EventSourceMapping").values()
    (mapping,) = (each for each in mappings if ":dynamodb:" in each["EventSourceArn"])
    assert mapping["FunctionName"] == "yagura-findings-publish"
    assert mapping["FilterCriteria"]["Filters"] == [{"Pattern": '{"dynamodb":{"NewImage":{"pending":{"S":["1"]}}}}'}]


def test_a_sweep_publishes_every_two_minutes(findings: Template) -> None:
    tick = rule(findings, "PublishTick")
    assert tick["ScheduleExpression"] == "rate(2 minutes)"
    assert tick["Targets"][0]["Arn"].endswith(":function:yagura-findings-publish")


def test_a_capability_has_two_alarms(findings: Template) -> None:
    alarms = {each["AlarmName"]: each for each in findings.of_type("AWS::CloudWatch::Alarm").values()}
    assert alarms.keys() == {"yagura-findings-dead-letters", "yagura-findings-events-too-old"}
    assert alarms["yagura-findings-dead-letters"]["Threshold"] == 0
    assert alarms["yagura-findings-events-too-old"]["Threshold"] == 900
