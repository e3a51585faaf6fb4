"""What the table remembers of a problem: what an item that says less stands for, and the words that it is kept in."""

from typing import Any

import msgspec

from functions.findings.problem import ASKED, CLOSED, OPENED, SUPPRESSED, Issue, Problem

PLACE = {"account": "111122223333", "region": "eu-west-1", "control": "S3.8", "resource": "arn:aws:s3:::a"}


def says(found: dict[str, Any], **what: Any) -> bool:
    return found == found | what


def read(**stored: Any) -> Problem:
    return msgspec.convert(PLACE | stored, Problem)


def test_of_a_problem_of_which_only_the_place_is_known_nothing_has_been_done_or_said() -> None:
    found = msgspec.to_builtins(read())
    assert says(
        found, config="", copies={}, granted=None, assigned="", acts=[], asked={}, heard={}, stage=(0, 0), warned=0,
        baseline=False, issue=None,
    )  # fmt: skip
    assert says(
        found["state"], status="gone", severity="INFORMATIONAL", reported="INFORMATIONAL", tell="never", channel="",
        ticket="", ignored=False, lease=None, reasons={}, opened=0, openings=0, closed=0, due=0,
        owner={"service": "unknown", "team": "unknown", "environment": "unknown", "rule": "default"},
    )  # fmt: skip


def test_before_anything_is_reported_nobody_has_to_do_with_it() -> None:
    assert not read().state.failing
    assert read(baseline=True).quiet
    assert not read().quiet


def test_an_issue_that_is_about_to_be_opened_has_neither_number_nor_refusal() -> None:
    found = msgspec.to_builtins(msgspec.convert({"repository": "acme/shop"}, Issue))
    assert says(found, repository="acme/shop", number=0, url="", since=0, open=True, busy=0, refused="")


def test_what_became_of_what_was_asked_is_kept_in_these_words() -> None:
    assert (ASKED, SUPPRESSED, CLOSED, OPENED) == ("ASKED", "SUPPRESSED", "CLOSED", "OPENED")
