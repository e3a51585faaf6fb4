"""What a team is told of its problems all together."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.brief import Brief, brief_of
from functions.findings.finding import Status
from functions.findings.history import History
from functions.findings.lease import DAY_MS, WARN_MS
from functions.findings.summary import Summary, age, entry, summary_of
from functions.findings.telling import Here
from tests.functions.findings.laws import FIRST, NOW, finding_like, open_problem, problem_of, suppressing
from tests.functions.findings.laws import law as law_of

HERE = Here("999900001111", "eu-central-1", NOW)
DUE = FIRST.updated_at + 30 * DAY_MS


def brief(**changes: Any) -> Brief:
    known = Brief(
        problem="p", account="111122223333", region="eu-west-1", control="S3.8", resource="arn:aws:s3:::a",
        severity="HIGH", status="open", team="front-door", service="intake", title="t", opened=NOW - 2 * DAY_MS,
        due=0, until=0, quiet=False, config="c",
    )  # fmt: skip
    return msgspec.structs.replace(known, **changes)


def event(*briefs: Brief, kind: Any = "digest") -> Any:
    return summary_of(briefs, NOW).event(kind, "2026-03-03", "111122223333", "eu-west-1")


def test_a_problem_in_a_list_says_what_it_is_whose_and_until_when() -> None:
    found = brief_of(problem_of())
    assert (found.problem, found.control, found.severity, found.status) == (FIRST.problem, "S3.8", "HIGH", "open")
    assert (found.team, found.service, found.title) == ("front-door", "intake", FIRST.title)
    assert (found.opened, found.due, found.until, found.quiet) == (FIRST.updated_at, DUE, 0, False)
    assert brief_of(problem_of(by=law_of(suppressing()))).until == NOW + 80 * DAY_MS
    assert brief_of(problem_of(quiet=True)).quiet


def test_it_says_when_the_one_that_is_silent_for_longest_was_heard_of() -> None:
    other = finding_like(finding_id="other")
    closed = finding_like(finding_id="closed", status=Status.RESOLVED)
    assert brief_of(problem_of(closed, FIRST, other)).heard == NOW + 1
    assert brief_of(problem_of(closed)).heard == 0
    assert brief_of(open_problem(history=History())).heard == 0


def test_one_that_was_written_before_that_was_known_is_as_if_nothing_had_been_heard_of_it() -> None:
    old = {name: value for name, value in msgspec.to_builtins(brief(heard=7)).items() if name != "heard"}
    assert msgspec.convert(old, Brief) == brief(heard=0)


def test_open_problems_are_counted_by_severity_control_and_age() -> None:
    said = event(
        brief(),
        brief(severity="LOW", control="IAM.6", opened=NOW - 40 * DAY_MS),
        brief(opened=NOW - DAY_MS + 1, due=NOW),
        brief(opened=NOW - DAY_MS, due=NOW + 1),
    )
    assert said.open == {"HIGH": 3, "LOW": 1}
    assert said.opened == {"HIGH": 1}, "within a day"
    assert said.controls == {"S3.8": 3, "IAM.6": 1}
    assert (said.overdue, said.oldest, said.suppressed) == (1, NOW - 40 * DAY_MS, 0)


def test_their_ages_are_counted_and_what_is_long_overdue_is_overdue() -> None:
    summary = summary_of([brief(due=1), brief(opened=NOW), brief(opened=NOW - 31 * DAY_MS)], NOW)
    assert summary.ages == {"< 7 d": 1, "< 1 d": 1, "< 90 d": 1}
    assert summary.overdue == 1


def test_the_oldest_is_none_where_nobody_knows_when_it_was_opened() -> None:
    assert event(brief(opened=0)).oldest == 0


def test_what_is_suppressed_is_counted_apart_and_so_is_what_nothing_of_ours_explains() -> None:
    said = event(
        brief(status="suppressed", until=NOW + WARN_MS),
        brief(status="suppressed", until=NOW + WARN_MS + 1),
        brief(status="suppressed", until=1),
        brief(status="suppressed", until=0),
    )
    assert (said.suppressed, said.unexplained, said.ending) == (4, 1, 2)
    assert (said.open, said.first, said.oldest) == ({}, [], 0)


def test_the_first_of_them_are_named_and_no_more() -> None:
    said = event(*(brief(problem=f"p{number}", control=f"C{number}") for number in range(15)))
    assert [each["problem"] for each in said.first] == [f"p{number}" for number in range(10)]
    assert len(said.controls) == 10
    assert said.first[0].keys() == {"problem", "severity", "control", "resource", "title", "opened", "due"}


def test_what_is_longest_overdue_is_named_first_and_ten_at_most() -> None:
    days = [3, 9, 1, 12, 7, 2, 11, 5, 8, 4, 10, 6]
    said = event(
        *(brief(problem=f"p{day}", due=NOW - day * DAY_MS) for day in days),
        brief(problem="now", due=NOW),
        brief(problem="soon", due=NOW + 1),
        brief(problem="never", due=0),
        brief(problem="suppressed", status="suppressed", until=NOW + 1, due=1),
    )
    assert [each["problem"] for each in said.late] == [f"p{day}" for day in range(12, 2, -1)]
    assert said.overdue == 13
    assert said.late[0] == {
        "problem": "p12",
        "severity": "HIGH",
        "control": "S3.8",
        "resource": "arn:aws:s3:::a",
        "title": "t",
        "opened": NOW - 2 * DAY_MS,
        "due": NOW - 12 * DAY_MS,
    }
    assert [each["problem"] for each in event(brief(problem="now", due=NOW), brief(due=NOW + 1)).late] == ["now"]


def test_of_those_that_are_overdue_for_as_long_the_worst_comes_first() -> None:
    said = event(brief(problem="worst", due=5), brief(problem="other", due=5))
    assert [each["problem"] for each in said.late] == ["worst", "other"]


def test_what_is_due_within_two_days_is_counted() -> None:
    dues = [0, 1, NOW, NOW + 1, NOW + 2 * DAY_MS, NOW + 2 * DAY_MS + 1]
    suppressed = brief(status="suppressed", until=NOW + 1, due=NOW + 1)
    assert event(*(brief(due=due) for due in dues), suppressed).due_soon == 2


def test_without_anything_to_tell_there_is_no_summary() -> None:
    assert not Summary()
    assert summary_of([brief()], NOW)
    assert summary_of([brief(status="suppressed")], NOW)


@pytest.mark.parametrize(
    ("days", "name"),
    [(-1, "< 1 d"), (1, "< 7 d"), (7, "< 30 d"), (29, "< 30 d"), (30, "< 90 d"), (89, "< 90 d"), (90, "older")],
)  # fmt: skip
def test_an_age_has_a_name(days: int, name: str) -> None:
    assert age(days * DAY_MS) == name


def test_the_event_of_the_same_day_is_the_same_event_and_is_of_the_team() -> None:
    one, other = entry(event(brief()), "front-door", HERE), entry(event(), "front-door", HERE)
    assert one.id == other.id == "digest-999900001111-eu-central-1-111122223333-front-door-2026-03-03"
    assert one.id != entry(event(brief(), kind="baseline"), "front-door", HERE).id
    assert one.id != entry(event(brief()), "billing", HERE).id
    meta = json.loads(one.detail)["meta"]
    assert (meta["team"], meta["account"], meta["region"]) == ("front-door", "999900001111", "eu-central-1")
    assert (meta["service"], meta["environment"], meta["actor"]) == ("", "", "yagura.findings")
    assert (meta["time"], meta["version"]) == (NOW, 1)
    assert (one.detail_type, one.source) == ("FindingsSummarized", "yagura.findings")


briefs = st.builds(
    brief,
    severity=st.sampled_from(["LOW", "HIGH", "CRITICAL"]),
    status=st.sampled_from(["open", "suppressed"]),
    opened=st.integers(0, NOW),
    due=st.sampled_from([0, NOW - 1, NOW + 1]),
    until=st.sampled_from([0, NOW + 1, NOW + 30 * DAY_MS]),
)


@given(st.lists(briefs, max_size=12))
def test_the_parts_add_up(some: list[Brief]) -> None:
    summary = summary_of(some, NOW)
    still_open = sum(summary.open.values())
    assert still_open + summary.suppressed == len(some)
    assert still_open == sum(summary.controls.values()) == sum(summary.ages.values())
    assert summary.unexplained + summary.ending <= summary.suppressed
    assert summary.overdue + summary.due_soon <= still_open
    assert len(summary.late) == min(summary.overdue, 10)
    assert sum(summary.opened.values()) <= still_open
