"""Many problems of one control in one channel become one message; each is counted once, whatever dies or races."""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.events.findings import FindingChanged, FindingOpened, FindingOverdue, FindingResolved
from functions.chatops.storm import SINGLY, WINDOW_MS
from tests.functions.chatops.office import Context, Office, away
from tests.functions.chatops.problem_events import MINUTE, OPENED_AT, about
from tests.functions.entry import batch
from tests.layers.fleet.fakes import interleave
from tests.layers.fleet.refute import REFUTE

type Break = Callable[[Office], None]

SUBJECT = f"storm#S3.8#{OPENED_AT}"


@pytest.fixture
def office() -> Office:
    return Office()


def opening(number: int, revision: int = 1, **changes: Any) -> str:
    return about(FindingOpened, revision, f"p{number}", **({"resource": f"arn:aws:s3:::b{number:03}"} | changes))


def storms(office: Office) -> list[str]:
    return [text for text in office.slack.texts if "problems within 10 minutes" in text]


def single(office: Office) -> list[str]:
    return [text for text in office.slack.texts if text not in storms(office)]


def counted(office: Office, key: str = "S3.8@#intake") -> dict[str, Any]:
    item = office.table.get(f"storm#{key}") or {"storm": '{"count": 0}'}
    found: dict[str, Any] = json.loads(item["storm"])
    return found


def blow(office: Office, count: int, **changes: Any) -> None:
    assert office.take(*[opening(number, **changes) for number in range(count)]) == []
    office.drain()


def test_five_hundred_problems_in_ten_minutes_are_five_messages_and_one(office: Office) -> None:
    for number in range(500):
        office.queues.put(opening(number, time=OPENED_AT + number * 1_199), number * 1_199)
    office.drain()
    assert len(single(office)) == SINGLY
    assert [text.partition(": Buckets")[0] for text in storms(office)] == [
        ":red_circle: S3.8: 500 problems within 10 minutes"
    ]
    assert len(office.slack.posts) == SINGLY + 1
    assert (office.telling(SUBJECT).message.version, office.dead.messages) == (500, [])


def test_five_are_told_one_by_one(office: Office) -> None:
    blow(office, 5)
    assert (len(single(office)), storms(office)) == (5, [])


def test_another_control_and_another_channel_are_told_for_themselves(office: Office) -> None:
    blow(office, 8)
    office.take(opening(8, control="EC2.2"), opening(9, meta={"service": "other"}))
    office.drain()
    assert len(single(office)) == 7


def test_an_event_that_comes_again_is_counted_once(office: Office) -> None:
    for _ in range(3):
        blow(office, 8)
    assert counted(office)["count"] == 8
    assert len(office.slack.posts) == 6


def test_a_storms_message_is_edited_no_faster_than_its_channel_allows(office: Office) -> None:
    blow(office, 60)
    times = [at for _, _, at in office.slack.calls]
    assert all(later - earlier >= 1_000 for earlier, later in itertools.pairwise(times))
    assert len(office.slack.calls) < 10
    assert "60 problems" in storms(office)[0]


def test_what_becomes_of_a_problem_that_a_storm_told_is_not_posted(office: Office) -> None:
    blow(office, 8)
    office.take(
        about(FindingChanged, 2, "p6", severity="LOW"),
        about(FindingOverdue, 2, "p7"),
        about(FindingResolved, 3, "p7"),
        about(FindingResolved, 3, "p6"),
        about(FindingResolved, 3, "p0"),
    )
    office.later(15 * MINUTE)
    assert len(office.slack.posts) == 6
    assert [text for text in single(office) if "resolved" in text] == [single(office)[0]]
    assert office.telling("problem#p6").state == office.telling("problem#p7").state == "told"


@pytest.mark.parametrize("number", [0, 7])
def test_a_problem_that_comes_and_goes_within_the_window_is_one(office: Office, number: int) -> None:
    blow(office, 8)
    for revision in range(2, 12, 2):
        office.take(about(FindingResolved, revision, f"p{number}"), opening(number, revision + 1, reopened=True))
        office.drain()
    assert counted(office)["count"] == 8
    roots = [said for said in office.slack.posts if "thread_ts" not in said]
    assert len(roots) == 6


