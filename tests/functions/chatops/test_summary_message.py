"""A team's problems summed up in one message, of the parts that accounts send."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.events.envelope import receive
from fleet.events.findings import FindingsSummarized
from fleet.refusal import RefusedError
from functions.chatops.message import Message, Priority
from functions.chatops.summary_message import Summary, joined, message, summary_of
from tests.functions.chatops.problem_events import ARN, OPENED_AT, ROUTES, summarized

HUB, CLINIC = "111122223333", "444455556666"
PROBLEM = "0a" * 16


def worst(**changes: Any) -> dict[str, Any]:
    known = {"problem": PROBLEM, "severity": "HIGH", "control": "S3.8", "resource": ARN, "title": "Buckets", "due": 0}
    return known | {"opened": OPENED_AT} | changes


def part(account: str = HUB, **changes: Any) -> Summary:
    known: dict[str, Any] = {"open": {"HIGH": 2, "CRITICAL": 1}, "controls": {"S3.8": 3}, "first": [worst()]}
    return summary_of(receive(FindingsSummarized, summarized(account, **(known | changes))), ROUTES)


def of(*parts: Summary) -> Summary:
    found: Summary | None = None
    for each in parts:
        found = joined(found, each) or found
    assert found
    return found


def said(*parts: Summary) -> Message:
    return message(of(*parts), "digest#front-door#2026-03-02", 7)


def texts(message: Message) -> list[str]:
    return [block["text"]["text"] for block in message.blocks]  # type: ignore[index]


def facts(*parts: Summary) -> list[str]:
    return texts(said(*parts))[1].splitlines()


def test_a_digest_says_what_a_team_has_to_know() -> None:
    one = part(opened={"HIGH": 1}, overdue=1, suppressed=4, unexplained=2, ending=1, oldest=OPENED_AT)
    found = said(one)
    assert (found.subject, found.version, found.channel) == ("digest#front-door#2026-03-02", 7, "#front")
    assert (found.priority, found.owner, found.news) == (Priority.NORMAL, "front-door", 0)
    assert found.text == "front-door on 2026-03-02: 3 open problems (1 CRITICAL, 2 HIGH)"
    assert facts(one) == [
        "*Open:* 3 (1 CRITICAL, 2 HIGH)",
        "*New:* 1 (1 HIGH)",
        "*Overdue:* 1",
        "*Suppressed:* 4, 1 ending within 7 days, 2 that nothing of ours explains",
        "*Oldest:* open since 2026-03-02",
        "*Most frequent:* S3.8 (3)",
        "*Accounts:* 1",
    ]
    head, _, *lines = texts(found)
    assert [head, *lines] == [
        "front-door on 2026-03-02",
        f":red_circle: HIGH S3.8: Buckets ({ARN}), open since 2026-03-02\n`/yagura findings show hub {PROBLEM}`",
    ]


def test_what_there_is_none_of_is_left_out() -> None:
    assert facts(part(controls={}, open={"LOW": 1})) == ["*Open:* 1 (1 LOW)", "*New:* 0", "*Accounts:* 1"]


def test_suppressions_alone_are_told() -> None:
    one = part(open={}, controls={}, first=[], suppressed=2)
    assert not one.empty
    assert facts(one) == ["*Open:* 0", "*New:* 0", "*Suppressed:* 2", "*Accounts:* 1"]


def test_a_baseline_says_that_it_is_one_and_speaks_of_nothing_new() -> None:
    one = part(kind="baseline", opened={"HIGH": 2})
    assert texts(said(one))[0] == "front-door: what was there before the fleet, on 2026-03-02"
    assert not any(line.startswith("*New") for line in facts(one))


def test_parts_are_added_up_and_the_worst_of_all_come_first() -> None:
    worse = [
        worst(problem="1", severity="CRITICAL"),
        worst(problem="2", opened=OPENED_AT - 1),
        worst(problem="3", severity="x"),
    ]
    other = part(CLINIC, controls={"S3.8": 1, "EC2.2": 9}, first=worse, suppressed=1, oldest=5, open={"LOW": 1, "x": 1})
    found = said(part(suppressed=2, oldest=OPENED_AT), other)
    assert facts(part(suppressed=2, oldest=OPENED_AT), other) == [
        "*Open:* 5 (1 CRITICAL, 2 HIGH, 1 LOW, 1 x)",
        "*New:* 0",
        "*Suppressed:* 3",
        "*Oldest:* open since 1970-01-01",
        "*Most frequent:* EC2.2 (9), S3.8 (4)",
        "*Accounts:* 2",
    ]
    commands = [text.splitlines()[1] for text in texts(found)[2:]]
    order = [("clinic", "1"), ("clinic", "2"), ("hub", PROBLEM), ("clinic", "3")]
    assert commands == [f"`/yagura findings show {account} {problem}`" for account, problem in order]


def test_deadlines_of_the_worst_are_told() -> None:
    assert ", due on 2026-03-02\n" in texts(said(part(first=[worst(due=OPENED_AT)])))[2]


def test_what_is_overdue_is_named_before_the_worst_and_only_once() -> None:
    late = [worst(problem="1", severity="LOW", due=OPENED_AT), worst(problem="2", due=OPENED_AT)]
    one = part(first=[worst(), late[1]], late=late, overdue=2)
    other = part(CLINIC, first=[], late=[worst(problem="3", severity="LOW", due=OPENED_AT - 1)], overdue=1)
    found = said(one, other)
    assert facts(one, other)[2] == "*Overdue:* 3"
    lines = texts(found)[2:]
    assert [line.splitlines()[1].split()[-1].strip("`") for line in lines] == ["3", "2", "1", PROBLEM]
    assert ["*Overdue:*" in line for line in lines] == [True, True, True, False]
    assert lines[0] == (
        f":white_circle: *Overdue:* LOW S3.8: Buckets ({ARN}), open since 2026-03-02, due on 2026-03-02\n"
        "`/yagura findings show clinic 3`"
    )


def test_ten_that_are_overdue_at_most_are_named() -> None:
    late = [worst(problem=f"{number:02}", due=number) for number in range(1, 14)]
    found = said(part(first=[], late=late), part(CLINIC, first=[], late=late))
    assert ["`/yagura findings show hub 05`" in text for text in texts(found)].count(True) == 1
    assert len(texts(found)) == 12
    assert not any("06`" in text for text in texts(found))


def test_a_baseline_names_nothing_that_is_overdue() -> None:
    found = said(part(kind="baseline", late=[worst(due=1)]))
    assert [text for text in texts(found) if "*Overdue:*" in text] == []
    assert len(texts(found)) == 3


def test_what_is_due_soon_is_counted_over_all_parts() -> None:
    assert facts(part(due_soon=2), part(CLINIC, due_soon=1))[2] == "*Due within two days:* 3"


def test_a_sender_that_knows_of_nothing_overdue_by_name_is_read_as_before() -> None:
    event = json.loads(summarized(open={"HIGH": 1}))
    for name in ("late", "due_soon"):
        del event["detail"]["data"][name]
    read = summary_of(receive(FindingsSummarized, json.dumps(event)), ROUTES)
    assert facts(read) == ["*Open:* 1 (1 HIGH)", "*New:* 0", "*Accounts:* 1"]


def test_a_problem_of_which_little_is_said_is_told_as_far_as_it_is() -> None:
    text = texts(said(part(first=[{"problem": PROBLEM}])))[2]
    assert text == (f":white_circle:  :  (), open since an unknown time\n`/yagura findings show hub {PROBLEM}`")


def test_a_part_that_was_kept_before_these_were_known_is_read() -> None:
    kept = msgspec.to_builtins(part())
    for each in kept["parts"].values():
        del each["late"], each["due_soon"]
    assert facts(msgspec.convert(kept, Summary)) == facts(part())


def test_ten_of_the_worst_and_ten_controls_at_most() -> None:
    many = part(first=[worst()] * 15, controls={f"S3.{n}": n for n in range(15)})
    found = said(many, part(CLINIC, first=[worst()] * 15))
    assert len(texts(found)) == 12
    assert facts(many)[2].count("(") == 10
    assert facts(many)[2].startswith("*Most frequent:* S3.14 (14), S3.13 (13)")


def test_controls_that_are_as_frequent_stand_by_name_whichever_part_came_first() -> None:
    one, other = part(controls={"S3.8": 2}), part(CLINIC, controls={"EC2.2": 2})
    assert facts(one, other)[2] == facts(other, one)[2] == "*Most frequent:* EC2.2 (2), S3.8 (2)"


def test_the_same_part_again_changes_nothing_and_a_newer_one_of_its_place_replaces_it() -> None:
    one = part()
    assert joined(one, part()) is None
    newer = part(open={"LOW": 1}, meta={"time": OPENED_AT + 1})
    assert facts(one, newer)[0] == "*Open:* 1 (1 LOW)"
    assert joined(newer, one) is None
    assert facts(one, part(region="us-east-1"))[0] == "*Open:* 6 (2 CRITICAL, 4 HIGH)"


@pytest.mark.parametrize("changes", [{}, {"overdue": 1, "controls": {"S3.8": 1}}])
def test_a_part_without_anything_is_empty(changes: dict[str, Any]) -> None:
    nothing = part(**({"open": {"HIGH": 0}, "controls": {}, "first": []} | changes))
    assert nothing.empty
    assert not of(nothing, part(CLINIC)).empty


def test_a_summary_of_an_account_outside_the_fleet_is_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        part(meta={"account": "999900001111"})
    assert (refusal.value.reason, refusal.value.path) == ("foreign", "$.detail.meta.account")


@pytest.mark.parametrize("day", ["", "today", "2026-02-30", "patient Taro"])
def test_what_is_no_day_is_refused(day: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        part(day=day)
    assert (refusal.value.reason, refusal.value.path) == ("malformed", "$.detail.data.day")


@pytest.mark.parametrize("first", [[{"severity": "HIGH"}], [worst(opened="yesterday")], [worst(problem=7)]])
@pytest.mark.parametrize("field", ["first", "late"])
def test_what_is_no_problem_is_refused(first: list[dict[str, Any]], field: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        part(HUB, **{field: first})
    assert (refusal.value.reason, refusal.value.path) == ("malformed", f"$.detail.data.{field}")


def test_texts_are_masked_escaped_and_cut() -> None:
    found = said(
        part(
            first=[worst(title="ask taro@example.com <now>" + "x" * 300, resource="y" * 400)],
            controls={"Mr Yamada": 1},
            meta={"team": "a<b"},
        )
    )
    everything = "\n".join(texts(found)[1:])
    assert "example" not in everything
    assert "Yamada" not in everything
    assert "ask [masked] &lt;now&gt;x" in everything
    assert "x" * 150 not in everything
    assert "y" * 200 not in everything
    assert "a&lt;b" in found.text


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "account": st.sampled_from([HUB, CLINIC]),
                "region": st.sampled_from(["eu-west-1", "us-east-1", "ap-northeast-1"]),
                "time": st.integers(1, 3),
                "open": st.dictionaries(st.sampled_from(["HIGH", "LOW"]), st.integers(0, 9)),
                "title": st.text(max_size=400),
            }
        ),
        min_size=1,
        max_size=8,
    ),
    st.randoms(),
)
def test_parts_in_any_order_and_number_make_the_same_message(found: list[dict[str, Any]], chance: Any) -> None:
    parts = [
        part(
            one["account"],
            region=one["region"],
            open=one["open"] | {"MEDIUM": one["time"]},
            first=[worst(title=one["title"])],
            meta={"time": one["time"]},
        )
        for one in {(one["account"], one["region"], one["time"]): one for one in found}.values()
    ]
    shuffled = [*parts, *chance.sample(parts, len(parts) // 2)]
    chance.shuffle(shuffled)
    told = said(*shuffled)
    assert sorted(texts(told)) == sorted(texts(said(*parts)))
    assert all(1 <= len(text) <= 3000 for text in texts(told))
