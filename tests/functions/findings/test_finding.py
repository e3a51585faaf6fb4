"""What findings of both schemas have in common, and how they are kept."""

from typing import Any

import msgspec

from functions.findings.finding import MOST_TAGS, Finding, Status, note_of, terms_of
from tests.functions.findings.laws import FIRST
from tests.functions.findings.samples import finding


def test_ids_are_kept_in_the_table_so_they_stay_what_they_are() -> None:
    assert (FIRST.problem, FIRST.copy) == ("03c70036b7340c7b0119e7ac9f90ff84", "13f7bc41c5cc")


def test_the_states_are_stored_under_these_words() -> None:
    assert [status.value for status in Status] == ["open", "suppressed", "resolved", "gone"]


def test_a_copy_that_was_kept_with_less_is_read() -> None:
    kept: dict[str, Any] = {
        "account": "111122223333", "region": "eu-west-1", "control": "S3.8", "resource": "arn:aws:s3:::a",
        "resource_type": "AwsS3Bucket", "severity": "HIGH", "status": "open", "title": "t", "finding_id": "f",
        "updated_at": 1,
    }  # fmt: skip
    found = msgspec.convert(kept, Finding)
    assert (found.created_at, found.tags, found.product, found.form) == (0, {}, "", "asff")
    assert (found.terms, found.ours, found.shared) == ("", False, False)


def test_the_fleet_knows_its_own_note_again() -> None:
    terms = "until 2026-06-01 by request:r1"
    note = note_of(terms, "ada asked, grace agreed): known")
    assert note == f"yagura: suppressed {terms} (ada asked, grace agreed): known"
    assert terms_of(note) == terms


def test_of_more_tags_than_an_item_has_room_for_the_short_ones_are_kept() -> None:
    tags = {f"long-{n:02}": "\u5cf6" * 256 for n in range(49)} | {"service": "intake"}
    kept = finding("imported-s3.8", Resources__0__Tags=tags).tags
    assert kept == {"long-00": tags["long-00"], "long-01": tags["long-01"], "service": "intake"}
    few = {"service": "x" * (MOST_TAGS - 7)}
    assert finding("imported-s3.8", Resources__0__Tags=few).tags == few
    assert finding("imported-s3.8", Resources__0__Tags=few | {"b": ""}).tags == {"b": ""}
    for more in (1023, 1024):
        full = {"a": "x" * 1023, "b": "x" * more}
        kept = finding("imported-s3.8", Resources__0__Tags=full | {"c": "x" * 2000}).tags
        assert kept.keys() == ({"a", "b"} if more == 1023 else {"a"}), "2048 bytes in all"
