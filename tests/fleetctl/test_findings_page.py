"""docs/findings-policy.md shows what the commands print, and names what the file may say."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from stacks.config.model_findings import ACTIONS, CONDITIONS, LEVELS
from tests.fleetctl.desk import PAYMENTS, RECORDS, STAGING, Desk, like
from tests.fleetctl.hub import run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "findings-policy.md").read_text()
BLOCKS = {found[1]: found[2] for found in re.finditer(r"```console\n\$ (.*)\n((?:.*\n)*?)```", PAGE)}


def block(begins: str) -> tuple[list[str], str]:
    """The words of a command on the page, and what it is said to print."""
    ((command, printed),) = [each for each in BLOCKS.items() if each[0].startswith(f"fleetctl {begins}")]
    return shlex.split(command)[1:], printed


def test_the_explanation_on_the_page_is_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words, printed = block("findings explain")
    assert run(*words).stdout.rstrip() == printed.rstrip()


def test_the_plan_on_the_page_is_what_is_printed(desk: Desk) -> None:
    networks = [like(account=PAYMENTS, control="EC2.6", severity="MEDIUM", resource=f"vpc-{name}") for name in "ab"]
    networks.append(like(account=RECORDS, control="EC2.6", severity="MEDIUM", resource="vpc-c"))
    buckets = [like(account=account, resource="arn:aws:s3:::exports-1") for account in (PAYMENTS, STAGING)]
    desk.keep(desk.problem(each) for each in [*networks, *buckets])
    policy = yaml.safe_load(desk.file("findings.yaml").read_text())
    policy["levels"]["HIGH"]["due_days"] = 7
    network = next(rule for rule in policy["rules"] if rule["name"] == "shared-network")
    network["match"]["account"] = ["payments-production"]
    match = {"resource": ["arn:aws:s3:::exports-*"]}
    policy["rules"].append(
        {"name": "exports", "reason": "The records team looks after them", "match": match, "owner": "records"}
    )
    desk.edit("findings.yaml", **policy)
    words, printed = block("findings plan --now")
    assert run(*words).stdout.rstrip() == printed.rstrip()


@pytest.mark.parametrize("word", [*ACTIONS, *CONDITIONS, *LEVELS, "tell", "due_days", "suppress_days", "tier"])
def test_the_page_names_what_the_file_may_say(word: str) -> None:
    assert re.search(rf"`{word}`", PAGE)
