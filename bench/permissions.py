"""The permission proof: each action of each fleet role is taken away in turn, and something with a name must fail.

What the emulator enforces is tried on a deployed fleet (`bench.scenarios`), the rest on the templates
(`tests/stacks/checks`). What nothing misses must stand in docs/permissions-unproven.yaml with its reason; it may be
5 % of all at most, and an entry there that something does miss is stale.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.fleet import ACCOUNTS, Watch, deployed, purge
from bench.grants import Grant, grants, revoked
from bench.scenario import CACHED, Scenario, start_afresh
from bench.scenarios import SCENARIOS
from bench.template_checks import TemplateChecks
from fleetctl.permissions import UNPROVEN, Unproven
from local.errors import LocalCloudError
from local.process import ROOT, Instance

MOST_UNPROVEN = 0.05
out = Console(highlight=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 150)


@dataclass(frozen=True)
class Proof:
    """What failed without a grant; without a name nothing did."""

    grant: Grant
    name: str
    why: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prove every grant; 0 if all is proven or excused."""
    parser = argparse.ArgumentParser(prog="bench.permissions", description=__doc__)
    parser.add_argument("--role", default="", help="this one alone, as in docs/permissions.md: `findings publish`")
    role = parser.parse_args(arguments).role
    began = time.monotonic()
    excuses = [each for each in read_excuses(ROOT / UNPROVEN) if role in ("", each.role)]
    checks = TemplateChecks()
    out.print("Deploying a fleet to take permissions away from")
    with deployed() as instance:
        proofs = prove(instance, checks, role)
    show(proofs, excuses)
    problems = judge(proofs, excuses)
    for problem in problems:
        out.print(f"[red]{escape(problem)}[/]")
    out.print(
        f"{sum(bool(each.name) for each in proofs)} of {len(proofs)} permissions proven, "
        f"in {time.monotonic() - began:.0f} s"
    )
    return 1 if problems else 0


def read_excuses(path: Path) -> list[Unproven]:
    """The unproven actions with their reasons; none without the file."""
    return msgspec.yaml.decode(path.read_bytes() or b"[]", type=list[Unproven]) if path.exists() else []


def prove(instance: Instance, checks: TemplateChecks, role: str = "") -> list[Proof]:
    """First that every scenario works, then each grant, then again that everything works."""
    _all_work(instance, "with all permissions")
    found = []
    listed = [each for each in grants(instance, ACCOUNTS) if role in ("", each.short_role)]
    for number, grant in enumerate(listed, 1):
        found.append(_prove_one(instance, grant, checks))
        mark = "[green]missed by[/]" if found[-1].name else "[red]missed by nothing[/]"
        out.print(f"{number}/{len(listed)} {grant.short_role} {grant.action}: {mark} {escape(found[-1].name)}")
    _all_work(instance, "with all permissions given back")
    return found


def _all_work(instance: Instance, when: str) -> None:
    for scenario in SCENARIOS:
        if problem := scenario.run(Watch(instance)):
            raise SystemExit(f"{when}, {scenario.name!r} does not work: {problem}")
    out.print(f"{len(SCENARIOS)} scenarios work {when}")


def _prove_one(instance: Instance, grant: Grant, checks: TemplateChecks) -> Proof:
    for scenario in SCENARIOS:
        if scenario.exercises(grant) and (said := _fails_without(instance, grant, scenario)):
            return Proof(grant, scenario.name, said)
    said = checks.failing(grant)
    return Proof(grant, f"template check {said.partition(':')[0]}", said) if said else Proof(grant, "")


def _fails_without(instance: Instance, grant: Grant, scenario: Scenario) -> str:
    """What the scenario says without the grant; empty if it works, or fails for another reason."""
    with _taken_away(instance, grant):
        watch = Watch(instance, grant)
        said = scenario.run(watch)
        # Where nothing is logged of it, the scenario says by itself what could not be done.
        named = [*watch.refusals(), *([said] if grant.is_refused_in(said) or f"no {grant.action}:" in said else [])]
    purge(instance)
    if said and not named:
        out.print(f"[yellow]{escape(scenario.name)} fails, and not for want of {grant.action}: {escape(said)}[/]")
    return named[0] if said and named else ""


@contextmanager
def _taken_away(instance: Instance, grant: Grant) -> Iterator[None]:
    """Without the grant, and without what is remembered from when it was there; afterwards the other way round."""
    with revoked(instance, grant):
        _forget(instance, grant)
        yield
    _forget(instance, grant)


def _forget(instance: Instance, grant: Grant) -> None:
    if grant.action in CACHED:
        purge(instance)
        start_afresh(Watch(instance, grant), grant.account, grant.function)


def judge(proofs: Sequence[Proof], excuses: Sequence[Unproven]) -> list[str]:
    """What is wrong: unproven and not excused, excused and not unproven, or too much unproven."""
    unproven = {(each.grant.short_role, each.grant.action) for each in proofs if not each.name}
    excused = {(each.role, each.action) for each in excuses}
    problems = [
        f"{role} {action}: nothing fails without it. Remove it, write a check, or say why it stays in {UNPROVEN}"
        for role, action in sorted(unproven - excused)
    ]
    problems += [
        f"{UNPROVEN}: {role} {action} is proven or gone; remove the entry"
        for role, action in sorted(excused - unproven)
    ]
    share = sum(not each.name for each in proofs) / max(1, len(proofs))
    if share > MOST_UNPROVEN:
        problems.append(f"{share:.0%} of the permissions are unproven; at most {MOST_UNPROVEN:.0%} may be")
    return problems


def show(proofs: Sequence[Proof], excuses: Sequence[Unproven]) -> None:
    """The table."""
    reasons = {(each.role, each.action): each.reason for each in excuses}
    table = Table("role", "action", "resource", "fails without it")
    for each in proofs:
        excuse = reasons.get((each.grant.short_role, each.grant.action), "no reason given")
        proof = escape(each.name) if each.name else f"[yellow]UNPROVEN[/]: {escape(excuse)}"
        table.add_row(each.grant.short_role, each.grant.action, escape(each.grant.short_resource), proof)
    out.print(table)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LocalCloudError as error:
        sys.exit(f"error: {error}")
