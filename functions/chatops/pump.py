"""Lets the messages of a lane go, one at each call: claim the lane, choose, tell Slack, write it down, release.

Calling it too often, twice at once, or for a lane in which nothing waits does no harm. Whoever dies in between leaves
the lane to the next when the lease has run out; if Slack had the message by then, it is told twice, never lost.
"""

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from fleet import telemetry
from fleet.clock import Clock
from fleet.items import ConflictError
from fleet.worker import DeadLetters
from functions.chatops import outbox
from functions.chatops.later import Later
from functions.chatops.messages import MessageStore, UnreadableError, key
from functions.chatops.outbox import Lane, Telling
from functions.chatops.slack import GONE, USED_UP, Slack, SlackRefusedError, SlackUnavailableError

_TRIES = 10
_SLACKS_WORD = re.compile(r"[a-z]{1,20}(_[a-z]{1,20}){0,4}")


class Outcome(msgspec.Struct, frozen=True):
    """What a turn came to."""

    found: bool
    """Whether anything waited."""
    again_at: int = 0
    """When something else may go; 0: nothing waits."""
    asked: bool = True
    """Whether Slack was asked."""
    failed: bool = False
    retry_after: int = 0

    def applied(self, lane: Lane, now: int) -> Lane:
        """The lane after this turn."""
        if not self.asked:
            return outbox.passed(lane, self.again_at)
        return outbox.released(lane, now, again_at=self.again_at, failed=self.failed, retry_after=self.retry_after)


class Choice(msgspec.Struct, frozen=True):
    """What goes now, and what may go later."""

    pk: str = ""
    telling: Telling | None = None
    later: int = 0
    """When the first of those that must wait may go; 0: none must."""


