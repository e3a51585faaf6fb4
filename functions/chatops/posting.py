"""One JSON document to one address, without retries and without following redirects: the outbox tries again."""

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

_MOST_ANSWER = 64 * 1024


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    retry_after_ms: int


class UnreachableError(Exception):
    """No answer; `unclear`: the request may have arrived all the same."""

    def __init__(self, why: str, *, unclear: bool) -> None:
        super().__init__(why)
        self.why, self.unclear = why, unclear


def post_json(url: str, document: object, *, timeout: float = 10) -> Answer:
    """POST `document` to `url`. Raises UnreachableError."""
    address = urlsplit(url)
    connection = (HTTPSConnection if address.scheme == "https" else HTTPConnection)(
        address.hostname or "", address.port, timeout=timeout
    )
    sent = False
    try:
        connection.connect()
        sent = True
        target = address.path + (f"?{address.query}" if address.query else "")
        headers = {"Content-Type": "application/json; charset=utf-8"}
        connection.request("POST", target or "/", json.dumps(document).encode(), headers)
        answer = connection.getresponse()
        text = answer.read(_MOST_ANSWER).decode(errors="replace")
    except (OSError, HTTPException, ValueError) as error:
        raise UnreachableError(type(error).__name__, unclear=sent) from error
    finally:
        connection.close()
    return Answer(answer.status, text, retry_after_ms(answer.getheader("Retry-After")))


def retry_after_ms(header: str | None) -> int:
    """`Retry-After` in ms, at most an hour; 0 if it is not a number of seconds."""
    text = (header or "").strip()
    return min(int(text), 3600) * 1000 if text.isascii() and text.isdigit() and len(text) < 10 else 0
