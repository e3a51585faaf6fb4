"""Mutation score of the pure modules: of the small wrong versions of them, how many do the tests notice?

Each mutant runs in a fork of a process that has the libraries loaded but nothing of ours, so that it costs what its
tests cost; the module that it changes is replaced at import and never written to the checkout. (mutmut and cosmic-ray
mutate files in place or in a copy with one import root; ours has two, and others work in the same tree.) Hypothesis
runs few examples, always the same, and does not shrink.

A survivor that no test could notice stands in bench/equivalent_mutants.yaml with its reason.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from bench.mutants import mutants
from bench.mutation_run import Result, prepare, run_all

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = ROOT / "bench" / "equivalent_mutants.yaml"
AT_LEAST = 0.90
_FLEET, _TESTS = "layers/fleet/python/fleet", "tests/layers/fleet"
_SHAPES = tuple(
    f"findings/test_{name}" for name in ("asff", "asff_without_control", "ocsf", "event", "reasons", "samples")
)


def _functions(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/functions/{name}.py" for name in names)


def _fleet(*names: str) -> tuple[str, ...]:
    return tuple(f"{_TESTS}/test_{name}.py" for name in names)


TESTS: Mapping[str, Sequence[str]] = {
    "functions/findings/finding.py": _functions(*_SHAPES, "findings/test_finding", "findings/test_problem"),
    "functions/findings/asff.py": _functions(*_SHAPES),
    "functions/findings/ocsf.py": _functions(*_SHAPES),
    "functions/findings/event.py": _functions("findings/test_event"),
    "functions/findings/problem.py": _functions("findings/test_problem", "findings/test_problem_stored"),
    "functions/findings/answers.py": _functions("findings/test_answers"),
    "functions/findings/attend.py": _functions("findings/test_attend"),
    "functions/findings/brief.py": _functions("findings/test_summary"),
    "functions/findings/history.py": _functions("findings/test_history"),
    "functions/findings/lease.py": _functions("findings/test_lease"),
    "functions/findings/judge.py": _functions(
        *(f"findings/test_policy{what}" for what in ("", "_asked", "_left_out", "_trace"))
    ),
    "functions/findings/summary.py": _functions("findings/test_summary"),
    "functions/findings/telling.py": _functions("findings/test_telling"),
    "functions/findings/ticket.py": _functions("findings/test_ticket"),
    "functions/chatops/message.py": _functions("chatops/test_message", "chatops/test_standing"),
    "functions/chatops/routes.py": _functions("chatops/test_routes"),
    "functions/chatops/outbox.py": _functions("chatops/test_outbox", "chatops/test_outbox_news"),
    "functions/chatops/standing.py": _functions("chatops/test_standing", "chatops/test_problem_message"),
    "functions/chatops/problem_message.py": _functions("chatops/test_problem_message", "chatops/test_standing"),
    "functions/chatops/known.py": _functions("chatops/test_known"),
    "functions/chatops/storm.py": _functions("chatops/test_storm"),
    "functions/chatops/summary_message.py": _functions("chatops/test_summary_message"),
    "functions/chatops/page.py": _functions("chatops/test_page"),
    "functions/chatops/people.py": _functions("chatops/test_people"),
    "functions/chatops/audit.py": _functions("chatops/test_audit", "chatops/test_audit_anchors"),
    "functions/chatops/request.py": _functions(
        "chatops/test_request", "chatops/test_request_life", "chatops/test_request_answers"
    ),
    "functions/chatops/signature.py": _functions("chatops/test_signature"),
    "functions/chatops/intake.py": _functions("chatops/test_intake", "chatops/test_ingress_refusals"),
    "functions/operations/letters.py": _functions("operations/test_letters"),
    "functions/operations/redrive.py": _functions("operations/test_redrive"),
    "functions/operations/answers.py": _functions("operations/test_commands", "operations/test_work"),
    f"{_FLEET}/masking.py": _fleet("masking"),
    f"{_FLEET}/canonical.py": _fleet("canonical"),
    **{
        f"{_FLEET}/commands/grammar/{name}.py": (f"{_TESTS}/commands/test_{name}.py",)
        for name in ("typed", "values", "nearest", "registry", "parse", "help")
    },
    f"{_FLEET}/catalogue.py": _fleet("catalogue", "catalogue_trace"),
    f"{_FLEET}/wildcards.py": _fleet("wildcards"),
    f"{_FLEET}/timestamps.py": _fleet("timestamps"),
    f"{_FLEET}/refusal.py": _fleet("worker", "envelope"),
    f"{_FLEET}/budget.py": _fleet("budget"),
    f"{_FLEET}/command_answer.py": _fleet("command_work"),
    f"{_FLEET}/command_work.py": _fleet("command_work"),
    f"{_FLEET}/outbox.py": _fleet("outbox"),
    f"{_FLEET}/worker.py": _fleet("worker"),
    f"{_FLEET}/stream.py": _fleet("stream"),
    f"{_FLEET}/modes.py": _fleet("modes"),
    f"{_FLEET}/events/envelope.py": _fleet("envelope"),
}
"""Each module, and the tests that mirror it."""


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mutant that does the same as the module."""

    mutant: str
    reason: str


def main() -> int:
    """0 if enough mutants are noticed."""
    parser = argparse.ArgumentParser(prog="bench.mutation", description=__doc__)
    parser.add_argument("--module", default="", help="only modules whose path has this in it")
    only = parser.parse_args().module
    began = time.monotonic()
    prepare()
    chosen = {path: tests for path, tests in TESTS.items() if only in path}
    equivalent = {each.mutant for each in _equivalent()}
    results: list[Result] = []
    for path, tests in chosen.items():
        found = list(mutants(path, (ROOT / path).read_text()))
        results += run_all(path, found, tests)
        here = [each for each in results if each.mutant.path == path]
        missed = sum(each.survived for each in here)
        print(f"{path}: {len(here) - missed} of {len(here)} noticed ({time.monotonic() - began:.0f} s)", flush=True)
    return _judge(results, equivalent, whole=not only)


def _judge(results: Sequence[Result], equivalent: set[str], *, whole: bool) -> int:
    survivors = [each.mutant for each in results if each.survived]
    for mutant in survivors:
        if mutant.name not in equivalent:
            print(f"\n{mutant.path}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}")
    counted = [each for each in results if each.mutant.name not in equivalent]
    score = 1 - sum(each.survived for each in counted) / max(1, len(counted))
    print(
        f"\nMutation score {score:.1%} of {len(counted)} mutants (at least {AT_LEAST:.0%}); "
        f"{len(results) - len(counted)} are equivalent to the module"
    )
    stale = equivalent - {mutant.name for mutant in survivors} if whole else set()
    for name in sorted(stale):
        print(f"{EQUIVALENT.name}: {name!r} does not survive, or is gone; remove the entry")
    return 1 if stale or score < AT_LEAST else 0


def _equivalent() -> Iterator[Equivalent]:
    if EQUIVALENT.exists():
        yield from msgspec.yaml.decode(EQUIVALENT.read_bytes() or b"[]", type=list[Equivalent])


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
