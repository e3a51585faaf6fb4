"""What policy, people and time make of a problem: leases begin and end, teams are given, deadlines are set."""

import json

import msgspec
import pytest

from functions.findings.decision import assigned, did, judged, reviewed, suppressed, taken, unsuppressed
from functions.findings.finding import Status
from functions.findings.judge import Step
from functions.findings.lease import DAY_MS, Lease
from functions.findings.policy import Match, Rule
from functions.findings.problem import MOST_ACTS, Act
from tests.functions.findings.histories import GONE, OPEN, OTHER, RESOLVED, SUPPRESSED
from tests.functions.findings.laws import (
    FIRST,
    LEVELS,
    NOW,
    finding_like,
    law,
    lease,
    problem_of,
    seen,
    suppressing,
)

DAYS_30 = 30 * DAY_MS
LATER = NOW + 40 * DAY_MS


def test_a_new_problem_has_the_owner_severity_deadline_and_way_of_telling_of_its_law() -> None:
    problem = problem_of()
    state = problem.state
    assert (problem.account, problem.region, problem.control, problem.resource) == (
        "111122223333",
        "eu-west-1",
        "S3.8",
        FIRST.resource,
    )
    assert (state.owner.service, state.owner.team, state.owner.environment, state.owner.rule) == (
        "intake",
        "front-door",
        "staging",
        "tag",
    )
    assert (state.status, state.severity, state.reported, state.tell) == (OPEN, "HIGH", "HIGH", "now")
    assert (state.opened, state.openings, state.closed) == (FIRST.updated_at, 1, 0)
    assert state.due == FIRST.updated_at + 30 * DAY_MS
    assert problem.config == "hash"


def test_the_very_same_event_again_changes_nothing() -> None:
    first = taken(None, seen(), law(), NOW)
    assert taken(first, seen(), law(), NOW + 1) is None


def test_a_severity_that_may_stay_for_ever_has_no_deadline() -> None:
    assert problem_of(finding_like(severity="INFORMATIONAL")).state.due == 0


@pytest.mark.parametrize("status", [SUPPRESSED, RESOLVED, GONE])
def test_only_an_open_problem_has_a_deadline(status: Status) -> None:
    assert problem_of(finding_like(status=status)).state.due == 0


def test_what_is_ignored_has_no_deadline_and_is_not_live() -> None:
    state = problem_of(by=law(Rule(name="noise", ignore=True))).state
    assert (state.status, state.ignored, state.due, state.live, state.open) == (OPEN, True, 0, False, False)


def test_a_rule_changes_the_severity_and_with_it_the_deadline_and_what_was_reported_is_kept() -> None:
    state = problem_of(by=law(Rule(name="worse", severity="CRITICAL"))).state
    assert (state.severity, state.reported) == ("CRITICAL", "HIGH")
    assert state.due == FIRST.updated_at + LEVELS["CRITICAL"].due_days * DAY_MS


def test_a_rule_suppresses_an_open_problem_and_the_state_says_by_which_lease() -> None:
    state = problem_of(by=law(suppressing())).state
    assert (state.status, state.live, state.open) == (SUPPRESSED, True, False)
    assert state.lease is not None
    assert (state.lease.by, state.due) == ("rule:accepted", 0)
    assert state.lease.until == NOW + 80 * DAY_MS


def test_the_lease_of_a_severity_ends_when_that_allows_no_more() -> None:
    state = problem_of(finding_like(severity="CRITICAL"), by=law(suppressing())).state
    assert state.lease is not None
    assert state.lease.until == NOW - 10 * DAY_MS + LEVELS["CRITICAL"].suppress_days * DAY_MS


@pytest.mark.parametrize("status", [RESOLVED, GONE])
def test_a_closed_problem_is_not_suppressed_though_a_lease_would_cover_it(status: Status) -> None:
    state = problem_of(finding_like(status=status), by=law(suppressing())).state
    assert (state.status, state.lease) == (status, None)


def test_what_somebody_suppressed_in_security_hub_is_suppressed_without_a_lease_of_ours() -> None:
    state = problem_of(finding_like(status=SUPPRESSED)).state
    assert (state.status, state.lease) == (SUPPRESSED, None)


