"""The decision about a problem: the same for the same events, however they come."""

from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings import history
from functions.findings.decision import Law
from functions.findings.finding import Seen
from functions.findings.problem import Problem
from tests.functions.findings.histories import (
    OPEN,
    RESOLVED,
    Take,
    assert_order_does_not_matter,
    event_of,
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


@given(two_orders())
def test_the_events_that_tests_make_say_what_they_were_made_from(orders: tuple[list[Seen], list[Seen]]) -> None:
    for seen in orders[0]:
        assert opened(event_of(seen)).seen == [seen]
