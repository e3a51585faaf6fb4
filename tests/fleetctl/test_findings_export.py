"""`fleetctl findings export`, and plans from its file or against a revision of git."""

import subprocess
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import NoCredentialsError
from moto import mock_aws

from fleet.items import Table
from fleetctl import sessions
from fleetctl.findings_policy import kept
from fleetctl.findings_policy.kept import BusyError
from functions.findings.problem import Problem
from functions.findings.store import ProblemStore
from tests.fleetctl.desk import NOW, PAYMENTS, Desk, like

LEASE: dict[str, Any] = {"requester": "aiko", "approver": "ben", "from": "2026-11-20", "until": "2026-12-15"}
RULE: dict[str, Any] = {"match": {"control": ["S3.8"]}, "suppress": LEASE}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.rules()
    desk.keep([desk.problem(like(account=PAYMENTS)), desk.problem(like(resource="b", title="Key of taro@example.com"))])
    return desk


@pytest.fixture
def file(desk: Desk, tmp_path: Path) -> Path:
    """An export of the desk's two problems."""
    path = tmp_path / "problems.jsonl"
    result = desk.run("findings", "export", str(path))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"{path}: 2 open and suppressed problems of security-audit.",
        f"Try a policy on them: fleetctl findings plan --problems {path}",
    ]
    return path


def test_a_plan_from_a_file_is_that_from_the_table_and_reads_nothing_else(desk: Desk, file: Path) -> None:
    desk.rules(RULE)
    from_table = desk.planned()
    desk.clients.clear()
    from_file = desk.planned("--problems", file)
    assert from_file == from_table
    assert from_file["shifts"]["suppressed"]["count"] == 2
    assert desk.clients == []
    assert f"The problems of security-audit in {file}" in desk.plan("--problems", file)


def test_titles_are_masked_and_the_rest_is_as_it_was(desk: Desk, file: Path) -> None:
    lines = file.read_bytes().splitlines()
    problems = [msgspec.json.decode(line, type=Problem) for line in lines[1:-1]]
    titles = {copy.title for problem in problems for copy in problem.copies.values()}
    assert titles == {"S3 general purpose buckets should block public access", "Key of [masked]"}
    store = ProblemStore(desk.table, desk.deployment().policy)
    for problem in problems:
        known = store.get(problem.id).problem
        assert known is not None
        assert problem == msgspec.structs.replace(known, copies=problem.copies)


def test_an_export_is_for_its_owner_alone(file: Path) -> None:
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_is_there_is_overwritten_only_by_force(desk: Desk, file: Path) -> None:
    assert "--force overwrites it" in desk.refused("export", file)
    assert desk.run("findings", "export", str(file), "--force").exit_code == 0


def test_a_place_that_cannot_be_written_is_told(desk: Desk, tmp_path: Path) -> None:
    assert "No such file or directory" in desk.refused("export", tmp_path / "no" / "p", status=1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: [], "is not made by `fleetctl findings export`"),
        (lambda lines: lines[1:], "is not made by `fleetctl findings export`"),
        (lambda lines: [lines[0].replace(b'"v":1', b'"v":2'), *lines[1:]], "made by another fleetctl (version 2)"),
        (lambda lines: lines[:-1], "cut off after 2 problems; export it again"),
        (lambda lines: lines[:-2], "cut off after 1 problems; export it again"),
        (lambda lines: [lines[0], *lines[2:]], "1 problems, and the end says 2"),
        (lambda lines: [lines[0], b"{}", *lines[2:]], ":2: no problem: "),
        (lambda lines: [lines[0], lines[1][:50], *lines[2:]], ":2: no problem: "),
        (lambda lines: [lines[0], b"\xff", *lines[2:]], ":2: no problem: "),
        (
            lambda lines: [lines[0], b'{"account":"1","region":"r","control":"c","resource":"x"}', *lines[2:]],
            ":2: a problem that no finding reports",
        ),
        (lambda lines: [*lines[:-1], b'{"of":"end","count":"x"}'], ":4: no end: "),
    ],
)
def test_a_file_that_is_not_whole_is_told_with_the_line(desk: Desk, file: Path, change: Any, says: str) -> None:
    file.write_bytes(b"\n".join(change(file.read_bytes().splitlines())))
    assert says in desk.refused("plan", "--problems", file, status=1)


@pytest.mark.parametrize("name", ["no", "."])
def test_a_file_that_cannot_be_read_is_told(desk: Desk, tmp_path: Path, name: str) -> None:
    assert desk.refused("plan", "--problems", tmp_path / name, status=1)


def test_problems_of_another_deployment_are_not_judged_as_this_ones(desk: Desk, file: Path) -> None:
    error = desk.refused("plan", "--problems", file, "--account", "payments-production")
    assert error == "These are the problems of security-audit, not of payments-production.\n"
    assert "222233334444 in ap-northeast-1 does not run findings; these do: local-spoke" in desk.refused(
        "plan", "--problems", file, "--local"
    )