def test_a_problem_that_is_back_after_the_storm_is_told_as_usual(office: Office) -> None:
    blow(office, 8)
    back = {"time": OPENED_AT + WINDOW_MS, "reopened": True, "openings": 2}
    for number in (0, 7):
        office.take(about(FindingResolved, 2, f"p{number}"), opening(number, 3, **back))
    office.drain()
    assert [text.count("is open again") for text in single(office) if "S3.8" in text] == [1, 0, 0, 0, 0, 1]
    assert [said["text"] for said in office.slack.posts if "thread_ts" in said] == ["open again, the 2nd time"]


def test_a_critical_one_is_counted_and_its_page_is_sent(office: Office) -> None:
    blow(office, 6)
    office.take(opening(6, severity="CRITICAL"))
    office.drain()
    assert counted(office)["severities"] == {"HIGH": 6, "CRITICAL": 1}
    assert (len(storms(office)), len(office.web.events)) == (1, 1)
    assert office.telling(SUBJECT).message.priority == "critical"


def test_pages_are_sent_although_the_storm_cannot_be_counted(office: Office) -> None:
    office.dynamodb.conflicts = 10**6
    assert office.take(opening(1, severity="CRITICAL")) == ["m0"]
    office.later(5 * MINUTE)
    assert len(office.web.events) == 1


def test_the_next_window_has_five_single_ones_and_a_message_of_its_own(office: Office) -> None:
    blow(office, 8)
    assert office.take(*[opening(number, time=OPENED_AT + WINDOW_MS) for number in range(10, 18)]) == []
    office.drain()
    assert [text.partition(": ")[2][:6] for text in storms(office)] == ["S3.8: ", "S3.8: "]
    assert len(single(office)) == 10


def test_the_last_of_a_window_is_told_although_whoever_counted_it_died_before_the_next_began(office: Office) -> None:
    blow(office, 7)
    calls, sent = len(office.steps.names), office.steps.taken
    office.take(opening(99, control="dry run"))
    written = office.steps.names[calls:].index("after TransactWriteItems")
    office.steps.kill_at = office.steps.taken + written + 1
    office.queues.put(opening(7))
    office.drain(office.now)
    assert (counted(office)["count"], office.telling(SUBJECT).message.version) == (8, 7)
    assert sent
    office.take(opening(8, time=OPENED_AT + WINDOW_MS))
    assert office.telling(SUBJECT).message.version == 8
    office.later(10 * MINUTE)
    assert "8 problems" in storms(office)[0]
    assert office.telling("problem#p7").state == "told"


def test_many_that_are_overdue_for_long_are_escalated_in_one_message(office: Office) -> None:
    late = [about(FindingOverdue, 2, f"p{number}", stage="escalate") for number in range(30)]
    for _ in range(2):
        assert office.take(*late) == []
        office.drain()
    assert sum("30 overdue problems within 10 minutes" in text for text in office.slack.texts) == 1
    assert len(office.slack.posts) == SINGLY + 1
    assert counted(office, "overdue#S3.8@#default")["count"] == 30


def test_a_storm_is_forgotten_a_day_after_its_last_problem(office: Office) -> None:
    blow(office, 1)
    item = office.table.get("storm#S3.8@#intake") or {}
    assert item["expires"] == office.now // 1000 + 24 * 3600


def assert_counted_once(order: Sequence[int], kill_after: Sequence[int | None], break_it: Break | None = None) -> None:
    """Killed at any step, in any order and number: all are told, in the storm or singly, and none is counted twice."""
    office = Office()
    if break_it:
        break_it(office)
    for index, number in enumerate(order):
        after = kill_after[index % len(kill_after)]
        office.steps.kill_at = None if after is None else office.steps.taken + after
        office.queues.put(opening(number))
        office.drain(office.now + 1_500)
    office.steps.kill_at = None
    office.later(30 * MINUTE)
    assert_told(office, set(order))


def assert_told(office: Office, numbers: set[int]) -> None:
    assert counted(office)["count"] == len(numbers), "counted twice, or not at all"
    tellings = [office.telling(f"problem#p{number}") for number in numbers]
    assert sum(one.state == "sent" for one in tellings) == min(SINGLY, len(numbers))
    assert all(one.digest == SUBJECT for one in tellings if one.state == "told")
    assert {one.state for one in tellings} <= {"sent", "told"}
    if len(numbers) > SINGLY:
        assert office.telling(SUBJECT).posted == len(numbers)
        assert f"{len(numbers)} problems" in storms(office)[-1]
    assert office.dead.messages == []


