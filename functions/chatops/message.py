"""A message for people, and what all texts of messages have in common: pure.

Only what is named by whoever composes one leaves the account: ids that have the shape of ids, names that the
configuration knows, and texts that have been masked.
"""

from datetime import UTC, datetime
from enum import StrEnum

import msgspec

MARKS = {"CRITICAL": ":rotating_light:", "HIGH": ":red_circle:", "MEDIUM": ":large_orange_circle:"}
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")
"""From the worst to the least."""
MOST_TEXT, MOST_HEAD = 3000, 150
"""Characters that Slack takes in a text, and in a header."""
_LAST_MS = 253_402_300_799_999
"""Of the year 9999, the last that a date can have."""


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
    news: int = 0
    """The last version that was worth a message of its own: later ones only edit what stands. 0: each version is."""
    afresh: int = 0
    """The last version that was to be posted afresh; what stood there before stays as it is. 0: none was."""
    told_in: str = ""
    """Subject of the message that tells this one's news: it is not posted by itself, only edited where it stands."""
    thread: str = ""
    """Subject of the message under which it stands."""
    reply_only: bool = False
    """Of use only under an older message: dropped if none stands there, or one that tells as much itself."""
    reply_url: str = ""
    """Slack's response_url: an answer that one person sees."""
    severity: str = ""
    """For the digest, with `owner`."""
    owner: str = ""

    @property
    def worth(self) -> int:
        """The last version that was worth a message of its own."""
        return self.news or self.version


def rank(severity: str) -> int:
    """The place of a severity, the worst first."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def escape(text: str) -> str:
    """Slack's three control characters, so that no text of a finding becomes a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def section(text: str) -> dict[str, object]:
    """A block of text."""
    # Verbatim: Slack would make links of addresses and mentions of names that stand in a finding's text.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:MOST_TEXT], "verbatim": True}}


def header(text: str) -> dict[str, object]:
    """A block with the head of a message."""
    return {"type": "header", "text": {"type": "plain_text", "text": text[:MOST_HEAD]}}


def context(text: str) -> dict[str, object]:
    """A block of small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text[:MOST_TEXT]}]}


def facts_text(facts: dict[str, str]) -> str:
    """Facts with their names, one a line."""
    return "\n".join(f"*{name}:* {escape(value)}" for name, value in facts.items())


def moment(at: int) -> str:
    """A time (ms since the epoch) in words."""
    if not 0 < at <= _LAST_MS:
        return "an unknown time"
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def day(at: int) -> str:
    """The day of a time (ms since the epoch)."""
    return moment(at).partition(" ")[0] if 0 < at <= _LAST_MS else moment(at)


def cut(text: str, most: int) -> str:
    """At most so many characters of a text."""
    return text if len(text) <= most else text[: most - 1] + "…"
