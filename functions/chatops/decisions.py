"""Makes decisions about requests true: read, decide (`request.py`), commit with audit, messages and events."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from fleet.events.chatops import ApprovalDecided, ApprovalDenied, ApprovalExpired, ApprovalGranted, CommandRequested
from fleet.events.envelope import Entry as FleetEntry
from fleet.events.envelope import Meta
from functions.chatops import audit, entries, wording
from functions.chatops.filing import Hub, review_of
from functions.chatops.message import Message
from functions.chatops.messages import MessageStore
from functions.chatops.people import People
from functions.chatops.request import (
    REVIEW_MS,
    UNDER_WAY,
    Answer,
    NotAllowedError,
    Request,
    Status,
    Target,
    answered,
    expire,
    filed,
    partial,
    silent,
    turned_down,
)
from functions.chatops.store import Decision, Kept, MovedError, RepeatedError, Store

PARTIAL_AFTER_MS = 30_000
"""When whoever asked is told what came so far. Who has not answered when it may no longer be begun is called silent."""
_TRIES = 10
_EVENTS: dict[Status, type[ApprovalDecided]] = {
    "GRANTED": ApprovalGranted,
    "DENIED": ApprovalDenied,
    "EXPIRED": ApprovalExpired,
}

type Element = dict[str, Any]
"""Of a transaction."""
type Change = Callable[[Request], Request | None]


class Decisions:
    """Every change of a request goes through here."""

    def __init__(self, store: Store, messages: MessageStore, hub: Hub, people: People) -> None:
        self._store, self._messages, self._hub, self._people = store, messages, hub, people
        self._told: set[str] = set()

    def file(self, request: Request, *, via: str, now: int, also: Sequence[Element] = ()) -> Request:
        """Keep a new request, granted at once if it needs nobody; filed twice is filed once. `also` is kept with it.

        What nobody could grant is denied at once if a capability asks, for it to hear; else raises NotAllowedError.
        """
        if kept := self._store.request(request.id):
            return kept.request
        try:
            request = filed(request, now)
        except NotAllowedError as refusal:
            if not request.asked:
                raise
            request = turned_down(request, now, refusal)
        said = [entries.requested(request, via, self._hub.ids), *entries.decided_at_once(request, via)]
        try:
            self._commit(f"file#{request.id}", request, None, said, now, also)
        except (RepeatedError, MovedError):
            kept = self._store.request(request.id)
            assert kept is not None  # noqa: S101 - what was filed stays
            return kept.request
        return request

    def change(
        self, request_id: str, kind: audit.Kind | None, actor: str, via: str, change: Change, *, once: str, now: int
    ) -> Request:
        """Apply `change` to a request and audit it as `kind`; a change to None, and a repeat, leave it as it is.

        Raises NotAllowedError, also for a request that is not there; not for what this delivery has decided itself.
        """
        for _ in range(_TRIES):
            kept = self._store.request(request_id)
            if kept is None:
                raise NotAllowedError("unknown_request", f"There is no request {request_id}.")
            try:
                after = change(kept.request)
            except NotAllowedError:
                if self._store.decided(once):
                    return kept.request  # by this very delivery, which came again
                raise
            if after is None:
                return kept.request
            try:
                said = entries.changed(kind, actor, via, kept.request, after) if kind else []
                self._commit(once, after, kept, said, now)
            except MovedError:
                continue
            except RepeatedError:
                return kept.request
            return after
        raise MovedError(request_id)

    def answer(self, request_id: str, target: Target, answer: Answer, *, actor: str, via: str, now: int) -> Request:
        """What became of a request in one place."""
        kind: audit.Kind = "executed" if answer.outcome == "done" else "failed"
        once = f"answer#{request_id}#{target}#{answer.outcome == 'silent'}"
        return self.change(request_id, kind, actor, via, lambda one: answered(one, target, answer), once=once, now=now)

    def overdue(self, request_id: str, now: int) -> None:
        """Expire a request that nobody decided, or say who has not answered; at any time, any number of times."""
        actor, via = entries.FLEET, "clock"

        def partly(one: Request) -> Request | None:
            return partial(one) if now >= one.decided_at + PARTIAL_AFTER_MS else None

        def call_silent(one: Request) -> Request | None:
            words = f"no answer in {(one.execute_until - one.decided_at) // 60_000} minutes"
            return silent(one, now, words) if now >= one.execute_until else None

        try:
            once = f"expire#{request_id}"
            request = self.change(request_id, "expired", actor, via, lambda one: expire(one, now), once=once, now=now)
            once = f"partial#{request_id}"
            request = self.change(request_id, None, actor, via, partly, once=once, now=now)
            once = f"silent#{request_id}"
            request = self.change(request_id, "failed", actor, via, call_silent, once=once, now=now)
        except NotAllowedError:
            self._store.settled(request_id, now)
            return
        if _due(request) <= now:
            self._store.settled(request_id, now)

    def keep(self, message: Message, now: int, *, also: Sequence[str] = ()) -> Element:
        """A message, to its channel and `also` to others, as one element of a decision's transaction."""
        self._told.add(message.channel)
        return self._messages.keep_item(message, now, also=also)

    def told(self) -> set[str]:
        """The channels for which something has been kept since this was asked last."""
        told, self._told = self._told, set()
        return told

    def note(self, said: Sequence[audit.Entry], *, once: str, now: int, also: Sequence[Element] = ()) -> None:
        """Audit what changes no request, and keep `also` with it; a repeat does nothing."""
        decision = Decision(once=once, entries=said, also=also)
        try:
            self._store.commit(decision, now)
        except RepeatedError:
            return

    def _commit(
        self,
        once: str,
        request: Request,
        over: Kept | None,
        said: Sequence[audit.Entry],
        now: int,
        also: Sequence[Element] = (),
    ) -> None:
        messages = self._messages_of(request, over, now)
        review = None
        if request.break_glass and (over is None or not over.request.break_glass):
            review = review_of(request, people=self._people, now=now, life_ms=REVIEW_MS)
            messages += self._messages_of(review, None, now)
            also = [*also, self._loud(request, now)]
            said = [*said, entries.requested(review, "break_glass", self._hub.ids)]
        self._store.commit(
            Decision(
                once=once,
                request=request,
                over=over,
                entries=said,
                events=self._events(request, over.request if over else None, now),
                also=[*self._kept(messages, now), *also],
                due=_due(request),
                follow_up=review,
            ),
            now,
        )

    def _loud(self, request: Request, now: int) -> Element:
        """The notice to every team's channel: one element, however many teams there are."""
        first, *others = dict.fromkeys(self._hub.everyone)
        self._told.update(others)
        return self.keep(wording.loud(request, first, self._hub), now, also=others)

    def _messages_of(self, request: Request, over: Kept | None, now: int) -> list[Message]:
        version = 1 if over is None else over.item["rev"] + 1
        if request.public:
            ends = request.status not in UNDER_WAY and (over is None or over.request.status != request.status)
            asker = [wording.outcome_reply(request, version, self._hub, now)] if ends and request.channel else []
            return [wording.request_message(request, version, self._hub), *asker]
        # A response_url has few uses: when all have answered, and once before if some take long. fleetctl has none.
        to_somebody = bool(request.reply_url or request.channel)
        ended = bool(request.answers) and request.status != "GRANTED"
        if to_somebody and (ended or (over is not None and request.partial != over.request.partial)):
            return [wording.answers_reply(request, version, self._hub)]
        return []

    def _kept(self, messages: Sequence[Message], now: int) -> list[Element]:
        return [self.keep(message, now) for message in messages]

    def _events(self, request: Request, before: Request | None, now: int) -> list[FleetEntry]:
        """What others hear when a request is decided: the account and capability concerned, and whoever looks on."""
        if before is not None and before.status == request.status:
            return []
        events: list[FleetEntry] = []
        kind = _EVENTS.get(request.status)
        if kind and (request.tier or request.asked) and not request.reviews:
            decided = kind(
                request=request.id,
                capability=request.capability,
                action=request.command,
                arguments_hash=request.arguments_hash,
                by=request.decided_by,
            )
            if isinstance(decided, ApprovalGranted):
                decided = msgspec.structs.replace(decided, break_glass=bool(request.break_glass))
            if isinstance(decided, ApprovalDenied):
                decided = msgspec.structs.replace(decided, reason=request.turned_down or "denied")
            meta = self._meta(request, f"{request.id}:{request.status}", now)
            asked_from = [self._bus(target) for target in request.targets if request.asked]
            events += [FleetEntry.of(decided, meta, bus=bus) for bus in dict.fromkeys(["", *asked_from])]
        if request.status == "GRANTED" and not request.asked:
            events += [self._command(request, target, now) for target in request.targets]
        return events

    def _command(self, request: Request, target: Target, now: int) -> FleetEntry:
        command = CommandRequested(
            request=request.id,
            capability=request.capability,
            command=request.command,
            arguments=request.arguments,
            account=target.account,
            region=target.region,
            requester=request.requester,
        )
        meta = self._meta(request, f"{request.id}:{target}", now)
        there = msgspec.structs.replace(meta, environment=self._hub.environment_of(target))
        return FleetEntry.of(command, there, bus=self._bus(target))

    def _meta(self, request: Request, event_id: str, now: int) -> Meta:
        hub = self._hub.place
        return Meta(
            id=event_id,
            version=1,
            time=now,
            account=hub.id,
            region=hub.region,
            service="yagura",
            team=self._hub.sre,
            environment=hub.environment,
            actor=request.requester,
            cause=request.cause,
            hops=request.hops + 1 if request.cause else 0,
            traceparent=request.traceparent,
        )

    def _bus(self, target: Target) -> str:
        """ARN of a place's fleet bus; empty for the hub's own."""
        hub = self._hub.place
        if (target.account, target.region) == (hub.id, hub.region):
            return ""
        return f"arn:aws:events:{target.region}:{target.account}:event-bus/yagura"


def _due(request: Request) -> int:
    """When the clock should look at a request again; 0: never."""
    if request.status == "PENDING":
        return request.expires_at
    if request.status != "GRANTED":
        return 0
    if not request.public and not request.partial:
        return request.decided_at + PARTIAL_AFTER_MS
    return request.execute_until
