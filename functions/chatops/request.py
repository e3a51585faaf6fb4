"""A request: what somebody wants done, frozen, and who said what to it. Pure decisions; `store.py` makes them stick.

    PENDING -> GRANTED -> DONE | FAILED          DENIED, CANCELLED, EXPIRED instead of GRANTED

Approved is what was shown: the arguments never change, and whoever executes claims the request by their hash
(`fleet.approvals`). Every rule here is also a condition of the write, so a decision made on an old reading does not
become true.
"""

from typing import Any, Literal

import msgspec

from fleet.canonical import digest
from fleet.masking import MASK

type Status = Literal["PENDING", "GRANTED", "DENIED", "CANCELLED", "EXPIRED", "DONE", "FAILED"]

UNDER_WAY: tuple[Status, ...] = ("PENDING", "GRANTED")
"""It has not ended."""
QUORUM = {0: 0, 1: 1, 2: 2}
"""People besides the requester. Three people: one of the two others, so that a day off blocks nothing."""
STEP_UP_TIER = 3
OPEN_MS = 8 * 3_600_000
"""How long a request may be decided."""
EXECUTE_MS = 3_600_000
"""How long what was granted may be begun."""
BREAK_GLASS_MS = 15 * 60_000
REVIEW_MS = 7 * 24 * 3_600_000
MOST_KEPT = 200_000
"""Bytes of all places' answers, which stand in one item of DynamoDB with the rest: it holds 400 KB."""
REASON_LENGTH = 10
"""Of the reason for breaking the glass, at least."""


class Target(msgspec.Struct, frozen=True, order=True):
    """An account and Region where the work is to be done."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}:{self.region}"


class Vote(msgspec.Struct, frozen=True):
    """One person's yes."""

    person: str
    at: int


