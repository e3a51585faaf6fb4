"""Who may grant what: another product's cases, as facts, its verdicts, and ours beside them."""

from pathlib import Path
from typing import Literal

import msgspec
import pytest

from functions.chatops.request import NotAllowedError, Request, approve, filed
from tests.functions.chatops.requests import NOW, request, voter

SAMPLES = Path(__file__).parents[2] / "samples" / "approvals" / "sso-elevator.yaml"


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    approvers: list[str] = []
    self: bool | None = None
    free: bool | None = None
    covers: bool = True


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    granted: str = ""
    waits_for: list[str] = []
    refused: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    case: str
    asks: str
    statements: list[Statement]
    theirs: Verdict
    ours: Verdict
    why: str = ""


class Click(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    case: str
    asks: str
    clicks: str
    statements: list[Statement]
    theirs: Literal["granted", "refused"]
    ours: Literal["granted", "refused"]
    why: str = ""


class Cases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    asked: list[Case]
    clicked: list[Click]


CASES = msgspec.yaml.decode(SAMPLES.read_bytes(), type=Cases)


def as_here(asks: str, statements: list[Statement]) -> Request:
    """The same question here. The strictest rule holds: it needs nobody only if every rule that covers it says so."""
    covering = [each for each in statements if each.covers]
    tier = 0 if covering and all(each.free for each in covering) else 1
    approvers = sorted({name for each in covering for name in each.approvers})
    return request(requester=asks, tier=tier, approvers=approvers)


def verdict(one: Request) -> Verdict:
    try:
        kept = filed(one, NOW)
    except NotAllowedError as refusal:
        return Verdict(refused=refusal.reason)
    if kept.status == "GRANTED":
        return Verdict(granted="not_required")
    people = [name for name in one.approvers if granted(kept, name)]
    return Verdict(waits_for=people)


def granted(one: Request, name: str) -> bool:
    try:
        return approve(one, voter(name), NOW).status == "GRANTED"
    except NotAllowedError:
        return False


def test_all_cases_are_there() -> None:
    assert (len(CASES.asked), len(CASES.clicked)) == (19, 3)


@pytest.mark.parametrize("case", CASES.asked, ids=lambda one: one.case)
def test_what_becomes_of_a_request_is_what_another_product_says_or_differs_for_a_reason(case: Case) -> None:
    assert verdict(as_here(case.asks, case.statements)) == case.ours
    assert (case.ours != case.theirs) == bool(case.why)
    # Whatever the reason: never more is granted here, and nobody else may say yes.
    assert not case.ours.granted or case.theirs.granted
    assert set(case.ours.waits_for) <= set(case.theirs.waits_for)


@pytest.mark.parametrize("case", CASES.clicked, ids=lambda one: one.case)
def test_what_becomes_of_a_click_is_what_another_product_says(case: Click) -> None:
    here = as_here(case.asks, case.statements)
    assert ("granted" if granted(here, case.clicks) else "refused") == case.ours
    assert (case.ours != case.theirs) == bool(case.why)
