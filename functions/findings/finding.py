"""One finding, whichever schema it came in."""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from hashlib import sha256
from typing import Literal

import msgspec

UPDATED_BY = "yagura"
"""By this name the fleet signs what it writes to Security Hub, and knows it again."""
TAKEN_BACK = f"{UPDATED_BY}: the suppression has ended"
"""Its note where it takes a suppression back: who suppresses the finding after that is somebody else."""
EARLIEST_MS = 1
"""What is earlier is no time at all: the year 1 or 1970, as some programs write it. It would be overdue at once."""
MOST_TAGS = 2048
"""Bytes of the tags of one finding: AWS allows 19,000 characters, and an item may have sixty findings in 400 KB."""
_SUPPRESSED_ON = re.compile(rf"{UPDATED_BY}: suppressed (until \S+ by .+?) \(")

_NAMESPACES = (
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
)
_CATEGORIES = tuple(
    f"{_NAMESPACES[0]}/{category}"
    for category in ("Vulnerabilities", "AWS Security Best Practices", "Industry and Regulatory Standards")
)
_ACCESS_ANALYZER = "access-analyzer"
_NO_RULES = (_ACCESS_ANALYZER, "guardduty", "inspector", "macie")
"""Their findings name a detector or the product as what generated them."""


type Why = Callable[[str], None]
"""Is told in words why a finding is read as it is (`fleetctl findings explain`)."""


class Status(StrEnum):
    """What a finding says of its problem."""

    OPEN = "open"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"
    GONE = "gone"
    """Archived by its provider, or there is nothing left to check."""


FAILING = (Status.OPEN, Status.SUPPRESSED)
"""What a finding says that fails, whoever has suppressed it."""


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
    created_at: int = 0
    tags: dict[str, str] = {}
    product: str = ""
    """ARN of who found it: with the id, by which Security Hub knows the finding."""
    form: Literal["asff", "ocsf"] = "asff"
    terms: str = ""
    """Those on which the fleet suppresses it, if that is the last that was said of it in Security Hub."""
    shared: bool = False
    """Whether it is about more resources than this one: there, it has one workflow for all of them."""

    @property
    def ours(self) -> bool:
        """Whether the last that was said of it in Security Hub is that the fleet suppresses it."""
        return bool(self.terms)

    @property
    def problem(self) -> str:
        """Id of the problem that it reports: the same for every copy, standard and schema."""
        return problem_id(self.account, self.region, self.control, self.resource)

    @property
    def copy(self) -> str:
        """Which of the findings of its problem it is: each has its own last word."""
        return sha256(msgspec.json.encode([self.product, self.finding_id])).hexdigest()[:12]


def tags_of(tags: dict[str, str]) -> dict[str, str]:
    """Its tags, if they are no more than an item has room for; else the short ones, as those that name an owner are."""
    if _size(*tags, *tags.values()) <= MOST_TAGS:
        return tags
    size, kept = 0, set[str]()
    for name, value in sorted(tags.items(), key=lambda tag: (_size(*tag), tag)):
        size += _size(name, value)
        if size > MOST_TAGS:
            break
        kept.add(name)
    return {name: value for name, value in tags.items() if name in kept}


def _size(*texts: str) -> int:
    return len("".join(texts).encode())


def within(resource: str, others: Iterable[str]) -> bool:
    """Whether one of the others is an object in this bucket: then a finding about both is about the object."""
    return any(other.startswith(f"{resource}/") for other in others)


def note_of(terms: str, more: str) -> str:
    """The fleet's note on a finding that it suppresses."""
    return f"{UPDATED_BY}: suppressed {terms} ({more}"


def terms_of(note: str | None) -> str:
    """On what terms the fleet suppresses a finding, from its note; empty if it is another note."""
    found = _SUPPRESSED_ON.match(note) if note else None
    return found[1] if found else ""


def problem_id(account: str, region: str, control: str, resource: str) -> str:
    """Hash of what a problem is: one control of one resource."""
    return sha256(msgspec.json.encode([account, region, control, resource])).hexdigest()[:32]


def status_of(*, gone: bool, passed: bool | None, workflow: str, why: Why | None = None) -> Status:
    """What a finding says of its problem; `passed`: what its check says, None if it is the result of none.

    The check outweighs what people said: who marks a failing check as resolved has not resolved it, and Security Hub
    would leave it so for ever (its user guide, "Workflow status").
    """
    if why:
        why(_why(gone=gone, passed=passed, workflow=workflow))
    if gone:
        return Status.GONE
    if passed or (passed is None and workflow == "RESOLVED"):
        return Status.RESOLVED
    return Status.SUPPRESSED if workflow == "SUPPRESSED" else Status.OPEN


def _why(*, gone: bool, passed: bool | None, workflow: str) -> str:
    if gone:
        return "its provider has archived it, or there is nothing left to check"
    if passed is None:
        said = {"RESOLVED": "marked as resolved", "SUPPRESSED": "suppressed"}.get(workflow)
        return f"it is the result of no check, and {f'it was {said}' if said else 'nobody has closed it'} there"
    if passed:
        return "its check passes"
    if workflow == "RESOLVED":
        return "its check does not pass: who marked it as resolved has not resolved it"
    return "its check does not pass" + (", and it is suppressed there" if workflow == "SUPPRESSED" else "")


def without_control(
    product_arn: str, kind: str, finding_id: str, why: Why | None = None, *, generator: str = ""
) -> str:
    """What stands for the control in findings of GuardDuty, Inspector and others: `guardduty:<what was found>`.

    `kind` is the type of the finding, or the vulnerability: found again on the same resource under another id, it is
    the same problem. Else it is what generated it, as a rule of AWS Config, if that is not the product as a whole.
    Without either, each finding is a problem of its own, by the last part of its id. So is each of Access Analyzer:
    there, the same type on the same resource may be another principal that has access.
    """
    product, end = product_arn.rpartition("/")[2], finding_id.rpartition("/")[2]
    rule = "" if product in _NO_RULES else generator.rpartition("/")[2]
    if product == _ACCESS_ANALYZER:
        named, found = "the end of its id", f"{kind}/{end}" if kind else end
    elif kind:
        named, found = "what was found", kind
    elif rule and rule != product:
        named, found = "what generated it, since nothing says what was found", rule
    else:
        named, found = "the end of its id, since nothing says what was found", end
    if why:
        why(f"it is about no control: named by its product, and {named}")
    return f"{product}:{found}"


def kind_of(types: list[str] | None) -> str:
    """The type of a finding without its namespace: `Recon:EC2-PortProbe` of `TTPs/Discovery/Recon:EC2-PortProbe`.

    OCSF has GuardDuty's own form of it, `Recon:EC2/PortProbe`, where ASFF has a hyphen. Empty if there is nothing but a
    namespace, or a category of checks: AWS Config, Health and Firewall Manager say no more, whatever they found.
    """
    if not types or types[0] in _NAMESPACES or types[0] in _CATEGORIES:
        return ""
    if types[0].startswith(_NAMESPACES):
        return types[0].rpartition("/")[2]
    return types[0].replace("/", "-")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, and the event that brought it."""

    finding: Finding
    event_id: str
    event_time: int
    """Time of the event in ms. A workflow-only change moves this, but not the finding's `updated_at`."""
