"""`app.py` as the CDK CLI runs it: no network, no credentials, and one clear message for a bad configuration."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fleetctl.templates import Template
from tests.stacks.fleets import ROOT, config_of

# A network namespace of its own has no way out; where the kernel allows none, the app is only kept from credentials.
_OFFLINE = ["unshare", "--net", "--map-root-user"]


def run(tmp_path: Path, *fleets: str) -> subprocess.CompletedProcess[str]:
    """`app.py`, bundling nothing, with an environment in which there are no AWS credentials."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"] | {"aws:cdk:bundling-stacks": []}
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(Path.home()),  # where jsii has unpacked aws-cdk-lib; without it, each run would do so again
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CDK_OUTDIR": str(tmp_path / "out"),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "AWS_EC2_METADATA_DISABLED": "true",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if fleets:
        environment["YAGURA_FLEETS"] = " ".join(fleets)
    offline = subprocess.run([*_OFFLINE, "true"], capture_output=True, check=False).returncode == 0
    command = [*(_OFFLINE if offline else []), sys.executable, "app.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A fleet file, to be made bad."""
    path = tmp_path / "fleet.yaml"
    path.write_text((ROOT / "config/fleet.yaml").read_text())
    return path


@pytest.mark.slow
def test_there_is_a_stage_for_each_account_and_each_of_the_local_cloud(tmp_path: Path, fleet: list[Template]) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    stages = {name.removeprefix("assembly-") for name in manifest["artifacts"] if name.startswith("assembly-")}
    assert stages == {template.stage for template in fleet}
    assert stages == {
        account.name for file in ("config/fleet.yaml", "local/fleet.yaml") for account in config_of(file).fleet.accounts
    }


def test_each_stage_has_the_foundation_and_what_fleet_yaml_says(fleet: list[Template]) -> None:
    config = config_of().fleet
    for account in config.accounts:
        mine = [template for template in fleet if template.stage == account.name]
        archive = {"archive"} if account == config.archive else set()
        assert {template.stack for template in mine} == {"foundation", *account.capabilities, *archive}
        assert {(template.account, template.region) for template in mine} == {(account.id, account.region)}


def test_app_has_at_most_40_lines() -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) <= 40


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"111122223333"', "012345670123", ["accounts[0].id", "012345670123", 'put quotes around it: "012345670123"']),
        (
            "findings: observe",
            "findings: obsrve",
            ["accounts[1].capabilities.findings", "obsrve", "did you mean observe?"],
        ),
        ("name: yagura\n", "name: yagura\nclock:\n  factor: 60\n", ["clock", "on AWS it is the wall's"]),
    ],
    ids=["unquoted id", "unknown mode", "a clock outside local"],
)
def test_a_bad_fleet_file_is_one_message_and_no_traceback(
    bad: Path, tmp_path: Path, old: str, new: str, says: list[str]
) -> None:
    text = bad.read_text()
    assert old in text
    bad.write_text(text.replace(old, new, 1))
    done = run(tmp_path, str(bad))
    assert done.returncode == 1
    assert str(bad) in done.stderr
    assert all(word in done.stderr for word in says), done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out/manifest.json").exists()


def test_the_local_cloud_keeps_nothing_and_may_have_another_clock(fleet: list[Template]) -> None:
    for template in fleet:
        for properties in template.of_type("AWS::DynamoDB::Table").values():
            assert properties.get("DeletionProtectionEnabled", False) is not template.local
        for function in template.of_type("AWS::Lambda::Function").values():
            assert ("YAGURA_CLOCK" in function["Environment"]["Variables"]) is template.local


def test_everything_is_tagged_with_whose_it_is(fleet: list[Template]) -> None:
    for template in fleet:
        for function in template.of_type("AWS::Lambda::Function").values():
            tags = {tag["Key"]: tag["Value"] for tag in function["Tags"]}
            assert tags.keys() >= {"service", "team", "environment", "version", "commit"}
            assert (tags["service"], tags["team"]) == ("yagura", "sre")
