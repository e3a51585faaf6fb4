"""AWS for acknowledging paths: signed requests by the standard library, since a boto3 client costs 200 to 300 ms.

The signature is AWS's version 4 ("Create a signed AWS API request", IAM User Guide); test_sigv4.py holds it to
botocore's. Keys come from the environment, as Lambda sets it; they outlive the process that was given them.
"""

import hashlib
import hmac
import json
import os
import time

from fleet.wire import Connection, WireError, system_trust

TYPE_CHECKING = False  # `typing` costs the acknowledging path 3 ms; type checkers know the name
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from ssl import SSLContext
    from typing import Protocol

    from fleet.wire import Answer

    class Poster(Protocol):
        """What carries a request; `fleet.wire.Connection` does."""

        @property
        def authority(self) -> str:
            """The host header."""
            ...

        def post(self, path: str, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
            """Raises WireError."""
            ...


_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = {
    *("baggage", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
    *("traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id"),
}
"""Headers that may change on the way; the SDKs' list."""
_SET_HERE = {"authorization", "x-amz-date", "x-amz-security-token"}
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_RETRY_PAUSE_SECONDS = 0.05
_TOO_MANY, _SERVER_ERROR = 429, 500
_THROTTLES = {
    *("ThrottlingException", "Throttling", "ThrottledException", "RequestThrottled", "TooManyRequestsException"),
    *("ProvisionedThroughputExceededException", "RequestLimitExceeded"),
}
_SERVICES = {
    "dynamodb": ("AWS_ENDPOINT_URL_DYNAMODB", "1.0", "DynamoDB_20120810"),
    "sqs": ("AWS_ENDPOINT_URL_SQS", "1.0", "AmazonSQS"),
    "secretsmanager": ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "1.1", "secretsmanager"),
}
"""Where an endpoint may be set, version of the JSON protocol, prefix of the target."""


class AwsError(Exception):
    """AWS refused, or did not answer in time; then `status` is 0, and the work may have been done all the same."""

    def __init__(self, operation: str, code: str, status: int, message: str = "") -> None:
        # Of refused permissions the text names the action and the resource; of others it may quote the request.
        shown = f": {message}" if message and code.startswith("AccessDenied") else ""
        super().__init__(f"{operation} failed with {code} ({status}){shown}")
        self.operation, self.code, self.status = operation, code, status

    @property
    def condition_failed(self) -> bool:
        """Whether the item was not as the condition demands: nothing was written."""
        return self.code == "ConditionalCheckFailedException"

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed a moment later."""
        return self.status in (0, _TOO_MANY) or self.status >= _SERVER_ERROR or self.code in _THROTTLES


class Credentials:
    """Keys of a role or a user; `token` is empty for a user's."""

    __slots__ = ("access_key", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str = "") -> None:
        self.access_key, self.secret_key, self.token = access_key, secret_key, token


def sign(
    credentials: Credentials,
    *,
    method: str,
    path: str,
    query: str = "",
    headers: "Mapping[str, str]",
    body: bytes,
    service: str,
    region: str,
    timestamp: str,
) -> dict[str, str]:
    """`headers` and those that sign the request. They must hold the host.

    `path` and `query` are as in the URL (encoded); `timestamp` is like `20261123T235959Z`.
    """
    signed = {name: value for name, value in headers.items() if name.lower() not in _SET_HERE}
    signed["X-Amz-Date"] = timestamp
    if credentials.token:
        signed["X-Amz-Security-Token"] = credentials.token
    canonical = {
        name.strip().lower(): " ".join(value.split()) for name, value in signed.items() if name.lower() not in _UNSIGNED
    }
    names = ";".join(sorted(canonical))
    request = "\n".join(
        [
            method.upper(),
            _canonical_path(path),
            "&".join("=".join(pair) for pair in sorted(_pairs(query))),
            *(f"{name}:{canonical[name]}" for name in sorted(canonical)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join([_ALGORITHM, timestamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = f"SignedHeaders={names}, Signature={key.hex()}"
    return {**signed, "Authorization": f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, {signature}"}


def _canonical_path(path: str) -> str:
    """Without dot segments and doubled slashes, encoded once more: all services but S3 want it so."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    whole = "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in whole.encode())


def _pairs(query: str) -> list[tuple[str, str]]:
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    return [(name, value) for name, _, value in pairs]


class Aws:
    """The few calls that an acknowledging path makes. Each raises AwsError; `deadline` is by `time.monotonic`."""

    def __init__(
        self,
        environment: "Mapping[str, str]" = os.environ,
        *,
        connect: "Callable[[str, int, SSLContext | None], Poster]" = Connection,
        now: "Callable[[], float]" = time.time,
    ) -> None:
        self._region = environment["AWS_REGION"]
        self._credentials = Credentials(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment.get("AWS_SESSION_TOKEN", ""),
        )
        self._now = now
        self._connections: dict[str, Poster] = {}
        tls = None
        for service, (variable, _, _) in _SERVICES.items():
            url = environment.get(variable) or environment.get("AWS_ENDPOINT_URL")
            encrypted, host, port = _address(url or f"https://{service}.{self._region}.amazonaws.com")
            # Here, since every cold start needs it and nobody waits yet.
            tls = tls or (system_trust() if encrypted else None)
            self._connections[service] = connect(host, port, tls if encrypted else None)

    def put_item(
        self,
        table: str,
        item: "Mapping[str, str | int]",
        *,
        condition: str,
        values: "Mapping[str, str | int] | None" = None,
        deadline: float,
    ) -> None:
        """Write an item if `condition` holds; see `AwsError.condition_failed`."""
        request: dict[str, object] = {"TableName": table, "Item": _attributes(item), "ConditionExpression": condition}
        if values:
            request["ExpressionAttributeValues"] = _attributes(values)
        self._call("dynamodb", "PutItem", request, deadline)

    def delete_item(
        self,
        table: str,
        key: "Mapping[str, str]",
        *,
        condition: str,
        values: "Mapping[str, str | int]",
        deadline: float,
    ) -> None:
        """Delete an item if `condition` holds."""
        request = {
            "TableName": table,
            "Key": _attributes(key),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": _attributes(values),
        }
        self._call("dynamodb", "DeleteItem", request, deadline)

    def send_message(self, queue_url: str, body: str, *, deadline: float) -> None:
        """Put a message on a queue; rarely twice, since an answer that is lost is not a message that is."""
        self._call("sqs", "SendMessage", {"QueueUrl": queue_url, "MessageBody": body}, deadline)

    def get_secret_value(self, name: str, *, stage: str = "AWSCURRENT", deadline: float) -> str | None:
        """A secret's text in one stage; None if there is no such secret or stage, or it is empty."""
        try:
            answer = self._call("secretsmanager", "GetSecretValue", {"SecretId": name, "VersionStage": stage}, deadline)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        return str(answer.get("SecretString") or "") or None

    def _call(
        self, service: str, operation: str, request: "Mapping[str, object]", deadline: float
    ) -> dict[str, object]:
        body = json.dumps(request).encode()
        try:
            return self._attempt(service, operation, body, deadline)
        except AwsError as error:
            if not error.may_pass or time.monotonic() + _RETRY_PAUSE_SECONDS >= deadline:
                raise
        time.sleep(_RETRY_PAUSE_SECONDS)
        return self._attempt(service, operation, body, deadline)

    def _attempt(self, service: str, operation: str, body: bytes, deadline: float) -> dict[str, object]:
        _, version, prefix = _SERVICES[service]
        connection = self._connections[service]
        host = connection.authority
        headers = sign(
            self._credentials,
            method="POST",
            path="/",
            headers={
                "host": host,
                "content-type": f"application/x-amz-json-{version}",
                "x-amz-target": f"{prefix}.{operation}",
            },
            body=body,
            service=service,
            region=self._region,
            timestamp=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now())),
        )
        del headers["host"]  # the connection sends it
        try:
            answer = connection.post("/", headers, body, deadline)
        except WireError as error:
            raise AwsError(operation, "NoAnswer", 0) from error
        found = _object(answer.body)
        if answer.status == 200:
            return found
        code = str(found.get("__type") or answer.headers.get("x-amzn-errortype") or "Unknown")
        message = str(found.get("message") or found.get("Message") or "")
        raise AwsError(operation, code.rpartition("#")[2].partition(":")[0], answer.status, message)


def _address(url: str) -> tuple[bool, str, int]:
    """Whether it is encrypted, host and port; AWS's endpoints have no path."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition("/")[0].partition(":")
    if scheme not in ("http", "https") or not host:
        raise ValueError(f"{url!r} is not an endpoint; expected https://host or http://host:port")
    return scheme == "https", host, int(port) if port else (443 if scheme == "https" else 80)


def _attributes(item: "Mapping[str, str | int]") -> dict[str, dict[str, str]]:
    return {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in item.items()}


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
