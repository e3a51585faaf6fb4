"""How long an entry module takes to import, in fresh processes, beside a boto3 client alone, all in one run."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bundles import Bundles, entries, run

ROUNDS = 7
BUDGET_MS = 120.0
"""Beyond a boto3 client, for functions that nobody waits for."""
# In processor time, which is what a clock shows on a quiet machine: nothing here waits.
_TIMED = """
import json, time
began = time.process_time()
{program}
print(json.dumps((time.process_time() - began) * 1000))
"""
_CLIENT = "import boto3; boto3.client('dynamodb')"


@dataclass(frozen=True)
class Import:
    """Medians, in ms of processor time."""

    module: str
    shipped: float
    without_bytecode: float
    client: float
    """A boto3 client alone, in the same rounds."""
    at_best: float
    """Beyond a client, each in its fastest round: neighbours only ever add to it, so the budget is judged by this."""

    @property
    def beyond(self) -> float:
        """What the budget limits."""
        return self.shipped - self.client


def measure(built: Bundles) -> list[Import]:
    """Each variant in turn, ROUNDS times, so that a noisy neighbour meets them all alike."""
    times: dict[tuple[str, str], list[float]] = {}
    with TemporaryDirectory() as empty:
        # Bytecode is looked for in a folder that has none, and never written.
        bare = ("-B", "-X", f"pycache_prefix={empty}")
        for _ in range(ROUNDS):
            for capability, module in entries():
                path = built.path(capability)
                for kind, options in (("shipped", ()), ("bare", bare)):
                    spent = _time(f"import {module}", path, capability, options)
                    times.setdefault((module, kind), []).append(spent)
            times.setdefault(("", "client"), []).append(_time(_CLIENT, [built.deps / "python"], "", ()))
    medians = {key: statistics.median(each) for key, each in times.items()}
    return [
        Import(
            module,
            shipped=medians[module, "shipped"],
            without_bytecode=medians[module, "bare"],
            client=medians["", "client"],
            at_best=min(times[module, "shipped"]) - min(times["", "client"]),
        )
        for _, module in entries()
    ]


def _time(program: str, path: Sequence[Path], capability: str, options: Sequence[str]) -> float:
    return float(run(_TIMED.format(program=program), path, capability=capability, options=options))