class Voter(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever decides, as looked up at the moment of the click."""

    id: str
    teams: frozenset[str]
    pinned: bool
    """Pinned in people.yaml: a person found by e-mail alone decides nothing."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it in one place."""

    outcome: Literal["done", "failed", "refused", "silent"]
    headline: str
    at: int
    table: list[list[str]] = []
    shown: dict[str, Any] = {}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """As it is kept."""

    id: str
    capability: str
    """Who executes."""
    command: str
    arguments: dict[str, Any]
    arguments_hash: str
    targets: list[Target]
    tier: int
    requester: str
    """Canonical id of a person, or `yagura.<capability>`."""
    via: str
    headline: str
    """What people are asked."""
    facts: list[list[str]] = []
    """Names and values that people should know before they decide."""
    table: list[list[str]] = []
    """What would be touched, as it was shown; the first row the heads."""
    teams: list[str]
    """Whose people may decide."""
    approvers: list[str]
    """Those who could when it was made; they must still be able to when they click."""
    policy: str
    """Hash of the configuration that this was decided by: with `tier` and `teams`, the approver rule."""
    created: int
    expires_at: int
    """A decision at or after it is refused; no timer takes part."""
    status: Status = "PENDING"
    votes: list[Vote] = []
    decided_by: list[str] = []
    decided_at: int = 0
    execute_until: int = 0
    break_glass: str = ""
    """The masked reason, if the glass was broken."""
    reviews: str = ""
    """Id of the request that broke the glass, if this one is its review."""
    note: str = ""
    """Masked words of who denied it."""
    turned_down: str = ""
    """Why nobody could ever grant what a capability asked, as a slug; then it was denied when it was filed."""
    reply_url: str = ""
    channel: str = ""
    public: bool = True
    """Told in the approvals channel; what only reads is answered to whoever asked."""
    asked: bool = False
    """By a capability's ApprovalRequested: no command is sent, the capability claims it."""
    answers: dict[str, Answer] = {}
    """By target."""
    partial: bool = False
    """Whoever asked has been told who answered so far."""
    traceparent: str | None = None
    hops: int = 0
    cause: str | None = None

    @property
    def quorum(self) -> int:
        """How many must say yes."""
        return QUORUM.get(self.tier, 2)


class NotAllowedError(Exception):
    """The decision does not hold; `reason` is a slug, `text` is for the person."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason, self.text = reason, text


def freeze(arguments: dict[str, Any]) -> str:
    """Hash of the arguments, by which they are claimed. Raises CanonicalError."""
    return digest(arguments)


def filed(request: Request, now: int) -> Request:
    """A new request as it is kept first: granted at once if its tier needs nobody.

    Raises NotAllowedError for one that nobody could ever grant.
    """
    if request.tier >= STEP_UP_TIER:
        raise NotAllowedError(
            "needs_step_up", "This needs a confirmation with a second factor on the dashboard, which is not there yet."
        )
    if request.quorum == 0:
        return _granted(request, now, until=now + EXECUTE_MS, by=[])
    others = set(request.approvers) - {request.requester}
    if len(others) < request.quorum:
        raise NotAllowedError(
            "no_approvers",
            f"It needs {request.quorum} other people of {', '.join(request.teams)}, and people.yaml has {len(others)}.",
        )
    return request


def turned_down(request: Request, now: int, refusal: NotAllowedError) -> Request:
    """What a capability asked and nobody could ever grant: an answer to the asker, and a record."""
    return msgspec.structs.replace(
        request, status="DENIED", decided_at=now, note=refusal.text, turned_down=refusal.reason
    )


def approve(request: Request, voter: Voter, now: int) -> Request:
    """With one more yes; granted by the last that it needs. Raises NotAllowedError."""
    _open(request, now)
    _eligible(request, voter)
    if any(vote.person == voter.id for vote in request.votes):
        raise NotAllowedError("twice", "You have approved this already; it needs somebody else.")
    votes = [*request.votes, Vote(voter.id, now)]
    request = msgspec.structs.replace(request, votes=votes)
    if len(votes) < request.quorum:
        return request
    return _granted(request, now, until=now + EXECUTE_MS, by=[vote.person for vote in votes])


def deny(request: Request, voter: Voter, now: int, note: str = "") -> Request:
    """One no is a veto. Raises NotAllowedError."""
    _open(request, now)
    _eligible(request, voter)
    return msgspec.structs.replace(request, status="DENIED", decided_by=[voter.id], decided_at=now, note=note)


def cancel(request: Request, voter: Voter, now: int) -> Request:
    """Whoever requested it may take it back while it is open. Raises NotAllowedError."""
    _open(request, now)
    if voter.id != request.requester or request.reviews:
        raise NotAllowedError("not_yours", "Only whoever requested this can cancel it; you can deny it.")
    return msgspec.structs.replace(request, status="CANCELLED", decided_by=[voter.id], decided_at=now)


def break_glass(request: Request, voter: Voter, now: int, reason: str) -> Request:
    """Grant one's own request, or a capability's, for a reason, for a short time. Raises NotAllowedError."""
    _open(request, now)
    if request.reviews:
        raise NotAllowedError("no_glass", "A review cannot be done by whoever is reviewed.")
    if request.asked:  # nobody's own: whoever may decide it with others may do so alone
        _eligible(request, voter)
    elif voter.id != request.requester:
        raise NotAllowedError(
            "not_yours", "Only whoever requested this can break the glass for it; you can approve it."
        )
    if not voter.pinned or not voter.teams & set(request.teams):
        raise NotAllowedError("not_an_approver", f"Only people of {', '.join(request.teams)} may break the glass.")
    if len(reason.replace(MASK, "").strip()) < REASON_LENGTH:
        raise NotAllowedError("no_reason", f"Say why, in {REASON_LENGTH} characters or more.")
    request = msgspec.structs.replace(request, break_glass=reason.strip())
    return _granted(request, now, until=now + BREAK_GLASS_MS, by=[voter.id])


def expire(request: Request, now: int) -> Request | None:
    """An open request whose time is over; None if there is nothing to expire."""
    if request.status != "PENDING" or now < request.expires_at:
        return None
    return msgspec.structs.replace(request, status="EXPIRED", decided_at=now)


def answered(request: Request, target: Target, answer: Answer) -> Request | None:
    """With what became of it in one place; None if that is known, or nobody waits for it.

    What was silent too long may still be heard: it is better to know. Of a long answer as much is kept as fits beside
    those of all other places.
    """
    if request.status not in {"GRANTED", "DONE", "FAILED"} or target not in request.targets:
        return None
    before = request.answers.get(str(target))
    if before is not None and before.outcome != "silent":
        return None
    answers = request.answers | {str(target): _fitting(answer, MOST_KEPT // len(request.targets))}
    status: Status = request.status
    if len(answers) == len(request.targets):
        status = "DONE" if all(each.outcome == "done" for each in answers.values()) else "FAILED"
    return msgspec.structs.replace(request, answers=answers, status=status)


def _fitting(answer: Answer, room: int) -> Answer:
    """As much of an answer as `room` bytes take. Of a table that is cut, nothing can be referred to as shown."""
    if len(msgspec.json.encode(answer)) <= room:
        return answer
    short = msgspec.structs.replace(answer, table=[], shown={})
    if (left := room - len(msgspec.json.encode(short)) - _LAST_ROW) < 0:
        return msgspec.structs.replace(short, headline="Its answer was too long to be kept.")
    rows: list[list[str]] = []
    for row in answer.table:
        left -= len(msgspec.json.encode(row)) + 1
        if left < 0:
            break
        rows.append(row)
    if more := len(answer.table) - len(rows):
        rows.append([f"… and {more} more rows, which could not be kept: ask one account alone"])
    return msgspec.structs.replace(short, table=rows)


_LAST_ROW = 200
"""Bytes that are kept free for it."""


def partial(request: Request) -> Request | None:
    """Told so far; None if it was, or if there is nobody to wait for."""
    if request.status != "GRANTED" or request.public or request.partial:
        return None
    return msgspec.structs.replace(request, partial=True)


def silent(request: Request, now: int, headline: str) -> Request | None:
    """With a word for each place that has not answered in time; None if all have."""
    if request.status != "GRANTED" or request.asked:
        return None
    for target in request.targets:
        if str(target) not in request.answers:
            answer = Answer(outcome="silent", headline=headline, at=now)
            request = answered(request, target, answer) or request
    return request


def _granted(request: Request, now: int, *, until: int, by: list[str]) -> Request:
    status: Status = "DONE" if not request.targets and not request.asked else "GRANTED"
    return msgspec.structs.replace(request, status=status, decided_by=by, decided_at=now, execute_until=until)


def _open(request: Request, now: int) -> None:
    if request.status == "PENDING" and now >= request.expires_at:
        raise NotAllowedError("expired", "This request has expired. File it again if it is still needed.")
    if request.status != "PENDING":
        by = f" by {', '.join(request.decided_by)}" if request.decided_by else ""
        raise NotAllowedError("decided", f"This has been decided already: {request.status.lower()}{by}.")


def _eligible(request: Request, voter: Voter) -> None:
    if voter.id == request.requester:
        raise NotAllowedError("own_request", "You requested this: somebody else must decide.")
    if not voter.pinned:
        raise NotAllowedError("not_pinned", "Only people whose Slack id is pinned in people.yaml may decide.")
    if voter.id not in request.approvers or not voter.teams & set(request.teams):
        raise NotAllowedError("not_an_approver", f"Only people of {', '.join(request.teams)} may decide this.")
