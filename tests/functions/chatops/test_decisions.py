"""Decisions made true: once, whoever comes first, with their audit, messages and events in the same transaction."""

import json
from typing import Any

import msgspec
import pytest

from functions.chatops.decisions import Decisions
from functions.chatops.filing import request_id
from functions.chatops.request import REVIEW_MS, NotAllowedError
from functions.chatops.store import MovedError, request_key
from tests.functions.chatops.core import FLEET, PEOPLE, Core
from tests.functions.chatops.requests import HUB, NOW, SPOKE, request, voter

ONE = request()
SPOKE_BUS = "arn:aws:events:us-east-1:222222222222:event-bus/yagura"
REASON = "the shop is down"


@pytest.fixture
def core() -> Core:
    return Core()


# Filing


def test_a_request_is_filed_audited_told_and_has_a_timer_but_no_event(core: Core) -> None:
    assert core.file(ONE) == ONE
    (record,) = core.trail()
    assert (record.entry.kind, record.entry.actor, record.entry.request) == ("requested", "aiko", ONE.id)
    assert record.entry.facts == {
        "command": "queues redrive",
        "arguments": ONE.arguments,
        "arguments_hash": ONE.arguments_hash,
        "targets": ["222222222222:us-east-1"],
        "tier": 1,
        "teams": ["sre"],
        "approvers": ["aiko", "ben", "dai"],
        "policy": "0123456789ab",
    }
    assert [(each.subject, each.channel, each.version) for each in core.drafts()] == [
        (f"request#{ONE.id}", "#approvals", 1)
    ]
    assert core.decisions.told() == {"#approvals"}
    assert core.decisions.told() == set()
    assert core.events(ONE.id) == []
    assert list(core.store.due(ONE.expires_at + 1)) == [ONE.id]


def test_filed_twice_is_filed_once_and_answers_as_it_stands(core: Core) -> None:
    core.file(ONE)
    core.click(ONE.id, "deny", voter("ben"))
    assert core.file(ONE).status == "DENIED"
    assert core.kinds() == ["requested", "denied"]


def test_what_is_kept_with_a_request_is_kept_once_with_it(core: Core) -> None:
    for _ in range(2):
        core.decisions.file(ONE, via="v", now=NOW, also=[core.store.reply_item("d", ["yes"], ONE.id, NOW)])
    assert (core.table.get("reply#d") or {})["texts"] == ["yes"]
    assert len(core.dynamodb.transactions) == 1


def test_what_nobody_could_grant_is_not_filed(core: Core) -> None:
    with pytest.raises(NotAllowedError):
        core.file(request(tier=3))
    assert core.dynamodb.items == {}


def test_tier_0_is_audited_as_granted_and_goes_out_at_once_without_an_approval_to_tell(core: Core) -> None:
    core.file(request(tier=0, targets=[HUB, SPOKE], public=False))
    assert core.kinds() == ["requested", "granted"]
    assert core.events(ONE.id) == [("CommandRequested", ""), ("CommandRequested", SPOKE_BUS)]
    assert core.drafts() == []


def test_a_capability_hears_of_tier_0_too(core: Core) -> None:
    core.file(request(tier=0, asked=True, requester="yagura.x", capability="x"))
    assert core.events(ONE.id) == [("ApprovalGranted", ""), ("ApprovalGranted", SPOKE_BUS)]


# Deciding


def test_a_grant_sends_one_command_to_each_place_and_tells_the_hub(core: Core) -> None:
    core.file(request(targets=[HUB, SPOKE]))
    core.click(ONE.id, "approve", voter("ben"))
    assert core.events(ONE.id) == [("ApprovalGranted", ""), ("CommandRequested", ""), ("CommandRequested", SPOKE_BUS)]
    granted, here, there = (json.loads(each["detail"]) for each in core.outbox(ONE.id))
    assert granted["data"] == {
        "request": ONE.id,
        "capability": "operations",
        "action": "queues redrive",
        "arguments_hash": ONE.arguments_hash,
        "by": ["ben"],
        "break_glass": False,
    }
    assert there["data"] == {
        "request": ONE.id,
        "capability": "operations",
        "command": "queues redrive",
        "arguments": ONE.arguments,
        "account": "222222222222",
        "region": "us-east-1",
        "requester": "aiko",
    }
    assert (here["meta"]["environment"], there["meta"]["environment"]) == ("tooling", "production")
    ids = [each["meta"]["id"] for each in (granted, here, there)]
    assert ids == [f"{ONE.id}:GRANTED", f"{ONE.id}:111111111111:us-east-1", f"{ONE.id}:222222222222:us-east-1"]
    assert {each["meta"]["account"] for each in (granted, here, there)} == {"111111111111"}
    assert [each["meta"]["actor"] for each in (granted, there)] == ["aiko", "aiko"]


