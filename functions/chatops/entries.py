"""What the audit chain says of a request: pure. Of what others wrote, what `hiding` leaves of it."""

from collections.abc import Collection

from fleet.masking import mask
from functions.chatops import audit, hiding
from functions.chatops.request import Request

FLEET = "yagura.chatops"
"""Who does what nobody in particular does."""


def requested(request: Request, via: str, known: Collection[str]) -> audit.Entry:
    """Somebody asked for it. The arguments are known by their hash, and shown as far as they may be."""
    facts: dict[str, object] = {
        "command": request.command,
        "arguments": hiding.arguments(request, known),
        "arguments_hash": request.arguments_hash,
        "targets": [str(target) for target in request.targets],
        "tier": request.tier,
        "teams": request.teams,
        "approvers": request.approvers,
        "policy": request.policy,
    }
    return of("requested", request.requester, via, request, facts)


def decided_at_once(request: Request, via: str) -> list[audit.Entry]:
    """What needs nobody, and what nobody could grant."""
    match request.status:
        case "GRANTED":
            return [of("granted", FLEET, via, request, {"tier": request.tier})]
        case "DENIED":
            return [of("denied", FLEET, via, request, {"status": "DENIED", "reason": request.turned_down})]
        case _:
            return []


def changed(kind: audit.Kind, actor: str, via: str, before: Request, after: Request) -> list[audit.Entry]:
    """Somebody changed it, and what that decided."""
    new = {place: answer for place, answer in after.answers.items() if before.answers.get(place) != answer}
    facts: dict[str, object] = {"status": after.status}
    if new:
        facts["answers"] = {place: [answer.outcome, mask(answer.headline)] for place, answer in new.items()}
    if after.break_glass != before.break_glass:
        facts["reason"] = after.break_glass
    if after.note:
        facts["note"] = after.note
    entries = [of(kind, actor, via, after, facts)]
    if kind == "approved" and before.status == "PENDING" and after.status != "PENDING":
        final: audit.Kind = "reviewed" if after.reviews else "granted"
        entries.append(of(final, FLEET, via, after, {"by": after.decided_by}))
    return entries


def of(kind: audit.Kind, actor: str, via: str, request: Request, facts: dict[str, object]) -> audit.Entry:
    """One entry about a request."""
    return audit.Entry(kind=kind, actor=actor, via=via, request=request.id, facts=facts)
