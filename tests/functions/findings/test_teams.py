"""The teams under which problems are kept: none is forgotten, and their order lasts."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.catalogue import Catalogue, Default, Service, Team
from fleet.items import ConflictError, Table
from functions.findings.policy import Rule
from functions.findings.teams import Teams, teams_of
from tests.functions.findings.laws import policy
from tests.layers.fleet.fakes import FakeDynamoDB, Steps, interleave


@pytest.fixture
def table() -> Table:
    return made()


def made(steps: Steps | None = None) -> Table:
    client: Any = FakeDynamoDB(steps)
    return Table(client, "t")


def test_those_of_the_configuration_are_there_in_the_order_of_the_alphabet(table: Table) -> None:
    assert Teams(table, {"b", "a"}).all() == ["a", "b"]


def test_a_new_one_comes_last_and_an_old_one_stays(table: Table) -> None:
    assert Teams(table, {"m", "b"}).all() == ["b", "m"]
    assert Teams(table, {"m", "a"}).all() == ["b", "m", "a"]
    assert Teams(table, {"z"}).all() == ["b", "m", "a", "z"]


def test_they_are_read_once_and_written_only_if_there_is_a_new_one(table: Table) -> None:
    fake: Any = table.client
    teams = Teams(table, {"a"})
    for _ in range(3):
        teams.all()
    Teams(table, {"a"}).all()
    assert len(fake.written) == 1
    assert [name for name in fake.steps.names if name == "before GetItem"] == ["before GetItem"] * 2


def test_who_never_gets_to_write_is_told_so(table: Table) -> None:
    get = table.get

    def overtaken(pk: str) -> Any:
        item = get(pk)
        table.put({"pk": pk, "v": 1, "names": []}, over=item)
        return item

    table.get = overtaken  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        Teams(table, {"a"}).all()


def test_all_teams_that_the_configuration_names_are_of_it() -> None:
    catalogue = Catalogue(
        default=Default(team="platform"),
        services=[Service(name="intake", team="front-door")],
        teams=[Team(name="records", units=["Workloads"])],
    )
    rules = [Rule(name="x", owner="network"), Rule(name="y", severity="LOW")]
    assert teams_of(catalogue, policy(*rules)) == {"platform", "front-door", "records", "network"}


some = st.sets(st.sampled_from("abcd"), min_size=1)


@given(st.lists(some, min_size=1, max_size=3), st.lists(st.integers(0, 5), max_size=20))
def test_several_at_once_forget_none_and_agree_about_the_order(sets: Sequence[set[str]], order: list[int]) -> None:
    steps = Steps()
    table = made(steps)
    found: list[list[str]] = []

    def remember(names: set[str]) -> Any:
        return lambda: found.append(Teams(table, names).all())

    interleave(steps, [remember(names) for names in sets], order)
    last = Teams(table, set()).all()
    assert set(last) == set().union(*sets)
    assert all(last[: len(each)] == each for each in found), "who came earlier knows the first of them"
