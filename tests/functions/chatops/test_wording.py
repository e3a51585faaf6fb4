"""What people read about a request, in every state; nothing of it is Slack's markup but ours, nor a person's data."""

import json
from typing import Any

import msgspec
import pytest

from functions.chatops import wording
from functions.chatops.message import Message, Priority
from functions.chatops.request import Answer, Request, Status, Vote
from local.slack_limits import refusal
from tests.functions.chatops.core import FLEET
from tests.functions.chatops.requests import HUB, NOW, SPOKE, STATUSES, request

replace = msgspec.structs.replace
DONE = Answer(outcome="done", headline="2 of 2 moved", at=NOW, table=[["id", "state"], ["m-1", "moved"]])


def said(one: Request, version: int = 1) -> Message:
    return wording.request_message(one, version, FLEET)


def body(one: Request) -> str:
    """All that stands in the message."""
    return json.dumps(said(one).blocks, ensure_ascii=False).replace("\\n", "\n")


def buttons(one: Request) -> list[tuple[str, str]]:
    blocks: list[Any] = said(one).blocks
    actions = [block for block in blocks if block["type"] == "actions"]
    return [(each["action_id"], each["value"]) for block in actions for each in block["elements"]]


def test_a_message_is_one_for_the_request_in_the_approvals_channel_and_goes_first() -> None:
    message = said(request(), 3)
    assert (message.subject, message.channel, message.version) == ("request#r-0123456789", "#approvals", 3)
    assert (message.priority, message.reply_url, message.thread) == (Priority.CRITICAL, "", "")


def test_an_open_request_says_what_where_who_until_when_and_who_said_yes() -> None:
    one = request(tier=2, votes=[Vote("ben", NOW)], facts=[["queue", "orders-dead-letters"], ["messages", "2"]])
    until = "2025-10-09 16:53 UTC"
    state = f"needs two other people of sre until {until}; ben said yes"
    assert body(one).count(
        f"*Where:* spoke\n*Requested by:* aiko\n*State:* {state}\n*queue:* orders-dead-letters\n*messages:* 2"
    )
    assert said(one).text == f":hourglass_flowing_sand: queues redrive in spoke: {state}"
    assert "request `r-0123456789`" in body(one)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": "GRANTED", "decided_by": ["ben", "dai"]}, ":arrow_forward: {}: granted by ben, dai, under way"),
        ({"status": "GRANTED", "tier": 0}, ":arrow_forward: {}: under way"),
        ({"status": "DENIED", "decided_by": ["ben"]}, ":no_entry: {}: denied by ben"),
        ({"status": "DENIED", "turned_down": "needs_step_up"}, ":no_entry: {}: denied"),
        ({"status": "CANCELLED", "decided_by": ["aiko"]}, ":wastebasket: {}: cancelled by aiko"),
        ({"status": "EXPIRED"}, ":clock8: {}: expired"),
        ({"status": "DONE", "decided_by": ["ben"]}, ":white_check_mark: {}: done, granted by ben"),
        ({"status": "DONE", "tier": 0}, ":white_check_mark: {}: done"),
        ({"status": "DONE", "decided_by": ["ben"], "reviews": "r-1"}, ":white_check_mark: {}: reviewed by ben"),
        ({"status": "FAILED", "decided_by": ["ben"]}, ":x: {}: failed, granted by ben"),
    ],
)
def test_each_state_is_said_in_few_words(changes: dict[str, Any], state: str) -> None:
    assert said(request(**changes)).text == state.format("queues redrive in spoke")


@pytest.mark.parametrize("status", STATUSES)
def test_there_are_buttons_only_while_it_is_open(status: Status) -> None:
    names = [name for name, _ in buttons(request(status=status))]
    assert names == (["approve", "deny", "break_glass"] if status == "PENDING" else [])


def test_buttons_carry_the_id_and_nothing_else() -> None:
    assert {value for _, value in buttons(request())} == {"r-0123456789"}


def test_a_review_is_only_done_and_what_a_capability_asked_has_a_glass_too() -> None:
    assert [name for name, _ in buttons(request(reviews="r-1"))] == ["approve"]
    assert [name for name, _ in buttons(request(asked=True))] == ["approve", "deny", "break_glass"]
    blocks: list[Any] = said(request(reviews="r-1")).blocks
    assert blocks[-2]["elements"][0]["text"]["text"] == "Reviewed"


