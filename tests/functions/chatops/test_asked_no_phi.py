"""Synthetic identifiers in all that a capability asks and answers: none stands in the chain, or before people."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.canonical import digest
from fleet.events.chatops import ApprovalRequested
from fleet.events.envelope import Received
from functions.chatops import entries, filing, hiding, wording
from functions.chatops.filing import from_event
from functions.chatops.request import NotAllowedError, Request
from functions.chatops.store import request_key
from tests.functions.chatops.core import FLEET, PEOPLE, POLICY
from tests.functions.chatops.counters import AIKO, BEN, BEN_AS_IAM, DAI, Desk
from tests.functions.chatops.deliveries import strings
from tests.functions.chatops.requests import NOW, SPOKE
from tests.layers.fleet.entries import meta
from tests.layers.fleet.identifiers import SURROUNDED, identifiers
from tests.layers.fleet.refute import REFUTE

type Identifier = tuple[str, str]

OURS = re.compile(r"[0-9a-f]{64}|r-[0-9a-z]{10}|U0[A-Z]{3,4}0{4,5}|T0LOCAL0000|(?<!\d)(?:1{12}|2{12})(?!\d)|#\d{8}$")
"""Hashes, ids and minutes, of which any few digits may be a part."""

texts = st.builds(lambda found, around: (around.format(found[0]), found[1]), identifiers, st.sampled_from(SURROUNDED))
digits = st.integers(1_000_000, 10**12 - 1)

FIELDS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "a headline": lambda text: {"headline": f"Promote {text}"},
    "a fact": lambda text: {"facts": [["why", text]]},
    "a fact's name": lambda text: {"facts": [[text, "why"]]},
    "a fact named queue": lambda text: {"facts": [["queue", text]]},
    "an argument": lambda text: {"arguments": {"note": text}},
    "an argument named queue": lambda text: {"arguments": {"queue": text}},
    "an argument's name": lambda text: {"arguments": {text: 1}},
    "arguments in arguments": lambda text: {"arguments": {"people": [{"who": text}]}},
    "a team": lambda text: {"team": text},
}


def event(**data: Any) -> Received[ApprovalRequested]:
    known: dict[str, Any] = {
        "key": "rollout-7",
        "action": "x promote",
        "tier": 2,
        "account": SPOKE.account,
        "region": SPOKE.region,
        "headline": "Promote",
    }
    about = meta("e", account=SPOKE.account, region=SPOKE.region)
    return Received(meta=about, data=ApprovalRequested(**(known | data)), source="yagura.x")


def ask(desk: Desk, **data: Any) -> Request:
    """Filed as the function `answers` does."""
    request = from_event(event(**data), hub=FLEET, people=PEOPLE, policy=POLICY, now=NOW)
    return desk.desk.decisions.file(request, via=request.via, now=NOW)  # type: ignore[no-any-return]


@cache
def desk() -> Desk:
    return Desk()


def seen(one: Desk) -> set[str]:
    """All that was written, but of the requests what is claimed by its hash and what stands in answers: these are kept
    as they came, and shown nowhere. Without what the fleet itself made.
    """
    texts = [text for item in one.dynamodb.written for text in strings(_shown(item))]
    return {OURS.sub("…", text) for text in texts}


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    if not item["pk"]["S"].startswith("request#"):
        return item
    request = msgspec.json.decode(item["request"]["S"])
    return {name: value for name, value in request.items() if name not in {"arguments", "answers"}}


def asked(field: str, text: str) -> set[str]:
    """What is written when a capability asks, people look at it and decide, by whichever road."""
    one = desk()
    one.reset({})
    request = ask(one, **FIELDS[field](text))
    said = [
        one.types(AIKO, "status"),
        one.types(BEN, f"approve {request.id}"),
        one.asks(BEN_AS_IAM, f"approve {request.id}"),  # twice: which is refused
        one.types(DAI, f"deny {request.id}"),
        one.types(AIKO, "audit tail 50"),
    ]
    assert all(one.told(delivery) for delivery in said)
    assert one.kinds() == ["requested", "executed", "approved", "refused", "denied", "executed"]
    return seen(one)


def answered(text: str) -> set[str]:
    """What is written when a capability answers: a headline, and a cell."""
    one = desk()
    one.reset({})
    one.types(AIKO, "queues peek spoke orders-dead-letters")
    one.answers(one.only(), headline=text, table=[["id", text], ["m-1", text]])
    one.types(AIKO, "audit tail 50")
    return seen(one)


@cache
def usual(field: str) -> set[str]:
    """What is written whatever is said: times, names."""
    return asked(field, "late") if field else answered("late")


def assert_none_is_seen(field: str, found: Identifier) -> None:
    text, secret = found
    for each in (asked(field, text) if field else answered(text)) - usual(field):
        assert secret not in each, (field, each)


@given(st.sampled_from(sorted(FIELDS)), texts)
def test_nothing_that_a_capability_asks_identifies_a_person_in_what_is_chained_or_told(
    field: str, found: Identifier
) -> None:
    assert_none_is_seen(field, found)


@pytest.mark.parametrize(
    ("forgetful", "name"), [(hiding, "mask"), (hiding, "cell"), (filing, "mask"), (hiding, "_names_queue")]
)
def test_the_property_refutes_whatever_forgets_to_mask(forgetful: object, name: str) -> None:
    def unmasked(text: Any, *_rest: object) -> Any:
        return name == "_names_queue" or text

    @REFUTE
    @given(st.sampled_from(sorted(FIELDS)), texts)
    def holds(field: str, found: Identifier) -> None:
        # What is masked again when it is told would hide what the chain holds, so nothing else masks here.
        with patch.object(forgetful, name, unmasked), patch.object(wording, "mask", lambda text: text):
            assert_none_is_seen(field, found)

    with pytest.raises(AssertionError):
        holds()


@given(digits)
def test_a_number_among_the_arguments_is_masked_if_it_has_as_many_digits_as_a_persons(number: int) -> None:
    one = desk()
    one.reset({})
    ask(one, arguments={"record": number, "deep": [{"n": number}], "share": 10, "on": True, "none": None})
    (entry,) = one.trail()
    assert entry.facts["arguments"] == {
        "record": "[masked]", "deep": [{"n": "[masked]"}], "share": 10, "on": True, "none": None,
    }  # fmt: skip


@given(texts)
def test_an_action_that_names_somebody_is_refused_since_it_is_claimed_by_its_words(found: Identifier) -> None:
    with pytest.raises(NotAllowedError) as refusal:
        ask(desk(), action=f"x {found[0]}")
    assert refusal.value.reason == "malformed"
    assert found[1] not in refusal.value.text


@given(texts)
def test_nothing_of_an_answer_identifies_a_person_in_what_is_chained_or_told(found: Identifier) -> None:
    assert_none_is_seen("", found)


@pytest.mark.parametrize(("forgetful", "name"), [(entries, "mask"), (wording, "mask"), (hiding, "cell")])
def test_the_property_refutes_whatever_tells_an_answer_as_it_comes(forgetful: object, name: str) -> None:
    @REFUTE
    @given(texts)
    def holds(found: Identifier) -> None:
        with patch.object(forgetful, name, lambda text, _known=(): text):
            assert_none_is_seen("", found)

    with pytest.raises(AssertionError):
        holds()


# What stays


def test_the_queue_of_a_command_is_told_and_chained_as_it_is_called() -> None:
    """Two queues that differ in digits alone must not look the same to whoever approves."""
    one = Desk()
    one.types(AIKO, "queues peek spoke orders-20260101-dead-letters")
    request = one.only()
    assert hiding.fact(request, "queue", "orders-20260101-dead-letters", ()) == (
        "queue",
        "orders-20260101-dead-letters",
    )
    assert one.trail()[0].facts["arguments"]["queue"] == "orders-20260101-dead-letters"


@pytest.mark.parametrize("name", ["orders 12345678", "x" * 81, "taro@example.com", "12345678.fifo.fifo", ""])
def test_what_has_not_the_form_of_a_queues_name_is_none(name: str) -> None:
    one = Desk()
    one.types(AIKO, "queues peek spoke orders-dead-letters")
    told = hiding.fact(one.only(), "queue", name, ())[1]
    assert "12345678" not in told
    assert "taro" not in told


def test_what_was_asked_is_claimed_by_the_hash_of_what_was_asked() -> None:
    one = Desk()
    arguments = {"note": "patient Taro Yamada, 090-1234-5678"}
    request = ask(one, arguments=arguments)
    item = one.table.get(request_key(request.id))
    assert item is not None
    assert item["arguments_hash"] == digest(arguments) == one.trail()[0].facts["arguments_hash"]
    assert one.trail()[0].facts["arguments"] == {"note": "patient [masked], [masked]"}
