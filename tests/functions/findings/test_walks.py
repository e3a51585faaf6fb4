"""Walks go on where they were, whatever interrupts them, and never begin anew."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.items import ConflictError, Table
from functions.findings.walks import Walk, Walks
from tests.layers.fleet.fakes import FakeDynamoDB, KilledError, Steps
from tests.layers.fleet.refute import REFUTE

STRETCHES = 5

type Make = Callable[[Table], Walks]


class World:
    def __init__(self, make: Make = Walks) -> None:
        self.steps = Steps()
        client: Any = FakeDynamoDB(self.steps)
        self.table = Table(client, "t")
        self.walks = make(self.table)


@pytest.fixture
def walks() -> Walks:
    return World().walks


def begun(walks: Walks, run: str = "monday", now: int = 5, **more: Any) -> Walk:
    walk = walks.begin("reconcile", run, now, **more)
    assert walk is not None
    return walk


def test_a_walk_begins_at_its_beginning(walks: Walks) -> None:
    walk = begun(walks)
    assert (walk.run, walk.started, walk.place) == ("monday", 5, {})


def test_it_goes_on_where_it_was(walks: Walks) -> None:
    walks.go_on(begun(walks), {"team": 3, "after": {"pk": "problem#1"}})
    walk = begun(walks, now=9)
    assert (walk.run, walk.started, walk.place) == ("monday", 5, {"team": 3, "after": {"pk": "problem#1"}})


def test_one_that_has_ended_is_not_walked_again_but_the_next_is(walks: Walks) -> None:
    walks.end(begun(walks))
    assert walks.begin("reconcile", "monday", 9) is None
    walk = begun(walks, "tuesday", 9)
    assert (walk.run, walk.started, walk.place) == ("tuesday", 9, {})


def test_when_it_is_not_time_none_is_begun_but_one_under_way_goes_on(walks: Walks) -> None:
    assert walks.begin("reconcile", "monday", 5, new=False) is None
    walks.go_on(begun(walks), {"team": 3})
    assert begun(walks, "tuesday", 9, new=False).place == {"team": 3}


def test_one_under_way_is_ended_before_the_next_begins(walks: Walks) -> None:
    walks.go_on(begun(walks), {"team": 1})
    walk = begun(walks, "tuesday", 9)
    assert (walk.run, walk.place) == ("monday", {"team": 1})
    walks.end(walk)
    assert begun(walks, "tuesday", 9).run == "tuesday"


def test_one_that_was_begun_too_early_is_walked_again(walks: Walks) -> None:
    walks.end(begun(walks, now=5))
    assert walks.begin("reconcile", "monday", 9, since=5) is None
    assert begun(walks, now=9, since=6).started == 9


def test_since_when_all_is_covered_is_when_the_last_one_that_ended_was_begun(walks: Walks) -> None:
    assert walks.covered("reconcile") == 0
    walk = begun(walks, now=5)
    assert walks.covered("reconcile") == 0
    walks.end(walk)
    assert walks.covered("reconcile") == 5
    walks.go_on(begun(walks, "tuesday", 9), {"team": 1})
    assert walks.covered("reconcile") == 5


def test_that_is_known_after_a_restart_as_well() -> None:
    world = World()
    world.walks.end(begun(world.walks, now=5))
    again = Walks(world.table)
    assert again.begin("reconcile", "monday", 9) is None
    assert again.covered("reconcile") == 5


def test_walks_of_other_names_are_others(walks: Walks) -> None:
    walks.end(begun(walks))
    assert walks.begin("digest", "monday", 9) is not None


def test_of_two_that_walk_the_slower_one_gives_up() -> None:
    world = World()
    slow, fast = Walks(world.table), Walks(world.table)
    walk = begun(slow)
    fast.go_on(begun(fast), {"team": 2})
    with pytest.raises(ConflictError):
        slow.go_on(walk, {"team": 1})
    with pytest.raises(ConflictError):
        slow.end(walk)
    assert begun(Walks(world.table)).place == {"team": 2}


def test_of_two_that_begin_at_once_one_gives_up() -> None:
    world = World()
    get = world.table.get

    def meanwhile(pk: str) -> Any:
        item = get(pk)
        world.table.get = get  # type: ignore[method-assign]
        begun(Walks(world.table))
        return item

    world.table.get = meanwhile  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        world.walks.begin("reconcile", "monday", 9)


def assert_never_begins_anew(runs: Sequence[str], kills: Sequence[int | None], make: Make = Walks) -> None:
    """Killed at any steps: each run goes through all its stretches, each once more at most for each kill."""
    world = World(make)
    done: list[tuple[str, int]] = []
    for run in runs:
        pending, deaths = list(kills), 0
        done.clear()
        while True:
            after = pending.pop(0) if pending else None
            world.steps.kill_at = None if after is None else world.steps.taken + after
            try:
                if _walked(make(world.table), run, done):
                    break
            except KilledError:
                deaths += 1
            world.steps.kill_at = None
        world.steps.kill_at = None
        seen = [at for walked, at in done if walked == run]
        assert sorted(set(seen)) == list(range(STRETCHES))
        assert seen == sorted(seen)
        assert len(seen) <= STRETCHES + deaths


def _walked(walks: Walks, run: str, done: list[tuple[str, int]]) -> bool:
    """A tick: as far as it gets; whether the run is over."""
    walk = walks.begin("reconcile", run, 5)
    if walk is None:
        return True
    while (at := walk.place.get("at", 0)) < STRETCHES:
        done.append((walk.run, at))
        walk = walks.go_on(walk, {"at": at + 1})
    walks.end(walk)
    return False


different = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)
kills_ = st.lists(st.none() | st.integers(1, 20), max_size=6)


@given(different, kills_)
def test_killed_at_any_step_it_never_begins_anew(runs: list[str], kills: list[int | None]) -> None:
    assert_never_begins_anew(runs, kills)


class BeginsAnew(Walks):
    """Whoever comes begins at the beginning."""

    def begin(self, name: str, run: str, now: int, *, since: int = 0, new: bool = True) -> Walk | None:
        walk = super().begin(name, run, now, since=since, new=new)
        return walk and Walk(name=name, run=walk.run, started=now)


class EndsFirst(Walks):
    """The last stretch is called done before it is walked."""

    def go_on(self, walk: Walk, place: dict[str, Any]) -> Walk:
        walk = super().go_on(walk, place)
        return super().go_on(walk, {"at": place["at"] + 1}) if place["at"] == 1 else walk


class ForgetsThatItEnded(Walks):
    """What has ended begins again."""

    def end(self, walk: Walk) -> None:
        self._save(walk, run="")


@pytest.mark.parametrize("broken", [BeginsAnew, EndsFirst])
def test_the_property_refutes(broken: Make) -> None:
    @REFUTE
    @given(different, kills_)
    def holds(runs: list[str], kills: list[int | None]) -> None:
        assert_never_begins_anew(runs, kills, broken)

    with pytest.raises(AssertionError):
        holds()


def test_one_that_forgets_that_it_ended_would_walk_for_ever() -> None:
    walks = World(ForgetsThatItEnded).walks
    walks.end(begun(walks))
    assert walks.begin("reconcile", "monday", 9) is not None