@pytest.mark.parametrize("status", STATUSES)
def test_what_would_be_touched_is_shown_until_it_is_over(status: Status) -> None:
    one = request(status=status, table=[["id"], ["m-1"]])
    assert ("```id\nm-1```" in body(one)) == (status in {"PENDING", "GRANTED"})


def test_what_went_wrong_stands_first_and_all_of_it_fits_into_a_message() -> None:
    answers = {str(SPOKE): DONE, str(HUB): replace(DONE, outcome="refused", headline="not now", table=[])}
    text = body(request(status="GRANTED", targets=[HUB, SPOKE], answers=answers))
    assert text.index(":no_entry: *hub* not now") < text.index(":white_check_mark: *spoke* 2 of 2 moved")
    assert "```id   state\nm-1  moved```" in text
    many = [replace(SPOKE, region=f"r{n}") for n in range(60)]
    full = replace(DONE, table=[["id", "what"], *([f"m-{n}", "x" * 60] for n in range(20))])
    failed = replace(DONE, outcome="failed", headline="AWS did not do it")
    answers = {str(place): full for place in many} | {str(many[-1]): failed}
    crowd = request(status="FAILED", targets=many, answers=answers)
    assert refusal({"channel": "C1", "text": "t", "blocks": said(crowd).blocks}) is None
    assert "AWS did not do it" in body(crowd)
    assert "more, which this message has no room for" in body(crowd)


def test_all_that_is_approved_can_be_read() -> None:
    ids = [f"{n:08d}-b9d5-4e2c-8a4a-1f0a5c2d7e11" for n in range(20)]
    rows = [["Message", "Reason", "Age", "Goes back to"], *([each, "r" * 60, "9 min", "q" * 60] for each in ids)]
    one = request(table=rows)
    assert refusal({"channel": "C1", "text": "t", "blocks": said(one).blocks}) is None
    assert all(each in body(one) for each in ids)


def test_what_others_write_cannot_look_like_what_the_fleet_says() -> None:
    reason = "payments down\n*State:* granted by ben\n*Requested by:* chie `x`"
    text = body(request(break_glass=reason, facts=[["a\n*State:*", "done\n*Where:* hub"]] * 30))
    assert text.count("*State:*") == text.count("*Where:*") == text.count("*Requested by:*") == 1
    assert len(text) < 3000


def test_a_broken_glass_and_a_note_are_said() -> None:
    text = body(request(status="GRANTED", break_glass="the shop is down", note="no"))
    assert "*Glass broken:* the shop is down\n*Said:* no" in text
    assert "Glass broken" not in body(request())
    assert "*Said:*" not in body(request())


def test_what_has_no_place_is_in_the_hub() -> None:
    assert "*Where:* hub" in body(request(targets=[]))
    assert "*Where:* hub, spoke" in body(request(targets=[HUB, SPOKE]))


# The answer to whoever asked


def test_an_answer_goes_to_whoever_asked_with_what_is_still_missing() -> None:
    one = request(targets=[HUB, SPOKE], answers={str(SPOKE): DONE}, reply_url="https://hooks/1", channel="C1")
    message = wording.answers_reply(one, 4, FLEET)
    assert (message.subject, message.channel, message.reply_url) == ("answer#r-0123456789", "C1", "https://hooks/1")
    assert message.version == 4
    assert message.text.endswith(":hourglass_flowing_sand: 1 of 2 accounts have not answered yet\n`r-0123456789`")
    full = wording.answers_reply(replace(one, targets=[SPOKE]), 5, FLEET)
    assert "have not answered" not in full.text


def test_a_reply_is_within_slacks_limits() -> None:
    message = wording.reply("s", ["x" * 4000] * 60, reply_url="", channel="U0AIKO00000")
    assert len(message.text) == 3000
    assert message.text.endswith("…")
    assert refusal({"channel": "C1", "text": message.text, "blocks": message.blocks}) is None
    assert all(len(block["text"]["text"]) <= 3000 for block in message.blocks)  # type: ignore[index]
    assert message.version == 1


# Loud


