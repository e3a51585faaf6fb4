"""Events of AWS services: `POST /_local/aws-events`.

PutEvents refuses every source that begins with `aws.` (NotAuthorizedForSourceException, on AWS as here), so an event
of Security Hub cannot be had by an API call. On AWS the service puts it on the default bus of the account and Region;
no bus policy is asked. An event's own `id` and `time` are kept: AWS delivers at least once, so the same id may come
twice. Body: `{"account": "222222222222", "region": "us-east-1", "events": [<EventBridge event>, ...]}`.
"""

import json
import re
from typing import Any

from ministack.core.responses import new_uuid

from local import journal
from local.asgi import Receive, Scope, Send, read_body, send_json
from local.put_events import accept, epoch

_ACCOUNT = re.compile(r"\d{12}")


async def serve(_scope: Scope, receive: Receive, send: Send) -> None:
    """Publish, or say what is wrong with the request and publish nothing."""
    try:
        request = json.loads(await read_body(receive))
        records = [_record(event, request) for event in _events(request)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        await send_json(send, 400, {"error": f"/_local/aws-events: {error}"})
        return
    for record in records:
        accept(record, request["account"], request["region"])
    await send_json(send, 200, {"ids": [record["EventId"] for record in records]})


def _events(request: dict[str, Any]) -> list[dict[str, Any]]:
    if not _ACCOUNT.fullmatch(str(request.get("account", ""))):
        raise ValueError('"account" must be a string of 12 digits')
    if not request.get("region"):
        raise ValueError('"region" is missing')
    events = request.get("events")
    if not isinstance(events, list) or not events:
        raise ValueError('"events" must be a list of EventBridge events')
    return events


def _record(event: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    if not str(event.get("source", "")).startswith("aws."):
        raise ValueError(f"source {event.get('source')!r}: only AWS services publish here; use PutEvents")
    if not event.get("detail-type") or not isinstance(event.get("detail"), dict):
        raise ValueError('an event needs a "detail-type" and a "detail" object')
    return {
        "EventId": event.get("id") or new_uuid(),
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "EventBusName": "default",
        "Time": epoch(event.get("time")),
        "Resources": event.get("resources") or [],
        "Account": request["account"],
        "Region": request["region"],
        journal.CAME_BY: {"service": event["source"]},
    }
