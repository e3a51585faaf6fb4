"""What findings have reported: the same whatever the order, and no more of it than an item can hold."""

from collections.abc import Callable, Sequence
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings import history as module
from functions.findings.finding import Status
from functions.findings.history import (
    MOST_COPIES,
    MOST_PAST,
    MOST_REPORTS,
    WINDOW_MS,
    Change,
    History,
    Report,
    over_all,
)
from tests.functions.findings.histories import GONE, OPEN, RESOLVED, SUPPRESSED, seen_at
from tests.layers.fleet.refute import REFUTE

DAY = WINDOW_MS // 15

type Adder = Callable[[History, Report], History]


def report(at: int, status: Status, copy: str = "a", *, event: str = "e", digest: str = "") -> Report:
    return Report(at, at, digest or f"d{at}", copy, status, event)


def history(*reports: Report, add: Adder = History.with_report) -> History:
    told = History()
    for one in reports:
        told = add(told, one)
    return told


def naive(reports: Sequence[Report]) -> list[Change]:
    """The changes, from all the reports at once."""
    words: dict[str, Status] = {}
    changes: list[Change] = []
    for one in sorted(set(reports)):
        words[one.copy] = one.status
        now = over_all(words.values())
        if not changes or changes[-1].status is not now:
            changes.append(Change(one.at, now, one.event))
    return changes


reports = st.builds(
    report,
    at=st.integers(0, 12).map(lambda quarter: quarter * WINDOW_MS // 4),
    status=st.sampled_from(Status),
    copy=st.sampled_from("abc"),
    event=st.sampled_from(["e", "f"]),
    digest=st.sampled_from(["x", "y"]),
)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Report]:
    """Reports over three windows' time, each at most one window late, some of them twice."""
    late = st.integers(0, WINDOW_MS - 1)
    drawn = draw(st.lists(st.tuples(reports, late, late), min_size=1, max_size=12))
    both = [(one.at + delay, one) for one, delay, _ in drawn] + [(one.at + delay, one) for one, _, delay in drawn]
    return [one for _, one in sorted(both)]


def assert_same_however_late(add: Adder, arrived: Sequence[Report]) -> None:
    """The property: what comes within the window leaves what the same reports in order leave."""
    told = history(*arrived, add=add)
    assert told == history(*sorted(set(arrived)), add=add)
    expected = naive(arrived)
    assert list(told.changes()) == expected
    assert told.status is expected[-1].status
    assert told.opened == sum(change.status is OPEN for change in expected)
    last = {one.copy: one for one in sorted(set(arrived))}
    assert {copy: told.last_of(copy) for copy in told.copies} == last
    cutoff = max(one.at for one in arrived) - WINDOW_MS
    assert sum(one.at < cutoff for one in told.reports) == told.settled <= 3


@given(arrivals())
def test_what_comes_late_but_within_the_window_leaves_the_same_history(arrived: list[Report]) -> None:
    assert_same_however_late(History.with_report, arrived)


def in_order_of_arrival(told: History, one: Report) -> History:
    with patch.object(module, "insort", list.append):
        return told.with_report(one)


def repeats_are_kept(told: History, one: Report) -> History:
    with patch.object(History, "__contains__", lambda _self, _report: False):
        return told.with_report(one)


def old_words_are_forgotten(told: History, one: Report) -> History:
    """With the window, what a finding said before it goes too."""
    after = told.with_report(one)
    return msgspec.structs.replace(after, reports=after.reports[after.settled :], settled=0)


def old_openings_are_forgotten(told: History, one: Report) -> History:
    return msgspec.structs.replace(told.with_report(one), openings=0)


def old_changes_are_forgotten(told: History, one: Report) -> History:
    return msgspec.structs.replace(told.with_report(one), past=[])


def nothing_is_settled(told: History, one: Report) -> History:
    """The history grows for ever."""
    with patch.object(module, "_settled", lambda same: same):
        return told.with_report(one)


def everything_is_settled(told: History, one: Report) -> History:
    """The window is no window: what comes late is not put in its place."""
    with patch.object(module, "WINDOW_MS", 0):
        return told.with_report(one)


def the_late_are_dropped(told: History, one: Report) -> History:
    return told if told.reports and one < told.reports[-1] else told.with_report(one)


