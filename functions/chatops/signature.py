"""Slack's signature of a request: pure.

Source: docs.slack.dev, "Verifying requests from Slack": `v0=` and the hex HMAC-SHA256 of `v0:<timestamp>:<raw body>`
under the signing secret; a timestamp further than five minutes from now is refused, in either direction.
"""

import hashlib
import hmac

TYPE_CHECKING = False  # `typing` costs the acknowledging path 3 ms; type checkers know the name
if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW_SECONDS = 300
_LONGEST_TIMESTAMP = 12
"""Digits: until the year 33658."""


def fresh(timestamp: str, now_s: int) -> bool:
    """Whether `timestamp` is a number of seconds within the window around `now_s`; never an error."""
    # int() also takes blanks, signs, underscores and the digits of other scripts, and raises beyond 4300 digits.
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP):
        return False
    return abs(now_s - int(timestamp)) <= WINDOW_SECONDS


def verify(secrets: "Sequence[str]", timestamp: str, body: bytes, signature: str, now_s: int) -> bool:
    """Whether one of `secrets` has signed `body` (raw) at `timestamp`, and that is within the window.

    Takes as long for a wrong signature as for a right one. An empty secret signs nothing: everyone knows it.
    """
    if not fresh(timestamp, now_s):
        return False
    signed = b"v0:" + timestamp.encode() + b":" + body
    given = signature.encode(errors="replace")
    good = False
    for secret in secrets:
        expected = b"v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
        good |= hmac.compare_digest(expected, given) and bool(secret)
    return good
