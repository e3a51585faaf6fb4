"""Fleet events about requests: what became of a command, what a capability asks people. And what is overdue."""

import os
from typing import Any

import msgspec

from fleet import aws, clock, telemetry
from fleet.canonical import CanonicalError
from fleet.events.chatops import ApprovalRequested, CommandAnswered
from fleet.events.envelope import Received, decode, receive
from fleet.items import Table
from fleet.refusal import RefusedError
from fleet.settings import Settings, compiled
from fleet.worker import DeadLetters, process
from functions.chatops.decisions import Decisions
from functions.chatops.filing import Hub, from_event
from functions.chatops.hurry import Hurry
from functions.chatops.messages import MessageStore
from functions.chatops.people import People
from functions.chatops.request import Answer, NotAllowedError, Target
from functions.chatops.store import Store

settings = Settings.read()
hub, policy = compiled(Hub, beside=__file__)
people, _ = compiled(People, beside=__file__)
table = Table(aws.dynamodb(), settings.table)
store, messages = Store(table), MessageStore(table)
decisions = Decisions(store, messages, hub, people)
dead_letters = DeadLetters(aws.sqs(), settings.dead_letters)
hurry = Hurry(aws.sqs(), os.environ["YAGURA_PUMP_QUEUE"])
_RESERVE_MS = 5_000


class _Kind(msgspec.Struct, frozen=True, rename={"detail_type": "detail-type"}):
    detail_type: str


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point: a batch of the queue, or the schedule's tick."""
    if "Records" not in event:
        return sweep(context)
    return process(event, handle, dead_letters=dead_letters, capability=settings.capability)


def handle(body: str) -> None:
    """One event: an account is believed about itself, a capability about its own."""
    now = clock.now_ms()
    try:
        if decode(_Kind, body).detail_type == ApprovalRequested.detail_type():
            asked = receive(ApprovalRequested, body)
            request = from_event(asked, hub=hub, people=people, policy=policy, now=now)
            decisions.file(request, via=request.via, now=now)
        else:
            answer(receive(CommandAnswered, body), now)
    except (NotAllowedError, CanonicalError) as refusal:
        raise RefusedError(getattr(refusal, "reason", "malformed"), "$.detail.data", str(refusal)) from refusal
    hurry(decisions.told())


def answer(event: Received[CommandAnswered], now: int) -> None:
    """What a capability did for a request, in its account."""
    data, meta = event.data, event.meta
    kept = store.request(data.request)
    if kept is None or kept.request.capability != event.capability or meta.account != data.account:
        raise RefusedError("foreign", "$.detail.data.request", "expected a request to this capability and account")
    told = Answer(outcome=data.outcome, headline=data.headline, at=now, table=data.table, shown=data.shown)
    target = Target(data.account, data.region)
    decisions.answer(data.request, target, told, actor=event.source, via=f"event:{meta.id}", now=now)
    telemetry.count("Answered", capability=settings.capability, reason=data.outcome)


def sweep(context: Any) -> dict[str, Any]:
    """What no event triggers: expiry, and accounts that have not answered. What is left over is the next tick's."""
    failures: list[Exception] = []
    for request_id in store.due(clock.now_ms()):
        if context.get_remaining_time_in_millis() < _RESERVE_MS:
            break
        try:
            decisions.overdue(request_id, clock.now_ms())
        except Exception as error:  # noqa: BLE001 - one request must not keep the others waiting
            telemetry.log_failure("sweep failed", error, request=request_id)
            failures.append(error)
    hurry(decisions.told())
    if failures:
        raise ExceptionGroup(f"{len(failures)} requests could not be looked at", failures)
    return {}
