"""The permissions boundary: what no fleet role can do, whatever its own policy says."""

from aws_cdk import aws_iam as iam

from stacks.config.model import Account
from stacks.names import REDRIVE_TAG


def boundary_statements(account: Account) -> list[iam.PolicyStatement]:
    """The fleet's own resources of this account and Region, by name; nothing of IAM.

    A capability that needs more adds it here, in a diff that a reviewer sees.
    """
    place = f"{account.region}:{account.id}"
    opened = {"Null": {f"aws:ResourceTag/{REDRIVE_TAG}": "false"}}

    def allow(sid: str, actions: list[str], resources: list[str]) -> iam.PolicyStatement:
        return iam.PolicyStatement(sid=sid, actions=actions, resources=resources)

    return [
        allow(
            "Tables",
            [
                *_each("dynamodb", "GetItem PutItem DeleteItem ConditionCheckItem BatchGetItem Query"),
                *_each("dynamodb", "DescribeStream GetRecords GetShardIterator ListStreams"),
            ],
            [f"arn:aws:dynamodb:{place}:table/yagura-*"],
        ),
        allow(
            "Queues",
            _each("sqs", "SendMessage ReceiveMessage DeleteMessage GetQueueAttributes"),
            [f"arn:aws:sqs:{place}:yagura-*"],
        ),
        iam.PolicyStatement(
            sid="OpenedQueues",
            actions=[
                *_each("sqs", "SendMessage ReceiveMessage DeleteMessage ChangeMessageVisibility GetQueueUrl"),
                *_each("sqs", "GetQueueAttributes ListQueueTags ListDeadLetterSourceQueues"),
            ],
            resources=[f"arn:aws:sqs:{place}:*"],
            conditions=opened,
        ),
        iam.PolicyStatement(
            sid="OpenedFunctions",
            actions=["lambda:InvokeFunction", "lambda:ListTags"],
            resources=[f"arn:aws:lambda:{place}:function:*"],
            conditions=opened,
        ),
        allow("Rules", ["events:ListTargetsByRule"], [f"arn:aws:events:{place}:rule/*"]),
        allow("Tags", ["tag:GetResources"], ["*"]),
        allow(
            "SecurityHub",
            _each("securityhub", "GetFindings BatchUpdateFindings"),
            [f"arn:aws:securityhub:{place}:hub/default", f"arn:aws:securityhub:{place}:hubv2/*"],
        ),
        allow("Roles", ["sts:AssumeRole"], ["arn:aws:iam::*:role/yagura/*"]),
        allow(
            "Anchors",
            _each("s3", "PutObject GetObjectVersion ListBucketVersions"),
            ["arn:aws:s3:::yagura-audit-*"],
        ),
        allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"arn:aws:logs:{place}:log-group:/yagura/*"]),
        allow("Buses", ["events:PutEvents"], ["arn:aws:events:*:*:event-bus/yagura"]),
        allow(
            "Parameters",
            _each("ssm", "GetParameters GetParametersByPath PutParameter DeleteParameters"),
            [f"arn:aws:ssm:{place}:parameter/yagura/*"],
        ),
        allow("Secrets", ["secretsmanager:GetSecretValue"], [f"arn:aws:secretsmanager:{place}:secret:/yagura/*"]),
        allow(
            "Key",
            _each("kms", "Decrypt Encrypt GenerateDataKey DescribeKey"),
            [f"arn:aws:kms:{place}:key/*"],
        ),
    ]


def _each(service: str, actions: str) -> list[str]:
    return [f"{service}:{action}" for action in actions.split()]
