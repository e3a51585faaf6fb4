"""`fleetctl findings explain` of every recorded finding: what it says is what the fleet decides."""

import json
from pathlib import Path
from typing import Any

import pytest

from fleet.refusal import DroppedError, RefusedError
from functions.findings.decision import taken
from functions.findings.event import Accepts, Contents, findings_of, open_event
from functions.findings.finding import Finding, Seen
from functions.findings.policy import KINDS
from tests.fleetctl.desk import NOW, Desk

OWN = Path(__file__).parents[1] / "samples" / "securityhub"
SHARED = Path(__file__).parents[3] / "shared" / "samples" / "securityhub"
FILES = sorted([*OWN.glob("*.json"), *(SHARED.glob("*.json") if SHARED.is_dir() else [])])
STEPS = ["tag", "stack", "resource", "account", "unit", "default"]

each_sample = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def contents(path: Path) -> Contents | RefusedError | DroppedError:
    """What the fleet makes of a file, without the command."""
    recorded: Any = json.loads(path.read_text())
    try:
        if "detail" in recorded:
            return open_event(path.read_text(), Accepts(accounts=None))
        found = findings_of(path.read_bytes())
    except (RefusedError, DroppedError) as error:
        return error
    return Contents([Seen(finding=each, event_id="recorded", event_time=NOW) for each in found], [], [])


def resources(explained: Any) -> list[Any]:
    return [resource for found in explained["findings"] for resource in found["resources"]]


@each_sample
def test_each_resource_is_told_as_the_fleet_decides_it(desk: Desk, path: Path) -> None:
    expected = contents(path)
    bad = isinstance(expected, RefusedError) or (isinstance(expected, Contents) and bool(expected.refused))
    (explained,) = desk.explained(path, status=1 if bad else 0)
    if not isinstance(expected, Contents):
        told = explained["refused"] or explained["dropped"] or explained["findings"][0]["dropped"]
        assert told["reason"] == expected.reason
        return
    law = desk.deployment().law
    assert len(resources(explained)) == len(expected.seen)
    for told, seen in zip(resources(explained), expected.seen, strict=True):
        problem = taken(None, seen, law, NOW)
        assert problem is not None
        state, finding = problem.state, seen.finding
        assert (told["problem"], told["control"], told["resource"], told["status"]) == (
            problem.id, finding.control, finding.resource, finding.status,
        )  # fmt: skip
        out = told["outcome"]
        assert (out["status"], out["severity"], out["ignored"], out["due"], out["opened"], out["tell"]) == (
            state.status, state.severity, state.ignored, state.due, state.opened, state.tell,
        )  # fmt: skip
        assert (out["team"], out["service"], out["environment"], out["owner_by"]) == (
            state.owner.team, state.owner.service, state.owner.environment, state.owner.rule,
        )  # fmt: skip
        assert {each["kind"]: each["rule"] for each in told["rules"] if each["decided"]} == {
            kind: reason.rule for kind, reason in state.reasons.items()
        }
    refusals = [found["refused"] for found in explained["findings"] if found["refused"]]
    assert [(each["reason"], each["path"], each["text"]) for each in refusals] == [
        (each.reason, each.path, each.text) for each in expected.refused
    ]
    drops = [found["dropped"]["reason"] for found in explained["findings"] if found["dropped"]]
    assert drops == [each.reason for each in expected.dropped]


@each_sample
def test_no_step_is_left_out(desk: Desk, path: Path) -> None:
    result = desk.run("findings", "explain", "--json", str(path))
    for told in resources(json.loads(result.stdout)[0]):
        assert all(told[name] for name in ("control_why", "status_why", "reported_why", "taken_by", "taken_why"))
        tried = [claim["step"] for claim in told["claims"]]
        assert tried == STEPS[: len(tried)]
        assert [bool(claim["claimant"]) for claim in told["claims"]] == [False] * (len(tried) - 1) + [True]
        rules = desk.deployment().policy.rules
        for kind in KINDS:
            looked = [each["rule"] for each in told["rules"] if each["kind"] == kind]
            mine = [f"rule:{rule.name}" for rule in rules if getattr(rule, kind)]
            assert looked == mine[: len(looked)]
            assert told["passed_over"].get(kind, 0) == len(mine) - len(looked)


@each_sample
def test_people_read_what_machines_read(desk: Desk, path: Path) -> None:
    result = desk.run("findings", "explain", str(path))
    (explained,) = json.loads(desk.run("findings", "explain", "--json", str(path)).stdout)
    text = result.stdout
    assert result.stderr == ""
    for found in explained["findings"]:
        assert found["id"] in text
        assert found["product"] in text
        for drop in (found["refused"], found["dropped"]):
            assert drop is None or drop["reason"] in text
    for told in resources(explained):
        facts = [told["problem"], told["resource"], told["control_why"], told["status_why"], told["taken_why"]]
        facts += [claim["why"] for claim in told["claims"]]
        facts += [each["why_not"] or each["decided"] for each in told["rules"]]
        out = told["outcome"]
        facts += [out["severity"], out["team"], out["owner_by"], *out["events"]]
        assert [fact for fact in facts if fact not in text] == []


def test_all_of_them_at_once_are_each_told(desk: Desk) -> None:
    found = desk.explained(*FILES, status=1)
    assert [Path(each["where"]) for each in found] == FILES


def test_a_list_in_a_file_is_told_one_by_one_with_the_place_of_each(desk: Desk, tmp_path: Path) -> None:
    good = [path for path in FILES if not isinstance(contents(path), RefusedError) and "malformed" not in path.stem]
    path = tmp_path / "all.json"
    path.write_text(json.dumps([json.loads(each.read_text()) for each in good]))
    found = desk.explained(path)
    assert [each["where"] for each in found] == [f"{path}[{index}]" for index in range(len(good))]
    alone = [resource["control"] for each in good for resource in resources(desk.explained(each)[0])]
    assert [resource["control"] for each in found for resource in resources(each)] == alone


def every_finding() -> list[Finding]:
    return [seen.finding for path in FILES if isinstance(made := contents(path), Contents) for seen in made.seen]


def test_the_samples_have_all_forms_and_ways_to_a_control() -> None:
    found = every_finding()
    assert {each.form for each in found} == {"asff", "ocsf"}
    assert {each.status for each in found} == {"open", "suppressed", "resolved", "gone"}
