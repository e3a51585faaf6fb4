"""Names by convention: stacks, accounts and operators find each other by these, not by CloudFormation exports."""

from stacks.config.model import Account

BUS = "yagura"
KEY_PARAMETER = "/yagura/key-arn"
"""Where the account's one customer-managed key is found, if fleet.yaml asks for one."""
ALARM_TOPIC = "yagura-alarms"
"""Name of the topic: whoever made it, stacks find each other by convention, not by exports."""
REDRIVE_TAG = "yagura:redrive"
"""On queues: `dead-letters` may be shown and sent back by `/yagura queues`, `target` may get messages back."""
EXECUTORS = {"operations": "work", "findings": "work"}
"""Capability and entry of the functions that carry out what people granted: only they can claim a request."""


def bus_arn(account: Account) -> str:
    """The fleet bus of an account."""
    return f"arn:aws:events:{account.region}:{account.id}:event-bus/{BUS}"


def role_name(account: Account, capability: str, entry: str) -> str:
    """Names of roles are global in an account, so the Region is in them; the bus policy goes by them."""
    return f"yagura-{account.region}-{capability}-{entry}"


def boundary_name(account: Account) -> str:
    """The permissions boundary of every fleet role in this account and Region."""
    return f"yagura-boundary-{account.region}"


def role_arn(account_id: str, name: str) -> str:
    """A fleet role; `name` may hold `*`."""
    return f"arn:aws:iam::{account_id}:role/yagura/{name}"


def archive_bucket(account: Account) -> str:
    """The bucket of audit anchors; names of buckets are global."""
    return f"yagura-audit-{account.id}-{account.region}"
