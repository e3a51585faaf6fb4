"""The functions of findings that change things outside the fleet, with more or less than they need."""

from tests.stacks.mutations.mutation import (
    FUNCTION,
    MAPPING,
    QUEUE,
    RULE,
    TABLE,
    Mutation,
    arn,
    find,
    grant,
    one,
    revoke,
)

_HUB = "arn:aws:securityhub:ap-northeast-1:222233334444:hub/default"

MUTATIONS = {
    "slower writeback, same visibility": Mutation(
        "queues", "needs at least 1800 s", "findings", lambda r: one(r, FUNCTION, "Writeback").update(Timeout=300)
    ),
    "a change is hidden for too short a time": Mutation(
        "queues",
        "VisibilityTimeout is 719 s",
        "findings",
        lambda r: one(r, QUEUE, "WritebackEvents").update(VisibilityTimeout=719),
    ),
    "a hundred changes at once without waiting for them": Mutation(
        "pollers",
        "more than 10 messages at once only to who waits for them",
        "findings",
        lambda r: one(r, MAPPING, "WritebackEvents").pop("MaximumBatchingWindowInSeconds"),
    ),
    "writeback without a limit of concurrency": Mutation(
        "pollers",
        "has no MaximumConcurrency",
        "findings",
        lambda r: one(r, MAPPING, "WritebackEvents").pop("ScalingConfig"),
    ),
    "one bad finding blocks the batch": Mutation(
        "pollers",
        "block its neighbours",
        "findings",
        lambda r: one(r, MAPPING, "WritebackEvents").pop("FunctionResponseTypes"),
    ),
    "poller of tickets without sqs:DeleteMessage": Mutation(
        "pollers", "needs sqs:DeleteMessage", "findings", lambda r: revoke(r, "Tickets", "sqs:DeleteMessage")
    ),
    "writeback may empty its queue": Mutation(
        "pollers",
        "does not need sqs:PurgeQueue",
        "findings",
        lambda r: grant(r, "Writeback", "sqs:PurgeQueue", arn(find(r, "WritebackEventsQueue"))),
    ),
    "changes without an alarm on age": Mutation(
        "functions",
        "no alarm watches ApproximateAgeOfOldestMessage",
        "findings",
        lambda r: r.pop(find(r, "WritebackEventsTooOld")),
    ),
    "writeback may do anything in Security Hub": Mutation(
        "functions",
        "may do securityhub:*",
        "findings",
        lambda r: grant(r, "Writeback", "securityhub:*", _HUB),
    ),
    "writeback may switch Security Hub off": Mutation(
        "boundary",
        "may do securityhub:DisableSecurityHub on",
        "findings",
        lambda r: grant(r, "Writeback", "securityhub:DisableSecurityHub", _HUB),
    ),
    "writeback changes findings of everything": Mutation(
        "functions",
        "may do securityhub:BatchUpdateFindings on everything",
        "findings",
        lambda r: grant(r, "Writeback", "securityhub:BatchUpdateFindings", "*"),
    ),
    "the sweep reads GitHub's token": Mutation(
        "secrets",
        "may read GitHubToken",
        "findings",
        lambda r: grant(r, "Sweep", "secretsmanager:GetSecretValue", {"Ref": "GitHubToken"}),
    ),
    "tickets cannot read GitHub's token": Mutation(
        "secrets",
        "GitHubToken: cannot be read by tickets",
        "findings",
        lambda r: revoke(r, "Tickets", "secretsmanager:GetSecretValue"),
    ),
    "commands about findings of any account": Mutation(
        "commands",
        "account must be ['111122223333']",
        "findings",
        lambda r: one(r, RULE, "CommandsEventsCommands")["EventPattern"]["account"].append("222233334444"),
    ),
    "commands of operations for findings": Mutation(
        "commands",
        "detail.data.capability must be",
        "findings",
        lambda r: one(r, RULE, "CommandsEventsCommands")["EventPattern"]["detail"]["data"].update(
            capability=["operations"]
        ),
    ),
    "index of the open problems with another key": Mutation(
        "tables",
        "index live changes its keys",
        "findings",
        lambda r: one(r, TABLE)["GlobalSecondaryIndexes"][1]["KeySchema"].pop(),
    ),
    "index of the open problems gone": Mutation(
        "tables",
        "index live is new or gone",
        "findings",
        lambda r: one(r, TABLE)["GlobalSecondaryIndexes"].pop(),
    ),
    "a tick that leaves no dead letters": Mutation(
        "grants",
        "has no dead letters",
        "findings",
        lambda r: one(r, RULE, "SweepTick")["Targets"][0].pop("DeadLetterConfig"),
    ),
}
