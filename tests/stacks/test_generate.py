"""The generated files are what the sources give today, and a change of a source makes them stale."""

from pathlib import Path
from shutil import copytree

import msgspec
import pytest

from fleet.events.findings import FindingOpened
from fleetctl import cost, permissions
from fleetctl.example import example
from fleetctl.generate import EVENTS, event_schemas, fleet_events, main, stale, write
from fleetctl.templates import Template, synthesize
from tests.stacks.fleets import ROOT, broken


@pytest.fixture(scope="module")
def templates() -> list[Template]:
    return synthesize([example()]).templates


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources that are read, with everything generated in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for source in ("functions", "layers/fleet/python/fleet"):
        copytree(ROOT / source, folder / source)
    write(folder)
    return folder


def test_generating_twice_gives_the_same(root: Path) -> None:
    assert stale(root) == []


def test_check_names_what_is_edited_missing_or_too_much(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = root / EVENTS / "yagura.findings.FindingOpened.v1.schema.json"
    kept = schema.read_text()
    schema.write_text("{}")
    (root / EVENTS / "yagura.gone.v1.schema.json").write_text("{}")
    (root / "docs/cost.md").unlink()
    assert main(["--check"], root) == 1
    named = [line.split(" ")[0] for line in capsys.readouterr().err.splitlines()]
    assert named == ["docs/cost.md", f"{EVENTS}/{schema.name}", f"{EVENTS}/yagura.gone.v1.schema.json"]
    assert main([], root) == 0
    assert schema.read_text() == kept
    assert main(["--check"], root) == 0


def test_anything_else_is_refused(root: Path) -> None:
    assert main(["--write"], root) == 2


def test_every_event_has_a_schema_that_says_what_is_required() -> None:
    assert FindingOpened in set(fleet_events())
    schema = msgspec.json.decode(event_schemas()[EVENTS / "yagura.findings.FindingOpened.v1.schema.json"])
    assert schema["required"] == ["meta", "data"]
    assert "problem" in schema["$defs"]["FindingOpened"]["required"]
    assert "reopened" not in schema["$defs"]["FindingOpened"]["required"]


def test_permissions_are_the_same_for_all_accounts(templates: list[Template]) -> None:
    page = permissions.page(templates)
    assert "| triage | `dynamodb:PutItem` | `dynamodb:table/yagura-findings` |" in page
    assert not any(number in page for number in ("111111111111", "222222222222", "us-east-1"))


def test_a_new_grant_is_a_new_line_of_the_page(templates: list[Template]) -> None:
    template, changed = broken(templates, "spoke", "findings")
    for resource in template.body["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy" and "TriageRole" in resource["Properties"]["PolicyName"]:
            resource["Properties"]["PolicyDocument"]["Statement"].append(
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::records/*"}
            )
    new = set(permissions.page(changed).splitlines()) - set(permissions.page(templates).splitlines())
    assert new == {"| triage | `s3:GetObject` | `s3:::records/*` |  |"}


def test_unproven_actions_stand_in_the_page_with_their_reason(templates: list[Template]) -> None:
    unproven = permissions.Unproven(role="findings publish", action="dynamodb:ListStreams", reason="the poller's own")
    assert "| findings publish | `dynamodb:ListStreams` | the poller's own |" in permissions.page(templates, [unproven])


def test_an_unproven_action_that_no_role_has_is_refused(templates: list[Template]) -> None:
    gone = permissions.Unproven(role="findings publish", action="dynamodb:Scan", reason="none")
    with pytest.raises(permissions.UnknownGrantError, match="findings publish has no dynamodb:Scan"):
        permissions.page(templates, [gone])


def test_an_idle_spoke_costs_less_than_the_target(templates: list[Template]) -> None:
    spoke = [template for template in templates if template.stage == "spoke"]
    lines = {line.what: line for line in cost.idle(spoke)}
    assert lines["alarms, by metric"].dollars == pytest.approx(0.30)
    assert lines["receives of polled queues"].dollars == pytest.approx(0.26)
    assert lines["scheduled calls"].number == "21,600"
    assert sum(line.dollars for line in lines.values()) < cost.TARGET


def test_a_busy_spoke_stays_below_the_target_too(templates: list[Template]) -> None:
    spoke = [template for template in templates if template.stage == "spoke"]
    metrics = cost.custom_metrics(ROOT, "findings")
    assert metrics >= 8
    assert sum(line.dollars for line in cost.idle(spoke)) + metrics * cost.CUSTOM_METRIC < cost.TARGET
