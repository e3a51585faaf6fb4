"""`fleetctl findings explain`: as which deployment, by which configuration, and that AWS is asked nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from fleetctl import sessions
from tests.fleetctl.desk import PAYMENTS, STAGING, STRANGER, Desk, document, told


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    def session(*_: object, **__: object) -> None:
        raise AssertionError("AWS is asked")

    monkeypatch.setattr(boto3, "Session", session)


def test_whoever_has_no_working_profile_gets_the_same_answer() -> None:
    file = Path(__file__).parents[1] / "samples" / "securityhub" / "v2-coverage.json"
    command = [sys.executable, "-c", "from fleetctl.main import run; run()", "findings", "explain", str(file)]
    done = subprocess.run(
        command, env=os.environ | {"AWS_PROFILE": "nosuch"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "coverage" in done.stdout


def test_nobody_is_asked(desk: Desk, no_aws: None) -> None:
    assert told(desk, {})["outcome"]["status"] == "open"
    assert desk.clients == []


def each_account(desk: Desk) -> None:
    desk.edit("fleet.yaml", findings={"home": "each-account"})


def test_without_a_home_each_account_takes_its_own(desk: Desk) -> None:
    each_account(desk)
    resource = told(desk, {"AwsAccountId": PAYMENTS})
    assert resource["taken_by"] == "payments-production"
    assert resource["taken_why"].endswith("and this is its account")


def test_what_nobody_takes_is_dropped_and_its_reason_told(desk: Desk) -> None:
    each_account(desk)
    resource = told(desk, {"AwsAccountId": STRANGER})
    assert (resource["taken_by"], resource["dropped"]["reason"], resource["outcome"]) == ("", "not_ours", None)
    assert f"{STRANGER} runs no findings" in resource["dropped"]["why"]


def test_a_deployment_that_is_named_decides_as_it_would(desk: Desk) -> None:
    resource = told(desk, {}, "--account", "payments-production")
    assert resource["dropped"]["reason"] == "not_ours"
    assert "security-audit: it has all findings" in resource["dropped"]["why"]
    each_account(desk)
    assert told(desk, {"AwsAccountId": PAYMENTS}, "--account", "payments-production")["dropped"] is None
    why = told(desk, {"AwsAccountId": STAGING}, "--account", "payments-production")["dropped"]["why"]
    assert f"the finding is of {STAGING}" in why


def test_the_local_clouds_policy_can_be_asked(desk: Desk) -> None:
    resource = told(desk, {"AwsAccountId": "222222222222", "Compliance.SecurityControlId": "EC2.2"}, "--local")
    assert (resource["taken_by"], resource["outcome"]["suppressed_by"]) == ("local-spoke", "rule:practice-network")
    assert resource["outcome"]["acting"]


def test_a_broken_policy_is_told_with_all_that_is_wrong(desk: Desk) -> None:
    desk.rules({"match": {"control": ["S3.8"]}, "severity": "SEVERE"}, {"match": {}, "ignore": True})
    error = desk.refused("explain", "-", status=1)
    assert "The configuration has 2 problems; nothing was built:" in error
    assert "config/findings.yaml:" in error


def test_a_checkout_without_a_policy_is_told(desk: Desk) -> None:
    desk.file("findings.yaml").unlink()
    assert "config/findings.yaml: found no such file" in desk.refused("explain", "-", status=1)


def test_it_is_explained_as_of_the_checkout_that_fleetctl_is_in(desk: Desk) -> None:
    assert desk.root == sessions.ROOT
    desk.rules({"match": {"control": ["S3.8"]}, "ignore": True})
    assert told(desk, {})["outcome"]["ignored"]
    assert "HIGH, ignored: remembered, and nothing more" in desk.explain("-", stdin=json.dumps(document({})))
