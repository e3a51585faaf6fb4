"""What becomes of a command: the desk's reply, then the request until it is decided and done. Reads by key, waits."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from fleet.items import Table
from fleetctl.mrkdwn import harmless
from functions.chatops.request import Answer, Request
from functions.chatops.store import request_key

TABLE = "yagura-chatops"
REPLY_SECONDS = 30
WORK_SECONDS = 300
"""As long as this command waits for work that nobody has to decide; `fleetctl follow` waits on."""
_REPLY_POLL, _REQUEST_POLL = 0.5, 2.0
_LATE_SECONDS = 180
"""After its expiry; the fleet looks at it once a minute."""
ENDED = {"DENIED", "CANCELLED", "EXPIRED", "DONE", "FAILED"}


@dataclass(frozen=True)
class Reply:
    """What the desk said."""

    texts: list[str]
    """mrkdwn."""
    request: str
    """Id of the request that it filed, if it did."""
    refused: bool = False


class Follower:
    """Reads what the hub keeps for whoever asked, until it is there."""

    def __init__(
        self,
        client: Any,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table, self._sleep, self._clock = Table(client, TABLE), sleep, clock

    def reply(self, delivery: str, seconds: float = REPLY_SECONDS) -> Reply | None:
        """The desk's reply to a delivery, or None if none came in time."""
        until = self._clock() + seconds
        while True:
            if item := self._table.get(f"reply#{delivery}"):
                return Reply(
                    texts=[str(text) for text in item["texts"]],
                    request=str(item.get("request", "")),
                    refused=bool(item.get("refused")),
                )
            if self._clock() >= until:
                return None
            self._sleep(_REPLY_POLL)

    def request(self, request_id: str) -> Request | None:
        """A request as it stands."""
        item = self._table.get(request_key(request_id))
        return None if item is None else msgspec.json.decode(item["request"], type=Request)

    def changes(self, request_id: str, *, people: bool) -> Iterator[Request]:
        """The request each time that it has changed, until it has ended; with `people` also while they decide.

        Ends without an end when nothing more is to be expected.
        """
        began = self._clock()
        seen: Request | None = None
        while (request := self.request(request_id)) is not None:
            if request != seen:
                seen = request
                yield request
            if request.status in ENDED or (request.status == "PENDING" and not people):
                return
            if self._clock() >= _patience(request, began):
                return
            self._sleep(_REQUEST_POLL)


def _patience(request: Request, began: float) -> float:
    """Until when there is a use in waiting, in seconds."""
    if request.status == "PENDING":
        return request.expires_at / 1000 + _LATE_SECONDS
    return max(began, request.decided_at / 1000) + WORK_SECONDS


def news(before: Request | None, after: Request, name_of: Callable[[str, str], str]) -> list[str]:
    """What is new about a request, as lines for a terminal."""
    lines = []
    old_votes = before.votes if before else []
    lines += [f"{vote.person} said yes" for vote in after.votes[len(old_votes) :]]
    if before is None or before.status != after.status:
        lines.append(_standing(after))
    for target in after.targets:
        answer = after.answers.get(str(target))
        if answer is not None and (before is None or before.answers.get(str(target)) != answer):
            lines += _answer(name_of(target.account, target.region), answer)
    return [harmless(line) for line in lines]


def _standing(request: Request) -> str:
    head = f"{request.id} {request.headline}"
    by = f" by {', '.join(request.decided_by)}" if request.decided_by else ""
    match request.status:
        case "PENDING":
            people = "somebody else" if request.quorum == 1 else f"{request.quorum} others"
            return f"{head}: waits for {people} of {', '.join(request.teams)}, until {_clock(request.expires_at)}"
        case "GRANTED":
            return f"{head}: {'granted' + by if by else 'under way'}"
        case "DENIED":
            return f"{head}: denied{by}{f' ({request.note})' if request.note else ''}"
        case "CANCELLED":
            return f"{head}: cancelled{by}"
        case status:
            return f"{head}: {status.lower()}{', granted' + by if by else ''}"


def _answer(where: str, answer: Answer) -> list[str]:
    widths = [
        max(len(row[n]) for row in answer.table if n < len(row)) for n in range(max(map(len, answer.table), default=0))
    ]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) for row in answer.table]
    return [f"{where}: {answer.outcome}: {answer.headline}", *(f"  {row.rstrip()}" for row in rows)]


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
