"""Whom PagerDuty wakes, and what becomes of it: pure.

One alert per subject, by its `dedup_key`. An acknowledgement or a resolution counts only with the routing key by which
the alert was opened, so the version of the secret is remembered that held it.
"""

import json
from hashlib import sha256
from typing import Any, Literal

import msgspec

MOST_SUMMARY = 1024
MOST_BYTES = 500_000
"""PagerDuty takes 512 KB."""
LEASE_MS = 60_000
GIVE_UP_MS = 24 * 3_600_000
LONGEST_BACKOFF_MS = 30 * 60_000
_MINUTE_MS = 60_000

type Action = Literal["trigger", "acknowledge", "resolve"]
type Urgency = Literal["critical", "error", "warning", "info"]
type State = Literal["waiting", "sent", "dropped", "refused"]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What PagerDuty should know of a subject."""

    subject: str
    service: str
    """Id of the PagerDuty service."""
    action: Action
    version: int
    """The newest one counts."""
    summary: str = ""
    source: str = ""
    control: str = ""
    """PagerDuty's `class`: a service that groups alerts by it opens one incident for a storm."""
    severity: Urgency = "critical"
    details: dict[str, str] = {}


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """A page on its way."""

    page: Page
    since: int
    due: int
    """When it may be tried."""
    state: State = "waiting"
    open: bool = False
    """Whether PagerDuty has an alert by it."""
    service: str = ""
    """By whose routing key the alert was opened."""
    key_version: str = ""
    """Version of the secret that held it."""
    attempted: bool = False
    """Whether PagerDuty may have an alert by it, although it did not say so."""
    busy_until: int = 0
    tries: int = 0
    first_try: int = 0
    why: str = ""


def kept(old: Paging | None, page: Page, now: int) -> Paging | None:
    """`old` with a newer version of its page; None if it has this one, or a newer one, already."""
    if old is not None and page.version <= old.page.version:
        return None
    if old is None:
        return _useful(Paging(page=page, since=now, due=now))
    return _useful(
        msgspec.structs.replace(old, page=page, since=now, due=now, state="waiting", tries=0, first_try=0, why="")
    )


def _useful(paging: Paging) -> Paging:
    """PagerDuty drops what is said of an alert that is not open; so do we, and say so."""
    if paging.page.action == "trigger" or paging.open or paging.attempted:
        return paging
    return msgspec.structs.replace(paging, state="dropped", why="not_open")


def claimed(paging: Paging, now: int) -> Paging | None:
    """The page, ours to send; None if it has been sent, is not due, or somebody has it."""
    if paging.state != "waiting" or paging.due > now or paging.busy_until > now:
        return None
    return msgspec.structs.replace(paging, busy_until=now + LEASE_MS, attempted=True)


def joins(paging: Paging, page: Page) -> bool:
    """Whether `page` is about the alert that is open: that takes the routing key by which it was opened.

    A trigger never does: with a key that is no more, nobody would be woken.
    """
    return paging.open and page.action != "trigger"


def service_of(paging: Paging, page: Page) -> str:
    """The service whose routing key is to be used."""
    return paging.service if joins(paging, page) else page.service


def sent(paging: Paging, page: Page, key_version: str, now: int) -> Paging:
    """After PagerDuty took `page`; a newer one goes on waiting."""
    opened = page.action != "resolve"
    current = paging.page.version <= page.version
    after = msgspec.structs.replace(
        paging,
        state="sent" if current else "waiting",
        due=now,
        open=opened,
        attempted=opened,
        service=service_of(paging, page) if opened else "",
        key_version=key_version if opened else "",
        busy_until=0,
        tries=0,
        first_try=0,
        why="",
    )
    return after if current else _useful(after)


def failed(paging: Paging, now: int, why: str) -> Paging:
    """After PagerDuty could not take it: in a minute, in two, four, at most thirty."""
    pause = min(_MINUTE_MS * 2 ** min(paging.tries, 10), LONGEST_BACKOFF_MS)
    return msgspec.structs.replace(
        paging,
        due=now + pause,
        busy_until=0,
        tries=paging.tries + 1,
        first_try=paging.first_try or now,
        why=why,
    )


def given_up(paging: Paging, now: int) -> bool:
    """Whether it has been tried for long enough."""
    return paging.first_try > 0 and now - paging.first_try >= GIVE_UP_MS


def refused(paging: Paging, why: str) -> Paging:
    """PagerDuty will never take it."""
    return msgspec.structs.replace(paging, state="refused", busy_until=0, why=why)


def revived(paging: Paging, now: int) -> Paging | None:
    """A refused page that is to be tried anew; None if there is nothing to try."""
    if paging.state != "refused":
        return None
    return msgspec.structs.replace(paging, state="waiting", due=now, tries=0, first_try=0, why="")


def dedup_key(subject: str) -> str:
    """PagerDuty's key of the alert about a subject."""
    return sha256(subject.encode()).hexdigest()


def event(page: Page, routing_key: str) -> dict[str, Any]:
    """A page as the Events API v2 takes it."""
    about: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": page.action,
        "dedup_key": dedup_key(page.subject),
        "client": "Yagura",
    }
    if page.action != "trigger":
        return about
    payload: dict[str, Any] = {
        "summary": page.summary[:MOST_SUMMARY] or "unnamed",
        "source": page.source[:MOST_SUMMARY] or "yagura",
        "class": page.control[:MOST_SUMMARY],
        "severity": page.severity,
        "custom_details": page.details,
    }
    if len(json.dumps(about | {"payload": payload}).encode()) > MOST_BYTES:
        payload["custom_details"] = {"left_out": "the details were too long"}
    return about | {"payload": payload}
