"""What the fleet is told: one event for each change that somebody may act on, and none for any other."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.catalogue import Owner
from fleet.events.envelope import Entry
from functions.findings.decision import suppressed
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS, Lease
from functions.findings.policy import Route, Rule
from functions.findings.problem import Problem, State
from functions.findings.telling import Here, Told, budget_used_up, entries, expiring, overdue
from tests.functions.findings.histories import GONE, OPEN, RESOLVED, SUPPRESSED
from tests.functions.findings.laws import FIRST, NOW, law, lease, open_problem, problem_of
from tests.functions.findings.tellings import kinds

HERE = Here("999900001111", "eu-central-1", NOW)
QUIET_DAYS = 7


def told(problem: Problem, revision: int = 4) -> Told:
    return Told(problem=problem, here=HERE, revision=revision, cause="e1", actor="aws.securityhub")


def become(before: State | None, after: State, **changes: Any) -> list[Entry]:
    return entries(before, told(open_problem(state=after, **changes)), quiet_days=QUIET_DAYS)


def data(entry: Entry) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(entry.detail)["data"]
    return read


def types(found: list[Entry]) -> list[str]:
    return [entry.detail_type for entry in found]


_BASE = problem_of().state


def state(status: Status = OPEN, **changes: Any) -> State:
    return msgspec.structs.replace(_BASE, status=status, **changes)


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (None, OPEN, "FindingOpened"),
        (None, SUPPRESSED, "FindingSuppressed"),
        (None, RESOLVED, None),
        (None, GONE, None),
        (OPEN, OPEN, None),
        (OPEN, SUPPRESSED, "FindingSuppressed"),
        (OPEN, RESOLVED, "FindingResolved"),
        (OPEN, GONE, "FindingResolved"),
        (SUPPRESSED, OPEN, "FindingOpened"),
        (SUPPRESSED, SUPPRESSED, None),
        (SUPPRESSED, RESOLVED, "FindingResolved"),
        (SUPPRESSED, GONE, "FindingResolved"),
        (RESOLVED, OPEN, "FindingOpened"),
        (RESOLVED, SUPPRESSED, "FindingSuppressed"),
        (RESOLVED, RESOLVED, None),
        (RESOLVED, GONE, None),
        (GONE, OPEN, "FindingOpened"),
        (GONE, SUPPRESSED, "FindingSuppressed"),
        (GONE, RESOLVED, None),
        (GONE, GONE, None),
    ],
)
def test_each_change_of_status_is_told_once_or_not_at_all(
    before: Status | None, after: Status, event: str | None
) -> None:
    was = None if before is None else state(before)
    assert types(become(was, state(after))) == ([event] if event else [])
    assert kinds(was, state(after)) == ([event] if event else [])


@pytest.mark.parametrize("after", [OPEN, SUPPRESSED, RESOLVED, GONE])
@pytest.mark.parametrize("before", [None, OPEN, SUPPRESSED])
def test_nothing_is_told_of_what_was_and_is_ignored(before: Status | None, after: Status) -> None:
    was = None if before is None else state(before, ignored=True)
    assert become(was, state(after, ignored=True)) == []


@pytest.mark.parametrize("before", [OPEN, SUPPRESSED])
def test_a_problem_that_becomes_ignored_is_told_as_gone(before: Status) -> None:
    (entry,) = become(state(before), state(before, ignored=True))
    assert (entry.detail_type, data(entry)["gone"]) == ("FindingResolved", True)


@pytest.mark.parametrize(("status", "event"), [(OPEN, "FindingOpened"), (SUPPRESSED, "FindingSuppressed")])
def test_a_problem_that_is_no_longer_ignored_is_told(status: Status, event: str) -> None:
    assert types(become(state(status, ignored=True), state(status))) == [event]


@pytest.mark.parametrize(("status", "gone"), [(RESOLVED, False), (GONE, True)])
def test_who_is_told_that_it_is_closed_is_told_whether_it_passed_or_is_gone(status: Status, gone: bool) -> None:
    (entry,) = become(state(), state(status, closed=7))
    assert (data(entry)["gone"], data(entry)["closed"]) == (gone, 7)


OTHER_OWNER = Owner(service="vault", team="keys", environment="staging", rule="rule:x")


@pytest.mark.parametrize(
    ("changes", "was"),
    [
        ({"severity": "CRITICAL"}, {"was_severity": "HIGH"}),
        ({"owner": OTHER_OWNER}, {"was_team": "front-door", "was_service": "intake"}),
        ({"channel": "#vault"}, {"was_channel": ""}),
        ({"tell": "digest"}, {}),
    ],
)
def test_an_open_problem_with_another_severity_owner_channel_or_way_of_telling_is_told_as_changed(
    changes: dict[str, Any], was: dict[str, str]
) -> None:
    (entry,) = become(state(), state(**changes))
    assert entry.detail_type == "FindingChanged"
    assert was.items() <= data(entry).items()
    assert kinds(state(), state(**changes)) == ["FindingChanged"]


@pytest.mark.parametrize(
    "changes", [{"reported": "LOW"}, {"due": 1}, {"opened": 1, "openings": 5}, {"closed": 3}, {"ticket": "a/b"}]
)
def test_what_nobody_has_to_act_on_is_not_told(changes: dict[str, Any]) -> None:
    assert become(state(), state(**changes)) == []


def test_a_suppressed_problem_with_another_owner_is_not_told() -> None:
    assert become(state(SUPPRESSED), state(SUPPRESSED, owner=OTHER_OWNER)) == []


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (lease(), lease(), False),
        (lease(), lease(reason="Another", requester="aiko", start=1), False),
        (lease(), lease(until=NOW + 9 * DAY_MS), True),
        (lease(), lease(by="rule:accepted"), True),
        (None, lease(), True),
        (lease(), None, True),
        (None, None, False),
    ],
)
def test_a_suppressed_problem_is_told_again_if_it_is_suppressed_by_another_lease_or_until_another_day(
    was: Lease | None, now: Lease | None, told: bool
) -> None:
    before, after = state(SUPPRESSED, lease=was), state(SUPPRESSED, lease=now)
    found = become(before, after)
    assert types(found) == kinds(before, after) == (["FindingSuppressed"] if told else [])
    assert [(data(each)["by"], data(each)["until"]) for each in found] == (
        [(now.by, now.until) if now else ("", 0)] if told else []
    )


@pytest.mark.parametrize(
    ("before", "openings", "reopened"),
    [
        (None, 1, False),
        (state(RESOLVED), 1, False),
        (state(RESOLVED), 2, True),
        (None, 2, True),
        (state(SUPPRESSED), 1, True),
        (state(ignored=True), 1, False),
    ],
)
def test_an_opening_tells_whether_it_was_open_before_and_how_often(
    before: State | None, openings: int, reopened: bool
) -> None:
    (entry,) = become(before, state(openings=openings))
    assert (data(entry)["reopened"], data(entry)["openings"]) == (reopened, openings)


@pytest.mark.parametrize(
    ("before", "closed_for", "anew"),
    [
        (RESOLVED, QUIET_DAYS * DAY_MS, True),
        (GONE, QUIET_DAYS * DAY_MS, True),
        (RESOLVED, QUIET_DAYS * DAY_MS - 1, False),
        (RESOLVED, -1, False),
        (SUPPRESSED, 90 * DAY_MS, False),
        (None, 90 * DAY_MS, False),
    ],
)
def test_a_problem_that_was_closed_for_long_opens_anew(before: Status | None, closed_for: int, anew: bool) -> None:
    was = None if before is None else state(before)
    (entry,) = become(was, state(opened=NOW, closed=NOW - closed_for))
    assert data(entry)["anew"] is anew


def test_the_event_tells_the_problem_its_owner_its_cause_and_when_it_is_due() -> None:
    problem = problem_of(by=law(Rule(name="x", route=Route(tell="digest", channel="#vault"))))
    (entry,) = entries(None, told(problem), quiet_days=QUIET_DAYS)
    assert (entry.id, entry.source, entry.detail_type) == (
        f"{FIRST.problem}-4-FindingOpened",
        "yagura.findings",
        "FindingOpened",
    )
    assert json.loads(entry.detail) == {
        "meta": {
            "id": f"{FIRST.problem}-4-FindingOpened",
            "version": 1,
            "time": NOW,
            "account": "999900001111",
            "region": "eu-central-1",
            "service": "intake",
            "team": "front-door",
            "environment": "staging",
            "actor": "aws.securityhub",
            "cause": "e1",
            "hops": 0,
            "traceparent": None,
        },
        "data": {
            "problem": FIRST.problem,
            "account": "111122223333",
            "region": "eu-west-1",
            "control": "S3.8",
            "resource": FIRST.resource,
            "resource_type": "AwsS3Bucket",
            "severity": "HIGH",
            "title": FIRST.title,
            "finding_id": FIRST.finding_id,
            "owner_rule": "tag",
            "revision": 4,
            "tell": "digest",
            "channel": "#vault",
            "opened": FIRST.updated_at,
            "due": FIRST.updated_at + 30 * DAY_MS,
            "reopened": False,
            "openings": 1,
            "anew": False,
        },
    }


def test_what_was_there_before_the_fleet_is_told_to_the_fleet_and_to_nobody() -> None:
    (entry,) = entries(None, told(problem_of(quiet=True)), quiet_days=QUIET_DAYS)
    assert data(entry)["tell"] == "never"


def test_a_suppression_tells_its_terms() -> None:
    (entry,) = entries(state(), told(suppressed(problem_of(), lease(), law(), NOW)), quiet_days=QUIET_DAYS)
    assert {name: data(entry)[name] for name in ("by", "until", "reason", "requester", "approver")} == {
        "by": "request:r1",
        "until": NOW + 80 * DAY_MS,
        "reason": "Vendor fix is due",
        "requester": "ada",
        "approver": "grace",
    }


def test_a_suppression_that_nothing_of_ours_explains_has_no_terms() -> None:
    (entry,) = become(state(), state(SUPPRESSED))
    assert (data(entry)["by"], data(entry)["until"], data(entry)["reason"]) == ("", 0, "")


@pytest.mark.parametrize(("stage", "escalate_to"), [("remind", ""), ("overdue", ""), ("escalate", "#heads")])
def test_only_an_escalation_goes_to_those_who_are_to_know_of_it_then(stage: str, escalate_to: str) -> None:
    entry = overdue(told(problem_of()), stage, "#heads")
    assert (entry.detail_type, data(entry)["stage"], data(entry)["escalate_to"]) == (
        "FindingOverdue",
        stage,
        escalate_to,
    )


def test_the_end_of_a_lease_is_told_to_who_asked_for_it() -> None:
    (entry,) = expiring(told(suppressed(problem_of(), lease(), law(), NOW)))
    assert (data(entry)["until"], data(entry)["by"], data(entry)["requester"]) == (
        NOW + 80 * DAY_MS,
        "request:r1",
        "ada",
    )
    assert expiring(told(problem_of())) == []


def test_a_problem_that_is_resolved_while_it_becomes_ignored_is_told_as_resolved() -> None:
    (entry,) = become(state(), state(RESOLVED, ignored=True))
    assert data(entry)["gone"] is False


def test_a_budget_that_is_used_up_is_told_once_for_each_hour_account_and_region() -> None:
    entry = budget_used_up("111122223333", "eu-west-1", 500, "2026-03-02T09", NOW)
    assert (entry.id, entry.source, entry.detail_type) == (
        "budget-findings-111122223333-eu-west-1-2026-03-02T09",
        "yagura.findings",
        "BudgetUsedUp",
    )
    told_of = json.loads(entry.detail)
    assert told_of["meta"]["id"] == entry.id
    assert (told_of["meta"]["service"], told_of["meta"]["actor"], told_of["meta"]["time"]) == (
        "yagura",
        "yagura.findings",
        NOW,
    )
    assert told_of["data"].items() >= {"capability": "findings", "limit": 500, "hour": "2026-03-02T09"}.items()


states = st.none() | st.builds(
    state,
    st.sampled_from(Status),
    ignored=st.booleans(),
    severity=st.sampled_from(["HIGH", "LOW"]),
    owner=st.sampled_from([_BASE.owner, OTHER_OWNER]),
    channel=st.sampled_from(["", "#x"]),
    tell=st.sampled_from(["now", "never"]),
    lease=st.sampled_from([None, lease(), lease(by="rule:accepted")]),
)


@given(states, states.filter(bool))
def test_at_most_one_event_tells_of_a_change_and_its_kind_is_that_of_the_table(before: Any, after: State) -> None:
    assert types(become(before, after)) == kinds(before, after)