def test_a_grant_suppresses_and_is_written_down() -> None:
    problem = suppressed(problem_of(), lease(), law(), NOW)
    assert (problem.state.status, problem.granted) == (SUPPRESSED, lease())
    assert problem.acts == [Act(NOW, "suppressed", "request:r1")]
    assert problem.state.reasons["suppress"].rule == "request:r1"


@pytest.mark.parametrize(
    "flawed", [lease(reason=" "), lease(approver="ada"), lease(until=NOW - 11 * DAY_MS), lease(start=NOW + 1)]
)
def test_a_grant_that_does_not_hold_suppresses_nothing(flawed: Lease) -> None:
    assert suppressed(problem_of(), flawed, law(), NOW).state.status is OPEN


def test_a_grant_taken_back_opens_the_problem_as_of_then() -> None:
    granted = suppressed(problem_of(), lease(), law(), NOW)
    problem = unsuppressed(granted, law(), "request:r2", NOW + 5)
    assert (problem.state.status, problem.granted, problem.state.opened) == (OPEN, None, NOW + 5)
    assert problem.state.due == NOW + 5 + DAYS_30
    assert [act.what for act in problem.acts] == ["suppressed", "unsuppressed"]
    assert problem.state.openings == 1


def test_a_grant_taken_back_does_not_end_what_a_rule_suppresses() -> None:
    by = law(suppressing())
    problem = unsuppressed(suppressed(problem_of(by=by), lease(), by, NOW), by, "request:r2", NOW + 5)
    assert problem.state.lease is not None
    assert problem.state.lease.by == "rule:accepted"


def test_a_lease_that_ended_is_written_down_once_and_the_problem_is_open_as_of_then() -> None:
    granted = suppressed(problem_of(), lease(until=NOW + DAY_MS), law(), NOW)
    problem = reviewed(granted, law(), NOW + DAY_MS)
    assert (problem.state.status, problem.state.opened) == (OPEN, NOW + DAY_MS)
    assert problem.acts[1:] == [Act(NOW + DAY_MS, "suppression_ended", "request:r1")]
    assert reviewed(problem, law(), NOW + 2 * DAY_MS) == problem


def test_a_grant_that_is_over_is_forgotten_and_one_that_is_not_stays() -> None:
    granted = suppressed(problem_of(), lease(until=NOW + DAY_MS), law(), NOW)
    assert reviewed(granted, law(), NOW + DAY_MS - 1).granted is not None
    assert reviewed(granted, law(), NOW + DAY_MS).granted is None


def test_a_lease_that_holds_stays_as_it_is_when_it_is_looked_at() -> None:
    problem = suppressed(problem_of(), lease(), law(), NOW)
    assert reviewed(problem, law(), NOW + DAY_MS) == problem


def test_an_event_that_comes_before_the_clock_ends_the_lease_as_the_clock_would() -> None:
    granted = suppressed(problem_of(), lease(until=NOW + DAY_MS), law(), NOW)
    after = taken(granted, seen(event_time=NOW + DAY_MS, event_id="e9"), law(), NOW + 2 * DAY_MS)
    assert after is not None
    assert (after.state.status, after.state.opened) == (OPEN, NOW + 2 * DAY_MS)
    assert after.acts[-1] == Act(NOW + 2 * DAY_MS, "suppression_ended", "request:r1")


def test_a_rule_that_is_gone_ends_its_lease() -> None:
    problem = reviewed(problem_of(by=law(suppressing())), law(), NOW)
    assert problem.state.status is OPEN
    assert problem.acts == [Act(NOW, "suppression_ended", "rule:accepted")]


def test_a_problem_that_closed_under_a_lease_has_no_end_of_it_written_down() -> None:
    by = law(suppressing())
    closed = taken(problem_of(by=by), seen(finding_like(status=RESOLVED), event_time=NOW + 1), by, NOW + 1)
    assert closed is not None
    assert closed.state.lease is None
    assert reviewed(closed, by, LATER).acts == []


