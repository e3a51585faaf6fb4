"""`make bench`: what the fleet costs to load, to ship, to deploy, and how fast it is here; all in one run.

Compare within a run, not between runs: machines are shared, and the ratios hold where the milliseconds do not.
"""

import argparse
import io
import os
import sys
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from bench import ack, approvals, chain, storm
from bench.bundles import Bundles, bundles
from bench.imports import BUDGET_MS, ROUNDS, measure
from bench.speed import MANY, ONE_BY_ONE, latencies, throughput
from local import demo, deploy, process
from local.errors import LocalCloudError
from local.process import Instance
from stacks.parts.bundling import Platform
from tests.local.conftest import free_port

out = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 120)


def main() -> int:
    """Print the tables; 1 if a promise among them is broken."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--part", choices=["imports", "ack", "storm", "local", "approvals"], help="only this part")
    only = parser.parse_args().part
    out.print(f"{os.cpu_count()} cores, {os.getloadavg()[0]:.1f} of them busy before this began")
    broken: list[str] = []
    if only in {None, "imports"}:
        slow = show_imports(bundles(Platform.host()))
        broken += [f"{module} takes more than {BUDGET_MS:.0f} ms beyond a boto3 client" for module in slow]
        show_sizes(bundles(Platform.LAMBDA_ARM64))
    if only in {None, "ack"} and not ack.show(out):
        broken.append("the acknowledging path is over its budget")
    if only in {None, "storm"} and not storm.show(out):
        broken.append("the storm broke a promise")
    if only in {None, "local", "approvals"}:
        broken += _on_the_local_cloud(only)
    for promise in broken:
        out.print(f"[red]{promise}[/]")
    return 1 if broken else 0


def _on_the_local_cloud(only: str | None) -> list[str]:
    broken: list[str] = []
    with TemporaryDirectory(prefix="yagura-bench-") as folder:
        instance = Instance(Path(folder).resolve(), free_port())
        process.start(instance)
        try:
            if only != "local":
                if wrong := approvals.run(out, instance):
                    broken.append(f"{wrong} approvals were wrong")
                if chain.run(out, instance):
                    broken.append("the audit chain lost, repeated or forked an entry")
            if only != "approvals":
                show_deployment(instance)
                demo.set_slack_token(instance)
                show_speed(instance)
        finally:
            process.stop(instance)
    return broken


def show_imports(built: Bundles) -> list[str]:
    """Import times; the modules that are over the budget."""
    table = Table(
        "entry module",
        "ms",
        "beyond a client",
        "budget",
        "x client",
        "without bytecode",
        title=f"Import, median of {ROUNDS} fresh processes",
    )
    found = measure(built)
    for each in found:
        table.add_row(
            each.module,
            f"{each.shipped:.0f}",
            f"{each.beyond:.0f}",
            f"{BUDGET_MS:.0f}",
            f"{each.shipped / each.client:.2f}",
            f"{each.without_bytecode / each.shipped:.1f} x",
        )
    table.add_row("boto3.client('dynamodb') alone", f"{found[0].client:.0f}", "0", "", "1.00", "")
    out.print(table)
    return [each.module for each in found if each.at_best > BUDGET_MS]


def show_sizes(built: Bundles) -> None:
    """What is uploaded for Lambda."""
    table = Table("asset", "MB unpacked", "MB zipped", title="Assets, for Lambda on arm64")
    for name, folder in {"layer deps": built.deps, "layer fleet": built.fleet, **built.capabilities}.items():
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        table.add_row(name, f"{size / 1e6:.2f}", f"{_zipped(folder, files) / 1e6:.2f}")
    out.print(table)


def _zipped(folder: Path, files: list[Path]) -> int:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    return len(packed.getvalue())


def show_deployment(instance: Instance) -> None:
    """Synth alone, and all of a first and of a second deployment, on the local cloud."""
    table = Table("hub and spoke on the local cloud", "seconds")
    began = time.monotonic()
    deploy.synth(instance, instance.state_dir / "synth-only")
    table.add_row("synth, bundles made before", f"{time.monotonic() - began:.1f}")
    for what in ("synth, bootstrap and deploy", "the same again, nothing changed"):
        began = time.monotonic()
        deploy.bootstrap_and_deploy(instance)
        table.add_row(what, f"{time.monotonic() - began:.1f}")
    out.print(table)


def show_speed(instance: Instance) -> None:
    """Latency and throughput."""
    table = Table(
        "from the spoke's default bus",
        "median s",
        "p95 s",
        f"{MANY} at once: s",
        "events a second",
        title=f"Events on the local cloud: {ONE_BY_ONE} one by one, then {MANY} at once",
    )
    for one, many in zip(latencies(instance), throughput(instance), strict=True):
        table.add_row(one.stage, f"{one.median:.2f}", f"{one.p95:.2f}", f"{many.seconds:.1f}", f"{many.per_second:.0f}")
    out.print(table)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LocalCloudError as error:
        sys.exit(f"error: {error}")
