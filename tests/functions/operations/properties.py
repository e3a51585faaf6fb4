"""What must hold of a redrive whatever happens, and the defects that these properties must refute."""

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY, patch

from fleet import command_work
from fleet.command_work import CommandStore
from fleet.events.chatops import CommandAnswered
from fleet.items import Item
from functions.operations import commands, redrive
from functions.operations.letters import Letter
from functions.operations.post import QueuePost
from functions.operations.redrive import Intent
from functions.operations.store import LetterStore
from tests.functions.entry import batch
from tests.functions.operations.worlds import DEAD, SOURCE, Context, Letters, World, requested
from tests.layers.fleet.fakes import interleave

_NONE = CommandAnswered(request="", account="", region="", outcome="failed", headline="")


type Break = Callable[[World], None]
"""Puts a defect into a world."""


def sound(_world: World) -> None:
    """As it is."""


def assert_survives_being_killed(kinds: list[str], kills: list[int | None], break_it: Break = sound) -> None:
    """Killed at any step, and delivered again: nothing is lost, nothing else moves, and the answer is true."""
    world = World()
    break_it(world)
    letters = Letters(world, kinds)
    body = world.approvals.grant(requested("queues redrive", letters.arguments))
    world.take_until_done(body, kills)
    assert world.sqs.bodies("yagura-operations-dead") == []
    assert len(world.answers()) == 1
    assert_true(world, letters)
    assert world.left_hidden == []


def assert_true(world: World, letters: Letters) -> None:
    """The answer says of each letter what became of it."""
    answer = world.answer()
    assert answer is not None
    fates = {row[0]: row[1] for row in answer.table[1:]}
    assert list(fates) == [one["id"] for one in letters.shown]
    assert fates["gone"] == "not found"
    left, sent = world.sqs.bodies(DEAD), world.sqs.bodies(SOURCE)
    for letter, text in letters.ids.items():
        copies = sent.count(text)
        if letters.kinds[letter] == "shown":
            assert copies >= 1
            assert text not in left
            assert (
                fates[letter] == "moved" if copies == 1 and "twice" not in fates[letter] else "twice" in fates[letter]
            )
        else:
            assert (left.count(text), copies) == (1, 0)
            assert fates.get(letter) == ("not what was shown" if letters.kinds[letter] == "altered" else None)


def assert_survives_company(count: int, choices: list[int], break_it: Break = sound) -> None:
    """The same event delivered to two workers at once: sent once each, one answer, and a true one."""
    world = World()
    break_it(world)
    letters = Letters(world, ["shown"] * count)
    body = world.approvals.grant(requested("queues redrive", letters.arguments))
    with world.running():
        deliver = [lambda: deliver_to(world, body)] * 2
        interleave(world.steps, deliver, choices)
    world.take_until_done(body, [])
    assert len(world.answers()) == 1
    assert_true(world, letters)
    assert sorted(world.sqs.bodies(SOURCE)) == sorted(letters.ids.values())


def assert_two_requests_move_once(count: int, choices: list[int], break_it: Break = sound) -> None:
    """Two people were shown the same letters, and both requests were granted and come at once."""
    world = World()
    break_it(world)
    letters = Letters(world, ["shown"] * count)
    bodies = [
        world.approvals.grant(requested("queues redrive", letters.arguments, request=request))
        for request in ("r1", "r2")
    ]
    with world.running():
        interleave(world.steps, [lambda: deliver_to(world, bodies[0]), lambda: deliver_to(world, bodies[1])], choices)
    for body in bodies:
        world.take_until_done(body, [])
    assert (world.sqs.bodies(DEAD), sorted(world.sqs.bodies(SOURCE))) == ([], sorted(letters.ids.values()))
    for letter in letters.ids:
        told = [
            row[1] for request in ("r1", "r2") for row in (world.answer(request) or _NONE).table if row[0] == letter
        ]
        assert "moved" in told


def deliver_to(world: World, body: str) -> None:
    """To a worker of its own."""
    world.entry.handler(batch(body), Context(world.clock))


def deleted_before_sent(world: World) -> None:
    """The letter is taken out of the queue, then sent back."""

    class Eager(QueuePost):
        def send(self, letter: Letter, to: Any) -> None:
            super().delete(letter)
            super().send(letter, to)

        def delete(self, letter: Letter) -> None:
            """Done."""

    world.patches.append(patch.object(commands, "QueuePost", Eager))


def sent_without_looking(world: World) -> None:
    """Whatever the letter says now."""
    world.patches.append(patch.object(redrive, "fingerprint", lambda _letter, _to: ANY))


def all_that_is_there(world: World) -> None:
    """What was not shown is moved as well."""

    class Everything(dict[str, str]):
        def __contains__(self, _key: object) -> bool:
            return True

        def __missing__(self, _key: str) -> Any:
            return ANY

    class Whole(redrive.Redrive):
        def __init__(self, shown: Any, *rest: Any) -> None:
            super().__init__(Everything(shown), *rest)

    world.patches.append(patch.object(commands, "Redrive", Whole))


def never_released(world: World) -> None:
    """What was received and not moved stays hidden."""
    world.patches.append(patch.object(QueuePost, "release", lambda _self, _letters: None))


def forgetful(world: World) -> None:
    """Intents are written and never looked at."""
    world.patches.append(patch.object(LetterStore, "recall", lambda _self, _id: None))


def sent_is_written_first(world: World) -> None:
    """The word that it was sent is written before it is."""

    def intend(self: LetterStore, letter_id: str, to: str) -> None:
        self._put(letter_id, lambda _item: {"to": to, "state": "sent", "again": False})

    world.patches.append(patch.object(LetterStore, "intend", intend))


def twice_is_forgotten(world: World) -> None:
    """That an intent was there before is not kept."""
    recall = LetterStore.recall

    def innocent(self: LetterStore, letter_id: str) -> Intent | None:
        known = recall(self, letter_id)
        return known if known is None else Intent(to=known.to, sent=known.sent)

    world.patches.append(patch.object(LetterStore, "recall", innocent))


def no_lease(world: World) -> None:
    """A command is begun whether or not somebody works on it."""
    world.patches.append(patch.object(command_work, "LEASE_MS", 0))


def answered_again(world: World) -> None:
    """A command that has been answered is done again."""

    def begun(self: CommandStore, request: str, now: int) -> Item | None:
        assert now
        item = self._table.get(f"command#{request}")
        taken = {"pk": f"command#{request}", "v": 1, "state": "working"} | (item or {})
        return taken | {"rev": item["rev"] + 1 if item else 1} if self._table.put(taken, over=item) else None

    world.patches.append(patch.object(CommandStore, "begin", begun))
