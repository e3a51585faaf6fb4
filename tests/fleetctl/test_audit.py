"""`fleetctl audit`: files, statuses and words."""

import os
from pathlib import Path

import msgspec
import pytest

from fleetctl.audit_trail.report import overdue
from functions.chatops.audit import ANCHOR_EVERY_MS, Anchor
from tests.fleetctl.chains import chained, export_of
from tests.fleetctl.hub import Hub, run
from tests.layers.fleet.fakes import client_error

RECORDS, ANCHORS = chained(10)
TEXT = export_of(RECORDS, ANCHORS)
OTHERS = chained(10, actor="mallory")


@pytest.fixture
def filled(hub: Hub) -> Hub:
    hub.table.keep(RECORDS)
    hub.bucket.keep(ANCHORS)
    return hub


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(TEXT)
    return path


def copies(folder: Path, anchors: list[Anchor]) -> Path:
    """As `aws s3 sync` leaves them."""
    (folder / "anchors").mkdir(parents=True)
    for anchor in anchors:
        (folder / "anchors" / f"{anchor.hour}.json").write_bytes(msgspec.json.encode(anchor))
    return folder


def test_an_export_is_the_chain_with_its_anchors_and_verifies(filled: Hub, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    result = run("audit", "export", str(path), "--local")
    assert result.exit_code == 0
    assert "10 entries and 2 anchors" in result.stdout
    assert path.read_bytes().splitlines()[1:-1] == TEXT.splitlines()[1:-1]
    assert run("audit", "verify", str(path)).exit_code == 0
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_can_be_read_by_nobody_else_on_the_machine(filled: Hub, tmp_path: Path) -> None:
    run("audit", "export", str(tmp_path / "a"), "--local")
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_a_file_that_is_there_is_overwritten_only_by_force(filled: Hub, file: Path) -> None:
    file.write_text("mine")
    result = run("audit", "export", str(file), "--local")
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert file.read_text() == "mine"
    assert run("audit", "export", str(file), "--local", "--force").exit_code == 0
    assert run("audit", "verify", str(file)).exit_code == 0


def test_an_export_that_fails_leaves_what_was_there_and_nothing_else(filled: Hub, file: Path) -> None:
    filled.table.batch_get_item = lambda **_: (_ for _ in ()).throw(client_error("Throttling"))  # type: ignore[method-assign]
    result = run("audit", "export", str(file), "--local", "--force")
    assert result.exit_code == 2
    assert "Throttling" in result.stderr
    assert list(file.parent.iterdir()) == [file]
    assert file.read_bytes() == TEXT


def test_an_export_without_anchors_needs_no_archive_and_is_checked_with_anchors_from_elsewhere(
    filled: Hub, tmp_path: Path
) -> None:
    filled.clients.pop("s3")
    path = tmp_path / "audit.jsonl"
    assert run("audit", "export", str(path), "--local", "--without-anchors").exit_code == 0
    assert "Not yet anchored: 10 entries" in run("audit", "verify", str(path)).stdout
    result = run("audit", "verify", str(path), "--anchors", str(copies(tmp_path / "mine", ANCHORS)))
    assert result.exit_code == 0
    assert "Anchored up to entry 8." in result.stdout


def test_a_folder_that_is_not_there_is_named(filled: Hub, tmp_path: Path) -> None:
    result = run("audit", "export", str(tmp_path / "nowhere" / "a"), "--local")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr
    assert "No such file or directory" in result.stderr


def test_an_intact_export_says_what_is_anchored_and_what_its_anchors_prove(file: Path) -> None:
    result = run("audit", "verify", str(file))
    assert result.exit_code == 0
    assert "Intact: entries 1 to 10" in result.stdout
    assert "Anchored up to entry 8." in result.stdout
    assert "Not yet anchored: 2 entries." in result.stdout
    assert "they prove only what whoever exported it wanted" in result.stderr


def test_a_broken_export_names_the_first_entry_and_why(file: Path) -> None:
    file.write_bytes(TEXT.replace(b'"seq":6', b'"seq":7', 1))
    result = run("audit", "verify", str(file))
    assert result.exit_code == 1
    assert "BROKEN at entry 6: expected entry 6, found entry 7." in result.stdout
    assert "Entries 1 to 5 are intact." in result.stdout


def test_a_pure_reorder_is_not_said_to_have_taken_something_out(file: Path) -> None:
    lines = TEXT.splitlines(keepends=True)
    five, six = (next(n for n, line in enumerate(lines) if f'"seq":{seq},'.encode() in line) for seq in (5, 6))
    lines[five], lines[six] = lines[six], lines[five]
    file.write_bytes(b"".join(lines))
    result = run("audit", "verify", str(file))
    assert result.exit_code == 1
    assert "BROKEN at entry 5: expected entry 5, found entry 6." in result.stdout
    assert "At least one entry was taken out, or the order was changed." in result.stdout


@pytest.mark.parametrize("text", [b"", b"hello\n", TEXT[:-1], TEXT.replace(b"yagura-audit/1", b"yagura-audit/9")])
def test_what_cannot_be_checked_is_status_2(file: Path, text: bytes) -> None:
    file.write_bytes(text)
    result = run("audit", "verify", str(file))
    assert result.exit_code == 2
    assert result.stderr.startswith("This cannot be checked: ")


def test_a_file_that_is_not_there_or_a_folder_is_status_2(tmp_path: Path) -> None:
    assert "No such file" in run("audit", "verify", str(tmp_path / "x")).stderr
    result = run("audit", "verify", str(tmp_path))
    assert result.exit_code == 2
    assert "Is a directory" in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_status_2(file: Path) -> None:
    file.chmod(0)
    assert run("audit", "verify", str(file)).exit_code == 2


def test_either_a_file_or_the_live_chain_is_checked() -> None:
    assert run("audit", "verify").exit_code == 2
    assert run("audit", "verify", "x", "--live").exit_code == 2


def test_a_forged_export_passes_by_its_own_anchors_and_not_by_an_auditors(tmp_path: Path) -> None:
    forged = tmp_path / "forged.jsonl"
    forged.write_bytes(export_of(*OTHERS))
    assert run("audit", "verify", str(forged)).exit_code == 0
    result = run("audit", "verify", str(forged), "--anchors", str(copies(tmp_path / "mine", ANCHORS)))
    assert result.exit_code == 1
    assert "BROKEN at entry 1: entries 1 to 4 are not those that the anchor of" in result.stdout
    assert "NOT THE SAME: anchor 1" in result.stderr
    assert "they prove only" not in result.stderr


def test_entries_that_are_right_with_anchors_that_were_forged_are_status_1(tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_bytes(export_of(RECORDS, OTHERS[1]))
    result = run("audit", "verify", str(mixed), "--anchors", str(copies(tmp_path / "mine", ANCHORS)))
    assert result.exit_code == 1
    assert "Intact: entries 1 to 10" in result.stdout
    assert "NOT THE SAME" in result.stderr


@pytest.mark.parametrize("form", ["lines", "export", "one", "json array"])
def test_trusted_anchors_come_as_lines_or_as_an_export_or_as_one_object(file: Path, form: str) -> None:
    mine = file.parent / "mine.jsonl"
    lines = [msgspec.json.encode(anchor) for anchor in ANCHORS]
    texts = {"lines": b"\n".join(lines), "export": TEXT, "one": lines[0], "json array": b"[" + lines[0] + b"]"}
    mine.write_bytes(texts[form])
    result = run("audit", "verify", str(file), "--anchors", str(mine))
    assert result.exit_code == (2 if form == "json array" else 0)


def test_a_copy_without_anchors_or_with_two_of_a_number_cannot_be_used(file: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "there is no anchor in" in run("audit", "verify", str(file), "--anchors", str(empty)).stderr
    both = tmp_path / "both.jsonl"
    both.write_bytes(msgspec.json.encode(ANCHORS[0]) + b"\n" + msgspec.json.encode(OTHERS[1][0]))
    assert "two different anchors with the number 1" in run("audit", "verify", str(file), "--anchors", str(both)).stderr
    assert run("audit", "verify", str(file), "--anchors", str(tmp_path / "nowhere")).exit_code == 2


def test_the_live_chain_is_checked_against_the_archive(filled: Hub) -> None:
    result = run("audit", "verify", "--live", "--local")
    assert result.exit_code == 0
    assert "Anchored up to entry 8." in result.stdout
    assert "whoever exported it" not in result.stderr
    filled.table.keep(OTHERS[0])
    result = run("audit", "verify", "--live", "--local")
    assert result.exit_code == 1
    assert "BROKEN at entry 1" in result.stdout


def test_an_empty_fleet_has_nothing_to_check_yet(hub: Hub) -> None:
    result = run("audit", "verify", "--live", "--local")
    assert result.exit_code == 0
    assert "There are no entries yet." in result.stdout


def test_an_archive_out_of_reach_is_told_and_not_taken_for_no_anchors(filled: Hub) -> None:
    filled.unreachable.add("local-audit")
    result = run("audit", "verify", "--live", "--local")
    assert result.exit_code != 0
    assert "Intact" not in result.stdout
    assert "local-audit: no way there" in result.stderr


def test_anchors_that_have_stopped_coming_are_told() -> None:
    last = ANCHORS[-1].at
    assert overdue(ANCHORS, last + 2 * ANCHOR_EVERY_MS - 1) == ""
    assert overdue(ANCHORS, last + 2 * ANCHOR_EVERY_MS).startswith("The last anchor is 2 hours old")
    assert overdue([], last).startswith("Nothing has been anchored yet")
