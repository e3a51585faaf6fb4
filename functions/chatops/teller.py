"""Tells what has been kept, by each road apart: what happens to Slack keeps no page from PagerDuty, nor the reverse."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec

from fleet import telemetry
from fleet.clock import Clock
from fleet.events.findings import AboutProblem
from fleet.refusal import DroppedError, RefusedError
from functions.chatops import outbox, pages
from functions.chatops.later import Later
from functions.chatops.message import Message
from functions.chatops.messages import MessageStore, key
from functions.chatops.page import Page
from functions.chatops.pages import Pages
from functions.chatops.pump import Pump

_RESERVE_MS = 3_000
"""What calling a pump may take."""
_RESERVE_TO_PAGE_MS = 20_000
"""What sending a page may take. A function has 30 s."""

type Work = Callable[[], object]


class Asked(msgspec.Struct, frozen=True, rename={"detail_type": "detail-type"}):
    """What a message of notify's queue wants."""

    detail_type: str = ""
    """Of a fleet event that is to be told."""
    source: str = ""
    """Who sent that."""
    pump: str = ""
    """A lane, or a channel: let the next one go that waits there."""
    at: int = 0
    """When that was due."""
    again: bool = False
    """Whether this is the second look at where nothing was found."""
    message: str = ""
    """Key of a refused message that is to be tried anew: a dead letter that came back."""
    page: str = ""
    """The same of a page."""


class Teller:
    """Messages and pages, on their ways."""

    def __init__(
        self, messages: MessageStore, pump: Pump, pages: Pages, later: Later, *, on: Callable[[], bool], clock: Clock
    ) -> None:
        """`on`: whether anything may be told now; while it may not, it waits."""
        self._messages, self._pump, self._pages, self._later = messages, pump, pages, later
        self._on, self._clock = on, clock

    def keep_page(self, page: Page | None) -> None:
        """Keep a page, if there is one. Before anything else is done: nothing of Slack's or ours may swallow it."""
        if page:
            self._pages.keep(page)

    def say(self, messages: Sequence[Message], page: Page | None = None) -> None:
        """Keep messages, then tell them and a page that is kept, if it is their turn. Once kept, nothing is lost."""
        new = [self._messages.keep(message, self._clock()) for message in messages]
        if new and not any(new):
            telemetry.count("Repeated", capability="chatops")
        works: list[Work] = [partial(self._pages.send, pages.key(page))] if page else []
        works += [
            partial(self._pump, outbox.lane_of(message), hint=key(message.subject, message.channel))
            for message in messages
        ]
        self._if_on(works)

    def go_on(self, asked: Asked) -> None:
        """Go on with what waits. Raises RefusedError if that is not what is asked."""
        if asked.page:
            self._pages.revive(asked.page)
            self._if_on([partial(self._pages.send, asked.page)])
        elif asked.message:
            lane = self._messages.revive(asked.message, self._clock())
            self._if_on([partial(self._pump, lane, hint=asked.message)] if lane else [])
        elif asked.pump:
            self._if_on([partial(self._look, asked)])
        else:
            raise RefusedError("malformed", "$", "expected a fleet event, or a lane to pump")

    def sweep(self, remaining_ms: Callable[[], int]) -> dict[str, Any]:
        """What nobody is looking after. What is left over when time is up is the next tick's."""

        def works() -> Iterable[Work]:
            yield partial(self._messages.adopt, self._clock())
            yield partial(self._messages.place_drafts, self._clock())
            for lane in self._messages.lanes():
                if remaining_ms() < _RESERVE_MS:
                    return
                yield partial(self._pump.call, lane)
            for page in self._pages.due():
                if remaining_ms() < _RESERVE_TO_PAGE_MS:
                    return
                yield partial(self._pages.send, page)

        self._if_on(works())
        return {}

    def _look(self, asked: Asked) -> None:
        lanes = self._messages.place_drafts(self._clock())
        found: list[bool] = []
        _each(partial(self._pump_one, lane, asked.at, found) for lane in sorted(lanes | {asked.pump}))
        if not (any(found) or asked.again or asked.at):
            # What was kept a moment ago may not stand in the index yet.
            self._later({"pump": asked.pump, "again": True}, outbox.SOON_MS)

    def _pump_one(self, lane: str, at: int, found: list[bool]) -> None:
        found.append(self._pump(lane, at=at))

    def _if_on(self, works: Iterable[Work]) -> None:
        if self._on():
            _each(works)


def unknown(asked: Asked) -> DroppedError | RefusedError:
    """What becomes of an event that nobody here knows: one of a newer fleet is no fault of anybody."""
    if asked.source == AboutProblem.source:
        return DroppedError("unknown_event")
    return RefusedError("foreign", "$.source", f"expected an event of {AboutProblem.source}")


def _each(works: Iterable[Work]) -> None:
    """Do them all, whatever becomes of the others; what failed is raised at the end."""
    failures: list[Exception] = []
    for work in works:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - one of them must not keep the others waiting
            telemetry.log_failure("not told", error)
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} could not be told", failures)
