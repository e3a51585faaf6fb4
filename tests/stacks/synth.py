"""`python -m tests.stacks.synth`: synthesize the whole app, and say all that is wrong with it.

cdk-nag, cfn-lint and the checks of `tests/stacks/checks` on every template; nothing is bundled, AWS is not asked.
"""

import sys
from pathlib import Path
from time import monotonic

from fleetctl.templates import synthesize
from stacks.config.load import ConfigError, load
from tests.stacks.checks import CHECKS, problems
from tests.stacks.lint import lint

ROOT = Path(__file__).parents[2]
FLEETS = ("config/fleet.yaml", "local/fleet.yaml")


def main() -> int:
    """Exit status: 0 if nothing is wrong."""
    started = monotonic()
    try:
        configs = [load(ROOT, fleet, substitutions={"port": "4566"}) for fleet in FLEETS]
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    made = synthesize(configs, nag=True)
    found = [f"[cdk-nag] {violation}" for violation in made.violations]
    found += [f"[cfn-lint] {match}" for template in made.templates for match in lint(template)]
    found += problems(made.templates)
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    resources = sum(len(template.resources) for template in made.templates)
    sys.stdout.write(
        f"{len(made.templates)} templates, {resources} resources: {len(found)} problems by cdk-nag, cfn-lint and "
        f"{len(CHECKS)} checks in {monotonic() - started:.0f} s\n"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
