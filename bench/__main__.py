"""`make bench`: what the fleet costs to load, to ship, to deploy, and how fast it is here; all in one run.

Compare within a run, not between runs: machines are shared, and the ratios hold where the milliseconds do not.
"""

import argparse
import io
import os
import sys
import time
import traceback
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench import ack, approvals, chain, findings, load, requests, storm
from bench.bundles import Bundles, bundles
from bench.imports import BUDGET_MS, ROUNDS, measure
from bench.speed import MANY, ONE_BY_ONE, latencies, throughput
from local import deploy, process, ready
from local.process import Instance
from stacks.parts.bundling import Platform
from tests.local.conftest import free_port

out = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 120)


PARTS = ("imports", "ack", "storm", "findings", "requests", "load", "local", "approvals")

type Part = Callable[[], list[str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 1 if a promise among them is broken, or a part could not be run."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--part", choices=PARTS, help="only this part")
    parser.add_argument("--events", type=int, default=load.EVENTS, help="so many in the part `load`")
    options = parser.parse_args(arguments)
    only = options.part
    out.print(f"{os.cpu_count()} cores, {os.getloadavg()[0]:.1f} of them busy before this began")
    parts: dict[str, Part] = {
        "imports": _imports,
        "ack": lambda: [] if ack.show(out) else ["the acknowledging path is over its budget"],
        "storm": lambda: [] if storm.show(out) else ["the storm broke a promise"],
        "findings": lambda: [] if findings.show(out) else ["the pure path of findings is too slow beside its peers"],
        "requests": lambda: requests.show(out),
        "load": lambda: load.show(out, options.events),
    }
    broken = each({name: part for name, part in parts.items() if only in {None, name}})
    if only in {None, "local", "approvals"}:
        broken += each({"local cloud": lambda: _on_the_local_cloud(only)})
    for promise in broken:
        out.print(f"[red]{escape(promise)}[/]")
    return 1 if broken else 0


def each(parts: dict[str, Part]) -> list[str]:
    """Run one part after the other: what was broken. One that cannot be run is a broken promise, and hides no other."""
    broken: list[str] = []
    for name, part in parts.items():
        try:
            broken += part()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the other parts are run
            traceback.print_exc()
            broken.append(f"{name} could not be run: {type(error).__name__}: {error}")
    return broken


def _imports() -> list[str]:
    slow = show_imports(bundles(Platform.host()))
    show_sizes(bundles(Platform.LAMBDA_ARM64))
    return [f"{module} takes more than {BUDGET_MS:.0f} ms beyond a boto3 client" for module in slow]


def _on_the_local_cloud(only: str | None) -> list[str]:
    with TemporaryDirectory(prefix="yagura-bench-") as folder:
        instance = Instance(Path(folder).resolve(), free_port())
        parts: dict[str, Part] = {}
        if only != "local":
            parts |= {"approvals": lambda: _approvals(instance), "chain": lambda: _chain(instance)}
        if only != "approvals":
            parts |= {"deployment": lambda: show_deployment(instance), "speed": lambda: show_speed(instance)}
        process.start(instance)
        try:
            return each(parts)
        finally:
            process.stop(instance)


def _approvals(instance: Instance) -> list[str]:
    wrong = approvals.run(out, instance)
    return [f"{wrong} approvals were wrong"] if wrong else []


def _chain(instance: Instance) -> list[str]:
    return ["the audit chain lost, repeated or forked an entry"] if chain.run(out, instance) else []


def show_imports(built: Bundles) -> list[str]:
    """Import times; the modules that are over the budget."""
    table = Table(
        "entry module",
        "ms",
        "beyond a client",
        "at best",
        "budget",
        "x client",
        "without bytecode",
        title=f"Import, median of {ROUNDS} fresh processes, processor time",
    )
    found = measure(built)
    for each in found:
        table.add_row(
            each.module,
            f"{each.shipped:.0f}",
            f"{each.beyond:.0f}",
            f"{each.at_best:.0f}",
            f"{BUDGET_MS:.0f}",
            f"{each.shipped / each.client:.2f}",
            f"{each.without_bytecode / each.shipped:.1f} x",
        )
    client = found[0].client
    table.add_row("boto3.client('dynamodb') alone", f"{client:.0f}", "0", "", "", "1.00", "")
    # Its budget is its own, and counts all until its first answer has left: the part `ack` has the whole of it.
    spent = sorted(ack.ingress(built)["spent"] for _ in range(ROUNDS))
    middle, least = spent[ROUNDS // 2], spent[0]
    budget = f"{ack.IMPORT_BUDGET_MS:.0f}, without a client"
    table.add_row(ack.OURS, f"{middle:.0f}", "", f"{least:.0f}", budget, f"{middle / client:.2f}", "")
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


def show_deployment(instance: Instance) -> list[str]:
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
    return []


def show_speed(instance: Instance) -> list[str]:
    """Latency and throughput."""
    ready.make_ready(instance)
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
    return []


if __name__ == "__main__":
    sys.exit(main())
