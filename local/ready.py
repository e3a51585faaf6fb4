"""A fleet that was just deployed, made ready: its secrets filled, and what was there before it summed up.

Until an account is summed up nobody is told of single problems (`functions/findings/baseline.py`). The sweep does that
within five minutes by itself; here nobody waits for it.
"""

import json
import time

from botocore.exceptions import ClientError

from local.client import HUB, SPOKE, client
from local.errors import LocalCloudError
from local.process import Instance
from local.slack_out import SIGNING_SECRET

_SWEEP = "yagura-findings-sweep"
_TRIES = 3
_SECRETS = (
    (HUB, "/yagura/slack/bot-token", "xoxb-local-demo"),
    (HUB, "/yagura/slack/signing-secret", SIGNING_SECRET),
    (SPOKE, "/yagura/github/token", "github_pat_0123456789abcdefghijkl"),
)
"""Account, name and value; any token of the right form will do for the fakes."""


def make_ready(instance: Instance) -> None:
    """Both."""
    fill_secrets(instance)
    take_baseline(instance)


def fill_secrets(instance: Instance) -> None:
    """What `fleetctl secrets set slack`, `slack-signing` and `github` do: secrets are deployed empty."""
    for account, name, value in _SECRETS:
        client(instance, "secretsmanager", account).put_secret_value(SecretId=name, SecretString=value)


def take_baseline(instance: Instance) -> None:
    """Have findings sweep once, if it is deployed and has not summed up its account yet. Raises LocalCloudError."""
    if _is_new(instance):
        sweep(instance)


def sweep(instance: Instance) -> None:
    """What findings' schedule does every five minutes: whatever is due. Raises LocalCloudError."""
    for _ in range(_TRIES):  # the schedule's own may be at work: one of two gives way
        answer = client(instance, "lambda", SPOKE).invoke(FunctionName=_SWEEP, Payload=b"{}")
        said = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" not in answer:
            return
        time.sleep(1)
    raise LocalCloudError(f"{_SWEEP} failed: {said}")


def _is_new(instance: Instance) -> bool:
    table = client(instance, "dynamodb", SPOKE)
    try:
        item = table.get_item(TableName="yagura-findings", Key={"pk": {"S": f"account#{SPOKE}"}}).get("Item", {})
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return str(item.get("done", {}).get("N", "0")) == "0"