class Pump:
    """Of all lanes."""

    def __init__(
        self,
        messages: MessageStore,
        slack: Slack,
        dead_letters: DeadLetters,
        later: Later,
        *,
        capability: str,
        clock: Clock,
    ) -> None:
        self._messages, self._slack, self._dead_letters, self._later = messages, slack, dead_letters, later
        self._capability, self._clock = capability, clock

    def __call__(self, lane: str, *, hint: str = "", at: int = 0) -> bool:
        """Let the next message of a lane go, if it is time. False if nothing waits there.

        `hint`: key of a message that the index may not know yet. `at`: when this call was due, if it was called for.
        """
        if not self._claim(lane, at):
            return True
        try:
            outcome = self._turn(lane, hint)
        except Exception:
            now = self._clock()
            self._release(lane, Outcome(found=True, again_at=now, failed=True))
            raise
        self._release(lane, outcome)
        return outcome.found

    def call(self, lane: str) -> None:
        """Have a lane pumped that nobody is about to look after."""
        state, item = self._messages.lane(lane)
        now = self._clock()
        called = outbox.called(state, now) if outbox.neglected(state, now) else None
        if called and self._messages.save_lane(lane, called, over=item):
            self._later({"pump": lane, "again": True})

    def _claim(self, lane: str, at: int) -> bool:
        for _ in range(_TRIES):
            state, item = self._messages.lane(lane)
            now = self._clock()
            if claimed := outbox.claimed(state, now):
                if self._messages.save_lane(lane, claimed, over=item):
                    if state.busy_until:  # whoever had it died, and may have told something
                        self._count("Unclear")
                    return True
                continue
            called = outbox.called(state, now)
            if called is None:
                if at == state.pump_at:  # this is what has been called for, too early
                    self._call(lane, at, now)
                return False
            if self._messages.save_lane(lane, called, over=item):
                self._call(lane, called.pump_at, now)
                return False
        return False

    def _release(self, lane: str, outcome: Outcome) -> None:
        for _ in range(_TRIES):
            state, item = self._messages.lane(lane)
            now = self._clock()
            free = outcome.applied(state, now)
            waits = bool(outcome.again_at) or not outbox.settled(state, now)
            if self._messages.save_lane(lane, free, over=item, waits=waits):
                if free.pump_at:
                    self._call(lane, free.pump_at, now)
                return
        raise ConflictError(lane)

    def _call(self, lane: str, at: int, now: int) -> None:
        self._later({"pump": lane, "at": at}, at - now)

    def _turn(self, lane: str, hint: str) -> Outcome:
        critical = self._messages.waiting(lane, most=outbox.MOST_WAITING, critical=True)
        choice = self._first(critical)
        others: list[str] = []
        if not choice.pk:
            waiting = self._messages.waiting(lane, most=outbox.MOST_IN_DIGEST + len(critical))
            others = [pk for pk in waiting if pk not in critical]
            if hint and hint not in waiting:
                others.append(hint)
            later = choice.later
            choice = self._first(self._collapsed(lane, others))
            choice = msgspec.structs.replace(choice, later=min(filter(None, [later, choice.later]), default=0))
        elif len(critical) == 1:
            others = [*self._messages.waiting(lane, most=2), *([hint] if hint else [])]
        if choice.telling is None:
            return Outcome(found=bool(critical or others), again_at=choice.later, asked=False)
        outcome = self._tell(choice.pk, choice.telling)
        if {*critical, *others} - {choice.pk}:  # what waits for this one may go now
            return msgspec.structs.replace(outcome, again_at=self._clock())
        return outcome

    def _first(self, keys: Sequence[str]) -> Choice:
        """The first of these that may go now."""
        later = 0
        for pk in keys:
            now = self._clock()
            try:
                telling = self._messages.read(pk)
            except UnreadableError:
                self._unreadable(pk)
                continue
            if telling is None or telling.state != "waiting":
                continue  # the index is behind
            parent = self._parent(telling)
            if why := outbox.expired(telling, now) or outbox.misplaced(telling, parent, now):
                self._drop(pk, why)
                continue
            due = outbox.due_at(telling, parent, now)
            if due <= now:
                return Choice(pk=pk, telling=telling, later=later)
            later = min(later or due, due)
        return Choice(later=later)

    def _parent(self, telling: Telling) -> Telling | None:
        message = telling.message
        if not message.thread:
            return None
        try:
            return self._messages.read(key(message.thread, message.channel))
        except UnreadableError:
            return None

    def _collapsed(self, lane: str, keys: Sequence[str]) -> list[str]:
        """`keys`, or a digest of what they tell and the rest of them."""
        if len(keys) <= outbox.MOST_WAITING:
            return list(keys)
        now, members = self._clock(), list[tuple[str, Telling]]()
        for pk in keys:
            try:
                telling = self._messages.read(pk)
            except UnreadableError:
                continue
            if telling and telling.members and telling.state == "waiting":
                return [pk, *(other for other in keys if other != pk)]  # a digest waits: it tells what it tells first
            if telling and outbox.collapsible(telling):
                members.append((pk, telling))
        if len(members) <= outbox.MOST_WAITING:
            return list(keys)
        digest = self._messages.add(outbox.digest(lane, members), now)
        self._count("Digest")
        told = {pk for pk, _ in members}
        return [digest, *(pk for pk in keys if pk not in told)]

    def _settle(self, digest: Telling) -> None:
        """Its members are told by it; before it is posted, so that none is told again after a crash."""
        for pk, version in digest.members:
            self._messages.change(
                pk, partial(outbox.told_in, digest=digest.message.subject, version=version), self._clock()
            )
        self._count("Digested", by=len(digest.members))

    def _tell(self, pk: str, telling: Telling) -> Outcome:
        """Show a message as it is wanted now."""
        message, version = telling.message, telling.message.version
        if telling.members:
            self._settle(telling)
        place = ts = ""
        try:
            if message.reply_url:
                self._slack.respond(message.reply_url, message)
            elif telling.ts:
                self._slack.update(telling.place, telling.ts, message)
            else:
                parent = self._parent(telling)
                place, ts = self._slack.post(message, parent.ts if parent else "")
        except SlackUnavailableError as error:
            return self._wait(pk, error)
        except SlackRefusedError as error:
            return self._refused(pk, telling, error.code)
        now = self._clock()
        after = self._messages.change(pk, lambda one: outbox.posted(one, version, now, place=place, ts=ts), now)
        self._messages.report("ok", now)
        self._count("Replied" if message.reply_url else "Edited" if telling.ts else "Posted")
        newer = after is not None and after.state == "waiting"
        return Outcome(found=True, again_at=max(after.not_before, now) if after and newer else 0)

    def _wait(self, pk: str, error: SlackUnavailableError) -> Outcome:
        now = self._clock()

        def waits(one: Telling) -> Telling:
            tried = outbox.failed(one, now, own=not error.for_all, unclear=error.unclear)
            # A token may be missing for longer than a day, and that loses nothing: the day begins when there is one.
            return msgspec.structs.replace(tried, first_try=0) if error.ours else tried

        after = self._messages.change(pk, waits, now)
        self._messages.report(error.status, now)
        self._count("Waiting")
        if error.unclear:
            self._count("Unclear")
        telemetry.log("waiting", why=error.status)
        if after is not None and outbox.given_up(after, now):
            self._give_up(pk, after, error.status)
        return Outcome(found=True, again_at=now, failed=True, retry_after=error.retry_after_ms)

    def _refused(self, pk: str, telling: Telling, code: str) -> Outcome:
        now = self._clock()
        if telling.ts and code in GONE:
            self._messages.change(pk, outbox.lost, now)
            return Outcome(found=True, again_at=now)
        if telling.message.reply_url and code in USED_UP:
            self._drop(pk, code)
        else:
            self._give_up(pk, telling, code)
        return Outcome(found=True)

    def _drop(self, pk: str, why: str) -> None:
        self._messages.change(pk, lambda one: outbox.ended(one, "dropped", why), self._clock())
        self._count("Dropped", reason=why)

    def _give_up(self, pk: str, telling: Telling, why: str) -> None:
        # The dead letter first: who dies in between leaves two of them rather than none.
        # Slack's own word, where it is one: people see the reason of a dead letter, and no other text of it.
        reason = f"slack_{why}" if _SLACKS_WORD.fullmatch(why) else "slack"
        self._dead_letter(pk, outbox.lane_of(telling.message), reason, why)
        now = self._clock()
        self._messages.change(pk, lambda one: outbox.ended(one, "refused", why), now)
        self._count("Refused", reason="slack")

    def _unreadable(self, pk: str) -> None:
        self._dead_letter(pk, "", "unreadable", "expected a message")
        self._messages.spoilt(pk, self._clock())
        self._count("Refused", reason="unreadable")

    def _dead_letter(self, pk: str, lane: str, reason: str, text: str) -> None:
        body: dict[str, Any] = {"pump": lane, "message": pk}
        self._dead_letters.put(
            json.dumps(body), reason=reason, path="$", text=text, message_id=pk, queue=self._later.arn
        )

    def _count(self, name: str, *, reason: str | None = None, by: int = 1) -> None:
        telemetry.count(name, capability=self._capability, reason=reason, by=by)
