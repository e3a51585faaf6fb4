"""What goes out next, and what becomes of it: pure.

Messages go through lanes: one for each channel, one for the answers to people in it. In a lane one goes at a time, at
most one a second, critical ones first, then the oldest; who waits for Slack holds up nobody in another lane. When too
many wait that are not critical, they become one digest.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from functions.chatops.message import Message, Priority, escape, section

SPACING_MS = 1_000
"""Slack takes one message a second in a channel."""
LEASE_MS = 60_000
"""Longer than a function lives that posts. One that dies leaves its lane to the next after that."""
MOST_WAITING = 20
"""More than these are told as one digest."""
MOST_IN_DIGEST = 200
DIGEST_LINES = 30
GIVE_UP_MS = 24 * 3_600_000
ASIDE_AFTER = 5
"""Failures of one message's own, after which those behind it go first."""
PARENT_MS = 10 * 60_000
"""How long a reply waits for the message that it belongs under."""
REPLY_MS = 30 * 60_000
"""Slack's response_url works for half an hour, five times."""
REPLY_GAPS_MS = (3_000, 15_000, 60_000)
"""Between the uses that a message has of it: four. The fifth is left for another message of the same command."""
LONGEST_BACKOFF_MS = 300_000
FURTHEST_MS = 15 * 60_000
"""So far ahead lies no time of a lane. One that does was written by a clock that has been put back since."""
SETTLE_MS = 60_000
"""How long a lane is looked after although nothing waits: the index is behind the table."""
SOON_MS = 2_000

NORMAL_FROM = 10**14
"""Ranks of messages that are not critical begin here: each critical one has a lower rank."""
REPLIES = "reply:"

