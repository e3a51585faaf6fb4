"""The desk's entry: whom it listens to, what it makes of what the ingress sends, and what becomes of the rest."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from functions.chatops.filing import request_id
from tests.functions.chatops.counters import AIKO, AIKO_AS_IAM, BEN, CHIE, EVE, STRANGER, Desk
from tests.functions.chatops.gateway import COMMAND, ID, Gateway, pressed
from tests.functions.chatops.requests import NOW
from tests.layers.fleet.fakes import KilledError, client_error

type Logged = Callable[[], str]
type Counts = Callable[[], list[str]]
type Change = Callable[[Desk], None]

MINUTE = 60_000


@pytest.fixture
def desk() -> Desk:
    return Desk()


# What the ingress sends


def form(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()


def from_ingress(gateway: Gateway) -> str:
    (delivery,) = gateway.aws.queued
    return json.dumps(delivery)


def test_a_command_as_the_ingress_sends_it_is_served(desk: Desk, gateway: Gateway) -> None:
    gateway.slack(form(COMMAND | {"text": "unfreeze spoke"}))
    assert desk.take(from_ingress(gateway)) == []
    assert (desk.only().requester, desk.only().command) == ("aiko", "unfreeze")
    assert desk.only().reply_url == COMMAND["response_url"]


def test_a_click_as_the_ingress_sends_it_is_served(desk: Desk, gateway: Gateway) -> None:
    request = desk.redriven()
    action = {"action_id": "approve", "type": "button", "value": request.id}
    gateway.slack(form({"payload": json.dumps(pressed(actions=[action]))}))
    assert desk.take(from_ingress(gateway)) == []
    assert desk.request(request.id).decided_by == ["ben"]


def test_a_form_as_the_ingress_sends_it_is_served(desk: Desk, gateway: Gateway) -> None:
    request = desk.redriven()
    desk.clicks(AIKO, "break_glass", request.id)
    (view,) = desk.slack.views
    (element,) = [block for block in view["blocks"] if block["type"] == "input"]
    typed = {"type": "plain_text_input", "value": "the shop is down"}
    state = {"values": {element["block_id"]: {element["element"]["action_id"]: typed}}}
    payload = {
        "type": "view_submission",
        "user": {"id": AIKO, "team_id": COMMAND["team_id"]},
        "team": {"id": COMMAND["team_id"]},
        "view": view | {"state": state},
    }
    gateway.slack(form({"payload": json.dumps(payload)}))
    assert desk.take(from_ingress(gateway)) == []
    assert desk.request(request.id).break_glass == "the shop is down"


def test_what_fleetctl_sends_is_served(desk: Desk, gateway: Gateway) -> None:
    _, answer = gateway.fleetctl({"id": ID, "text": "unfreeze spoke"}, who=AIKO_AS_IAM)
    assert desk.take(from_ingress(gateway)) == []
    assert desk.only().requester == "aiko"
    assert "needs one other person" in desk.told(json.loads(from_ingress(gateway))["id"])
    assert answer


# Strangers


def deactivated(desk: Desk) -> None:
    desk.slack.users[AIKO]["deleted"] = True


def a_bot(desk: Desk) -> None:
    desk.slack.users[AIKO]["is_bot"] = True


def a_guest(desk: Desk) -> None:
    desk.slack.users[AIKO]["is_restricted"] = True


def of_another_workspace(desk: Desk) -> None:
    desk.slack.users[AIKO]["team_id"] = "T0OTHER0000"


def unknown_to_slack(desk: Desk) -> None:
    del desk.slack.users[AIKO]


def identity_center_fails(desk: Desk) -> None:
    desk.desk.directory._identity = lambda _center: (_ for _ in ()).throw(client_error("AccessDenied"))


STRANGERS: list[tuple[dict[str, Any], str]] = [
    ({"user": STRANGER}, "unknown"),
    ({"user": "U0NOBODY000"}, "lookup_failed"),
    ({"team": "T0OTHER0000"}, "wrong_team"),
    ({"via": "iam", "user": "", "principal": "arn:aws:iam::111111111111:user/mallory"}, "unknown"),
    ({"via": "iam", "user": AIKO, "principal": ""}, "unknown"),
]


@pytest.mark.parametrize(("about", "reason"), STRANGERS)
@pytest.mark.parametrize("kind", ["command", "action", "view"])
def test_strangers_are_counted_and_nothing_is_chained_kept_or_told(
    desk: Desk, counts: Counts, about: dict[str, Any], reason: str, kind: str
) -> None:
    known = {"text": "freeze all", "action": "approve", "value": "r-abcdefghjk", "input": "the shop is down"}
    desk.sends(kind=kind, **known, **about)
    assert counts() == [f"Stranger:{reason}"]
    assert (desk.dynamodb.items, desk.woken(), desk.slack.views) == ({}, [], [])
    assert desk.sqs.dead.messages == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (deactivated, "deactivated"),
        (a_bot, "bot"),
        (a_guest, "guest"),
        (of_another_workspace, "wrong_team"),
    ],
)
def test_somebody_known_who_is_not_believed_is_audited_once_a_minute_and_told_nothing(
    desk: Desk, counts: Counts, change: Change, reason: str
) -> None:
    change(desk)
    desk.now = NOW - NOW % MINUTE
    for _ in range(3):
        desk.types(AIKO, "freeze all")
    assert counts() == [f"Stranger:{reason}"] * 3
    (entry,) = desk.trail()
    assert (entry.kind, entry.actor, entry.via, entry.facts) == ("refused", "aiko", f"slack:{AIKO}", {"reason": reason})
    assert (desk.requests(), desk.drafts(), desk.woken()) == ([], {}, [])
    desk.now += MINUTE
    desk.types(AIKO, "freeze all")
    assert len(desk.trail()) == 2


def of_a_team_by_identity_center(desk: Desk) -> None:
    people = desk.desk.directory._people
    pinned = [msgspec.structs.replace(each, identity_user="u-1") for each in people.people]
    desk.desk.directory._people = msgspec.structs.replace(people, people=pinned)
    identity_center_fails(desk)


@pytest.mark.parametrize("change", [unknown_to_slack, of_a_team_by_identity_center])
def test_somebody_known_whom_nobody_could_look_up_is_audited_once_a_minute_and_told_each_time(
    desk: Desk, counts: Counts, change: Change
) -> None:
    change(desk)
    desk.now = NOW - NOW % MINUTE
    for _ in range(2):
        told = desk.told(desk.types(AIKO, "freeze all"))
        assert "Nothing was done: who you are could not be looked up" in told
    assert counts() == ["Stranger:lookup_failed"] * 2
    (entry,) = desk.trail()
    assert (entry.kind, entry.actor, entry.facts) == ("refused", "aiko", {"reason": "lookup_failed"})
    assert desk.requests() == []
    assert desk.woken() == ["C0SRE000000"] * 2


def test_an_operator_whom_identity_center_could_not_look_up_is_audited_and_told(desk: Desk) -> None:
    of_a_team_by_identity_center(desk)
    assert "Nothing was done" in desk.told(desk.asks(AIKO_AS_IAM, "freeze all"))
    assert [entry.facts for entry in desk.trail()] == [{"reason": "lookup_failed"}]


def test_a_lookup_that_fails_refuses(desk: Desk, counts: Counts) -> None:
    identity_center_fails(desk)
    desk.types(EVE, "queues list")
    assert counts() == ["Stranger:lookup_failed"]
    assert desk.dynamodb.items == {}


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError()])
def test_while_slack_cannot_say_who_it_is_nothing_is_done_and_the_delivery_comes_back(
    desk: Desk, error: Exception
) -> None:
    desk.slack.error = error
    body = desk.written(text="freeze all")
    assert desk.take(body) == ["m0"]
    assert desk.dynamodb.items == {}
    desk.slack.works()
    assert desk.take(body) == []
    assert desk.only().command == "freeze"


@pytest.mark.parametrize(
    ("user", "kinds"), [(AIKO, ["refused"]), (STRANGER, [])], ids=["somebody pinned", "a stranger"]
)
def test_when_slack_could_not_say_for_long_who_it_is_it_is_refused_and_stays_so(
    desk: Desk, user: str, kinds: list[str]
) -> None:
    """Before the queue gives it up: nobody who is known is left without an answer and a record."""
    body = desk.written(user=user, text="freeze all")
    desk.slack.error = TimeoutError()
    desk.now += 8 * MINUTE - 1
    assert desk.take(body, receives=4) == ["m0"]
    desk.now += 1
    assert desk.take(body, receives=4) == []
    assert desk.kinds() == kinds
    assert ("could not be looked up" in desk.told(json.loads(body)["id"])) == bool(kinds)
    desk.slack.works()
    assert desk.take(body) == []
    assert desk.requests() == []
    assert desk.sqs.dead.messages == []


def test_an_iam_principal_is_known_without_slack(desk: Desk) -> None:
    desk.slack.error = TimeoutError()
    desk.asks(AIKO_AS_IAM, "whoami")
    assert desk.slack.calls == []


def test_whoever_left_a_moment_ago_decides_nothing_any_more(desk: Desk) -> None:
    request = desk.redriven()
    desk.slack.users[BEN]["deleted"] = True
    desk.clicks(BEN, "approve", request.id)
    assert desk.request(request.id) == request
    assert desk.trail()[-1].facts == {"reason": "deactivated"}


def test_a_refusal_that_is_handled_again_minutes_later_is_audited_once_and_told(desk: Desk) -> None:
    body = desk.written(user=CHIE, text="freeze all")
    desk.dynamodb.steps.names.clear()
    commits = 0

    def dies_when_it_is_audited() -> None:
        nonlocal commits
        commits += desk.steps.names[-1:] == ["after TransactWriteItems"]
        if commits == 1:
            desk.steps.kill_at = 0

    desk.steps.pause = dies_when_it_is_audited
    with pytest.raises(KilledError):
        desk.take(body)
    desk.steps.pause = lambda: None
    assert (desk.kinds(), desk.drafts()) == (["refused"], {})
    desk.now += 5 * MINUTE
    desk.take(body)
    assert desk.kinds() == ["refused"]
    assert "is for people of sre" in desk.told(json.loads(body)["id"])


# What is no delivery, and what fails


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"id": 1}', '{"id": "1", "received": 1, "via": "carrier pigeon Taro Yamada", "kind": "view"}']
)
def test_what_is_no_delivery_goes_to_the_dead_letters_and_not_into_the_log(
    desk: Desk, logged: Logged, body: str
) -> None:
    assert desk.take(body) == []
    (dead,) = desk.sqs.dead.messages
    assert dead["MessageBody"] == body
    assert desk.sqs.dead.reasons == ["malformed"]
    assert "pigeon" not in logged()
    assert desk.dynamodb.items == {}


def test_one_delivery_that_fails_keeps_no_other_from_being_served(desk: Desk) -> None:
    good, bad, more = (desk.written(text=text) for text in ("unfreeze spoke", "unfreeze hub", "whoami"))
    serve = desk.desk.counter.serve

    def fails(delivery: Any, *rest: Any) -> None:
        if delivery.text == "unfreeze hub":
            raise ValueError
        serve(delivery, *rest)

    desk.desk.counter.serve = fails
    assert desk.take(good, bad, more) == ["m1"]
    assert [request.headline for request in desk.requests()] == ["unfreeze in spoke"]


def test_after_five_times_it_is_a_dead_letter_with_its_reason(desk: Desk) -> None:
    desk.slack.error = TimeoutError()
    body = desk.written(text="freeze all")
    assert desk.take(body, receives=4) == ["m0"]
    assert desk.take(body, receives=5) == []
    assert desk.sqs.dead.reasons == ["failed"]


def test_a_dead_letter_that_is_redriven_a_week_later_is_served_once(desk: Desk) -> None:
    body = desk.written(text="unfreeze spoke")
    desk.take(body)
    desk.now += 7 * 24 * 60 * MINUTE
    before = dict(desk.dynamodb.items)
    desk.take(body)
    assert desk.dynamodb.items == before
    assert desk.only().id == request_id(json.loads(body)["id"])


def test_nothing_that_was_typed_is_logged(desk: Desk, logged: Logged) -> None:
    request = desk.redriven()
    desk.types(AIKO, "flibbertigibbet now")
    desk.types(AIKO, "freeze flibbertigibbet")
    desk.types(AIKO, f"queues peek spoke flibbertigibbet {'9' * 400}")
    desk.types(BEN, f"deny {request.id} flibbertigibbet")
    desk.clicks(BEN, "flibbertigibbet", "flibbertigibbet")
    desk.fills_in(AIKO, request.id, "flibbertigibbet")
    desk.types(STRANGER, "flibbertigibbet")
    desk.sends(user="U0NOBODY000", text="flibbertigibbet")
    desk.slack.error = TimeoutError("flibbertigibbet")
    assert desk.take(desk.written(text="flibbertigibbet"), receives=5) == []
    desk.slack.works()
    desk.dynamodb.error = client_error("ThrottlingException")
    assert desk.take(desk.written(text="freeze flibbertigibbet")) == ["m0"]
    lines = logged()
    assert "stranger" in lines
    assert "ThrottlingException" in lines
    assert "flibbertigibbet" not in lines
