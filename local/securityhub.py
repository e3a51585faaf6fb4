"""A Security Hub that keeps findings and their workflow, for any client of the `securityhub` API.

Neither the emulator nor moto has a usable one. A request whose signature is scoped to `securityhub` comes here: it is
authenticated and authorized as the emulator's own services are (`securityhub_access.py`), held to the rates
(`securityhub_limits.py`), checked against botocore's model (`securityhub_model.py`), and answered from memory
(`securityhub_cspm.py` for ASFF, `securityhub_v2.py` for OCSF). Events go to the default bus of the account, as AWS
puts them there: User Guide, "EventBridge event formats": one finding in each event; `resources` is the product's ARN
and the finding's Id, in V2 its metadata.uid. Two events of one finding never bear the same second, which is all that
EventBridge's times have: on AWS seconds or minutes lie between a finding and what a customer makes of it.

For tests and the demo:
- `POST /_local/securityhub/ocsf` with `{"account", "region", "findings"}` imports OCSF findings, as AWS itself does;
- `POST /_local/securityhub/behave` makes it misbehave (`securityhub_behave.py`);
- `GET /_local/securityhub/calls` is every call, refused ones too; `findings` is what an account has, at no rate;
  `/_local/securityhub/` is a page for people.
"""

import contextvars
import json
import re
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import new_uuid

from local import journal, put_events, securityhub_access, securityhub_cspm, securityhub_page, securityhub_v2
from local.asgi import Receive, Scope, Send, header, query, read_body, send_json
from local.plain_page import send_page
from local.securityhub_behave import Behaviour
from local.securityhub_model import RefusedError, invalid, is_v2, model, operation_at, problems
from local.securityhub_store import Call, Hub, Hubs

type Json = dict[str, Any]

PREFIX = "/_local/securityhub/"
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/securityhub/aws4_request")
_KEPT = 5000

_OPERATIONS: dict[str, Callable[[Hub, Json, Call], Json]] = {
    "BatchImportFindings": securityhub_cspm.batch_import,
    "GetFindings": securityhub_cspm.get,
    "BatchUpdateFindings": securityhub_cspm.batch_update,
    "GetFindingHistory": securityhub_cspm.history,
    "DescribeHub": securityhub_cspm.describe,
    "GetFindingsV2": securityhub_v2.get,
    "BatchUpdateFindingsV2": securityhub_v2.batch_update,
    "DescribeSecurityHubV2": securityhub_v2.describe,
}


class UnfitAnswerError(Exception):
    """An answer of ours that AWS could not give: a fault of this fake."""


_hubs = Hubs()
_behaviour = Behaviour()
_calls: deque[Json] = deque(maxlen=_KEPT)


