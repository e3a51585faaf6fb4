"""`fleetctl local replay FILE...`: send recorded events, or bare findings, through the fleet."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.client import REGION, SPOKE, Event, send_aws_event
from local.errors import LocalCloudError
from local.process import Instance, require_running
from local.trace import Outcome, mark, outcomes

_MOST_BYTES = 1_000_000


def read_events(path: Path) -> list[Event]:
    """The events of a file: one event, one bare finding, or a list of them. Raises LocalCloudError with the file."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise LocalCloudError(f"{path}: larger than {_MOST_BYTES} bytes; an event has at most 256 KB")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise LocalCloudError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise LocalCloudError(f"{path}: is not JSON: {error}") from error
    listed = content if isinstance(content, list) else [content]
    return [_event(path, index, item) for index, item in enumerate(listed)]


def _event(path: Path, index: int, item: Any) -> Event:
    """An event as it is; a bare finding, in the envelope in which Security Hub would send it."""
    if not isinstance(item, dict):
        raise LocalCloudError(
            f"{path}[{index}]: found {type(item).__name__}; expected an event or a finding (an object)"
        )
    if "detail-type" in item and "detail" in item:
        return {"id": str(uuid.uuid4()), **item}
    if "SchemaVersion" in item or "ProductArn" in item:
        return envelope(item, "Security Hub Findings - Imported")
    if "class_uid" in item:
        return envelope(item, "Findings Imported V2")
    raise LocalCloudError(
        f"{path}[{index}]: neither an event (detail-type, detail) nor a finding (ProductArn of ASFF, class_uid of OCSF)"
    )


def envelope(finding: dict[str, Any], detail_type: str) -> Event:
    """A Security Hub event of the spoke with one finding."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.securityhub",
        "account": SPOKE,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [str(finding.get("Id") or "")],
        "detail": {"findings": [finding]},
    }


def replay(instance: Instance, events: list[Event], *, tick: Callable[[int, int], None]) -> list[Outcome]:
    """Send `events` to the spoke's default bus and wait for what becomes of them."""
    require_running(instance)
    since = mark(instance)
    foreign = [event.get("source") for event in events if not str(event.get("source", "")).startswith("aws.")]
    if foreign:
        raise LocalCloudError(f"source {foreign[0]!r}: only events of AWS services are replayed here")
    for event in events:
        send_aws_event(instance, SPOKE, event)
    return outcomes(instance, events, since, tick=tick)
