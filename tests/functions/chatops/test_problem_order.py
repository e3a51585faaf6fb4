"""The events of a problem in any order and number: nothing that is closed is shown as open, nobody is left untold."""

from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.events.envelope import receive
from fleet.events.findings import (
    AboutProblem,
    FindingChanged,
    FindingOpened,
    FindingOverdue,
    FindingResolved,
    FindingSuppressed,
)
from functions.chatops import known as core
from functions.chatops.known import Known
from functions.chatops.message import Message
from functions.chatops.problem_message import ABOUT, Said, said
from tests.functions.chatops.office import Office
from tests.functions.chatops.outside import FakeSlack
from tests.functions.chatops.problem_events import OPENED_AT, ROUTES, about
from tests.layers.fleet.refute import REFUTE

type Step = tuple[int, str, bool, bool]
"""Which of the things that can happen next, whose problem it is then, whether that is told now, one more choice."""

SERVICES = ["intake", "other"]
CHANNELS = ["#intake", "#front"]
NEXT = {
    "closed": ["open"],
    "open": ["change", "change", "overdue", "suppress", "resolve"],
    "suppressed": ["open", "resolve"],
}

steps = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(SERVICES), st.booleans(), st.booleans()), min_size=1, max_size=8
)
orders = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 3)), max_size=12)


def history(chosen: Sequence[Step]) -> list[tuple[type[AboutProblem], str]]:
    """A problem's events, in the order of its revisions."""
    found: list[tuple[type[AboutProblem], str]] = []
    state, owner, openings = "closed", SERVICES[0], 0
    for revision, (choice, service, now, other) in enumerate(chosen, 1):
        what = NEXT[state][choice % len(NEXT[state])]
        state = {"open": "open", "suppress": "suppressed", "resolve": "closed"}.get(what, state)
        more: dict[str, Any] = {"tell": "now" if now else "digest"}
        match what:
            case "open":
                kind: type[AboutProblem] = FindingOpened
                openings += 1
                more |= {"reopened": openings > 1, "openings": openings, "anew": other and openings > 1}
            case "change":
                kind = FindingChanged
                more |= {"was_service": owner, "was_severity": "HIGH", "severity": "LOW" if other else "HIGH"}
            case "overdue":
                kind = FindingOverdue
                more |= {"stage": "remind" if other else "overdue"}
            case "suppress":
                kind = FindingSuppressed
            case _:
                kind = FindingResolved
                more |= {"severity": "INFORMATIONAL"}
        owner = owner if kind is FindingOverdue else service
        found.append((kind, about(kind, revision, time=OPENED_AT + revision, meta={"service": owner}, **more)))
    return found


def delivered(bodies: Sequence[str], order: Sequence[tuple[int, int]]) -> Office:
    """All of them, in the order that is drawn, some of them twice, with pauses in between."""
    office, left = Office(), list(bodies)
    for choice, seconds in order:
        body = bodies[choice % len(bodies)]
        if body in left:
            left.remove(body)
        assert office.take(body) == []
        office.drain(office.now + seconds * 700)
    for body in left:
        assert office.take(body) == []
    office.drain()
    office.later(15 * 60_000, every=5 * 60_000)
    return office


def shown(office: Office) -> dict[str, str]:
    """What the problem's message is by now in each channel."""
    found = {}
    for channel in CHANNELS:
        item = office.table.get(f"message#problem#p1@{channel}")
        if item is not None and (telling := office.telling(channel=channel)).ts:
            found[channel] = str(office.slack.shown[telling.place, telling.ts]["text"])
    return found


def roots(slack: FakeSlack) -> int:
    return sum("thread_ts" not in said for said in slack.posts)


def assert_right(chosen: Sequence[Step], order: Sequence[tuple[int, int]]) -> None:
    events = history(chosen)
    words: list[Said] = [said(receive(ABOUT[kind.__name__], body), ROUTES) for kind, body in events]
    office = delivered([body for _, body in events], order)
    standing = [word.standing for word in words if word.standing]
    newest, texts = standing[-1], shown(office)
    home = next(word for word in reversed(words) if word.worth != "edit")
    if newest.open and home.worth == "news":
        assert home.channel in texts, "somebody who was to be told was not"
    for channel, text in texts.items():
        assert ("is now owned by" in text) is (newest.open and channel != home.channel)
        assert newest.head in text or "is now owned by" in text
    assert roots(office.slack) <= sum(word.worth == "news" for word in words)
    assert office.dead.messages == []


@given(steps, orders)
def test_any_order_and_number_of_events_shows_how_the_problem_stands(
    chosen: list[Step], order: list[tuple[int, int]]
) -> None:
    assert_right(chosen, order)


def heard_last(known: Known | None, said: Said) -> Known | None:
    """Whatever comes last is how it stands."""
    if said.standing is None:
        return known
    known = known or Known(standing=said.standing)
    return msgspec.structs.replace(known, standing=said.standing)


def told_where_it_belongs_now(known: Known | None, said: Said) -> list[Message]:
    """Only the channel of the event is shown what it says."""
    return [message for message in messages(known, said) if message.channel == said.channel]


def late_is_no_news(known: Known, said: Said) -> bool:
    """An opening that something has overtaken is forgotten."""
    return is_news(known, said) and said.version >= known.standing.version


def edits_are_news(known: Known, said: Said) -> bool:
    """Whatever is said of an open problem is worth a message."""
    as_news = msgspec.structs.replace(said, worth="news") if said.standing and said.standing.open else said
    return is_news(known, as_news)


def told_stays(known: Known | None, said: Said) -> Known | None:
    """Where it goes without being told at once is not noticed."""
    return heard(known, msgspec.structs.replace(said, worth="edit") if said.worth == "move" else said)


heard, is_news, messages = core.heard, core.is_news, core.messages


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("heard", heard_last),
        ("heard", told_stays),
        ("messages", told_where_it_belongs_now),
        ("is_news", late_is_no_news),
        ("is_news", edits_are_news),
    ],
)
def test_the_property_refutes(name: str, broken: Callable[..., object]) -> None:
    @REFUTE
    @given(steps, orders)
    def holds(chosen: list[Step], order: list[tuple[int, int]]) -> None:
        assert_right(chosen, order)

    with patch.object(core, name, broken), pytest.raises(AssertionError):
        holds()
