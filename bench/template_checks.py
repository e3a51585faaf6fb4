"""What the emulator does not enforce is proven by the template checks: take the grant out of the template, run them."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from bench.grants import Grant, normal, pairs, without
from fleetctl.templates import Template, synthesize
from tests.stacks.checks import CHECKS
from tests.stacks.fleets import config_of


class TemplateChecks:
    """The checks of tests/stacks/checks, on the templates of the local fleet."""

    def __init__(self) -> None:
        self._templates = [_resolved(each) for each in synthesize([config_of("local/fleet.yaml")]).templates]
        found = [problem for check in CHECKS.values() for problem in check(self._templates)]
        assert not found, found

    def failing(self, grant: Grant) -> str:
        """`name of the check: what it says` of the first one that misses the grant; empty if none does."""
        templates = self._without(grant)
        for name, check in CHECKS.items():
            said = [problem for problem in check(templates) if grant.action in problem]
            if said:
                return f"{name}: {said[0]}"
        return ""

    def _without(self, grant: Grant) -> Sequence[Template]:
        changed = [replace(each, body=deepcopy(each.body)) for each in self._templates]
        hits = 0
        for template in changed:
            if template.account != grant.account:
                continue
            for resource in template.body["Resources"].values():
                properties = resource.get("Properties", {})
                inline = properties.get("Policies", []) if properties.get("RoleName") == grant.role else []
                attached = [properties] if grant.role in properties.get("Roles", []) else []
                for policy in [*inline, *attached]:
                    document = policy["PolicyDocument"]
                    # The template has no label of a stream and no suffix of a secret to be left out.
                    wanted = {pair for pair in pairs(document) if pair == (grant.action, normal(grant.resource))}
                    for pair in wanted:
                        document = without(document, *pair)
                        hits += 1
                    policy["PolicyDocument"] = document
        assert hits == 1, f"{grant} stands {hits} times in the templates"
        return changed


def _resolved(template: Template) -> Template:
    """Intrinsic functions replaced for good, so that a grant is found by its text."""
    return replace(template, body={"Resources": deepcopy(template.resources)})
