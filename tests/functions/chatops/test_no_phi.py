"""Synthetic identifiers in every free text, through every adapter that speaks to the outside: none comes out."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.events.envelope import receive
from fleet.events.findings import FindingOpened
from functions.chatops import message as composing
from functions.chatops import wording
from functions.chatops.filing import Hub, Place
from functions.chatops.message import compose
from functions.chatops.pagerduty import RoutingKey
from functions.chatops.request import Answer, Request, Target
from tests.functions.chatops.office import ACCOUNTS, HOOK, ROUTING, Office, opened
from tests.layers.fleet.identifiers import SURROUNDED, identifiers
from tests.layers.fleet.refute import REFUTE

HASHES = {"dedup_key", "event_payload"}
"""Of which any few digits may be a part."""

type Identifier = tuple[str, str]

FINDING_FIELDS = (
    "problem", "account", "region", "control", "resource", "resource_type", "severity", "title", "finding_id",
    "owner_rule",
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


def received(office: Office) -> str:
    """Everything that Slack, PagerDuty and response_urls were sent."""
    said = [[arguments for _, arguments, _ in office.slack.calls], office.web.events, office.web.replies]
    return "\n".join(strings(said)).replace("111122223333", "the hub").replace("444455556666", "the spoke")


def assert_none_in_events(finding: dict[str, Identifier], about: dict[str, Identifier]) -> None:
    office = Office(PAGED)
    office.notify.pagerduty.routing_key = lambda _service, _version: RoutingKey("k" * 32, "v1")
    body = opened(
        "e1",
        finding={name: text for name, (text, _) in finding.items()},
        **{name: text for name, (text, _) in about.items()},
    )
    assert office.take(body) == []
    office.drain()
    sent = received(office)
    assert len(office.slack.posts) == len(office.web.events) == 1
    for name, (_, secret) in (finding | about).items():
        assert secret not in sent, name


fields = st.fixed_dictionaries(dict.fromkeys(FINDING_FIELDS, texts))
abouts = st.fixed_dictionaries(dict.fromkeys(META_FIELDS, texts))


@given(fields, abouts)
def test_nothing_of_an_event_identifies_a_person_in_what_leaves(
    finding: dict[str, Identifier], about: dict[str, Identifier]
) -> None:
    assert_none_in_events(finding, about)


@pytest.mark.parametrize("forgets", ["mask", "mask_identifier"])
def test_the_property_refutes_a_composer_that_does_not_mask(forgets: str) -> None:
    def unmasked(text: str, known: object = ()) -> str:
        return text

    @REFUTE
    @given(fields, abouts)
    def holds(finding: dict[str, Identifier], about: dict[str, Identifier]) -> None:
        with patch.object(composing, forgets, unmasked):
            assert_none_in_events(finding, about)

    with pytest.raises(AssertionError):
        holds()


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
    event = receive(FindingOpened, opened(finding={"title": text, "severity": "LOW"}))
    message = compose(event, office.notify.routing).message
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
