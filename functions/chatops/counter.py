"""The counter: what a known person wants, from the words to the decision and the answer."""

from itertools import groupby
from typing import Any

from fleet.commands import Command, CommandError, Known, Parsed, Registry, Shown, Who, parse
from fleet.commands import Place as KnownPlace
from fleet.commands import Request as NamesRequest
from fleet.commands.grammar.typed import typed
from fleet.commands.grammar.values import PROBLEM, REQUEST
from fleet.masking import mask
from functions.chatops import audit, wording
from functions.chatops.decisions import Decisions, Element
from functions.chatops.delivery import Delivery
from functions.chatops.filing import Asked, Hub, from_command, request_id
from functions.chatops.inquiries import Inquiries
from functions.chatops.message import escape
from functions.chatops.people import People, Person
from functions.chatops.request import NotAllowedError, Request, Target, Voter, approve, break_glass, cancel, deny
from functions.chatops.slack import Slack, SlackRefusedError, SlackUnavailableError
from functions.chatops.store import Store

HERE = "chatops"
_MINUTE_MS = 60_000
_WHO = ":no_entry: Nothing was done: who you are could not be looked up, and nobody is let in unseen. Try again later."
_UNTOLD = {"help", "whoami"}
"""Neither shows anything of the infrastructure, so neither is audited."""


class Counter:
    """Serves one delivery of a person who has been looked up."""

    def __init__(
        self,
        *,
        store: Store,
        decisions: Decisions,
        inquiries: Inquiries,
        slack: Slack,
        registry: Registry,
        hub: Hub,
        people: People,
        policy: str,
    ) -> None:
        self._store, self._decisions = store, decisions
        self._inquiries, self._slack, self._registry = inquiries, slack, registry
        self._hub, self._people, self._policy = hub, people, policy
        places = (KnownPlace(name=each.name, account=each.id, region=each.region) for each in hub.accounts)
        self._known = Known(accounts=tuple(places))

    def serve(self, delivery: Delivery, person: Person, now: int) -> None:
        """Do what is asked, or say why not. A delivery that comes again changes nothing."""
        if self._store.decided(_said(delivery)):
            return  # what was refused then stays refused, even if it would be allowed by now
        route, about = delivery.action or "command", delivery.value
        try:
            match delivery.kind:
                case "command":
                    parsed = self._parsed(delivery, person)
                    route, about = parsed.command.text, _about(parsed)
                    self._run(parsed, delivery, person, now)
                case "action" if delivery.action == "break_glass":
                    self._ask_why(delivery, now)
                case _:
                    self._decide(delivery.action, delivery.value, delivery.input, delivery, person, now)
        except CommandError as error:
            self._say(delivery, [error.text], now, refused=True)
        except NotAllowedError as refusal:
            self._refuse(refusal, route, about, delivery, person, now)

    def _parsed(self, delivery: Delivery, person: Person) -> Parsed:
        def may(command: Command) -> bool:
            return self._people.may_run(person, command.who)

        try:
            return parse(delivery.text, self._registry, self._known, may)
        except CommandError as error:
            if error.reason == "too_long":  # which quotes nothing
                raise
            # Once more, masked: the error quotes it cut and in lower case, and then a name cannot be recognised.
            parse(_masked(delivery.text), self._registry, self._known, may)
            reason = error.reason.replace("_", " ")
            text = f"What was typed does not fit ({reason}). It is not quoted here, since it seems to name somebody."
            raise CommandError(error.reason, text) from error

    def turn_away(self, delivery: Delivery, person_id: str, reason: str, now: int) -> None:
        """Audit that somebody known was not believed: an account that is deactivated, a lookup that failed.

        Of a failure of ours, not theirs, they hear; and the delivery is not taken up again.
        """
        entry = audit.Entry(kind="refused", actor=person_id, via=_via(delivery), facts={"reason": reason})
        self._decisions.note([entry], once=_once_a_minute(person_id, reason, delivery), now=now)
        if reason == "lookup_failed":
            self._say(delivery, [_WHO], now, refused=True)

    def _run(self, parsed: Parsed, delivery: Delivery, person: Person, now: int) -> None:
        command, arguments = parsed.command, parsed.arguments
        if not self._people.may_run(person, command.who):
            raise NotAllowedError("not_yours", f"`{command.text}` is for people of {self._hub.sre}.")
        if command.capability != HERE:
            self._file(parsed, delivery, person, now)
        elif command.words[0] in {"approve", "deny", "cancel", "break-glass"}:
            action = command.words[0].replace("-", "_")
            self._decide(action, str(arguments["request"]), str(arguments.get("reason", "")), delivery, person, now)
        else:
            texts = self._inquiries.answer(parsed, person, now)
            entry = self._entry("executed", delivery, person, {"command": command.text})
            entries = [] if command.text in _UNTOLD else [entry]
            self._decisions.note(entries, once=delivery.id, now=now, also=[self._reply(delivery, texts, now)])

    def _file(self, parsed: Parsed, delivery: Delivery, person: Person, now: int) -> None:
        command = parsed.command
        asked = Asked(
            delivery=delivery.id,
            command=command.text,
            capability=command.capability,
            tier=command.tier,
            reads=command.reads,
            arguments=_own(parsed),
            targets=[Target(place.account, place.region) for place in parsed.places],
            via=_via(delivery),
            channel=delivery.channel,
            reply_url=delivery.response_url,
        )
        shown = self._shown(command, parsed)
        request = from_command(
            asked, person, hub=self._hub, people=self._people, policy=self._policy, shown=shown, now=now
        )
        also = []
        if request.public or delivery.via == "iam":
            text = f"`{request.id}` {escape(mask(request.headline))}: {wording.tier_words(request.tier)}."
            where = f"It stands in {self._hub.approvals_channel}."
            also = [self._reply(delivery, [f"{text} {where}" if request.public else text], now, request=request.id)]
        self._decisions.file(request, via=_via(delivery), now=now, also=also)

    def _shown(self, command: Command, parsed: Parsed) -> Request | None:
        for argument in command.arguments:
            if isinstance(argument.kind, Shown):
                name = str(parsed.arguments[argument.name])
                kept = self._store.request(name)
                if kept is None or kept.request.command != " ".join(argument.kind.by):
                    raise NotAllowedError("nothing_shown", f"{name} is no answer of `{' '.join(argument.kind.by)}`.")
                return kept.request
        return None

    def _decide(self, action: str, name: str, words: str, delivery: Delivery, person: Person, now: int) -> None:
        voter = Voter(id=person.id, teams=frozenset(person.teams), pinned=person.pinned)
        note = mask(words)
        if action == "break_glass" and not self._people.may_run(person, Who.SRE):  # by whichever road
            raise NotAllowedError("not_yours", f"Only people of {self._hub.sre} may break the glass.")

        def change(request: Request) -> Request:
            match action:
                case "approve":
                    return approve(request, voter, now)
                case "deny":
                    return deny(request, voter, now, note)
                case "cancel":
                    return cancel(request, voter, now)
                case "break_glass":
                    return break_glass(request, voter, now, note)
                case _:
                    raise NotAllowedError("unknown_action", "This button is not known any more.")

        kind = _KINDS.get(action, "refused")
        request = self._decisions.change(
            name, kind, person.id, _via(delivery), change, once=f"vote#{delivery.id}", now=now
        )
        if delivery.kind == "command":
            self._say(delivery, [f"`{request.id}` {escape(mask(request.headline))}: {request.status.lower()}."], now)

    def _ask_why(self, delivery: Delivery, now: int) -> None:
        """The form works for three seconds after the click; the command always does."""
        try:
            self._slack.open_view(delivery.trigger_id, wording.reason_view(delivery.value))
        except (SlackRefusedError, SlackUnavailableError):
            self._say(delivery, [f"Say why: `/yagura break-glass {delivery.value} <reason>`"], now)

    def _refuse(
        self, refusal: NotAllowedError, route: str, about: str, delivery: Delivery, person: Person, now: int
    ) -> None:
        """Told each time; audited once a minute for a person and route, so that nobody can flood the chain."""
        if delivery.kind == "command" and self._store.request(request_id(delivery.id)):
            return  # filed by this very delivery, which came again when what it refers to is too old
        facts = {"route": route, "reason": refusal.reason}
        entry = self._entry("refused", delivery, person, facts, about if REQUEST.fullmatch(about) else "")
        self._decisions.note([entry], once=_once_a_minute(person.id, route, delivery), now=now)
        self._say(delivery, [f":no_entry: {refusal.text}"], now, refused=True)

    def _say(self, delivery: Delivery, texts: list[str], now: int, *, refused: bool = False) -> None:
        reply = self._reply(delivery, texts, now, refused=refused)
        self._decisions.note([], once=_said(delivery), now=now, also=[reply])

    def _reply(
        self, delivery: Delivery, texts: list[str], now: int, *, request: str = "", refused: bool = False
    ) -> Element:
        if delivery.via == "iam":
            return self._store.reply_item(delivery.id, texts, request, now, refused=refused)
        channel = delivery.channel if delivery.response_url else delivery.user
        message = wording.reply(f"reply#{delivery.id}", texts, reply_url=delivery.response_url, channel=channel)
        return self._decisions.keep(message, now)

    def _entry(
        self, kind: audit.Kind, delivery: Delivery, person: Person, facts: dict[str, str], request: str = ""
    ) -> audit.Entry:
        return audit.Entry(kind=kind, actor=person.id, via=_via(delivery), request=request, facts=facts)