def test_one_lease_that_takes_over_from_another_leaves_the_problem_suppressed() -> None:
    by = law(suppressing())
    granted = suppressed(problem_of(by=by), lease(until=NOW + DAY_MS), by, NOW)
    assert granted.state.lease == lease(until=NOW + DAY_MS)
    after = reviewed(granted, by, NOW + DAY_MS)
    assert after.state.lease is not None
    assert (after.state.status, after.state.lease.by) == (SUPPRESSED, "rule:accepted")
    assert [act.what for act in after.acts] == ["suppressed"]


def test_a_problem_found_again_under_another_id_is_still_suppressed() -> None:
    granted = suppressed(problem_of(), lease(), law(), NOW)
    gone = taken(granted, seen(finding_like(status=GONE, updated_at=NOW), event_time=NOW), law(), NOW)
    assert gone is not None
    assert gone.state.status is GONE
    reborn = msgspec.structs.replace(OTHER, updated_at=NOW + 1)
    again = taken(gone, seen(reborn, event_time=NOW + 1), law(), NOW + 1)
    assert again is not None
    assert (again.state.status, again.state.openings, again.state.lease) == (SUPPRESSED, 2, lease())


def test_a_team_that_people_gave_it_to_outranks_rules_and_catalogue() -> None:
    by = law(Rule(name="ours", owner="platform"))
    problem = assigned(problem_of(by=by), "night-shift", by, "request:r3", NOW)
    assert (problem.state.owner.team, problem.state.owner.rule) == ("night-shift", "assigned")
    assert problem.acts == [Act(NOW, "assigned", "request:r3")]
    assert reviewed(problem, by, LATER).state.owner.team == "night-shift"


def test_giving_it_to_a_team_after_its_lease_ended_writes_that_down_too() -> None:
    granted = suppressed(problem_of(), lease(until=NOW + DAY_MS), law(), NOW)
    problem = assigned(granted, "night-shift", law(), "request:r3", NOW + 2 * DAY_MS)
    assert [act.what for act in problem.acts] == ["suppressed", "assigned", "suppression_ended"]


def test_acts_are_remembered_up_to_a_number_the_newest_ones() -> None:
    problem = problem_of()
    for number in range(MOST_ACTS + 10):
        problem = did(problem, "reminded", "clock", number)
    assert [act.at for act in problem.acts] == list(range(10, MOST_ACTS + 10))


def test_the_severity_is_the_worst_that_still_fails_and_tags_of_any_copy_tell_the_owner() -> None:
    untagged = msgspec.structs.replace(OTHER, severity="CRITICAL", tags={}, updated_at=FIRST.updated_at + 1)
    problem = problem_of(FIRST, untagged)
    assert (problem.state.severity, problem.state.owner.team) == ("CRITICAL", "front-door")
    passed = problem_of(FIRST, untagged, msgspec.structs.replace(untagged, status=RESOLVED, updated_at=NOW))
    assert (passed.state.status, passed.state.severity) == (OPEN, "HIGH")


def test_judging_tells_every_step_of_it_to_whoever_asks() -> None:
    steps: list[Step] = []
    problem = problem_of()
    judged(problem, law(Rule(name="lower", match=Match(control=["KMS.*"]), severity="LOW")), NOW, steps.append)
    assert steps == [Step("severity", "rule:lower", "its control is none of KMS.*")]


def test_a_changed_policy_is_judged_by_its_hash() -> None:
    changed = msgspec.structs.replace(law(), config="other")
    assert reviewed(problem_of(), changed, NOW).config == "other"


def test_a_problem_of_which_nobody_can_say_whose_it_is_belongs_to_the_default_team() -> None:
    state = problem_of(finding_like(tags={}, account="444455556666")).state
    assert (state.owner.team, state.owner.environment, state.owner.rule) == ("platform", "unknown", "default")


def test_a_stored_problem_comes_back_as_it_was() -> None:
    problem = suppressed(problem_of(FIRST, OTHER, by=law(suppressing())), lease(), law(), NOW)
    encoded = msgspec.json.encode(problem)
    assert msgspec.json.decode(encoded, type=type(problem)) == problem
    assert json.loads(encoded)["state"]["status"] == "suppressed"
