"""One HTTP request to one address, without retries and without following redirects: whoever sends it tries again."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

MOST_ANSWER = 64 * 1024
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    retry_after_ms: int
    headers: Mapping[str, str] = _NO_HEADERS
    """Names in lower case."""


class UnreachableError(Exception):
    """No answer; `unclear`: the request may have arrived all the same."""

    def __init__(self, why: str, *, unclear: bool) -> None:
        super().__init__(why)
        self.why, self.unclear = why, unclear


def post_json(url: str, document: object, *, timeout: float = 10) -> Answer:
    """POST `document` to `url`. Raises UnreachableError."""
    return send("POST", url, document, timeout=timeout)


def send(
    method: str,
    url: str,
    document: object = None,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    timeout: float = 10,
    most: int = MOST_ANSWER,
) -> Answer:
    """Send a request, with `document` as JSON unless it is None. Raises UnreachableError.

    `timeout` is in seconds, for each wait; of a longer answer only the first `most` bytes are read. Whatever stands in
    `headers` must be fit for a header: the error of one that is not would quote it.
    """
    address = urlsplit(url)
    connection = (HTTPSConnection if address.scheme == "https" else HTTPConnection)(
        address.hostname or "", address.port, timeout=timeout
    )
    sent = False
    try:
        connection.connect()
        sent = True
        target = address.path + (f"?{address.query}" if address.query else "")
        kind = {} if document is None else {"Content-Type": "application/json; charset=utf-8"}
        body = None if document is None else json.dumps(document).encode()
        connection.request(method, target or "/", body, {**kind, **headers})
        answer = connection.getresponse()
        text = answer.read(most).decode(errors="replace")
    except (OSError, HTTPException, ValueError) as error:
        raise UnreachableError(type(error).__name__, unclear=sent) from error
    finally:
        connection.close()
    found = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(answer.status, text, retry_after_ms(found.get("retry-after")), found)


def retry_after_ms(header: str | None) -> int:
    """`Retry-After` in ms, at most an hour; 0 if it is not a number of seconds."""
    text = (header or "").strip()
    return min(int(text), 3600) * 1000 if text.isascii() and text.isdigit() and len(text) < 10 else 0
