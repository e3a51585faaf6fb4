"""Who decides what, from a click, a form, a command or fleetctl to what stands in the table."""

from collections.abc import Callable

import pytest

from functions.chatops.filing import request_id
from functions.chatops.request import BREAK_GLASS_MS, OPEN_MS, Request, Status
from tests.functions.chatops.counters import AIKO, AIKO_AS_IAM, BEN, BEN_AS_IAM, CHIE, DAI, EVE, Desk
from tests.functions.chatops.deliveries import HOOK
from tests.functions.chatops.requests import NOW, request

type By = Callable[[Desk, str, str], str]
"""Somebody does an action with a request, by its id; gives the delivery's id."""
type Act = Callable[[Desk, str], str]

REASON = "the shop is down"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def by_button(desk: Desk, action: str, request: str) -> str:
    return desk.clicks(BEN, action, request)


def by_command(desk: Desk, action: str, request: str) -> str:
    return desk.types(BEN, f"{action} {request}")


def by_fleetctl(desk: Desk, action: str, request: str) -> str:
    return desk.asks(BEN_AS_IAM, f"{action} {request}")


# Yes and no


@pytest.mark.parametrize("by", [by_button, by_command, by_fleetctl])
@pytest.mark.parametrize(
    ("action", "status", "kinds", "events"),
    [
        ("approve", "GRANTED", ["approved", "granted"], ["ApprovalGranted", "CommandRequested"]),
        ("deny", "DENIED", ["denied"], ["ApprovalDenied"]),
    ],
)
def test_somebody_else_decides(
    desk: Desk, by: By, action: str, status: Status, kinds: list[str], events: list[str]
) -> None:
    request, before = desk.redriven(), len(desk.trail())
    id_ = by(desk, action, request.id)
    after = desk.request(request.id)
    assert (after.status, after.decided_by) == (status, ["ben"])
    assert desk.kinds()[before:] == kinds
    entry = desk.trail()[before]
    assert (entry.actor, entry.request) == ("ben", request.id)
    assert entry.via == (f"iam:{BEN_AS_IAM}" if by is by_fleetctl else f"slack:{BEN}")
    assert desk.events(request.id) == events
    assert desk.drafts()[f"request#{request.id}"].version == 2
    told = "" if by is by_button else f"`{request.id}` queues redrive in spoke: {status.lower()}."
    assert desk.told(id_) == told
    assert "#approvals" in desk.woken()


def test_whoever_denies_may_say_why(desk: Desk) -> None:
    request = desk.redriven()
    desk.types(BEN, f"deny {request.id} patient Taro Yamada waits")
    assert desk.request(request.id).note == "patient [masked] waits"
    assert desk.trail()[-1].facts == {"status": "DENIED", "note": "patient [masked] waits"}


@pytest.mark.parametrize(
    "act",
    [lambda desk, one: desk.types(AIKO, f"cancel {one}"), lambda desk, one: desk.asks(AIKO_AS_IAM, f"cancel {one}")],
)
def test_whoever_requested_it_takes_it_back(desk: Desk, act: Act) -> None:
    request = desk.redriven()
    assert desk.told(act(desk, request.id)).endswith("cancelled.")
    assert desk.request(request.id).status == "CANCELLED"
    assert desk.kinds()[-1] == "cancelled"
    assert desk.events(request.id) == []


# Who does not


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda desk, one: desk.clicks(AIKO, "approve", one), "own_request"),
        (lambda desk, one: desk.types(AIKO, f"approve {one}"), "own_request"),
        (lambda desk, one: desk.asks(AIKO_AS_IAM, f"approve {one}"), "own_request"),
        (lambda desk, one: desk.asks(AIKO_AS_IAM, f"deny {one}"), "own_request"),
        (lambda desk, one: desk.clicks(CHIE, "approve", one), "not_an_approver"),
        (lambda desk, one: desk.types(CHIE, f"approve {one}"), "not_an_approver"),
        (lambda desk, one: desk.clicks(CHIE, "deny", one), "not_an_approver"),
        (lambda desk, one: desk.clicks(EVE, "approve", one), "not_pinned"),
        (lambda desk, one: desk.types(EVE, f"deny {one}"), "not_pinned"),
        (lambda desk, one: desk.types(BEN, f"cancel {one}"), "not_yours"),
        (lambda desk, one: desk.types(BEN, f"break-glass {one} {REASON}"), "not_yours"),
        (lambda desk, one: desk.asks(BEN_AS_IAM, f"break-glass {one} {REASON}"), "not_yours"),
        (lambda desk, one: desk.fills_in(BEN, one, REASON), "not_yours"),
        (lambda desk, one: desk.fills_in(CHIE, one, REASON), "not_yours"),
        (lambda desk, one: desk.fills_in(AIKO, one, "too short"), "no_reason"),
        (lambda desk, one: desk.clicks(BEN, "grant", one), "unknown_action"),
        (lambda desk, _: desk.clicks(BEN, "approve", "r-abcdefghjk"), "unknown_request"),
    ],
)
def test_who_may_not_decide_is_told_so_and_audited_and_nothing_changes(desk: Desk, act: Act, reason: str) -> None:
    request, before = desk.redriven(), len(desk.trail())
    id_ = act(desk, request.id)
    assert desk.told(id_).startswith(":no_entry: ")
    assert desk.request(request.id) == request
    assert desk.events(request.id) == []
    (entry,) = desk.trail()[before:]
    assert (entry.kind, entry.facts["reason"]) == ("refused", reason)
    assert entry.request in {request.id, "r-abcdefghjk"}


