"""Who may decide what, when: every case, held to a second statement of the rules."""

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from functions.chatops import request as core
from functions.chatops.request import (
    BREAK_GLASS_MS,
    EXECUTE_MS,
    OPEN_MS,
    NotAllowedError,
    Request,
    Status,
    Target,
    Vote,
    Voter,
    approve,
    break_glass,
    cancel,
    deny,
    filed,
    freeze,
)
from tests.functions.chatops.requests import ARGUMENTS, HOUR, NOW, STATUSES, request, voter

replace = msgspec.structs.replace
REASON = "the shop is down"

CLICKERS = {
    "requester": voter("aiko"),
    "approver": voter("ben"),
    "another approver": voter("dai"),
    "approver who left the team": voter("ben", "payments"),
    "approver of no team any more": Voter(id="ben", teams=frozenset(), pinned=True),
    "approver found by e-mail": voter("ben", pinned=False),
    "requester found by e-mail": voter("aiko", pinned=False),
    "requester who left the team": voter("aiko", "payments"),
    "newcomer to the team": voter("eri"),
    "stranger to the team": voter("chie", "payments"),
}
TIMES = {"long before it expires": 1, "just before": 8 * HOUR - 1, "when it expires": 8 * HOUR, "later": 9 * HOUR}
ACTIONS: dict[str, Callable[[Request, Voter, int], Request]] = {
    "approve": approve,
    "deny": deny,
    "cancel": cancel,
    "break_glass": lambda one, who, now: break_glass(one, who, now, REASON),
}
CASES = list(itertools.product(ACTIONS, STATUSES, (1, 2), CLICKERS, ([], ["ben"]), TIMES, ("", "r-reviewed000")))


def expected(  # noqa: C901 - a table, not a program
    action: str, status: Status, tier: int, clicker: str, votes: list[str], when: str, reviews: str
) -> str:
    """What becomes of a click: a status, or the reason of its refusal. The rules a second time, as a table."""
    who = CLICKERS[clicker]
    if status != "PENDING":
        return "decided"
    if when in {"when it expires", "later"}:
        return "expired"
    own = who.id == "aiko"
    if action == "cancel":
        return "CANCELLED" if own and not reviews else "not_yours"
    if action == "break_glass":
        if reviews:
            return "no_glass"
        if not own:
            return "not_yours"
        return "GRANTED" if clicker == "requester" else "not_an_approver"
    if own:
        return "own_request"
    if clicker == "approver found by e-mail":
        return "not_pinned"
    if clicker not in {"approver", "another approver"}:
        return "not_an_approver"
    if action == "deny":
        return "DENIED"
    if who.id in votes:
        return "twice"
    return "GRANTED" if len(votes) + 1 >= tier else "PENDING"


@pytest.mark.parametrize("action", ACTIONS)
def test_every_click_comes_to_what_the_rules_say(action: str) -> None:
    """4 actions x 7 statuses x 2 tiers x 10 clickers x votes x times x review or not: 8,960 cases."""
    assert len(CASES) == 8960
    for case in CASES:
        if case[0] != action:
            continue
        _, status, tier, clicker, votes, when, reviews = case
        before = request(
            status=status, tier=tier, votes=[Vote(name, NOW) for name in votes], reviews=reviews, decided_by=["x"]
        )
        try:
            after = ACTIONS[action](before, CLICKERS[clicker], NOW + TIMES[when])
            found: str = after.status
            assert after.arguments == before.arguments
            assert after.arguments_hash == before.arguments_hash
        except NotAllowedError as refusal:
            found = refusal.reason
        assert found == expected(*case), case


