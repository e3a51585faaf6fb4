"""What chatops itself is asked: help, whoami, status, the audit trail. Nothing here changes anything."""

from datetime import UTC, datetime

from fleet.commands import Command, Parsed, Registry, help_for
from fleet.masking import mask
from functions.chatops import audit, wording
from functions.chatops.archive import Archive
from functions.chatops.filing import Hub
from functions.chatops.message import escape
from functions.chatops.messages import MessageStore
from functions.chatops.people import People, Person
from functions.chatops.store import Store

_MOST_OPEN = 20
_ANCHORS = 48
"""How many anchors back `audit verify` begins: two days. `fleetctl audit verify` checks all of it."""


class Inquiries:
    """Answers from the table and the archive, as lines of mrkdwn."""

    def __init__(
        self, *, store: Store, messages: MessageStore, archive: Archive, registry: Registry, hub: Hub, people: People
    ) -> None:
        self._store, self._messages, self._archive = store, messages, archive
        self._registry, self._hub, self._people = registry, hub, people

    def answer(self, parsed: Parsed, person: Person, now: int) -> list[str]:
        """The answer to one question."""
        match parsed.command.text:
            case "help":
                return self._help(person, str(parsed.arguments.get("about") or ""))
            case "whoami":
                return [_who(person)]
            case "status":
                return self._status(now)
            case "audit tail":
                return self._tail(int(parsed.arguments["count"]))
            case "audit verify":
                return self._verify(now)
            case other:
                raise LookupError(f"{other}: chatops declares it and does not answer it")

    def _help(self, person: Person, about: str) -> list[str]:
        def may(command: Command) -> bool:
            return self._people.may_run(person, command.who)

        # Masked as it was typed: what is not found is quoted, in lower case, where no name can be recognised.
        return help_for(self._registry, may, mask(about)).lines

    def _status(self, now: int) -> list[str]:
        head, last = self._store.head(), self._store.last_anchor()
        anchored = "never" if last is None else f"entry {last.last}, {_ago(now - last.at)} ago"
        rows = [
            ["what", "state"],
            ["Slack", self._messages.status("slack") or "nothing has been posted yet"],
            ["PagerDuty", self._messages.status("pagerduty") or "nobody has been paged yet"],
            ["audit chain", f"{head.seq} entries"],
            ["last anchor", anchored],
            ["accounts", str(len(self._hub.accounts))],
        ]
        waiting = [["request", "for people to decide", "by"]]
        found = self._store.open_requests(now, most=_MOST_OPEN)
        waiting += [[request.id, mask(request.headline), request.requester] for request in found]
        return [*wording.tables(rows), *(wording.tables(waiting) if waiting[1:] else ["No request is open."])]

    def _tail(self, count: int) -> list[str]:
        head = self._store.head()
        rows = [["seq", "when (UTC)", "what", "who", "request", "facts"]]
        for record in self._store.records(head.seq - count + 1, head.seq):
            entry = record.entry
            facts = mask(
                str(entry.facts.get("command") or entry.facts.get("reason") or entry.facts.get("status") or "")
            )
            rows.append([str(entry.seq), _clock(entry.at), entry.kind, entry.actor, entry.request, facts])
        return wording.tables(rows)

    def _verify(self, now: int) -> list[str]:
        # What the table says of anchors is what is being verified: the archive says which there are.
        recent = self._archive.since(audit.hour_of(now - _ANCHORS * audit.ANCHOR_EVERY_MS))
        anchors = recent or self._archive.last(_ANCHORS)  # years of them would outlive the function
        last, remembered = (anchors[-1] if anchors else None), self._store.last_anchor()
        if last is not None and remembered is not None and remembered.number < last.number:
            known = f"it knows {remembered.number}, and there are {last.number}"
            return [f":rotating_light: *The table has forgotten anchors*: {known}."]
        base = anchors.pop(0) if anchors and anchors[0].number > 1 else None
        first = base.last + 1 if base else 1
        head = self._store.head()  # after the anchors: one that is made meanwhile must not speak of more than this
        verdict = audit.verify(self._store.records(first, head.seq), anchors, base=base, end=head)
        return [verdict_text(verdict, first, late=_late(last, now))]


def verdict_text(verdict: audit.Verdict, first: int, *, late: str = "") -> str:
    """What a verification found, in one sentence or two."""
    if verdict.broken:
        broken = verdict.broken
        return f":rotating_light: *The audit chain is broken at entry {broken.seq}* ({broken.why}): {broken.text}."
    return (
        f":white_check_mark: Entries {first} to {verdict.entries} are intact; anchored up to {verdict.anchored}, "
        f"{verdict.not_yet_anchored} not yet anchored.{late}"
    )


def _late(last: audit.Anchor | None, now: int) -> str:
    if last is None:
        return " There is no anchor yet."
    if now - last.at > 2 * audit.ANCHOR_EVERY_MS:
        return f" :warning: The last anchor is {_ago(now - last.at)} old; there should be one every hour."
    return ""


def _who(person: Person) -> str:
    how = "pinned in people.yaml" if person.pinned else "found in Identity Center by e-mail: may not decide requests"
    return f"You are *{escape(person.id)}* of {', '.join(sorted(person.teams)) or 'no team'} ({how})."


def _ago(ms: int) -> str:
    minutes = ms // 60_000
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%m-%d %H:%M:%S")
