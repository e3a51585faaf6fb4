"""Every hour, the end of the audit chain goes where nobody can change it; also when nothing was added."""

from typing import Any

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
    """Entry point: the schedule's tick. Twice in an hour is once; a crash in between is made good the next time."""
    now = clock.now_ms()
    last = store.last_anchor()
    if last is not None and last.hour >= audit.hour_of(now):
        return {}
    kept = archive.keep(audit.anchor(store.head(), last, now, audit.hour_of(now)))
    if kept.previous != (audit.GENESIS if last is None else audit.anchor_digest(last)):
        # Somebody else wrote there, or the table lost its memory: verification will tell which.
        telemetry.count("AnchorRefused", capability=settings.capability)
        raise ForeignAnchorError(kept.hour)
    store.remember_anchor(kept)
    telemetry.count("Anchored", capability=settings.capability)
    telemetry.log("anchored", number=kept.number, last=kept.last)
    return {}


class ForeignAnchorError(Exception):
    """The archive holds an anchor of this hour that does not follow ours."""
