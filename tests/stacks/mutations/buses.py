"""Bus policies that let strangers in, and conditions that mean something else than they say."""

from tests.stacks.mutations.mutation import (
    BUS,
    HUB,
    POLICY,
    RULE,
    Mutation,
    bus_statement,
    grant,
    one,
    policy,
    replace_text,
    without,
)

MUTATIONS = {
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
        lambda r: bus_statement(r, "SpokesForward")["Condition"].pop("ArnLike"),
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
        "Forward: matches replayed events",
        "foundation",
        lambda r: one(r, RULE, "Forward")["EventPattern"].pop("replay-name"),
    ),
    "notifications of any account's events": Mutation(
        "buses",
        "matches events of any account",
        "chatops",
        lambda r: one(r, RULE, "EventsFleetEvents")["EventPattern"].pop("account"),
        HUB,
    ),
    "notifications of replayed events": Mutation(
        "buses",
        "EventsFleetEventsB17DF1C3: matches replayed events",
        "chatops",
        lambda r: one(r, RULE, "EventsFleetEvents")["EventPattern"].pop("replay-name"),
        HUB,
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
}
