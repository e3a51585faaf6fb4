"""The foundation: bus, forwarding, alarm topic, modes, freeze, boundary, and the one key."""

import json
from typing import Any

import msgspec
import pytest

from fleet.modes import FREEZE, parameter
from fleetctl.example import example
from fleetctl.policies import Statement, of_role, statements
from fleetctl.templates import Template, synthesize
from stacks.bus_policy import bus_policy
from tests.stacks.fleets import find, small

HUB, SPOKE = "111122223333", "222233334444"
PARAMETER = "AWS::SSM::Parameter"


@pytest.fixture
def hub(hub_and_spoke: list[Template]) -> Template:
    return find(hub_and_spoke, "hub", "foundation")


@pytest.fixture
def spoke(hub_and_spoke: list[Template]) -> Template:
    return find(hub_and_spoke, "security-audit", "foundation")


def only(template: Template, kind: str) -> Any:
    (found,) = template.of_type(kind).values()
    return found


def role(template: Template, suffix: str) -> str:
    (found,) = (
        name for name, role in template.of_type("AWS::IAM::Role").items() if role["RoleName"].endswith(f"-{suffix}")
    )
    return found


def bus_statements(template: Template) -> dict[str, Statement]:
    return {each.sid: each for each in statements(only(template, "AWS::Events::EventBus")["Policy"])}


def test_every_account_has_the_bus_and_90_days_of_it(hub: Template, spoke: Template) -> None:
    for template in (hub, spoke):
        assert only(template, "AWS::Events::EventBus")["Name"] == "yagura"
        archive = only(template, "AWS::Events::Archive")
        assert archive["RetentionDays"] == 90
        assert archive["SourceArn"].endswith(f"{template.account}:event-bus/yagura")


def test_teams_find_the_bus_by_a_parameter(spoke: Template) -> None:
    values = {each["Name"]: each["Value"] for each in spoke.of_type(PARAMETER).values()}
    assert values["/yagura/bus-arn"] == f"arn:aws:events:ap-northeast-1:{SPOKE}:event-bus/yagura"


def test_only_the_hub_admits_spokes_and_only_by_their_forwarders(hub: Template, spoke: Template) -> None:
    forwarding = bus_statements(hub)["SpokesForward"]
    forwarder = "arn:aws:iam::*:role/yagura/yagura-*-foundation-forward"
    assert forwarding.principals == (f"arn:aws:iam::{SPOKE}:root",)
    assert forwarding.conditions["ArnLike"]["aws:PrincipalArn"] == forwarder
    assert forwarding.conditions["ForAllValues:StringLike"]["events:source"] == "yagura.*"
    assert "SpokesForward" not in bus_statements(spoke)


def test_publishers_may_put_their_own_sources(hub: Template) -> None:
    publisher = bus_statements(hub)["Publisher0"]
    assert publisher.principals == ("arn:aws:iam::444455556666:root",)
    assert publisher.conditions["ForAllValues:StringLike"]["events:source"] == ["acme.payments", "acme.payments.*"]


def test_the_spoke_forwards_to_the_hub_and_the_hub_to_nobody(hub: Template, spoke: Template) -> None:
    rule = only(spoke, "AWS::Events::Rule")
    assert rule["EventPattern"]["source"] == [{"prefix": "yagura."}]
    (target,) = rule["Targets"]
    assert target["Arn"] == f"arn:aws:events:ap-northeast-1:{HUB}:event-bus/yagura"
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
    assert hub.of_type("AWS::Events::Rule") == {}


