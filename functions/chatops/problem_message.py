"""What the events of findings say of a problem, and to whom: pure.

How it stands is one message in its owner's channel, edited as it changes (`known.py`). Some events say more: a reply
under that message, a message of their own, a page.
"""

from typing import Literal

import msgspec

from fleet.events.envelope import Received
from fleet.events.findings import (
    AboutProblem,
    FindingChanged,
    FindingOpened,
    FindingOverdue,
    FindingResolved,
    FindingSuppressed,
    SuppressionExpiring,
)
from fleet.masking import mask, mask_identifier
from fleet.refusal import RefusedError
from functions.chatops.message import (
    MOST_TEXT,
    Message,
    Priority,
    context,
    day,
    escape,
    facts_text,
    header,
    moment,
    rank,
    section,
)
from functions.chatops.page import Page, Urgency
from functions.chatops.routes import Routing, Told
from functions.chatops.standing import Standing, closed, standing, suppressed, version_of

ABOUT: dict[str, type[AboutProblem]] = {
    kind.detail_type(): kind
    for kind in (
        *(FindingOpened, FindingChanged, FindingSuppressed, FindingResolved),
        *(FindingOverdue, SuppressionExpiring),
    )
}
"""By detail-type."""
_URGENCIES: dict[str, Urgency] = {"CRITICAL": "critical", "HIGH": "error", "MEDIUM": "warning"}

type Worth = Literal["edit", "move", "news"]
"""An edit of what stands; also where it stands from now on; or a message of its own there."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says."""

    problem: str
    version: int
    time: int
    channel: str
    """Where the problem's message belongs, unless it is an edit: that does not move it."""
    worth: Worth = "edit"
    standing: Standing | None = None
    """None: nothing new of how it stands."""
    anew: bool = False
    """It is so long ago that it was told that nobody would see an edit."""
    reply: str = ""
    """What is said under the problem's message."""
    own: Message | None = None
    """A message of its own, besides."""
    escalates: bool = False
    """That tells somebody else that it has been overdue for long."""
    page: Page | None = None

    @property
    def news_in(self) -> str:
        """The channel of its news."""
        return self.own.channel if self.escalates and self.own else self.channel


def said(event: Received[AboutProblem], routing: Routing) -> Said:
    """What an event says. Raises RefusedError if it comes from outside the fleet."""
    meta, data = event.meta, event.data
    if meta.account not in routing.ids:
        raise RefusedError("foreign", "$.detail.meta.account", "expected an account of the fleet")
    told = routing.problem(mask(data.severity), meta, data.channel)
    again = isinstance(data, FindingOpened) and data.reopened
    open_ = standing(event, routing, again=again, urgent=told.page)
    plain = Said(problem=data.problem, version=version_of(event), time=meta.time, channel=told.channel, standing=open_)
    match data:
        case FindingOpened():
            return _opened(plain, open_, data, told)
        case FindingChanged():
            before = msgspec.structs.replace(meta, team=data.was_team, service=data.was_service)
            was = routing.problem(mask(data.was_severity), before, data.was_channel)
            worse = rank(open_.severity) < rank(mask(data.was_severity))
            if was.channel == told.channel and not worse:
                return plain
            if data.tell != "now":
                return msgspec.structs.replace(plain, worth="move")
            return msgspec.structs.replace(
                plain,
                worth="news",
                reply=f"{open_.severity} now" if worse else "",
                page=_page(plain, open_, told) if worse else None,
            )
        case FindingSuppressed():
            return msgspec.structs.replace(plain, standing=suppressed(open_, data), page=_resolve(open_, told))
        case FindingResolved():
            return msgspec.structs.replace(plain, standing=closed(open_, gone=data.gone), page=_resolve(open_, told))
        case FindingOverdue():
            return _overdue(plain, open_, data, routing)
        case SuppressionExpiring():
            return msgspec.structs.replace(plain, standing=None, own=_expiring(open_, data, told))
        case _:
            raise NotImplementedError(data.detail_type())


