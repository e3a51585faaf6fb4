"""Synthetic identifiers in every free text, through every adapter that speaks to the outside: none comes out."""

import json
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.events.envelope import receive
from fleet.events.findings import (
    AboutProblem,
    FindingOpened,
    FindingOverdue,
    FindingSuppressed,
    SuppressionExpiring,
)
from functions.chatops import problem_message as composing
from functions.chatops import standing, wording
from functions.chatops import summary_message as summing
from functions.chatops.filing import Hub, Place
from functions.chatops.pagerduty import RoutingKey
from functions.chatops.problem_message import ABOUT, said
from functions.chatops.request import Answer, Request, Target
from functions.chatops.storm import Storm, counted
from functions.chatops.storm import message as storm_message
from tests.functions.chatops.office import ACCOUNTS, HOOK, ROUTING, Office, opened
from tests.functions.chatops.problem_events import ROUTES, about, summarized
from tests.layers.fleet.identifiers import SURROUNDED, identifiers
from tests.layers.fleet.refute import REFUTE

HASHES = {"dedup_key", "event_payload"}
"""Of which any few digits may be a part."""

type Identifier = tuple[str, str]

FINDING_FIELDS = (
    "problem", "account", "region", "control", "resource", "resource_type", "severity", "title", "finding_id",
    "owner_rule", "channel", "was_severity", "was_team", "was_service", "was_channel", "by", "reason", "requester",
    "approver", "escalate_to",
)  # fmt: skip
META_FIELDS = ("service", "team", "environment", "actor", "cause", "traceparent")
HUB = Hub(
    accounts=[msgspec.convert(account, Place) for account in ACCOUNTS],
    slack_team="T0LOCAL0000",
    approvals_channel="#approvals",
    everyone=["#default"],
    sre="sre",
)
PAGED = ROUTING | {"routes": [{"match": {}, "page": True}]}

texts = st.builds(lambda found, around: (around.format(found[0]), found[1]), identifiers, st.sampled_from(SURROUNDED))


def strings(value: Any) -> Iterator[str]:
    """All texts in what was received, as they are read, not as JSON writes them."""
    match value:
        case dict():
            for name, inner in value.items():
                if name not in HASHES:
                    yield name
                    yield from strings(inner)
        case list() | tuple():
            for inner in value:
                yield from strings(inner)
        case _:
            yield str(value)


OWN = re.compile(r"111122223333|444455556666|\bC0000000\d\b|\b2026-\d\d-\d\d\b")
"""Accounts, Slack's channels, and days that the events of these tests have as times: nobody's, if by chance digits are
the same."""


def received(office: Office) -> str:
    """Everything that Slack, PagerDuty and response_urls were sent."""
    said = [[arguments for _, arguments, _ in office.slack.calls], office.web.events, office.web.replies]
    return OWN.sub("ours", "\n".join(strings(said)))


def assert_none_in(office: Office, **texts: Identifier) -> None:
    sent = received(office)
    assert sent
    for name, (_, secret) in texts.items():
        assert secret not in sent, name


def assert_none_in_events(
    kind: type[AboutProblem], finding: dict[str, Identifier], meta: dict[str, Identifier], **more: Any
) -> None:
    office = Office(PAGED)
    office.notify.pagerduty.routing_key = lambda _service, _version: RoutingKey("k" * 32, "v1")
    said = {name: text for name, (text, _) in finding.items() if name in kind.__struct_fields__} | more
    problem = {"problem": said["problem"], "channel": "#intake", "severity": "LOW"}
    if kind is not FindingOpened:  # where nothing stands nothing is edited
        assert office.take(about(**problem)) == []
    before = len(office.slack.calls)
    assert office.take(about(kind, 2, meta={name: text for name, (text, _) in meta.items()}, **said)) == []
    office.drain()
    assert len(office.slack.calls) > before
    assert office.web.events
    assert_none_in(office, **finding, **meta)


fields = st.fixed_dictionaries(dict.fromkeys(FINDING_FIELDS, texts))
metas = st.fixed_dictionaries(dict.fromkeys(META_FIELDS, texts))
kinds: st.SearchStrategy[tuple[type[AboutProblem], dict[str, Any]]] = st.one_of(
    st.sampled_from([(kind, {}) for kind in ABOUT.values()]),
    st.sampled_from([(FindingOverdue, {"stage": stage}) for stage in ("remind", "escalate")]),
)


@given(kinds, fields, metas)
def test_nothing_of_an_event_identifies_a_person_in_what_leaves(
    kind: tuple[type[AboutProblem], dict[str, Any]], finding: dict[str, Identifier], meta: dict[str, Identifier]
) -> None:
    assert_none_in_events(kind[0], finding, meta, **kind[1])


@pytest.mark.parametrize("forgets", ["mask", "mask_identifier"])
@pytest.mark.parametrize(
    ("where", "kind"), [(standing, FindingOpened), (standing, FindingSuppressed), (composing, SuppressionExpiring)]
)
def test_the_property_refutes_a_composer_that_does_not_mask(
    forgets: str, where: ModuleType, kind: type[AboutProblem]
) -> None:
    @REFUTE
    @given(fields, metas)
    def holds(finding: dict[str, Identifier], meta: dict[str, Identifier]) -> None:
        with patch.object(where, forgets, unmasked):
            assert_none_in_events(kind, finding, meta)

    with pytest.raises(AssertionError):
        holds()


def unmasked(text: str, known: object = ()) -> str:
    return text


