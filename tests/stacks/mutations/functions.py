"""Functions, roles and stacks that are not as FleetFunction makes them."""

from tests.stacks.mutations.mutation import (
    FUNCTION,
    HUB,
    ROLE,
    Mutation,
    Resources,
    arn,
    find,
    grant,
    one,
    replace_text,
    revoke,
)


def without_tag(resources: Resources, sid: str) -> None:
    """The boundary's statement holds for resources that nobody opened too."""
    document = one(resources, "AWS::IAM::ManagedPolicy")["PolicyDocument"]
    next(each for each in document["Statement"] if each["Sid"] == sid).pop("Condition")


MUTATIONS = {
    "function on x86": Mutation(
        "functions",
        "must be Python 3.13 on arm64",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").pop("Architectures"),
    ),
    "reserved concurrency": Mutation(
        "functions",
        "reserves concurrency",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").update(ReservedConcurrentExecutions=2),
    ),
    "logs as text": Mutation(
        "functions",
        "must log JSON",
        "findings",
        lambda r: one(r, FUNCTION, "Triage")["LoggingConfig"].update(LogFormat="Text"),
    ),
    "two functions, one role": Mutation(
        "functions",
        "shares its role with",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").update(Role=one(r, FUNCTION, "Publish")["Role"]),
    ),
    "role that the bus policy does not know": Mutation(
        "functions",
        "must be named yagura-ap-northeast-1-findings-",
        "findings",
        lambda r: one(r, ROLE, "Triage").update(RoleName="triage"),
    ),
    "function without a log group": Mutation(
        "functions", "has no log group", "findings", lambda r: one(r, FUNCTION, "Triage").pop("LoggingConfig")
    ),
    "function that may not write its log": Mutation(
        "functions",
        "may not write its log: grant logs:PutLogEvents",
        "findings",
        lambda r: revoke(r, "Triage", "logs:PutLogEvents"),
    ),
    "two functions, one log group": Mutation(
        "functions",
        "shares the log group",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").update(LoggingConfig=one(r, FUNCTION, "Publish")["LoggingConfig"]),
    ),
    "logs for ever": Mutation(
        "functions",
        "keeps everything for ever",
        "findings",
        lambda r: one(r, "AWS::Logs::LogGroup", "Triage").pop("RetentionInDays"),
    ),
    "function without dead letters": Mutation(
        "functions", "has no dead letters", "findings", lambda r: one(r, FUNCTION, "Publish").pop("DeadLetterConfig")
    ),
    "function may not send dead letters": Mutation(
        "functions", "may not send to its dead letters", "findings", lambda r: revoke(r, "Triage", "sqs:SendMessage")
    ),
    "dead letters without an alarm": Mutation(
        "functions",
        "no alarm watches ApproximateNumberOfMessagesVisible",
        "findings",
        lambda r: r.pop(find(r, "DeadLettersAlarm")),
    ),
    "queue without an alarm on age": Mutation(
        "functions",
        "no alarm watches ApproximateAgeOfOldestMessage",
        "findings",
        lambda r: r.pop(find(r, "EventsTooOld")),
    ),
    "second queue without an alarm on age": Mutation(
        "functions",
        "no alarm watches ApproximateAgeOfOldestMessage of arn:aws:sqs:ap-northeast-1:111122223333:yagura-chatops-desk",
        "chatops",
        lambda r: r.pop(find(r, "DeskEventsTooOld")),
        HUB,
    ),
    "role without the boundary": Mutation(
        "functions", "must carry the boundary", "findings", lambda r: one(r, ROLE, "Triage").pop("PermissionsBoundary")
    ),
    "role elsewhere": Mutation(
        "functions", "must be under /yagura/", "findings", lambda r: one(r, ROLE, "Triage").pop("Path")
    ),
    "managed policy": Mutation(
        "functions",
        "has managed policies",
        "findings",
        lambda r: one(r, ROLE, "Triage").update(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]),
    ),
    "wildcard action": Mutation(
        "functions",
        "may do dynamodb:Put*",
        "findings",
        lambda r: grant(r, "Triage", "dynamodb:Put*", arn("FindingsTable")),
    ),
    "wildcard resource": Mutation(
        "functions",
        "may do ssm:GetParameters on everything",
        "findings",
        lambda r: grant(r, "Triage", "ssm:GetParameters", "*"),
    ),
    "grant beyond the boundary": Mutation(
        "boundary",
        "may do iam:PassRole on",
        "findings",
        lambda r: grant(r, "Triage", "iam:PassRole", "arn:aws:iam::222233334444:role/admin"),
    ),
    "role made before its boundary": Mutation(
        "boundary",
        "may be made before its boundary",
        "foundation",
        lambda r: r["Freezer40D58DBE"].pop("DependsOn"),
    ),
    "boundary of another account": Mutation(
        "boundary",
        "the boundary does not allow it",
        "foundation",
        lambda r: replace_text(r, "Boundary", "table/yagura-*", "table/other-*"),
    ),
    "boundary opens queues of any team": Mutation(
        "boundary",
        "OpenedQueues gives arn:aws:sqs:ap-northeast-1:222233334444:* whole",
        "foundation",
        lambda r: without_tag(r, "OpenedQueues"),
    ),
    "queues of any team, opened or not": Mutation(
        "boundary",
        "may do sqs:ReceiveMessage on arn:aws:sqs:ap-northeast-1:222233334444:*, but the boundary does not allow it",
        "operations",
        lambda r: grant(r, "Work", "sqs:ReceiveMessage", "arn:aws:sqs:ap-northeast-1:222233334444:*"),
    ),
    "role of other accounts without the boundary": Mutation(
        "functions", "must carry the boundary", "archive", lambda r: one(r, ROLE, "Write").pop("PermissionsBoundary")
    ),
    "import of an export": Mutation(
        "stacks",
        "imports a value of another stack",
        "findings",
        lambda r: one(r, FUNCTION, "Triage").update(Role={"Fn::ImportValue": "role"}),
    ),
}
