"""What the emulator does not enforce, checked on every synthesized template.

A check takes all templates of the app (a grant may be in another stack than what needs it) and returns problems for
people: where, what is wrong, what to do.
"""

from collections.abc import Callable, Sequence

from fleetctl.templates import Template
from tests.stacks.checks import (
    accounts,
    api,
    archive,
    boundary,
    buses,
    commands,
    conditions,
    functions,
    grants,
    keys,
    pollers,
    queues,
    requests,
    secrets,
    stacks,
    tables,
)

type Check = Callable[[Sequence[Template]], list[str]]

CHECKS: dict[str, Check] = {
    "grants": grants.check,
    "keys": keys.check,
    "pollers": pollers.check,
    "buses": buses.check,
    "commands": commands.check,
    "conditions": conditions.check,
    "requests": requests.check,
    "accounts": accounts.check,
    "archive": archive.check,
    "api": api.check,
    "secrets": secrets.check,
    "queues": queues.check,
    "tables": tables.check,
    "functions": functions.check,
    "boundary": boundary.check,
    "stacks": stacks.check,
}


def problems(templates: Sequence[Template]) -> list[str]:
    """What all checks say."""
    return [f"[{kind}] {problem}" for kind, check in CHECKS.items() for problem in check(templates)]
