"""Histories of one problem as Hypothesis draws them, and what must be true of how they are told."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import strategies as st

from fleet.catalogue import Owner
from fleet.items import from_dynamodb
from functions.findings.finding import Finding, Seen, Status
from functions.findings.problem import Decision, Here, Problem
from tests.functions.findings.samples import finding

OWNER = Owner(service="intake", team="front-door", environment="staging", rule="tag")
HERE = Here("111122223333", "eu-west-1", 5)
FIRST: Finding = finding("imported-s3.8")

type Triage = Callable[[Problem | None, Seen, Owner, str, Here], Decision]


def seen_at(updated_at: int, event_time: int, status: Status, *, title: str = "t", event_id: str = "e") -> Seen:
    changed = msgspec.structs.replace(FIRST, updated_at=updated_at, status=status, title=title)
    return Seen(finding=changed, event_id=event_id, event_time=event_time)


# Few times, so that equal ones are common: a workflow-only change leaves `updated_at` as it was.
seens = st.builds(
    seen_at,
    updated_at=st.integers(1, 3),
    event_time=st.integers(1, 3),
    status=st.sampled_from(Status),
    title=st.sampled_from(["t", "u"]),
    event_id=st.sampled_from(["e1", "e2"]),
)


@st.composite
def two_orders(draw: st.DrawFn) -> tuple[list[Seen], list[Seen]]:
    """The same events twice, each time in an order and multiplicity of its own."""
    events = draw(st.lists(seens, min_size=1, max_size=5))
    again = st.lists(st.sampled_from(events), max_size=3)
    return draw(st.permutations([*events, *draw(again)])), draw(st.permutations([*events, *draw(again)]))


def fold(triage: Triage, events: Sequence[Seen]) -> tuple[Problem | None, list[Problem], list[str]]:
    """The last state, every state that was written, and the ids of what was told."""
    problem: Problem | None = None
    states: list[Problem] = []
    told: list[str] = []
    for seen in events:
        decision = triage(problem, seen, OWNER, "hash", HERE)
        if decision.problem is not None:
            problem = decision.problem
            states.append(problem)
        told += [entry.id for entry in decision.entries]
    return problem, states, told


def openings(statuses: Sequence[Status]) -> int:
    """How often a problem that was not open became open."""
    before = [None, *statuses]
    return sum(now is Status.OPEN and then is not Status.OPEN for then, now in pairwise([*before]))


def assert_order_does_not_matter(triage: Triage, first: Sequence[Seen], second: Sequence[Seen]) -> None:
    """The property: the same state in the end, that of the latest event; one FindingOpened for each opening."""
    (left, states, told), (right, _, _) = fold(triage, first), fold(triage, second)
    assert left == right
    assert left is not None
    latest = max(first, key=lambda seen: seen.order)
    assert (left.finding, left.order, left.owner) == (latest.finding, latest.order, OWNER)
    assert len(told) == openings([state.finding.status for state in states])
    assert bool(told) == any(state.finding.status is Status.OPEN for state in states)


def assert_told_as_written(versions: Sequence[dict[str, Any]], sent: Sequence[str], waiting: Sequence[str]) -> None:
    """Of one item's versions: each opening was told exactly once (by id), and nothing else was told."""
    problems = [msgspec.convert(from_dynamodb(version)["problem"], Problem) for version in versions]
    states = [problem for then, problem in pairwise([None, *problems]) if then is None or problem != then]
    opened = [
        state.order[:2]
        for then, state in pairwise([None, *states])
        if state is not None
        and state.finding.status is Status.OPEN
        and (then is None or then.finding.status is not Status.OPEN)
    ]
    expected = {f"{FIRST.problem}-{updated_at}-{event_time}" for updated_at, event_time in opened}
    assert {_opening(id_) for id_ in (*sent, *waiting)} == expected
    assert max(Counter(waiting).values(), default=0) <= max(Counter(opened).values(), default=0)


def _opening(event_id: str) -> str:
    """Problem, time of change and time of event: what an id begins with."""
    return "-".join(event_id.split("-")[:3])


def event_of(seen: Seen) -> str:
    """An event of Security Hub that brings `seen`."""
    found = seen.finding
    compliance, workflow, record = {
        Status.OPEN: ("FAILED", "NEW", "ACTIVE"),
        Status.SUPPRESSED: ("FAILED", "SUPPRESSED", "ACTIVE"),
        Status.RESOLVED: ("PASSED", "RESOLVED", "ACTIVE"),
        Status.GONE: ("FAILED", "NEW", "ARCHIVED"),
    }[found.status]
    asff = {
        "SchemaVersion": "2018-10-08",
        "Id": found.finding_id,
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": "security-control/S3.8",
        "AwsAccountId": found.account,
        "Region": found.region,
        "CreatedAt": _iso(0),
        "UpdatedAt": _iso(found.updated_at),
        "Title": found.title,
        "Description": "",
        "Severity": {"Label": found.severity},
        "Compliance": {"Status": compliance, "SecurityControlId": found.control},
        "Workflow": {"Status": workflow},
        "RecordState": record,
        "Resources": [{"Type": found.resource_type, "Id": found.resource, "Tags": found.tags}],
    }
    envelope = {
        "version": "0",
        "id": seen.event_id,
        "source": "aws.securityhub",
        "detail-type": "Security Hub Findings - Imported",
        "account": found.account,
        "region": found.region,
        "time": _iso(seen.event_time),
        "resources": [],
        "detail": {"findings": [asff]},
    }
    return json.dumps(envelope)


def _iso(ms: int) -> str:
    return f"1970-01-01T00:00:00.{ms:03}Z"
