"""DeliveryTags: everything in a scope says whose it is, and which delivery put it there."""

import re
from collections.abc import Mapping

import jsii
from aws_cdk import AspectPriority, Aspects, IAspect, Tags, Token
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IConstruct

_TAG_VALUE = re.compile(r"[\w.:/=+@-]([\w .:/=+@-]{0,254}[\w.:/=+@-])?")
"""What AWS takes as the value of a tag, without spaces at its ends."""


class DeliveryTags(Construct):
    """Tags everything in `scope`, and tells the Lambda functions there what they belong to.

    The fleet reads the tags to find the owner of a finding; a function reads its environment by `yagura.deployment()`.
    Where two scopes are nested, the inner one's values hold.

    Parameters
    ----------
    scope
        A construct, a stack or the whole app: what is tagged.
    id
        Unique in the scope, usually `DeliveryTags`.
    service
        The service's name in the fleet's catalogue, e.g. `payments`.
    team
        Who answers for it, e.g. `checkout`.
    environment
        E.g. `production`.
    version
        What people call the delivery, e.g. `1.4.2`.
    commit
        What it was built from, e.g. the output of `git rev-parse HEAD`.

    Raises
    ------
    ValueError
        For a value that AWS does not take as a tag.

    Example
    -------
    >>> DeliveryTags(
    ...     app,
    ...     "DeliveryTags",
    ...     service="payments",
    ...     team="checkout",
    ...     environment="production",
    ...     version="1.4.2",
    ...     commit="abc1234",
    ... )
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002  what every construct calls it
        *,
        service: str,
        team: str,
        environment: str,
        version: str,
        commit: str,
    ) -> None:
        delivery = {"service": service, "team": team, "environment": environment, "version": version, "commit": commit}
        for key, value in delivery.items():
            _check(key, value)
        super().__init__(scope, id)
        for key, value in delivery.items():
            Tags.of(scope).add(key, value)
        variables = {f"YAGURA_{key.upper()}": value for key, value in delivery.items()}
        Aspects.of(scope).add(_Environment(variables), priority=AspectPriority.MUTATING)


@jsii.implements(IAspect)
class _Environment:
    """Sets `variables` on every Lambda function that it visits."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def visit(self, node: IConstruct) -> None:
        """Called by CDK for each construct in the scope."""
        if isinstance(node, lambda_.Function):
            for name, value in self._variables.items():
                # Lambda@Edge refuses every variable: there CDK takes them out again, when a distribution asks for it.
                node.add_environment(name, value, remove_in_edge=True)
        elif isinstance(node, lambda_.CfnFunction) and not isinstance(node.node.scope, lambda_.Function):
            for name, value in self._variables.items():
                node.add_property_override(f"Environment.Variables.{name}", value)


def _check(key: str, value: str) -> None:
    if Token.is_unresolved(value):  # known to CloudFormation only
        return
    if not isinstance(value, str) or not _TAG_VALUE.fullmatch(value):
        raise ValueError(
            f"{key} must be a string of 1 to 256 letters, digits, spaces and any of _.:/=+-@, with no space at "
            f"either end, got {value!r}"
        )
