"""An account that is new is summed up once; until then its problems are no news."""

from typing import Any

import pytest

from fleet.items import Table
from functions.findings.baseline import SETTLES_MS, Baselines
from tests.layers.fleet.fakes import FakeDynamoDB

ACCOUNT = "111122223333"
NOW, HOUR = 1_772_500_000_000, 3_600_000


@pytest.fixture
def table() -> Table:
    fake: Any = FakeDynamoDB()
    return Table(fake, "t")


@pytest.fixture
def baselines(table: Table) -> Baselines:
    return Baselines(table)


def test_an_account_that_nobody_has_begun_is_not_summed_up(baselines: Baselines) -> None:
    assert not baselines.done(ACCOUNT)
    assert not baselines.finish(ACCOUNT, 5)


def test_the_fleet_knows_an_account_since_it_first_saw_it(baselines: Baselines) -> None:
    assert baselines.begin(ACCOUNT, 5) == 5
    assert baselines.begin(ACCOUNT, 9) == 5
    assert not baselines.done(ACCOUNT)


def test_an_account_is_summed_up_once(baselines: Baselines) -> None:
    baselines.begin(ACCOUNT, 5)
    assert baselines.finish(ACCOUNT, 9)
    assert not baselines.finish(ACCOUNT, 10)
    assert baselines.done(ACCOUNT)


def test_what_was_done_is_not_read_again_and_what_was_not_is(baselines: Baselines, table: Table) -> None:
    baselines.begin(ACCOUNT, 5)
    client: Any = table.client
    for _ in range(2):
        before = len(client.steps.names)
        assert not baselines.done(ACCOUNT)
        assert len(client.steps.names) > before
    baselines.finish(ACCOUNT, 9)
    assert baselines.done(ACCOUNT)
    before = len(client.steps.names)
    assert baselines.done(ACCOUNT)
    assert len(client.steps.names) == before


def test_each_account_is_summed_up_by_itself(baselines: Baselines) -> None:
    for account in (ACCOUNT, "444455556666"):
        baselines.begin(account, 5)
    baselines.finish(ACCOUNT, 9)
    assert not baselines.done("444455556666")


def test_of_two_that_begin_at_once_the_first_says_since_when(baselines: Baselines, table: Table) -> None:
    put, other = table.put, Baselines(Table(table.client, "t"))

    def overtaken(item: Any, *, over: Any) -> bool:
        other.begin(ACCOUNT, 3)
        return put(item, over=over)

    table.put = overtaken  # type: ignore[method-assign]
    assert baselines.begin(ACCOUNT, 5) == 3


def test_of_two_that_finish_at_once_one_does(baselines: Baselines, table: Table) -> None:
    baselines.begin(ACCOUNT, 5)
    put, other = table.put, Baselines(Table(table.client, "t"))

    def overtaken(item: Any, *, over: Any) -> bool:
        assert other.finish(ACCOUNT, 8)
        return put(item, over=over)

    table.put = overtaken  # type: ignore[method-assign]
    assert not baselines.finish(ACCOUNT, 9)


def test_where_there_is_no_security_hub_it_is_known_only_a_day_after_there_is(baselines: Baselines) -> None:
    assert baselines.to_come(ACCOUNT, NOW) == NOW
    baselines.wait(ACCOUNT, NOW)
    assert baselines.to_come(ACCOUNT, NOW + HOUR) == NOW + SETTLES_MS
    baselines.wait(ACCOUNT, NOW + 5 * HOUR)
    assert baselines.begin(ACCOUNT, NOW + 6 * HOUR) == NOW + 5 * HOUR + SETTLES_MS


def test_an_account_that_waits_is_written_once_an_hour(baselines: Baselines, table: Table) -> None:
    client: Any = table.client
    for minutes in range(0, 121, 5):
        baselines.wait(ACCOUNT, NOW + minutes * HOUR // 60)
    assert len(client.written) == 4, "begun, and at once, and each hour"


def test_an_account_that_was_summed_up_waits_for_nothing(baselines: Baselines) -> None:
    baselines.begin(ACCOUNT, 5)
    baselines.finish(ACCOUNT, 9)
    baselines.wait(ACCOUNT, NOW)
    assert baselines.done(ACCOUNT)
    assert baselines.to_come(ACCOUNT, NOW) is None
