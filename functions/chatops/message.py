"""What is said of a fleet event, and where: a pure function of the event and the channels."""

import msgspec

from fleet.events.envelope import Received
from fleet.events.findings import FindingOpened
from fleet.refusal import RefusedError

_MARKS = {"CRITICAL": ":rotating_light:", "HIGH": ":red_circle:", "MEDIUM": ":large_orange_circle:"}


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """Compiled from fleet.yaml and services.yaml."""

    default_channel: str
    channels: dict[str, str] = {}
    """By team."""
    service_channels: dict[str, str] = {}
    accounts: list[str]
    """Ids of the fleet's accounts: nobody else's events are told."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message for one channel, in Slack's Block Kit."""

    id: str
    """The event's id: the same fact is told once."""
    channel: str
    text: str
    """What notifications and screen readers show."""
    blocks: list[dict[str, object]]


def compose(event: Received[FindingOpened], channels: Channels) -> Message:
    """The message about an opened finding. Raises RefusedError if it comes from outside the fleet."""
    meta, finding = event.meta, event.data
    if meta.account not in channels.accounts:
        raise RefusedError("foreign", "$.detail.meta.account", "expected an account of the fleet")
    mark = _MARKS.get(finding.severity, ":white_circle:")
    head = f"{finding.control} is open{' again' if finding.reopened else ''}"
    facts = {
        "Severity": f"{mark} {finding.severity}",
        "Owner": f"{meta.team} ({meta.service}, by {finding.owner_rule})",
        "Account": f"{finding.account} {finding.region} ({meta.environment})",
        "Resource": f"`{finding.resource[:500]}`",
    }
    return Message(
        id=meta.id,
        channel=channels.service_channels.get(meta.service)
        or channels.channels.get(meta.team)
        or channels.default_channel,
        text=f"{mark} {escape(f'{finding.severity} {head}: {finding.title} ({finding.resource})')}",
        blocks=[
            {"type": "header", "text": {"type": "plain_text", "text": head[:150]}},
            _section(escape(finding.title) or escape(head)),
            _section("\n".join(f"*{name}:* {escape(value)}" for name, value in facts.items())),
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"problem `{finding.problem}`"}]},
        ],
    )


def escape(text: str) -> str:
    """Slack's three control characters, so that no text of a finding becomes a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, object]:
    # Verbatim: Slack would make links of addresses and mentions of names that stand in a finding's text.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000], "verbatim": True}}