def test_the_alarm_topic_has_a_subscriber_outside_the_fleet(spoke: Template) -> None:
    assert only(spoke, "AWS::SNS::Topic")["TopicName"] == "yagura-alarms"
    subscription = only(spoke, "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "sre@example.com")


@pytest.mark.parametrize("mode", ["off", "observe", "act"])
def test_modes_are_parameters_of_the_account(mode: str) -> None:
    config = small()
    config.fleet.accounts[1].capabilities["findings"] = mode  # type: ignore[assignment]
    spoke = find(synthesize([config]).templates, "security-audit", "foundation")
    modes = {each["Name"]: each for each in spoke.of_type(PARAMETER).values() if "/mode/" in each["Name"]}
    assert modes.keys() == {parameter("findings"), parameter("operations")}
    assert modes[parameter("findings")]["Value"] == mode
    assert modes[parameter("findings")]["AllowedPattern"] == "^(off|observe|act)$"


def test_the_freezer_may_only_set_the_freeze_and_cannot_unset_it(hub: Template, spoke: Template) -> None:
    for template in (hub, spoke):
        (statement,) = of_role(template, role(template, "freeze"))
        assert statement.actions == ("ssm:PutParameter",)
        assert statement.resources == (f"arn:aws:ssm:ap-northeast-1:{template.account}:parameter{FREEZE}",)


def test_only_the_hub_may_freeze(spoke: Template) -> None:
    properties = spoke.of_type("AWS::IAM::Role")[role(spoke, "freeze")]
    (trust,) = statements(properties["AssumeRolePolicyDocument"])
    assert trust.principals == (f"arn:aws:iam::{HUB}:root",)


def test_the_boundary_gives_nothing_of_iam_nor_outside_the_fleet_but_what_a_tag_opens(spoke: Template) -> None:
    boundary = only(spoke, "AWS::IAM::ManagedPolicy")
    assert (boundary["Path"], boundary["ManagedPolicyName"]) == ("/yagura/", "yagura-boundary-ap-northeast-1")
    parts = {each.sid: each for each in statements(boundary["PolicyDocument"])}
    for statement in parts.values():
        assert not any(action.startswith(("iam:", "*")) for action in statement.actions)
        assert not any("*" in action for action in statement.actions)
    opened = {sid: each for sid, each in parts.items() if each.conditions}
    assert opened.keys() == {"OpenedQueues", "OpenedFunctions"}
    assert all(each.conditions == {"Null": {"aws:ResourceTag/yagura:redrive": "false"}} for each in opened.values())
    wide = {
        sid
        for sid, each in parts.items()
        if not each.conditions and not all("yagura" in resource for resource in each.resources)
    }
    # Reading rules and tags; a key, which has no name; and the one hub of the account.
    assert wide == {"Rules", "Tags", "Key", "SecurityHub"}
    assert parts["SecurityHub"].actions == ("securityhub:BatchUpdateFindings", "securityhub:GetFindings")
    assert parts["Tags"].actions == ("tag:GetResources",)
    assert parts["Rules"].actions == ("events:ListTargetsByRule",)
    assert parts["Roles"].resources == ("arn:aws:iam::*:role/yagura/*",)


def test_the_boundary_gives_no_action_that_no_role_has(with_key: list[Template]) -> None:
    needed = {
        action
        for template in with_key
        for name in template.of_type("AWS::IAM::Role")
        for each in of_role(template, name)
        for action in each.actions
    }
    for template in with_key:
        for boundary in template.of_type("AWS::IAM::ManagedPolicy").values():
            given = {action for each in statements(boundary["PolicyDocument"]) for action in each.actions}
            assert given == needed


def test_only_the_hubs_publisher_commands_a_spoke(hub: Template, spoke: Template) -> None:
    publisher = f"arn:aws:iam::{HUB}:role/yagura/yagura-ap-northeast-1-chatops-publish"
    commands = bus_statements(spoke)["HubCommands"]
    assert commands.principals == (f"arn:aws:iam::{HUB}:root",)
    assert commands.conditions == {
        "ArnEquals": {"aws:PrincipalArn": publisher},
        "ForAllValues:StringEquals": {"events:source": "yagura.chatops"},
        "Null": {"events:source": "false"},
    }
    exempt = {
        sid
        for sid, each in bus_statements(spoke).items()
        if each.effect == "Deny" and publisher in str(each.conditions)
    }
    assert exempt == {"OnlyChatops", "OnlyTheFleet"}
    assert publisher not in str(only(hub, "AWS::Events::EventBus")["Policy"])
    assert "HubCommands" not in bus_statements(hub)


def test_without_the_switch_there_is_no_key(hub_and_spoke: list[Template]) -> None:
    assert not any(template.of_type("AWS::KMS::Key") for template in hub_and_spoke)


def test_with_the_switch_there_is_one_key_that_tables_and_topic_use(with_key: list[Template]) -> None:
    foundation = find(with_key, "security-audit", "foundation")
    (key,) = foundation.of_type("AWS::KMS::Key")
    values = {each["Name"]: each["Value"] for each in foundation.of_type(PARAMETER).values()}
    assert values["/yagura/key-arn"] == foundation.arn(key)
    assert only(foundation, "AWS::SNS::Topic")["KmsMasterKeyId"] == foundation.arn(key)
    findings = find(with_key, "security-audit", "findings")
    assert findings.of_type("AWS::KMS::Key") == {}
    assert only(findings, "AWS::DynamoDB::Table")["SSESpecification"]["KMSMasterKeyId"] == "{/yagura/key-arn}"


def test_the_hubs_bus_policy_holds_forty_accounts() -> None:
    fleet = example().fleet
    spoke = fleet.spokes[0]
    many = [msgspec.structs.replace(spoke, name=f"s-{n}", id=f"{222200000000 + n}") for n in range(39)]
    policy = bus_policy(msgspec.structs.replace(fleet, accounts=[fleet.hub, *many]), fleet.hub)
    assert len(json.dumps(policy)) < 10_240, "Amazon EventBridge quotas: size of an event bus policy"