def test_one_person_is_one_whichever_account_is_used(desk: Desk) -> None:
    desk.asks(AIKO_AS_IAM, "unfreeze spoke")
    request = desk.only()
    refused = [desk.clicks(AIKO, "approve", request.id), desk.asks(AIKO_AS_IAM, f"approve {request.id}")]
    assert ["You requested this" in desk.told(each) for each in refused] == [True, True]
    assert desk.request(request.id).status == "PENDING"
    desk.asks(BEN_AS_IAM, f"approve {request.id}")
    assert desk.request(request.id).decided_by == ["ben"]


def test_whoever_was_found_by_email_alone_may_ask_and_not_break_the_glass(desk: Desk) -> None:
    desk.types(EVE, "unfreeze spoke")
    request = desk.only()
    assert (request.requester, request.status) == ("identity:u-eve", "PENDING")
    assert "may break the glass" in desk.told(desk.types(EVE, f"break-glass {request.id} {REASON}"))
    assert desk.request(request.id) == request


@pytest.mark.parametrize("action", ["approve", "deny"])
def test_nothing_is_decided_twice_nor_too_late(desk: Desk, action: str) -> None:
    request = desk.redriven()
    desk.clicks(BEN, "approve", request.id)
    assert "decided already: granted by ben" in desk.told(desk.clicks(DAI, action, request.id))
    late = desk.redriven()
    desk.now += OPEN_MS
    assert "has expired" in desk.told(desk.clicks(DAI, action, late.id))
    assert desk.request(late.id).status == "PENDING"


# The glass


def test_the_button_opens_the_form_for_that_request_and_changes_nothing(desk: Desk) -> None:
    request, before = desk.redriven(), len(desk.trail())
    id_ = desk.clicks(AIKO, "break_glass", request.id)
    (view,) = desk.slack.views
    assert (view["callback_id"], view["private_metadata"]) == ("break_glass", request.id)
    (opened,) = [said for method, said, _ in desk.slack.calls if method == "views.open"]
    assert opened["trigger_id"] == "4.5.6"
    assert desk.told(id_) == ""
    assert desk.request(request.id) == request
    assert len(desk.trail()) == before


@pytest.mark.parametrize(
    "error", ["expired_trigger_id", "exchanged_trigger_id", "invalid_auth", "ratelimited", "internal_error"]
)
def test_without_the_form_the_command_is_told(desk: Desk, error: str) -> None:
    request = desk.redriven()
    desk.slack.fails_for_views(error)
    id_ = desk.clicks(AIKO, "break_glass", request.id)
    assert desk.told(id_) == f"Say why: `/yagura break-glass {request.id} <reason>`"
    assert desk.slack.views == []
    assert desk.drafts()[f"reply#{id_}"].reply_url == HOOK


def test_when_slack_cannot_be_reached_for_the_form_the_command_is_told(desk: Desk) -> None:
    request = desk.redriven()

    def trouble(method: str, _said: object) -> Exception | None:
        return TimeoutError() if method == "views.open" else None

    desk.slack.trouble = trouble
    assert "Say why:" in desk.told(desk.clicks(AIKO, "break_glass", request.id))


