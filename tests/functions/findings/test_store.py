"""Problems in the table: on the fake of these tests and on moto's DynamoDB alike."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from fleet.events.envelope import Entry
from fleet.items import Table
from functions.findings.decision import suppressed, taken
from functions.findings.finding import Finding
from functions.findings.lease import DAY_MS
from functions.findings.policy import Rule
from functions.findings.problem import Issue, Problem
from functions.findings.store import IGNORED, ProblemStore, Stored, key
from functions.findings.telling import Here, Told, entries
from tests.functions.findings.histories import GONE, OPEN, OTHER, RESOLVED, SUPPRESSED
from tests.functions.findings.laws import FIRST, NOW, finding_like, law, lease, policy, problem_of, seen, suppressing
from tests.layers.fleet.fakes import FakeDynamoDB
from tests.layers.fleet.test_items import on_moto

HERE = Here("111122223333", "eu-west-1", NOW)
DUE = FIRST.updated_at + 30 * DAY_MS


@pytest.fixture(params=["fake", "moto"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    if request.param == "fake":
        fake: Any = FakeDynamoDB()
        yield Table(fake, "t")
        return
    with on_moto() as table:
        yield table


@pytest.fixture
def store(table: Table) -> ProblemStore:
    return ProblemStore(table, policy())


def told(problem: Problem) -> list[Entry]:
    return entries(None, Told(problem=problem, here=HERE, revision=1, cause=None, actor="x"), quiet_days=7)


def put(store: ProblemStore, problem: Problem, *, acting: bool = True, now: int = NOW) -> dict[str, Any]:
    """Write a problem over whatever there is; its item."""
    assert store.put(problem, [], over=store.get(problem.id), now=now, acting=acting)
    item = store.get(problem.id).item
    assert item is not None
    return item


def test_an_unknown_problem_is_none_and_its_first_write_makes_the_first_revision(store: ProblemStore) -> None:
    stored = store.get("nothing")
    assert stored == Stored(None, None)
    assert stored.revision == 1


def test_a_problem_comes_back_as_it_was_put(store: ProblemStore) -> None:
    problem = suppressed(problem_of(FIRST, OTHER), lease(), law(), NOW)
    put(store, problem)
    stored = store.get(FIRST.problem)
    assert (stored.problem, stored.revision) == (problem, 2)


def test_the_event_is_in_the_same_write_as_the_fact(store: ProblemStore) -> None:
    problem = problem_of()
    assert store.put(problem, told(problem), over=store.get(problem.id), now=5, acting=True)
    item = store.get(problem.id).item
    assert item is not None
    assert (item["pending"], item["pending_since"], item["v"]) == ("1", 5, 2)
    assert [entry["id"] for entry in item["outbox"]] == [f"{FIRST.problem}-1-FindingOpened"]


def test_a_write_over_an_older_reading_is_refused(store: ProblemStore) -> None:
    stale = store.get(FIRST.problem)
    assert store.put(problem_of(), [], over=stale, now=5, acting=True)
    assert not store.put(problem_of(), [], over=stale, now=6, acting=True)


def test_what_still_waits_stays_on_the_item_with_its_first_time(store: ProblemStore) -> None:
    problem = problem_of()
    store.put(problem, told(problem), over=store.get(problem.id), now=5, acting=True)
    item = put(store, problem_of(finding_like(status=RESOLVED)), now=9)
    assert (len(item["outbox"]), item["pending"], item["pending_since"]) == (1, "1", 5)


def test_an_open_problem_is_due_when_its_reminder_is_and_stands_in_the_index_for_it(store: ProblemStore) -> None:
    item = put(store, problem_of())
    assert (item["due_at"], item["pending"], item["pending_since"]) == (DUE - DAY_MS, "due", DUE - DAY_MS)
    assert list(store.due(DUE - DAY_MS - 1)) == []
    assert list(store.due(DUE - DAY_MS)) == [FIRST.problem]


def test_problems_are_due_in_the_order_of_their_times_and_nothing_else_is(store: ProblemStore, table: Table) -> None:
    later = problem_of(finding_like(resource="later", updated_at=FIRST.updated_at + 5))
    for problem in (later, problem_of()):
        put(store, problem)
    table.put({"pk": "other", "pending": "due", "pending_since": 1}, over=None)
    table.put({"pk": key("waits"), "pending": "1", "pending_since": 1}, over=None)
    assert list(store.due(DUE)) == [FIRST.problem, later.id]


def test_a_problem_that_closes_is_due_no_more(store: ProblemStore) -> None:
    put(store, problem_of())
    item = put(store, problem_of(finding_like(status=RESOLVED)))
    assert {"due_at", "pending", "pending_since", "live", "rank", "brief"} & set(item) == set()


def test_what_security_hub_is_to_be_asked_is_wanted_and_tried_again_soon(store: ProblemStore) -> None:
    item = put(store, problem_of(by=law(suppressing())))
    assert item["wants"] == "security-hub"
    assert NOW < item["due_at"] <= NOW + 3_600_000


def test_observing_wants_only_what_undoes(store: ProblemStore) -> None:
    assert "wants" not in put(store, problem_of(by=law(suppressing())), acting=False)
    echo = finding_like(status=SUPPRESSED, terms="until 2026-06-01 by rule:x")
    assert put(store, problem_of(echo), acting=False)["wants"] == "security-hub"


def test_what_was_wanted_and_is_done_is_wanted_no_more(store: ProblemStore) -> None:
    put(store, problem_of(by=law(suppressing())))
    assert "wants" not in put(store, problem_of())


@pytest.mark.parametrize(
    ("status", "rules", "listed"),
    [
        (OPEN, [], True),
        (OPEN, [suppressing()], True),
        (SUPPRESSED, [], True),
        (RESOLVED, [], False),
        (GONE, [], False),
        (OPEN, [Rule(name="noise", ignore=True)], False),
    ],
)
def test_a_teams_problems_are_those_that_somebody_may_have_to_do_something_about(
    store: ProblemStore, status: Any, rules: list[Rule], listed: bool
) -> None:
    problem = problem_of(finding_like(status=status), by=law(*rules))
    put(store, problem)
    assert [brief.problem for brief in store.live("front-door")] == ([problem.id] if listed else [])
    assert list(store.live("platform")) == []


def test_what_is_ignored_stands_apart_so_that_a_rule_that_goes_finds_it(store: ProblemStore) -> None:
    ignored = put(store, problem_of(by=law(Rule(name="noise", ignore=True))))
    assert [brief.problem for brief in store.live(IGNORED)] == [FIRST.problem]
    assert "expires" not in ignored


def of(severity: str, day: int) -> Finding:
    return finding_like(resource=f"{severity}-{day}", severity=severity, updated_at=day * DAY_MS)


def test_a_teams_problems_come_the_worst_and_then_the_oldest_first_page_by_page(store: ProblemStore) -> None:
    wanted = [of("CRITICAL", 9), of("HIGH", 2), of("HIGH", 30), of("MEDIUM", 1), of("LOW", 4), of("INFORMATIONAL", 0)]
    for found in wanted[::-1]:
        put(store, problem_of(found))
    resources = [found.resource for found in wanted]
    assert [brief.resource for brief in store.live("front-door")] == resources
    paged: list[str] = []
    after = None
    while True:
        briefs, after = store.live_page("front-door", after, 2)
        paged += [brief.resource for brief in briefs]
        if after is None:
            break
    assert paged == resources


def test_a_problem_in_a_list_says_what_a_list_shows(store: ProblemStore) -> None:
    put(store, suppressed(problem_of(quiet=True), lease(), law(), NOW))
    (brief,) = store.live("front-door")
    assert (brief.control, brief.resource, brief.severity, brief.status, brief.team) == (
        "S3.8",
        FIRST.resource,
        "HIGH",
        "suppressed",
        "front-door",
    )
    assert (brief.opened, brief.until, brief.quiet, brief.config) == (
        FIRST.updated_at,
        NOW + 80 * DAY_MS,
        True,
        "hash",
    )


def test_a_problem_that_was_given_to_another_team_is_in_that_ones_list(store: ProblemStore) -> None:
    put(store, problem_of())
    put(store, problem_of(by=law(Rule(name="x", owner="vault"))))
    assert list(store.live("front-door")) == []
    assert [brief.team for brief in store.live("vault")] == ["vault"]


def days_kept(item: dict[str, Any], since: int) -> float:
    return float((item["expires"] - since // 1000) * 1000 / DAY_MS)


@pytest.mark.parametrize("age", [0, 1, 15, 400])
def test_a_problem_that_never_failed_is_kept_as_long_as_events_about_it_may_come(store: ProblemStore, age: int) -> None:
    passed = finding_like(status=RESOLVED, updated_at=NOW - age * DAY_MS)
    assert days_kept(put(store, problem_of(passed)), NOW) == 15, "however long ago it passed"


def test_one_that_was_only_ever_suppressed_is_kept_as_long_as_others_remember_its_revisions(
    store: ProblemStore,
) -> None:
    closed = problem_of(
        finding_like(status=SUPPRESSED, updated_at=NOW - 1), finding_like(status=RESOLVED, updated_at=NOW)
    )
    assert closed.state.openings == 0
    assert days_kept(put(store, closed), NOW) == 400


def test_a_page_that_begins_in_another_teams_list_is_the_first_of_its_own(store: ProblemStore) -> None:
    put(store, problem_of())
    (_,), after = store.live_page("front-door", None, 1)
    elsewhere = {"pk": "problem#x", "live": "vault", "rank": "1#1"}
    assert after is None or after["live"] == "front-door"
    assert len(store.live_page("front-door", elsewhere, 1)[0]) == 1


def test_a_problem_that_was_open_is_kept_for_more_than_a_year_after_it_closed(store: ProblemStore) -> None:
    closed = problem_of(FIRST, finding_like(status=RESOLVED, updated_at=NOW))
    assert days_kept(put(store, closed), NOW) == 400


def test_a_problem_with_an_issue_is_kept_for_more_than_a_year(store: ProblemStore) -> None:
    closed = problem_of(finding_like(status=RESOLVED))
    kept = put(store, msgspec.structs.replace(closed, issue=Issue(repository="a/b", number=1, open=False)))
    assert days_kept(kept, FIRST.updated_at) == 400


@pytest.mark.parametrize("status", [OPEN, SUPPRESSED])
def test_a_live_problem_does_not_expire(store: ProblemStore, status: Any) -> None:
    assert "expires" not in put(store, problem_of(finding_like(status=status)))


def test_a_problem_that_opens_again_expires_no_more(store: ProblemStore) -> None:
    put(store, problem_of(finding_like(status=RESOLVED)))
    assert "expires" not in put(store, problem_of())


def test_a_closed_problem_with_a_grant_does_not_expire_before_that_is_over(store: ProblemStore) -> None:
    granted = suppressed(problem_of(), lease(), law(), NOW)
    closed = taken(granted, seen(finding_like(status=RESOLVED, updated_at=NOW), event_id="e9"), law(), NOW)
    assert closed is not None
    item = put(store, closed)
    assert "expires" not in item
    assert item["due_at"] == NOW + 80 * DAY_MS


def test_a_problem_of_the_first_version_is_read_and_taken_over_by_the_next_finding(
    store: ProblemStore, table: Table
) -> None:
    old = {
        "finding": {
            "account": FIRST.account,
            "region": FIRST.region,
            "control": FIRST.control,
            "resource": FIRST.resource,
            "resource_type": FIRST.resource_type,
            "severity": "HIGH",
            "status": "open",
            "title": FIRST.title,
            "finding_id": FIRST.finding_id,
            "updated_at": FIRST.updated_at,
            "tags": FIRST.tags,
        },
        "order": [FIRST.updated_at, NOW, "d" * 64],
        "owner": {"service": "intake", "team": "front-door", "environment": "staging", "rule": "tag"},
        "config": "old",
    }
    table.put({"pk": key(FIRST.problem), "v": 1, "problem": old}, over=None)
    problem = store.get(FIRST.problem).problem
    assert problem is not None
    assert (problem.state.status, problem.state.openings, problem.state.opened) == (OPEN, 1, FIRST.updated_at)
    passed = taken(problem, seen(finding_like(status=RESOLVED, updated_at=NOW)), law(), NOW)
    assert passed is not None
    assert passed.state.status is RESOLVED
    item = put(store, passed)
    assert item["v"] == 2
    assert store.get(FIRST.problem).problem == passed
