"""What people type by mistake, or find in files: told in a line, with the place, and never as a traceback."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl import sessions
from fleetctl.findings_policy.deployments import Deployments
from fleetctl.findings_policy.explain import Explainer
from fleetctl.findings_policy.explained import lines_of
from fleetctl.findings_policy.explanation import Explained
from fleetctl.findings_policy.recorded import UnreadableError, parse
from stacks.config.load import load
from tests.fleetctl.desk import NOW, Desk
from tests.functions.findings.samples import FOLDER, event

S3_8 = event("imported-s3.8")
BARE = S3_8["detail"]["findings"][0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty; expected an event"),
        (b" \n", "empty; expected an event"),
        (b"\xef\xbb\xbf", "empty; expected an event"),
        (b"not json", "is not JSON in UTF-8"),
        (b'{"a": 1', "is not JSON in UTF-8"),
        (b"{} {}", "is not JSON in UTF-8"),
        (b"\xff\xfe{\x00}\x00", "is not JSON in UTF-8"),
        (b'{"\xff": 1}', "is not JSON in UTF-8"),
        (b"[" * 100_000, "is not JSON in UTF-8"),
        (b"NaN", "is not JSON in UTF-8"),
        (b"[]", "an empty list"),
        (b'{"Findings": []}', "an empty list"),
    ],
)
def test_a_file_in_which_nothing_can_be_found_is_told(desk: Desk, tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(content)
    assert desk.refused("explain", path, status=1).startswith(f"{path}: {says}")
    assert desk.run("findings", "explain", "-", stdin=content).stderr.startswith(f"-: {says}")


@pytest.mark.parametrize(
    "content",
    [
        "1", '"text"', "null", "{}", '{"a": 1}', '{"detail-type": "x"}', "[1]", "[[]]", "[null]", '{"Findings": 3}',
        '{"Findings": [3]}',
    ],
)  # fmt: skip
def test_what_is_neither_an_event_nor_a_finding_is_told_with_what_was_expected(desk: Desk, content: str) -> None:
    (explained,) = desk.explained("-", stdin=content, status=1)
    assert explained["refused"]["reason"] == "unfit"
    assert "expected an event (detail-type, detail) or a finding" in explained["refused"]["text"]
    assert "dead letter" not in desk.explain("-", stdin=content, status=1)


def test_a_file_that_is_not_there_and_a_folder_are_told_and_the_others_explained(desk: Desk, tmp_path: Path) -> None:
    result = desk.run("findings", "explain", str(tmp_path / "no"), str(tmp_path), str(FOLDER / "imported-s3.8.json"))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"{tmp_path / 'no'}: no such file or directory",
        f"{tmp_path}: is a directory",
    ]
    assert "FindingOpened" in result.stdout


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"Severity": {"Label": "SEVERE"}}, "$.Severity.Label"),
        ({"Resources": [None]}, "$.Resources[0]"),
        ({"Resources": []}, "$.Resources"),
        ({"Resources": [{"Type": "T", "Id": str(n)} for n in range(33)]}, "$.Resources"),
        ({"AwsAccountId": "12345"}, "$.AwsAccountId"),
        ({"UpdatedAt": "2026-W10-1"}, "$.UpdatedAt"),
        ({"Compliance": []}, "$.Compliance"),
    ],
)
def test_a_bare_finding_is_refused_with_the_path_in_the_file(desk: Desk, change: dict[str, object], path: str) -> None:
    (explained,) = desk.explained("-", stdin=json.dumps(BARE | change), status=1)
    (found,) = explained["findings"]
    assert (found["refused"]["reason"], found["refused"]["path"]) == ("malformed", path)
    assert found["id"] == BARE["Id"]


def test_in_an_event_the_path_names_the_finding_and_its_neighbours_are_explained(desk: Desk) -> None:
    body = S3_8 | {"detail": {"findings": [BARE, BARE | {"Severity": 3}, BARE | {"Id": "another"}]}}
    (explained,) = desk.explained("-", stdin=json.dumps(body), status=1)
    first, bad, last = explained["findings"]
    assert bad["refused"]["path"] == "$.detail.findings[1].Severity"
    assert [len(each["resources"]) for each in (first, bad, last)] == [1, 0, 1]
    text = desk.explain("-", stdin=json.dumps(body), status=1)
    assert "its event would be a dead letter; all else in it is done first" in text


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"source": "aws.ec2"}, "$.source"),
        ({"time": "today"}, "$.time"),
        ({"time": 3}, "$.time"),
        ({"detail": {}}, "$.detail"),
        ({"detail": {"findings": {}}}, "$.detail.findings"),
        ({"detail": None}, "$.detail"),
        ({"id": None}, "$.id"),
        ({"detail-type": 5}, "$.detail-type"),
    ],
)
def test_an_event_that_is_unfit_as_a_whole_is_refused_with_its_path(
    desk: Desk, changes: dict[str, object], path: str
) -> None:
    (explained,) = desk.explained("-", stdin=json.dumps(S3_8 | changes), status=1)
    assert explained["refused"]["path"] == path


def test_text_that_is_no_utf_8_is_refused_as_the_fleet_would(desk: Desk) -> None:
    content = json.dumps(BARE).encode().replace(b"S3 general", b"\xff\xfe")
    result = desk.run("findings", "explain", "-", stdin=content)
    assert result.exit_code == 1
    assert "expected JSON in UTF-8" in result.stdout


def test_a_byte_order_mark_and_what_the_aws_cli_prints_are_read(desk: Desk) -> None:
    content = b"\xef\xbb\xbf" + json.dumps({"Findings": [BARE, BARE]}).encode()
    assert [each["where"] for each in desk.explained("-", stdin=content)] == ["-[0]", "-[1]"]


def test_an_event_without_an_id_is_read_as_one_that_was_written_by_hand(desk: Desk) -> None:
    body = {name: value for name, value in S3_8.items() if name != "id"}
    assert desk.explained("-", stdin=json.dumps(body))[0]["findings"][0]["resources"][0]["outcome"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--account", "hub"], "'hub' does not run findings; these run findings: security-audit, payments-production"),
        (["--account", "x"], "'x' is no account of the fleet; these run findings: security-audit"),
        (["--now", "tomorrow"], "--now: 'tomorrow' is no time; write it as 2026-11-26T00:00Z."),
    ],
)
def test_a_wrong_option_is_told_with_what_would_be_right(desk: Desk, words: list[str], says: str) -> None:
    assert desk.refused("explain", "-", *words).startswith(says)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, each in inner for path in paths(each, (*at, key)))]


PLACES = {name: paths(event(name)) for name in ("imported-s3.8", "v2-s3.8-fail", "imported-access-analyzer")}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def with_value(document: Any, path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    key, *rest = path
    changed = dict(document) if isinstance(document, dict) else list(document)
    changed[key] = with_value(document[key], tuple(rest), value)
    return changed


DEPLOYMENTS = Deployments(load(sessions.ROOT))


def explained(content: str) -> list[Explained]:
    """By the policy of this checkout; no file, so that it is quick."""
    explainer = Explainer(DEPLOYMENTS, None, NOW)
    return [explainer.explain(each) for each in parse("-", content.encode(), NOW)]


@given(data=st.data(), name=st.sampled_from(sorted(PLACES)), value=ANYTHING)
def test_whatever_stands_anywhere_it_is_explained_or_refused(data: st.DataObject, name: str, value: object) -> None:
    path = data.draw(st.sampled_from(PLACES[name]))
    content = json.dumps(with_value(event(name), path, value))
    try:
        found = explained(content)
    except UnreadableError:
        return
    for each in found:
        assert each.refused or each.dropped or each.findings
        for one in each.findings:
            assert one.refused or one.dropped or one.resources
        assert "\x1b" not in "".join(line.text for line in lines_of(each, NOW))
        assert msgspec.json.encode(each)