@pytest.mark.parametrize(
    "act",
    [
        lambda desk, one: desk.fills_in(AIKO, one, REASON),
        lambda desk, one: desk.types(AIKO, f"break-glass {one} {REASON}"),
        lambda desk, one: desk.asks(AIKO_AS_IAM, f"break-glass {one} {REASON}"),
    ],
)
def test_a_broken_glass_grants_for_a_short_time_is_loud_and_leaves_a_review(desk: Desk, act: Act) -> None:
    request, before = desk.redriven(), len(desk.trail())
    act(desk, request.id)
    broken = desk.request(request.id)
    assert (broken.status, broken.decided_by, broken.break_glass) == ("GRANTED", ["aiko"], REASON)
    assert broken.execute_until == NOW + BREAK_GLASS_MS
    assert desk.kinds()[before:] == ["broke_glass", "requested"]
    assert desk.trail()[before].facts == {"status": "GRANTED", "reason": REASON}
    assert desk.events(request.id) == ["ApprovalGranted", "CommandRequested"]
    assert REASON in desk.drafts()[f"glass#{request.id}"].text
    review = desk.request(request_id(f"review:{request.id}"))
    assert (review.reviews, review.status, review.requester) == (request.id, "PENDING", "aiko")
    assert {"#sre", "#payments", "#approvals"} <= set(desk.woken())


def asked_by_a_capability(desk: Desk) -> Request:
    teams, approvers = ["payments", "sre"], ["aiko", "ben", "chie", "dai"]
    one = request(
        id="r-0123456789", requester="yagura.x", capability="x", asked=True, tier=2, teams=teams, approvers=approvers
    )
    return desk.desk.decisions.file(one, via="event:e", now=NOW)  # type: ignore[no-any-return]


def test_what_a_capability_asked_may_be_granted_by_one_of_the_sre_team_who_breaks_the_glass(desk: Desk) -> None:
    one = asked_by_a_capability(desk)
    for refused in (desk.types(CHIE, f"break-glass {one.id} {REASON}"), desk.fills_in(CHIE, one.id, REASON)):
        assert desk.told(refused).startswith(":no_entry: ")
    assert desk.request(one.id).status == "PENDING"
    desk.fills_in(BEN, one.id, REASON)
    broken = desk.request(one.id)
    assert (broken.status, broken.decided_by, broken.break_glass) == ("GRANTED", ["ben"], REASON)
    assert desk.events(one.id) == ["ApprovalGranted", "ApprovalGranted"]
    review = desk.request(request_id(f"review:{one.id}"))
    assert review.requester == "ben"
    assert desk.told(desk.types(BEN, f"approve {review.id}")).startswith(":no_entry: ")
    desk.clicks(AIKO, "approve", review.id)
    assert desk.request(review.id).status == "DONE"


def test_the_review_is_done_by_somebody_else(desk: Desk) -> None:
    request = desk.redriven()
    desk.fills_in(AIKO, request.id, REASON)
    review = request_id(f"review:{request.id}")
    for act in (f"approve {review}", f"cancel {review}", f"break-glass {review} {REASON}"):
        assert desk.told(desk.types(AIKO, act)).startswith(":no_entry: ")
    desk.clicks(BEN, "approve", review)
    assert desk.request(review).status == "DONE"
    assert desk.kinds()[-2:] == ["approved", "reviewed"]


def test_the_reason_is_masked_wherever_it_is_kept(desk: Desk) -> None:
    request = desk.redriven()
    desk.fills_in(AIKO, request.id, "patient Taro Yamada, MRN: AB1234C, calls 090-1234-5678, taro.yamada@example.com")
    masked = "patient [masked], MRN: [masked], calls [masked], [masked]"
    assert desk.request(request.id).break_glass == masked
    assert desk.trail()[-2].facts["reason"] == masked
    written = desk.everything()
    assert not [each for each in ("Taro", "Yamada", "AB1234C", "1234-5678", "taro.yamada") if each in written]
    assert f"*Reason:* {masked}" in desk.drafts()[f"glass#{request.id}"].text


def test_a_reason_that_is_nothing_but_identifiers_is_none(desk: Desk) -> None:
    request = desk.redriven()
    refused = desk.told(desk.fills_in(AIKO, request.id, "090-1234-5678 taro.yamada@example.com"))
    assert "Say why, in 10 characters or more." in refused
    assert desk.request(request.id) == request


def test_what_a_form_is_answered_goes_to_the_person(desk: Desk) -> None:
    request = desk.redriven()
    id_ = desk.fills_in(BEN, request.id, REASON)
    message = desk.drafts()[f"reply#{id_}"]
    assert (message.channel, message.reply_url) == (BEN, "")
