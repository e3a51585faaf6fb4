"""Events of the capability `findings`."""

from typing import ClassVar

from fleet.events.envelope import FleetEvent


class FindingOpened(FleetEvent, frozen=True, kw_only=True):
    """A problem (account, Region, control, resource) is open: new, or open again."""

    source: ClassVar[str] = "yagura.findings"
    version: ClassVar[int] = 1

    problem: str
    """Id of the problem, the same whichever finding reports it."""
    account: str
    """Where the resource is; `meta` tells where the problem was triaged."""
    region: str
    control: str
    """Security control, for example `S3.8`."""
    resource: str
    resource_type: str
    severity: str
    """INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL."""
    title: str
    finding_id: str
    """Id of the Security Hub finding that opened it."""
    owner_rule: str
    """Which step of ownership decided `meta.team`."""
    reopened: bool = False
