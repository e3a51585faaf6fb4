"""Secrets: each is read by the functions that need it, and by no other."""

from collections.abc import Iterator, Sequence

from fleetctl.policies import of_role, role_of
from fleetctl.templates import Template

_READERS = {
    "SlackToken": {"desk", "notify"},
    "SlackSigning": {"ingress"},
    "PagerDutyKeys": {"notify"},
    "GitHubToken": {"tickets"},
}
"""Entries by the logical id of the secret: whoever verifies what comes in cannot speak, and the other way round."""


def check(templates: Sequence[Template]) -> list[str]:
    """Every secret of every template, and every role that reads one."""
    return [problem for template in templates for problem in _template(template)]


def _template(template: Template) -> Iterator[str]:
    entries = {
        role_of(template, name): function["FunctionName"].removeprefix(f"yagura-{template.stack}-")
        for name, function in template.of_type("AWS::Lambda::Function").items()
    }
    secrets = {template.arn(name): name for name in template.of_type("AWS::SecretsManager::Secret")}
    may = {
        (resource, role)
        for role in template.of_type("AWS::IAM::Role")
        for each in of_role(template, role)
        for action in each.actions
        for resource in each.resources
        if action.startswith("secretsmanager:")
    }
    for resource, role in sorted(may):
        if resource not in secrets:
            yield template.problem(role, f"may read {resource}, which is no secret of its stack: name one")
        elif entries.get(role) not in _READERS.get(secrets[resource], set()):
            yield template.problem(role, f"may read {secrets[resource]}: see _READERS in {__name__}")
    for arn, name in secrets.items():
        for reader in sorted(_READERS.get(name, set()) - {entries.get(role) for each, role in may if each == arn}):
            yield template.problem(name, f"cannot be read by {reader}: grant_secret()")
