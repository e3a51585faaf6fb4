"""Many problems of one control, open or overdue, in one channel become one message: pure.

All vulnerabilities count as one control: one image may have hundreds, and each has an id of its own.

The first few of ten minutes are told one by one; what comes then is counted in the storm's message. A window begins
with the first problem after the last one, by the time of the events.
"""

from typing import NamedTuple

import msgspec

from functions.chatops.message import (
    MARKS,
    MOST_TEXT,
    Message,
    Priority,
    cut,
    escape,
    facts_text,
    header,
    rank,
    section,
)
from functions.chatops.standing import Standing

WINDOW_MS = 10 * 60_000
SINGLY = 5
"""Problems of a window that are told one by one."""
_INSPECTOR = "inspector"
"""The product whose findings are vulnerabilities: their controls are `inspector:<id>`."""
_MOST_FIRST, _MOST_RESOURCE, _MOST_ACCOUNTS, _MOST_CONTROL = 10, 200, 15, 200


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """The problems of one control that were told in one channel within a window."""

    control: str
    """Or `inspector`."""
    channel: str
    start: int
    """When the first of them was opened, in ms."""
    title: str
    overdue: bool = False
    """Whether they are told for being overdue, not for being open."""
    count: int = 0
    severities: dict[str, int] = {}
    accounts: dict[str, int] = {}
    entries: list[str] = []
    """Account entries that keep them."""
    first: list[str] = []
    """Resources of the first few; of vulnerabilities, which and where."""
    urgent: bool = False

    @property
    def subject(self) -> str:
        """Of its message."""
        return f"{'overdue' if self.overdue else 'storm'}#{self.control}#{self.start}"

    @property
    def tells(self) -> bool:
        """Whether the last one counted is told by the storm's message, and no more by itself."""
        return self.count > SINGLY

    def ended(self, time: int) -> bool:
        """Whether a problem of this time (ms) begins another window."""
        return time >= self.start + WINDOW_MS


class _Counted(NamedTuple):
    """As what a problem is counted."""

    control: str
    title: str
    name: str
    """Of this one, among the others."""


def _counted_as(standing: Standing) -> _Counted:
    if standing.control.startswith(f"{_INSPECTOR}:"):
        vulnerability = standing.control.removeprefix(f"{_INSPECTOR}:")
        return _Counted(_INSPECTOR, "Vulnerabilities", f"{vulnerability}, {standing.resource}")
    return _Counted(standing.control[:_MOST_CONTROL], standing.title, standing.resource)


def key(standing: Standing, channel: str, *, overdue: bool = False) -> str:
    """What is counted together."""
    return f"{'overdue#' if overdue else ''}{_counted_as(standing).control}@{channel}"


def counted(storm: Storm | None, standing: Standing, channel: str, time: int, *, overdue: bool = False) -> Storm:
    """The window with one problem more."""
    control, title, name = _counted_as(standing)
    if storm is None or storm.ended(time):
        storm = Storm(control=control, channel=channel, start=time, title=title, overdue=overdue)
    return msgspec.structs.replace(
        storm,
        count=storm.count + 1,
        severities=_more(storm.severities, standing.severity),
        accounts=_more(storm.accounts, standing.account),
        entries=sorted({*storm.entries, standing.kept_in}),
        first=[*storm.first, cut(name, _MOST_RESOURCE)][:_MOST_FIRST],
        urgent=storm.urgent or standing.urgent or overdue,
    )


def message(storm: Storm) -> Message:
    """The storm's message as it stands by now."""
    worst = min(storm.severities, key=rank)
    mark = MARKS.get(worst, ":white_circle:")
    what = "overdue problems" if storm.overdue else "problems"
    head = f"{storm.control}: {storm.count} {what} within {WINDOW_MS // 60_000} minutes"
    others = len(storm.accounts) - _MOST_ACCOUNTS
    accounts = sorted(storm.accounts.items(), key=lambda each: (-each[1], each[0]))[:_MOST_ACCOUNTS]
    facts = {
        "Severity": ", ".join(f"{storm.severities[name]} {name}" for name in sorted(storm.severities, key=rank)),
        "Account": ", ".join(f"{name} ({count})" for name, count in accounts)
        + (f" and {others} more" if others > 0 else ""),
    }
    left = storm.count - len(storm.first)
    lines = [f"• `{escape(resource)}`" for resource in storm.first] + ([f"and {left} more"] if left > 0 else [])
    where = storm.entries[0] if len(storm.entries) == 1 else "all"
    return Message(
        subject=storm.subject,
        channel=storm.channel,
        text=f"{mark} {escape(f'{head}: {storm.title}')}"[:MOST_TEXT],
        blocks=[
            header(head),
            section(escape(storm.title) or escape(head)),
            section(facts_text(facts)),
            section("\n".join(lines)),
            section(f"The first {SINGLY} were told one by one. All of them: `/yagura findings list {escape(where)}`"),
        ],
        priority=Priority.CRITICAL if storm.urgent else Priority.NORMAL,
        version=storm.count,
        severity=worst,
    )


def _more(counts: dict[str, int], name: str) -> dict[str, int]:
    return counts | {name: counts.get(name, 0) + 1}
