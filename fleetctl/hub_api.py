"""The hub's HTTP API: a command goes in, signed by whoever asks (SigV4), and the id of its delivery comes back."""

import json
import time
import uuid
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.httpsession import URLLib3Session

from fleetctl.callers import Caller
from fleetctl.mrkdwn import harmless

NAME = "yagura-chatops"
_SECONDS = 10
_ATTEMPTS = 3
_TAKEN, _REFUSED, _UNKNOWN, _BUSY, _THEIRS = {200, 202}, 403, 404, 429, 500
"""HTTP's statuses; from the last on, the fault is not ours."""
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class HubApiError(Exception):
    """The command did not get through; the text says why, for people."""


def find_api(caller: Caller, given: str | None) -> str:
    """The address of `POST /fleetctl`: under `given`, else the API with our name. Raises HubApiError."""
    if given is not None:
        parts = urlsplit(given)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise HubApiError(f"{given} is no https:// address: what you ask is signed, and not for everybody to read")
        return f"{given.rstrip('/')}/fleetctl"
    for page in caller.connect("apigatewayv2").get_paginator("get_apis").paginate():
        for api in page["Items"]:
            if api["Name"] == NAME:
                base = f"{caller.gateway}{api['ApiId']}/$default" if caller.gateway else api["ApiEndpoint"]
                return f"{base.rstrip('/')}/fleetctl"
    raise HubApiError(f"the hub has no HTTP API {NAME}: deploy chatops there first, or give its address as --api")


def ask(caller: Caller, address: str, text: str) -> str:
    """Hand in the command `text`; returns the id of the delivery. Raises HubApiError.

    Asked again with the same id it is the same delivery, so an answer that was lost does no harm.
    """
    body = json.dumps({"id": str(uuid.uuid4()), "text": text}).encode()
    session = URLLib3Session(timeout=_SECONDS)
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(attempt)
        request = AWSRequest("POST", address, headers={"content-type": "application/json"}, data=body)
        try:
            SigV4Auth(caller.credentials, "execute-api", caller.region).add_auth(request)
            answer = session.send(request.prepare())
        except (HTTPClientError, BotoCoreError) as error:
            failure = HubApiError(f"{address} cannot be reached: {error}")
            continue
        if answer.status_code != _BUSY and answer.status_code < _THEIRS:
            return _delivery(answer.status_code, answer.content, caller)
        failure = HubApiError(f"the hub's API is busy or broken: it answered {answer.status_code}")
    raise failure


def _delivery(status: int, content: bytes, caller: Caller) -> str:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    said = found if isinstance(found, dict) else {}
    if status in _TAKEN and isinstance(said.get("id"), str):
        return str(said["id"])
    why = {
        _REFUSED: f"you ({caller.arn}) may not call it: IAM must allow you execute-api:Invoke on POST /fleetctl",
        _UNKNOWN: "there is no POST /fleetctl at that address",
    }.get(
        status, f"it answered {status} {harmless(str(said.get('error') or said.get('message') or ''))[:200]}".rstrip()
    )
    raise HubApiError(f"the hub's API did not take it: {why}")
