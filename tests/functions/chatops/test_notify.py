"""The function `notify`: each event is posted once, and none is lost while Slack, its token or the function is away."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops.message import Message
from functions.chatops.store import CLAIM_MS, key
from tests.functions.chatops.desk import Desk, opened
from tests.layers.fleet.fakes import KilledError, client_error, interleave
from tests.layers.fleet.refute import REFUTE

type Logged = Callable[[], str]
type Break = Callable[[Desk], None]

NO_TOKEN = "no token: run `fleetctl secrets set slack`"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def sound(_desk: Desk) -> None:
    """As it is."""


def assert_posted_once(ids: Sequence[str], choices: Sequence[int], break_it: Break = sound) -> None:
    """Two workers with duplicates, and a sweep, in any interleaving: every event is posted exactly once."""
    desk = Desk()
    break_it(desk)

    def work(mine: Sequence[str]) -> Callable[[], None]:
        def take() -> None:
            for id_ in mine:
                desk.take_until_done(opened(id_))

        return take

    def sweep() -> None:
        desk.notify.sweep()

    desk.run(lambda: interleave(desk.steps, [work(ids), work(ids[::-1]), sweep], choices))
    desk.now += 10 * CLAIM_MS
    desk.sweep()
    assert sorted(desk.slack.ids) == sorted(set(ids))
    assert all(desk.item(id_)["state"] == "sent" for id_ in ids)


def assert_not_lost(ids: Sequence[str], kill_after: Sequence[int | None], break_it: Break = sound) -> None:
    """Killed at any step and delivered again: every event is posted; twice only if Slack had it before the kill."""
    desk = Desk()
    break_it(desk)

    def run() -> None:
        for index, id_ in enumerate(ids):
            after = kill_after[index % len(kill_after)]
            desk.steps.kill_at = None if after is None else desk.steps.taken + after
            desk.take_until_done(opened(id_))
        desk.steps.kill_at = None

    desk.run(run)
    for _ in range(3):
        desk.now += 2 * CLAIM_MS
        desk.sweep()
    assert set(desk.slack.ids) == set(ids)
    assert all(desk.item(id_)["state"] == "sent" for id_ in ids)
    twice = len(desk.slack.ids) - len(set(ids))
    assert twice <= sum(after is not None for after in kill_after) * len(ids)


some_ids = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3)
choices_ = st.lists(st.integers(0, 5), max_size=40)
kills = st.lists(st.none() | st.integers(1, 16), min_size=1, max_size=4)


@given(some_ids, choices_)
def test_duplicates_side_by_side_are_posted_once(ids: list[str], choices: list[int]) -> None:
    assert_posted_once(ids, choices)


@given(some_ids, kills)
def test_killed_at_any_step_nothing_is_lost(ids: list[str], kill_after: list[int | None]) -> None:
    assert_not_lost(ids, kill_after)


@pytest.mark.parametrize("step", range(1, 17))
def test_killed_at_each_single_step_nothing_is_lost(step: int) -> None:
    assert_not_lost(["a"], [step])


def claims_without_writing(desk: Desk) -> None:
    """Whoever finds the message waiting posts it."""

    def claim(message_id: str, _now: int) -> Message | None:
        item = desk.table.get(key(message_id))
        if item is None or item["state"] != "waiting":
            return None
        return msgspec.json.decode(item["message"], type=Message)

    desk.notify.messages.claim = claim


def claims_without_condition(desk: Desk) -> None:
    """The claim is written over whoever came first."""
    put = desk.notify.messages._table.put

    def force(item: dict[str, Any], *, over: dict[str, Any] | None) -> bool:
        if "claimed_until" in item and item["claimed_until"] > 0 and item["state"] == "waiting":
            over = desk.table.get(item["pk"])
        written: bool = put(item, over=over)
        return written

    desk.notify.messages._table.put = force


@pytest.mark.parametrize("broken", [claims_without_writing, claims_without_condition])
def test_the_property_of_posting_once_refutes(broken: Break) -> None:
    @REFUTE
    @given(some_ids, choices_)
    def holds(ids: list[str], choices: list[int]) -> None:
        assert_posted_once(ids, choices, broken)

    with pytest.raises(AssertionError):
        holds()


def claims_for_ever(desk: Desk) -> None:
    """A claim that never runs out."""
    claim = desk.notify.messages.claim
    desk.notify.messages.claim = lambda message_id, now: claim(message_id, now if now == 1_000_000_000 else 0)


def marks_before_posting(desk: Desk) -> None:
    """The message is called sent, then it is posted."""
    post = desk.notify.slack.post

    def mark(message: Message) -> str:
        desk.notify.messages.sent(message.id, "0", 0)
        ts: str = post(message)
        return ts

    desk.notify.slack.post = mark


def posts_without_keeping(desk: Desk) -> None:
    """A message that is claimed leaves the index of those that wait."""
    table = desk.notify.messages._table
    put = table.put

    def forget(item: dict[str, Any], *, over: dict[str, Any] | None) -> bool:
        if item.get("claimed_until"):
            item = {name: value for name, value in item.items() if not name.startswith("pending")}
        written: bool = put(item, over=over)
        return written

    table.put = forget


@pytest.mark.parametrize("broken", [claims_for_ever, marks_before_posting, posts_without_keeping])
def test_the_property_of_losing_nothing_refutes(broken: Break) -> None:
    @REFUTE
    @given(some_ids, kills)
    def holds(ids: list[str], kill_after: list[int | None]) -> None:
        assert_not_lost(ids, kill_after, broken)

    with pytest.raises(AssertionError):
        holds()


def test_an_event_is_posted_to_its_channel_and_kept_as_sent(desk: Desk) -> None:
    assert desk.take(opened()) == []
    assert [post["channel"] for post in desk.slack.posts] == ["C0INTAKE"]
    assert (desk.item()["state"], desk.item()["ts"]) == ("sent", "1.1")
    assert desk.status == "ok"


def test_a_repeated_event_is_not_posted_again(desk: Desk, logged: Logged) -> None:
    assert desk.take(opened(), opened()) == []
    assert desk.take(opened()) == []
    assert len(desk.slack.posts) == 1
    assert logged().count('"Repeated"') >= 2


def test_killed_between_claim_and_post_it_is_posted_when_the_claim_has_run_out(desk: Desk) -> None:
    def die() -> None:
        with pytest.raises(KilledError, match="before PostMessage"):
            desk.notify.handle(opened())

    while desk.steps.names[-1:] != ["before PostMessage"]:
        desk = Desk()
        desk.steps.kill_at = 7
        desk.run(die)
    assert desk.take(opened()) == []
    desk.sweep()
    assert desk.slack.posts == [], "somebody may still be posting it"
    desk.now += CLAIM_MS
    desk.sweep()
    assert desk.slack.ids == ["p1-1-1"]


def no_token(desk: Desk) -> None:
    desk.secrets.value = None


def token_refused(desk: Desk) -> None:
    desk.slack.says("invalid_auth")


def rate_limited(desk: Desk) -> None:
    desk.slack.says("ratelimited", 429)


def away(desk: Desk) -> None:
    desk.slack.error = ConnectionResetError()


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (no_token, NO_TOKEN),
        (token_refused, "token refused (invalid_auth): run `fleetctl secrets set slack`"),
        (rate_limited, "Slack is not taking messages (ratelimited)"),
        (away, "Slack cannot be reached (ConnectionResetError)"),
    ],
)
def test_what_slack_cannot_take_now_waits_with_a_clear_status_and_is_swept_later(
    desk: Desk, trouble: Break, status: str
) -> None:
    trouble(desk)
    assert desk.take(opened()) == []
    assert (desk.item()["state"], desk.status, desk.dead.messages) == ("waiting", status, [])
    desk.sweep()
    assert desk.slack.posts == []
    desk.secrets.value = "xoxb-2"
    desk.slack.works()
    desk.now += 300_000
    desk.sweep()
    assert desk.slack.ids == ["p1-1-1"]
    assert (desk.item()["state"], desk.status) == ("sent", "ok")
    desk.sweep()
    assert len(desk.slack.posts) == 1


def test_a_permanent_refusal_is_a_dead_letter_with_slacks_word(desk: Desk) -> None:
    desk.slack.says("channel_not_found")
    assert desk.take(opened(), opened("other")) == []
    attributes = desk.dead.messages[0]["MessageAttributes"]
    assert attributes["yagura-reason"]["StringValue"] == "slack"
    assert attributes["yagura-text"]["StringValue"] == "channel_not_found"
    assert desk.dead.messages[0]["MessageBody"] == opened()
    assert len(desk.dead.messages) == 2
    assert (desk.item()["state"], desk.item()["why"]) == ("refused", "channel_not_found")


def test_a_dead_letter_that_is_sent_back_after_the_repair_is_posted(desk: Desk) -> None:
    desk.slack.says("not_in_channel")
    desk.take(opened())
    desk.slack.works()
    desk.now += 10 * CLAIM_MS
    desk.take(opened())
    assert desk.slack.ids == ["p1-1-1"]


def test_a_dead_letter_that_is_sent_back_while_slack_is_away_waits_like_any_other(desk: Desk) -> None:
    desk.slack.says("not_in_channel")
    desk.take(opened())
    away(desk)
    desk.now += 10 * CLAIM_MS
    assert desk.take(opened()) == []
    desk.slack.works()
    desk.sweep()
    desk.now += 1
    desk.sweep()
    assert desk.slack.ids == ["p1-1-1"]


def test_a_refusal_whose_dead_letter_could_not_be_sent_is_told_the_next_time(desk: Desk) -> None:
    desk.slack.says("channel_not_found")
    desk.dead.error = client_error("InternalError", "SendMessage")
    assert desk.take(opened()) == ["m0"]
    desk.dead.error = None
    desk.now += CLAIM_MS
    assert desk.take(opened(), receives=2) == []
    assert desk.dead.reasons == ["slack"]
    assert json.loads(desk.dead.messages[0]["MessageBody"]) == json.loads(opened())


def test_a_swept_message_that_slack_refuses_is_a_dead_letter_too(desk: Desk) -> None:
    desk.secrets.value = None
    desk.take(opened())
    desk.secrets.value = "xoxb-1"
    desk.slack.says("channel_not_found")
    desk.now += 300_000
    desk.sweep()
    assert desk.dead.reasons == ["slack"]


def test_a_sweep_goes_on_after_a_message_that_slack_refuses(desk: Desk) -> None:
    desk.secrets.value = None
    desk.take(opened("a"), opened("b"))
    desk.secrets.value = "xoxb-1"
    desk.slack.says("channel_not_found")
    desk.now += 300_000
    desk.sweep()
    assert [desk.item(id_)["state"] for id_ in ("a", "b")] == ["refused", "refused"]


def test_a_sweep_goes_on_after_a_message_that_cannot_be_read(desk: Desk) -> None:
    desk.secrets.value = None
    desk.take(opened("a"), opened("b"))
    desk.dynamodb.items[key("a")]["message"] = {"S": "spoilt"}
    desk.secrets.value = "xoxb-1"
    desk.now += 300_000
    try:
        desk.sweep()
    except Exception:  # noqa: BLE001 - failing loudly at its end is right, stopping is not
        assert desk.slack.ids
    assert desk.slack.ids == ["b"]


def test_mode_off_keeps_messages_waiting_until_it_is_on_again(desk: Desk) -> None:
    desk.parameters.values["/yagura/mode/chatops"] = "off"
    assert desk.take(opened()) == []
    desk.sweep()
    assert (desk.slack.calls, desk.item()["state"]) == (0, "waiting")
    desk.parameters.values["/yagura/mode/chatops"] = "act"
    desk.now += 10_000
    desk.sweep()
    assert desk.slack.ids == ["p1-1-1"]


def test_an_event_from_outside_the_fleet_is_a_dead_letter_and_is_not_posted(desk: Desk) -> None:
    assert desk.take(opened(account="999900001111"), opened()) == []
    assert desk.dead.reasons == ["foreign"]
    assert len(desk.slack.posts) == 1


def test_a_forged_source_is_a_dead_letter_and_is_not_posted(desk: Desk) -> None:
    forged = json.loads(opened()) | {"source": "acme.findings"}
    assert desk.take(json.dumps(forged)) == []
    assert (desk.dead.reasons, desk.slack.calls, desk.dynamodb.items) == (["foreign"], 0, {})


def test_an_event_after_too_many_hops_is_a_dead_letter_called_loop(desk: Desk) -> None:
    assert desk.take(opened(hops=6)) == []
    assert (desk.dead.reasons, desk.slack.calls) == (["loop"], 0)


def test_a_table_that_is_away_makes_the_event_come_again(desk: Desk) -> None:
    desk.dynamodb.error = client_error("InternalServerError", "PutItem")
    assert desk.take(opened()) == ["m0"]
    desk.dynamodb.error = None
    assert desk.take(opened(), receives=2) == []
    assert len(desk.slack.posts) == 1


def test_a_secret_that_may_not_be_read_loses_nothing(desk: Desk) -> None:
    desk.secrets.error = client_error("AccessDeniedException", "GetSecretValue")
    assert desk.take(opened()) == []
    assert desk.slack.ids == []
    desk.secrets.error = None
    desk.now += CLAIM_MS
    desk.sweep()
    assert desk.slack.ids == ["p1-1-1"]


def test_nothing_of_an_event_or_a_token_is_logged(desk: Desk, logged: Logged) -> None:
    marker = "PATIENT-4711"
    body = opened(finding={"title": marker, "resource": marker})
    for trouble in (no_token, token_refused, rate_limited, away):
        trouble(desk)
        desk.take(body)
        desk.sweep()
        desk.secrets.value = "xoxb-1"
        desk.slack.works()
    desk.slack.says("channel_not_found")
    desk.now += 300_000
    desk.sweep()
    desk.take(opened("other", finding={"title": marker}))
    output = logged()
    assert "Waiting" in output
    assert marker not in output
    assert "xoxb" not in output
