"""Every hour, the end of the audit chain goes where nobody can change it; also when nothing was added."""

from typing import Any, NoReturn

from fleet import aws, clock, telemetry
from fleet.items import Table
from fleet.settings import Settings
from functions.chatops import audit
from functions.chatops.archive import Archive
from functions.chatops.store import Store

settings = Settings.read()
store = Store(Table(aws.dynamodb(), settings.table))
archive = Archive.from_environment()


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Entry point: the schedule's tick. Twice in an hour is once.

    The table remembers an anchor before the archive has it, so that a crash in between is made good the next time, and
    no other anchor takes its number: what the archive holds cannot be taken back.
    """
    now = clock.now_ms()
    last, head = store.last_anchor(), store.head()
    if last is not None:
        _keep(last)
        if last.hour >= audit.hour_of(now):
            return {}
        if head.seq < last.last:
            _refuse(last)
    anchor = audit.anchor(head, last, now, audit.hour_of(now))
    if not store.remember_anchor(anchor):
        return {}  # somebody else is at it
    _keep(anchor)
    telemetry.count("Anchored", capability=settings.capability)
    telemetry.log("anchored", number=anchor.number, last=anchor.last)
    return {}


def _keep(anchor: audit.Anchor) -> None:
    if archive.keep(anchor) != anchor:
        _refuse(anchor)


def _refuse(anchor: audit.Anchor) -> NoReturn:
    """Somebody else wrote there, or the table lost its memory: verification will tell which."""
    telemetry.count("AnchorRefused", capability=settings.capability)
    raise ForeignAnchorError(anchor.hour)


class ForeignAnchorError(Exception):
    """The archive, or the chain's head, contradicts the anchor of an hour."""
