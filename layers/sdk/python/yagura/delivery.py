"""What is running here: the delivery that this function belongs to."""

import os
from typing import NamedTuple


class YaguraConfigError(Exception):
    """The function's environment lacks something that the SDK needs; says what, and how to set it."""


class Deployment(NamedTuple):
    """A version of a service in an environment. (A named tuple: importing `dataclasses` takes 8 ms.)"""

    service: str
    """As in the fleet's service catalogue, e.g. `payments`."""
    team: str
    environment: str
    """E.g. `production`."""
    version: str
    """What people call it, e.g. `1.4.2`."""
    commit: str


def deployment() -> Deployment:
    """The deployment that this function belongs to.

    It is read from the variables YAGURA_SERVICE, YAGURA_TEAM, YAGURA_ENVIRONMENT, YAGURA_VERSION and YAGURA_COMMIT,
    which the construct `DeliveryTags` sets. Raises YaguraConfigError with the names of those that are missing or empty.

    Example::

        >>> yagura.deployment().version
        '1.4.2'
    """
    variables = [f"YAGURA_{field.upper()}" for field in Deployment._fields]
    values = [os.environ.get(variable, "") for variable in variables]
    if missing := [variable for variable, value in zip(variables, values, strict=True) if not value]:
        raise YaguraConfigError(
            f"not set: {', '.join(missing)}. Put `DeliveryTags` (package yagura-cdk) into the CDK app of this "
            "function, or set them in its environment."
        )
    return Deployment(*values)
