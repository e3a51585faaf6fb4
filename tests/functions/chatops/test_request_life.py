"""A request's whole life: whatever is clicked in whatever order, it is granted only as it should be.

The referee keeps a record of its own of every click that counted, and knows nothing of how a request keeps its votes.
"""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops import request as core
from functions.chatops.request import (
    BREAK_GLASS_MS,
    EXECUTE_MS,
    Answer,
    NotAllowedError,
    Request,
    Vote,
    Voter,
    freeze,
)
from tests.functions.chatops.requests import HUB, NOW, SPOKE, request
from tests.layers.fleet.refute import REFUTE

replace = msgspec.structs.replace
LIFE = 100
"""How long a request of these tests is open, in ms: so that many clicks come too late."""
PEOPLE = ["aiko", "ben", "chie", "dai", "eri"]
FINAL = {"DENIED", "CANCELLED", "EXPIRED", "DONE", "FAILED"}

FROZEN = (
    "id", "arguments", "arguments_hash", "targets", "tier", "requester", "teams", "approvers", "policy", "created",
    "expires_at", "command", "capability",
)  # fmt: skip

type Step = tuple[str, Voter, int, str]

voters = st.builds(
    Voter,
    id=st.sampled_from(PEOPLE),
    teams=st.sampled_from([frozenset({"sre"}), frozenset({"sre"}), frozenset({"payments"}), frozenset()]),
    pinned=st.sampled_from([True, True, True, False]),
)
steps = st.tuples(
    st.sampled_from(["approve"] * 5 + ["deny", "cancel", "break_glass", "expire", "answer", "silent"]),
    voters,
    st.sampled_from([0, 1, 49, 50]),
    st.sampled_from(["", "no", "the shop is down"]),
)
lives = st.tuples(st.sampled_from([1, 2]), st.lists(steps, max_size=12))


def take(one: Request, step: Step, now: int) -> Request:
    action, who, _, words = step
    match action:
        case "approve":
            return core.approve(one, who, now)
        case "deny":
            return core.deny(one, who, now, words)
        case "cancel":
            return core.cancel(one, who, now)
        case "break_glass":
            return core.break_glass(one, who, now, words)
        case "expire":
            return core.expire(one, now) or one
        case "silent":
            return core.silent(one, now, "no answer") or one
        case _:
            return core.answered(one, SPOKE, Answer(outcome="done", headline="done", at=now)) or one


class Referee:
    """Knows who has clicked what, and judges each change from that alone."""

    def __init__(self, first: Request) -> None:
        self.first, self.now = first, NOW
        self.yes: set[str] = set()
        self.over = False

    def eligible(self, who: Voter) -> bool:
        asked = self.first
        return who.pinned and who.id != asked.requester and who.id in asked.approvers and "sre" in who.teams

    def judge(self, before: Request, after: Request, step: Step) -> None:
        action, who, _, words = step
        for name in FROZEN:
            assert getattr(after, name) == getattr(self.first, name), name
        assert after.arguments_hash == freeze(self.first.arguments)
        if after == before:
            return
        if action == "approve":
            assert self.eligible(who)
            assert who.id not in self.yes
            self.yes.add(who.id)
        if before.status == "PENDING" and action != "expire":
            assert self.now < self.first.expires_at
        if before.status in FINAL:
            assert action == "answer"
            assert before.status == "FAILED"
        if after.status == "GRANTED" and before.status != "GRANTED":
            assert before.status == "PENDING"
            self.granted(after, action, who, words)
        if after.status in {"DENIED", "CANCELLED", "EXPIRED"}:
            assert after.execute_until == 0
        if after.status in {"DONE", "FAILED"}:
            assert before.status in {"GRANTED", "FAILED"}

    def granted(self, after: Request, action: str, who: Voter, words: str) -> None:
        if action == "break_glass":
            assert who.id == self.first.requester
            assert who.pinned
            assert "sre" in who.teams
            assert len(after.break_glass) >= 10
            assert after.execute_until == self.now + BREAK_GLASS_MS
            return
        assert action == "approve"
        assert after.break_glass == ""
        assert len(self.yes) == self.first.tier
        assert set(after.decided_by) == self.yes
        assert after.execute_until == self.now + EXECUTE_MS


