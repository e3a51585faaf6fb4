"""Operations: the rule on commands, and how far the hands of the function that does the work reach."""

import pytest

from fleet.modes import FREEZE
from fleetctl.policies import of_role
from fleetctl.templates import Template
from tests.stacks.fleets import find
from tests.stacks.test_findings import may, rule

ACCOUNT = "222233334444"
PLACE = f"ap-northeast-1:{ACCOUNT}"
TABLE = f"arn:aws:dynamodb:{PLACE}:table/yagura-operations"
QUEUE = f"arn:aws:sqs:{PLACE}:yagura-operations"
LOGS = f"arn:aws:logs:{PLACE}:log-group:/yagura/operations/work"
PARAMETERS = f"arn:aws:ssm:{PLACE}:parameter"
TAGGED = {"Null": {"aws:ResourceTag/yagura:redrive": "false"}}


@pytest.fixture
def operations(hub_and_spoke: list[Template]) -> Template:
    return find(hub_and_spoke, "security-audit", "operations")


def role(template: Template, entry: str) -> str:
    (found,) = (
        name for name, each in template.of_type("AWS::IAM::Role").items() if each["RoleName"].endswith(f"-{entry}")
    )
    return found


def test_work_may_do_exactly_this(operations: Template) -> None:
    opened = (
        *("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl"),
        *("ListDeadLetterSourceQueues", "ListQueueTags", "ReceiveMessage", "SendMessage"),
    )
    assert may(operations, "work") == {
        ("dynamodb:GetItem", TABLE),
        ("dynamodb:PutItem", TABLE),
        ("sqs:ReceiveMessage", QUEUE),
        ("sqs:DeleteMessage", QUEUE),
        ("sqs:GetQueueAttributes", QUEUE),
        ("sqs:SendMessage", f"{QUEUE}-dead-letters"),
        ("logs:CreateLogStream", f"{LOGS}:*"),
        ("logs:PutLogEvents", f"{LOGS}:*"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/yagura/yagura-ap-northeast-1-chatops-claims"),
        *((f"sqs:{action}", f"arn:aws:sqs:{PLACE}:*") for action in opened),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{PLACE}:function:*"),
        ("lambda:ListTags", f"arn:aws:lambda:{PLACE}:function:*"),
        ("events:ListTargetsByRule", f"arn:aws:events:{PLACE}:rule/*"),
        ("tag:GetResources", "*"),
        ("kms:Decrypt", f"arn:aws:kms:{PLACE}:key/*"),
        ("kms:GenerateDataKey", f"arn:aws:kms:{PLACE}:key/*"),
        ("ssm:GetParameters", f"{PARAMETERS}/yagura/mode/operations"),
        ("ssm:GetParameters", f"{PARAMETERS}{FREEZE}"),
        ("ssm:PutParameter", f"{PARAMETERS}{FREEZE}"),
        ("ssm:DeleteParameters", f"{PARAMETERS}{FREEZE}"),
        ("ssm:GetParametersByPath", f"{PARAMETERS}/yagura/mode"),
    }


def test_what_belongs_to_a_team_is_open_to_work_only_by_the_teams_tag(operations: Template) -> None:
    wide = [
        each
        for each in of_role(operations, role(operations, "work"))
        if any(resource.endswith(("*:*", ":*")) and "/yagura/" not in resource for resource in each.resources)
    ]
    assert {action.partition(":")[0] for each in wide for action in each.actions} == {"sqs", "lambda"}
    assert all(each.conditions == TAGGED for each in wide)


def test_no_queue_of_any_team_can_be_purged_deleted_or_changed(operations: Template) -> None:
    actions = {action for action, _ in may(operations, "work")}
    assert not actions & {f"sqs:{each}" for each in ("PurgeQueue", "DeleteQueue", "SetQueueAttributes", "TagQueue")}


def test_work_takes_commands_of_the_hub_for_this_account_and_region_and_no_replay(operations: Template) -> None:
    commands = rule(operations, "EventsCommands")
    assert commands["EventBusName"] == "yagura"
    assert commands["EventPattern"] == {
        "source": ["yagura.chatops"],
        "detail-type": ["CommandRequested"],
        "account": ["111122223333"],
        "detail": {"data": {"capability": ["operations"], "account": [ACCOUNT], "region": ["ap-northeast-1"]}},
        "replay-name": [{"exists": False}],
    }


def test_one_command_at_a_time_and_none_comes_back_while_it_is_done(operations: Template) -> None:
    (mapping,) = (
        each
        for each in operations.of_type("AWS::Lambda::EventSourceMapping").values()
        if ":sqs:" in each["EventSourceArn"]
    )
    assert (mapping["FunctionName"], mapping["BatchSize"]) == ("yagura-operations-work", 1)
    (queue,) = (
        each for each in operations.of_type("AWS::SQS::Queue").values() if each["QueueName"] == "yagura-operations"
    )
    assert queue["VisibilityTimeout"] == 360


def test_work_knows_where_to_claim(operations: Template) -> None:
    (function,) = (
        each
        for each in operations.of_type("AWS::Lambda::Function").values()
        if each["FunctionName"] == "yagura-operations-work"
    )
    variables = function["Environment"]["Variables"]
    assert variables["YAGURA_CLAIMS_ROLE"].endswith(":role/yagura/yagura-ap-northeast-1-chatops-claims")
    assert (variables["YAGURA_HUB_REGION"], variables["YAGURA_REQUESTS_TABLE"]) == ("ap-northeast-1", "yagura-chatops")


def test_answers_are_published_on_the_accounts_own_bus_only(operations: Template) -> None:
    puts = {resource for action, resource in may(operations, "publish") if action == "events:PutEvents"}
    assert puts == {f"arn:aws:events:{PLACE}:event-bus/yagura"}


def test_operations_work_in_the_hub_too_and_not_where_only_the_archive_is(fleet: list[Template]) -> None:
    stages = {template.stage for template in fleet if template.stack == "operations"}
    assert {"hub", "local-hub", "local-spoke", "payments-production"} <= stages
    assert not stages & {"audit-archive", "local-audit"}
