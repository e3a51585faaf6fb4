"""What every role of the deployed fleet may do, one grant at a time, and how to take one of them away for a while."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from fleetctl.policies import many
from local.client import REGION, client
from local.process import Instance

type Document = dict[str, Any]

_REFUSAL = re.compile(r"not authorized to perform: (?P<action>[\w:]+)(?: on resource: (?P<resource>[^\s\"\\]+))?")


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource, allowed to one role."""

    account: str
    role: str
    action: str
    resource: str
    policy: str
    """Name of the inline policy that it stands in."""

    @property
    def short_role(self) -> str:
        """As in docs/permissions.md: `findings publish`."""
        return self.role.removeprefix(f"yagura-{REGION}-").replace("-", " ", 1)

    @property
    def short_resource(self) -> str:
        """Without its own account and Region; the stream's label is a time."""
        return re.sub(rf"^arn:aws:(\w+):[\w-]*:({self.account})?:", r"\1:", normal(self.resource))

    @property
    def log_group(self) -> str:
        """Of the function that has the role, if one has."""
        return f"/yagura/{self.short_role.replace(' ', '/', 1)}"

    @property
    def function(self) -> str:
        """The function that has the role, if one has."""
        return f"yagura-{self.short_role.replace(' ', '-', 1)}"

    def is_refused_in(self, text: str) -> bool:
        """Whether AWS's words refuse just this: the action, on such a resource if one is named, to this role."""
        by_role = f"/{self.role}/" in text or f"/{self.role} " in text
        return by_role and any(
            not found["resource"] or fnmatchcase(found["resource"], self.resource)
            for found in _REFUSAL.finditer(text)
            if found["action"] == self.action
        )


def normal(resource: str) -> str:
    """An ARN as the templates have it too: what is only known when it is deployed left out."""
    resource = re.sub(r"/stream/\d{4}-.*", "/stream/latest", resource)
    return re.sub(r"(:secret:.*)-[0-9a-zA-Z]{6}$", r"\1", resource)


def grants(instance: Instance, accounts: tuple[str, ...]) -> list[Grant]:
    """Every grant of every role under `/yagura/`."""
    found = []
    for account in accounts:
        iam = client(instance, "iam", account)
        for role in iam.list_roles(PathPrefix="/yagura/")["Roles"]:
            name = role["RoleName"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                found += [Grant(account, name, *pair, policy) for pair in pairs(document)]
    return sorted(set(found))


def pairs(document: Document) -> Iterator[tuple[str, str]]:
    """Every action and resource that a policy allows."""
    for statement in many(document["Statement"]):
        if statement["Effect"] == "Allow":
            for action in many(statement["Action"]):
                for resource in many(statement["Resource"]):
                    yield action, resource


def without(document: Document, action: str, resource: str) -> Document:
    """The policy with this one action on this one resource taken out, and nothing else."""
    left = []
    for statement in deepcopy(many(document["Statement"])):
        actions, resources = many(statement["Action"]), many(statement["Resource"])
        if statement["Effect"] != "Allow" or action not in actions or resource not in resources:
            left.append(statement)
            continue
        # Its other actions keep all resources, and the action itself keeps the other resources.
        rest = [
            ([each for each in actions if each != action], resources),
            ([action], [each for each in resources if each != resource]),
        ]
        left += [{**statement, "Action": does, "Resource": on} for does, on in rest if does and on]
    # IAM refuses a policy without statements; this one allows nothing that any role needs.
    nothing = {"Effect": "Deny", "Action": "sts:GetFederationToken", "Resource": "*"}
    return {**document, "Statement": left or [nothing]}


@contextmanager
def revoked(instance: Instance, grant: Grant) -> Iterator[None]:
    """Without this grant; afterwards the policy is as it was, which is read back."""
    iam = client(instance, "iam", grant.account)
    name = {"RoleName": grant.role, "PolicyName": grant.policy}
    before = iam.get_role_policy(**name)["PolicyDocument"]
    changed = without(before, grant.action, grant.resource)
    assert (grant.action, grant.resource) not in set(pairs(changed)), f"{grant} is still there"
    iam.put_role_policy(**name, PolicyDocument=json.dumps(changed))
    try:
        yield
    finally:
        iam.put_role_policy(**name, PolicyDocument=json.dumps(before))
        assert iam.get_role_policy(**name)["PolicyDocument"] == before, f"{grant} was not restored"
