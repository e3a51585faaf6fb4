"""Chatops: what each function may do, the rules on fleet events, the secrets, the table, the roles of others."""

import json
from typing import Any

import msgspec
import pytest

from fleet.events import findings
from fleet.events.envelope import FleetEvent
from fleetctl.policies import of_role, statements
from fleetctl.templates import Template, synthesize
from stacks.config.model import CAPABILITIES
from stacks.config.model_people import IdentityCenter
from tests.stacks.checks.tables import entry
from tests.stacks.fleets import config_of, find, small
from tests.stacks.test_findings import may, rule

TABLE = "arn:aws:dynamodb:ap-northeast-1:111122223333:table/yagura-chatops"
QUEUE = "arn:aws:sqs:ap-northeast-1:111122223333:yagura-chatops"
PARAMETERS = "arn:aws:ssm:ap-northeast-1:111122223333:parameter/yagura"
SECRETS = "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:/yagura"
ARCHIVE = "arn:aws:iam::222233334444:role/yagura/yagura-ap-northeast-1-archive"
BUSES = {f"arn:aws:events:ap-northeast-1:{account}:event-bus/yagura" for account in ("111122223333", "222233334444")}


@pytest.fixture
def chatops(hub_and_spoke: list[Template]) -> Template:
    return find(hub_and_spoke, "hub", "chatops")


def basics(entry_name: str) -> set[tuple[str, str]]:
    """What every function of chatops may do."""
    logs = f"arn:aws:logs:ap-northeast-1:111122223333:log-group:/yagura/chatops/{entry_name}:*"
    return {
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
        ("sqs:SendMessage", f"{QUEUE}-dead-letters"),
    }