def test_what_a_capability_asked_is_told_to_it_where_it_asked_and_no_command_goes_out(core: Core) -> None:
    core.file(request(asked=True, requester="yagura.x", capability="x", cause="e-1", hops=2, traceparent="00-ab"))
    core.click(ONE.id, "approve", voter("ben"))
    assert core.events(ONE.id) == [("ApprovalGranted", ""), ("ApprovalGranted", SPOKE_BUS)]
    meta = json.loads(core.outbox(ONE.id)[0]["detail"])["meta"]
    assert (meta["cause"], meta["hops"], meta["traceparent"]) == ("e-1", 3, "00-ab")


@pytest.mark.parametrize(("action", "sent"), [("deny", [("ApprovalDenied", "")]), ("cancel", [])])
def test_what_was_not_granted_sends_no_command(core: Core, action: str, sent: list[tuple[str, str]]) -> None:
    core.file(ONE)
    core.click(ONE.id, action, voter("aiko" if action == "cancel" else "ben"), words="no")
    assert core.events(ONE.id) == sent
    assert list(core.store.due(10**15)) == []


def test_each_yes_is_audited_and_the_grant_beside_the_last_names_them(core: Core) -> None:
    core.file(request(tier=2))
    core.click(ONE.id, "approve", voter("ben"))
    assert core.events(ONE.id) == []
    core.click(ONE.id, "approve", voter("dai"))
    assert core.kinds() == ["requested", "approved", "approved", "granted"]
    last = core.trail()[-1].entry
    assert (last.actor, last.facts) == ("yagura.chatops", {"by": ["ben", "dai"]})
    assert core.trail()[1].entry.via == "slack:ben"
    assert [each.version for each in core.drafts()] == [1, 2, 3]


def test_the_note_of_a_no_is_in_the_audit(core: Core) -> None:
    core.file(ONE)
    core.click(ONE.id, "deny", voter("ben"), words="not during the sale")
    assert core.trail()[1].entry.facts == {"status": "DENIED", "note": "not during the sale"}


def test_a_request_that_is_not_there_cannot_be_decided(core: Core) -> None:
    with pytest.raises(NotAllowedError, match="There is no request r-nothing"):
        core.click("r-nothing", "approve", voter("ben"))


def test_a_refused_click_leaves_nothing(core: Core) -> None:
    core.file(ONE)
    before = dict(core.dynamodb.items)
    with pytest.raises(NotAllowedError):
        core.click(ONE.id, "approve", voter("aiko"))
    assert core.dynamodb.items == before


@pytest.mark.parametrize("action", ["approve", "deny", "cancel", "break_glass"])
def test_a_delivery_that_comes_again_after_it_decided_is_not_refused_as_too_late(core: Core, action: str) -> None:
    core.file(request(tier=2))
    who = voter("ben" if action in {"approve", "deny"} else "aiko")
    first = core.click(ONE.id, action, who, once="d1", words=REASON)
    trail = core.kinds()
    assert core.click(ONE.id, action, who, once="d1", words=REASON).status == first.status
    assert core.kinds() == trail
    with pytest.raises(NotAllowedError):
        core.click(ONE.id, action, who, once="d2", words=REASON)


def test_a_decision_that_was_overtaken_is_made_again_on_what_is_there_now(core: Core) -> None:
    core.file(request(tier=2))
    overtaken = [lambda: core.click(ONE.id, "approve", voter("dai"), once="other")]
    look = core.store.request

    def read(request_: str) -> Any:
        kept = look(request_)
        if overtaken:
            overtaken.pop()()
        return kept

    store: Any = core.store
    store.request = read
    assert core.click(ONE.id, "approve", voter("ben")).decided_by == ["dai", "ben"]


