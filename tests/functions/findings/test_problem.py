"""A problem: what stands for it, how bad it is, and when nobody is told of it."""

import msgspec
import pytest

from functions.findings.finding import Finding, Status
from functions.findings.problem import State
from tests.functions.findings.histories import GONE, OPEN, OTHER, RESOLVED, SUPPRESSED, V2
from tests.functions.findings.laws import FIRST, finding_like, problem_of


def of(found: Finding, **changes: object) -> Finding:
    return msgspec.structs.replace(found, **changes)


def test_its_id_is_that_of_every_finding_about_it() -> None:
    assert {problem_of(copy).id for copy in (FIRST, V2, OTHER)} == {FIRST.problem}


def test_both_schemas_and_each_finding_id_are_copies_of_their_own() -> None:
    assert len({copy.copy for copy in (FIRST, V2, OTHER)}) == 3


def test_a_copy_stays_the_same_whatever_it_says() -> None:
    assert of(FIRST, status=RESOLVED, updated_at=1, title="other").copy == FIRST.copy


def test_the_newest_finding_that_fails_stands_for_it() -> None:
    older, newer = of(FIRST, updated_at=1), of(OTHER, updated_at=2)
    passed = of(V2, updated_at=3, status=RESOLVED)
    assert problem_of(older, newer, passed).shown == newer
    assert problem_of(older, of(newer, status=SUPPRESSED), passed).shown == of(newer, status=SUPPRESSED)


def test_of_a_closed_problem_the_newest_finding_stands_for_it() -> None:
    older, newer = of(FIRST, updated_at=1, status=GONE), of(OTHER, updated_at=2, status=RESOLVED)
    assert problem_of(older, newer).shown == newer


@pytest.mark.parametrize("found", [[FIRST, OTHER], [OTHER, FIRST]])
def test_of_findings_of_one_moment_the_same_stands_for_it_in_any_order(found: list[Finding]) -> None:
    assert problem_of(*found).shown.finding_id == max(FIRST, OTHER, key=lambda one: one.copy).finding_id


@pytest.mark.parametrize(
    ("worse", "status", "severity"),
    [("CRITICAL", OPEN, "CRITICAL"), ("CRITICAL", SUPPRESSED, "CRITICAL"), ("CRITICAL", RESOLVED, "HIGH")],
)
def test_it_is_as_bad_as_the_worst_that_still_fails(worse: str, status: Status, severity: str) -> None:
    assert problem_of(FIRST, of(OTHER, severity=worse, status=status)).severity() == severity


def test_a_newer_finding_that_says_less_does_not_make_it_milder() -> None:
    assert problem_of(of(FIRST, severity="CRITICAL", updated_at=1), of(OTHER, severity="LOW")).severity() == "CRITICAL"


def test_a_closed_problem_is_as_bad_as_the_newest_finding_said() -> None:
    assert (
        problem_of(of(FIRST, status=RESOLVED), of(OTHER, severity="LOW", status=GONE, updated_at=10**13)).severity()
        == "LOW"
    )


def test_a_severity_that_nobody_knows_is_taken_for_the_worst() -> None:
    assert problem_of(FIRST, of(OTHER, severity="SEVERE")).severity() == "SEVERE"


def test_its_tags_are_those_of_all_copies_and_the_newest_says_best() -> None:
    found = [of(FIRST, tags={"a": "new", "b": "1"}, updated_at=2), of(OTHER, tags={"a": "old", "c": "2"}, updated_at=1)]
    for order in (found, found[::-1]):
        assert problem_of(*order).tags() == {"a": "new", "b": "1", "c": "2"}


@pytest.mark.parametrize(
    ("status", "ignored", "live", "opened"),
    [
        (OPEN, False, True, True),
        (SUPPRESSED, False, True, False),
        (RESOLVED, False, False, False),
        (GONE, False, False, False),
        (OPEN, True, False, False),
        (SUPPRESSED, True, False, False),
    ],
)
def test_somebody_has_to_do_with_what_is_open_or_suppressed_and_not_ignored(
    status: Status, ignored: bool, live: bool, opened: bool
) -> None:
    state = State(status=status, ignored=ignored)
    assert (state.live, state.open) == (live, opened)


@pytest.mark.parametrize(
    ("statuses", "quiet"),
    [
        ([OPEN], True),
        ([OPEN, RESOLVED], True),
        ([RESOLVED], True),
        ([RESOLVED, GONE], True),
        ([OPEN, RESOLVED, OPEN], False),
        ([RESOLVED, OPEN], False),
        ([SUPPRESSED, OPEN], False),
        ([GONE, OPEN, RESOLVED], False),
    ],
)
def test_what_was_there_before_the_fleet_is_quiet_until_it_opens(statuses: list[Status], quiet: bool) -> None:
    found = [finding_like(status=status, updated_at=number + 1) for number, status in enumerate(statuses)]
    assert problem_of(*found, quiet=True).quiet is quiet
    assert problem_of(*found).quiet is False


def test_a_quiet_problem_stays_so_when_another_of_its_findings_comes() -> None:
    assert problem_of(FIRST, OTHER, V2, quiet=True).quiet
