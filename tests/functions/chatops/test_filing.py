"""From words or an event to a request: what is frozen, who may decide, and what is refused."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.events.chatops import ApprovalRequested
from fleet.events.envelope import MAX_HOPS, Received
from functions.chatops.filing import from_event, request_id, review_of
from functions.chatops.request import OPEN_MS, Answer, NotAllowedError, Request, Target, Vote, freeze
from tests.functions.chatops.asking import asked, made
from tests.functions.chatops.core import FLEET, PEOPLE, POLICY
from tests.functions.chatops.requests import HOUR, HUB, NOW, SPOKE, request
from tests.layers.fleet.entries import meta

replace = msgspec.structs.replace
ELSEWHERE = Target("333333333333", "us-east-1")


# A person's command


def test_a_command_becomes_a_request_that_the_sre_team_decides() -> None:
    one = made(asked())
    assert one == Request(
        id=request_id("d" * 64),
        capability="operations",
        command="queues redrive",
        arguments={"request": "r-1"},
        arguments_hash=freeze({"request": "r-1"}),
        targets=[SPOKE],
        tier=1,
        requester="aiko",
        via="slack:U0AIKO00000",
        headline="queues redrive in spoke",
        facts=[["request", "r-1"]],
        table=[],
        teams=["sre"],
        approvers=["aiko", "ben", "dai"],
        policy=POLICY,
        created=NOW,
        expires_at=NOW + OPEN_MS,
        channel="C1",
        reply_url="https://hooks/1",
    )


def test_a_command_that_names_no_account_is_for_the_hub() -> None:
    assert made(asked(targets=[])).targets == [HUB]


def test_a_command_goes_only_where_its_capability_works_and_is_refused_if_that_is_nowhere() -> None:
    one = made(asked(targets=[ELSEWHERE, SPOKE, Target(SPOKE.account, "eu-west-1")]))
    assert (one.targets, one.headline) == ([SPOKE], "queues redrive in spoke")
    assert made(asked(targets=[SPOKE, HUB])).headline == "queues redrive in spoke, hub"
    with pytest.raises(NotAllowedError) as refusal:
        made(asked(targets=[ELSEWHERE]))
    assert refusal.value.reason == "not_there"
    with pytest.raises(NotAllowedError, match="findings does not run there"):
        made(asked(capability="findings"))


def test_what_only_reads_is_not_told_in_the_channel() -> None:
    assert not made(asked(reads=True)).public
    assert made(asked()).public


def test_a_long_argument_is_shown_as_its_length() -> None:
    assert made(asked(arguments={"ids": ["a", "b"], "why": "x"})).facts == [["ids", "2"], ["why", "x"]]


def test_the_same_delivery_makes_the_same_request_and_another_another() -> None:
    assert made(asked(), now=NOW + 1).id == made(asked()).id
    assert made(asked(delivery="e" * 64)).id != made(asked()).id


# A capability's question


def event(*, source: str = "yagura.x", about: dict[str, Any] | None = None, **data: Any) -> Received[ApprovalRequested]:
    known: dict[str, Any] = {
        "key": "rollout-7",
        "action": "x promote",
        "arguments": {"version": 7},
        "tier": 1,
        "account": SPOKE.account,
        "region": SPOKE.region,
        "headline": "Promote version 7",
        "facts": [["share", "10 %"]],
    }
    place = {"account": SPOKE.account, "region": SPOKE.region} | (about or {})
    return Received(meta=meta("e-1", **place), data=ApprovalRequested(**(known | data)), source=source)


def of(one: Received[ApprovalRequested], now: int = NOW) -> Request:
    return from_event(one, hub=FLEET, people=PEOPLE, policy=POLICY, now=now)


def test_a_capability_asks_in_its_own_name_and_claims_what_it_asked_for() -> None:
    one = of(event(about={"hops": 2, "traceparent": "00-ab"}))
    assert one == Request(
        id=request_id("yagura.x:222222222222:us-east-1:rollout-7"),
        capability="x",
        command="x promote",
        arguments={"version": 7},
        arguments_hash=freeze({"version": 7}),
        targets=[SPOKE],
        tier=1,
        requester="yagura.x",
        via="event:e-1",
        headline="Promote version 7",
        facts=[["share", "10 %"]],
        teams=["sre"],
        approvers=["aiko", "ben", "dai"],
        policy=POLICY,
        created=NOW,
        expires_at=NOW + 8 * HOUR,
        asked=True,
        traceparent="00-ab",
        hops=2,
        cause="e-1",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"action": "operations redrive"}, "foreign"),
        ({"action": "xx promote"}, "foreign"),
        ({"action": "x"}, "foreign"),
        ({"account": HUB.account}, "foreign"),
        ({"account": ELSEWHERE.account, "about": {"account": ELSEWHERE.account}}, "foreign"),
        ({"region": "eu-west-1"}, "foreign"),
        ({"source": "yagura.findings", "action": "findings x"}, "foreign"),
        ({"about": {"hops": MAX_HOPS}}, "loop"),
        ({"headline": " \n"}, "malformed"),
        ({"action": "x promote 12345678"}, "malformed"),
        ({"action": "x promote-v7"}, ""),
        ({"facts": [["share"]]}, "malformed"),
        ({"facts": [["a", "b"], ["a", "b", "c"]]}, "malformed"),
        ({"facts": []}, ""),
        ({"tier": 0}, "no_tier"),
        ({"tier": 1}, ""),
        ({"tier": 2}, ""),
        ({"tier": 3}, ""),
        ({"tier": 4}, "no_tier"),
        ({"tier": -1}, "no_tier"),
        ({"about": {"hops": MAX_HOPS - 1}}, ""),
    ],
)
def test_a_capability_asks_only_for_its_own_in_its_own_account_and_not_in_circles(
    changes: dict[str, Any], reason: str
) -> None:
    try:
        of(event(**changes))
        found = ""
    except NotAllowedError as refusal:
        found = refusal.reason
    assert found == reason


def test_whoever_asks_for_another_tier_hears_which_there_are() -> None:
    with pytest.raises(NotAllowedError, match=r"one of the tiers \[1, 2, 3\]\.$"):
        of(event(tier=4))


def test_what_it_says_is_masked_once_for_all_and_what_it_claims_stays() -> None:
    told: dict[str, Any] = {
        "arguments": {"mrn": "12345678"},
        "headline": "Promote for Mr Sato",
        "facts": [["queue", "mrn-12345678"]],
    }
    one = of(event(**told))
    assert (one.headline, one.facts) == ("Promote for Mr [masked]", [["queue", "mrn-[masked]"]])
    assert (one.arguments, one.arguments_hash) == ({"mrn": "12345678"}, freeze({"mrn": "12345678"}))
    arn = f"arn:aws:lambda:us-east-1:{SPOKE.account}:function:intake"
    assert of(event(facts=[["function", arn], ["share", "123456"]])).facts == [["function", arn], ["share", "123456"]]


def test_the_team_that_it_names_may_decide_too() -> None:
    one = of(event(team="payments"))
    assert (one.teams, one.approvers) == (["payments", "sre"], ["aiko", "ben", "chie", "dai"])
    assert of(event(team="sre")).teams == ["sre"]


@pytest.mark.parametrize(("minutes", "open_"), [(-5, 1), (0, 1), (1, 1), (90, 90), (10_080, 10_080), (99_999, 10_080)])
def test_a_request_is_open_for_a_minute_at_least_and_a_week_at_most(minutes: int, open_: int) -> None:
    assert of(event(minutes=minutes)).expires_at == NOW + open_ * 60_000


def test_asked_twice_is_one_request_and_of_another_account_another() -> None:
    assert of(event(), NOW + 5).id == of(event(arguments={"version": 8})).id
    there = event(account=HUB.account, about={"account": HUB.account})
    assert len({of(event()).id, of(there).id, of(event(key="rollout-8")).id}) == 3


# A review


def test_a_review_is_a_new_task_about_the_old_request_that_others_do() -> None:
    broken = request(
        status="GRANTED", tier=2, votes=[Vote("ben", NOW)], decided_by=["aiko"], decided_at=NOW, execute_until=NOW + 9,
        break_glass="the shop is down", table=[["a"]], public=False, asked=True,
        answers={str(SPOKE): Answer(outcome="done", headline="", at=NOW)},
    )  # fmt: skip
    review = review_of(broken, people=PEOPLE, now=NOW + 5, life_ms=7)
    assert review == request(
        id=request_id(f"review:{broken.id}"),
        capability="chatops",
        command="review",
        arguments={"request": broken.id},
        targets=[],
        headline="Review of a broken glass: queues redrive in spoke",
        facts=[["Request", broken.id], ["Reason", "the shop is down"]],
        created=NOW + 5,
        expires_at=NOW + 12,
        break_glass="the shop is down",
        reviews=broken.id,
    )


def test_whoever_broke_the_glass_on_what_a_capability_asked_is_the_one_that_is_reviewed() -> None:
    broken = request(requester="yagura.x", asked=True, decided_by=["ben"], break_glass="the shop is down")
    assert review_of(broken, people=PEOPLE, now=NOW, life_ms=7).requester == "ben"


# Ids


@given(st.text(), st.text())
def test_an_id_is_ten_letters_that_nobody_confuses_and_follows_from_the_key(one: str, other: str) -> None:
    assert request_id(one) == request_id(one)
    assert (request_id(one) == request_id(other)) == (one == other)
    name = request_id(one).removeprefix("r-")
    assert len(name) == 10
    assert not set(name) & set("ilou") - set()
    assert set(name) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_ids_are_the_first_fifty_bits_of_eight_bytes_of_the_hash() -> None:
    """Another rule would file again what is filed already."""
    assert request_id("a") == "r-aefq15b21w"


def test_ids_use_all_letters_and_all_places() -> None:
    names = [request_id(f"{n}")[2:] for n in range(2000)]
    assert all(len({name[place] for name in names}) == 32 for place in range(10))


# The fleet


def test_the_hub_is_known_by_its_role() -> None:
    spoke_first = replace(FLEET, accounts=FLEET.accounts[::-1])
    assert spoke_first.place.name == "hub"


def test_the_hub_knows_its_places() -> None:
    assert FLEET.place.name == "hub"
    assert FLEET.target == HUB
    assert (FLEET.name_of(SPOKE), FLEET.name_of(ELSEWHERE)) == ("spoke", "333333333333:us-east-1")
    assert (FLEET.environment_of(SPOKE), FLEET.environment_of(HUB)) == ("production", "tooling")
    assert FLEET.runs("operations", SPOKE)
    assert not FLEET.runs("operations", Target(SPOKE.account, "eu-west-1"))
    assert not FLEET.runs("chatops", SPOKE)
