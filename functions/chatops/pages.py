"""Pages in the table of the capability `chatops`, and their way to PagerDuty. Slack's troubles are none of theirs.

    pk      page#<dedup key>   `paging` (JSON); while it waits, pending "page" and pending_since = when it may be tried
    pk      status#pagerduty   what keeps pages waiting, if anything does
    index   pending

Access: by key; what is due, by the index. No Scan. Pages expire (TTL) 90 days after they were sent, refused or dropped;
one whose alert is open never does.
"""

import json
from collections.abc import Callable

import msgspec

from fleet import telemetry
from fleet.clock import Clock
from fleet.items import ConflictError, Item, Table
from fleet.worker import DeadLetters
from functions.chatops import page as core
from functions.chatops.page import Page, Paging
from functions.chatops.pagerduty import PagerDuty, PagerDutyRefusedError, PagerDutyUnavailableError

VERSION = 1
WAITING = "page"
_TRIES = 10
_KEEP_SECONDS = 90 * 24 * 3600
_STATUS = "status#pagerduty"


class Pages:
    """Keeps them and sends them."""

    def __init__(
        self,
        table: Table,
        pagerduty: PagerDuty,
        dead_letters: DeadLetters,
        *,
        queue: str,
        capability: str,
        clock: Clock,
    ) -> None:
        """`queue`: ARN of the one to which dead letters come back."""
        self._table, self._pagerduty, self._dead_letters, self._queue = table, pagerduty, dead_letters, queue
        self._capability, self._clock = capability, clock

    def keep(self, page: Page) -> None:
        """Keep a page until PagerDuty has it."""
        now = self._clock()
        self._change(key(page), lambda old: core.kept(old, page, now))

    def revive(self, pk: str) -> None:
        """Let a refused one be tried anew."""
        now = self._clock()
        self._change(pk, lambda old: None if old is None else core.revived(old, now))

    def due(self) -> list[str]:
        """Keys of those that may be tried now, the longest due first."""
        return list(self._table.pending(before=self._clock() + 1, of=WAITING, under="page#"))

    def send(self, pk: str) -> None:
        """Send a page that is due and that nobody else is sending; what cannot be sent now waits."""
        now = self._clock()
        claimed = self._change(pk, lambda old: None if old is None else core.claimed(old, now))
        if claimed is None:
            return
        page = claimed.page
        version = claimed.key_version if core.joins(claimed, page) else ""
        try:
            routing = self._pagerduty.routing_key(core.service_of(claimed, page), version)
            self._pagerduty.send(core.event(page, routing.key))
        except PagerDutyUnavailableError as error:
            self._wait(pk, error.status)
        except PagerDutyRefusedError as error:
            self._give_up(pk, error.why)
        else:
            done = self._clock()
            self._change(pk, lambda old: None if old is None else core.sent(old, page, routing.version, done))
            self._report("ok")
            self._count("Paged", reason=page.action)

    def _wait(self, pk: str, status: str) -> None:
        now = self._clock()
        after = self._change(pk, lambda old: None if old is None else core.failed(old, now, status))
        self._report(status)
        self._count("PageWaiting")
        telemetry.log("page waiting", page=pk, why=status)
        if after is not None and core.given_up(after, now):
            self._give_up(pk, status)

    def _give_up(self, pk: str, why: str) -> None:
        # The dead letter first: who dies in between leaves two of them rather than none.
        self._dead_letters.put(
            json.dumps({"page": pk}), reason="pagerduty", path="$", text=why, message_id=pk, queue=self._queue
        )
        self._change(pk, lambda old: None if old is None else core.refused(old, why))
        self._count("Refused", reason="pagerduty")

    def _change(self, pk: str, change: Callable[[Paging | None], Paging | None]) -> Paging | None:
        """Apply `change`, again if somebody else was faster; what was written, None if nothing was."""
        for _ in range(_TRIES):
            item = self._table.get(pk)
            new = change(None if item is None else msgspec.json.decode(item["paging"], type=Paging))
            if new is None:
                return None
            if self._table.put(_item(pk, new, self._clock()), over=item):
                return new
        raise ConflictError(pk)

    def _report(self, status: str) -> None:
        item = self._table.get(_STATUS)
        if (item or {}).get("status") != status:
            self._table.put({"pk": _STATUS, "v": VERSION, "status": status, "since": self._clock()}, over=item)

    def _count(self, name: str, *, reason: str | None = None) -> None:
        telemetry.count(name, capability=self._capability, reason=reason)


def key(page: Page) -> str:
    """Key of a page."""
    return f"page#{core.dedup_key(page.subject)}"


def _item(pk: str, paging: Paging, now: int) -> Item:
    item = {"pk": pk, "v": VERSION, "paging": msgspec.json.encode(paging).decode(), "state": paging.state}
    if paging.state == "waiting":
        return item | {"pending": WAITING, "pending_since": paging.due}
    return item if paging.open else item | {"expires": now // 1000 + _KEEP_SECONDS}
