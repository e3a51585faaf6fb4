"""The generated files are what the sources give today, and a change of a source makes them stale."""

from pathlib import Path
from shutil import copytree
from typing import get_args, get_type_hints

import msgspec
import pytest

from fleet import command_answer
from fleet.events.chatops import CommandAnswered
from fleet.events.findings import FindingOpened
from fleetctl import cost, permissions
from fleetctl.example import example
from fleetctl.generate import EVENTS, event_schemas, fleet_events, main, stale, write
from fleetctl.templates import Template, synthesize
from functions.chatops import directory, page
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
    assert lines["alarms, by metric"].dollars == pytest.approx(0.80)
    assert lines["receives of polled queues"].dollars == pytest.approx(1.04)
    assert lines["scheduled calls"].number == "51,840"
    assert sum(line.dollars for line in lines.values()) < cost.TARGET


def test_a_busy_spoke_stays_below_the_target_too(templates: list[Template]) -> None:
    spoke = [template for template in templates if template.stage == "spoke"]
    metrics = [each for capability in ("findings", "operations") for each in cost.custom_metrics(ROOT, capability)]
    assert len(metrics) >= 25
    ordinary = [name for name, reason in metrics if not reason]
    assert {"Recorded", "Published", "Repeated"} <= set(ordinary)
    assert sum(line.dollars for line in cost.idle(spoke)) + len(ordinary) * cost.CUSTOM_METRIC < cost.TARGET


def test_the_archive_costs_a_put_an_hour(templates: list[Template]) -> None:
    archive = [template for template in templates if template.stage == "archive"]
    lines = {line.what: line for line in cost.idle(archive)}
    assert (lines["anchors of the audit chain"].number, lines["scheduled calls"].number) == ("720", "0")
    assert lines["anchors of the audit chain"].dollars == pytest.approx(0.0036)


def test_reasons_that_the_code_computes_are_those_of_the_code() -> None:
    outcomes = set(get_args(get_type_hints(CommandAnswered)["outcome"]))
    assert all(cost._COMPUTED[each, "Answered"] == outcomes for each in ("chatops", "operations", "findings"))
    assert cost._COMPUTED["chatops", "Stranger"] == set(get_args(directory.Reason.__value__))
    assert cost._COMPUTED["operations", "Refused"] == set(command_answer._NOT_APPROVED)
    assert cost._COMPUTED["chatops", "Paged"] == set(get_args(page.Action.__value__))


def test_a_reason_that_nobody_wrote_down_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "functions/rollouts"
    folder.mkdir(parents=True)
    (folder / "step.py").write_text('telemetry.count("Judged", capability="rollouts", reason=verdict.words)\n')
    with pytest.raises(cost.UnknownReasonError, match=r"rollouts counts Judged by verdict\.words"):
        cost.custom_metrics(tmp_path, "rollouts")


def test_one_of_two_literals_is_two_metrics(tmp_path: Path) -> None:
    folder = tmp_path / "functions/rollouts"
    folder.mkdir(parents=True)
    (folder / "step.py").write_text('telemetry.count("Up" if up else "Down", reason="a" if b else "c")\n')
    metrics = cost.custom_metrics(tmp_path, "rollouts")
    assert metrics == {("Up", "a"), ("Up", "c"), ("Down", "a"), ("Down", "c")}


def test_an_event_of_any_capability_has_a_name_that_every_file_system_takes() -> None:
    assert EVENTS / "yagura.any.CommandAnswered.v1.schema.json" in event_schemas()
    assert not any("*" in path.name for path in event_schemas())


def test_what_holds_in_some_accounts_says_in_which(templates: list[Template]) -> None:
    rows = permissions.page(templates).splitlines()
    (commands,) = (row for row in rows if "| Allow | `iam::<hub>:root` |" in row and "chatops-publish" in row)
    assert commands.endswith("| archive, spoke |")
    (alarms,) = (row for row in rows if "| `sns:yagura-alarms` | Allow |" in row)
    assert alarms.endswith("|  |")


def test_the_boundary_shows_what_it_opens_by_a_tag_only(templates: list[Template]) -> None:
    opened = "| OpenedQueues | `sqs:ReceiveMessage` | `sqs:*` |"
    (row,) = (each for each in permissions.page(templates).splitlines() if each.startswith(opened))
    assert row == f'{opened} `Null aws:ResourceTag/yagura:redrive "false"` |'
