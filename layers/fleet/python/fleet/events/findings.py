"""Events of the capability `findings`."""

from typing import Any, ClassVar, Literal

import msgspec

from fleet.events.envelope import FleetEvent


class AboutProblem(FleetEvent, frozen=True, kw_only=True):
    """Base of what becomes of a problem (account, Region, control, resource). Times are ms since the epoch."""

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
    """Id of the Security Hub finding that stands for it."""
    owner_rule: str
    """Which step of ownership decided `meta.team`."""
    revision: int = 0
    """Grows with each event about the problem: the newest tells how it is."""
    tell: Literal["now", "digest", "never"] = "now"
    """Whether people are told at once, with the day's digest, or not."""
    channel: str = ""
    """Where the policy wants it told; empty: where its owner is."""
    opened: int = 0
    due: int = 0
    """When it should be closed; 0: whenever."""


class FindingOpened(AboutProblem, frozen=True, kw_only=True):
    """A problem (account, Region, control, resource) is open: new, or open again."""

    reopened: bool = False
    openings: int = 1
    """How often it was opened."""
    anew: bool = False
    """It was closed for so long that what was told of it then is forgotten."""


class FindingChanged(AboutProblem, frozen=True, kw_only=True):
    """An open problem has another severity, owner or way of being told."""

    was_severity: str
    was_team: str
    was_service: str
    was_channel: str = ""


class FindingSuppressed(AboutProblem, frozen=True, kw_only=True):
    """A problem need not be shown as open for a while."""

    by: str = ""
    """`rule:<name>` or `request:<id>`; empty: somebody did it in Security Hub, and nothing of ours explains it."""
    until: int = 0
    reason: str = ""
    requester: str = ""
    approver: str = ""


class FindingResolved(AboutProblem, frozen=True, kw_only=True):
    """A problem is no more: its check passes, or what was checked is gone."""

    gone: bool = False
    closed: int = 0


class FindingOverdue(AboutProblem, frozen=True, kw_only=True):
    """The deadline of an open problem comes near, is over, or has been over for long."""

    stage: Literal["remind", "overdue", "escalate"]
    escalate_to: str = ""
    """Channel of those who are to know of it then; empty: the default one."""


class SuppressionExpiring(AboutProblem, frozen=True, kw_only=True):
    """A suppression that people granted ends within seven days."""

    until: int
    by: str
    requester: str


class FindingsSummarized(FleetEvent, frozen=True, kw_only=True):
    """What `meta.team` has to know of its problems in one account and Region: each day, or as the fleet found them."""

    source: ClassVar[str] = "yagura.findings"
    version: ClassVar[int] = 1

    kind: Literal["digest", "baseline"]
    day: str
    """`2026-11-23`."""
    account: str
    region: str
    open: dict[str, int] = msgspec.field(default_factory=dict)
    """Open problems by severity."""
    opened: dict[str, int] = msgspec.field(default_factory=dict)
    """Of these, opened since the day before."""
    overdue: int = 0
    suppressed: int = 0
    unexplained: int = 0
    """Suppressed in Security Hub, and nothing of ours says why."""
    ending: int = 0
    """Problems whose suppression ends within seven days."""
    oldest: int = 0
    """When the oldest open problem was opened, in ms; 0: there is none."""
    controls: dict[str, int] = msgspec.field(default_factory=dict)
    """Open problems of the most frequent controls."""
    first: list[dict[str, Any]] = msgspec.field(default_factory=list)
    """The worst of them: problem, severity, control, resource, title, opened, due."""
    late: list[dict[str, Any]] = msgspec.field(default_factory=list)
    """Of those that are overdue ten, the longest overdue first: as in `first`."""
    due_soon: int = 0
    """Open problems that are due within two days."""


class ProblemsVanished(FleetEvent, frozen=True, kw_only=True):
    """Security Hub suddenly has no word of many open problems. They are kept as they are until `believed`."""

    source: ClassVar[str] = "yagura.findings"
    version: ClassVar[int] = 1

    account: str
    """That triages them; where they are, `places` says."""
    region: str
    missing: int
    """How many have vanished."""
    known: int
    """How many were known in the same places."""
    places: dict[str, int] = msgspec.field(default_factory=dict)
    """Of `<account> <Region>`, the ten from which most have vanished: how many."""
    believed: int
    """From when on (ms) it is believed that they are gone, if Security Hub still says so."""
