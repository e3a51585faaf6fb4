"""The pure path of findings beside its peers: problems a second on one core, on the same findings and equal rules.

Ours opens the event and takes the finding as `triage` does for a new problem: it is normalised, and history, ownership
and all kinds of rules are decided. awsfindingsmanagerlib makes its Finding and looks for the first Rule that matches;
c7n asks the value filters of one policy after the other. Each answers which rule suppresses the finding, and a referee
that knows none of them checks all answers before anything is timed.
"""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from bench.ack import installed_peers
from bench.bundles import ROOT, libraries, run
from bench.findings_corpus import FINDINGS, RULES, corpus, expected
from stacks.parts.bundling import Platform

ROUNDS = 5
AT_LEAST = 5.0
"""So many times the faster peer, with the most rules."""
_CONTENDERS = Path(__file__).with_name("contenders")
_PEERS = Path(__file__).with_name("findings_peers.txt")
OURS, MANAGERLIB, CUSTODIAN = "ours", "managerlib", "custodian"
_NAMES = {OURS: "yagura", MANAGERLIB: "awsfindingsmanagerlib 1.5.0", CUSTODIAN: "c7n 0.9.53, value filters"}


@dataclass(frozen=True)
class Row:
    """Medians of ROUNDS fresh processes."""

    contender: str
    rules: int
    at_best_us: float
    """The whole, in the fastest round: neighbours only ever add to it, so the promise is judged by this."""
    whole_us: float
    """From the event's JSON to the answer, for one finding."""
    decided_us: float
    """From what was decoded (of ours: normalised) to the answer."""

    @property
    def per_second(self) -> float:
        """Problems a second on one core."""
        return 1e6 / self.whole_us


def rows() -> list[Row]:
    """Each contender in turn, ROUNDS times, so that a noisy neighbour meets them all alike. The referee comes first."""
    given = corpus() | {"counts": RULES}
    peers = [installed_peers(_PEERS)]
    ours = [libraries(Platform.host()), ROOT / "layers" / "fleet" / "python", ROOT]
    paths = {OURS: ours, MANAGERLIB: peers, CUSTODIAN: peers}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "corpus.json"
        file.write_text(json.dumps(given))

        def process(contender: str, *, answers: bool) -> dict[str, list[float | str]]:
            program = f"import timed; timed.run({contender!r}, {str(file)!r}, answers={answers})"
            return dict(run(program, [_CONTENDERS, *paths[contender]]))

        for contender in paths:
            said = process(contender, answers=True)
            for count in RULES:
                wanted = expected(given["events"], given["rules"][:count])
                if said[str(count)] != wanted:
                    raise SystemExit(f"error: with {count} rules {_NAMES[contender]} does not say what the rules say")
        times = [{name: process(name, answers=False) for name in paths} for _ in range(ROUNDS)]
    return [_row(name, count, [each[name][str(count)] for each in times]) for count in RULES for name in paths]


def _row(name: str, count: int, rounds: list[list[float | str]]) -> Row:
    whole, decided = ([float(each) / FINDINGS * 1e6 for each in part] for part in zip(*rounds, strict=True))
    return Row(name, count, min(whole), statistics.median(whole), statistics.median(decided))


def show(out: Console) -> bool:
    """Print the table; whether ours is fast enough."""
    found = rows()
    table = Table(
        *("rules", "who", "problems a second", "µs a problem", "x ours", "decided only: µs", "x ours"),
        title=f"{FINDINGS:,} findings, one core, median of {ROUNDS} fresh processes each; all answers equal",
    )
    times = {}
    for count in RULES:
        of_it = {row.contender: row for row in found if row.rules == count}
        ours = of_it[OURS]
        for row in of_it.values():
            table.add_row(
                str(count),
                _NAMES[row.contender],
                f"{row.per_second:,.0f}",
                f"{row.whole_us:.1f}",
                f"{row.whole_us / ours.whole_us:.1f}",
                f"{row.decided_us:.1f}",
                f"{row.decided_us / ours.decided_us:.1f}",
            )
        times[count] = min(row.at_best_us for row in of_it.values() if row is not ours) / ours.at_best_us
    out.print(table)
    for count, each in times.items():
        out.print(f"with {count} rules: {each:.1f} times the faster peer, each in its best round")
    return times[max(times)] >= AT_LEAST


if __name__ == "__main__":
    raise SystemExit(0 if show(Console(width=140)) else 1)
