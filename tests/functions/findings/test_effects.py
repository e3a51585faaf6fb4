"""What Security Hub is asked: only what was meant, never twice, and never against the people at its console."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.decision import suppressed, taken, unsuppressed
from functions.findings.effects import BATCH, Change, answered, changes, in_batches, refused
from functions.findings.finding import TAKEN_BACK, Finding, Status
from functions.findings.lease import DAY_MS
from functions.findings.policy import Rule
from functions.findings.problem import Problem
from tests.functions.findings.consoles import DEEDS, Ask, Keep, assert_nobody_is_overruled, stories
from tests.functions.findings.histories import GONE, OPEN, OTHER, RESOLVED, SUPPRESSED, TERMS, V2
from tests.functions.findings.laws import FIRST, NOW, finding_like, law, lease, problem_of, seen, suppressing
from tests.layers.fleet.refute import REFUTE

BY = law(suppressing())
HOUR = 3_600_000


@given(stories, st.booleans())
def test_whatever_people_checks_and_leases_do_nobody_is_overruled(story: list[str], keeps: bool) -> None:
    assert_nobody_is_overruled(story, keeps=keeps)


def asks_for_all(problem: Problem) -> Iterator[Change]:
    """Whatever its findings say, they are suppressed under a lease."""
    failing = {key: msgspec.structs.replace(copy, status=OPEN) for key, copy in problem.copies.items()}
    return changes(msgspec.structs.replace(problem, copies=failing))


def undoes_everything(problem: Problem) -> Iterator[Change]:
    """Without a lease, whatever is suppressed is taken back, whoever did it."""
    ours = {key: msgspec.structs.replace(copy, terms=TERMS) for key, copy in problem.copies.items()}
    return changes(msgspec.structs.replace(problem, copies=ours, asked={}))


def asks_new_for_all(problem: Problem) -> Iterator[Change]:
    """As ASR 3.1 did: a note alone sets the workflow to NEW as well."""
    for key, copy in problem.copies.items():
        if problem.state.lease is None and problem.asked.get(key) != "NEW":
            yield Change(problem=problem.id, copy=key, finding=copy, workflow="NEW", label="NEW", note="looked at")


def undoes_nothing(problem: Problem) -> Iterator[Change]:
    return (change for change in changes(problem) if change.workflow == "SUPPRESSED")


def forgets_the_lease(problem: Problem) -> Iterator[Change]:
    """Asks once for each finding, and not again under the next lease."""
    return (change for change in changes(problem) if not problem.asked.get(change.copy))


def keeps_nothing(problem: Problem, done: Sequence[Change], now: int) -> Problem:
    """What was asked is not remembered."""
    return problem


def keeps_no_time(problem: Problem, done: Sequence[Change], now: int) -> Problem:
    """What was said to be done is taken for done, whatever is heard of it."""
    return msgspec.structs.replace(answered(problem, done, now), asked_at={})


def keeps_no_terms(problem: Problem, done: Sequence[Change], now: int) -> Problem:
    """It is remembered that something was asked, but not for which lease."""
    after = answered(problem, done, now)
    return msgspec.structs.replace(after, asked={key: label.split()[0] for key, label in after.asked.items()})


@pytest.mark.parametrize(
    ("ask", "keep"),
    [
        (asks_for_all, answered),
        (undoes_everything, answered),
        (asks_new_for_all, answered),
        (undoes_nothing, answered),
        (forgets_the_lease, answered),
        (changes, keeps_nothing),
        (changes, keeps_no_time),
        (changes, keeps_no_terms),
    ],
)
def test_the_property_refutes(ask: Ask, keep: Keep) -> None:
    @REFUTE
    @given(stories, st.booleans())
    def holds(story: list[str], keeps: bool) -> None:
        assert_nobody_is_overruled(story, keeps=keeps, ask=ask, keep=keep)

    with pytest.raises(AssertionError):
        holds()


def test_a_story_has_everything_in_it_that_can_happen() -> None:
    assert len(DEEDS) == 14


def test_every_open_copy_of_a_suppressed_problem_is_to_be_suppressed_with_a_note_that_says_why() -> None:
    problem = problem_of(FIRST, V2, OTHER, by=BY)
    wanted = list(changes(problem))
    assert {change.copy for change in wanted} == set(problem.copies)
    assert {(change.workflow, change.label) for change in wanted} == {
        ("SUPPRESSED", "ASKED until 2026-05-22 by rule:accepted")
    }
    assert {change.note for change in wanted} == {
        "yagura: suppressed until 2026-05-22 by rule:accepted (ada asked, grace agreed): Vendor fix is due"
    }
    assert [change.finding for change in wanted] == [problem.copies[change.copy] for change in wanted]


@pytest.mark.parametrize("status", [SUPPRESSED, RESOLVED, GONE])
def test_a_copy_that_is_not_open_is_left_alone_under_a_lease(status: Status) -> None:
    problem = problem_of(FIRST, msgspec.structs.replace(OTHER, status=status), by=BY)
    assert [change.finding.finding_id for change in changes(problem)] == [FIRST.finding_id]


def test_an_open_problem_without_a_lease_is_left_alone() -> None:
    assert list(changes(problem_of(FIRST, V2))) == []


def test_an_ignored_problem_is_left_alone() -> None:
    assert list(changes(problem_of(by=law(suppressing(), Rule(name="noise", ignore=True))))) == []


def test_a_finding_about_several_resources_is_left_alone() -> None:
    shared = finding_like(shared=True)
    assert list(changes(problem_of(shared, by=BY))) == []
    echo = finding_like(shared=True, status=SUPPRESSED, terms=TERMS)
    assert list(changes(problem_of(echo))) == []


def test_what_was_asked_is_not_asked_again() -> None:
    problem = problem_of(FIRST, V2, by=BY)
    wanted = list(changes(problem))
    after = answered(problem, wanted[:1], NOW)
    assert list(changes(after)) == wanted[1:]
    assert list(changes(answered(after, wanted[1:], NOW))) == []


def test_a_lease_that_takes_over_is_asked_for_again_where_a_finding_is_open() -> None:
    problem = problem_of(by=BY)
    asked = answered(problem, list(changes(problem)), NOW)
    granted = suppressed(asked, lease(), BY, NOW)
    assert [change.label for change in changes(granted)] == ["ASKED until 2026-05-22 by request:r1"]


def test_a_finding_that_is_found_again_under_another_id_is_suppressed_too() -> None:
    problem = problem_of(by=BY)
    asked = answered(problem, list(changes(problem)), NOW)
    reborn = taken(asked, seen(msgspec.structs.replace(OTHER, updated_at=NOW), event_id="e9"), BY, NOW)
    assert reborn is not None
    assert [change.finding.finding_id for change in changes(reborn)] == [OTHER.finding_id]


def test_a_finding_that_passed_and_fails_again_as_new_is_suppressed_again() -> None:
    problem = problem_of(by=BY)
    asked = answered(problem, list(changes(problem)), NOW)
    terms = "until 2026-05-22 by rule:accepted"
    passed = taken(asked, seen(finding_like(status=RESOLVED, updated_at=NOW, terms=terms), event_id="e8"), BY, NOW)
    assert passed is not None
    failing = taken(passed, seen(finding_like(updated_at=NOW + 1), event_time=NOW + 1), BY, NOW + 1)
    assert failing is not None
    assert [change.workflow for change in changes(failing)] == ["SUPPRESSED"]


def taken_back(copy: Finding, asked: str) -> list[Change]:
    """What is asked about a suppressed finding when no lease covers it any more."""
    problem = problem_of(msgspec.structs.replace(copy, status=SUPPRESSED))
    return list(changes(msgspec.structs.replace(problem, asked={copy.copy: asked} if asked else {})))


@pytest.mark.parametrize(
    ("ours", "asked", "back"),
    [
        (True, "", True),  # asked, and killed before that was written down
        (True, f"ASKED {TERMS}", True),
        (False, f"ASKED {TERMS}", True),
        (True, f"SUPPRESSED {TERMS}", True),
        (False, f"SUPPRESSED {TERMS}", True),  # somebody has put another note on it
        (False, f"CLOSED {TERMS}", True),
        (False, "", False),
        (False, "NEW", False),
        (True, "NEW", False),
        (True, f"OPENED {TERMS}", False),
        (False, "OPENED", False),
    ],
)
def test_only_what_the_fleet_suppressed_is_taken_back(ours: bool, asked: str, back: bool) -> None:
    wanted = taken_back(finding_like(terms=TERMS if ours else ""), asked)
    assert [(change.workflow, change.note) for change in wanted] == ([("NEW", TAKEN_BACK)] if back else [])


def test_a_mode_holds_back_suppressing_and_never_undoing() -> None:
    assert list(changes(problem_of(by=BY), undo_only=True)) == []
    echo = problem_of(finding_like(status=SUPPRESSED, terms=TERMS))
    assert [change.workflow for change in changes(echo, undo_only=True)] == ["NEW"]


def test_an_answer_about_a_finding_that_is_forgotten_meanwhile_is_dropped() -> None:
    problem = problem_of(FIRST, by=BY)
    gone = next(iter(changes(problem_of(OTHER, by=BY))))
    after = answered(problem, [gone], NOW)
    assert (after.asked, after.asked_at) == ({}, {})


def test_a_note_is_no_longer_than_security_hub_takes_and_names_no_patient() -> None:
    by = law(suppressing(reason="Waits for MRN: 88123456 " + "x" * 600))
    (change,) = changes(problem_of(by=by))
    assert len(change.note) == 512
    assert "88123456" not in change.note


def wanted(number: int, form: str, workflow: str, note: str) -> Change:
    found = finding_like(form=form, finding_id=f"f{number}")
    return Change(problem=f"p{number}", copy="c", finding=found, workflow=workflow, label="x", note=note)  # type: ignore[arg-type]


several = st.lists(
    st.tuples(st.sampled_from(["asff", "ocsf"]), st.sampled_from(["SUPPRESSED", "NEW"]), st.sampled_from("ab")),
    max_size=30,
).flatmap(
    lambda kinds: st.integers(1, 40).map(lambda times: [wanted(n, *kind) for n, kind in enumerate(kinds * times)])
)


@given(several)
def test_calls_are_of_one_form_workflow_and_note_at_most_a_hundred_findings_and_undoing_first(
    given: list[Change],
) -> None:
    batches = list(in_batches(given))
    for batch in batches:
        assert 0 < len(batch.changes) <= BATCH == 100
        for change in batch.changes:
            assert (change.finding.form, change.workflow, change.note) == (batch.form, batch.workflow, batch.note)
    assert sorted(c.problem for batch in batches for c in batch.changes) == sorted(c.problem for c in given)
    workflows = [batch.workflow for batch in batches]
    assert workflows == sorted(workflows, key=["NEW", "SUPPRESSED"].index)
    kinds = {(change.finding.form, change.workflow, change.note) for change in given}
    assert len(batches) <= len(kinds) + len(given) // BATCH


def test_nothing_to_ask_is_no_call() -> None:
    assert list(in_batches([])) == []


def test_a_suppression_that_was_taken_back_by_hand_is_undone_in_security_hub() -> None:
    granted = suppressed(problem_of(), lease(), law(), NOW)
    asked = answered(granted, list(changes(granted)), NOW)
    echo = taken(asked, seen(finding_like(status=SUPPRESSED, terms=TERMS), event_time=NOW + 1), law(), NOW + 1)
    assert echo is not None
    assert (echo.state.status, list(changes(echo))) == (SUPPRESSED, [])
    back = unsuppressed(echo, law(), "request:r2", NOW + 2)
    assert [change.workflow for change in changes(back)] == ["NEW"]


def test_what_was_refused_is_not_asked_again_on_the_same_terms_and_is_not_taken_back_from_others() -> None:
    problem = problem_of(by=BY)
    kept = answered(problem, [refused(change) for change in changes(problem)], NOW)
    assert set(kept.asked.values()) == {"REFUSED until 2026-05-22 by rule:accepted"}
    later = taken(kept, seen(finding_like(updated_at=NOW + DAY_MS), event_time=NOW + DAY_MS), BY, NOW + DAY_MS)
    assert later is not None
    assert list(changes(later)) == []
    assert len(list(changes(suppressed(later, lease(), BY, NOW)))) == 1
    by_hand = finding_like(status=SUPPRESSED, updated_at=NOW + 2 * DAY_MS)
    others = taken(later, seen(by_hand, event_time=NOW + 2 * DAY_MS, event_id="e2"), law(), NOW + 2 * DAY_MS)
    assert others is not None
    assert list(changes(others)) == []


def test_a_change_says_when_its_finding_was_last_heard_of() -> None:
    problem = problem_of(FIRST, OTHER, by=BY)
    assert {change.finding.finding_id: change.reported for change in changes(problem)} == {
        FIRST.finding_id: NOW,
        OTHER.finding_id: NOW + 1,
    }


@pytest.mark.parametrize(
    ("after", "about", "again"),
    [
        (HOUR, {}, True),
        (1, {}, False),  # its events are behind
        (-1, {}, False),
        (HOUR, {"terms": "until 2026-05-22 by rule:accepted"}, False),  # somebody has opened it: our note is on it
        (HOUR, {"terms": "until 2026-05-22 by rule:accepted", "status": SUPPRESSED}, False),
        (HOUR, {"terms": "until 2026-04-01 by rule:older"}, True),
    ],
)
def test_what_did_not_come_about_is_asked_again_when_a_later_report_says_so(
    after: int, about: dict[str, Any], again: bool
) -> None:
    problem = problem_of(by=BY)
    asked = answered(problem, list(changes(problem)), NOW + HOUR)
    at = NOW + HOUR + after
    report = seen(finding_like(updated_at=at, **about), event_time=at, event_id="later")
    later = taken(asked, report, BY, NOW + 2 * HOUR)
    assert later is not None
    assert [change.workflow for change in changes(later)] == (["SUPPRESSED"] if again else [])


def test_what_was_not_taken_back_is_asked_again_when_a_later_report_says_so_and_not_against_people() -> None:
    echo = problem_of(finding_like(status=SUPPRESSED, terms=TERMS))
    asked = answered(echo, list(changes(echo)), NOW)
    at = NOW + HOUR
    ours = seen(finding_like(status=SUPPRESSED, terms=TERMS, updated_at=at), event_time=at, event_id="later")
    theirs = seen(finding_like(status=SUPPRESSED, updated_at=at), event_time=at, event_id="later")
    for report, wanted in ((ours, ["NEW"]), (theirs, [])):
        later = taken(asked, report, law(), at)
        assert later is not None
        assert [change.workflow for change in changes(later)] == wanted
