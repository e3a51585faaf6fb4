"""Suppressions are leases: whatever is wrong with one, it suppresses nothing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.lease import DAY_MS, WARN_MS, Lease
from tests.functions.findings.laws import LEVELS, NOW, law, lease, problem_of, suppressing


def test_a_lease_with_a_reason_two_people_and_an_end_holds() -> None:
    assert (lease().flaw(), lease().why_not(NOW, 90)) == ("", "")


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"reason": ""}, "it gives no reason"),
        ({"reason": " \n"}, "it gives no reason"),
        ({"requester": ""}, "it names no requester or no approver"),
        ({"approver": ""}, "it names no requester or no approver"),
        ({"approver": "ada"}, "ada both asked and approved"),
        ({"until": NOW - 10 * DAY_MS}, "it ends before it begins"),
        ({"until": 0}, "it ends before it begins"),
        ({"start": NOW + 90 * DAY_MS}, "it ends before it begins"),
    ],
)
def test_a_flawed_lease_suppresses_nothing_and_says_why(changes: dict[str, object], flaw: str) -> None:
    flawed = msgspec.structs.replace(lease(), **changes)
    assert flawed.flaw() == flaw
    assert flawed.why_not(NOW, 90) == flaw


@pytest.mark.parametrize("changes", [{"reason": ""}, {"requester": ""}, {"approver": "ada"}, {"until": 1}])
def test_a_rule_whose_lease_is_flawed_leaves_the_problem_open(changes: dict[str, object]) -> None:
    assert problem_of(by=law(suppressing(**changes))).state.open  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (NOW - 10 * DAY_MS, ""),
        (NOW - 10 * DAY_MS - 1, "it begins in 0 h"),
        (NOW - 12 * DAY_MS, "it begins in 2 d"),
        (NOW + 80 * DAY_MS - 1, ""),
        (NOW + 80 * DAY_MS, "it ended 0 h ago"),
        (NOW + 80 * DAY_MS + 5 * 3_600_000, "it ended 5 h ago"),
        (NOW + 83 * DAY_MS, "it ended 3 d ago"),
    ],
)
def test_a_lease_holds_from_its_start_until_before_its_end(now: int, why: str) -> None:
    assert lease().why_not(now, 365) == why


@pytest.mark.parametrize(
    ("most_days", "ends"), [(365, NOW + 80 * DAY_MS), (90, NOW + 80 * DAY_MS), (30, NOW + 20 * DAY_MS)]
)
def test_no_lease_lasts_longer_than_its_severity_allows(most_days: int, ends: int) -> None:
    assert lease().ends(most_days) == ends
    assert lease().why_not(ends - 1, most_days) == ""
    sooner = ": this severity allows 30 days at most" if most_days == 30 else ""
    assert lease().why_not(ends, most_days) == f"it ended 0 h ago{sooner}"


def test_a_severity_may_be_suppressed_for_a_single_day() -> None:
    assert lease(start=NOW).why_not(NOW, 1) == ""
    assert lease(start=NOW).ends(1) == NOW + DAY_MS


@pytest.mark.parametrize("most_days", [0, -1])
def test_a_severity_may_not_be_suppressed_at_all(most_days: int) -> None:
    assert lease().why_not(NOW, most_days) == "this severity may not be suppressed"


@pytest.mark.parametrize("severity", LEVELS)
def test_each_severity_has_its_own_maximum(severity: str) -> None:
    most = LEVELS[severity].suppress_days
    endless = lease(start=NOW, until=NOW + 10_000 * DAY_MS)
    assert endless.why_not(NOW + most * DAY_MS - 1, most) == ""
    assert endless.why_not(NOW + most * DAY_MS, most) != ""


leases = st.builds(
    Lease,
    by=st.just("rule:x"),
    reason=st.sampled_from(["", " ", "known"]),
    requester=st.sampled_from(["", "ada", "grace"]),
    approver=st.sampled_from(["", "ada", "grace"]),
    start=st.integers(0, 5).map(lambda day: day * DAY_MS),
    until=st.integers(0, 9).map(lambda day: day * DAY_MS),
)


@given(leases, st.integers(0, 10), st.integers(-1, 6))
def test_a_lease_suppresses_only_what_it_covers_by_two_people_with_a_reason(given: Lease, day: int, most: int) -> None:
    now = day * DAY_MS
    holds = given.why_not(now, most) == ""
    covered = given.start <= now < given.until and now < given.start + most * DAY_MS
    signed = (
        bool(given.reason.strip()) and given.requester != given.approver and "" not in (given.requester, given.approver)
    )
    assert holds is (covered and signed)


def test_people_are_warned_a_week_before_the_end() -> None:
    assert WARN_MS == 7 * 24 * 3_600_000


def test_what_was_granted_for_little_risk_does_not_cover_more() -> None:
    mild = msgspec.structs.replace(lease(), tier=0)
    assert mild.why_not(NOW, 90, 0) == ""
    assert mild.why_not(NOW, 90, 2) == "it was granted for tier 0, and this severity asks for 2"
    assert lease().why_not(NOW, 90, 3) == ""
