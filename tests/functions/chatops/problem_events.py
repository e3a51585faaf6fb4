"""The events of findings, as a fleet of today sends them."""

from typing import Any

import msgspec

from fleet.events.envelope import Received, receive
from fleet.events.findings import (
    AboutProblem,
    FindingChanged,
    FindingOpened,
    FindingOverdue,
    FindingsSummarized,
    FindingSuppressed,
    SuppressionExpiring,
)
from functions.chatops.problem_message import Said, said
from functions.chatops.routes import Routing
from functions.chatops.standing import BETWEEN, REVISIONS_FROM
from tests.functions.chatops.office import ROUTING, event, finding_data

ROUTES = msgspec.convert(ROUTING, Routing)
OPENED_AT = 1_772_442_912_000
"""2026-03-02 09:15:12 UTC."""
DAY_MS = 24 * 3_600_000
MINUTE = 60_000
ARN = "arn:aws:s3:::clinic-staging-intake-forms"
_MORE: dict[type[AboutProblem], dict[str, Any]] = {
    FindingChanged: {"was_severity": "HIGH", "was_team": "front-door", "was_service": "intake"},
    FindingOverdue: {"stage": "overdue", "due": OPENED_AT},
    FindingSuppressed: {
        "by": "request:r-0a1b2c3d4e",
        "until": OPENED_AT + 30 * DAY_MS,
        "reason": "the bucket is public by design",
        "requester": "aiko",
        "approver": "ben",
    },
    SuppressionExpiring: {"until": OPENED_AT + 7 * DAY_MS, "by": "rule:public-sites", "requester": "aiko"},
}


def about(
    kind: type[AboutProblem] = FindingOpened,
    revision: int = 1,
    problem: str = "p1",
    *,
    time: int = OPENED_AT,
    meta: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """An event about a problem, from the hub's bus."""
    data = finding_data(problem, **({"revision": revision} | _MORE.get(kind, {}) | changes))
    return event(kind, data, f"{problem}-{revision}-{kind.__name__}", **({"time": time} | (meta or {})))


def summarized(account: str = "111122223333", *, meta: dict[str, Any] | None = None, **changes: Any) -> str:
    """What one account has to tell of a team's day."""
    data = {"kind": "digest", "day": "2026-03-02", "account": account, "region": "eu-west-1"} | changes
    whose = {"time": OPENED_AT, "account": account, "service": "", "environment": ""}
    return event(FindingsSummarized, data, f"digest-{account}", **(whose | (meta or {})))


def word(kind: type[AboutProblem] = FindingOpened, revision: int = 1, **changes: Any) -> Said:
    """What such an event says."""
    received: Received[Any] = receive(kind, about(kind, revision, **changes))
    return said(received, ROUTES)


def version(revision: int) -> int:
    """Of the messages and pages about a problem."""
    return (REVISIONS_FROM + revision) * BETWEEN
