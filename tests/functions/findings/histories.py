"""Histories of one problem as Hypothesis draws them, what must become of them, and events that tell them."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from functions.findings.decision import Law, taken
from functions.findings.finding import UPDATED_BY, Finding, Seen, Status, note_of
from functions.findings.history import Report
from functions.findings.problem import Problem
from tests.functions.findings.laws import FIRST, NOW

OPEN, SUPPRESSED, RESOLVED, GONE = Status.OPEN, Status.SUPPRESSED, Status.RESOLVED, Status.GONE
TERMS = "until 2026-06-01 by request:r1"
OURS = note_of(TERMS, "ada asked, grace agreed): known")

V2: Finding = msgspec.structs.replace(
    FIRST, form="ocsf", product="arn:aws:securityhub:eu-west-1::productv2/aws/securityhub"
)
OTHER: Finding = msgspec.structs.replace(FIRST, finding_id=FIRST.finding_id.replace("0b6f3f0e", "1c7a4a1f"))
COPIES = (FIRST, V2, OTHER)
"""One failure in both schemas, and as another finding of the same control."""

type Take = Callable[[Problem | None, Seen, Law, bool], Problem | None]


def seen_at(
    updated_at: int,
    event_time: int,
    status: Status,
    *,
    title: str = "t",
    event_id: str = "e",
    copy: int = 0,
    ours: bool = False,
) -> Seen:
    terms = TERMS if ours else ""
    changed = msgspec.structs.replace(COPIES[copy], updated_at=updated_at, status=status, title=title, terms=terms)
    return Seen(finding=changed, event_id=event_id, event_time=event_time)


# Few times, so that equal ones are common: a workflow-only change leaves `updated_at` as it was.
seens = st.builds(
    seen_at,
    updated_at=st.integers(1, 4),
    event_time=st.integers(1, 4),
    status=st.sampled_from(Status),
    title=st.sampled_from(["t", "u"]),
    event_id=st.sampled_from(["e1", "e2"]),
    copy=st.integers(0, 2),
    ours=st.booleans(),
)


@st.composite
def two_orders(draw: st.DrawFn) -> tuple[list[Seen], list[Seen]]:
    """The same events twice, each time in an order and multiplicity of its own."""
    events = draw(st.lists(seens, min_size=1, max_size=6))
    again = st.lists(st.sampled_from(events), max_size=3)
    return draw(st.permutations([*events, *draw(again)])), draw(st.permutations([*events, *draw(again)]))


def take(known: Problem | None, seen: Seen, law: Law, quiet: bool) -> Problem | None:
    return taken(known, seen, law, NOW, quiet=quiet)


def fold(take: Take, events: Sequence[Seen], law: Law, *, quiet: bool = False) -> Problem:
    """What the table remembers in the end."""
    problem: Problem | None = None
    for seen in events:
        problem = take(problem, seen, law, quiet) or problem
    assert problem is not None
    return problem


class Past(NamedTuple):
    """What happened to a problem, worked out the slow way."""

    changes: list[tuple[int, Status, str]]
    words: dict[str, Seen]
    """The last of each finding."""

    @property
    def status(self) -> Status:
        return self.changes[-1][1]


def past_of(events: Sequence[Seen]) -> Past:
    """Every distinct event in the order in which things were so; each finding has its say until its next one."""
    distinct = {Report.of(seen): seen for seen in events}
    words: dict[str, Seen] = {}
    changes: list[tuple[int, Status, str]] = []
    for report, seen in sorted(distinct.items()):
        words[report.copy] = seen
        said = {_said(word) for word in words.values()}
        now = next(status for status in (OPEN, SUPPRESSED, RESOLVED, GONE) if status in said)
        if not changes or changes[-1][1] is not now:
            changes.append((report.at, now, seen.event_id))
    return Past(changes, words)


def _said(seen: Seen) -> Status:
    """The fleet's own suppression, come back as an event, says nothing of the world."""
    found = seen.finding
    return OPEN if found.ours and found.status is SUPPRESSED else found.status


