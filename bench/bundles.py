"""The bundles as they are deployed: the layers and each capability's code, and programs that see nothing else."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from stacks.config.compile import chatops_config, findings_config, operations_config
from stacks.config.load import load
from stacks.parts import bundling
from stacks.parts.bundling import Platform

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = {
    "findings": ("triage", "publish", "writeback", "tickets", "sweep", "work"),
    "operations": ("work", "publish"),
    "chatops": ("desk", "answers", "notify", "publish", "anchor"),
}
_ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "YAGURA_ACCOUNT": "111122223333",
    "YAGURA_TABLE": "yagura-table",
    "YAGURA_BUS": "yagura",
    "YAGURA_DEAD_LETTERS": "https://sqs.eu-west-1.amazonaws.com/111122223333/dead",
    "POWERTOOLS_SERVICE_NAME": "yagura",
    "POWERTOOLS_METRICS_NAMESPACE": "Yagura",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "YAGURA_SLACK_API": "http://127.0.0.1:1/",
    "YAGURA_SLACK_SECRET": "/yagura/slack/bot-token",
    "YAGURA_SLACK_HOOKS": "http://127.0.0.1:1/",
    "YAGURA_PUMP_QUEUE": "https://sqs.eu-west-1.amazonaws.com/111122223333/yagura-chatops",
    "YAGURA_WRITEBACK_QUEUE": "https://sqs.eu-west-1.amazonaws.com/111122223333/yagura-findings-writeback",
    "YAGURA_TICKET_QUEUE": "https://sqs.eu-west-1.amazonaws.com/111122223333/yagura-findings-tickets",
    "YAGURA_GITHUB_SECRET": "/yagura/github/token",
    "YAGURA_GITHUB_API": "http://127.0.0.1:1/",
    "YAGURA_ARCHIVE_ROLE": "arn:aws:iam::444455556666:role/yagura/archive",
    "YAGURA_ARCHIVE_BUCKET": "yagura-audit",
    "YAGURA_ARCHIVE_REGION": "eu-west-1",
    "YAGURA_CLAIMS_ROLE": "arn:aws:iam::111122223333:role/yagura/claims",
    "YAGURA_HUB_REGION": "eu-west-1",
    "YAGURA_REQUESTS_TABLE": "yagura-chatops",
}
"""What FleetFunction and Lambda set."""


@dataclass(frozen=True)
class Bundles:
    """Folders as Lambda unpacks them: two layers, and the code of each capability."""

    deps: Path
    fleet: Path
    capabilities: dict[str, Path]

    def path(self, capability: str) -> list[Path]:
        """What is searched for modules, in Lambda's order."""
        return [self.capabilities[capability], self.fleet / "python", self.deps / "python"]


def bundles(platform: Platform) -> Bundles:
    """Made here if they are not there already."""
    config = load(ROOT)
    account = next(each for each in config.fleet.accounts if "findings" in each.capabilities)
    compilers = {"findings": findings_config, "chatops": chatops_config, "operations": operations_config}
    compiled = {name: compiler(config, account) for name, compiler in compilers.items()}
    with _made():
        found: list[Any] = [bundling.deps_layer_code(platform), bundling.fleet_layer_code()]
        found += [bundling.capability_code(name, {f"functions/{name}/config.json": compiled[name]}) for name in ENTRIES]
    return Bundles(found[0], found[1], dict(zip(ENTRIES, found[2:], strict=True)))


def libraries(platform: Platform) -> Path:
    """The libraries of the layer `deps`, which need no configuration; made here if they are not there already."""
    with _made():
        layer: Any = bundling.deps_layer_code(platform)
    return Path(layer) / "python"


@contextmanager
def _made() -> Iterator[None]:
    """`bundling` gives CDK's assets; here the folders themselves."""
    with patch.object(bundling._Bundle, "code", lambda self, _source: self.made()):  # noqa: SLF001
        yield


def entries() -> Iterator[tuple[str, str]]:
    """Capability and entry module of every function."""
    for capability, names in ENTRIES.items():
        for name in names:
            yield capability, f"functions.{capability}.{name}"


def run(program: str, path: Sequence[Path], *, capability: str = "", options: Sequence[str] = ()) -> Any:
    """What a program prints as JSON, in a fresh interpreter that sees `path` and the standard library only."""
    program = f"import sys; sys.path[:0] = {[str(each) for each in path]!r}\n{program}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", *options, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=_ENVIRONMENT | {"YAGURA_CAPABILITY": capability},
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout.splitlines()[-1])