def message(standing: Standing, channel: str, *, news: int, afresh: int = 0, told_in: str = "") -> Message:
    """The message of a problem, in a channel where it is told."""
    return Message(
        subject=subject(standing.problem),
        channel=channel,
        text=f"{standing.mark} {escape(standing.line)}"[:MOST_TEXT],
        blocks=[
            header(standing.head),
            section(escape(standing.title) or escape(standing.head)),
            section(facts_text(standing.facts)),
            context(f"problem `{escape(mask_identifier(standing.problem))}`"),
        ],
        priority=Priority.CRITICAL if standing.urgent else Priority.NORMAL,
        version=standing.version,
        news=news,
        afresh=afresh,
        told_in=told_in,
        severity=standing.severity,
        owner=standing.team,
    )


def reply(said: Said, channel: str) -> Message:
    """What an event says under the problem's message."""
    return Message(
        subject=f"reply#{said.problem}#{said.version}",
        channel=channel,
        text=said.reply,
        blocks=[section(said.reply)],
        priority=Priority.NORMAL,
        version=said.version,
        thread=subject(said.problem),
        reply_only=True,
    )


def subject(problem: str) -> str:
    """The subject of a problem's message."""
    return f"problem#{problem}"


def _opened(plain: Said, open_: Standing, data: FindingOpened, told: Told) -> Said:
    if data.tell != "now":
        return msgspec.structs.replace(plain, worth="move")
    return msgspec.structs.replace(
        plain,
        worth="news",
        anew=data.anew,
        reply=f"open again, the {_ordinal(data.openings)} time" if data.reopened and not data.anew else "",
        page=_page(plain, open_, told),
    )


def _page(plain: Said, open_: Standing, told: Told) -> Page | None:
    """Whom a route wakes."""
    if not told.page:
        return None
    return Page(
        subject=subject(plain.problem),
        service=told.pagerduty,
        action="trigger",
        version=plain.version,
        summary=open_.line,
        source=open_.resource,
        control=open_.control,
        severity=_URGENCIES.get(open_.severity, "info"),
        details={name: value.strip("`") for name, value in open_.facts.items()} | {"Severity": open_.severity},
    )


def _overdue(plain: Said, open_: Standing, data: FindingOverdue, routing: Routing) -> Said:
    if data.stage == "remind":
        return msgspec.structs.replace(plain, standing=None, reply=f"due on {day(data.due)}")
    own = None
    if data.stage == "escalate":
        channel = data.escalate_to if routing.knows(data.escalate_to) else routing.default_channel
        own = _own("escalated", channel, open_, Priority.CRITICAL)
    return msgspec.structs.replace(plain, reply=f"overdue since {day(data.due)}", own=own, escalates=own is not None)


def _expiring(open_: Standing, data: SuppressionExpiring, told: Told) -> Message:
    ends = msgspec.structs.replace(
        open_,
        mark=":hourglass_flowing_sand:",
        head=f"The suppression of {open_.control} ends on {day(data.until)}",
        facts=open_.facts
        | {"Until": moment(data.until), "Asked by": mask(data.requester), "By": mask_identifier(data.by)},
    )
    return _own("expiring", told.channel, ends, Priority.NORMAL)


def _own(kind: str, channel: str, standing: Standing, priority: Priority) -> Message:
    """A message besides the problem's, with the command that shows the rest."""
    one = message(standing, channel, news=0)
    return msgspec.structs.replace(
        one,
        subject=f"{kind}#{standing.problem}#{standing.version}",
        blocks=[*one.blocks[:-1], section(f"`{escape(standing.command)}`"), one.blocks[-1]],
        priority=priority,
    )


def _resolve(open_: Standing, told: Told) -> Page:
    """Whether or not anybody was woken: a trigger that comes late must wake nobody either."""
    return Page(subject=subject(open_.problem), service=told.pagerduty, action="resolve", version=open_.version)


def _ordinal(number: int) -> str:
    """`2nd` of 2."""
    tens, ones = number // 10 % 10, number % 10
    return f"{number}{'th' if tens == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(ones, 'th')}"