orders = st.lists(st.integers(0, 8), min_size=1, max_size=14)
kills = st.lists(st.none() | st.integers(1, 40), min_size=1, max_size=4)


@given(orders, kills)
def test_killed_at_any_step_each_problem_is_counted_once(order: list[int], kill_after: list[int | None]) -> None:
    assert_counted_once(order, kill_after)


@pytest.mark.parametrize("step", range(1, 50))
def test_killed_at_each_single_step_each_problem_is_counted_once(step: int) -> None:
    assert_counted_once(range(8), [None, None, None, None, step, step, None, step])


def assert_counted_side_by_side(choices: Sequence[int], break_it: Break | None = None) -> None:
    """Three workers, some of the events twice."""
    office = Office()
    if break_it:
        break_it(office)
    office.take(*[opening(number) for number in range(4)])
    office.drain()
    work = [[4, 5], [5, 6], [6]]

    def worker(numbers: Sequence[int]) -> Callable[[], None]:
        def handle() -> None:
            for number in numbers:
                if office.notify.handler(batch(opening(number)), Context())["batchItemFailures"]:
                    office.queues.put(opening(number))

        return handle

    office.run(lambda: interleave(office.steps, [worker(numbers) for numbers in work], choices))
    office.drain()
    office.later(30 * MINUTE)
    assert_told(office, set(range(7)))


@given(st.lists(st.integers(0, 5), max_size=150))
def test_side_by_side_each_problem_is_counted_once(choices: list[int]) -> None:
    assert_counted_side_by_side(choices)


def counts_apart(office: Office) -> None:
    """The storm is counted first, then the problem is written: not both or neither."""
    problems = office.notify.problems

    def apart(*written: tuple[Any, Any]) -> bool:
        (problem, read), (storm, counted) = written
        return office.table.put(storm, over=counted) and office.table.put(problem, over=read)

    problems._together = apart


def remembers_first(office: Office) -> None:
    """The problem is written first, then the storm is counted."""
    problems = office.notify.problems

    def apart(*written: tuple[Any, Any]) -> bool:
        (problem, read), (storm, counted) = written
        return office.table.put(problem, over=read) and office.table.put(storm, over=counted)

    problems._together = apart


def counts_without_condition(office: Office) -> None:
    """Whoever comes last writes over what others counted."""
    problems = office.notify.problems

    def put(item: Any, over: Any) -> Any:
        kept = type(problems)._put(problems, item, over)["Put"]
        return {"Put": {name: kept[name] for name in ("TableName", "Item")}}

    problems._put = put


def forgets_the_message(office: Office) -> None:
    """A storm's message is kept only by whoever has just counted."""
    office.notify.problems._storm_of = lambda _known, _said: []


def shut_out(office: Office) -> None:
    """Who is overtaken counts nothing, and does not come again."""
    problems = office.notify.problems
    take = problems.take

    def once(said: Any) -> Any:
        try:
            return take(said)
        except RuntimeError:
            return []

    def give_up(_seconds: float) -> None:
        raise RuntimeError

    problems._sleep, problems.take = give_up, once


@pytest.mark.parametrize("broken", [counts_apart, remembers_first, forgets_the_message])
def test_the_property_of_kills_refutes(broken: Break) -> None:
    @REFUTE
    @given(orders, kills)
    def holds(order: list[int], kill_after: list[int | None]) -> None:
        assert_counted_once(order, kill_after, broken)

    with pytest.raises(AssertionError):
        holds()


@pytest.mark.parametrize("broken", [counts_without_condition, shut_out])
def test_the_property_of_workers_side_by_side_refutes(broken: Break) -> None:
    @REFUTE
    @given(st.lists(st.integers(0, 5), max_size=150))
    def holds(choices: list[int]) -> None:
        assert_counted_side_by_side(choices, broken)

    with pytest.raises(AssertionError):
        holds()


def test_a_storm_while_slack_is_away_is_told_when_it_is_back(office: Office) -> None:
    away(office)
    for number in range(30):
        office.queues.put(opening(number))
    office.drain(office.now + MINUTE)
    office.slack.works()
    office.later(20 * MINUTE)
    assert (len(single(office)), len(storms(office))) == (SINGLY, 1)
    assert "30 problems" in storms(office)[0]
