"""A message for people, and what is said of a fleet event: pure.

Only what is named here leaves the account: ids that have the shape of ids, names that the configuration knows, and
titles that have been masked.
"""

from enum import StrEnum

import msgspec

from fleet.events.envelope import Meta, Received
from fleet.events.findings import FindingOpened
from fleet.masking import mask, mask_identifier
from fleet.refusal import RefusedError
from functions.chatops.page import Page, Urgency
from functions.chatops.routes import Routing

_MARKS = {"CRITICAL": ":rotating_light:", "HIGH": ":red_circle:", "MEDIUM": ":large_orange_circle:"}
_URGENCIES: dict[str, Urgency] = {"CRITICAL": "critical", "HIGH": "error", "MEDIUM": "warning"}
_SEVERITIES = {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"}
_MOST_TEXT, _MOST_HEAD = 3000, 150


class Priority(StrEnum):
    """Which messages of a channel go first."""

    CRITICAL = "critical"
    NORMAL = "normal"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message in Slack's Block Kit, as it should stand in its channel now."""

    subject: str
    """Stable key of what it tells, for example `problem#<id>`: one message per subject and channel, edited in place."""
    channel: str
    """`#name`, or the id of a channel or of a person."""
    text: str
    """What notifications and screen readers show."""
    blocks: list[dict[str, object]]
    """Without any, an edit leaves only the text: so buttons go."""
    priority: Priority
    version: int
    """The newest one is shown; an older one, or the same again, changes nothing."""
    thread: str = ""
    """Subject of the message under which it stands."""
    reply_url: str = ""
    """Slack's response_url: an answer that one person sees."""
    severity: str = ""
    """For the digest, with `owner`."""
    owner: str = ""


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of an event, and who is woken."""

    message: Message
    page: Page | None = None
    """Of the problem, not of the event: whoever is woken for it is not woken again while it is open."""


def compose(event: Received[FindingOpened], routing: Routing) -> Composed:
    """The message about an opened finding. Raises RefusedError if it comes from outside the fleet."""
    meta, finding = event.meta, event.data
    if meta.account not in routing.ids:
        raise RefusedError("foreign", "$.detail.meta.account", "expected an account of the fleet")
    severity = finding.severity if finding.severity in _SEVERITIES else mask(finding.severity)
    told = routing.told(finding.detail_type(), severity, meta)
    mark = _MARKS.get(severity, ":white_circle:")
    title, control, resource = _known(finding, routing)
    head = f"{control} is open{' again' if finding.reopened else ''}"
    line = f"{severity} {head}: {title} ({resource})"
    facts = {
        "Severity": f"{mark} {severity}",
        "Owner": _owner(meta, finding.owner_rule),
        "Account": f"{_place(finding.account, routing)} {mask_identifier(finding.region)} ({mask(meta.environment)})",
        "Resource": f"`{resource[:500]}`",
    }
    message = Message(
        # Each time it opens is told anew: nobody sees that a message of last month was edited.
        subject=f"problem#{meta.id}",
        channel=told.channel,
        text=f"{mark} {escape(line)}"[:_MOST_TEXT],
        blocks=[
            {"type": "header", "text": {"type": "plain_text", "text": head[:_MOST_HEAD]}},
            section(escape(title) or escape(head)),
            section("\n".join(f"*{name}:* {escape(value)}" for name, value in facts.items())),
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"problem `{_slug(finding.problem)}`"}]},
        ],
        priority=Priority.CRITICAL if severity == "CRITICAL" or told.page else Priority.NORMAL,
        version=meta.time,
        severity=severity,
        owner=mask(meta.team),
    )
    page = Page(
        subject=f"problem#{finding.problem}",
        service=told.pagerduty,
        action="trigger",
        version=meta.time,
        summary=line,
        source=resource,
        severity=_URGENCIES.get(severity, "info"),
        details={name: value.strip("`") for name, value in facts.items()} | {"Severity": severity},
    )
    return Composed(message=message, page=page if told.page else None)


def escape(text: str) -> str:
    """Slack's three control characters, so that no text of a finding becomes a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def section(text: str) -> dict[str, object]:
    """A block of text."""
    # Verbatim: Slack would make links of addresses and mentions of names that stand in a finding's text.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:_MOST_TEXT], "verbatim": True}}


def _known(finding: FindingOpened, routing: Routing) -> tuple[str, str, str]:
    """Title, control and resource, as far as they may be told."""
    resource = mask_identifier(finding.resource, known=routing.ids)
    return mask(finding.title), mask_identifier(finding.control), resource


def _owner(meta: Meta, rule: str) -> str:
    return f"{mask(meta.team)} ({mask(meta.service)}, by {mask(rule)})"


def _place(account: str, routing: Routing) -> str:
    return account if account in routing.ids else mask(account)


def _slug(problem: str) -> str:
    return escape(mask_identifier(problem))
