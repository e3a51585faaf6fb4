"""Stacks: each can be deployed, updated and removed without another one."""

import json
from collections.abc import Iterator, Sequence

from fleetctl.templates import Template


def check(templates: Sequence[Template]) -> list[str]:
    """No exports and imports between stacks: an export that is in use can be neither changed nor removed."""
    return [problem for template in templates for problem in _stack(template)]


def _stack(template: Template) -> Iterator[str]:
    for name, output in template.body.get("Outputs", {}).items():
        if "Export" in output:
            yield template.problem(name, "is exported: let the other stack find it by its name")
    for name, resource in template.body["Resources"].items():
        if "Fn::ImportValue" in json.dumps(resource):
            yield template.problem(name, "imports a value of another stack: find it by its name")