@pytest.mark.parametrize(
    ("case", "who", "changes", "ours"),
    [
        ("self-approval", voter("aiko"), {}, "own_request"),
        # Alone one breaks the glass.
        ("the requester is the only approver there is", voter("aiko"), {"approvers": ["aiko"]}, "own_request"),
        # A person is one id, whichever account was used.
        ("the same person again", voter("ben"), {"tier": 2, "votes": [Vote("ben", NOW)]}, "twice"),
        ("listed twice as an approver", voter("ben"), {"tier": 2, "approvers": ["ben", "ben"]}, "PENDING"),
        # An account that people.yaml does not pin, whatever its e-mail address says.
        ("an approver's e-mail from another workspace", voter("ben", pinned=False), {}, "not_pinned"),
        ("somebody who came to the team after it was asked", voter("eri"), {}, "not_an_approver"),
        ("an approver who left the team since", voter("ben", "payments"), {}, "not_an_approver"),
        (
            "of one of two teams",
            voter("chie", "payments"),
            {"teams": ["payments", "sre"], "approvers": ["chie"]},
            "GRANTED",
        ),
        ("asked by a capability", voter("aiko"), {"requester": "yagura.rollouts", "asked": True}, "GRANTED"),
    ],
)
def test_the_cases_at_the_edge_each_have_their_verdict(
    case: str, who: Voter, changes: dict[str, Any], ours: str
) -> None:
    try:
        found: str = approve(request(**changes), who, NOW).status
    except NotAllowedError as refusal:
        found = refusal.reason
    assert found == ours, case


# Filing


@pytest.mark.parametrize(
    ("tier", "approvers", "comes_to"),
    [
        (0, [], "GRANTED"),
        (1, ["aiko", "ben"], "PENDING"),
        (1, ["aiko"], "no_approvers"),
        (1, [], "no_approvers"),
        (2, ["aiko", "ben", "dai"], "PENDING"),
        (2, ["aiko", "ben"], "no_approvers"),
        (2, ["ben", "ben"], "no_approvers"),
        (2, ["ben", "dai"], "PENDING"),
        (3, ["aiko", "ben", "dai"], "needs_step_up"),
        (4, ["aiko", "ben", "dai"], "needs_step_up"),
        (-1, ["aiko", "ben"], "no_approvers"),
    ],
)
def test_a_request_that_nobody_could_grant_is_refused_at_once(tier: int, approvers: list[str], comes_to: str) -> None:
    try:
        found: str = filed(request(tier=tier, approvers=approvers), NOW).status
    except NotAllowedError as refusal:
        found = refusal.reason
    assert found == comes_to


def test_a_refusal_for_want_of_people_says_how_many_and_of_which_teams() -> None:
    with pytest.raises(NotAllowedError, match=r"needs 2 other people of sre, payments, and people.yaml has 1\."):
        filed(request(tier=2, teams=["sre", "payments"], approvers=["aiko", "ben"]), NOW)


def test_tier_0_is_granted_when_it_is_filed_by_nobody_for_an_hour() -> None:
    after = filed(request(tier=0), NOW)
    assert (after.decided_by, after.decided_at, after.execute_until) == ([], NOW, NOW + EXECUTE_MS)


