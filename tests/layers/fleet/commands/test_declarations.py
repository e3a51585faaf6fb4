"""The commands that the fleet has: what people may say, and at which risk."""

import subprocess
import sys

import pytest

from fleet.commands import Command, CommandError, Known, Place, Shown, Value, help_for, parse, registry
from fleet.commands.grammar.help import example

KNOWN = Known(
    accounts=(
        Place(name="hub", account="111111111111", region="us-east-1"),
        Place(name="payments-production", account="222222222222", region="us-east-1"),
    )
)
PROBLEM = "0f3a" * 8
FLEET = {
    "approve": "chatops 0 everyone",
    "audit tail": "chatops 0 sre reads",
    "audit verify": "chatops 0 sre reads",
    "break-glass": "chatops 0 sre",
    "cancel": "chatops 0 everyone",
    "deny": "chatops 0 everyone",
    "findings assign": "findings 0 sre",
    "findings list": "findings 0 everyone reads",
    "findings numbers": "findings 0 everyone reads",
    "findings show": "findings 0 everyone reads",
    "findings suppress": "findings 0 everyone",
    "findings unsuppress": "findings 0 everyone",
    "freeze": "operations 0 sre",
    "help": "chatops 0 everyone reads",
    "queues list": "operations 0 everyone reads",
    "queues peek": "operations 0 sre reads",
    "queues redrive": "operations 1 sre",
    "status": "chatops 0 everyone reads",
    "unfreeze": "operations 1 sre",
    "whoami": "chatops 0 everyone reads",
}
"""Capability, tier, who, and whether it only reads. A change here is a change of who may do what."""


def told(each: Command) -> str:
    return " ".join([each.capability, str(each.tier), each.who, *(["reads"] if each.reads else [])])


def test_every_command_has_the_capability_tier_and_people_that_were_decided() -> None:
    assert {each.text: told(each) for each in registry().commands.values()} == FLEET


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("help", {"about": ""}),
        ("help queues peek", {"about": "queues peek"}),
        ("whoami", {}),
        ("status", {}),
        ("approve r-0123456789", {"request": "r-0123456789"}),
        ("deny r-0123456789", {"request": "r-0123456789", "reason": ""}),
        ("deny r-0123456789 not now", {"request": "r-0123456789", "reason": "not now"}),
        ("cancel r-0123456789", {"request": "r-0123456789"}),
        ("break-glass r-0123456789 it is down", {"request": "r-0123456789", "reason": "it is down"}),
        ("audit tail", {"count": 10}),
        ("audit tail 50", {"count": 50}),
        ("audit verify", {}),
        ("queues list", {"account": "all"}),
        ("queues list hub", {"account": "hub"}),
        ("queues peek hub o", {"account": "hub", "queue": "o", "count": 10}),
        ("queues peek hub o 20", {"account": "hub", "queue": "o", "count": 20}),
        ("queues redrive r-0123456789", {"shown": "r-0123456789"}),
        ("findings list", {"account": "all", "team": "all", "status": "open", "count": 20}),
        (
            "findings list hub front-door suppressed 5",
            {"account": "hub", "team": "front-door", "status": "suppressed", "count": 5},
        ),
        (f"findings show hub {PROBLEM}", {"account": "hub", "problem": PROBLEM}),
        (f"findings show hub {PROBLEM.upper()}", {"account": "hub", "problem": PROBLEM}),
        ("findings numbers", {"account": "all"}),
        (
            "findings suppress r-0123456789 30 The vendor mends it",
            {"shown": "r-0123456789", "days": 30, "reason": "The vendor mends it"},
        ),
        (f"findings unsuppress hub {PROBLEM}", {"account": "hub", "problem": PROBLEM}),
        (f"findings assign hub {PROBLEM} records", {"account": "hub", "problem": PROBLEM, "team": "records"}),
        ("freeze all", {"account": "all"}),
        ("unfreeze hub", {"account": "hub"}),
    ],
)
def test_a_command_is_told_what_its_work_needs(text: str, arguments: dict[str, Value]) -> None:
    assert parse(text, registry(), KNOWN).arguments == arguments


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("approve", "missing_argument"),
        ("break-glass r-0123456789", "missing_argument"),
        ("break-glass r-0123456789 it's down", "bad_argument"),
        (f"break-glass r-0123456789 {'x' * 501}", "bad_argument"),
        ("audit tail 0", "bad_argument"),
        ("audit tail 51", "bad_argument"),
        ("audit", "incomplete_command"),
        ("queues peek all orders", "bad_argument"),
        ("queues peek hub orders 51", "bad_argument"),
        ("queues redrive", "missing_argument"),
        ("findings list all front_door", "bad_argument"),
        ("findings list all all resolved", "bad_argument"),
        ("findings show all 0f", "bad_argument"),
        ("findings suppress r-0123456789 0 The vendor mends it", "bad_argument"),
        ("findings suppress r-0123456789 731 The vendor mends it", "bad_argument"),
        ("findings suppress r-0123456789 30 because", "bad_argument"),
        ("findings suppress r-0123456789 30", "missing_argument"),
        (f"findings assign hub {PROBLEM}", "missing_argument"),
        ("freeze", "missing_argument"),
        ("unfreeze", "missing_argument"),
        ("cancel r-0123456789 please", "too_many_arguments"),
        ("whoami now", "too_many_arguments"),
    ],
)
def test_what_a_command_cannot_work_with_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        parse(text, registry(), KNOWN)


def test_what_is_redriven_or_suppressed_was_shown_by_a_command_that_only_reads() -> None:
    by = {
        each.text: argument.kind.by
        for each in registry().commands.values()
        for argument in each.arguments
        if isinstance(argument.kind, Shown)
    }
    assert by == {"queues redrive": ("queues", "peek"), "findings suppress": ("findings", "show")}
    assert all(registry().commands[words].reads for words in by.values())


@pytest.mark.parametrize("each", registry().commands.values(), ids=lambda each: each.text)
def test_the_example_that_help_gives_can_be_typed(each: Command) -> None:
    line = help_for(registry(), lambda _: True, each.text).lines[-1]
    assert line == f"Example: `{example(each)}`"
    assert parse(example(each), registry(), KNOWN).command is each


def test_the_commands_are_known_without_libraries_that_cost_time() -> None:
    program = "import sys, fleet.commands as c; c.registry(); print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert "fleet.commands.operations" in loaded
    assert not loaded & {"difflib", "importlib.metadata", "boto3", "yaml", "urllib.request", "asyncio"}
