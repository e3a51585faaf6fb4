"""CloudFormation types that the emulator refuses, or whose properties it drops.

A type that the emulator does not know fails the whole stack ("Unrecognized resource types"). Here each is either
created through the emulator's own API, or recorded as not simulated: it gets a physical id, so that the very templates
that go to AWS deploy, and it stands in `GET /_local/not-simulated`, which `fleetctl local doctor` prints. Nothing is
skipped silently. Properties, Ref and Fn::GetAtt are those of the CloudFormation resource reference.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, eventbridge
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS, _physical_name

from local import bus_policy

type Props = dict[str, Any]
type Created = tuple[str, Props]

NOT_SIMULATED = {
    "AWS::SecretsManager::ResourcePolicy": "the policy of a secret is not evaluated",
    "AWS::SecretsManager::RotationSchedule": "secrets do not rotate by themselves",
    "AWS::Chatbot::SlackChannelConfiguration": "AWS Chatbot does not exist here",
    "AWS::Budgets::Budget": "nothing costs anything here",
    "AWS::CE::AnomalyMonitor": "nothing costs anything here",
    "AWS::CE::AnomalySubscription": "nothing costs anything here",
    "AWS::SecurityHub::Hub": "Security Hub's events are sent by hand: fleetctl local replay",
    "AWS::SecurityHub::AutomationRule": "Security Hub's events are sent by hand: fleetctl local replay",
    "AWS::SSM::Document": "documents cannot be run",
    "AWS::XRay::Group": "traces are not kept",
    "AWS::XRay::SamplingRule": "traces are not kept",
    "AWS::ApplicationInsights::Application": "not watched",
    "AWS::Logs::QueryDefinition": "saved queries are not shown",
    "AWS::Config::ConfigRule": "AWS Config does not run",
    "AWS::CodeDeploy::Application": "CodeDeploy does not run",
    "AWS::CodeDeploy::DeploymentGroup": "CodeDeploy does not run",
    "AWS::CodeDeploy::DeploymentConfig": "CodeDeploy does not run",
}
_recorded: dict[tuple[str, str], Props] = {}


def not_simulated() -> list[Props]:
    """Every deployed resource that does nothing here."""
    return sorted(_recorded.values(), key=lambda each: (each["account"], each["stack"], each["logical_id"]))


def _checked(response: Any) -> Any:
    status, _, body = response
    if status >= 400:
        raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
    return json.loads(body) if body else {}


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def _bus_of(props: Props) -> str:
    return str(props.get("EventBusName") or "default").rsplit("event-bus/", 1)[-1]


def _register(
    type_name: str,
    create: Callable[[str, Props, str], Created],
    delete: Callable[[str, Props], Any],
    update: Callable[[str, Props, Props, str], Created] | None = None,
) -> None:
    handler: Props = {"create": create, "delete": delete}
    if update:
        handler["update"] = update
    _RESOURCE_HANDLERS[type_name] = handler


def _register_not_simulated(type_name: str, why: str) -> None:
    def create(logical_id: str, _props: Props, stack: str) -> Created:
        physical = f"not-simulated-{stack}-{logical_id}"
        _recorded[get_account_id(), physical] = {
            "account": get_account_id(),
            "stack": stack,
            "logical_id": logical_id,
            "type": type_name,
            "why": why,
        }
        return physical, {"Arn": _arn(type_name.split("::")[1].lower(), physical), "Id": physical}

    def update(physical: str, _old: Props, _new: Props, _stack: str) -> Created:
        return physical, {"Arn": _arn(type_name.split("::")[1].lower(), physical), "Id": physical}

    _register(type_name, create, lambda physical, _props: _recorded.pop((get_account_id(), physical), None), update)


# --- AWS::Events::EventBus.Policy: the emulator creates the bus and drops the property ---


def _keep_bus_policy() -> None:
    handler = _RESOURCE_HANDLERS["AWS::Events::EventBus"]
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def set_policy(bus: str, props: Props) -> None:
        policy = props.get("Policy")
        if policy:
            bus_policy.put(bus, json.loads(policy) if isinstance(policy, str) else policy)

    def created(logical_id: str, props: Props, stack: str) -> Created:
        name, attributes = create(logical_id, props, stack)
        set_policy(name, props)
        return name, attributes

    def updated(name: str, old: Props, new: Props, stack: str) -> Created:
        result: Created = update(name, old, new, stack)
        if new.get("Policy") != old.get("Policy"):
            eventbridge._event_bus_policies.pop(result[0], None)
            set_policy(result[0], new)
        return result

    def deleted(name: str, props: Props) -> None:
        eventbridge._event_bus_policies.pop(name, None)
        delete(name, props)

    handler |= {"create": created, "update": updated, "delete": deleted}


# --- AWS::Events::EventBusPolicy: one statement; physical id as CloudFormation gives it for Ref ---


def _bus_policy_create(_logical_id: str, props: Props, _stack: str) -> Created:
    bus, sid = _bus_of(props), props["StatementId"]
    if bus not in eventbridge._event_buses and bus != "default":
        raise ValueError(f"Event bus {bus} does not exist.")
    statement = props.get("Statement")
    if isinstance(statement, str):
        statement = json.loads(statement)
    if statement:
        bus_policy.put_statement(bus, {**statement, "Sid": sid})
    else:
        _checked(eventbridge._put_permission({**props, "EventBusName": bus}))
    return f"{bus}|{sid}", {}


def _bus_policy_update(physical: str, old: Props, new: Props, stack: str) -> Created:
    _bus_policy_delete(physical, old)
    return _bus_policy_create("", new, stack)


def _bus_policy_delete(physical: str, props: Props) -> None:
    bus_policy.remove_statement(_bus_of(props), physical.rsplit("|", 1)[-1])


# --- AWS::Events::Archive ---


def _archive_request(name: str, props: Props) -> Props:
    pattern = props.get("EventPattern")
    return {
        "ArchiveName": name,
        "EventSourceArn": props["SourceArn"],
        "Description": props.get("Description", ""),
        "EventPattern": (pattern if isinstance(pattern, str) else json.dumps(pattern)) if pattern else "",
        "RetentionDays": int(props.get("RetentionDays") or 0),
    }


def _archive_create(logical_id: str, props: Props, stack: str) -> Created:
    name = props.get("ArchiveName") or _physical_name(stack, logical_id, max_len=48)
    answer = _checked(eventbridge._create_archive(_archive_request(name, props)))
    return name, {"Arn": answer["ArchiveArn"], "ArchiveName": name}


def _archive_update(name: str, _old: Props, new: Props, _stack: str) -> Created:
    _checked(eventbridge._update_archive(_archive_request(name, new)))
    return name, {"Arn": _arn("events", f"archive/{name}"), "ArchiveName": name}


# --- AWS::Events::Connection and ApiDestination ---


def _connection_create(logical_id: str, props: Props, stack: str) -> Created:
    name = props.get("Name") or _physical_name(stack, logical_id, max_len=64)
    answer = _checked(eventbridge._create_connection({**props, "Name": name}))
    secret = _arn("secretsmanager", f"secret:events!connection/{name}")
    return name, {"Arn": answer["ConnectionArn"], "SecretArn": secret}


def _destination_create(logical_id: str, props: Props, stack: str) -> Created:
    name = props.get("Name") or _physical_name(stack, logical_id, max_len=64)
    answer = _checked(eventbridge._create_api_destination({**props, "Name": name}))
    return name, {"Arn": answer["ApiDestinationArn"], "ArnForPolicy": answer["ApiDestinationArn"]}


# --- AWS::CloudWatch::CompositeAlarm: the emulator's API has it, its templates have not ---


def _composite_alarm_create(logical_id: str, props: Props, stack: str) -> Created:
    name = props.get("AlarmName") or _physical_name(stack, logical_id, max_len=255)
    params: Props = {
        "AlarmName": [name],
        "AlarmRule": [props["AlarmRule"]],
        "AlarmDescription": [props.get("AlarmDescription", "")],
    }
    for key in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        params |= {f"{key}.member.{i}": [arn] for i, arn in enumerate(props.get(key) or [], 1)}
    status, _, body = cloudwatch._put_composite_alarm(params, {}, is_cbor=False)
    if status >= 400:
        raise ValueError(str(body))
    return name, {"Arn": _arn("cloudwatch", f"alarm:{name}")}


def install() -> None:
    """Add the types to the emulator's table of resource handlers."""
    _keep_bus_policy()
    _register("AWS::Events::EventBusPolicy", _bus_policy_create, _bus_policy_delete, _bus_policy_update)
    _register(
        "AWS::Events::Archive",
        _archive_create,
        lambda name, _props: eventbridge._delete_archive({"ArchiveName": name}),
        _archive_update,
    )
    _register(
        "AWS::Events::Connection",
        _connection_create,
        lambda name, _props: eventbridge._delete_connection({"Name": name}),
    )
    _register(
        "AWS::Events::ApiDestination",
        _destination_create,
        lambda name, _props: eventbridge._delete_api_destination({"Name": name}),
    )
    _register(
        "AWS::CloudWatch::CompositeAlarm",
        _composite_alarm_create,
        lambda name, _props: cloudwatch._composite_alarms.pop(name, None),
    )
    for type_name, why in NOT_SIMULATED.items():
        if type_name not in _RESOURCE_HANDLERS:
            _register_not_simulated(type_name, why)