def assert_right(tier: int, taken: list[Step]) -> None:
    """Live a life, and have every change of it judged."""
    one = request(tier=tier, approvers=["aiko", "ben", "chie", "dai"], expires_at=NOW + LIFE)
    referee = Referee(one)
    for step in taken:
        referee.now += step[2]
        try:
            after = take(one, step, referee.now)
        except NotAllowedError:
            continue
        referee.judge(one, after, step)
        one = after


@given(lives)
def test_a_request_is_granted_only_by_enough_others_in_time_or_by_a_broken_glass(life: tuple[int, list[Step]]) -> None:
    assert_right(*life)


def _nothing(*_args: Any) -> None:
    """A rule that is not there."""


def _no_tier(one: Request, voter: Voter, now: int) -> Request:
    votes = [*one.votes, Vote(voter.id, now)]
    return core._granted(replace(one, votes=votes), now, until=now + EXECUTE_MS, by=[voter.id])


def _without_open(one: Request, voter: Voter, now: int) -> Request:
    core._eligible(one, voter)
    return _no_tier(one, voter, now)


def _only_status(one: Request, now: int) -> None:
    if one.status != "PENDING":
        raise NotAllowedError("decided", "")


def _only_time(one: Request, now: int) -> None:
    if now >= one.expires_at:
        raise NotAllowedError("expired", "")


def _one_ms_late(one: Request, now: int) -> None:
    _only_status(one, now)
    if now > one.expires_at:
        raise NotAllowedError("expired", "")


def _unpinned(one: Request, voter: Voter) -> None:
    if voter.id == one.requester or voter.id not in one.approvers or not voter.teams & set(one.teams):
        raise NotAllowedError("x", "")


def _own(one: Request, voter: Voter) -> None:
    if not voter.pinned or voter.id not in one.approvers or not voter.teams & set(one.teams):
        raise NotAllowedError("x", "")


def _once_a_member(one: Request, voter: Voter) -> None:
    if voter.id == one.requester or not voter.pinned or voter.id not in one.approvers:
        raise NotAllowedError("x", "")


def _newcomers(one: Request, voter: Voter) -> None:
    if voter.id == one.requester or not voter.pinned or not voter.teams & set(one.teams):
        raise NotAllowedError("x", "")


def _counts_twice(one: Request, voter: Voter, now: int) -> Request:
    core._open(one, now)
    core._eligible(one, voter)
    one = replace(one, votes=[*one.votes, Vote(voter.id, now)])
    if len(one.votes) < one.quorum:
        return one
    return core._granted(one, now, until=now + EXECUTE_MS, by=[vote.person for vote in one.votes])


def _anybodys_glass(one: Request, voter: Voter, now: int, reason: str) -> Request:
    core._open(one, now)
    return core._granted(replace(one, break_glass=reason), now, until=now + BREAK_GLASS_MS, by=[voter.id])


def _edits(one: Request, voter: Voter, now: int) -> Request:
    after = _GOOD_APPROVE(one, voter, now)
    return replace(after, arguments=after.arguments | {"queue": "another"})


_GOOD_APPROVE = core.approve


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("_open", _nothing),
        ("_open", _only_status),
        ("_open", _only_time),
        ("_open", _one_ms_late),
        ("_eligible", _nothing),
        ("_eligible", _unpinned),
        ("_eligible", _own),
        ("_eligible", _once_a_member),
        ("_eligible", _newcomers),
        ("approve", _no_tier),
        ("approve", _without_open),
        ("approve", _counts_twice),
        ("approve", _edits),
        ("break_glass", _anybodys_glass),
    ],
)
def test_the_property_refutes(name: str, broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, name, broken)

    @REFUTE
    @given(lives)
    def holds(life: tuple[int, list[Step]]) -> None:
        assert_right(*life)

    with pytest.raises(AssertionError):
        holds()


def test_a_life_of_two_places_ends_when_both_have_answered() -> None:
    one = core.approve(request(targets=[HUB, SPOKE]), Voter(id="ben", teams=frozenset({"sre"}), pinned=True), NOW)
    for place in (HUB, SPOKE):
        assert one.status == "GRANTED"
        one = core.answered(one, place, Answer(outcome="done", headline="", at=NOW)) or one
    assert one.status == "DONE"
