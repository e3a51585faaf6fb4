"""`fleetctl local doctor`: is everything there, and what is the local cloud worth as evidence?"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local import client, deploy, process
from local.errors import LocalCloudError
from local.ledger import LEDGER
from local.process import ROOT, Instance

_COLOURS = {"real": "green", "simulated": "yellow", "not simulated": "red"}


def show(instance: Instance, out: Console) -> bool:
    """Print the checks and the parity ledger; whether every check passed."""
    checks = list(_checks(instance))
    for good, what, finding in checks:
        out.print(f"{'✓' if good else '✗'} {what}: {finding}", style=None if good else "red", markup=False)
    out.print()
    table = Table("behaviour", "status", "evidence", "file", title="Parity with AWS", show_lines=False)
    for line in LEDGER:
        table.add_row(line.behaviour, f"[{_COLOURS[line.status]}]{line.status}[/]", line.evidence, line.file)
    out.print(table)
    if process.status(instance) == "running":
        for resource in client.not_simulated(instance):
            out.print(
                f"deployed but not simulated: {resource['type']} {resource['logical_id']} of stack "
                f"{resource['stack']} in {resource['account']}: {resource['why']}",
                markup=False,
            )
    return all(good for good, _, _ in checks)


def _checks(instance: Instance) -> Iterator[tuple[bool, str, str]]:
    yield sys.version_info[:2] == (3, 13), "Python 3.13", sys.version.split()[0]
    yield _program("Node", ROOT / ".venv/bin/node", "--version")
    yield _program("CDK CLI", ROOT / "node_modules/.bin/cdk", "--version")
    yield _program(
        "emulator",
        ROOT / ".venv-cloud/bin/python",
        "-c",
        "import importlib.metadata as m; print('ministack', m.version('ministack'))",
    )
    now = process.status(instance)
    if now == "stopped":
        try:
            process._refuse_taken_port(instance)
            yield True, f"port {instance.port}", "free; the local cloud is not running (fleetctl local up)"
        except LocalCloudError as error:
            yield False, f"port {instance.port}", str(error)
        return
    try:
        process.require_running(instance)
        yield True, f"port {instance.port}", f"the local cloud answers, its log is {instance.log_file}"
    except LocalCloudError as error:
        yield False, f"port {instance.port}", str(error)
        return
    yield (
        deploy.is_deployed(instance),
        "fleet",
        "deployed" if deploy.is_deployed(instance) else ("not deployed: fleetctl local up"),
    )


def _program(what: str, path: Path, *arguments: str) -> tuple[bool, str, str]:
    if not path.exists():
        return False, what, f"{path} is missing: make setup"
    env = client.environment(Instance(), client.HUB)
    try:
        found = subprocess.run([str(path), *arguments], capture_output=True, text=True, env=env, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return False, what, f"{path} does not run: {error}"
    return True, what, found.stdout.strip()