def polls(queue: str) -> set[tuple[str, str]]:
    return {(f"sqs:{action}", queue) for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")}


def on_table(*actions: str) -> set[tuple[str, str]]:
    return {(f"dynamodb:{action}", TABLE) for action in actions}


def keys(template: Template, entry_name: str, action: str) -> list[str]:
    """The keys of items on which a role may do it."""
    (role,) = (
        name for name, each in template.of_type("AWS::IAM::Role").items() if each["RoleName"].endswith(f"-{entry_name}")
    )
    (statement,) = (each for each in of_role(template, role) if action in each.actions)
    ((_, values),) = (each for each in statement.values("dynamodb:LeadingKeys") if each[0] == "ForAllValues:StringLike")
    return values


def environment(template: Template, entry_name: str) -> dict[str, str]:
    (function,) = (
        each
        for each in template.of_type("AWS::Lambda::Function").values()
        if each["FunctionName"] == f"yagura-chatops-{entry_name}"
    )
    variables: dict[str, str] = function["Environment"]["Variables"]
    return variables


def test_ingress_may_note_queue_and_verify_and_nothing_else(chatops: Template) -> None:
    assert may(chatops, "ingress") == basics("ingress") | on_table("PutItem", "DeleteItem") | {
        ("secretsmanager:GetSecretValue", f"{SECRETS}/slack/signing-secret"),
        ("sqs:SendMessage", f"{QUEUE}-desk"),
    }
    assert keys(chatops, "ingress", "dynamodb:PutItem") == ["seen#*"]
    assert keys(chatops, "ingress", "dynamodb:DeleteItem") == ["seen#*"]


def test_desk_may_do_exactly_this(chatops: Template) -> None:
    assert may(chatops, "desk") == basics("desk") | polls(f"{QUEUE}-desk") | on_table(
        "GetItem", "PutItem", "BatchGetItem"
    ) | {
        ("dynamodb:Query", f"{TABLE}/index/pending"),
        ("secretsmanager:GetSecretValue", f"{SECRETS}/slack/bot-token"),
        ("sqs:SendMessage", QUEUE),
        ("sts:AssumeRole", f"{ARCHIVE}-read"),
    }


def test_answers_may_do_exactly_this(chatops: Template) -> None:
    assert may(chatops, "answers") == basics("answers") | polls(f"{QUEUE}-answers") | on_table("GetItem", "PutItem") | {
        ("dynamodb:Query", f"{TABLE}/index/pending"),
        ("sqs:SendMessage", QUEUE),
    }


def test_notify_may_do_exactly_this(chatops: Template) -> None:
    assert may(chatops, "notify") == basics("notify") | polls(QUEUE) | on_table("GetItem", "PutItem") | {
        ("dynamodb:Query", f"{TABLE}/index/pending"),
        ("secretsmanager:GetSecretValue", f"{SECRETS}/slack/bot-token"),
        ("secretsmanager:GetSecretValue", f"{SECRETS}/pagerduty/routing-keys"),
        ("sqs:SendMessage", QUEUE),
        ("ssm:GetParameters", f"{PARAMETERS}/mode/chatops"),
        ("ssm:GetParameters", f"{PARAMETERS}/freeze"),
    }


@pytest.mark.parametrize(
    ("entry", "reached"),
    [
        (
            "notify",
            {f"{kind}#*" for kind in ("message", "draft", "lane", "page", "status", "problem", "storm", "summary")},
        ),
        ("answers", {"request#*", "audit#*", "once#*", "due#*", "draft#*"}),
        ("publish", {"request#*"}),
        ("ingress", {"seen#*"}),
    ],
)
def test_each_function_reaches_only_items_of_its_own(chatops: Template, entry: str, reached: set[str]) -> None:
    assert set(keys(chatops, entry, "dynamodb:PutItem")) == reached


def test_publish_may_do_exactly_this(chatops: Template) -> None:
    stream = {f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator")}
    assert may(chatops, "publish") == basics("publish") | on_table("GetItem", "PutItem") | {
        ("dynamodb:Query", f"{TABLE}/index/pending"),
        ("dynamodb:ListStreams", f"{TABLE}/stream/*"),
        *((action, f"{TABLE}/stream/latest") for action in stream),
        *(("events:PutEvents", bus) for bus in BUSES),
    }


def test_anchor_may_read_the_end_of_the_chain_and_write_nothing_of_it(chatops: Template) -> None:
    assert may(chatops, "anchor") == basics("anchor") | on_table("GetItem", "PutItem") | {
        ("sts:AssumeRole", f"{ARCHIVE}-write"),
    }
    assert keys(chatops, "anchor", "dynamodb:GetItem") == ["audit#head", "audit#anchor"]
    assert keys(chatops, "anchor", "dynamodb:PutItem") == ["audit#anchor"]


def test_whoever_executes_may_claim_and_grant_nothing(chatops: Template) -> None:
    assert may(chatops, "claims") == on_table("GetItem", "ConditionCheckItem", "PutItem")
    assert keys(chatops, "claims", "dynamodb:PutItem") == ["claim#*"]
    assert keys(chatops, "claims", "dynamodb:ConditionCheckItem") == ["request#*"]
    assert keys(chatops, "claims", "dynamodb:GetItem") == ["request#*", "claim#*"]


def test_only_functions_that_work_for_people_may_claim_and_those_of_every_account(chatops: Template) -> None:
    (claims,) = (
        each for each in chatops.of_type("AWS::IAM::Role").values() if each["RoleName"].endswith("chatops-claims")
    )
    (trust,) = statements(claims["AssumeRolePolicyDocument"])
    assert set(trust.principals) == {"arn:aws:iam::111122223333:root", "arn:aws:iam::222233334444:root"}
    assert trust.conditions == {
        "ArnLike": {
            "aws:PrincipalArn": [
                f"arn:aws:iam::*:role/yagura/yagura-*-{capability}-work" for capability in ("operations", "findings")
            ]
        }
    }


def test_the_roles_of_the_hub_have_room_for_forty_accounts(chatops: Template) -> None:
    def size(document: object) -> int:
        return len(json.dumps(document, separators=(",", ":")))

    (claims,) = (
        each for each in chatops.of_type("AWS::IAM::Role").values() if each["RoleName"].endswith("chatops-claims")
    )
    trusts = size(claims["AssumeRolePolicyDocument"]) + 38 * size("arn:aws:iam::111122223333:root,")
    assert trusts < 2_048, "IAM quotas: role trust policy length"
    (puts,) = (
        each
        for name, each in chatops.of_type("AWS::IAM::Policy").items()
        if name.startswith("PublishRoleDefaultPolicy")
    )
    assert size(puts["PolicyDocument"]) + 38 * size(f"{BUSES.copy().pop()},") < 10_240, "inline policies of a role"


def test_with_its_own_key_whoever_executes_may_use_the_table(with_key: list[Template]) -> None:
    used = {action for action, _ in may(find(with_key, "hub", "chatops"), "claims") if action.startswith("kms:")}
    assert used == {"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"}


def test_nobody_but_the_ingress_reads_the_signing_secret(fleet: list[Template]) -> None:
    readers = {
        (template.stage, properties["RoleName"].rpartition("-")[2])
        for template in fleet
        for name, properties in template.of_type("AWS::IAM::Role").items()
        for each in of_role(template, name)
        if any("signing-secret" in resource for resource in each.resources)
    }
    assert readers == {("hub", "ingress"), ("local-hub", "ingress")}


def test_people_are_told_of_the_fleets_own_accounts_and_never_of_a_replay(fleet: list[Template]) -> None:
    told = rule(find(fleet, "hub", "chatops"), "EventsFleetEvents")
    assert told["EventBusName"] == "yagura"
    assert told["EventPattern"] == {
        "source": ["yagura.findings"],
        "detail-type": [
            *("FindingOpened", "FindingChanged", "FindingSuppressed", "FindingResolved"),
            *("FindingOverdue", "SuppressionExpiring", "FindingsSummarized", "ProblemsVanished", "BudgetUsedUp"),
        ],
        "account": sorted(account.id for account in config_of().fleet.accounts),
        "replay-name": [{"exists": False}],
    }


def test_people_are_told_of_all_that_findings_says(chatops: Template) -> None:
    said = {
        kind.detail_type()
        for kind in vars(findings).values()
        if isinstance(kind, type) and issubclass(kind, FleetEvent) and kind not in (FleetEvent, findings.AboutProblem)
    }
    assert set(rule(chatops, "EventsFleetEvents")["EventPattern"]["detail-type"]) >= said


def test_answers_come_from_every_capability_but_chatops_itself(fleet: list[Template]) -> None:
    pattern = rule(find(fleet, "hub", "chatops"), "AnswersEventsAnswers")["EventPattern"]
    assert set(pattern["source"]) == {f"yagura.{capability}" for capability in CAPABILITIES} - {"yagura.chatops"}
    assert pattern["detail-type"] == ["CommandAnswered", "ApprovalRequested"]
    assert pattern["account"] == sorted(account.id for account in config_of().fleet.accounts)
    assert pattern["replay-name"] == [{"exists": False}]


def test_each_queue_has_its_own_name_and_alarm(chatops: Template) -> None:
    names = {queue["QueueName"] for queue in chatops.of_type("AWS::SQS::Queue").values()}
    assert names == {f"yagura-chatops{each}" for each in ("", "-desk", "-answers", "-dead-letters")}
    alarms = {each["AlarmName"] for each in chatops.of_type("AWS::CloudWatch::Alarm").values()}
    assert alarms == {"yagura-chatops-dead-letters"} | {
        f"yagura-chatops{each}-events-too-old" for each in ("", "-desk", "-answers")
    }


def test_functions_know_the_queues_that_they_send_to(chatops: Template) -> None:
    address = "https://sqs.ap-northeast-1.amazonaws.com/111122223333/yagura-chatops"
    assert environment(chatops, "ingress")["YAGURA_DESK_QUEUE"] == f"{address}-desk"
    for entry_name in ("desk", "answers", "notify"):
        assert environment(chatops, entry_name)["YAGURA_PUMP_QUEUE"] == address


def test_the_anchor_goes_to_the_archive_by_another_role_than_the_desk(chatops: Template) -> None:
    for entry_name, role in (("anchor", "write"), ("desk", "read")):
        variables = environment(chatops, entry_name)
        assert variables["YAGURA_ARCHIVE_ROLE"] == f"{ARCHIVE}-{role}"
        assert variables["YAGURA_ARCHIVE_BUCKET"] == "yagura-audit-222233334444-ap-northeast-1"
        assert variables["YAGURA_ARCHIVE_REGION"] == "ap-northeast-1"


def test_every_hour_has_its_anchor_though_a_tick_or_two_fail(chatops: Template) -> None:
    tick = rule(chatops, "AnchorTick")
    assert tick["ScheduleExpression"] == "rate(15 minutes)"
    assert tick["Targets"][0]["Arn"].endswith(":function:yagura-chatops-anchor")


def test_the_secrets_are_made_empty_and_kept(chatops: Template) -> None:
    secrets = chatops.of_type("AWS::SecretsManager::Secret")
    assert {each["Name"] for each in secrets.values()} == {
        *("/yagura/slack/bot-token", "/yagura/slack/signing-secret", "/yagura/pagerduty/routing-keys")
    }
    for name, properties in secrets.items():
        # Kept, but for the rollback of a failed first deployment, which its fixed name would not outlive.
        assert chatops.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert chatops.resources[name]["UpdateReplacePolicy"] == "Retain"
        assert not properties.keys() & {"SecretString", "GenerateSecretString"}


def test_without_pagerduty_there_is_no_secret_for_it_and_nobody_asks_for_one() -> None:
    chatops = find(synthesize([small(pagerduty=None)]).templates, "hub", "chatops")
    assert len(chatops.of_type("AWS::SecretsManager::Secret")) == 2
    assert not any("PAGERDUTY" in name for name in environment(chatops, "notify"))
    assert not any("pagerduty" in resource for _, resource in may(chatops, "notify"))


def test_with_identity_center_the_desk_may_ask_it_by_its_role() -> None:
    role = "arn:aws:iam::999988887777:role/yagura/read-identities"
    center = IdentityCenter(store="d-1234567890", region="ap-northeast-1", role=role, groups={"g": "sre"})
    config = small()
    config = msgspec.structs.replace(config, people=msgspec.structs.replace(config.people, identity_center=center))
    chatops = find(synthesize([config]).templates, "hub", "chatops")
    assert ("sts:AssumeRole", role) in may(chatops, "desk")


def test_the_table_streams_and_expires_under_the_id_that_it_always_had(chatops: Template) -> None:
    (table,) = chatops.of_type("AWS::DynamoDB::Table").values()
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    # Both can be switched on and off in place; these cannot be changed.
    assert list(chatops.of_type("AWS::DynamoDB::Table")) == ["ChatopsTable"]
    assert entry(table) == {
        "table": "yagura-chatops",
        "keys": ["pk: S"],
        "indexes": {"pending": ["pending: S", "pending_since: N"]},
    }


def test_the_public_api_has_two_routes_and_one_is_for_iam_callers(chatops: Template) -> None:
    routes = chatops.of_type("AWS::ApiGatewayV2::Route").values()
    assert {each["RouteKey"]: each["AuthorizationType"] for each in routes} == {
        "POST /slack": "NONE",
        "POST /fleetctl": "AWS_IAM",
    }
    (integration,) = chatops.of_type("AWS::ApiGatewayV2::Integration").values()
    assert integration["IntegrationUri"].endswith(":function:yagura-chatops-ingress")
    assert integration["PayloadFormatVersion"] == "2.0"


def test_the_api_is_limited_and_logs_who_came_but_not_what_was_said(chatops: Template) -> None:
    (stage,) = chatops.of_type("AWS::ApiGatewayV2::Stage").values()
    limits = {"ThrottlingRateLimit": 20, "ThrottlingBurstLimit": 40}
    assert stage["DefaultRouteSettings"] == limits
    assert stage["RouteSettings"] == {"POST /fleetctl": limits}  # strangers at /slack use up none of it
    (name,) = (n for n, each in chatops.of_type("AWS::ApiGatewayV2::Route").items() if "fleetctl" in each["RouteKey"])
    (resource,) = (r for r in chatops.resources.values() if r["Type"] == "AWS::ApiGatewayV2::Stage")
    assert name in resource["DependsOn"]  # API Gateway refuses settings of a route that is not there
    logged: dict[str, Any] = json.loads(stage["AccessLogSettings"]["Format"])
    assert logged["source"] == "$context.identity.sourceIp"
    assert not any(word in str(logged) for word in ("body", "header", "authorizer", "query"))
    (group,) = (
        each
        for each in chatops.of_type("AWS::Logs::LogGroup").values()
        if each["LogGroupName"] == "/yagura/chatops/api"
    )
    assert group["RetentionInDays"] == 365


def test_chatops_lives_in_the_hub_only(fleet: list[Template]) -> None:
    assert {template.stage for template in fleet if template.stack == "chatops"} == {"hub", "local-hub"}
