"""The parity ledger: per behaviour whether it is real, simulated or absent, on what evidence, and in which file.

`fleetctl local doctor` prints it. "real" is the emulator's own behaviour as we tested it (`tests/local/`), or as the
study in `docs` measured it; "simulated" is ours. Whoever adds a simulation adds its line here, and a test.
"""

from typing import Literal, NamedTuple

type Status = Literal["real", "simulated", "not simulated"]


class Line(NamedTuple):
    """One behaviour of AWS, and what of it the local cloud has."""

    behaviour: str
    status: Status
    evidence: str
    file: str = ""


_EB, _LAMBDA = "EventBridge User Guide", "Lambda Developer Guide"

LEDGER: tuple[Line, ...] = (
    Line(
        "Time: the fleet's clock ahead of the wall's, or faster; fakes, schedules, queues and sessions keep the wall's",
        "simulated",
        "fleet.clock; no AWS service has such a clock",
        "local/fleet_clock.py",
    ),
    Line("CloudFormation by the real CDK CLI", "real", "tests/local/test_deploy.py"),
    Line("IAM: identity policies of users, roles, sessions", "real", "tests/local/test_identity.py"),
    Line(
        "IAM: aws:PrincipalArn is the role with its path",
        "simulated",
        "IAM User Guide, global condition keys",
        "local/principals.py",
    ),
    Line(
        "IAM: aws:SecureTransport is true; the loopback address stands for TLS",
        "simulated",
        "SDK endpoints are https",
        "local/principals.py",
    ),
    Line(
        "IAM: dynamodb:LeadingKeys",
        "simulated",
        "DynamoDB Developer Guide, IAM policy conditions",
        "local/leading_keys.py",
    ),
    Line(
        "IAM: each name of GetParameters",
        "simulated",
        "Service Authorization Reference, Systems Manager",
        "local/parameter_names.py",
    ),
    Line(
        "IAM: the rule of ListTargetsByRule, PutTargets, RemoveTargets",
        "simulated",
        "Service Authorization Reference, EventBridge",
        "local/rule_names.py",
    ),
    Line(
        "IAM: a refusal names the resource",
        "simulated",
        "IAM User Guide, access denied messages",
        "local/principals.py",
    ),
    Line(
        "IAM: permissions boundary of a role in a template",
        "simulated",
        "CloudFormation reference, AWS::IAM::Role",
        "local/iam_boundary.py",
    ),
    Line("IAM: service control policies", "not simulated", "the fleet has none of its own"),
    Line("STS: AssumeRole across accounts", "real", "tests/local/test_identity.py"),
    Line(
        "EventBridge: patterns",
        "real",
        "116 of 116 of AWS's Event Ruler cases (docs/adr/0002)",
    ),
    Line("EventBridge: input transformers, archive, replay-name", "real", "tests/local/test_buses.py"),
    Line(
        "EventBridge: PutEvents refusals, Time, entry size",
        "simulated",
        "API reference; LocalStack's AWS snapshots",
        "local/put_events.py",
    ),
    Line(
        "EventBridge: bus policies, events:source, events:detail-type",
        "simulated",
        f"{_EB}, eb-use-conditions",
        "local/bus_policy.py",
    ),
    Line(
        "EventBridge: other accounts' buses, one hop",
        "simulated",
        f"{_EB}, eb-cross-account and eb-bus-to-bus",
        "local/bus_delivery.py",
    ),
    Line(
        "EventBridge: grants of queues, topics and functions",
        "simulated",
        f"{_EB}, eb-use-resource-based",
        "local/target_grants.py",
    ),
    Line("EventBridge: dead letters of a target", "simulated", f"{_EB}, eb-rule-dlq", "local/dead_letters.py"),
    Line("EventBridge: retries of a target that fails for a while", "not simulated", "nothing fails for a while here"),
    Line(
        "EventBridge: scheduled rules",
        "real",
        "the emulator looks every 10 s; POST /_local/schedules fires one now",
        "local/schedules.py",
    ),
    Line("Events of AWS services", "simulated", f"{_EB}, events from AWS services", "local/aws_events.py"),
    Line("SQS: redrive to the dead-letter queue, partial batches", "real", "tests/local/test_deploy.py"),
    Line(
        "IAM: sqs:ChangeMessageVisibility covers its batch form",
        "simulated",
        "SQS Developer Guide, API permissions",
        "local/sqs_batches.py",
    ),
    Line(
        "S3: Object Lock of a bucket that CloudFormation makes",
        "simulated",
        "CloudFormation reference, AWS::S3::Bucket; enforced by the emulator",
        "local/object_lock.py",
    ),
    Line(
        "SQS: ListDeadLetterSourceQueues",
        "simulated",
        "SQS API reference, ListDeadLetterSourceQueues",
        "local/dead_letter_sources.py",
    ),
    Line("SQS: StartMessageMoveTask", "not simulated", "the emulator answers InvalidAction"),
    Line("SQS: MaximumConcurrency of a mapping", "real", "tests/local/test_deploy.py"),
    Line(
        "Lambda: permissions of a mapping's poller",
        "simulated",
        f"{_LAMBDA}, execution role permissions",
        "local/poller_grants.py",
    ),
    Line(
        "Lambda: only bundle, layers and runtime can be imported",
        "simulated",
        f"{_LAMBDA}, layers for Python",
        "local/lambda_python.py",
    ),
    Line(
        "Lambda: JSON platform log lines, errorType of an exception",
        "not simulated",
        "text lines; Runtime.HandlerError",
    ),
    Line(
        "Lambda: bundles and layers are read-only, and unpacked once",
        "simulated",
        f"{_LAMBDA}, execution environment; one that writes there is not kept from it",
        "local/lambda_code.py",
    ),
    Line("Lambda: memory limit, arm64", "not simulated", "functions run on the host's processor"),
    Line("Lambda: weighted aliases, AWS/Lambda metrics by version", "not simulated", "comes with rollouts"),
    Line(
        "DynamoDB: conditional writes, transactions, streams, filters",
        "real",
        "docs/adr/0002",
    ),
    Line(
        "Secrets Manager: a secret created empty; Ref is the ARN",
        "simulated",
        "CloudFormation reference",
        "local/empty_secrets.py",
    ),
    Line(
        "Secrets Manager: rotation, resource policies", "not simulated", "recorded when deployed", "local/cfn_types.py"
    ),
    Line(
        "CloudFormation: archives, bus policies, connections, composite alarms",
        "simulated",
        "CloudFormation resource reference",
        "local/cfn_types.py",
    ),
    Line(
        "CloudWatch: metrics from EMF logs, events of alarms",
        "not simulated",
        "docs/adr/0002",
    ),
    Line("KMS: encryption of queues, topics, logs", "not simulated", "grants are checked on templates, tests/stacks"),
    Line(
        "HTTP APIs: unsigned calls reach the API of any account",
        "simulated",
        "API Gateway Developer Guide, publish HTTP APIs",
        "local/http_apis.py",
    ),
    Line(
        "Slack: Web API, limits of messages and views",
        "simulated",
        "docs.slack.dev; slackapi/bolt-js issue 2509",
        "local/slack.py, local/slack_limits.py",
    ),
    Line(
        "Slack: signed commands, clicks and views; response_url, trigger ids",
        "simulated",
        "docs.slack.dev, verifying requests; handling user interaction",
        "local/slack_out.py, local/slack_hooks.py, local/slack_views.py",
    ),
    Line("Slack: select menus, dates, files, Events API, scopes", "not simulated", "Yagura uses none of them"),
    Line("PagerDuty: Events API v2", "simulated", "developer.pagerduty.com, send an alert event", "local/pagerduty.py"),
    Line("PagerDuty: throttling by itself, change events, webhooks", "not simulated", "429 on demand only"),
    Line(
        "Security Hub: ASFF findings, import, filters, updates with their event, workflow resets, history",
        "simulated",
        "Security Hub User Guide, BatchImportFindings, BatchUpdateFindings, workflow status; API reference; botocore",
        "local/securityhub_cspm.py, local/securityhub_rules.py, local/securityhub_filters.py",
    ),
    Line(
        "Security Hub: OCSF findings, GetFindingsV2, BatchUpdateFindingsV2 with their event",
        "simulated",
        "API reference; botocore; what an import leaves of a customer's update is inferred from ASFF, and the error "
        "where it is not enabled from the model",
        "local/securityhub_v2.py",
    ),
    Line(
        "Security Hub: rates, and IAM down to ASFFSyntaxPath and OCSFSyntaxPath",
        "simulated",
        "API reference, Welcome; Service Authorization Reference, Security Hub",
        "local/securityhub_limits.py, local/securityhub_access.py",
    ),
    Line(
        "Security Hub: administrators, linked Regions, standards, insights, custom actions, rules, retention",
        "not simulated",
        "an account has what is imported into it; its root stands for AWS services and administrators that import",
    ),
    Line("Security Hub: updates that take minutes, stale reads", "not simulated", "an update holds at once"),
    Line(
        "GitHub: REST API of issues and their comments, rate limits",
        "simulated",
        "docs.github.com, REST API endpoints for issues; troubleshooting the REST API",
        "local/github.py, local/github_issues.py, local/github_behave.py",
    ),
    Line(
        "GitHub: search, pull requests, cursors, scopes of tokens, secondary limits by themselves",
        "not simulated",
        "Yagura asks for none of them; secondary limits on demand only",
    ),
)
