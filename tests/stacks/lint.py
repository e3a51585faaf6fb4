"""cfn-lint on a synthesized template."""

import json

from cfnlint.api import lint as cfn_lint
from cfnlint.config import ManualArgs

from fleetctl.templates import Template

IGNORED = {
    "W3005": "CDK orders a function after its role's policy with a DependsOn that names the role too; it does no harm.",
}
"""Rules, and why they are ignored."""


def lint(template: Template) -> list[str]:
    """What cfn-lint finds, for the template's own Region."""
    settings = ManualArgs(regions=[template.region], ignore_checks=sorted(IGNORED))
    return [
        f"{template.stage}/{template.stack} {'/'.join(str(part) for part in match.path or [])}: "
        f"{match.rule.id}: {match.message}"
        for match in cfn_lint(json.dumps(template.body), config=settings)
    ]
