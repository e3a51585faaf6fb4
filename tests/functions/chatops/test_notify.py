"""The function `notify`: what is kept is told, in its turn, whatever happens to Slack, the table or the function."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops import outbox
from functions.chatops.message import Priority
from functions.chatops.messages import key
from functions.chatops.outbox import LEASE_MS
from functions.chatops.posting import Answer
from tests.functions.chatops.office import HOOK, Context, Office, note, opened
from tests.functions.entry import batch
from tests.layers.fleet.fakes import KilledError, client_error, interleave
from tests.layers.fleet.refute import REFUTE

type Logged = Callable[[], str]
type Break = Callable[[Office], None]

NO_TOKEN = "no token: run `fleetctl secrets set slack`"
MINUTE = 60_000


@pytest.fixture
def office() -> Office:
    return Office()


def sound(_office: Office) -> None:
    """As it is."""


def subject(text: str) -> str:
    return text.partition(" v")[0]


def assert_told_once(subjects: Sequence[str], choices: Sequence[int], break_it: Break = sound) -> None:
    """Two pumps and a sweep in any interleaving, again and again: each message is posted exactly once."""
    office = Office()
    break_it(office)
    for name in subjects:
        office.keep(note(name))
    bodies = [json.dumps({"pump": "#intake"})] * 2

    def pump() -> None:
        for body in bodies:
            office.notify.handler(batch(body), Context())

    def sweep() -> None:
        office.notify.handler({"tick": 120}, Context())

    office.run(lambda: interleave(office.steps, [pump, pump, sweep], choices))
    office.drain()
    office.later(6 * MINUTE, every=3 * MINUTE)
    assert sorted(map(subject, office.slack.texts)) == sorted(set(subjects))
    assert len(office.slack.posts) == len(set(subjects))


def assert_not_lost(subjects: Sequence[str], kill_after: Sequence[int | None], break_it: Break = sound) -> None:
    """Killed at any step: every message is told; twice only if Slack had it before the kill."""
    office = Office()
    break_it(office)
    kills = 0
    for index, name in enumerate(subjects):
        after = kill_after[index % len(kill_after)]
        office.keep(note(name))
        office.steps.kill_at = None if after is None else office.steps.taken + after
        kills += after is not None
        office.drain(office.now + 2_000)
    office.steps.kill_at = None
    office.later(20 * MINUTE)
    assert set(map(subject, office.slack.texts)) == set(subjects)
    assert all(office.telling(name).state == "sent" for name in subjects)
    assert len(office.slack.posts) - len(set(subjects)) <= kills


some_subjects = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3)
choices_ = st.lists(st.integers(0, 5), max_size=60)
kills_ = st.lists(st.none() | st.integers(1, 30), min_size=1, max_size=3)


@given(some_subjects, choices_)
def test_pumps_side_by_side_tell_each_message_once(subjects: list[str], choices: list[int]) -> None:
    assert_told_once(subjects, choices)


@given(some_subjects, kills_)
def test_killed_at_any_step_nothing_is_lost(subjects: list[str], kill_after: list[int | None]) -> None:
    assert_not_lost(subjects, kill_after)


@pytest.mark.parametrize("step", range(1, 36))
def test_killed_at_each_single_step_nothing_is_lost(step: int) -> None:
    assert_not_lost(["a", "b"], [step])


@pytest.mark.parametrize("step", range(1, 60))
def test_killed_at_each_single_step_of_an_event_nothing_is_lost(step: int) -> None:
    office = Office()
    office.steps.kill_at = step
    office.queues.put(opened(finding={"severity": "CRITICAL"}))
    office.drain()
    office.steps.kill_at = None
    office.later(20 * MINUTE)
    assert len(office.slack.texts) in {1, 2}
    assert len(office.slack.posts) <= 2
    assert {event["event_action"] for event in office.web.events} == {"trigger"}
    assert office.telling().state == "sent"


def claims_without_condition(office: Office) -> None:
    """The lane is written over whoever came first."""
    store = office.notify.messages

    def save(lane: str, state: Any, *, over: Any, waits: bool | None = None) -> bool:
        item = office.table.get(f"lane#{lane}")
        written: bool = type(store).save_lane(store, lane, state, over=item, waits=waits)
        return written

    store.save_lane = save


def claims_without_lease(office: Office) -> None:
    """Whoever has the lane does not say so."""
    store, pump = office.notify.messages, office.notify.pump

    def claim(lane: str, _at: int) -> bool:
        return bool(store.lane(lane)[0].next_at <= office.now)

    pump._claim = claim


@pytest.mark.parametrize("broken", [claims_without_condition, claims_without_lease])
def test_the_property_of_telling_once_refutes(broken: Break) -> None:
    @REFUTE
    @given(some_subjects, choices_)
    def holds(subjects: list[str], choices: list[int]) -> None:
        assert_told_once(subjects, choices, broken)

    with pytest.raises(AssertionError):
        holds()


def leases_for_ever(office: Office) -> None:
    """A lease that never runs out."""
    pump = office.notify.pump
    claim = pump._claim

    def once(lane: str, at: int) -> bool:
        return office.notify.messages.lane(lane)[0].busy_until == 0 and bool(claim(lane, at))

    pump._claim = once


def marks_before_telling(office: Office) -> None:
    """The message is called sent, then it is posted."""
    slack, store = office.notify.slack, office.notify.messages
    post = slack.post

    def mark(message: Any, thread_ts: str = "") -> Any:
        pk = key(message.subject, message.channel)
        store.change(pk, lambda one: outbox.posted(one, message.version, office.now, place="C1", ts="0"), office.now)
        return post(message, thread_ts)

    slack.post = mark


def forgets_drafts_first(office: Office) -> None:
    """A draft is forgotten before its message stands in its lane."""
    store = office.notify.messages

    def place(now: int) -> set[str]:
        lanes = set()
        for pk in list(office.table.pending(before=10**15, of="draft")):
            item = office.table.get(pk) or {}
            office.table.put({"pk": pk, "v": 2}, over=item)
            message = json.loads(item["message"])
            store.keep(note(message["subject"], message["version"]), now)
            lanes.add(message["channel"])
        return lanes

    store.place_drafts = place


@pytest.mark.parametrize("broken", [leases_for_ever, marks_before_telling, forgets_drafts_first])
def test_the_property_of_losing_nothing_refutes(broken: Break) -> None:
    @REFUTE
    @given(some_subjects, kills_)
    def holds(subjects: list[str], kill_after: list[int | None]) -> None:
        assert_not_lost(subjects, kill_after, broken)

    with pytest.raises(AssertionError):
        holds()


def test_an_event_is_told_at_once_and_kept_with_where_it_stands(office: Office) -> None:
    assert office.take(opened()) == []
    assert [post["channel"] for post in office.slack.posts] == ["#intake"]
    telling = office.telling()
    assert (telling.state, telling.posted, telling.place, telling.ts) == ("sent", 1, "C00000000", "1.1")
    assert office.status == "ok"
    assert office.queues.waiting == []


def test_a_repeated_event_is_not_told_again(office: Office, logged: Logged) -> None:
    assert office.take(opened(), opened()) == []
    office.later(5 * MINUTE)
    assert len(office.slack.posts) == 1
    assert logged().count('"Repeated"') == 2  # the name of the metric, and its value


def test_the_second_message_of_a_channel_goes_a_second_later_and_that_of_another_at_once(office: Office) -> None:
    began = office.now
    office.take(opened("a"), opened("b"), opened("c", service="x"))
    assert [said["channel"] for said in office.slack.posts] == ["#intake", "#front"]
    office.drain()
    assert [at - began for _, _, at in office.slack.calls] == [0, 0, 1000]


def test_what_was_told_is_edited_in_place_by_a_newer_version(office: Office) -> None:
    office.keep(note(version=1))
    office.drain()
    office.keep(note(version=2, blocks=[]))
    office.drain()
    assert [method for method, _, _ in office.slack.calls] == ["chat.postMessage", "chat.update"]
    assert list(office.slack.shown) == [("C00000000", "1.1")]
    assert office.slack.texts == ["m v2"]
    assert "blocks" not in office.slack.calls[1][1], "so the buttons go"


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=10))
def test_any_order_and_multiplicity_of_versions_ends_with_the_newest_in_one_message(
    versions: list[tuple[int, int]],
) -> None:
    office = Office()
    for version, seconds in versions:
        office.keep(note(version=version))
        office.drain(office.now + seconds * 700)
    office.drain()
    assert len(office.slack.posts) == 1
    assert office.slack.texts == [f"m v{max(version for version, _ in versions)}"]


def test_edits_that_come_quickly_collapse(office: Office) -> None:
    for version in range(1, 9):
        office.keep(note(version=version))
    office.drain()
    assert [said["text"] for _, said, _ in office.slack.calls] == ["m v8"]


def test_a_message_that_was_deleted_in_slack_is_posted_anew(office: Office) -> None:
    office.keep(note(version=1))
    office.drain()
    office.slack.shown.clear()
    office.keep(note(version=2))
    office.drain()
    assert office.slack.texts == ["m v2"]
    assert [method for method, _, _ in office.slack.calls] == ["chat.postMessage", "chat.update", "chat.postMessage"]
    assert office.dead.messages == []


def test_a_reply_waits_for_its_parent_and_stands_under_it(office: Office) -> None:
    office.keep(note("reply", thread="m", priority=Priority.CRITICAL), note("m"))
    office.drain(office.now + 5 * MINUTE)
    assert [said["text"] for said in office.slack.posts] == ["m v1", "reply v1"]
    assert office.slack.posts[1]["thread_ts"] == "1.1"


def test_a_reply_whose_parent_never_comes_stands_alone_in_the_end(office: Office) -> None:
    office.keep(note("reply", thread="nobody"), note("other"))
    office.later(outbox.PARENT_MS - MINUTE)
    assert office.slack.texts == ["other v1"]
    office.later(5 * MINUTE)
    assert office.slack.texts == ["other v1", "reply v1"]
    assert "thread_ts" not in office.slack.posts[1]


def no_token(office: Office) -> None:
    office.secrets.value = None


def token_refused(office: Office) -> None:
    office.slack.says("invalid_auth")


def rate_limited(office: Office) -> None:
    office.slack.says("ratelimited", 429)


def away(office: Office) -> None:
    office.slack.error = ConnectionResetError()


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (no_token, NO_TOKEN),
        (token_refused, "token refused (invalid_auth): run `fleetctl secrets set slack`"),
        (rate_limited, "Slack is not taking messages (ratelimited)"),
        (away, "Slack cannot be reached (ConnectionResetError)"),
    ],
)
def test_what_slack_cannot_take_now_waits_with_a_clear_status_and_is_told_later(
    office: Office, trouble: Break, status: str
) -> None:
    trouble(office)
    assert office.take(opened()) == []
    assert (office.telling().state, office.status, office.dead.messages) == ("waiting", status, [])
    office.later(10 * MINUTE)
    assert office.slack.texts == []
    office.secrets.value = "xoxb-2"
    office.slack.works()
    office.later(6 * MINUTE)
    assert len(office.slack.texts) == 1
    assert (office.telling().state, office.status) == ("sent", "ok")
    office.later(10 * MINUTE)
    assert len(office.slack.texts) == 1


def test_a_channel_waits_as_long_as_slack_says_and_no_other_does(office: Office) -> None:
    office.slack.says("ratelimited", 429, Retry_After="40")
    office.take(opened())
    office.slack.works()
    began = office.now
    office.take(opened("b", service="x"), opened("c"))
    assert [said["channel"] for said in office.slack.posts[1:]] == ["#front"]
    office.drain(began + 39_999)
    assert len(office.slack.texts) == 1
    office.drain(began + 40_000)
    assert len(office.slack.texts) == 2


def test_tries_come_ever_more_seldom_while_slack_is_away(office: Office) -> None:
    away(office)
    office.take(opened())
    office.later(60 * MINUTE)
    assert 15 < len(office.slack.calls) < 25


def test_a_message_that_slack_chokes_on_steps_aside_after_some_tries(office: Office) -> None:
    def chokes(_method: str, said: dict[str, Any]) -> tuple[str, int, bool] | None:
        return ("internal_error", 200, False) if said["text"] == "bad v1" else None

    office.slack.trouble = chokes
    office.keep(note("bad"))
    office.now += 1
    office.keep(note("good"))
    office.drain(office.now + 10 * MINUTE)
    assert office.slack.texts == ["good v1"]
    assert office.telling("bad").state == "waiting"


def test_after_a_day_of_tries_a_message_is_a_dead_letter_that_can_be_redriven(office: Office) -> None:
    away(office)
    office.take(opened())
    office.later(outbox.GIVE_UP_MS + 10 * MINUTE, every=60 * MINUTE)
    assert office.telling().state == "refused"
    assert office.dead.reasons == ["slack"]
    office.slack.works()
    office.later(10 * MINUTE)
    assert office.slack.texts == []
    office.take(office.dead.messages[0]["MessageBody"])
    assert len(office.slack.texts) == 1


def test_a_permanent_refusal_is_a_dead_letter_with_slacks_word_and_where_it_goes_back_to(office: Office) -> None:
    office.slack.says("channel_not_found")
    assert office.take(opened()) == []
    (letter,) = office.dead.messages
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (attributes["yagura-reason"], attributes["yagura-text"]) == ("slack", "channel_not_found")
    assert attributes["yagura-queue"] == "arn:aws:sqs:eu-west-1:111122223333:yagura-chatops"
    assert json.loads(letter["MessageBody"]) == {"pump": "#intake", "message": "message#problem#p1-1-1@#intake"}
    assert (office.telling().state, office.telling().why) == ("refused", "channel_not_found")


def test_a_dead_letter_that_is_sent_back_after_the_repair_is_told_once(office: Office) -> None:
    office.slack.says("not_in_channel")
    office.take(opened())
    office.slack.works()
    body = office.dead.messages[0]["MessageBody"]
    office.now += MINUTE
    office.take(body, body)
    office.take(body)
    office.later(5 * MINUTE)
    assert len(office.slack.texts) == 1


def test_an_event_that_is_redriven_after_its_message_was_refused_does_not_revive_it(office: Office) -> None:
    office.slack.says("not_in_channel")
    office.take(opened())
    office.slack.works()
    office.later(5 * MINUTE)
    office.take(opened())
    office.later(5 * MINUTE)
    assert office.slack.texts == []


def test_a_newer_version_of_a_refused_message_is_tried(office: Office) -> None:
    office.slack.says("not_in_channel")
    office.keep(note(version=1))
    office.drain()
    office.slack.works()
    office.keep(note(version=2))
    office.drain()
    assert office.slack.texts == ["m v2"]


def test_a_refused_message_keeps_those_behind_it_from_nothing(office: Office) -> None:
    office.slack.trouble = lambda _method, said: ("invalid_blocks", 200, False) if said["text"] == "a v1" else None
    office.keep(note("a"), note("b"))
    office.drain()
    assert office.slack.texts == ["b v1"]
    assert office.dead.reasons == ["slack"]


def test_a_refusal_whose_dead_letter_could_not_be_sent_is_told_the_next_time(office: Office) -> None:
    office.slack.says("channel_not_found")
    office.dead.error = client_error("InternalError", "SendMessage")
    assert office.take(opened()) == ["m0"]
    office.dead.error = None
    office.later(5 * MINUTE)
    assert office.dead.reasons == ["slack"]
    assert office.telling().state == "refused"


def test_a_message_that_cannot_be_read_is_a_dead_letter_and_the_others_are_told(office: Office) -> None:
    office.secrets.value = None
    office.take(opened("a"), opened("b"))
    office.dynamodb.items[key("problem#a", "#intake")]["telling"] = {"S": "spoilt"}
    office.secrets.value = "xoxb-1"
    office.later(6 * MINUTE)
    assert len(office.slack.texts) == 1
    assert office.dead.reasons == ["unreadable"]


def test_mode_off_keeps_messages_and_pages_waiting_until_it_is_on_again(office: Office) -> None:
    office.parameters.values["/yagura/mode/chatops"] = "off"
    assert office.take(opened(finding={"severity": "CRITICAL"})) == []
    office.later(5 * MINUTE)
    assert (office.slack.calls, office.web.events, office.telling().state) == ([], [], "waiting")
    office.parameters.values["/yagura/mode/chatops"] = "observe"
    office.later(5 * MINUTE)
    assert (len(office.slack.texts), len(office.web.events)) == (1, 1)


def test_an_answer_to_one_person_goes_to_its_address_and_never_waits_for_the_channel(office: Office) -> None:
    away(office)
    office.keep(note("a"), note("answer", reply_url=HOOK))
    office.drain(office.now + MINUTE)
    assert [said["text"] for said in office.web.replies] == ["answer v1"]


def test_an_answer_is_dropped_and_counted_half_an_hour_after_it_was_kept(office: Office, logged: Logged) -> None:
    office.web.answer = Answer(503, "", 0)
    office.keep(note(reply_url=HOOK))
    office.later(outbox.REPLY_MS - MINUTE)
    assert office.telling("m").state == "waiting"
    office.web.answer = None
    logged()
    office.parameters.values["/yagura/mode/chatops"] = "off"
    office.later(2 * MINUTE)
    office.parameters.values["/yagura/mode/chatops"] = "act"
    office.later(10 * MINUTE)
    assert office.web.replies == []
    assert (office.telling("m").state, office.telling("m").why) == ("dropped", "expired")
    assert '"Dropped"' in logged()
    assert office.dead.messages == []


def test_an_answer_that_grows_uses_its_address_four_times_at_most_and_shows_its_end(office: Office) -> None:
    for version in range(1, 30):
        office.keep(note(version=version, reply_url=HOOK))
        office.drain(office.now + 1_500)
    office.later(5 * MINUTE)
    assert len(office.web.replies) <= 4
    assert office.web.replies[-1]["text"] == "m v29"


def test_an_answer_whose_address_is_used_up_is_dropped_without_a_dead_letter(office: Office) -> None:
    office.web.answer = Answer(404, "used_url", 0)
    office.keep(note(reply_url=HOOK))
    office.drain()
    assert (office.telling("m").state, office.telling("m").why, office.dead.messages) == ("dropped", "used_url", [])


def test_an_answer_to_an_address_that_is_not_slacks_is_refused(office: Office) -> None:
    office.keep(note(reply_url="https://evil.test/hooks"))
    office.drain()
    assert office.telling("m").state == "refused"
    assert office.dead.reasons == ["slack"]


def digests(office: Office) -> list[dict[str, Any]]:
    return [said for said in office.slack.posts if said["text"].endswith("since there were too many")]


def crowd(office: Office, count: int, **changes: Any) -> None:
    for number in range(count):
        severity = "HIGH" if number % 3 else "LOW"
        office.store.keep(note(f"n{number:03}", severity=severity, owner="front-door", **changes), office.now)
        office.now += 1


def test_too_many_messages_become_one_digest_that_counts_and_names_them(office: Office) -> None:
    crowd(office, 45)
    office.later(5 * MINUTE)
    (said,) = office.slack.posts
    text = "\n".join(block["text"]["text"] for block in said["blocks"])
    assert "45 messages in one" in text
    assert "*Severity:* 30 HIGH, 15 LOW" in text
    assert "*Owner:* 45 front-door" in text
    assert [f"n{number:03}" in text for number in range(45)] == [True] * 30 + [False] * 15
    assert "and 15 more" in text
    assert all(office.telling(f"n{number:03}").state == "told" for number in range(45))
    digest = office.telling("n007").digest
    assert office.telling(digest).state == "sent"


def test_twenty_messages_are_told_one_by_one(office: Office) -> None:
    crowd(office, 20)
    office.later(5 * MINUTE)
    assert office.slack.texts == [f"n{number:03} v1" for number in range(20)]


def test_critical_ones_are_never_collapsed_and_go_before_the_digest(office: Office) -> None:
    crowd(office, 30)
    for number in range(25):
        office.store.keep(note(f"c{number:02}", priority=Priority.CRITICAL), office.now + number)
    office.later(5 * MINUTE)
    assert [said["text"] for said in office.slack.posts[:-1]] == [f"c{number:02} v1" for number in range(25)]
    assert len(digests(office)) == 1


def test_a_newer_version_of_what_a_digest_told_is_told_by_itself(office: Office) -> None:
    crowd(office, 30)
    office.later(5 * MINUTE)
    office.keep(note("n003", 2))
    office.drain()
    assert len(digests(office)) == 1
    assert office.slack.texts[1:] == ["n003 v2"]


def test_what_belongs_where_it_stands_is_not_collapsed(office: Office) -> None:
    office.keep(note("edited"), note("m"))
    office.drain()
    crowd(office, 30)
    office.keep(note("edited", 2), note("reply", thread="m"))
    office.later(5 * MINUTE)
    assert "edited v2" in office.slack.texts
    assert [said["thread_ts"] for said in office.slack.posts if "thread_ts" in said] == ["1.2"]
    assert len(digests(office)) == 1


@pytest.mark.parametrize("step", [*range(1, 12), *range(12, 160, 7)])
def test_killed_while_a_digest_is_made_everything_is_told_and_nothing_twice_by_itself(step: int) -> None:
    office = Office()
    crowd(office, 25)
    office.tick()
    office.steps.kill_at = office.steps.taken + step
    office.later(10 * MINUTE)
    office.steps.kill_at = None
    office.later(10 * MINUTE)
    told = "\n".join(json.dumps(said["blocks"]) + said["text"] for said in office.slack.posts)
    assert all(f"n{number:03}" in told for number in range(25))
    assert len(digests(office)) in {1, 2}
    assert [said for said in office.slack.posts if said not in digests(office)] == []


def test_a_pump_that_finds_nothing_looks_once_more(office: Office) -> None:
    office.queues.put('{"pump": "#intake"}')
    office.drain(office.now + 1_000)
    office.keep(note())
    del office.queues.waiting[-1]  # it was not hurried
    office.drain()
    assert office.slack.texts == ["m v1"]
    assert office.queues.waiting == []


def test_what_was_not_hurried_is_found_by_the_tick(office: Office) -> None:
    office.keep(note())
    office.queues.waiting.clear()
    office.later(5 * MINUTE)
    assert office.slack.texts == ["m v1"]


def test_a_tick_calls_no_pump_where_one_is_underway(office: Office) -> None:
    away(office)
    office.take(opened())
    before = len(office.queues.waiting)
    for _ in range(3):
        office.tick()
    assert len(office.queues.waiting) == before


def test_many_events_of_one_channel_call_for_one_pump(office: Office) -> None:
    office.take(*[opened(f"e{number}") for number in range(15)])
    assert len(office.queues.waiting) == 1


def test_a_tick_without_time_leaves_the_rest_to_the_next(office: Office) -> None:
    for number in range(5):
        office.store.keep(note(channel=f"#c{number}"), office.now)
    office.now += 5 * MINUTE
    left = iter([30_000, 30_000, 1_000])

    class Hurried:
        def get_remaining_time_in_millis(self) -> int:
            return next(left)

    office.run(lambda: office.notify.handler({"tick": 120}, Hurried()))
    assert len(office.queues.waiting) == 2
    office.tick()
    assert len(office.queues.waiting) == 5


def test_a_pump_that_comes_too_early_is_called_again(office: Office) -> None:
    office.take(opened("a"), opened("b"))
    ((at, _, body),) = office.queues.waiting
    office.queues.waiting.clear()
    office.now = at - 300
    office.take(body)
    office.drain()
    assert len(office.slack.texts) == 2


def test_a_queue_that_takes_no_calls_loses_nothing(office: Office) -> None:
    office.queues.own.error = client_error("InternalError", "SendMessage")
    assert office.take(opened("a"), opened("b")) == []
    office.queues.own.error = None
    office.later(10 * MINUTE)
    assert len(office.slack.texts) == 2


def test_an_event_from_outside_the_fleet_is_a_dead_letter_and_is_not_told(office: Office) -> None:
    assert office.take(opened(account="999900001111"), opened()) == []
    assert office.dead.reasons == ["foreign"]
    assert len(office.slack.posts) == 1


def test_a_forged_source_is_a_dead_letter_and_is_not_told(office: Office) -> None:
    forged = json.loads(opened()) | {"source": "acme.findings"}
    assert office.take(json.dumps(forged)) == []
    assert (office.dead.reasons, office.slack.calls, office.dynamodb.items) == (["foreign"], [], {})


def test_an_event_after_too_many_hops_is_a_dead_letter_called_loop(office: Office) -> None:
    assert office.take(opened(hops=6)) == []
    assert (office.dead.reasons, office.slack.calls) == (["loop"], [])


@pytest.mark.parametrize("body", ["{}", '{"id": "x"}', "[]", '{"pump": 7}', "no JSON"])
def test_what_is_neither_an_event_nor_a_call_is_a_dead_letter(office: Office, body: str) -> None:
    assert office.take(body) == []
    assert office.dead.reasons == ["malformed"]


def test_a_table_that_is_away_makes_the_event_come_again(office: Office) -> None:
    office.dynamodb.error = client_error("InternalServerError", "PutItem")
    assert office.take(opened()) == ["m0"]
    office.dynamodb.error = None
    assert office.take(opened(), receives=2) == []
    assert len(office.slack.posts) == 1


def test_a_secret_that_may_not_be_read_loses_nothing(office: Office) -> None:
    office.secrets.error = client_error("AccessDeniedException", "GetSecretValue")
    assert office.take(opened()) == []
    assert office.slack.texts == []
    office.secrets.error = None
    office.later(5 * MINUTE)
    assert len(office.slack.texts) == 1


def test_who_dies_while_telling_leaves_the_lane_until_the_lease_has_run_out(office: Office) -> None:
    office.keep(note())
    office.queues.waiting.clear()

    def die(_method: str, _said: object) -> None:
        raise KilledError

    office.slack.trouble = die
    with pytest.raises(KilledError):
        office.take('{"pump": "#intake"}')
    office.slack.works()
    office.queues.put('{"pump": "#intake"}')
    office.drain(office.now + LEASE_MS - 1)
    assert len(office.slack.calls) == 1, "somebody may still be telling it"
    office.later(5 * MINUTE)
    assert office.slack.texts == ["m v1"]


def test_nothing_of_an_event_or_a_token_is_logged(office: Office, logged: Logged) -> None:
    marker = "PATIENT-4711"
    body = opened(finding={"title": marker, "resource": marker, "severity": "CRITICAL"})
    office.web.answer = Answer(500, marker, 0)
    for trouble in (no_token, token_refused, rate_limited, away):
        trouble(office)
        office.take(body)
        office.later(10 * MINUTE)
        office.secrets.value = "xoxb-1"
        office.slack.works()
    office.slack.says("channel_not_found")
    office.keep(note(text=marker, reply_url=HOOK))
    office.later(10 * MINUTE)
    office.take(opened("other", finding={"title": marker}))
    output = logged()
    assert "Waiting" in output
    assert marker not in output
    assert "xoxb" not in output
    assert HOOK not in output