def assert_order_does_not_matter(
    take: Take, first: Sequence[Seen], second: Sequence[Seen], law: Law, *, quiet: bool = False
) -> None:
    """The property: both orders leave the same problem, and it is what the events, put in order, add up to."""
    left, right = fold(take, first, law, quiet=quiet), fold(take, second, law, quiet=quiet)
    assert left == right
    past = past_of(first)
    assert [tuple(msgspec.to_builtins(change)) for change in left.history.changes()] == past.changes
    assert left.copies == {key: word.finding for key, word in past.words.items()}
    openings = [at for at, status, _ in past.changes if status is OPEN]
    closings = [at for at, status, _ in past.changes if status in (RESOLVED, GONE)]
    assert (left.state.openings, left.state.opened, left.state.closed) == (
        len(openings),
        max(openings, default=0),
        max(closings, default=0),
    )
    leased = any(rule.suppress for rule in law.judge.policy.rules)
    assert left.state.status is (SUPPRESSED if leased and past.status is OPEN else past.status)
    assert left.quiet is (quiet and all(status is not OPEN for _, status, _ in past.changes[1:]))


_ASFF = {
    OPEN: ("FAILED", "NEW", "ACTIVE"),
    SUPPRESSED: ("FAILED", "SUPPRESSED", "ACTIVE"),
    RESOLVED: ("PASSED", "RESOLVED", "ACTIVE"),
    GONE: ("FAILED", "NEW", "ARCHIVED"),
}
_OCSF = {OPEN: (1, "Fail", 1), SUPPRESSED: (2, "Fail", 3), RESOLVED: (2, "Pass", 4), GONE: (3, "Fail", 1)}
_SEVERITIES = ("", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")


def event_of(seen: Seen) -> str:
    """An event of Security Hub that brings `seen`."""
    found = seen.finding
    asff = found.form == "asff"
    envelope: dict[str, Any] = {
        "version": "0",
        "id": seen.event_id,
        "source": "aws.securityhub",
        "detail-type": "Security Hub Findings - Imported" if asff else "Findings Imported V2",
        "account": found.account,
        "region": found.region,
        "time": _iso(seen.event_time),
        "resources": [],
        "detail": {"findings": [_asff(found) if asff else _ocsf(found)]},
    }
    return json.dumps(envelope)


def _asff(found: Finding) -> dict[str, Any]:
    compliance, workflow, record = _ASFF[found.status]
    return {
        "SchemaVersion": "2018-10-08",
        "Id": found.finding_id,
        "ProductArn": found.product,
        "GeneratorId": f"security-control/{found.control}",
        "AwsAccountId": found.account,
        "Region": found.region,
        "CreatedAt": _iso(found.created_at),
        "UpdatedAt": _iso(found.updated_at),
        "Title": found.title,
        "Description": "",
        "Severity": {"Label": found.severity},
        "Compliance": {"Status": compliance, "SecurityControlId": found.control},
        "Workflow": {"Status": workflow},
        "RecordState": record,
        "Note": {"Text": OURS, "UpdatedBy": UPDATED_BY, "UpdatedAt": _iso(found.updated_at)} if found.ours else None,
        "Resources": [{"Type": found.resource_type, "Id": found.resource, "Tags": found.tags}],
    }


def _ocsf(found: Finding) -> dict[str, Any]:
    activity, check, status = _OCSF[found.status]
    return {
        "class_uid": 2003,
        "activity_id": activity,
        "status_id": status,
        "severity_id": _SEVERITIES.index(found.severity),
        "time": found.updated_at,
        "cloud": {"account": {"uid": found.account}, "region": found.region},
        "compliance": {"control": found.control, "status": check},
        "comment": OURS if found.ours else None,
        "finding_info": {
            "uid": found.finding_id,
            "title": found.title,
            "created_time": found.created_at,
            "modified_time": found.updated_at,
        },
        "metadata": {"product": {"uid": found.product}},
        "resources": [
            {
                "type": "AWS::S3::Bucket",
                "uid": found.resource,
                "tags": [{"name": name, "value": value} for name, value in found.tags.items()],
            }
        ],
    }


def _iso(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03}Z"
