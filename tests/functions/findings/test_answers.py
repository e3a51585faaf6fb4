"""What people are answered about problems, in words of the fleet, and masked."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.masking import mask
from functions.chatops.filing import MOST_SHOWN
from functions.findings.answers import changed, elsewhere, listed, numbers, shown
from functions.findings.decision import suppressed, unsuppressed
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS
from functions.findings.policy import Route, Rule
from functions.findings.problem import Act, Issue
from functions.findings.summary import Summary, summary_of
from tests.functions.findings.laws import FIRST, LEVELS, NOW, finding_like, law, lease, problem_of, suppressing
from tests.functions.findings.test_summary import brief

HOUR, MINUTE = 3_600_000, 60_000


def facts(answer: Any) -> dict[str, str]:
    return {row[0]: row[1] for row in answer.table[1:]}


def test_of_a_list_the_worst_and_oldest_come_first_whatever_order_they_come_in() -> None:
    some = [
        brief(problem="new", opened=NOW),
        brief(problem="low", severity="LOW", opened=1),
        brief(problem="old", opened=NOW - DAY_MS),
        brief(problem="worst", severity="CRITICAL"),
        brief(problem="odd", severity="SEVERE"),
    ]
    answer = listed(some, "open", most=4, now=NOW)
    assert [row[0] for row in answer.table[1:]] == ["worst", "old", "new", "low"]
    assert answer.headline == "4 open problems; there are more"


@pytest.mark.parametrize(
    ("some", "headline"), [([], "0 open problems"), ([brief()], "1 open problem"), ([brief()] * 2, "2 open problems")]
)
def test_a_list_says_how_many_there_are(some: Any, headline: str) -> None:
    assert listed(some, "open", most=2, now=NOW).headline == headline


def test_a_list_says_what_each_problem_is_whose_it_is_and_when_it_is_due() -> None:
    answer = listed([brief(due=NOW + DAY_MS)], "open", most=1, now=NOW)
    assert (answer.outcome, answer.table) == (
        "done",
        [
            ["Problem", "Severity", "Control", "Resource", "Team", "Opened", "Due"],
            ["p", "HIGH", "S3.8", "arn:aws:s3:::a", "front-door", "2 d ago", "in 24 h"],
        ],
    )


def test_a_deployment_that_keeps_no_problems_says_so_as_an_answer() -> None:
    assert elsewhere().outcome == "done"


def test_of_what_is_suppressed_it_says_when_that_ends_and_whether_it_is_ours() -> None:
    some = [brief(status="suppressed", until=NOW + 3 * DAY_MS, opened=1), brief(status="suppressed", opened=2)]
    answer = listed(some, "suppressed", most=20, now=NOW)
    assert answer.table[0][-1] == "Ends"
    assert [row[-1] for row in answer.table[1:]] == ["in 3 d", "not ours"]


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (0, "-"),
        (NOW + 119 * MINUTE, "in 119 min"),
        (NOW + 2 * HOUR, "in 2 h"),
        (NOW + 47 * HOUR, "in 47 h"),
        (NOW + 48 * HOUR, "in 2 d"),
        (NOW + 3 * DAY_MS - MINUTE, "in 3 d"),
        (NOW - 3 * HOUR + MINUTE, "3 h ago"),
        (NOW - 5 * DAY_MS, "5 d ago"),
        (NOW, "0 min ago"),
    ],
)
def test_times_are_told_from_now_on_since_a_date_would_be_masked(due: int, said: str) -> None:
    assert listed([brief(due=due)], "open", most=1, now=NOW).table[1][-1] == said


def test_a_problem_is_shown_with_all_that_people_decide_by() -> None:
    days = {Status.OPEN: 3, Status.RESOLVED: 2}
    found = [finding_like(status=each, updated_at=NOW - ago * DAY_MS) for each, ago in days.items()]
    rules = [Rule(name="mild", severity="LOW"), Rule(name="where", route=Route(channel="#vault"))]
    problem = problem_of(*found, finding_like(updated_at=NOW - DAY_MS), by=law(*rules))
    problem = msgspec.structs.replace(problem, acts=[Act(NOW, "suppression_ended", "clock")])
    answer = shown(problem, LEVELS["LOW"], NOW, "r-1")
    assert answer.table == [
        ["Fact", "Value", "By"],
        ["Problem", problem.id, ""],
        ["Control", "S3.8", ""],
        ["Title", FIRST.title, ""],
        ["Resource", FIRST.resource, ""],
        ["Place", "111122223333:eu-west-1", ""],
        ["Status", "open", ""],
        ["Severity", "LOW", ""],
        ["Reported as", "HIGH", ""],
        ["Team", "front-door (intake, by tag)", ""],
        ["Told", "digest", ""],
        ["Opened", "24 h ago, 2 times", ""],
        ["Due", "in 89 d", ""],
        ["Decided by", "severity rule:mild; route rule:where", ""],
        ["Days at most", "365", ""],
        ["Tier", "0", ""],
        ["Must agree", "nobody else", ""],
        ["To suppress", "findings suppress r-1 <days> <reason>", ""],
        ["2 d ago", "resolved", "e1"],
        ["24 h ago", "open", "e2"],
        ["0 min ago", "suppression ended", "clock"],
    ]
    assert answer.shown == {"problem": problem.id, "severity": "LOW", "status": "open", "tier": 0, "most_days": 365}
    assert answer.outcome == "done"


def test_what_there_is_nothing_to_say_of_is_left_out() -> None:
    told = facts(shown(problem_of(), LEVELS["HIGH"], FIRST.updated_at + DAY_MS, "r-1"))
    assert told["Opened"] == "24 h ago"
    assert not {"Reported as", "Decided by"} & set(told)


def test_a_problem_is_shown_with_its_owner_and_who_decided_it_and_what_happened() -> None:
    problem = suppressed(problem_of(), lease(), law(), NOW)
    answer = shown(problem, LEVELS["HIGH"], NOW + DAY_MS, "r-1")
    told = facts(answer)
    assert answer.headline == "HIGH S3.8 is suppressed, of front-door"
    assert told["Team"] == "front-door (intake, by tag)"
    assert (told["Suppressed by"], told["Told"]) == ("request:r1, ends in 79 d", "now")
    assert told["Decided by"] == "suppress request:r1"
    past = [(row[1], row[2]) for row in answer.table if len(row) == 3 and row[2]]
    assert past[1:] == [("open", "e0"), ("suppressed", "request:r1")]
    assert "Issue" not in told
    assert "Ignored" not in told


def test_it_says_that_nobody_was_told_that_it_is_ignored_and_its_issue() -> None:
    quiet = problem_of(quiet=True, by=law(Rule(name="noise", ignore=True)))
    told = facts(
        shown(msgspec.structs.replace(quiet, issue=Issue(repository="acme/shop", number=7)), LEVELS["HIGH"], NOW, "r-1")
    )
    assert told["Told"] == "never: it was there before the fleet"
    assert (told["Ignored"], told["Issue"]) == ("yes", "acme/shop 7")


def test_of_a_long_history_the_last_is_shown() -> None:
    states = [Status.OPEN, Status.RESOLVED] * 10
    problem = problem_of(*(finding_like(status=each, updated_at=NOW + n) for n, each in enumerate(states)))
    answer = shown(problem, LEVELS["HIGH"], NOW + DAY_MS, "r-1")
    assert [row[1] for row in answer.table[-6:]] == [each.value for each in states[-6:]]
    assert answer.table[-1][2] == "e19"
    assert len(answer.table) == MOST_SHOWN + 1


def test_whatever_there_is_to_say_of_a_problem_people_can_approve_it_whole() -> None:
    """Else it could not be suppressed: nobody approves what they cannot read."""
    states = [Status.OPEN, Status.RESOLVED] * 10
    full = problem_of(
        *(finding_like(status=each, updated_at=NOW + n) for n, each in enumerate(states)),
        by=law(Rule(name="noise", ignore=True), Rule(name="mild", severity="LOW"), Rule(name="own", owner="vault")),
    )
    full = msgspec.structs.replace(full, issue=Issue(repository="acme/shop", number=7))
    assert len(shown(full, LEVELS["HIGH"], NOW, "r-1").table) == MOST_SHOWN + 1


def test_every_row_has_as_many_cells_as_the_heads() -> None:
    for answer in (
        shown(problem_of(), LEVELS["HIGH"], NOW, "r-1"),
        listed([brief()], "open", most=9, now=NOW),
        changed(problem_of(), "now of x", NOW),
    ):
        assert {len(row) for row in answer.table} == {len(answer.table[0])}


def test_titles_and_reasons_are_masked() -> None:
    by = law(suppressing(reason="patient Yamada agreed"))
    answer = shown(problem_of(finding_like(title="Bucket of patient Yamada"), by=by), LEVELS["HIGH"], NOW, "r-1")
    assert "Yamada" not in str(answer)
    assert facts(answer)["Title"] == "Bucket of patient [masked]"


def test_after_a_command_it_says_until_when() -> None:
    problem = suppressed(problem_of(), lease(), law(), NOW)
    answer = changed(problem, "suppressed", NOW)
    assert (answer.outcome, answer.headline) == ("done", "S3.8 is suppressed, which ends in 80 d")
    assert answer.table == [
        ["Problem", "Status", "Severity", "Team"],
        [problem.id, "suppressed", "HIGH", "front-door"],
    ]
    assert changed(unsuppressed(problem, law(), "x", NOW), "open", NOW).headline == "S3.8 is open"


def test_numbers_are_by_team_severity_and_age_and_tell_of_noise_and_time() -> None:
    old = [brief(opened=NOW - 100 * DAY_MS, due=1), brief(severity="LOW", opened=NOW), brief(status="suppressed")]
    sums = {"front-door": summary_of(old, NOW), "nobody": Summary()}
    counts = Counter(
        received=900, opened=10, told=4, triage_number=2, triage_ms=3000, resolve_number=1, resolve_ms=3 * DAY_MS
    )
    answer = numbers(sums, counts, 30)
    assert (answer.outcome, answer.headline) == ("done", "2 open problems")
    assert answer.table[0] == [
        "Team", "Open", "CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "Overdue", "Suppressed", "Age"
    ]  # fmt: skip
    assert answer.table[1] == ["front-door", "2", "0", "1", "0", "1", "0", "1", "1", "< 1 d: 1, older: 1"]
    told = facts(answer)
    assert list(told) == ["front-door", "Last 30 days", "Noise", "Time to triage", "Time to resolve"]
    assert told["Last 30 days"] == "900 events, 10 problems opened, 4 told at once"
    assert told["Noise"] == "225 events for a message; 60 % kept quiet"
    assert (told["Time to triage"], told["Time to resolve"]) == ("1.5 s on average, of 2", "3.0 d on average, of 1")


def test_without_any_numbers_nothing_is_divided_by_nothing() -> None:
    told = facts(numbers({}, Counter(), 30))
    assert told["Noise"] == "- events for a message; - kept quiet"
    assert (told["Time to triage"], told["Time to resolve"]) == ("-", "-")


@pytest.mark.parametrize(
    ("mean", "said"),
    [
        (59_900, "59.9 s"),
        (MINUTE, "1 min"),
        (HOUR - 36_000, "59 min"),
        (HOUR, "1.0 h"),
        (5 * HOUR, "5.0 h"),
        (47 * HOUR, "47.0 h"),
        (48 * HOUR, "2.0 d"),
    ],
)
def test_a_mean_is_told_in_seconds_hours_or_days(mean: int, said: str) -> None:
    counts = Counter(resolve_number=2, resolve_ms=2 * mean)
    assert facts(numbers({}, counts, 30))["Time to resolve"] == f"{said} on average, of 2"


@given(*[st.integers(0, 10**12)] * 5)
def test_no_number_is_masked_however_large(received: int, opened: int, told: int, number: int, ms: int) -> None:
    counts = Counter(received=received, opened=opened, told=told, resolve_number=number, resolve_ms=ms)
    answer = numbers({}, counts, 30)
    said = [answer.headline, *(cell for row in answer.table for cell in row)]
    assert [mask(each) for each in said] == said


@pytest.mark.parametrize(("many", "said"), [(9_999, "9999"), (10_000, "10 k"), (123_456, "123 k"), (10**7, "10 M")])
def test_many_are_told_in_thousands(many: int, said: str) -> None:
    answer = numbers({}, Counter(received=many), 30)
    assert facts(answer)["Last 30 days"].startswith(f"{said} events, 0 problems")


def test_of_a_team_without_anything_open_there_are_no_ages() -> None:
    answer = numbers({"front-door": summary_of([brief(status="suppressed")], NOW)}, Counter(), 30)
    assert answer.table[1] == ["front-door", *["0"] * 7, "1", "-"]
