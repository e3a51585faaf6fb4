"""How a problem stands, in words that may leave the account: pure."""

import msgspec

from fleet.events.envelope import Received
from fleet.events.findings import AboutProblem, FindingSuppressed
from fleet.masking import mask, mask_identifier
from functions.chatops.message import MARKS, cut, day, moment
from functions.chatops.routes import Routing

REVISIONS_FROM = 10**13
"""Versions by revision begin here. Who sends none is older, and its versions are times in ms: lower, all of them."""
BETWEEN = 100
"""Versions of messages between two events: what comes late may change where the same standing is shown."""
_MOST_REASON, _MOST_RESOURCE = 500, 500


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A problem as one of its events leaves it."""

    problem: str
    version: int
    open: bool = True
    """Whether somebody has to do something about it."""
    mark: str
    head: str
    """`S3.8 is open`."""
    severity: str
    """Empty once that says nothing any more."""
    control: str
    title: str
    resource: str
    account: str
    kept_in: str
    """Name of the account entry whose `findings` keeps it: commands go there."""
    team: str
    facts: dict[str, str]
    urgent: bool = False

    @property
    def line(self) -> str:
        """All of it in a line."""
        return f"{f'{self.severity} ' if self.severity else ''}{self.head}: {self.title} ({self.resource})"

    @property
    def command(self) -> str:
        """What shows all that is known of it."""
        return f"/yagura findings show {self.kept_in} {mask_identifier(self.problem)}"


def version_of(event: Received[AboutProblem]) -> int:
    """Which of two events is the newer."""
    revision = event.data.revision
    return (REVISIONS_FROM + revision if revision > 0 else event.meta.time) * BETWEEN


def standing(event: Received[AboutProblem], routing: Routing, *, again: bool, urgent: bool) -> Standing:
    """A problem that is open."""
    meta, data = event.meta, event.data
    severity, control = mask(data.severity), mask_identifier(data.control)
    resource = mask_identifier(data.resource, known=routing.ids)
    mark = MARKS.get(severity, ":white_circle:")
    facts = {
        "Severity": f"{mark} {severity}",
        "Owner": f"{mask(meta.team)} ({mask(meta.service)}, by {mask(data.owner_rule)})",
        "Account": f"{routing.account(data.account)} {mask_identifier(data.region)} ({mask(meta.environment)})",
        "Resource": f"`{resource[:_MOST_RESOURCE]}`",
    }
    if data.due:
        facts["Due"] = day(data.due)
    # Not by the kind of the event: what comes after it finds it overdue too.
    state = "overdue" if 0 < data.due <= meta.time else f"open{' again' if again else ''}"
    return Standing(
        problem=data.problem,
        version=version_of(event),
        mark=mark,
        head=f"{control} is {state}",
        severity=severity,
        control=control,
        title=mask(data.title),
        resource=resource,
        account=routing.account(data.account),
        kept_in=routing.entry(meta.account, meta.region),
        team=mask(meta.team),
        facts=facts,
        urgent=urgent or severity == "CRITICAL",
    )


def suppressed(open_: Standing, data: FindingSuppressed) -> Standing:
    """It need not be shown as open for a while, and why."""
    lease = {"By": "Security Hub: nothing of the fleet's explains it"}
    if data.by:
        lease = {
            "By": mask_identifier(data.by),
            "Until": moment(data.until),
            "Asked by": mask(data.requester),
            "Approved by": mask(data.approver),
            "Reason": cut(" ".join(mask(data.reason).split()), _MOST_REASON),
        }
    facts = _without(open_.facts, "Due") | lease
    head = f"{open_.control} is suppressed"
    return msgspec.structs.replace(open_, open=False, mark=":no_bell:", head=head, facts=facts, urgent=False)


def closed(open_: Standing, *, gone: bool) -> Standing:
    """It is no more. Its severity is left out: Security Hub gives another one to what passes."""
    return msgspec.structs.replace(
        open_,
        open=False,
        mark=":white_check_mark:",
        head=f"{open_.control} is {'gone' if gone else 'resolved'}",
        severity="",
        facts=_without(open_.facts, "Severity", "Due"),
        urgent=False,
    )


def moved(open_: Standing, home: str) -> Standing:
    """As whoever owned it before is told; `home`: the channel in which it is told now, if it is."""
    where = f", told in {home}" if home.startswith("#") else ""
    head = f"{open_.control} is now owned by {open_.team}{where}"
    return msgspec.structs.replace(open_, mark=":arrow_right:", head=head, severity="", urgent=False)


def _without(facts: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in facts.items() if name not in names}