type State = Literal["waiting", "sent", "told", "refused", "dropped"]


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way: what its channel should show, and what it shows."""

    message: Message
    """The newest version."""
    since: int
    """When what has not been told yet was kept."""
    born: int = 0
    """When its first version was kept."""
    state: State = "waiting"
    posted: int = 0
    """Version that the channel shows; 0: none."""
    first: int = 0
    """Version that was posted there; those after it were edits."""
    place: str = ""
    """Id of the channel, as Slack answered: chat.update takes no name."""
    ts: str = ""
    tries: int = 0
    first_try: int = 0
    not_before: int = 0
    uses: int = 0
    """Of the response_url."""
    unclear: bool = False
    """Slack may have it, although it did not say so."""
    digest: str = ""
    """Subject of the message, a digest or another one that tells of many, in which it was told."""
    members: list[tuple[str, int]] = []
    """Of a digest: keys of the messages in it, and the version of each."""
    why: str = ""


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """Whose turn it is in a lane, and when."""

    next_at: int = 0
    busy_until: int = 0
    pump_at: int = 0
    """When a pump has been called for; 0: none has."""
    marked_at: int = 0
    """When somebody last put something into it."""
    failures: int = 0
    """Since Slack took something."""


def lane_of(message: Message) -> str:
    """The lane of a message."""
    return REPLIES + message.channel if message.reply_url else message.channel


def rank(telling: Telling) -> int:
    """The order of a lane: the lowest goes first."""
    return telling.since + (0 if telling.message.priority is Priority.CRITICAL else NORMAL_FROM)


def kept(old: Telling | None, message: Message, now: int) -> Telling | None:
    """`old` with a newer version of its message; None if it has this one, or a newer one, already."""
    if old is None:
        new = Telling(message=message, since=now, born=now)
        return _told(new, message.told_in) if message.told_in else new
    known = old.message
    if message.version <= known.version and message.worth <= known.worth and message.afresh <= known.afresh:
        return None
    new = msgspec.structs.replace(old, message=message)
    if message.afresh > known.afresh:
        new = lost(new)
    if not new.ts and (message.told_in or (old.state == "told" and message.worth <= known.worth)):
        return _told(new, message.told_in or old.digest)
    if old.state == "waiting":
        return new
    return msgspec.structs.replace(new, state="waiting", since=now, tries=0, first_try=0, why="")


def revived(old: Telling, now: int) -> Telling | None:
    """A refused message that is to be tried anew; None if there is nothing to try."""
    if old.state != "refused":
        return None
    return msgspec.structs.replace(old, state="waiting", since=now, tries=0, first_try=0, not_before=0, why="")


def due_at(telling: Telling, parent: Telling | None, now: int) -> int:
    """When a waiting message may go: not later than `now` if now."""
    if telling.message.thread and not telling.ts:
        patience = telling.since + PARENT_MS
        if now < patience and (parent is None or (parent.state == "waiting" and not parent.ts)):
            return patience
    return telling.not_before


def misplaced(telling: Telling, parent: Telling | None, now: int) -> str:
    """Why a reply says nothing where it would stand; empty if it does, or may yet."""
    if not telling.message.reply_only or telling.ts:
        return ""
    if parent is None or not parent.ts:
        coming = parent is not None and parent.state == "waiting" and now < telling.since + PARENT_MS
        return "" if coming else "no_message"
    return "no_message" if parent.first >= telling.message.version else ""


def expired(telling: Telling, now: int) -> str:
    """Why an answer to one person is of no use any more; empty if it is."""
    if not telling.message.reply_url:
        return ""
    if telling.uses > len(REPLY_GAPS_MS):
        return "used_up"
    return "expired" if now - telling.born >= REPLY_MS else ""


def posted(telling: Telling, version: int, now: int, *, place: str = "", ts: str = "") -> Telling:
    """After Slack took a version of it; a newer one goes on waiting."""
    current = telling.message.version <= version
    uses = telling.uses + 1 if telling.message.reply_url else 0
    gap = REPLY_GAPS_MS[min(uses, len(REPLY_GAPS_MS)) - 1] if uses else 0
    return msgspec.structs.replace(
        telling,
        state="sent" if current else "waiting",
        since=telling.since if current else now,
        posted=version,
        first=version if ts else telling.first,
        place=place or telling.place,
        ts=ts or telling.ts,
        tries=0,
        first_try=0,
        not_before=now + gap if uses else 0,
        uses=uses,
        unclear=False,
    )


def told_in(telling: Telling, digest: str, version: int) -> Telling:
    """After a digest told a version of it; newer news goes on waiting, to be told by itself."""
    if telling.state != "waiting" or telling.message.worth > version:
        return telling
    return _told(telling, digest)


def lost(telling: Telling) -> Telling:
    """After Slack no longer found it: it is to be posted anew."""
    return msgspec.structs.replace(telling, place="", ts="", posted=0)


def failed(telling: Telling, now: int, *, own: bool, unclear: bool) -> Telling:
    """After Slack could not take it; `own`: it might have taken another one, so this one steps aside in the end."""
    tries = telling.tries + 1
    aside = own and tries % ASIDE_AFTER == 0
    return msgspec.structs.replace(
        telling,
        tries=tries,
        first_try=telling.first_try or now,
        since=now if aside else telling.since,
        unclear=telling.unclear or unclear,
    )


def given_up(telling: Telling, now: int) -> bool:
    """Whether it has been tried for long enough."""
    return telling.first_try > 0 and now - telling.first_try >= GIVE_UP_MS


def ended(telling: Telling, state: State, why: str) -> Telling:
    """Refused or dropped, and why."""
    return msgspec.structs.replace(telling, state=state, why=why)


def believed(lane: Lane, now: int) -> Lane:
    """The lane, as free as if nobody had been there if its times cannot be true."""
    if max(lane.next_at, lane.busy_until, lane.pump_at) <= now + FURTHEST_MS:
        return lane
    return msgspec.structs.replace(lane, next_at=0, busy_until=0, pump_at=0)


def claimed(lane: Lane, now: int) -> Lane | None:
    """The lane, ours until we release it; None: somebody has it, or its next second has not come."""
    lane = believed(lane, now)
    if lane.busy_until > now or lane.next_at > now:
        return None
    return msgspec.structs.replace(lane, busy_until=now + LEASE_MS)


def called(lane: Lane, now: int) -> Lane | None:
    """The lane with a pump called for when it is free; None if one has been called already."""
    lane = believed(lane, now)
    if lane.pump_at > now:
        return None
    return msgspec.structs.replace(lane, pump_at=max(lane.next_at, now + SPACING_MS))


def passed(lane: Lane, again_at: int) -> Lane:
    """The lane, free again, after nothing was told; `again_at`: when something that waits in it may go, 0: nothing."""
    return msgspec.structs.replace(lane, busy_until=0, pump_at=again_at)


def released(lane: Lane, now: int, *, again_at: int, failed: bool = False, retry_after: int = 0) -> Lane:
    """The lane, free for the next one, after Slack was asked; `again_at` as for `passed`."""
    failures = lane.failures + 1 if failed else 0
    pause = max(retry_after, min(SPACING_MS * 2 ** min(failures, 20), LONGEST_BACKOFF_MS)) if failed else SPACING_MS
    next_at = now + min(pause, FURTHEST_MS)
    return msgspec.structs.replace(
        lane,
        busy_until=0,
        failures=failures,
        next_at=next_at,
        pump_at=max(again_at, next_at) if again_at else 0,
    )


def marked(lane: Lane, now: int) -> Lane | None:
    """The lane, to be looked after because something was put into it; None if it is for long enough."""
    if now - lane.marked_at < SETTLE_MS // 2:
        return None
    return msgspec.structs.replace(lane, marked_at=now)


def settled(lane: Lane, now: int) -> bool:
    """Whether a lane in which nothing was found may be forgotten."""
    return now - lane.marked_at >= SETTLE_MS


def neglected(lane: Lane, now: int) -> bool:
    """Whether nobody is about to look after it."""
    lane = believed(lane, now)
    return lane.busy_until <= now and lane.next_at <= now and lane.pump_at + SETTLE_MS <= now


def collapsible(telling: Telling) -> bool:
    """Whether a digest may tell it: an edit or a reply belongs where it stands."""
    message = telling.message
    return (
        telling.state == "waiting"
        and message.priority is Priority.NORMAL
        and not (telling.ts or telling.members or message.thread or message.reply_url)
    )


def digest(channel: str, members: Sequence[tuple[str, Telling]]) -> Telling:
    """One message that tells of many: how many of what, and the first of them."""
    first, latest = members[0][1], max(telling.message.version for _, telling in members)
    messages = [telling.message for _, telling in members]
    lines = [f"• {_line(message.text)}" for message in messages[:DIGEST_LINES]]
    if more := len(messages) - len(lines):
        lines.append(f"and {more} more")
    head = f"{len(messages)} messages in one, since there were too many"
    counts = [
        f"*{name}:* {', '.join(f'{count} {escape(what)}' for what, count in Counter(found).most_common(15))}"
        for name, found in (
            ("Severity", [message.severity for message in messages if message.severity]),
            ("Owner", [message.owner for message in messages if message.owner]),
        )
        if found
    ]
    texts = ["\n".join([f"*{head}*", *counts]), *("\n".join(lines[at : at + 10]) for at in range(0, len(lines), 10))]
    return Telling(
        message=Message(
            subject=f"digest#{first.message.subject}#{latest}",
            channel=channel,
            text=head,
            blocks=[section(text) for text in texts],
            priority=Priority.NORMAL,
            version=latest,
        ),
        since=first.since - 1,  # before whichever of them a crash leaves in the lane
        born=first.since,
        members=[(key, telling.message.version) for key, telling in members],
    )


def _told(telling: Telling, digest: str) -> Telling:
    return msgspec.structs.replace(telling, digest=digest, state="told")


def _line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 200 else f"{line[:199]}…"
