"""Service-to-service grants that are missing or too wide."""

from tests.stacks.mutations.mutation import (
    ALARM,
    BUS,
    HUB,
    ROLE,
    RULE,
    Mutation,
    one,
    policy,
    replace_text,
    without,
)

MUTATIONS = {
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
        "operations",
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
}
