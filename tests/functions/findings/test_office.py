"""Recording and changing problems: how many requests that takes, and what becomes of conflicts."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from fleet import clock
from fleet.items import ConflictError, Item, Table
from fleet.modes import ModeSwitch
from fleet.outbox import Outbox
from fleet.publisher import Publisher
from fleet.settings import Settings
from functions.findings.decision import reviewed, suppressed, unsuppressed
from functions.findings.event import Accepts
from functions.findings.finding import Finding
from functions.findings.lease import DAY_MS
from functions.findings.office import Config, Office
from functions.findings.policy import Rule
from functions.findings.problem import Problem
from functions.findings.store import key
from functions.findings.telling import expiring
from tests.functions.findings.histories import OPEN, OTHER, RESOLVED, V2
from tests.functions.findings.laws import CATALOGUE, FIRST, NOW, finding_like, lease, policy, seen
from tests.layers.fleet.fakes import FakeDynamoDB, FakeEvents, FakeParameters, Steps

PK = key(FIRST.problem)


class Desk:
    """An office, with its requests counted. Its account was summed up, and it knows that."""

    def __init__(self, *rules: Rule, mode: str = "act", summed_up: bool = True) -> None:
        self.steps = Steps()
        self.dynamodb = FakeDynamoDB(self.steps)
        self.parameters = FakeParameters(findings=mode)
        self.table = Table(self.dynamodb, "t")  # type: ignore[arg-type]
        settings = Settings(
            account="111122223333", region="eu-west-1", capability="findings", table="t", bus="yagura", dead_letters=""
        )
        config = Config(accepts=Accepts(accounts=None), catalogue=CATALOGUE, policy=policy(*rules))
        client: Any = self.parameters
        self.office = Office(settings, config, "hash", self.table, ModeSwitch(client, "findings"))
        if summed_up:
            self.office.baselines.begin(FIRST.account, 1)
            self.office.baselines.finish(FIRST.account, 2)
            self.office.baselines.done(FIRST.account)
        self.steps.names.clear()

    def requests(self) -> dict[str, int]:
        """So many of each since the last call."""
        found = Counter(name.removeprefix("before ") for name in self.steps.names if name.startswith("before "))
        self.steps.names.clear()
        return dict(found)

    def publish(self) -> None:
        bus: Any = FakeEvents(self.steps)
        Outbox(self.table, Publisher(bus, "yagura"), lambda: NOW).flush(PK)

    @property
    def problem(self) -> Problem:
        problem = self.office.store.get(FIRST.problem).problem
        assert problem is not None
        return problem

    @property
    def waiting(self) -> list[str]:
        return [entry["detail_type"] for entry in (self.table.get(PK) or {}).get("outbox", [])]


def record(desk: Desk, found: Finding = FIRST, event_id: str = "e") -> None:
    desk.office.record(seen(found, event_id=event_id))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_new_problem_is_one_read_and_one_write_and_telling_it_is_one_of_each_more(desk: Desk) -> None:
    record(desk)
    assert desk.requests() == {"GetItem": 1, "PutItem": 1}
    desk.publish()
    assert desk.requests() == {"GetItem": 1, "PutEvents": 1, "PutItem": 1}


def test_a_new_problem_that_nobody_is_told_of_is_one_write(desk: Desk) -> None:
    record(desk, finding_like(status=RESOLVED))
    desk.publish()
    assert desk.requests() == {"GetItem": 2, "PutItem": 1}


def test_a_repeat_is_one_read_and_no_other_call(desk: Desk) -> None:
    record(desk)
    desk.requests()
    reads = desk.parameters.reads
    record(desk)
    assert desk.requests() == {"GetItem": 1}
    assert desk.parameters.reads == reads


def test_a_change_of_a_known_problem_is_one_read_and_one_write(desk: Desk) -> None:
    record(desk)
    desk.requests()
    record(desk, V2)
    assert desk.requests() == {"GetItem": 1, "PutItem": 1}


def test_whether_an_account_was_summed_up_is_read_for_its_new_problems_until_it_was() -> None:
    desk = Desk(summed_up=False)
    desk.office.baselines.begin(FIRST.account, NOW)
    desk.requests()
    record(desk)
    assert desk.requests() == {"GetItem": 2, "PutItem": 1}
    record(desk, V2)
    assert desk.requests() == {"GetItem": 1, "PutItem": 1}


def test_a_problem_of_an_account_that_was_not_summed_up_is_quiet(desk: Desk) -> None:
    early = Desk(summed_up=False)
    record(early)
    record(desk)
    assert (early.problem.quiet, desk.problem.quiet) == (True, False)


def test_a_problem_that_is_newer_than_the_fleet_is_told_though_its_account_is_not_summed_up() -> None:
    for later, quiet in ((0, True), (1, False)):
        desk = Desk(summed_up=False)
        since = desk.office.baselines.begin(FIRST.account, NOW)
        record(desk, finding_like(created_at=since + later))
        assert desk.problem.quiet is quiet
        assert desk.waiting == ["FindingOpened"]


def test_the_fleet_knows_an_account_since_the_first_event_of_it() -> None:
    desk, now = Desk(summed_up=False), clock.now_ms()
    record(desk)
    assert desk.problem.quiet
    assert now <= desk.office.baselines.begin(FIRST.account, 2 * now) < 2 * now


def test_a_problem_of_an_account_that_nobody_has_named_is_told_since_no_sum_will_be(desk: Desk) -> None:
    found = finding_like(account="444455556666")
    record(desk, found)
    problem = desk.office.store.get(found.problem).problem
    assert problem is not None
    assert not problem.quiet
    assert "account#444455556666" not in desk.dynamodb.items


def overtake(desk: Desk, times: int) -> list[str]:
    """Others write the problem between its next readings and writings, so many times."""
    table, raced = desk.office.store._table, list[str]()
    put = table.put

    def put_late(item: Item, *, over: Item | None) -> bool:
        if len(raced) < times:
            raced.append(item["pk"])
            raw = desk.dynamodb.items[PK]
            raw["rev"] = {"N": str(int(raw["rev"]["N"]) + 1)}
        return put(item, over=over)

    table.put = put_late  # type: ignore[method-assign]
    return raced


def test_who_loses_a_race_reads_again_and_judges_anew(desk: Desk) -> None:
    record(desk)
    raced = overtake(desk, 1)
    desk.requests()
    record(desk, finding_like(status=RESOLVED, updated_at=NOW), "e2")
    assert len(raced) == 1
    assert desk.requests() == {"GetItem": 2, "PutItem": 2}
    assert desk.problem.state.status is RESOLVED
    assert desk.waiting == ["FindingOpened", "FindingResolved"]


def test_who_loses_every_race_gives_up_and_nothing_is_written(desk: Desk) -> None:
    record(desk)
    overtake(desk, 99)
    with pytest.raises(ConflictError):
        record(desk, finding_like(status=RESOLVED, updated_at=NOW), "e2")
    assert desk.problem.state.status is OPEN
    with pytest.raises(ConflictError):
        desk.office.change(FIRST.problem, lambda p, now: suppressed(p, lease(), desk.office.law, now), actor="x")


def test_of_two_that_find_the_same_problem_at_once_both_are_kept(desk: Desk) -> None:
    put, other = desk.office.store._table.put, Desk()

    def found_by_another(item: Item, *, over: Item | None) -> bool:
        if not desk.dynamodb.items.get(PK):
            record(other, OTHER)
            desk.dynamodb.items[PK] = other.dynamodb.items[PK]
        return put(item, over=over)

    desk.office.store._table.put = found_by_another  # type: ignore[method-assign]
    record(desk)
    assert set(desk.problem.copies) == {FIRST.copy, OTHER.copy}
    assert desk.waiting == ["FindingOpened"]


def test_a_change_is_written_with_what_tells_of_it(desk: Desk) -> None:
    record(desk)
    law = desk.office.law
    after = desk.office.change(
        FIRST.problem,
        lambda problem, now: suppressed(problem, lease(start=now - DAY_MS, until=now + DAY_MS), law, now),
        actor="ada",
    )
    assert after == desk.problem
    assert desk.waiting == ["FindingOpened", "FindingSuppressed"]
    told = (desk.table.get(PK) or {})["outbox"][1]
    assert msgspec.json.decode(told["detail"])["meta"]["actor"] == "ada"
    desk.office.change(FIRST.problem, lambda problem, now: unsuppressed(problem, law, "ada", now), actor="ada")
    assert desk.waiting == ["FindingOpened", "FindingSuppressed", "FindingOpened"]


def test_more_may_be_told_of_a_change_than_its_before_and_after_say(desk: Desk) -> None:
    record(desk)
    law = desk.office.law
    desk.office.change(
        FIRST.problem,
        lambda problem, now: suppressed(problem, lease(start=now - DAY_MS, until=now + DAY_MS), law, now),
        actor="ada",
        extra=expiring,
    )
    assert desk.waiting == ["FindingOpened", "FindingSuppressed", "SuppressionExpiring"]


def test_a_change_that_changes_nothing_writes_nothing(desk: Desk) -> None:
    record(desk)
    desk.requests()
    assert desk.office.change(FIRST.problem, lambda _problem, _now: None, actor="x") is not None
    assert desk.requests() == {"GetItem": 1}


def test_a_problem_that_nobody_knows_cannot_be_changed(desk: Desk) -> None:
    assert desk.office.change("nothing", lambda problem, _now: problem, actor="x") is None
    assert desk.requests() == {"GetItem": 1}


@pytest.mark.parametrize(("mode", "wants"), [("act", "security-hub"), ("observe", None), ("off", None)])
def test_what_is_wanted_outside_the_fleet_stands_on_the_item_when_the_mode_allows_it(
    mode: str, wants: str | None
) -> None:
    desk, now = Desk(mode=mode), clock.now_ms()
    record(desk)
    granted = lease(start=now - DAY_MS, until=now + DAY_MS)
    desk.office.change(FIRST.problem, lambda p, at: suppressed(p, granted, desk.office.law, at), actor="ada")
    assert (desk.table.get(PK) or {}).get("wants") == wants


def test_the_event_names_the_finding_of_security_hub_as_its_cause(desk: Desk) -> None:
    record(desk, event_id="event-7")
    (told,) = (desk.table.get(PK) or {})["outbox"]
    meta = msgspec.json.decode(told["detail"])["meta"]
    assert (meta["cause"], meta["actor"], meta["account"]) == ("event-7", "aws.securityhub", "111122223333")


def test_numbers_count_what_was_written_and_not_what_lost_a_race(desk: Desk) -> None:
    put, lost = desk.office.store._table.put, list[str]()

    def lose_once(item: Item, *, over: Item | None) -> bool:
        if not lost:
            lost.append(item["pk"])
            return False
        return put(item, over=over)

    desk.office.store._table.put = lose_once  # type: ignore[method-assign]
    record(desk)
    assert lost
    assert desk.office.tally._counts["opened"] == 1


def test_a_policy_that_changed_is_applied_when_a_problem_is_looked_at(desk: Desk) -> None:
    record(desk)
    stricter = Desk(Rule(name="worse", severity="CRITICAL"))
    stricter.dynamodb.items[PK] = desk.dynamodb.items[PK]
    stricter.office.change(FIRST.problem, lambda p, now: reviewed(p, stricter.office.law, now), actor="clock")
    assert stricter.problem.state.severity == "CRITICAL"
    assert stricter.waiting == ["FindingOpened", "FindingChanged"]