def test_a_request_that_never_holds_still_is_an_error(core: Core) -> None:
    core.file(ONE)
    store: Any = core.store

    def moved(_decision: Any, _now: int) -> None:
        raise MovedError(ONE.id)

    store.commit = moved
    with pytest.raises(MovedError):
        core.click(ONE.id, "approve", voter("ben"))


def test_an_outbox_that_is_sent_meanwhile_loses_neither_the_decision_nor_the_rest(core: Core) -> None:
    core.file(request(targets=[HUB, SPOKE]))
    core.click(ONE.id, "approve", voter("ben"))
    before = core.outbox(ONE.id)
    core.answer(ONE.id, HUB)
    assert core.outbox(ONE.id) == before
    item = core.table.get(request_key(ONE.id)) or {}
    assert (item["pending"], item["pending_since"]) == ("1", NOW)


# Breaking the glass


def test_a_broken_glass_is_granted_told_to_every_team_and_reviewed_in_one_transaction(core: Core) -> None:
    core.file(ONE)
    core.click(ONE.id, "break_glass", voter("aiko"), words=REASON, now=NOW + 1)
    review = core.now(request_id(f"review:{ONE.id}"))
    assert (review.status, review.tier, review.reviews, review.requester) == ("PENDING", 1, ONE.id, "aiko")
    assert (review.expires_at, review.targets) == (NOW + 1 + REVIEW_MS, [])
    assert core.kinds() == ["requested", "broke_glass", "requested"]
    assert core.trail()[1].entry.facts == {"status": "GRANTED", "reason": REASON}
    loud = {(each.subject, each.channel) for each in core.drafts()}
    assert {
        (f"glass#{ONE.id}", "#sre"),
        (f"glass#{ONE.id}", "#payments"),
        (f"request#{review.id}", "#approvals"),
    } < loud
    assert core.events(ONE.id) == [("ApprovalGranted", ""), ("CommandRequested", SPOKE_BUS)]
    assert json.loads(core.outbox(ONE.id)[0]["detail"])["data"]["break_glass"] is True
    assert len(core.dynamodb.transactions) == 2
    assert review.id in list(core.store.due(10**15))


def test_a_review_is_done_by_somebody_else_and_sends_nothing(core: Core) -> None:
    core.file(ONE)
    core.click(ONE.id, "break_glass", voter("aiko"), words=REASON)
    review = request_id(f"review:{ONE.id}")
    with pytest.raises(NotAllowedError, match="somebody else must decide"):
        core.click(review, "approve", voter("aiko"))
    with pytest.raises(NotAllowedError, match="cannot be done by whoever is reviewed"):
        core.click(review, "break_glass", voter("aiko"), words=REASON)
    assert core.click(review, "approve", voter("ben")).status == "DONE"
    assert core.kinds()[-2:] == ["approved", "reviewed"]
    assert core.outbox(review) == []


def test_a_review_that_nobody_does_expires_after_a_week_without_an_event(core: Core) -> None:
    core.file(ONE)
    core.click(ONE.id, "break_glass", voter("aiko"), words=REASON)
    review = request_id(f"review:{ONE.id}")
    core.decisions.overdue(review, NOW + REVIEW_MS - 1)
    assert core.now(review).status == "PENDING"
    core.decisions.overdue(review, NOW + REVIEW_MS)
    assert core.now(review).status == "EXPIRED"
    assert core.outbox(review) == []


@pytest.mark.parametrize("teams", [1, 40, 400])
def test_a_broken_glass_of_a_fleet_of_many_teams_fits_into_one_transaction(teams: int) -> None:
    core = Core()
    everyone = [f"#team{n}" for n in range(teams)] * 2
    core.decisions = Decisions(core.store, core.messages, msgspec.structs.replace(FLEET, everyone=everyone), PEOPLE)
    core.file(ONE)
    core.click(ONE.id, "break_glass", voter("aiko"), words=REASON)
    assert len(core.dynamodb.transactions[-1]) <= 100
    assert sum(each.subject.startswith("glass#") for each in core.drafts()) == teams
