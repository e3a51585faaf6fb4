"""Pollers that lack an action, or have one too many."""

from functools import partial

from tests.stacks.mutations.mutation import MAPPING, Mutation, arn, find, grant, one, revoke

MUTATIONS = {
    **{
        f"poller of the queue without {action}": Mutation(
            "pollers", f"needs {action}", "findings", partial(revoke, role="Triage", action=action)
        )
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    },
    **{
        f"poller of the stream without {action}": Mutation(
            "pollers", f"needs {action}", "findings", partial(revoke, role="Publish", action=action)
        )
        for action in (
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            "sqs:SendMessage",
        )
    },
    "poller may purge the queue": Mutation(
        "pollers",
        "does not need sqs:PurgeQueue",
        "findings",
        lambda r: grant(r, "Triage", "sqs:PurgeQueue", arn(find(r, "EventsQueue"))),
    ),
    "mapping made before its grant": Mutation(
        "pollers", "may be made before the policy", "findings", lambda r: r[find(r, "EventsMapping")].pop("DependsOn")
    ),
    "one bad event blocks the batch": Mutation(
        "pollers", "block its neighbours", "findings", lambda r: one(r, MAPPING, "Events").pop("FunctionResponseTypes")
    ),
    "queue without a limit of concurrency": Mutation(
        "pollers", "has no MaximumConcurrency", "findings", lambda r: one(r, MAPPING, "Events").pop("ScalingConfig")
    ),
    "stream forgets what fails": Mutation(
        "pollers", "lost in silence", "findings", lambda r: one(r, MAPPING, "Publish").pop("DestinationConfig")
    ),
    "stream retries for ever": Mutation(
        "pollers", "retries for ever", "findings", lambda r: one(r, MAPPING, "Publish").pop("MaximumRetryAttempts")
    ),
}
