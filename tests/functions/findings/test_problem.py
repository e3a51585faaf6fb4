"""The decision about a problem: the same for the same events, however they come."""

import json

import msgspec
import pytest
from hypothesis import given

from fleet.catalogue import Owner
from functions.findings.finding import Finding, Seen, Status
from functions.findings.problem import Decision, Here, Problem, triage
from tests.functions.findings.histories import (
    FIRST,
    HERE,
    OWNER,
    Triage,
    assert_order_does_not_matter,
    event_of,
    seen_at,
    two_orders,
)
from tests.functions.findings.samples import opened
from tests.layers.fleet.refute import REFUTE

OPEN, SUPPRESSED, RESOLVED, GONE = Status.OPEN, Status.SUPPRESSED, Status.RESOLVED, Status.GONE


@given(two_orders())
def test_the_same_events_in_any_order_and_multiplicity_leave_the_same_problem(
    orders: tuple[list[Seen], list[Seen]],
) -> None:
    assert_order_does_not_matter(triage, *orders)


def condition_dropped(known: Problem | None, seen: Seen, owner: Owner, config: str, here: Here) -> Decision:
    """Whatever comes is taken for the latest."""
    if known is None:
        return triage(None, seen, owner, config, here)
    return triage(msgspec.structs.replace(known, order=(0, 0, "")), seen, owner, config, here)


def oldest_wins(known: Problem | None, seen: Seen, owner: Owner, config: str, here: Here) -> Decision:
    if known and seen.order >= known.order:
        return Decision(None, [])
    return condition_dropped(known, seen, owner, config, here)


def equal_update_ignored(known: Problem | None, seen: Seen, owner: Owner, config: str, here: Here) -> Decision:
    """As ASR 3.x did: only a newer `UpdatedAt` counts."""
    if known and seen.finding.updated_at <= known.finding.updated_at:
        return Decision(None, [])
    return triage(known, seen, owner, config, here)


def no_last_word(known: Problem | None, seen: Seen, owner: Owner, config: str, here: Here) -> Decision:
    """Two findings of the same moment: whichever comes first."""
    if known and seen.order[:2] <= known.order[:2]:
        return Decision(None, [])
    return triage(known, seen, owner, config, here)


def told_each_time(known: Problem | None, seen: Seen, owner: Owner, config: str, here: Here) -> Decision:
    """Every open finding is told, even of a problem that was open before."""
    decision = triage(known, seen, owner, config, here)
    return Decision(decision.problem, triage(None, seen, owner, config, here).entries if decision.problem else [])


def told_once(known: Problem | None, seen: Seen, owner: Owner, config: str, here: Here) -> Decision:
    """A problem that opens again is not told."""
    decision = triage(known, seen, owner, config, here)
    return Decision(decision.problem, [] if known else decision.entries)


@pytest.mark.parametrize(
    "broken", [condition_dropped, oldest_wins, equal_update_ignored, no_last_word, told_each_time, told_once]
)
def test_the_property_refutes(broken: Triage) -> None:
    @REFUTE
    @given(two_orders())
    def holds(orders: tuple[list[Seen], list[Seen]]) -> None:
        assert_order_does_not_matter(broken, *orders)

    with pytest.raises(AssertionError):
        holds()


@pytest.mark.parametrize(
    ("history", "told"),
    [
        ([OPEN], 1),
        ([OPEN, OPEN], 1),
        ([RESOLVED], 0),
        ([SUPPRESSED], 0),
        ([GONE], 0),
        ([RESOLVED, OPEN], 1),
        ([OPEN, RESOLVED, OPEN], 2),
        ([OPEN, SUPPRESSED, OPEN], 2),
        ([OPEN, GONE, OPEN, OPEN], 2),
    ],
)
def test_each_opening_is_told_once_and_nothing_else_is(history: list[Status], told: int) -> None:
    problem: Problem | None = None
    ids: list[str] = []
    for moment, status in enumerate(history):
        decision = triage(problem, seen_at(7, moment, status), OWNER, "hash", HERE)
        problem = decision.problem
        ids += [entry.id for entry in decision.entries]
    assert len(ids) == len(set(ids)) == told


def test_a_workflow_only_change_counts_though_updated_at_stays_as_it_was() -> None:
    first = triage(None, seen_at(7, 1, OPEN), OWNER, "hash", HERE).problem
    assert first is not None
    later = triage(first, seen_at(7, 2, SUPPRESSED), OWNER, "hash", HERE).problem
    assert later is not None
    assert later.finding.status is SUPPRESSED


def test_the_event_tells_the_finding_its_owner_its_cause_and_whether_it_was_known() -> None:
    first = triage(None, seen_at(7, 1, RESOLVED), OWNER, "hash", HERE)
    (entry,) = triage(first.problem, seen_at(8, 2, OPEN, event_id="cause"), OWNER, "hash", HERE).entries
    assert (entry.source, entry.detail_type) == ("yagura.findings", "FindingOpened")
    told = json.loads(entry.detail)
    assert told["meta"].pop("id").startswith(f"{FIRST.problem}-8-2")
    assert told == {
        "meta": {
            "version": 1,
            "time": 5,
            "account": "111122223333",
            "region": "eu-west-1",
            "service": "intake",
            "team": "front-door",
            "environment": "staging",
            "actor": "aws.securityhub",
            "cause": "cause",
            "hops": 0,
            "traceparent": None,
        },
        "data": {
            "problem": FIRST.problem,
            "account": FIRST.account,
            "region": FIRST.region,
            "control": "S3.8",
            "resource": FIRST.resource,
            "resource_type": "AwsS3Bucket",
            "severity": "HIGH",
            "title": "t",
            "finding_id": FIRST.finding_id,
            "owner_rule": "tag",
            "reopened": True,
        },
    }


def test_the_first_opening_is_not_told_as_another() -> None:
    (entry,) = triage(None, seen_at(8, 2, OPEN), OWNER, "hash", HERE).entries
    assert json.loads(entry.detail)["data"]["reopened"] is False


@given(two_orders())
def test_the_events_that_tests_make_say_what_they_were_made_from(orders: tuple[list[Seen], list[Seen]]) -> None:
    for seen in orders[0]:
        assert opened(event_of(seen)).seen == [seen]


def test_the_very_same_finding_again_changes_nothing() -> None:
    finding = Finding(
        account="1", region="r", control="c", resource="x", resource_type="t", severity="HIGH", status=Status.OPEN,
        title="", finding_id="f", updated_at=7,
    )  # fmt: skip
    seen = Seen(finding=finding, event_id="e", event_time=9)
    owner = Owner(service="s", team="t", environment="e", rule="tag")
    first = triage(None, seen, owner, "c", Here("1", "r", 11))
    assert [entry.id for entry in first.entries] == [f"{finding.problem}-7-9-{seen.order[2][:8]}"]
    assert triage(first.problem, seen, owner, "c", Here("1", "r", 12)) == Decision(None, [])