@pytest.mark.parametrize(
    "broken",
    [
        in_order_of_arrival,
        repeats_are_kept,
        old_words_are_forgotten,
        old_openings_are_forgotten,
        old_changes_are_forgotten,
        nothing_is_settled,
        everything_is_settled,
        the_late_are_dropped,
    ],
)
def test_the_property_refutes(broken: Adder) -> None:
    @REFUTE
    @given(arrivals())
    def holds(arrived: list[Report]) -> None:
        assert_same_however_late(broken, arrived)

    with pytest.raises(AssertionError):
        holds()


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([OPEN], OPEN),
        ([OPEN, SUPPRESSED, RESOLVED, GONE], OPEN),
        ([SUPPRESSED, RESOLVED, GONE], SUPPRESSED),
        ([RESOLVED, GONE], RESOLVED),
        ([GONE, GONE], GONE),
        ([], GONE),
    ],
)
def test_a_problem_is_what_the_worst_of_its_findings_says(statuses: list[Status], status: Status) -> None:
    assert over_all(statuses) is status


def test_a_history_without_reports_has_nothing_to_tell() -> None:
    told = History()
    assert (list(told.changes()), told.opened, told.last_of("a"), told.copies) == ([], 0, None, set())


def test_a_pass_closes_when_the_last_finding_that_failed_passes() -> None:
    told = history(report(1, OPEN, "a"), report(2, OPEN, "b"), report(3, RESOLVED, "a"), report(4, RESOLVED, "b"))
    assert list(told.changes()) == [Change(1, OPEN, "e"), Change(4, RESOLVED, "e")]


def test_a_change_names_the_event_that_made_it() -> None:
    told = history(report(1, OPEN, event="first"), report(2, GONE, event="second"))
    assert [change.event for change in told.changes()] == ["first", "second"]


def test_a_report_that_says_nothing_new_leaves_the_very_same_history() -> None:
    told = history(report(1, OPEN))
    assert told.with_report(report(1, OPEN)) is told


def test_a_report_is_of_when_it_was_so_but_never_of_after_its_event() -> None:
    assert Report.of(seen_at(5, 9, OPEN)).at == 5
    assert Report.of(seen_at(9, 5, OPEN)).at == 5
    assert Report.of(seen_at(9, 5, OPEN)).event_time == 5


def test_the_fleets_own_suppression_come_back_is_no_news() -> None:
    assert Report.of(seen_at(1, 1, SUPPRESSED, ours=True)).status is OPEN
    assert Report.of(seen_at(1, 1, SUPPRESSED)).status is SUPPRESSED
    assert Report.of(seen_at(1, 1, RESOLVED, ours=True)).status is RESOLVED
    assert Report.of(seen_at(1, 1, GONE, ours=True)).status is GONE


def test_a_workflow_only_change_is_later_by_its_event() -> None:
    told = history(Report.of(seen_at(1, 2, OPEN)), Report.of(seen_at(1, 3, SUPPRESSED)))
    assert told.status is SUPPRESSED


@pytest.mark.parametrize(("later", "settled"), [(WINDOW_MS, 0), (WINDOW_MS + 1, 1)])
def test_what_is_older_than_the_window_is_settled(later: int, settled: int) -> None:
    told = history(report(0, OPEN), report(later, RESOLVED))
    assert (told.settled, len(told.reports)) == (settled, 2)
    assert list(told.changes()) == [Change(0, OPEN, "e"), Change(later, RESOLVED, "e")]
    assert (told.past, told.openings) == ([Change(0, OPEN, "e")] * settled, settled)


def test_of_what_is_settled_only_the_last_word_of_each_finding_stays() -> None:
    old = [report(day, status, copy) for day, (status, copy) in enumerate([(OPEN, "a"), (OPEN, "b"), (RESOLVED, "a")])]
    told = history(*old, report(3 * WINDOW_MS, GONE, "c"))
    assert [(one.at, one.copy) for one in told.reports] == [(1, "b"), (2, "a"), (3 * WINDOW_MS, "c")]
    assert told.status is OPEN


# From here on: reports that come later than the window allows.

SETTLED = history(report(DAY, OPEN), report(2 * DAY, RESOLVED), report(30 * DAY, RESOLVED))


def test_of_a_finding_whose_later_word_is_settled_an_older_one_is_no_news() -> None:
    late = report(0, OPEN)
    assert SETTLED.with_report(late) is SETTLED


def test_the_last_word_of_a_finding_that_is_heard_of_very_late_opens_the_problem() -> None:
    told = SETTLED.with_report(report(0, OPEN, "b", event="late"))
    assert (told.status, told.opened) == (OPEN, 2)
    assert list(told.changes())[-1] == Change(2 * DAY, OPEN, "late")
    assert told.settled == 2