def test_without_a_home_the_account_is_asked_for(desk: Desk) -> None:
    desk.edit("fleet.yaml", findings={"home": "each-account"})
    assert "Each account has its own problems: which? --account one of security-audit" in desk.refused("plan")
    desk.planned("--account", "payments-production")
    assert desk.clients == [("dynamodb", "payments-production")]


@pytest.mark.parametrize("command", [["plan"], ["export", "file"]])
def test_an_account_that_is_none_is_told(desk: Desk, command: list[str]) -> None:
    assert "'x' is no account of the fleet" in desk.refused(*command, "--account", "x")


def test_a_broken_policy_is_told_before_anything_is_read(desk: Desk) -> None:
    desk.edit("findings.yaml", rules=[{"name": "a"}])
    assert "The configuration has" in desk.refused("plan", status=1)
    assert desk.clients == []


def test_missing_credentials_are_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def query(**_: object) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(desk.dynamodb, "query", query)
    assert desk.refused("plan", status=1) == "Unable to locate credentials\n"


def git(root: Path, *words: str) -> None:
    author = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *author, *words], check=True, capture_output=True)


@pytest.fixture
def committed(desk: Desk) -> Desk:
    """The desk's checkout as a repository, in which the policy without rules is called `main`."""
    git(desk.root, "init", "-q", "-b", "main")
    git(desk.root, "add", ".")
    git(desk.root, "commit", "-q", "-m", "first")
    return desk


def test_against_a_revision_only_what_the_files_change_is_told(committed: Desk) -> None:
    committed.rules(RULE)
    committed.keep([committed.problem(like(resource="kept by a policy that was never merged", control="KMS.4"))])
    committed.rules({"match": {"control": ["KMS.4"]}, "severity": "LOW"})
    made = committed.planned("--base", "main")
    assert (made["base"], made["changed"]) == ("main", 1)
    assert made["shifts"]["severity"]["examples"][0]["was"] == "HIGH"
    assert "as the policy of main has them, against" in committed.plan("--base", "main")


def test_a_revision_has_its_own_catalogue_and_accounts(committed: Desk) -> None:
    committed.edit("services.yaml", default={"team": "scheduling", "slack_channel": "#team-scheduling"}, services=[])
    shifts = committed.planned("--base", "HEAD")["shifts"]
    assert shifts["owner"]["teams"] == {"payments to scheduling": 1, "sre": 1}, "of no service any more"


@pytest.mark.parametrize("name", ["nosuch", "--all", "main:config", "HEAD~9"])
def test_a_revision_that_is_none_is_told(committed: Desk, name: str) -> None:
    assert committed.refused("plan", f"--base={name}").startswith("--base: ")


def test_a_checkout_that_is_no_repository_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(desk.root.parent))
    assert "not a git repository" in desk.refused("plan", "--base", "main")


def test_a_revision_whose_policy_is_broken_is_told(committed: Desk) -> None:
    committed.edit("findings.yaml", rules=[{"name": "a"}])
    git(committed.root, "commit", "-q", "-a", "-m", "broken")
    committed.rules()
    error = committed.refused("plan", "--base", "HEAD")
    assert error.startswith("--base: The configuration has")
    assert committed.planned("--base", "HEAD~1")["changed"] == 0


def test_a_revision_of_the_local_fleet_is_read(committed: Desk) -> None:
    assert committed.planned("--local", "--base", "main")["account"] == "local-spoke"


def test_a_table_that_stays_busy_is_told(desk: Desk) -> None:
    class Busy:
        """Hands out nothing."""

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.dynamodb, name)

        def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
            return {"Responses": {}, "UnprocessedKeys": RequestItems}

    slept: list[float] = []
    with pytest.raises(BusyError, match="does not hand out 2 problems"):
        list(kept.problems(Busy(), desk.deployment(), lambda done, total: None, slept.append))
    assert len(slept) == 10


def test_it_reads_what_dynamodb_keeps(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    deployment = desk.deployment()
    problems = [desk.problem(like(resource=str(n))) for n in range(3)]
    monkeypatch.setattr(kept, "_BATCH", 2)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=kept.TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "live", "rank")],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "live",
                    "KeySchema": [
                        {"AttributeName": "live", "KeyType": "HASH"},
                        {"AttributeName": "rank", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["brief"]},
                }
            ],
        )
        store = ProblemStore(Table(client, kept.TABLE), deployment.policy)
        for problem in problems:
            store.put(problem, [], over=store.get(problem.id), now=NOW, acting=False)
        ticks: list[tuple[int, int]] = []
        found = list(kept.problems(client, deployment, lambda done, total: ticks.append((done, total))))
    assert {each.id: each for each in found} == {each.id: each for each in problems}
    assert ticks == [(2, 3), (3, 3)]


def test_the_checkout_is_the_desks_own(desk: Desk) -> None:
    assert desk.root == sessions.ROOT
