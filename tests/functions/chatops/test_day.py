"""A day of messages with Slack failing one call in five: all arrive, in order, never two in a second of a channel."""

import itertools
import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from functions.chatops.message import Priority
from functions.chatops.outbox import SPACING_MS
from tests.functions.chatops.office import Office, note
from tests.layers.fleet.fakes import client_error

DAY_MS = 24 * 3_600_000
MESSAGES = 300
CHANNELS = ("#a", "#b", "#c")
FAILURES: list[Callable[[], tuple[str, int, bool] | Exception]] = [
    lambda: ("internal_error", 500, False),
    lambda: ("ratelimited", 429, False),
    lambda: ("fatal_error", 200, False),
    lambda: ("service_unavailable", 503, True),
    TimeoutError,
    ConnectionRefusedError,
]
"""The fourth and the fifth come after Slack has taken the message."""


class Day:
    """What people were to be told, and a Slack that fails one call in five."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same day each time
        self.office = Office()
        self.office.slack.trouble = self._trouble
        self.wanted: dict[tuple[str, str], int] = {}
        """Newest version by channel and subject, in the order in which they were kept."""
        self.failures = 0
        self.taken_all_the_same = 0

    def _trouble(self, method: str, _said: dict[str, Any]) -> tuple[str, int, bool] | Exception | None:
        self.office.now += self.random.randrange(50, 800)
        self.office.slack.headers = {}
        if self.random.random() >= 0.2:
            return None
        self.failures += 1
        failure = self.random.choice(FAILURES)()
        if isinstance(failure, TimeoutError):
            self.office.now += 10_000
        elif isinstance(failure, tuple) and failure[1] == 429:
            self.office.slack.headers = {"Retry-After": str(self.random.randrange(1, 40))}
        if method == "chat.postMessage" and (isinstance(failure, TimeoutError) or failure == FAILURES[3]()):
            self.taken_all_the_same += 1
        if isinstance(failure, ConnectionRefusedError):
            raise failure  # before anything arrived
        return failure

    def live(self) -> None:
        for number in range(MESSAGES):
            channel = self.random.choice(CHANNELS)
            self._keep(channel, f"s{number:03}", 1)
            if self.random.random() < 0.3:
                other = self.random.choice(list(self.wanted))
                self._keep(*other, self.wanted[other] + 1)
            # Most come in bursts; between them is an hour or two.
            pause = 300 if self.random.random() < 0.9 else 2 * DAY_MS * 10 // MESSAGES
            self.office.later(pause, every=1_800_000)
        self.office.later(3_600_000)

    def _keep(self, channel: str, subject: str, version: int) -> None:
        self.wanted[channel, subject] = version
        self.office.keep(note(subject, version, channel=channel))


@pytest.fixture(scope="module", params=[1, 2])
def day(request: pytest.FixtureRequest) -> Day:
    lived = Day(request.param)
    lived.live()
    return lived


def test_slack_failed_about_one_call_in_five(day: Day) -> None:
    assert 0.15 < day.failures / len(day.office.slack.calls) < 0.25
    assert day.taken_all_the_same > 10


def test_every_message_arrived_in_its_newest_version(day: Day) -> None:
    for (channel, subject), version in day.wanted.items():
        telling = day.office.telling(subject, channel)
        assert (telling.state, telling.posted) == ("sent", version)
        assert day.office.slack.shown[telling.place, telling.ts]["text"] == f"{subject} v{version}"
    assert day.office.dead.messages == []


def test_a_message_stands_twice_only_if_slack_took_it_and_did_not_say_so(day: Day) -> None:
    assert len(day.office.slack.shown) <= len(day.wanted) + day.taken_all_the_same
    assert len(day.office.slack.shown) > len(day.wanted), "or the day was too easy"


def test_messages_stand_in_each_channel_in_the_order_in_which_they_were_kept(day: Day) -> None:
    for channel in CHANNELS:
        kept = [subject for where, subject in day.wanted if where == channel]
        place = day.office.slack.id_of(channel)
        told = [said["text"].partition(" ")[0] for (at, _), said in day.office.slack.shown.items() if at == place]
        assert list(dict.fromkeys(told)) == kept


def test_never_two_calls_in_a_second_of_a_channel(day: Day) -> None:
    times: dict[str, list[int]] = defaultdict(list)
    for _, said, at in day.office.slack.calls:
        times[day.office.slack.id_of(said["channel"])].append(at)
    assert len(times) == len(CHANNELS)
    for found in times.values():
        assert all(later - earlier >= SPACING_MS for earlier, later in itertools.pairwise(found))


def test_no_more_calls_are_waiting_in_the_queue_at_the_end_of_the_day(day: Day) -> None:
    assert day.office.queues.waiting == []


def test_critical_ones_overtake_and_keep_their_own_order() -> None:
    office = Office()
    for number in range(12):
        critical = number % 3 == 0
        office.store.keep(
            note(f"s{number:02}", priority=Priority.CRITICAL if critical else Priority.NORMAL), office.now
        )
        office.now += 1
    office.later(300_000)
    critical_first = sorted(range(12), key=lambda number: (number % 3 != 0, number))
    assert office.slack.texts == [f"s{number:02} v1" for number in critical_first]


def test_a_table_that_fails_one_write_in_ten_loses_nothing() -> None:
    office, chance = Office(), random.Random(3)  # noqa: S311 - the same each time
    put = office.dynamodb.put_item

    def sometimes(**asked: Any) -> dict[str, Any]:
        if chance.random() < 0.1:
            raise client_error("ProvisionedThroughputExceededException", "PutItem")
        return put(**asked)

    for number in range(15):
        office.keep(note(f"s{number:02}"))
        office.now += 1
    office.dynamodb.put_item = sometimes  # type: ignore[method-assign]
    office.later(3_600_000)
    assert set(office.slack.texts) == {f"s{number:02} v1" for number in range(15)}
