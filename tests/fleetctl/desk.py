"""A checkout of its own, whose policy tests may change, and the table of its findings."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from typer.testing import Result

from fleet.items import Table, to_dynamodb
from fleetctl import sessions
from fleetctl.findings_policy.deployments import Deployment
from functions.findings.decision import taken
from functions.findings.finding import Finding, Seen
from functions.findings.problem import Problem
from functions.findings.store import ProblemStore, key
from functions.findings.teams import Teams, teams_of
from stacks.config.load import load
from tests.fleetctl.hub import run
from tests.functions.findings.samples import event, finding, put
from tests.layers.fleet.fakes import FakeDynamoDB

NOW = 1_795_651_200_000
"""2026-11-26 00:00 UTC."""
NOW_TEXT = "2026-11-26T00:00Z"
DAY_MS = 24 * 3_600_000
PAYMENTS, RECORDS, STAGING, STRANGER = "444455556666", "555566667777", "666677778888", "999999999999"
FIRST = finding("imported-s3.8")
_REAL = sessions.ROOT


class Desk:
    """Files, and what stands in the table of `security-audit`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("config", "local"):
            for file in (_REAL / folder).glob("*.yaml"):
                copy = root / folder / file.name
                copy.parent.mkdir(exist_ok=True)
                shutil.copy(file, copy)
        self.dynamodb = FakeDynamoDB()
        self.clients: list[tuple[str, str]] = []
        self.run = run
        self._deployments: dict[bytes, Deployment] = {}

    def file(self, name: str) -> Path:
        return self.root / "config" / name

    def edit(self, name: str, **changes: Any) -> None:
        """Change the top level of a file."""
        path = self.file(name)
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes, allow_unicode=True))

    def rules(self, *rules: dict[str, Any], **more: Any) -> None:
        """Let these be the rules of findings.yaml."""
        reasoned = [{"name": f"rule-{number}", "reason": "so it is agreed"} | rule for number, rule in enumerate(rules)]
        self.edit("findings.yaml", rules=reasoned, **more)

    def deployment(self, name: str = "security-audit") -> Deployment:
        files = name.encode().join(file.read_bytes() for file in sorted((self.root / "config").iterdir()))
        if files not in self._deployments:
            config = load(self.root)
            account = next(each for each in config.fleet.accounts if each.name == name)
            self._deployments[files] = Deployment.of(config, account)
        return self._deployments[files]

    def problem(self, *found: Finding, **changes: Any) -> Problem:
        """What the deployment makes of findings by the policy as it is now; `changes` are of the problem."""
        law = self.deployment().law
        problem: Problem | None = None
        for number, each in enumerate(found or (FIRST,)):
            seen = Seen(finding=each, event_id=f"e{number}", event_time=each.updated_at + number)
            problem = taken(problem, seen, law, NOW) or problem
        assert problem is not None
        return msgspec.structs.replace(problem, **changes)

    def keep(self, problems: Iterable[Problem]) -> list[Problem]:
        """Put problems into the table, and the teams beside them, as the sweep does."""
        deployment = self.deployment()
        Teams(self.table, teams_of(deployment.law.catalogue, deployment.policy)).all()
        store = ProblemStore(self.table, deployment.policy)
        kept = list(problems)
        for problem in kept:
            assert store.put(problem, [], over=store.get(problem.id), now=NOW, acting=False)
        return kept

    def close(self, problem: Problem) -> None:
        """Take it out of the table, but not yet out of the index."""
        item = self.dynamodb.items[key(problem.id)]
        gone = msgspec.structs.replace(problem.state, status="gone")
        text = msgspec.json.encode(msgspec.structs.replace(problem, state=gone)).decode()
        item["problem"] = to_dynamodb({"problem": text})["problem"]

    @property
    def table(self) -> Table:
        client: Any = self.dynamodb
        return Table(client, "yagura-findings")

    def explain(self, *words: str | Path, status: int = 0, stdin: str | bytes = "") -> str:
        """What `explain` prints."""
        return self._said("explain", *words, status=status, stdin=stdin).stdout

    def explained(self, *words: str | Path, status: int = 0, stdin: str | bytes = "") -> list[Any]:
        """What `explain` tells machines."""
        return list(json.loads(self._said("explain", "--json", *words, status=status, stdin=stdin).stdout))

    def planned(self, *words: str | Path) -> Any:
        """What `plan` tells machines."""
        return json.loads(self._said("plan", "--json", *words, status=0).stdout)

    def plan(self, *words: str | Path) -> str:
        """What `plan` prints."""
        return self._said("plan", *words, status=0).stdout

    def refused(self, *words: str | Path, status: int = 2) -> str:
        """What stands on the error output instead."""
        result = self.run("findings", *map(str, words))
        assert (result.exit_code, result.stdout) == (status, ""), result.output
        assert "Traceback" not in result.stderr
        return result.stderr

    def _said(self, command: str, *words: str | Path, status: int, stdin: str | bytes = "") -> Result:
        result = self.run("findings", command, "--now", NOW_TEXT, *map(str, words), stdin=stdin)
        assert result.exit_code == status, result.output
        return result


def install(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Let fleetctl work in the desk's checkout, with the desk's table."""

    def client(self: sessions.Fleet, service: str, account: Any, **_: Any) -> Any:
        desk.clients.append((service, account.name))
        return desk.dynamodb

    monkeypatch.setattr(sessions, "ROOT", desk.root)
    monkeypatch.setattr(sessions.Fleet, "client", client)
    return desk


def like(**changes: Any) -> Finding:
    """The first finding, changed; it was last seen an hour before NOW."""
    return msgspec.structs.replace(FIRST, **({"updated_at": NOW - 3_600_000} | changes))


def document(changes: dict[str, object], sample: str = "imported-s3.8") -> Any:
    """The bare finding of a sample, changed by path."""
    found = event(sample)["detail"]["findings"][0]
    for path, value in changes.items():
        put(found, path, value)
    return found


def told(desk: Desk, changes: dict[str, object], *words: str, sample: str = "imported-s3.8") -> Any:
    """What is told of the only resource of one bare finding."""
    (explained,) = desk.explained("-", *words, stdin=json.dumps(document(changes, sample)))
    (resource,) = explained["findings"][0]["resources"]
    return resource