@given(st.sampled_from(["by", "requester", "approver", "reason"]), texts)
def test_nothing_that_people_wrote_of_a_suppression_identifies_a_person(where: str, found: Identifier) -> None:
    office = Office()
    said: dict[str, Any] = {where: found[0]}
    office.take(about(), about(FindingSuppressed, 2, **said))
    office.drain()
    assert_none_in(office, **{where: found})


worst = st.fixed_dictionaries(dict.fromkeys(("problem", "severity", "control", "resource", "title"), texts))
summaries = st.fixed_dictionaries(dict.fromkeys(("region", "control", "open", "team"), texts))


def assert_none_in_summaries(found: dict[str, Identifier], first: dict[str, Identifier]) -> None:
    office = Office()
    body = summarized(
        region=found["region"][0],
        open={found["open"][0]: 3, "HIGH": 1},
        opened={found["open"][0]: 1},
        controls={found["control"][0]: 3},
        first=[{name: text for name, (text, _) in first.items()}],
        late=[{name: text for name, (text, _) in first.items()} | {"due": 1}],
        meta={"team": found["team"][0]},
    )
    assert office.take(body) == []
    office.drain()
    assert_none_in(office, **found)
    assert_none_in(office, **first)


@given(summaries, worst)
def test_nothing_of_a_summary_identifies_a_person_in_what_leaves(
    found: dict[str, Identifier], first: dict[str, Identifier]
) -> None:
    assert_none_in_summaries(found, first)


@pytest.mark.parametrize("forgets", ["mask", "mask_identifier"])
def test_the_property_refutes_a_summary_that_does_not_mask(forgets: str) -> None:
    @REFUTE
    @given(summaries, worst)
    def holds(found: dict[str, Identifier], first: dict[str, Identifier]) -> None:
        with patch.object(summing, forgets, unmasked):
            assert_none_in_summaries(found, first)

    with pytest.raises(AssertionError):
        holds()


@given(st.fixed_dictionaries(dict.fromkeys(("control", "resource", "title", "account", "severity"), texts)))
def test_nothing_in_a_storms_message_identifies_a_person(finding: dict[str, Identifier]) -> None:
    texts: dict[str, Any] = {name: text for name, (text, _) in finding.items()}
    word = said(receive(FindingOpened, about(**texts)), ROUTES)
    assert word.standing
    storm: Storm | None = None
    for _ in range(7):
        storm = counted(storm, word.standing, word.channel, word.time)
    assert storm
    sent = OWN.sub("ours", "\n".join(strings(msgspec.to_builtins(storm_message(storm)))))
    assert "7 problems within" in sent
    for name, (_, secret) in finding.items():
        assert secret not in sent.replace(str(storm.start), ""), name


def request(**changes: Any) -> Request:
    known: dict[str, Any] = {
        "id": "r-0a1b2c3d4e",
        "capability": "operations",
        "command": "queues redrive",
        "arguments": {},
        "arguments_hash": "0" * 64,
        "targets": [Target("111122223333", "eu-west-1")],
        "tier": 1,
        "requester": "aiko",
        "via": "slack:U0AIKO00000",
        "headline": "queues redrive in hub",
        "teams": ["sre"],
        "approvers": ["aiko", "ben"],
        "policy": "p",
        "created": 1,
        "expires_at": 10**12,
        "channel": "#intake",
        "reply_url": HOOK,
    }
    return Request(**(known | changes))


def answer(text: str) -> dict[str, Answer]:
    return {"111122223333:eu-west-1": Answer(outcome="done", headline=text, at=1, table=[["what"], ["x"]])}


TELLINGS: dict[str, Callable[[str], Any]] = {
    "a headline": lambda text: wording.request_message(request(headline=text), 1, HUB),
    "facts": lambda text: wording.request_message(request(facts=[["Reason", text]]), 1, HUB),
    "a note": lambda text: wording.request_message(request(note=text, status="DENIED", decided_by=["ben"]), 1, HUB),
    "a reason": lambda text: wording.request_message(request(break_glass=text, status="GRANTED"), 1, HUB),
    "an answer": lambda text: wording.request_message(request(answers=answer(text), status="DONE"), 1, HUB),
    "an answer to one person": lambda text: wording.answers_reply(request(answers=answer(text)), 1, HUB),
    "a loud notice": lambda text: wording.loud(request(headline=text, break_glass=text), "#default", HUB),
}
"""What is said of requests, with a free text in each place where people or capabilities write one."""


@given(st.sampled_from(list(TELLINGS)), texts)
def test_nothing_that_is_written_in_a_request_identifies_a_person_in_what_leaves(where: str, found: Identifier) -> None:
    text, secret = found
    office = Office()
    office.keep(TELLINGS[where](text))
    office.drain()
    sent = received(office)
    assert sent
    assert secret not in sent


@given(texts)
def test_a_digest_and_a_dead_letter_hold_nothing_that_identifies_a_person(found: Identifier) -> None:
    text, secret = found
    office = Office()
    word = said(receive(FindingOpened, opened(finding={"title": text, "severity": "LOW"})), office.notify.routing)
    assert word.standing
    message = composing.message(word.standing, word.channel, news=word.version)
    for number in range(22):
        office.store.keep(msgspec.structs.replace(message, subject=f"s{number}"), office.now)
    office.take('{"pump": "#intake"}')
    assert "22 messages in one" in received(office)
    assert secret not in received(office)
    office.slack.says("channel_not_found")
    office.take(opened("last", finding={"title": text}))
    office.drain()
    assert office.dead.messages
    # The account's own number is in the names of queues, and says nothing of anybody.
    assert secret not in json.dumps(office.dead.messages, ensure_ascii=False).replace("111122223333", "")