_KINDS: dict[str, audit.Kind] = {
    "approve": "approved",
    "deny": "denied",
    "cancel": "cancelled",
    "break_glass": "broke_glass",
}


def _masked(text: str) -> str:
    """What was typed; ids of problems have many digits, and are nobody's."""
    words = (word.plain for word in typed(text))
    runs = groupby(words, key=lambda word: bool(PROBLEM.fullmatch(word)))
    return " ".join(" ".join(run) if ids else mask(" ".join(run)) for ids, run in runs)


def _about(parsed: Parsed) -> str:
    """The request that a command names, if it names one."""
    names = (each.name for each in parsed.command.arguments if isinstance(each.kind, NamesRequest | Shown))
    return next((str(parsed.arguments[name]) for name in names), "")


def _once_a_minute(person_id: str, route: str, delivery: Delivery) -> str:
    """Of the minute when it came in, which is the same however late it is handled again."""
    return f"refused#{person_id}#{route}#{delivery.received // _MINUTE_MS}"


def _said(delivery: Delivery) -> str:
    return f"said#{delivery.id}"


def _via(delivery: Delivery) -> str:
    return f"iam:{delivery.principal}" if delivery.via == "iam" else f"slack:{delivery.user}"


def _own(parsed: Parsed) -> dict[str, Any]:
    """What a command is told besides what was shown: of that, the answer is frozen, not the request that showed it."""
    shown = {argument.name for argument in parsed.command.arguments if isinstance(argument.kind, Shown)}
    return {name: value for name, value in parsed.work.items() if name not in shown}
