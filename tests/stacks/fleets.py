"""Configurations to synthesize, and a way to break what was synthesized."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from fleetctl.templates import Template
from stacks.config.load import load
from stacks.config.model import AuditSettings, Config

ROOT = Path(__file__).parents[2]


def config_of(fleet: str = "config/fleet.yaml", **changes: Any) -> Config:
    """The repository's own configuration, with some settings of the fleet changed."""
    config = load(ROOT, fleet, substitutions={"port": "4566"})
    return msgspec.structs.replace(config, fleet=msgspec.structs.replace(config.fleet, **changes))


def small(**changes: Any) -> Config:
    """A fleet of a hub and a spoke, which keeps the audit trail besides."""
    config = config_of()
    spoke = next(each for each in config.fleet.spokes if each.name == config.fleet.findings.home)
    return config_of(accounts=[config.fleet.hub, spoke], audit=AuditSettings(account=spoke.name), **changes)


def find(templates: Sequence[Template], stage: str, stack: str) -> Template:
    """One of them."""
    return next(each for each in templates if (each.stage, each.stack) == (stage, stack))


def broken(templates: Sequence[Template], stage: str, stack: str) -> tuple[Template, list[Template]]:
    """A copy of a template, to be broken, and all templates with it in its place."""
    good = find(templates, stage, stack)
    copy = replace(good, body=deepcopy(good.body))
    return copy, [copy if each is good else each for each in templates]
