"""A team's problems summed up in one message, of the parts that each account and Region sends: pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

import msgspec

from fleet.events.envelope import Received
from fleet.events.findings import FindingsSummarized
from fleet.masking import mask, mask_identifier
from fleet.refusal import RefusedError
from functions.chatops.message import (
    MARKS,
    MOST_TEXT,
    Message,
    Priority,
    cut,
    day,
    escape,
    facts_text,
    header,
    rank,
    section,
)
from functions.chatops.routes import Routing

MOST_FIRST, MOST_LATE, MOST_CONTROLS = 10, 10, 10
_MOST_TITLE, _MOST_RESOURCE = 150, 200
_HEADS = {"digest": "{} on {}", "baseline": "{}: what was there before the fleet, on {}"}


class Worst(msgspec.Struct, frozen=True, kw_only=True):
    """One of the worst problems, or of those that are overdue."""

    problem: str
    severity: str = ""
    control: str = ""
    resource: str = ""
    title: str = ""
    opened: int = 0
    due: int = 0
    kept_in: str = ""
    """Name of the account entry that keeps it."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one account and Region sent, in words that may leave."""

    time: int
    open: dict[str, int]
    opened: dict[str, int]
    controls: dict[str, int]
    overdue: int
    suppressed: int
    unexplained: int
    ending: int
    due_soon: int = 0
    oldest: int
    first: list[Worst]
    late: list[Worst] = []
    """This and `due_soon` are not in a part that was kept before they were known."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One team's day."""

    kind: Literal["digest", "baseline"]
    day: str
    team: str
    channel: str
    parts: dict[str, Part] = {}

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not any(part.open or part.suppressed for part in self.parts.values())


def summary_of(event: Received[FindingsSummarized], routing: Routing) -> Summary:
    """What an event begins, with its one part. Raises RefusedError."""
    meta, data = event.meta, event.data
    if meta.account not in routing.ids:
        raise RefusedError("foreign", "$.detail.meta.account", "expected an account of the fleet")
    kept_in = routing.entry(meta.account, meta.region)
    late = data.late[:MOST_LATE] if data.kind == "digest" else []
    most = Counter(data.controls).most_common(MOST_CONTROLS)
    part = Part(
        time=meta.time,
        open=_by_severity(data.open),
        opened=_by_severity(data.opened),
        controls={mask_identifier(name): count for name, count in most},
        overdue=data.overdue,
        suppressed=data.suppressed,
        unexplained=data.unexplained,
        ending=data.ending,
        due_soon=data.due_soon,
        oldest=data.oldest,
        first=[_worst(one, routing, kept_in) for one in _read(data.first[:MOST_FIRST], "first")],
        late=[_worst(one, routing, kept_in) for one in _read(late, "late")],
    )
    return Summary(
        kind=data.kind,
        day=_day(data.day),
        team=mask(meta.team),
        channel=routing.team(data.detail_type(), meta),
        parts={f"{meta.account}:{meta.region}:{data.account}:{data.region}": part},
    )


def joined(old: Summary | None, new: Summary) -> Summary | None:
    """`old` with the part of `new`; None if it has that one, or a newer one of the same place, already."""
    if old is None:
        return new
    ((place, part),) = new.parts.items()
    known = old.parts.get(place)
    if known is not None and part.time <= known.time:
        return None
    return msgspec.structs.replace(old, parts=old.parts | {place: part})


def message(summary: Summary, subject: str, version: int) -> Message:
    """The message, as far as parts have come."""
    parts = list(summary.parts.values())
    open_, opened = _sum(part.open for part in parts), _sum(part.opened for part in parts)
    head = _HEADS[summary.kind].format(summary.team, summary.day)
    late = sorted((one for part in parts for one in part.late), key=_lateness)[:MOST_LATE]
    worst = sorted((one for part in parts for one in part.first if one not in late), key=_order)[:MOST_FIRST]
    oldest = min(filter(None, (part.oldest for part in parts)), default=0)
    facts = {
        "Open": f"{open_.total()}{_counts(open_)}",
        "New": f"{opened.total()}{_counts(opened)}" if summary.kind == "digest" else "",
        "Overdue": _number(sum(part.overdue for part in parts)),
        "Due within two days": _number(sum(part.due_soon for part in parts)),
        "Suppressed": _suppressed(parts),
        "Oldest": f"open since {day(oldest)}" if oldest else "",
        "Most frequent": ", ".join(
            f"{name} ({count})" for name, count in _most(_sum(part.controls for part in parts), MOST_CONTROLS)
        ),
        "Accounts": str(len(parts)),
    }
    return Message(
        subject=subject,
        channel=summary.channel,
        text=escape(f"{head}: {open_.total()} open problems{_counts(open_)}")[:MOST_TEXT],
        blocks=[
            header(head),
            section(facts_text({name: value for name, value in facts.items() if value})),
            *(section(_line(one, late=True)) for one in late),
            *(section(_line(one)) for one in worst),
        ],
        priority=Priority.NORMAL,
        version=version,
        owner=summary.team,
    )


def _suppressed(parts: Sequence[Part]) -> str:
    more = {
        "ending within 7 days": sum(part.ending for part in parts),
        "that nothing of ours explains": sum(part.unexplained for part in parts),
    }
    said = "".join(f", {count} {what}" for what, count in more.items() if count)
    return f"{sum(part.suppressed for part in parts)}{said}" if any(part.suppressed for part in parts) else ""


def _line(one: Worst, *, late: bool = False) -> str:
    due = f", due on {day(one.due)}" if one.due else ""
    mark = f"{MARKS.get(one.severity, ':white_circle:')}{' *Overdue:*' if late else ''}"
    what = escape(f"{one.severity} {one.control}: {one.title} ({one.resource}), open since {day(one.opened)}{due}")
    return f"{mark} {what}\n`{escape(f'/yagura findings show {one.kept_in} {one.problem}')}`"


def _worst(one: Worst, routing: Routing, kept_in: str) -> Worst:
    return Worst(
        problem=mask_identifier(one.problem),
        severity=mask(one.severity),
        control=mask_identifier(one.control),
        resource=cut(mask_identifier(one.resource, known=routing.ids), _MOST_RESOURCE),
        title=cut(mask(one.title), _MOST_TITLE),
        opened=one.opened,
        due=one.due,
        kept_in=kept_in,
    )


def _read(problems: list[dict[str, object]], field: str) -> list[Worst]:
    try:
        return msgspec.convert(problems, list[Worst])
    except msgspec.ValidationError as error:
        raise RefusedError("malformed", f"$.detail.data.{field}", "expected problems as findings lists them") from error


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise RefusedError("malformed", "$.detail.data.day", "expected a day such as 2026-11-23") from error


def _by_severity(counts: dict[str, int]) -> dict[str, int]:
    return {mask(name): count for name, count in counts.items() if count}


def _order(one: Worst) -> tuple[int, int, str]:
    return rank(one.severity), one.opened, one.problem


def _lateness(one: Worst) -> tuple[int, int, str]:
    return one.due, rank(one.severity), one.problem


def _sum(counts: Iterable[dict[str, int]]) -> Counter[str]:
    total = Counter[str]()
    for each in counts:
        total.update(each)
    return total


def _most(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:most]


def _counts(counts: Counter[str]) -> str:
    said = ", ".join(f"{counts[severity]} {severity}" for severity in sorted(counts, key=rank))
    return f" ({said})" if said else ""


def _number(count: int) -> str:
    return str(count) if count else ""