def test_a_broken_glass_wakes_the_channel_and_says_who_why_and_who_must_look() -> None:
    message = wording.loud(request(break_glass="the shop is down"), "#payments", FLEET)
    assert (message.subject, message.channel, message.version) == ("glass#r-0123456789", "#payments", 1)
    assert message.text == (
        ":rotating_light: *aiko broke the glass* for queues redrive in spoke (`r-0123456789`)\n"
        "*Reason:* the shop is down\nSomebody else of sre must review it."
    )
    blocks: list[Any] = message.blocks
    assert blocks[0]["text"]["text"] == f"<!channel> {message.text}"
    asked = request(requester="yagura.x", asked=True, decided_by=["ben"], break_glass="the shop is down")
    assert "*ben broke the glass*" in wording.loud(asked, "#payments", FLEET).text


# Tables


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], ""),
        ([["a"]], "a"),
        ([["id", "n"], ["m-1", "1"]], "id   n\nm-1  1"),
        ([["id", "n"], ["long-one"]], "id  n\nlong-one"),
        (
            [["Team", "Open", "Age"], ["a", "12", "1 d"], ["Noise", "a long text"]],
            "Team   Open  Age\na      12    1 d\nNoise  a long text",
        ),
        ([["a", ""], ["b", ""]], "a\nb"),
        ([["x" * 61]], "x" * 59 + "…"),
        ([["x" * 60]], "x" * 60),
    ],
)
def test_rows_are_aligned_and_long_cells_are_cut(rows: list[list[str]], text: str) -> None:
    assert wording.tables(rows) == ([f"```{text}```"] if rows else [])


@pytest.mark.parametrize("rows", [1, 30, 100])
def test_a_long_table_is_several_texts_and_loses_no_row(rows: int) -> None:
    texts = wording.tables([[f"row{n}", "x" * 60] for n in range(rows)])
    lines = [line for text in texts for line in text.strip("`").split("\n")]
    assert [line.split()[0] for line in lines] == [f"row{n}" for n in range(rows)]
    assert all(len(text) <= 3000 for text in texts)


# What may not go out

MARKUP = "<!channel> <@U1> <https://evil|here> & more"


def test_nobody_else_writes_slacks_markup() -> None:
    one = request(
        headline=MARKUP, facts=[[MARKUP, MARKUP]], table=[[MARKUP]], break_glass=MARKUP, note=MARKUP, status="GRANTED",
        answers={str(SPOKE): replace(DONE, headline=MARKUP, table=[[MARKUP]])},
    )  # fmt: skip
    messages = [said(one), wording.answers_reply(one, 1, FLEET), wording.loud(replace(one), "#c", FLEET)]
    for message in messages:
        blocks: list[Any] = message.blocks
        texts = [message.text, *(block["text"]["text"] for block in blocks if block["type"] == "section")]
        for text in texts:
            assert "<@" not in text
            assert "<https" not in text
            assert text.count("<!channel>") <= (message.subject.startswith("glass#") and text != message.text)


def test_numbers_of_people_go_nowhere_and_times_and_ids_of_ours_stay() -> None:
    number = "4929 1234 5678 9012"
    one = request(
        headline=f"for {number}", facts=[["who", number], ["account", "222222222222"], ["count", "123456"]],
        table=[[number]], break_glass=number, note=number, answers={str(SPOKE): replace(DONE, headline=number)},
    )  # fmt: skip
    for message in (said(one), wording.answers_reply(one, 1, FLEET), wording.loud(one, "#c", FLEET)):
        assert "1234 5678" not in message.text + json.dumps(message.blocks)
    assert "*account:* 222222222222" in body(one)
    assert "*count:* 123456" in body(one)
    assert "until 2025-10-09 16:53 UTC" in said(one).text
    assert "*n:* [masked]" in body(request(facts=[["n", "1234567"]]))


# The form, and the tiers


def test_the_form_asks_why_and_carries_the_id() -> None:
    view: Any = wording.reason_view("r-0123456789")
    assert (view["callback_id"], view["private_metadata"]) == ("break_glass", "r-0123456789")
    (block,) = [each for each in view["blocks"] if each["type"] == "input"]
    assert (block["block_id"], block["element"]["action_id"]) == ("reason", "reason")
    assert (block["element"]["min_length"], block["element"]["max_length"]) == (10, 500)
    assert len(view["title"]["text"]) <= 24
    assert "`r-0123456789` will run now, on your word alone" in view["blocks"][0]["text"]["text"]


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        (0, "needs nobody else"),
        (1, "needs one other person"),
        (2, "needs two other people"),
        (3, "needs a second factor on the dashboard"),
        (4, "needs a second factor on the dashboard"),
    ],
)
def test_a_tier_in_words(tier: int, words: str) -> None:
    assert wording.tier_words(tier) == words
