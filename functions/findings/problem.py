"""A problem: one control of one resource, whichever findings report it. What the table remembers of it: pure.

    copies    the last word of each finding about it
    history   what they reported, in order (history.py)
    state     what we hold of it: their fold, judged by policy and by what people said
    the rest  what the fleet did about it

Times are ms since the epoch.
"""

from typing import Literal

import msgspec

from fleet.catalogue import UNKNOWN, Owner
from functions.findings.finding import FAILING, Finding, Status, problem_id
from functions.findings.history import History, Report
from functions.findings.judge import Reason
from functions.findings.lease import Lease
from functions.findings.policy import SEVERITIES, Tell

MOST_ACTS = 50
ASKED, SUPPRESSED, CLOSED, OPENED = "ASKED", "SUPPRESSED", "CLOSED", "OPENED"
"""How `Problem.asked` begins for a finding that Security Hub was asked to suppress; then was seen suppressed; or closed
since; or opened since by somebody else."""
REFUSED, NEW = "REFUSED", "NEW"
"""Or that it refused to suppress; or that it was asked to take back."""

type Deed = Literal[
    "suppressed", "unsuppressed", "assigned", "suppression_ended", "reminded", "overdue", "escalated", "warned",
    "reconciled",
]  # fmt: skip


class Act(msgspec.Struct, frozen=True, array_like=True):
    """What the fleet or somebody through it did with the problem."""

    at: int
    what: Deed
    by: str
    """`rule:<name>`, `request:<id>`, or `clock`."""


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """What was known, after a report, of what Security Hub was asked: what is known now follows from the later ones."""

    label: str
    """As in `Problem.asked`."""
    last: Report | None
    """The report; None: none."""


class Again(msgspec.Struct, frozen=True, array_like=True):
    """What could not be done outside the fleet is asked for again."""

    at: int
    """When; 0: now."""
    times: int
    """How often it was."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What we hold of a problem."""

    status: Status = Status.GONE
    severity: str = "INFORMATIONAL"
    reported: str = "INFORMATIONAL"
    """The severity as Security Hub has it."""
    owner: Owner = Owner(service=UNKNOWN, team=UNKNOWN, environment=UNKNOWN, rule="default")
    tell: Tell = "never"
    channel: str = ""
    ticket: str = ""
    """Repository in which it has an issue while it is open."""
    ignored: bool = False
    lease: Lease | None = None
    """Which suppresses it."""
    reasons: dict[str, Reason] = {}
    opened: int = 0
    """When it was last opened; 0: never."""
    openings: int = 0
    """How often."""
    closed: int = 0
    """When it was last closed; 0: never."""
    due: int = 0
    """When it should be closed; 0: whenever."""
    begins: int = 0
    """When the lease of a rule will begin to suppress it; 0: none will."""

    @property
    def live(self) -> bool:
        """Whether somebody may have to do something about it: open or suppressed."""
        return self.failing and not self.ignored

    @property
    def failing(self) -> bool:
        """Whether a finding fails, be it suppressed or ignored."""
        return self.status in FAILING

    @property
    def open(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.status is Status.OPEN and not self.ignored


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """Its issue."""

    repository: str
    number: int = 0
    """0: about to be opened."""
    url: str = ""
    since: int = 0
    """When it was about to be opened: no issue of it is older. Wall time, as GitHub's; so is `busy`."""
    open: bool = True
    busy: int = 0
    """Until when somebody is at it."""
    refused: str = ""
    """What GitHub will not do with it, as `effects.issue_deed` has it: it is not tried again by itself."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What the table remembers of a problem."""

    account: str
    region: str
    control: str
    resource: str
    state: State = State()
    config: str = ""
    """Hash of the configuration that judged it."""
    copies: dict[str, Finding] = {}
    """By `Finding.copy`."""
    history: History = History()
    granted: Lease | None = None
    """By people."""
    assigned: str = ""
    """Team to which people gave it."""
    acts: list[Act] = []
    asked: dict[str, str] = {}
    """What Security Hub was last asked about each finding, and what became of that: `ASKED until <day> by rule:x`."""
    asked_at: dict[str, int] = {}
    """When: what is reported of it after that can tell whether it has come about."""
    heard: dict[str, Heard] = {}
    """From where on reports have made `asked` what it is; before any was heard since it was asked, nothing."""
    stage: tuple[int, int] = (0, 0)
    """Of which `due` people were told, and how far: 1 reminded, 2 overdue, 3 escalated."""
    warned: int = 0
    """Of which end of a lease people were warned."""
    baseline: bool = False
    """It was there before the fleet."""
    issue: Issue | None = None
    again: Again | None = None
    """None: nothing that is wanted outside the fleet has been in vain."""

    @property
    def id(self) -> str:
        """The same whichever finding reports it."""
        return problem_id(self.account, self.region, self.control, self.resource)

    @property
    def quiet(self) -> bool:
        """Nobody is told of it by itself: it was there before the fleet, and has not opened since."""
        changes, openings = self.history.told()
        return self.baseline and openings <= (bool(changes) and changes[0].status is Status.OPEN)

    @property
    def shown(self) -> Finding:
        """The finding that stands for it: of those that say what it is, the newest."""
        live = [key for key in self.copies if self._failing(key)] or self.copies
        return self.copies[max(live, key=self._age)]

    def severity(self) -> str:
        """The worst that a finding which still fails says; of a closed problem, what the newest said."""
        known = [copy.severity for key, copy in self.copies.items() if self._failing(key)]
        return max(known or [self.shown.severity], key=lambda one: SEVERITIES.index(one) if one in SEVERITIES else 9)

    def tags(self) -> dict[str, str]:
        """Of the resource: not every copy has them, and the newest says best."""
        merged: dict[str, str] = {}
        for key in sorted(self.copies, key=self._age):
            merged |= self.copies[key].tags
        return merged

    def _age(self, key: str) -> tuple[int, str]:
        return self.copies[key].updated_at, key

    def _failing(self, key: str) -> bool:
        return self.copies[key].status in FAILING
