"""How a capability does what people command: claim, do, keep the answer with its event, at most once.

    pk      command#<request id>       state working | refused | answered, lease_until (ms) while somebody works on it

The answer stands in the item's outbox (fleet.outbox). Items expire (TTL `expires`) after 90 days; SQS keeps a command
for no more than 14.
"""

from collections.abc import Callable

from fleet import clock, telemetry
from fleet.approvals import Approvals, NotApprovedError
from fleet.command_answer import Answer, not_approved
from fleet.events.chatops import CommandAnswered, CommandRequested
from fleet.events.envelope import Entry, Meta, Received, receive
from fleet.items import ConflictError, Item, Table
from fleet.outbox import with_entries
from fleet.refusal import RefusedError

VERSION = 1
LEASE_MS = 120_000
"""Longer than the function may run, shorter than its queue hides a message: who dies leaves the lease to run out."""
_KEEP_SECONDS = 90 * 24 * 3600


class BusyError(Exception):
    """Somebody works on the command; the event is tried again later."""


class CommandStore:
    """Commands in the capability's table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self, request: str, now: int) -> Item | None:
        """Take a command, to go on where another left it; None if it has been answered. Raises BusyError.

        One whose claim was refused may be tried again: the grant may have come after the event.
        """
        item = self._table.get(key(request))
        if item and item["state"] == "answered":
            return None
        if item and item["lease_until"] > now:
            raise BusyError(request)
        taken = (item or {"pk": key(request), "v": VERSION, "state": "working"}) | {
            "lease_until": now + LEASE_MS,
            "expires": now // 1000 + _KEEP_SECONDS,
        }
        if not self._table.put(taken, over=item):
            raise BusyError(request)
        return taken | {"rev": item["rev"] + 1 if item else 1}

    def finish(self, taken: Item, entry: Entry, now: int, *, authorised: bool) -> None:
        """Keep the answer and that it is to be told, at once. Raises ConflictError if the lease had run out."""
        again = taken["state"] == "refused" and not authorised
        done = taken | {"state": "answered" if authorised else "refused", "lease_until": 0}
        if not self._table.put(with_entries(done, [] if again else [entry], now), over=taken):
            raise ConflictError(taken["pk"])


class CommandWork:
    """Commands for one capability in one account and Region."""

    def __init__(
        self,
        capability: str,
        account: str,
        region: str,
        table: Table,
        claims: Approvals,
        do: Callable[[CommandRequested, Callable[[], int]], Answer],
    ) -> None:
        """`do` carries out a command that has been claimed; it is told how many ms remain."""
        self._capability, self._account, self._region = capability, account, region
        self._commands, self._claims, self._do = CommandStore(table), claims, do

    def handle(self, body: str, remaining_ms: Callable[[], int]) -> None:
        """One command, done at most once. Raises RefusedError if it is not for us."""
        received = receive(CommandRequested, body)
        command = received.data
        if command.capability != self._capability:
            raise RefusedError("foreign", "$.detail.data.capability", f"expected {self._capability}")
        if (command.account, command.region) != (self._account, self._region):
            raise RefusedError("elsewhere", "$.detail.data.account", "expected this account and Region")
        if (taken := self._commands.begin(command.request, clock.now_ms())) is None:
            return telemetry.count("Repeated", capability=self._capability)
        answer = self._answer(command, remaining_ms)
        now = clock.now_ms()
        entry = told(answer, received, self._account, self._region, now)
        self._commands.finish(taken, entry, now, authorised=answer.authorised)
        return telemetry.count("Answered", capability=self._capability, reason=answer.outcome)

    def _answer(self, asked: CommandRequested, remaining_ms: Callable[[], int]) -> Answer:
        """Carry out what people have granted: the event alone authorises nothing."""
        place = {"account": self._account, "region": self._region}
        by = f"{self._account}:{self._region}:{self._capability}"
        try:
            self._claims.claim(
                asked.request, command=asked.command, arguments=asked.arguments, **place, by=by, now=clock.now_ms()
            )
        except NotApprovedError as error:
            telemetry.count("Refused", capability=self._capability, reason=error.reason)
            return not_approved(error.reason)
        return self._do(asked, remaining_ms)


def told(answer: Answer, received: Received[CommandRequested], account: str, region: str, now: int) -> Entry:
    """The answer as a fleet event; the same one whenever it is made."""
    command, meta = received.data, received.meta
    answered = CommandAnswered(
        request=command.request,
        account=account,
        region=region,
        outcome=answer.outcome,
        headline=answer.headline,
        table=answer.table,
        shown=answer.shown,
    )
    kind = "answered" if answer.authorised else "refused"
    return Entry.of(
        answered,
        Meta(
            id=f"{command.request}-{account}-{region}-{kind}",
            version=answered.version,
            time=now,
            account=account,
            region=region,
            service=meta.service,
            team=meta.team,
            environment=meta.environment,
            actor=command.requester,
            cause=meta.id,
            hops=meta.hops + 1,
            traceparent=meta.traceparent,
        ),
        source=f"yagura.{command.capability}",
    )


def key(request: str) -> str:
    """The item's key."""
    return f"command#{request}"
