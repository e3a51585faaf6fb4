"""The anchor of every hour: one, whatever dies in between, and none that contradicts the one before."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from fleet.items import Table
from functions.chatops import audit
from functions.chatops.archive import Archive
from functions.chatops.audit import Anchor, Entry
from functions.chatops.store import ANCHOR, HEAD, Decision, Store
from tests.functions.chatops.chains import HOUR, START
from tests.functions.entry import load
from tests.layers.fleet.fakes import FakeDynamoDB, KilledError, Steps


class FakeArchive:
    """What `Archive` promises, in memory."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.kept: dict[str, Anchor] = {}

    def keep(self, anchor: Anchor) -> Anchor:
        return self.steps.call("Keep", lambda: self.kept.setdefault(anchor.hour, anchor))

    @property
    def anchors(self) -> list[Anchor]:
        return [self.kept[hour] for hour in sorted(self.kept)]


class World:
    """The function as deployed, its table and its archive."""

    def __init__(self) -> None:
        self.steps, self.now = Steps(), START
        self.dynamodb = FakeDynamoDB(self.steps)
        self.archive = FakeArchive(self.steps)
        client: Any = self.dynamodb
        self.store = Store(Table(client, "yagura-chatops"))
        environment = {
            "YAGURA_ARCHIVE_ROLE": "arn",
            "YAGURA_ARCHIVE_REGION": "us-east-1",
            "YAGURA_ARCHIVE_BUCKET": "b",
        }
        with patch.object(Archive, "from_environment", lambda: self.archive):
            self.anchor: Any = load("chatops.anchor", clients={"dynamodb": self.dynamodb}, environment=environment)

    def write(self, count: int = 1) -> None:
        for _ in range(count):
            seq = self.store.head().seq
            entry = Entry(kind="executed", actor="a", via="v")
            self.store.commit(Decision(once=f"{seq}", entries=[entry]), self.now)

    def tick(self) -> None:
        with patch("fleet.clock.now_ms", lambda: self.now):
            assert self.anchor.handler({"tick": 3600}, None) == {}

    def verdict(self) -> audit.Verdict:
        head = self.store.head()
        return audit.verify(self.store.records(1, head.seq), self.archive.anchors, end=head)


@pytest.fixture
def world() -> World:
    return World()


def test_each_hour_has_one_anchor_also_when_nothing_was_added(world: World) -> None:
    for count in (3, 0, 2):
        world.write(count)
        world.tick()
        world.tick()
        world.now += HOUR
    assert [(one.number, one.first, one.last) for one in world.archive.anchors] == [(1, 1, 3), (2, 4, 3), (3, 4, 5)]
    assert world.verdict().intact
    assert world.verdict().not_yet_anchored == 0


def test_an_empty_chain_has_anchors_too(world: World) -> None:
    world.tick()
    (one,) = world.archive.anchors
    assert (one.number, one.first, one.last, one.hash, one.previous) == (1, 1, 0, audit.GENESIS, audit.GENESIS)


def tick_twice(world: World) -> None:
    world.tick()
    world.tick()


@pytest.mark.parametrize("later", [0, 1, 5])
@pytest.mark.parametrize("step", range(1, 9))
def test_killed_at_any_call_the_next_tick_makes_it_good_in_whatever_hour(world: World, step: int, later: int) -> None:
    world.write(2)
    world.tick()
    world.now += HOUR
    world.write(1)
    world.steps.kill_at = world.steps.taken + step
    with pytest.raises(KilledError):
        tick_twice(world)
    world.now += later * HOUR
    world.write(1)
    world.tick()
    world.now += HOUR
    world.tick()
    assert world.verdict().intact
    assert [one.number for one in world.archive.anchors] == list(range(1, len(world.archive.anchors) + 1))
    assert world.verdict().not_yet_anchored == 0


def test_an_archive_that_is_away_for_hours_gets_the_anchor_that_was_meant_first(world: World) -> None:
    world.write(1)
    archive: Any = world.archive
    keep, archive.keep = archive.keep, _away
    for _ in range(3):
        with pytest.raises(ConnectionError):
            world.tick()
        world.now += HOUR
        world.write(1)
    archive.keep = keep
    world.tick()
    assert [(one.number, one.last, one.hour) for one in world.archive.anchors] == [
        (1, 1, audit.hour_of(START)),
        (2, 4, audit.hour_of(START + 3 * HOUR)),
    ]
    assert world.verdict().intact


def _away(_anchor: Anchor) -> Anchor:
    raise ConnectionError


def test_a_clock_that_goes_back_anchors_nothing(world: World) -> None:
    world.tick()
    world.now -= HOUR
    world.tick()
    assert len(world.archive.anchors) == 1


def test_a_foreign_anchor_of_this_hour_is_refused_and_counted(world: World, counts: Callable[[], list[str]]) -> None:
    hour = audit.hour_of(world.now)
    foreign = Anchor(number=1, at=world.now, hour=hour, first=1, last=9, hash="ab", previous=audit.GENESIS)
    world.archive.kept[hour] = foreign
    for _ in range(2):
        with pytest.raises(world.anchor.ForeignAnchorError):
            world.tick()
    assert counts() == ["AnchorRefused", "AnchorRefused"]
    assert world.archive.anchors == [foreign]


def test_a_chain_that_is_shorter_than_what_was_anchored_is_not_anchored(
    world: World, counts: Callable[[], list[str]]
) -> None:
    world.write(3)
    world.tick()
    counts()
    del world.dynamodb.items[HEAD]
    world.now += HOUR
    with pytest.raises(world.anchor.ForeignAnchorError):
        world.tick()
    assert len(world.archive.anchors) == 1
    assert counts() == ["AnchorRefused"]


def test_of_two_at_once_one_anchors(world: World, counts: Callable[[], list[str]]) -> None:
    world.write(1)
    remember = world.store.remember_anchor

    def overtaken(anchor: Anchor) -> bool:
        world.anchor.store.remember_anchor = remember
        world.now += 1
        world.tick()
        return remember(anchor)

    world.anchor.store.remember_anchor = overtaken
    world.tick()
    (one,) = world.archive.anchors
    assert one.at == START + 1
    assert counts() == ["Anchored"]
    assert world.dynamodb.items[ANCHOR]["number"] == {"N": "1"}
