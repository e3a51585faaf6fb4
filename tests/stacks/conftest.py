"""Every Stage is synthesized once per session, and bundles nothing."""

import pytest

from fleetctl.templates import Template, synthesize
from tests.stacks.fleets import config_of, small


@pytest.fixture(scope="session")
def fleet() -> list[Template]:
    """All Stages of the app: `config/fleet.yaml`, and the local cloud's."""
    return synthesize([config_of(), config_of("local/fleet.yaml")]).templates


@pytest.fixture(scope="session")
def hub_and_spoke() -> list[Template]:
    """The Stages `hub` and `security-audit`."""
    return synthesize([small()]).templates


@pytest.fixture(scope="session")
def with_key() -> list[Template]:
    """As `hub_and_spoke`, with `customer_managed_key: true`."""
    return synthesize([small(customer_managed_key=True)]).templates
