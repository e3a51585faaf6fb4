"""Commands that others than the hub's publisher may send, or that reach others than they are for."""

from typing import Any

from tests.stacks.mutations.mutation import (
    HUB,
    RULE,
    Mutation,
    Resources,
    bus_statement,
    grant,
    one,
    policy,
    without,
)

_PUBLISHER = "arn:aws:iam::111122223333:role/yagura/yagura-ap-northeast-1-chatops-publish"
_SPOKES_BUS = "arn:aws:events:ap-northeast-1:222233334444:event-bus/yagura"


def pattern(resources: Resources) -> Any:
    """Of the rule by which operations takes its commands."""
    return one(resources, RULE, "EventsCommands")["EventPattern"]


def puts(resources: Resources) -> Any:
    """The statement by which the hub's publisher puts on buses."""
    statements = policy(resources, "AWS::IAM::Policy", "PublishRoleDefaultPolicy")
    (found,) = (each for each in statements if each["Action"] == "events:PutEvents")
    return found


MUTATIONS = {
    "any role of the hub commands a spoke": Mutation(
        "buses",
        "HubCommands allows yagura.chatops to whole accounts",
        "foundation",
        lambda r: bus_statement(r, "HubCommands")["Condition"].pop("ArnEquals"),
    ),
    "the desk commands a spoke": Mutation(
        "buses",
        "HubCommands allows yagura.chatops to whole accounts",
        "foundation",
        lambda r: bus_statement(r, "HubCommands")["Condition"]["ArnEquals"].update(
            {"aws:PrincipalArn": _PUBLISHER.replace("publish", "desk")}
        ),
    ),
    "the hub's publisher puts findings on a spoke's bus": Mutation(
        "buses",
        "HubCommands allows yagura.* to whole accounts",
        "foundation",
        lambda r: bus_statement(r, "HubCommands")["Condition"].update(
            {"ForAllValues:StringEquals": {"events:source": "yagura.*"}}
        ),
    ),
    "the hub's publisher is exempt from what is for findings": Mutation(
        "buses",
        "must deny yagura.findings",
        "foundation",
        lambda r: bus_statement(r, "OnlyFindings")["Condition"]["ArnNotLike"]["aws:PrincipalArn"].append(_PUBLISHER),
    ),
    "spoke denies the hub's commands": Mutation(
        "buses",
        "denies yagura.chatops to the hub's publisher",
        "foundation",
        lambda r: bus_statement(r, "OnlyChatops")["Condition"]["ArnNotLike"]["aws:PrincipalArn"].remove(_PUBLISHER),
    ),
    "spoke does not admit the hub's publisher": Mutation(
        "commands",
        f"hub/chatops PublishRole3D7F3A52: the policy of {_SPOKES_BUS} does not admit it",
        "foundation",
        lambda r: without(one(r, "AWS::Events::EventBus")["Policy"]["Statement"], "HubCommands"),
    ),
    "the desk may put on a spoke's bus": Mutation(
        "commands",
        "only the hub's publisher puts on another bus",
        "chatops",
        lambda r: grant(r, "Desk", "events:PutEvents", _SPOKES_BUS),
        HUB,
    ),
    "a spoke may put on the hub's bus itself": Mutation(
        "commands",
        "only the hub's publisher puts on another bus",
        "operations",
        lambda r: grant(r, "Publish", "events:PutEvents", _SPOKES_BUS.replace("222233334444", "111122223333")),
    ),
    "the hub's publisher puts any source": Mutation(
        "commands",
        "may put events of any source: limit events:source to yagura.chatops",
        "chatops",
        lambda r: puts(r).pop("Condition"),
        HUB,
    ),
    "commands of any account": Mutation(
        "commands",
        "account must be ['111122223333']",
        "operations",
        lambda r: pattern(r)["account"].append("222233334444"),
    ),
    "commands of any capability's source": Mutation(
        "commands", "source must be", "operations", lambda r: pattern(r).update(source=["yagura.findings"])
    ),
    "commands for every capability": Mutation(
        "commands",
        "detail.data.capability must be",
        "operations",
        lambda r: pattern(r)["detail"]["data"].pop("capability"),
    ),
    "commands for every account": Mutation(
        "commands", "detail.data.account must be", "operations", lambda r: pattern(r)["detail"]["data"].pop("account")
    ),
    "commands for every Region": Mutation(
        "commands", "detail.data.region must be", "operations", lambda r: pattern(r)["detail"]["data"].pop("region")
    ),
    "commands that are replayed": Mutation(
        "buses", "matches replayed events", "operations", lambda r: pattern(r).pop("replay-name")
    ),
}
