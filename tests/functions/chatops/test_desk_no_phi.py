"""Synthetic identifiers in whatever people type: none is kept, chained, told, sent or logged."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.commands import CommandError, Parsed, parse
from fleet.masking import mask
from functions.chatops import counter, inquiries
from functions.chatops.delivery import Delivery
from functions.chatops.request import Request
from tests.functions.chatops.counters import AIKO, AIKO_AS_IAM, BEN, BEN_AS_IAM, CHIE, Desk
from tests.functions.chatops.deliveries import strings
from tests.layers.fleet.identifiers import SURROUNDED, identifiers
from tests.layers.fleet.refute import REFUTE

type Identifier = tuple[str, str]
type Way = Callable[[Desk, Request, str], str]
type Logged = Callable[[], str]

OURS = re.compile(r"[0-9a-f]{64}|r-[0-9a-z]{10}|U0[A-Z]{3,4}0{4,5}|T0LOCAL0000|(?<!\d)(?:1{12}|2{12})(?!\d)|#\d{8}$")
"""Hashes, ids and minutes, of which any few digits may be a part."""
LONG = "z" * 600
WAYS: dict[str, Way] = {
    "a reason for a no": lambda desk, one, text: desk.types(BEN, f"deny {one.id} {text}"),
    "a reason for a no by IAM": lambda desk, one, text: desk.asks(BEN_AS_IAM, f"deny {one.id} {text}"),
    "a reason that is too long": lambda desk, one, text: desk.types(BEN, f"deny {one.id} {'y ' * 25}{text} {LONG}"),
    "a form": lambda desk, one, text: desk.fills_in(AIKO, one.id, f"the shop is down, {text}"),
    "a form of nothing else": lambda desk, one, text: desk.fills_in(AIKO, one.id, text),
    "somebody else's form": lambda desk, one, text: desk.fills_in(BEN, one.id, f"the shop is down, {text}"),
    "a broken glass": lambda desk, one, text: desk.types(AIKO, f"break-glass {one.id} the shop is down, {text}"),
    "a broken glass by IAM": lambda desk, one, text: desk.asks(AIKO_AS_IAM, f"break-glass {one.id} all down: {text}"),
    "a refused broken glass": lambda desk, one, text: desk.types(CHIE, f"break-glass {one.id} the shop is down {text}"),
    "no command": lambda desk, _, text: desk.types(AIKO, text),
    "no command by IAM": lambda desk, _, text: desk.asks(AIKO_AS_IAM, text),
    "nearly a command": lambda desk, _, text: desk.types(AIKO, f"frieze {text}"),
    "no account": lambda desk, _, text: desk.types(AIKO, f"freeze {text}"),
    "no request": lambda desk, _, text: desk.types(AIKO, f"approve {text}"),
    "no number": lambda desk, _, text: desk.types(AIKO, f"audit tail x{text}"),
    "too much": lambda desk, _, text: desk.types(AIKO, f"whoami {text}"),
    "help": lambda desk, _, text: desk.types(AIKO, f"help {text}"),
}
texts = st.builds(lambda found, around: (around.format(found[0]), found[1]), identifiers, st.sampled_from(SURROUNDED))


@cache
def scene() -> tuple[Desk, Request, dict[str, dict[str, Any]]]:
    """A redrive of aiko's that waits, and the table as it then is."""
    desk = Desk()
    return desk, desk.redriven(), desk.dynamodb.items


def said(way: str, text: str) -> set[str]:
    """All that was ever written of it, without what the fleet itself made or knew."""
    desk, request, items = scene()
    desk.reset(items)
    WAYS[way](desk, request, text)
    assert desk.sqs.dead.messages == []
    found = strings(desk.dynamodb.written) + strings(desk.sqs.pump.messages) + strings(desk.slack.views)
    return {OURS.sub("…", text) for text in found}


@cache
def usual(way: str) -> set[str]:
    """What is written whatever is said: ids, times."""
    return said(way, "it is late")


def assert_none_is_seen(way: str, found: Identifier) -> None:
    text, secret = found
    for each in said(way, text) - usual(way):
        assert secret.lower() not in each.lower(), each


@given(st.sampled_from(sorted(WAYS)), texts)
def test_nothing_that_is_typed_identifies_a_person_in_what_is_kept_or_told(way: str, found: Identifier) -> None:
    assert_none_is_seen(way, found)


@pytest.mark.parametrize("way", sorted(WAYS))
def test_nothing_that_is_typed_is_logged(way: str, logged: Logged) -> None:
    said(way, "patient Taro Yamada, 090-1234-5678")
    assert logged() == ""


@pytest.mark.parametrize("forgetful", [counter, inquiries])
def test_the_property_refutes_a_desk_that_does_not_mask(forgetful: object) -> None:
    @REFUTE
    @given(st.sampled_from(sorted(WAYS)), texts)
    def holds(way: str, found: Identifier) -> None:
        with patch.object(forgetful, "mask", lambda text: text):
            assert_none_is_seen(way, found)

    with pytest.raises(AssertionError):
        holds()


def test_the_property_refutes_a_desk_that_masks_what_it_has_cut_already() -> None:
    @REFUTE
    @given(st.sampled_from(sorted(WAYS)), texts)
    def holds(way: str, found: Identifier) -> None:
        def parsed(self: counter.Counter, delivery: Delivery, _person: object) -> Parsed:
            try:
                return parse(delivery.text, self._registry, self._known)
            except CommandError as error:
                raise CommandError(error.reason, mask(error.text)) from error

        with patch.object(counter.Counter, "_parsed", parsed):
            assert_none_is_seen(way, found)

    with pytest.raises(AssertionError):
        holds()
