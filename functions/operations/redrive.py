"""Showing dead letters, and sending back those that were shown, and no others.

    receive -> shown, and as it was shown? -> write the intent -> send -> write that it was sent -> delete

Killed between any two steps, the next run goes on: an intent without a word that it was sent means sending again (and
saying so), a letter that was sent is only deleted. Whatever else was received is released. Pure: ports do the calls.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from functions.operations.failure import CallFailedError
from functions.operations.letters import Destination, Letter, Stays, ToFunction, ToQueue, fingerprint

_BATCH = 10
"""SQS gives no more at a time."""
_IN_VAIN = 2
"""So many receives in a row that brought nothing new mean that there is nothing more to be had now."""

_MOST_HELD = 2_000
"""So many letters that were not shown may stand before those that were: each is hidden from others, and is released."""

_MOVED = "moved"
_MOVED_AGAIN = "moved; may have been sent twice"


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one letter that was shown."""

    id: str
    moved: bool
    words: str
    """For people."""
    to: str = ""
    """ARN."""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a letter, by whichever request."""

    to: str
    sent: bool
    again: bool = False
    """An intent had been written before, and nobody knows whether it was carried out."""


class Post(Protocol):
    """One dead-letter queue, and the roads back from it. Its calls raise CallFailedError."""

    def receive(self, most: int) -> list[Letter]:
        """Up to `most` letters, at most ten, hidden from others for a while; none: nothing came."""

    def destination(self, letter: Letter) -> Destination:
        """Where it would go back to."""

    def send(self, letter: Letter, to: ToQueue | ToFunction) -> None:
        """Send it back; returns when that was confirmed."""

    def delete(self, letter: Letter) -> None:
        """Take it out of the queue."""

    def release(self, handles: list[str]) -> None:
        """Show letters to others again. Never fails: what is not released comes back by itself."""


class Memory(Protocol):
    """What is remembered of the letters of one queue. Its errors end a run, which is then tried again."""

    def recall(self, letter_id: str) -> Intent | None:
        """What is known of it."""

    def intend(self, letter_id: str, to: str) -> None:
        """It is about to be sent."""

    def withdraw(self, letter_id: str) -> None:
        """It has certainly not been sent."""

    def sent(self, letter_id: str) -> None:
        """It has been sent."""


class Shown(msgspec.Struct, frozen=True):
    """A letter for people to look at, and where it would go back to."""

    letter: Letter
    to: Destination


def peek(post: Post, count: int) -> list[Shown]:
    """Up to `count` letters, all of them released again. Raises CallFailedError."""
    found: dict[str, Letter] = {}
    in_vain = 0
    try:
        while len(found) < count and in_vain < _IN_VAIN:
            letters = post.receive(min(_BATCH, count - len(found)))
            in_vain = in_vain + 1 if found.keys() >= {letter.id for letter in letters} else 0
            found |= {letter.id: letter for letter in letters}
        shown = [Shown(letter, _destination(post, letter)) for letter in found.values()]
    except Exception:
        post.release([letter.handle for letter in found.values()])
        raise
    post.release([letter.handle for letter in found.values()])
    return shown


def _destination(post: Post, letter: Letter) -> Destination:
    """One that cannot be found out now is no reason to show nothing."""
    try:
        return post.destination(letter)
    except CallFailedError as error:
        return Stays(f"{error.action} failed ({error.code})")


class Redrive:
    """One run over the letters that were shown: id and fingerprint of each."""

    def __init__(self, shown: Mapping[str, str], post: Post, memory: Memory, stop: Callable[[], str]) -> None:
        self._shown, self._post, self._memory, self._stop = shown, post, memory, stop
        self._fates: dict[str, Fate] = {}
        self._held: dict[str, str] = {}
        """Handle of each letter that is to be released, by its id; never a body: the queue may be long."""

    def run(self) -> list[Fate]:
        """Move what can be moved; returns the fate of each letter that was shown, in that order.

        `stop` says in words why nothing more may be moved, or nothing.
        """
        try:
            why = self._all()
        except Exception:
            self._release()
            raise
        self._release()
        return [self._fates.get(letter_id) or self._missing(letter_id, why) for letter_id in self._shown]

    def _all(self) -> str:
        seen: set[str] = set()
        in_vain = 0
        while self._fates.keys() != self._shown.keys() and in_vain < _IN_VAIN:
            if why := self._stop() or self._too_many():
                return why
            try:
                letters = self._post.receive(_BATCH)
            except CallFailedError as error:
                return f"{error.action} failed ({error.code})"
            # Held too long, a letter comes again under a new handle: it is the one that releases or deletes it.
            self._held |= {letter.id: letter.handle for letter in letters}
            in_vain = in_vain + 1 if seen.issuperset(letter.id for letter in letters) else 0
            seen |= {letter.id for letter in letters}
            for letter in letters:
                if letter.id not in self._shown or letter.id in self._stays:
                    continue
                if why := self._stop():
                    return why
                self._fates[letter.id] = self._one(letter)
        return ""

    def _too_many(self) -> str:
        others = len(self._held.keys() - self._shown.keys())
        return f"{others} others stand before it" if others >= _MOST_HELD else ""

    @property
    def _stays(self) -> set[str]:
        return {fate.id for fate in self._fates.values() if not fate.moved}

    def _one(self, letter: Letter) -> Fate:
        known = self._memory.recall(letter.id)
        if known and known.sent:
            return self._deleted(letter, known.to, again=known.again)
        try:
            to = self._post.destination(letter)
        except CallFailedError as error:
            return Fate(id=letter.id, moved=False, words=f"not sent: {error.action} failed ({error.code})")
        if fingerprint(letter, to) != self._shown[letter.id]:
            return Fate(id=letter.id, moved=False, words="not what was shown")
        if isinstance(to, Stays):
            return Fate(id=letter.id, moved=False, words=f"cannot be sent back: {to.why}")
        return self._sent(letter, to, again=known is not None)

    def _sent(self, letter: Letter, to: ToQueue | ToFunction, *, again: bool) -> Fate:
        self._memory.intend(letter.id, to.arn)
        try:
            self._post.send(letter, to)
        except CallFailedError as error:
            if error.certain and not again:
                self._memory.withdraw(letter.id)
                return Fate(id=letter.id, moved=False, words=f"not sent ({error.code})", to=to.arn)
            return Fate(id=letter.id, moved=False, words=f"may have been sent ({error.code}), and stays", to=to.arn)
        self._memory.sent(letter.id)
        return self._deleted(letter, to.arn, again=again)

    def _deleted(self, letter: Letter, to: str, *, again: bool) -> Fate:
        words = _MOVED_AGAIN if again else _MOVED
        try:
            self._post.delete(letter)
        except CallFailedError as error:
            words = f"{words}; not yet deleted here ({error.code}): another redrive only deletes it"
        else:
            del self._held[letter.id]
        return Fate(id=letter.id, moved=True, words=words, to=to)

    def _missing(self, letter_id: str, why: str) -> Fate:
        known = self._memory.recall(letter_id)
        if known and known.sent:
            return Fate(id=letter_id, moved=True, words=_MOVED_AGAIN if known.again else _MOVED, to=known.to)
        words = f"not reached: {why}" if why else "not found"
        return Fate(id=letter_id, moved=False, words=f"{words}; may have been sent" if known else words)

    def _release(self) -> None:
        self._post.release(list(self._held.values()))
