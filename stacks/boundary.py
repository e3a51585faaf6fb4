"""The permissions boundary: what no fleet role can do, whatever its own policy says."""

from aws_cdk import aws_iam as iam

from stacks.config.model import Account


def boundary_statements(account: Account) -> list[iam.PolicyStatement]:
    """The fleet's own resources of this account and Region, by name; nothing of IAM.

    A capability that needs more adds it here, in a diff that a reviewer sees.
    """
    place = f"{account.region}:{account.id}"

    def allow(sid: str, actions: list[str], resources: list[str]) -> iam.PolicyStatement:
        return iam.PolicyStatement(sid=sid, actions=actions, resources=resources)

    return [
        allow(
            "Tables",
            _each("dynamodb", "GetItem PutItem Query DescribeStream GetRecords GetShardIterator ListStreams"),
            [f"arn:aws:dynamodb:{place}:table/yagura-*"],
        ),
        allow(
            "Queues",
            _each("sqs", "SendMessage ReceiveMessage DeleteMessage GetQueueAttributes"),
            [f"arn:aws:sqs:{place}:yagura-*"],
        ),
        allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"arn:aws:logs:{place}:log-group:/yagura/*"]),
        allow("Buses", ["events:PutEvents"], ["arn:aws:events:*:*:event-bus/yagura"]),
        allow(
            "Parameters",
            _each("ssm", "GetParameters PutParameter DeleteParameter"),
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
