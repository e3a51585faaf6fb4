"""What API Gateway hands over, and what it is answered: pure.

The shape is that of an HTTP API (payload 2.0); a REST API's is understood too.
"""

import json
from binascii import Error, a2b_base64

OPERATOR_ROUTE = "POST /fleetctl"
TIMESTAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"
LONGEST_BODY = 100_000
"""Bytes. Slack's own are a tenth of it."""

_STATUS = {"too_large": 413, "timestamp": 401, "signature": 401, "no_identity": 403}
_FAILED = {"no_secret": 503, "secret_unreadable": 503, "not_taken": 500}

type Event = dict[str, object]


class UnfitError(Exception):
    """Nothing for the desk. `reason` is a slug to count by; `text` says which field and why, and quotes nothing."""

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(reason)
        self.reason, self.text = reason, text


def body(event: Event) -> bytes:
    """The raw body, as it was signed. Raises UnfitError if it is too long."""
    text = event.get("body")
    if not isinstance(text, str):
        return b""
    if len(text) > 2 * LONGEST_BODY:  # base64 makes four characters of three bytes
        raise UnfitError("too_large", f"the body: at most {LONGEST_BODY} bytes")
    try:
        raw = a2b_base64(text) if event.get("isBase64Encoded") else text.encode(errors="replace")
    except (Error, ValueError):
        return b""
    if len(raw) > LONGEST_BODY:
        raise UnfitError("too_large", f"the body: at most {LONGEST_BODY} bytes")
    return raw


def header(event: Event, name: str) -> str:
    """A header's value, its name in any case; empty if there is none."""
    headers = event.get("headers")
    if not isinstance(headers, dict):
        return ""
    return next((str(value) for key, value in headers.items() if str(key).lower() == name), "")


def principal(event: Event) -> str:
    """ARN of whom API Gateway's IAM authorizer let in. Raises UnfitError if it was not asked."""
    found: object = event
    for name in ("requestContext", "authorizer", "iam", "userArn"):
        found = found.get(name) if isinstance(found, dict) else None
    if not (isinstance(found, str) and found):
        raise UnfitError("no_identity")
    return found


def answer(status: int, body: str = "") -> Event:
    """What API Gateway sends back; `body` is JSON, and empty for Slack."""
    return {"statusCode": status, "headers": {"content-type": "application/json"} if body else {}, "body": body}


def refusal(unfit: UnfitError, *, operator: bool) -> Event:
    """What the sender learns. Slack's: that it failed, if the sender is Slack and may say it anew; never why.

    Of a verified request that is not for us, not even that: its sender may be a stranger.
    """
    status = (_STATUS | _FAILED).get(unfit.reason, 400 if operator else 200)
    return answer(status, json.dumps({"error": unfit.text or unfit.reason}) if operator else "")