def meant(scope: Scope) -> bool:
    """Whether a request is signed for Security Hub."""
    return scope["type"] == "http" and bool(_SCOPE.search(header(scope, "authorization")))


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a call of the API."""
    body = await read_body(receive)
    # A context of its own: who calls must not be remembered for the next request on the connection.
    status, headers, answer = contextvars.copy_context().run(_answer, scope, body)
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": answer})


def _answer(scope: Scope, body: bytes) -> securityhub_access.Reply:
    request_id = new_uuid()
    account, region = securityhub_access.identify(scope, body)
    operation = operation_at(scope["method"], scope["path"])
    noted: Json = {
        "seq": (_calls[-1]["seq"] if _calls else 0) + 1,
        "at": time.time(),
        "account": account,
        "region": region,
        "operation": operation,
        "principal": securityhub_access.principal(scope),
        "findings": 0,
        "unprocessed": 0,
        "outcome": "ok",
    }
    _calls.append(noted)
    try:
        if operation not in _OPERATIONS:
            wanted = operation or f"{scope['method']} {scope['path']}"
            return _error(501, "UnknownOperationException", f"{wanted} is not simulated here", noted)
        answer = _called(_hubs.of(account, region), operation, scope, body, noted, request_id)
        return 200, {"content-type": "application/json", "x-amzn-requestid": request_id}, json.dumps(answer).encode()
    except securityhub_access.DeniedError as denied:
        noted["outcome"] = denied.code
        return denied.reply
    except RefusedError as refused:
        return _error(refused.status, refused.code, str(refused), noted)
    except UnfitAnswerError as unfit:
        return _error(500, "InternalException", str(unfit), noted)


def _error(status: int, code: str, message: str, noted: Json) -> securityhub_access.Reply:
    noted["outcome"] = code
    headers = {"content-type": "application/json", "x-amzn-errortype": code, "x-amzn-requestid": new_uuid()}
    return status, headers, json.dumps({"Code": code, "Message": message}).encode()


def _called(hub: Hub, operation: str, scope: Scope, body: bytes, noted: Json, request_id: str) -> Json:
    asked = _asked(operation, scope, body)
    noted["findings"] = _count(asked, "Findings", "FindingIdentifiers", "MetadataUids")
    if operation != "BatchImportFindings":  # whole findings would fill the memory
        noted["request"] = asked
    securityhub_access.authorize(operation, asked, scope, request_id)
    _behaviour.refuse(hub.account, hub.region, operation)
    for problem in securityhub_cspm.request_problems(operation, asked, model(operation).input_shape):
        raise invalid(operation, problem)
    call = Call(noted["principal"], _now(), _behaviour.spoiler(hub.account, operation))
    answer = _OPERATIONS[operation](hub, asked, call)
    noted["unprocessed"] = _count(answer, "UnprocessedFindings", "FailedFindings")
    if operation.startswith("Get"):
        noted["findings"] = _count(answer, "Findings", "Records")
    for problem in problems(model(operation).output_shape, answer, "answer"):
        raise UnfitAnswerError(f"the local Security Hub's answer to {operation} cannot be AWS's: {problem}")
    _publish(hub, call.echoes, v2=is_v2(operation))
    _behaviour.lose_answer(hub.account, operation)
    return answer


def _asked(operation: str, scope: Scope, body: bytes) -> Json:
    if not body:
        return dict(query(scope))
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise RefusedError("SerializationException", f"the body of {operation} is no JSON object")
    return asked


def _count(holder: Json, *names: str) -> int:
    listed = [holder.get(name) for name in names]
    return sum(len(each) for each in listed if isinstance(each, list))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _publish(hub: Hub, findings: list[Json], *, v2: bool) -> None:
    for finding in findings:
        resource = finding["metadata"]["uid"] if v2 else f"{finding['ProductArn']}/{finding['Id']}"
        record = {
            "EventId": new_uuid(),
            "Source": "aws.securityhub",
            "DetailType": "Findings Imported V2" if v2 else "Security Hub Findings - Imported",
            "Detail": json.dumps({"findings": [finding]}),
            "EventBusName": "default",
            "Time": hub.second_for(resource, int(time.time())),
            "Resources": [resource],
            "Account": hub.account,
            "Region": hub.region,
            journal.CAME_BY: {"service": "aws.securityhub"},
        }
        put_events.accept(record, hub.account, hub.region)


async def serve_local(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a call of a test or of the demo."""
    path, body = scope["path"].removeprefix(PREFIX), await read_body(receive)
    if not path:
        await send_page(send, "Security Hub", securityhub_page.listing(_hubs.everywhere()))
        return
    answer = _LOCAL.get(path)
    if answer is None:
        await send_json(send, 404, {"error": f"{scope['path']}: no such route"})
        return
    try:
        told = answer(json.loads(body) if body else query(scope))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        await send_json(send, 400, {"error": f"{path}: {error}"})
        return
    await send_json(send, 200, told)


def _behave(asked: Json) -> Json:
    _behaviour.wish(asked)
    return _behaviour.told()


def _import_ocsf(asked: Json) -> Json:
    hub = _hubs.of(asked["account"], asked["region"])
    call = Call("securityhub.amazonaws.com", _now())
    uids = securityhub_v2.import_ocsf(hub, asked["findings"], call)
    _publish(hub, call.echoes, v2=True)
    return {"uids": uids}


def _calls_since(asked: Json) -> Json:
    since, account = int(asked.get("since") or 0), asked.get("account") or ""
    return {"calls": [each for each in _calls if each["seq"] > since and account in {"", each["account"]}]}


def _findings(asked: Json) -> Json:
    hub = _hubs.of(asked["account"], asked["region"])
    return {
        "asff": [each.finding for each in hub.findings.values()],
        "ocsf": [each.finding for each in hub.ocsf.values()],
    }


_LOCAL: dict[str, Callable[[Json], Json]] = {
    "behave": _behave,
    "ocsf": _import_ocsf,
    "calls": _calls_since,
    "findings": _findings,
}
