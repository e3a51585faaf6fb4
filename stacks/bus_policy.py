"""The resource policy of the fleet bus: who may put what.

EventBridge gives `events:source` of a PutEvents call as a list (one value per entry), so conditions on it name the
set operator: an Allow must hold for all values, a Deny for any.
"""

from typing import Any

from stacks.config.model import CAPABILITIES, Account, FleetFile
from stacks.names import bus_arn, role_arn, role_name

_FORWARDERS = role_arn("*", "yagura-*-foundation-forward")
"""Of any account: which accounts these are, the Allow says, and an exception from a Deny allows nothing. One by one,
forty spokes would not fit into the 10,240 characters that EventBridge gives a bus policy."""

type Statement = dict[str, Any]


def bus_policy(fleet: FleetFile, account: Account) -> dict[str, Any]:
    """The policy of `account`'s bus: spokes forward to the hub, publishers put their own, no one forges the fleet's."""
    spokes = [spoke for spoke in fleet.spokes if account.role == "hub"]
    commander = role_arn(fleet.hub.id, role_name(fleet.hub, "chatops", "publish"))
    if account.role == "spoke":
        allows = [_allow_commands(commander, fleet.hub, account)]
    else:
        allows = [_allow_forwarding(spokes, account)] if spokes else []
    allows += [
        _allow_publisher(index, publisher.account, publisher.source_prefix, account)
        for index, publisher in enumerate(fleet.publishers)
        if publisher.account != account.id
    ]
    # Each capability's own roles, and the forwarders of the spokes, which pass on what was theirs.
    forwarders = [_FORWARDERS] if spokes else []
    # And in a spoke, the hub's role that sends commands.
    commanders = [commander] if account.role == "spoke" else []
    denies = [
        _deny(
            f"Only{capability.title()}",
            {"ForAnyValue:StringEquals": {"events:source": f"yagura.{capability}"}},
            [
                role_arn(account.id, role_name(account, capability, "*")),
                *forwarders,
                *(commanders if capability == "chatops" else []),
            ],
            account,
        )
        for capability in CAPABILITIES
    ]
    denies.append(
        _deny(
            "OnlyTheFleet",
            {"ForAnyValue:StringLike": {"events:source": "yagura.*"}},
            [role_arn(account.id, role_name(account, "*", "*")), *forwarders, *commanders],
            account,
        )
    )
    return {"Version": "2012-10-17", "Statement": [*allows, *denies]}


def _allow_forwarding(spokes: list[Account], hub: Account) -> Statement:
    return {
        "Sid": "SpokesForward",
        "Effect": "Allow",
        # The whole account, narrowed by the condition: a principal that is a role must exist when the policy is made.
        "Principal": {"AWS": sorted({f"arn:aws:iam::{spoke.id}:root" for spoke in spokes})},
        "Action": "events:PutEvents",
        "Resource": bus_arn(hub),
        "Condition": {
            "ArnLike": {"aws:PrincipalArn": _FORWARDERS},
            "ForAllValues:StringLike": {"events:source": "yagura.*"},
            "Null": {"events:source": "false"},
        },
    }


def _allow_commands(commander: str, hub: Account, account: Account) -> Statement:
    return {
        "Sid": "HubCommands",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{hub.id}:root"},
        "Action": "events:PutEvents",
        "Resource": bus_arn(account),
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": commander},
            "ForAllValues:StringEquals": {"events:source": "yagura.chatops"},
            "Null": {"events:source": "false"},
        },
    }


def _allow_publisher(index: int, publisher: str, prefix: str, account: Account) -> Statement:
    return {
        "Sid": f"Publisher{index}",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{publisher}:root"},
        "Action": "events:PutEvents",
        "Resource": bus_arn(account),
        "Condition": {
            "ForAllValues:StringLike": {"events:source": [prefix, f"{prefix}.*"]},
            "Null": {"events:source": "false"},
        },
    }


def _deny(sid: str, source: dict[str, Any], but: list[str], account: Account) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": bus_arn(account),
        "Condition": {**source, "ArnNotLike": {"aws:PrincipalArn": but}},
    }
