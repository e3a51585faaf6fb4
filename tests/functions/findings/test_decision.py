"""The decision about a problem: the same for the same events, however they come."""

from collections.abc import Sequence
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings import history
from functions.findings.decision import Law
from functions.findings.finding import Seen, Status
from functions.findings.history import Report
from functions.findings.problem import Problem
from tests.functions.findings.histories import (
    COPIES,
    OPEN,
    RESOLVED,
    TERMS,
    Take,
    assert_order_does_not_matter,
    event_of,
    fold,
    seen_at,
    take,
    two_orders,
)
from tests.functions.findings.laws import FIRST, law, suppressing
from tests.functions.findings.samples import opened
from tests.layers.fleet.refute import REFUTE

laws = st.sampled_from([law(), law(suppressing())])


@given(two_orders(), laws, st.booleans())
def test_the_same_events_in_any_order_and_multiplicity_leave_the_same_problem(
    orders: tuple[list[Seen], list[Seen]], by: Law, quiet: bool
) -> None:
    assert_order_does_not_matter(take, *orders, by, quiet=quiet)


def one_word_for_all(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """The last word of each finding is dropped: whoever speaks last speaks for all of them."""
    merged = msgspec.structs.replace(seen.finding, finding_id=FIRST.finding_id, product=FIRST.product)
    return take(known, msgspec.structs.replace(seen, finding=merged), by, quiet)


def updated_at_alone(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """As ASR 3.x did: only a newer `UpdatedAt` counts, and a workflow-only change is lost."""
    copy = known.copies.get(seen.finding.copy) if known else None
    return None if copy and seen.finding.updated_at <= copy.updated_at else take(known, seen, by, quiet)


def any_event_is_the_latest(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """What comes last is taken for what is so."""
    after = take(known, seen, by, quiet)
    if after is None:
        return None
    return msgspec.structs.replace(after, copies=after.copies | {seen.finding.copy: seen.finding})


def a_pass_closes(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """One finding's pass closes the problem, though another still fails."""
    after = take(known, seen, by, quiet)
    if after is None or seen.finding.status is not RESOLVED:
        return after
    return msgspec.structs.replace(after, state=msgspec.structs.replace(after.state, status=RESOLVED))


def in_order_of_arrival(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """What comes late is put at the end of the history, not in its place."""
    with patch.object(history, "insort", list.append):
        return take(known, seen, by, quiet)


def counted_each_time(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """Each open report is an opening: the copies of one failure are counted as so many."""
    after = take(known, seen, by, quiet)
    if after is None:
        return None
    openings = (known.state.openings if known else 0) + (seen.finding.status is OPEN)
    return msgspec.structs.replace(after, state=msgspec.structs.replace(after.state, openings=openings))


def repeats_are_new(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """An event that comes again is taken for another one."""
    number = len(known.history.reports) if known else 0
    return take(known, msgspec.structs.replace(seen, event_id=f"{seen.event_id}-{number}"), by, quiet)


def echoes_are_heard(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """What the fleet itself has suppressed is taken for suppressed by somebody."""
    unsigned = msgspec.structs.replace(seen.finding, terms="")
    return take(known, msgspec.structs.replace(seen, finding=unsigned), by, quiet)


def no_tie_is_broken(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """Of two reports of one moment, the first that comes stays."""
    moments = {(r.at, r.event_time, r.copy) for r in known.history.reports} if known else set()
    found = seen.finding
    moment = (min(found.updated_at, seen.event_time), seen.event_time, found.copy)
    return None if moment in moments else take(known, seen, by, quiet)


def told_once_for_ever(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
    """What was there before the fleet stays quiet, though it opened since."""
    after = take(known, seen, by, quiet)
    if after is None or not quiet:
        return after

    class Quiet(Problem, frozen=True):
        quiet = True

    return Quiet(**msgspec.structs.asdict(after))


@pytest.mark.parametrize(
    "broken",
    [
        one_word_for_all,
        updated_at_alone,
        any_event_is_the_latest,
        a_pass_closes,
        in_order_of_arrival,
        counted_each_time,
        repeats_are_new,
        echoes_are_heard,
        no_tie_is_broken,
        told_once_for_ever,
    ],
)
def test_the_property_refutes(broken: Take) -> None:
    @REFUTE
    @given(two_orders(), laws, st.booleans())
    def holds(orders: tuple[list[Seen], list[Seen]], by: Law, quiet: bool) -> None:
        assert_order_does_not_matter(broken, *orders, by, quiet=quiet)

    with pytest.raises(AssertionError):
        holds()


ASKED = [f"{state} {TERMS}" for state in ("ASKED", "SUPPRESSED", "CLOSED", "OPENED")] + ["OPENED", "NEW"]
asked_of_each = st.lists(st.sampled_from(ASKED), min_size=len(COPIES), max_size=len(COPIES))


def asked_after(take: Take, labels: Sequence[str], events: Sequence[Seen]) -> Problem:
    """A problem of whose findings Security Hub was asked these, after the events."""
    known = fold(take, [seen_at(0, 0, OPEN, copy=copy) for copy in range(len(COPIES))], law())
    problem = msgspec.structs.replace(
        known, asked={copy.copy: label for copy, label in zip(COPIES, labels, strict=True)}
    )
    for seen in events:
        problem = take(problem, seen, law(), False) or problem
    return problem


def assert_what_was_asked_follows_from_the_order(
    take: Take, labels: Sequence[str], orders: tuple[list[Seen], list[Seen]]
) -> None:
    left, right = (asked_after(take, labels, order) for order in orders)
    assert left == right
    in_order = sorted(orders[0], key=Report.of)
    assert left.asked == asked_after(take, labels, in_order).asked


@given(asked_of_each, two_orders())
def test_what_is_known_of_what_was_asked_does_not_depend_on_the_order_of_events(
    labels: list[str], orders: tuple[list[Seen], list[Seen]]
) -> None:
    assert_what_was_asked_follows_from_the_order(take, labels, orders)


@given(asked_of_each, two_orders(), st.lists(st.sampled_from(Status), min_size=4, max_size=4))
def test_what_was_heard_before_the_window_is_known_still(
    labels: list[str], orders: tuple[list[Seen], list[Seen]], later: list[Status]
) -> None:
    ends = [seen_at(time, time, status) for time, status in zip((20, 22, 40, 60), later, strict=True)]
    with patch.object(history, "WINDOW_MS", 10):
        folded = asked_after(take, labels, [*orders[0], *ends])
    assert folded.history.settled
    assert folded.asked == asked_after(take, labels, [*orders[1], *ends]).asked


def test_the_property_of_what_was_asked_refutes_hearing_as_it_comes() -> None:
    def as_it_comes(known: Problem | None, seen: Seen, by: Law, quiet: bool) -> Problem | None:
        """Only the last word of a finding is heard."""
        after = take(known, seen, by, quiet)
        heard = after and after.history.last_of(seen.finding.copy) == Report.of(seen)
        if after is None or known is None or not heard:
            return after and msgspec.structs.replace(after, asked=known.asked if known else {})
        forgetful = msgspec.structs.replace(known, heard={})
        return take(forgetful, seen, by, quiet)

    @REFUTE
    @given(asked_of_each, two_orders())
    def holds(labels: list[str], orders: tuple[list[Seen], list[Seen]]) -> None:
        assert_what_was_asked_follows_from_the_order(as_it_comes, labels, orders)

    with pytest.raises(AssertionError):
        holds()


def test_a_finding_that_passed_before_it_failed_as_new_was_not_opened_by_a_person_whichever_is_heard_first() -> None:
    passed, failing = seen_at(2, 2, RESOLVED, event_id="p"), seen_at(3, 3, OPEN, event_id="f")
    for events in ([passed, failing], [failing, passed]):
        assert asked_after(take, [f"SUPPRESSED {TERMS}", "NEW", "NEW"], events).asked[FIRST.copy] == "OPENED"
    assert asked_after(take, [f"SUPPRESSED {TERMS}", "NEW", "NEW"], [failing]).asked[FIRST.copy] == f"OPENED {TERMS}"


@given(two_orders())
def test_the_events_that_tests_make_say_what_they_were_made_from(orders: tuple[list[Seen], list[Seen]]) -> None:
    for seen in orders[0]:
        assert opened(event_of(seen)).seen == [seen]