def test_hours_and_minutes() -> None:
    assert (OPEN_MS, EXECUTE_MS, BREAK_GLASS_MS) == (8 * HOUR, HOUR, HOUR // 4)


# Granting


def test_a_grant_names_all_who_said_yes_and_may_be_begun_for_an_hour() -> None:
    half = approve(request(tier=2), voter("ben"), NOW + 1)
    assert (half.status, half.execute_until) == ("PENDING", 0)
    after = approve(half, voter("dai"), NOW + 2)
    assert (after.status, after.decided_by, after.decided_at) == ("GRANTED", ["ben", "dai"], NOW + 2)
    assert after.execute_until == NOW + 2 + EXECUTE_MS
    assert after.votes == [Vote("ben", NOW + 1), Vote("dai", NOW + 2)]


def test_one_no_is_a_veto_though_another_said_yes() -> None:
    after = deny(approve(request(tier=2), voter("ben"), NOW), voter("dai"), NOW + 1, "not during the sale")
    assert (after.status, after.decided_by, after.note) == ("DENIED", ["dai"], "not during the sale")
    assert (after.decided_at, after.execute_until) == (NOW + 1, 0)


def test_whoever_said_yes_may_still_say_no() -> None:
    assert deny(approve(request(tier=2), voter("ben"), NOW), voter("ben"), NOW).status == "DENIED"


def test_a_cancelled_request_names_who_took_it_back() -> None:
    after = cancel(request(), voter("aiko"), NOW + 1)
    assert (after.decided_by, after.decided_at, after.execute_until) == (["aiko"], NOW + 1, 0)


def test_a_request_without_a_place_is_done_when_it_is_granted_unless_a_capability_waits_for_it() -> None:
    assert approve(request(targets=[]), voter("ben"), NOW).status == "DONE"
    assert approve(request(targets=[], asked=True), voter("ben"), NOW).status == "GRANTED"


def test_whoever_comes_too_late_hears_what_it_is_and_by_whom() -> None:
    decided = approve(request(), voter("ben"), NOW)
    with pytest.raises(NotAllowedError, match="decided already: granted by ben"):
        approve(decided, voter("dai"), NOW)
    with pytest.raises(NotAllowedError, match=r"decided already: expired\."):
        approve(request(status="EXPIRED"), voter("dai"), NOW)


# Breaking the glass


@pytest.mark.parametrize("reason", ["", "   ", "too short", "         x         "])
def test_the_glass_is_not_broken_without_a_reason(reason: str) -> None:
    with pytest.raises(NotAllowedError) as refusal:
        break_glass(request(), voter("aiko"), NOW, reason)
    assert refusal.value.reason == "no_reason"


@pytest.mark.parametrize("tier", [1, 2])
def test_a_broken_glass_grants_ones_own_request_for_a_quarter_of_an_hour_and_keeps_the_reason(tier: int) -> None:
    after = break_glass(request(tier=tier), voter("aiko"), NOW, "  ten chars! ")
    assert (after.status, after.decided_by, after.break_glass) == ("GRANTED", ["aiko"], "ten chars!")
    assert after.execute_until == NOW + BREAK_GLASS_MS


@pytest.mark.parametrize(
    ("who", "found"),
    [
        (voter("ben"), "GRANTED"),
        (voter("ben", pinned=False), "not_pinned"),
        (voter("eri"), "not_an_approver"),
        (voter("ben", "payments"), "not_an_approver"),
    ],
)
def test_on_what_a_capability_asked_whoever_may_decide_it_may_break_the_glass(who: Voter, found: str) -> None:
    asked = request(requester="yagura.x", asked=True, tier=2)
    if found != "GRANTED":
        with pytest.raises(NotAllowedError, match=found):
            break_glass(asked, who, NOW, REASON)
        return
    after = break_glass(asked, who, NOW, REASON)
    assert (after.status, after.decided_by, after.execute_until) == (found, [who.id], NOW + BREAK_GLASS_MS)


def test_ten_letters_are_a_reason() -> None:
    assert break_glass(request(), voter("aiko"), NOW, "x" * 10).break_glass == "x" * 10


# What stands in it


def test_arguments_are_frozen_by_the_hash_of_their_canonical_json() -> None:
    assert freeze({"b": 1, "a": ["é"]}) == freeze({"a": ["é"], "b": 1})
    assert freeze(ARGUMENTS) != freeze(ARGUMENTS | {"queue": "another"})


@pytest.mark.parametrize(("tier", "quorum"), [(0, 0), (1, 1), (2, 2), (7, 2)])
def test_a_tier_that_nobody_knows_needs_as_many_as_the_highest(tier: int, quorum: int) -> None:
    assert request(tier=tier).quorum == quorum


def test_a_refusal_is_a_slug_and_a_sentence() -> None:
    assert str(NotAllowedError("twice", "No.")) == "twice: No."
    assert str(Target("1", "r")) == "1:r"
    assert core.REVIEW_MS == 7 * 24 * HOUR
