"""Queues that lose messages or keep them in the clear."""

from tests.stacks.mutations.mutation import FUNCTION, HUB, QUEUE, Mutation, find, one, policy, replace_text, without

MUTATIONS = {
    "visibility shorter than six timeouts": Mutation(
        "queues",
        "VisibilityTimeout is 179 s",
        "findings",
        lambda r: one(r, QUEUE, "Events").update(VisibilityTimeout=179),
    ),
    "slower function, same visibility": Mutation(
        "queues", "needs at least 360 s", "findings", lambda r: one(r, FUNCTION, "Triage").update(Timeout=60)
    ),
    "queue keeps 4 days": Mutation(
        "queues",
        "must keep messages 14 days",
        "findings",
        lambda r: one(r, QUEUE, "Events").pop("MessageRetentionPeriod"),
    ),
    "dead letters keep 4 days": Mutation(
        "queues",
        "DeadLettersQueue631681B1: must keep messages 14 days",
        "findings",
        lambda r: one(r, QUEUE, "DeadLetters").pop("MessageRetentionPeriod"),
    ),
    "ten receives": Mutation(
        "queues",
        "must give up after 5 receives",
        "findings",
        lambda r: one(r, QUEUE, "Events")["RedrivePolicy"].update(maxReceiveCount=10),
    ),
    "queue without dead letters": Mutation(
        "queues", "has no dead-letter queue", "findings", lambda r: one(r, QUEUE, "Events").pop("RedrivePolicy")
    ),
    "dead letters that nobody can redrive": Mutation(
        "queues",
        "must have the tag yagura:redrive: dead-letters",
        "findings",
        lambda r: without(one(r, QUEUE, "DeadLetters")["Tags"], "yagura:redrive"),
    ),
    "queue to which nothing can be sent back": Mutation(
        "queues",
        "must have the tag yagura:redrive: target, or nobody can redrive it; has None",
        "findings",
        lambda r: without(one(r, QUEUE, "Events")["Tags"], "yagura:redrive"),
    ),
    "queue that is shown as dead letters": Mutation(
        "queues",
        "must have the tag yagura:redrive: target, or nobody can redrive it; has dead-letters",
        "findings",
        lambda r: replace_text(r, find(r, "EventsQueue"), '"target"', '"dead-letters"'),
    ),
    "queue of people's words that takes redrives": Mutation(
        "queues",
        "must not have the tag yagura:redrive",
        "chatops",
        lambda r: one(r, QUEUE, "DeskEvents")["Tags"].append({"Key": "yagura:redrive", "Value": "target"}),
        HUB,
    ),
    "queue in the clear": Mutation(
        "queues", "is not encrypted", "findings", lambda r: one(r, QUEUE, "Events").pop("SqsManagedSseEnabled")
    ),
    "queue without TLS": Mutation(
        "queues",
        "takes messages without TLS",
        "findings",
        lambda r: without(policy(r, "AWS::SQS::QueuePolicy", "EventsQueuePolicy"), "SecureTransport"),
    ),
}
