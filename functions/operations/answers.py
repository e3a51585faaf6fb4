"""What people are answered: fixed words of ours, names, codes and numbers; never a letter's body or its error text."""

import re

import msgspec

from fleet.command_answer import Answer
from functions.operations.letters import Stays, fingerprint, name_of, reason
from functions.operations.redrive import Fate, Shown

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,40}")


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """A dead-letter queue, for people. Counts are SQS's estimates."""

    name: str
    waiting: int
    hidden: int
    """Being looked at by somebody, or released soon."""
    sources: list[str]
    """Names of the queues whose dead letters go there."""
    tags: dict[str, str]


def listed(queues: list[QueueState], *, more: int) -> Answer:
    """The dead-letter queues of this place; `more` of them are not in the list."""
    waiting = sum(queue.waiting for queue in queues)
    rest = f"; {_count(more, 'more queue')} not shown" if more else ""
    heads = ["Queue", "Waiting", "Being read", "Dead letters of", "Team", "Service"]
    rows = [
        [
            queue.name,
            str(queue.waiting),
            str(queue.hidden),
            ", ".join(queue.sources[:5]) or "rules",
            label(queue.tags.get("team", "")),
            label(queue.tags.get("service", "")),
        ]
        for queue in queues
    ]
    headline = f"{_count(len(queues), 'dead-letter queue')}, {_count(waiting, 'message')} waiting{rest}"
    return Answer(outcome="done", headline=headline, table=[heads, *rows])


def peeked(queue: str, found: list[Shown], now: int) -> Answer:
    """Letters of `queue`: which they are, why, how old, and where they would go back to."""
    rows = [
        [
            one.letter.id,
            reason(one.letter),
            _age(one.letter.age(now)),
            f"stays: {one.to.why}" if isinstance(one.to, Stays) else name_of(one.to.arn),
        ]
        for one in found
    ]
    messages = [{"id": one.letter.id, "sha256": fingerprint(one.letter, one.to)} for one in found]
    return Answer(
        outcome="done",
        headline=f"{_count(len(found), 'message')} of {queue}",
        table=[["Message", "Reason", "Age", "Goes back to"], *rows],
        shown={"queue": queue, "messages": messages},
    )


def redriven(queue: str, fates: list[Fate], *, hindrance: str) -> Answer:
    """What became of the letters that were shown; `hindrance`: what keeps operations from moving any now."""
    moved = sum(fate.moved for fate in fates)
    table = [["Message", "What became of it", "To"], *([f.id, f.words, name_of(f.to) if f.to else ""] for f in fates)]
    if hindrance and not moved:
        return Answer(outcome="refused", headline=f"would have moved {len(fates)}; {hindrance}", table=table)
    headline = f"{moved} of {_count(len(fates), 'message')} of {queue} moved"
    if twice := sum(fate.moved and "twice" in fate.words for fate in fates):
        headline += f"; {twice} may have been sent twice"
    if unknown := sum(not fate.moved and "may have been sent" in fate.words for fate in fates):
        headline += f"; {unknown} may have been sent, and stayed"
    return Answer(outcome="done" if moved else "failed", headline=headline, table=table)


def frozen(modes: dict[str, tuple[str, str]], *, now_frozen: bool) -> Answer:
    """The modes that hold: of each capability the configured one and the one that holds."""
    rows = [[capability, wanted, holds] for capability, (wanted, holds) in sorted(modes.items())]
    words = "frozen: every capability observes at most; undoing goes on" if now_frozen else "not frozen"
    return Answer(outcome="done", headline=words, table=[["Capability", "Configured", "Holds"], *rows])


def label(text: str) -> str:
    """A tag's text, if it looks like a name: people write tags, and may write anything."""
    return text if _LABEL.fullmatch(text) else "-"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _age(milliseconds: int) -> str:
    minutes = milliseconds // 60_000
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
