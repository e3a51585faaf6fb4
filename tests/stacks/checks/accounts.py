"""Roles that are assumed from elsewhere: both sides name each other, and nobody else is let in."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from fleetctl.policies import Statement, of_role, trust
from fleetctl.templates import Template

_FLEET_ROLE = "role/yagura/yagura-"
_BY_PEOPLE = {
    ("foundation", "freeze"): "operators freeze with whatever role they have in the hub; it can do no more",
    ("archive", "read"): "operators verify the audit trail; it can read the anchors, which are no secret",
}
"""Roles for which the hub as a whole is trusted, and why."""

type Place = tuple[Template, str]


def check(templates: Sequence[Template]) -> list[str]:
    """Every role that a principal of AWS may assume, and every role that may assume another one."""
    roles = {
        template.arn(name): (template, name) for template in templates for name in template.of_type("AWS::IAM::Role")
    }
    found: list[str] = []
    for arn, (template, name) in roles.items():
        for statement in trust(template, name):
            if any(not each.endswith(".amazonaws.com") for each in statement.principals):
                found += _trusted(templates, roles, arn, statement)
        for statement in of_role(template, name):
            if any(fnmatchcase("sts:AssumeRole", each) for each in statement.actions):
                found += [text for target in statement.resources for text in _assumes(templates, roles, arn, target)]
    return found


def _trusted(templates: Sequence[Template], roles: dict[str, Place], arn: str, statement: Statement) -> Iterator[str]:
    template, name = roles[arn]
    accounts = {f"arn:aws:iam::{each.account}:root" for each in templates if each.local == template.local}
    for stranger in sorted(set(statement.principals) - accounts):
        yield template.problem(name, f"trusts {stranger}, which is no account of the fleet")
    pinned = _pinned(statement)
    if not pinned:
        role_name = arn.rpartition("/")[2].removeprefix(f"yagura-{template.region}-{template.stack}-")
        hub = {f"arn:aws:iam::{each.account}:root" for each in templates if _is_hub_of(each, template)}
        if (template.stack, role_name) not in _BY_PEOPLE or not set(statement.principals) <= hub:
            yield template.problem(name, "trusts whole accounts: pin aws:PrincipalArn to roles")
    for pattern in pinned:
        entry = pattern.rpartition("-")[2]
        if _FLEET_ROLE not in pattern or "*" in entry or not entry:
            yield template.problem(name, f"trusts {pattern}: name the roles, by path and entry")
        elif not any(fnmatchcase(each, pattern) and _may_assume(*roles[each], arn) for each in roles):
            yield template.problem(name, f"trusts {pattern}, and no such role may assume it: grant_role()")


def _is_hub_of(template: Template, other: Template) -> bool:
    return (template.stack, template.local) == ("chatops", other.local)


def _assumes(templates: Sequence[Template], roles: dict[str, Place], arn: str, target: str) -> Iterator[str]:
    template, name = roles[arn]
    if "*" in target or ":role/yagura/" not in target:
        yield template.problem(name, f"may assume {target}: name one role under /yagura/")
    elif target in roles:
        if not any(_admits(each, template.account, arn) for each in trust(*roles[target])):
            yield template.problem(name, f"may assume {target}, which does not trust it")
    elif _FLEET_ROLE in target and target.split(":")[4] in {each.account for each in templates}:
        yield template.problem(name, f"may assume {target}, which no stack makes")


def _may_assume(template: Template, name: str, target: str) -> bool:
    return any("sts:AssumeRole" in each.actions and target in each.resources for each in of_role(template, name))


def _admits(statement: Statement, account: str, role: str) -> bool:
    pinned = _pinned(statement)
    return f"arn:aws:iam::{account}:root" in statement.principals and (
        not pinned or any(fnmatchcase(role, pattern) for pattern in pinned)
    )


def _pinned(statement: Statement) -> list[str]:
    return [
        value
        for operator, values in statement.values("aws:PrincipalArn")
        if operator in {"ArnEquals", "ArnLike"}
        for value in values
    ]