def test_a_very_late_last_word_takes_the_place_of_an_older_one_of_its_finding() -> None:
    told = history(report(0, OPEN), report(5, OPEN, "b"), report(30 * DAY, RESOLVED, "b")).with_report(
        report(3, RESOLVED)
    )
    assert [(one.at, one.copy) for one in told.reports] == [(3, "a"), (5, "b"), (30 * DAY, "b")]
    assert (told.settled, told.status) == (2, RESOLVED)


def test_a_very_late_word_that_changes_nothing_leaves_the_changes_as_they_are() -> None:
    told = SETTLED.with_report(report(0, GONE, "b"))
    assert list(told.changes()) == list(SETTLED.changes())
    assert told.last_of("b") == report(0, GONE, "b")


@given(st.lists(reports, min_size=1, max_size=12))
def test_however_late_reports_come_the_last_change_says_how_it_is_and_openings_are_counted(
    arrived: list[Report],
) -> None:
    told = history(*arrived)
    changes = list(told.changes())
    assert changes[-1].status is told.status
    assert told.opened == sum(change.status is OPEN for change in changes)
    assert [change.at for change in told.past] == sorted(change.at for change in told.past)
    assert told.with_report(arrived[-1]) is told


# What an item can hold.


def test_of_too_many_findings_those_that_were_closed_first_are_forgotten() -> None:
    many = [report(n, OPEN if n < 3 else RESOLVED, f"c{n:02}") for n in range(MOST_COPIES + 5)]
    told = history(*many)
    forgotten = {f"c{n:02}" for n in range(3, 8)}
    assert told.copies == {f"c{n:02}" for n in range(MOST_COPIES + 5)} - forgotten
    assert (told.status, told.opened) == (OPEN, 1)


def test_of_too_many_that_fail_those_that_were_heard_of_longest_ago_are_forgotten() -> None:
    many = [report(n, OPEN, f"c{n:03}") for n in range(3 * MOST_COPIES)]
    told = history(*many)
    assert told.copies == {f"c{n:03}" for n in range(2 * MOST_COPIES, 3 * MOST_COPIES)}
    assert list(told.changes()) == [Change(0, OPEN, "e")], "since when it is open is known still"
    assert told.with_report(many[0]) is told


@given(
    st.permutations([report(n, status, f"c{n:02}") for n, status in enumerate([GONE, RESOLVED, SUPPRESSED, OPEN] * 4)])
)
def test_which_findings_are_forgotten_is_the_same_in_whichever_order_they_come(arrived: list[Report]) -> None:
    with patch.object(module, "MOST_COPIES", 6):
        told = history(*arrived)
    assert told.copies == {"c03", "c07", "c11", "c15", "c10", "c14"}
    assert told.status is OPEN
    assert told.opened == sum(change.status is OPEN for change in told.changes())


def test_changes_from_before_the_window_are_remembered_up_to_a_number_and_openings_counted_on() -> None:
    flapping = [report(n, OPEN if n % 2 == 0 else RESOLVED) for n in range(2 * MOST_PAST)]
    told = history(*flapping, report(3 * WINDOW_MS, OPEN))
    assert len(told.past) == MOST_PAST
    assert told.past[-1] == Change(2 * MOST_PAST - 1, RESOLVED, "e")
    assert told.opened == MOST_PAST + 1


def test_a_problem_that_is_reported_without_end_stays_within_an_item() -> None:
    told = history(*(report(n, OPEN if n % 2 == 0 else RESOLVED, event="e" * 36) for n in range(3 * MOST_REPORTS)))
    assert len(told.reports) <= MOST_REPORTS + 2
    assert told.opened == 3 * MOST_REPORTS // 2
    assert len(msgspec.json.encode(told)) < 60_000


def test_the_window_is_longer_than_a_queue_keeps_an_event_and_an_item_has_room_for_the_rest() -> None:
    assert WINDOW_MS == 15 * 24 * 3_600_000
    assert (MOST_PAST, MOST_COPIES, MOST_REPORTS) == (50, 60, 400)


def test_exactly_as_many_findings_as_may_be_are_all_remembered() -> None:
    old = [report(n, RESOLVED, f"c{n:02}") for n in range(MOST_COPIES - 1)]
    told = history(*old, report(1000, RESOLVED, "new"))
    assert (len(told.copies), told.settled) == (MOST_COPIES, 0)
    light = told.with_report(report(2000, GONE, "gone"))
    assert light.copies == told.copies
    assert light.with_report(report(2000, GONE, "gone")) is light


def test_a_report_is_told_from_others_of_its_moment_by_a_short_digest() -> None:
    one, other = Report.of(seen_at(1, 1, OPEN)), Report.of(seen_at(1, 1, OPEN, title="u"))
    assert len(one.digest) == len(other.digest) == 12
    assert one != other
