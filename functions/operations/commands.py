"""The commands of operations, each from its arguments to its answer."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from fleet import clock, telemetry
from fleet.command_answer import Answer, failed, refused
from fleet.events.chatops import CommandRequested
from fleet.events.envelope import decode
from fleet.items import Table
from fleet.modes import Mode, ModeSwitch
from fleet.refusal import RefusedError
from functions.operations.answers import frozen, listed, peeked, redriven
from functions.operations.failure import CallFailedError
from functions.operations.freezing import Freezing
from functions.operations.letters import Place
from functions.operations.post import QueuePost, Roads
from functions.operations.queues import Queues, UnfitQueueError
from functions.operations.redrive import Redrive, peek
from functions.operations.store import LetterStore

MOST = 20
"""Messages in one answer: as many as people can read, and as chat shows, before they decide."""
_MOST_QUEUES = 50
_PEEK_SECONDS = 30
_RESERVE_MS = 15_000
"""Of the function's time: for the last letter with its retries, releasing, and the answer."""

type QueueName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,80}(\.fifo)?$")]


class _Peek(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    queue: QueueName
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 10


class _Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class _Redrive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    queue: QueueName
    messages: Annotated[list[_Shown], msgspec.Meta(min_length=1, max_length=MOST)]


class Commands:
    """What operations does here. `clients`: sqs, tagging, events, lambda and ssm."""

    def __init__(self, clients: dict[str, Any], table: Table, modes: ModeSwitch, here: Place) -> None:
        self._sqs, self._table, self._modes, self._here = clients["sqs"], table, modes, here
        self._clients = clients
        self._queues = Queues(clients["sqs"], clients["tagging"], here)
        self._freezing = Freezing(clients["ssm"])

    def do(self, command: CommandRequested, remaining_ms: Callable[[], int]) -> Answer:
        """Carry out a command that has been claimed. Only errors of our own table are raised."""
        arguments = msgspec.json.encode(command.arguments)
        try:
            match command.command:
                case "queues list":
                    return self._list()
                case "queues peek":
                    return self._peek(decode(_Peek, arguments, at="$.arguments"))
                case "queues redrive":
                    return self._redrive(decode(_Redrive, arguments, at="$.arguments"), command.request, remaining_ms)
                case "freeze" | "unfreeze":
                    return self._freeze(command.command == "freeze")
                case _:
                    return refused("the fleet of this account does not know the command: is it older than the hub's?")
        except CallFailedError as error:
            return failed(error.action, error.code)
        except UnfitQueueError as error:
            return refused(str(error))
        except RefusedError as error:
            return refused(f"{error.path}: {error.text}")

    def _list(self) -> Answer:
        if off := self._off():
            return refused(off)
        found, more = self._queues.states(_MOST_QUEUES)
        return listed(found, more=more)

    def _peek(self, wanted: _Peek) -> Answer:
        if off := self._off():
            return refused(off)
        post = self._post(wanted.queue, _PEEK_SECONDS)
        return peeked(wanted.queue, peek(post, wanted.count), clock.now_ms())

    def _redrive(self, wanted: _Redrive, request: str, remaining_ms: Callable[[], int]) -> Answer:
        def stop() -> str:
            return self._hindrance() or ("" if remaining_ms() > _RESERVE_MS else "the time was over")

        # Hidden for longer than this function lives, so that none comes back to it or goes to another meanwhile.
        post = self._post(wanted.queue, remaining_ms() // 1000 + 5)
        letters = LetterStore(self._table, wanted.queue, request, clock.now_ms())
        fates = Redrive({one.id: one.sha256 for one in wanted.messages}, post, letters, stop).run()
        if moved := sum(fate.moved for fate in fates):
            telemetry.count("Redriven", capability="operations", by=moved)
        return redriven(wanted.queue, fates, hindrance=self._hindrance())

    def _freeze(self, wanted: bool) -> Answer:  # noqa: FBT001 - one word of two
        # Never asks the mode: freezing only ever holds back, and undoing it is never blocked.
        holds = self._freezing.set(frozen=wanted)
        if holds != wanted:
            return failed("PutParameter" if wanted else "DeleteParameters", "read back, it is not so")
        return frozen(self._freezing.modes(frozen=holds), now_frozen=holds)

    def _post(self, name: str, hide: int) -> QueuePost:
        roads = Roads(self._sqs, self._clients["events"], self._clients["lambda"], self._queues)
        return QueuePost(self._sqs, roads, self._queues.open(name), self._here, hide=hide)

    def _off(self) -> str:
        return "operations is off here" if self._modes.mode() is Mode.OFF else ""

    def _hindrance(self) -> str:
        mode = self._modes.mode()
        return "" if mode is Mode.ACT else self._off() or "operations is in observe here"
