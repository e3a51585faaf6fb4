"""One finding, whichever schema it came in."""

from enum import StrEnum
from hashlib import sha256

import msgspec


class Status(StrEnum):
    """What a finding says of its problem."""

    OPEN = "open"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"
    GONE = "gone"
    """Archived by its provider, or there is nothing left to check."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding about one resource. Times are ms since the epoch."""

    account: str
    region: str
    control: str
    resource: str
    resource_type: str
    severity: str
    status: Status
    title: str
    finding_id: str
    updated_at: int
    tags: dict[str, str] = {}

    @property
    def problem(self) -> str:
        """Id of the problem that it reports: the same for every copy, standard and schema."""
        identity = msgspec.json.encode([self.account, self.region, self.control, self.resource])
        return sha256(identity).hexdigest()[:32]


def without_control(product_arn: str, finding_id: str) -> str:
    """What stands for the control in findings of GuardDuty, Inspector and others: `guardduty:<last part of its id>`.

    They have no control, and several of them on one resource are different problems: each is a problem of its own.
    """
    return f"{product_arn.rsplit('/', 1)[-1]}:{finding_id.rsplit('/', 1)[-1]}"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, and the event that brought it."""

    finding: Finding
    event_id: str
    event_time: int
    """Time of the event in ms. A workflow-only change moves this, but not the finding's `updated_at`."""

    @property
    def order(self) -> tuple[int, int, str]:
        """Later is greater. The digest makes the order total: two workers never disagree about the last word."""
        digest = sha256(msgspec.json.encode(self.finding, order="sorted")).hexdigest()
        return (self.finding.updated_at, self.event_time, digest)
