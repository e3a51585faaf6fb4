"""Channels and what stands in them: posted, edited in place, deleted, or shown to one person only.

Evidence: docs.slack.dev, chat.postMessage (a channel may be named by id or name; the answer's `channel` is the id),
chat.update (an id only: slackapi/python-slack-sdk issue 1495; `text` without `blocks` removes the blocks; an edit of
blocks alone shows no "edited"), "Modifying messages" (no ephemeral message can be updated so).
"""

import hashlib
import itertools
import re
import time
from typing import Any

from local.slack_people import BOT, PEOPLE

type Message = dict[str, Any]

_ID, _USER = re.compile(r"[CGD][A-Z0-9]{6,}"), re.compile(r"[UW][A-Z0-9]{6,}")
_NAME = re.compile(r"#?[a-z0-9][a-z0-9._-]{0,79}")
_CONTENT = ("text", "blocks", "attachments", "metadata")
_EARLIER = 20


def channel_id(asked: str) -> str:
    """The id of a channel asked for by id, name (with or without #) or person; empty when it is none of these.

    A name's id is always the same one, so that a test can say it beforehand.
    """
    if _ID.fullmatch(asked):
        return asked
    if _USER.fullmatch(asked):
        return "D0" + _digest(asked)
    return "C0" + _digest(asked.removeprefix("#")) if _NAME.fullmatch(asked) else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:9].upper()


class Board:
    """All channels. `version` moves with every change, so that a page knows when to draw again."""

    def __init__(self) -> None:
        self.version = 0
        self._count = itertools.count(1)
        self._messages: list[Message] = []
        self._by_ts: dict[str, Message] = {}
        self._names: dict[str, str] = {}
        self._direct: dict[str, str] = {}
        self._earlier: dict[int, list[list[Any]]] = {}

    def touch(self) -> None:
        """Something that the page shows has changed."""
        self.version += 1

    def post(self, arguments: dict[str, Any], *, ephemeral_for: str = "", by: str = "yagura") -> Message:
        """Keep a message as it was sent, with Slack's `ts` and the channel's id."""
        asked, sequence = str(arguments["channel"]), next(self._count)
        found = self.named(asked)
        message = {
            **arguments,
            "seq": sequence,
            "ts": f"{int(time.time())}.{sequence:06d}",
            "channel_id": found,
            "channel_name": self._names[found],
            "ephemeral_for": ephemeral_for,
            "direct_to": self._direct.get(found, ""),
            "by": by,
            "edited": False,
            "edits": 0,
        }
        self._messages.append(message)
        self._by_ts[message["ts"]] = message
        self.touch()
        return message

    def named(self, asked: str) -> str:
        """The id of a channel, whose name is remembered; empty for what can be no channel."""
        found = channel_id(asked)
        if not found:
            return ""
        if _USER.fullmatch(asked):
            self._names[found] = "@" + (PEOPLE[asked].name if asked in PEOPLE else asked)
            self._direct[found] = asked
        elif found != asked:
            self._names[found] = asked.removeprefix("#")
        self._names.setdefault(found, found)
        return found

    def name(self, channel: str) -> str:
        """The name of a channel by its id, as far as it was ever said."""
        return self._names.get(channel, channel)

    def channels(self, user: str) -> list[dict[str, str]]:
        """Every channel that was ever written to and that this person sees, by name."""
        named = sorted(self._names.items(), key=lambda each: each[1])
        return [{"id": key, "name": name} for key, name in named if self._direct.get(key, user) == user]

    def since(self, sequence: int, user: str = "") -> list[Message]:
        """Messages after number `sequence`; with `user` only those that this person sees."""
        return [each for each in self._messages if each["seq"] > sequence and (not user or visible(each, user))]

    def find(self, channel: str, ts: str, user: str = "") -> Message | None:
        """The message with this `ts` (in any channel when `channel` is empty), if this person sees it."""
        message = self._by_ts.get(ts)
        if message is None or channel not in ("", message["channel_id"]) or (user and not visible(message, user)):
            return None
        return message

    def update(self, message: Message, arguments: dict[str, Any]) -> None:
        """Edit in place."""
        earlier = self._earlier.setdefault(message["seq"], [])
        earlier.append(message.get("blocks") or [])
        del earlier[:-_EARLIER]
        if "blocks" not in arguments and "text" in arguments:
            message.pop("blocks", None)
        if "text" in arguments:
            message["edited"] = True
        message.update({name: arguments[name] for name in _CONTENT if name in arguments})
        message["edits"] += 1
        self.touch()

    def delete(self, message: Message) -> None:
        """Take it away."""
        self._messages.remove(message)
        del self._by_ts[message["ts"]]
        self.touch()

    def button(self, message: Message, action_id: str, value: str | None) -> dict[str, Any] | None:
        """A button of the message, with its block's id; of an earlier version when this one has it no more.

        That is the late click: the person's screen showed the message as it was before.
        """
        for blocks in [message.get("blocks") or [], *reversed(self._earlier.get(message["seq"], []))]:
            for index, block in enumerate(blocks):
                elements = [*(block.get("elements") or []), block.get("accessory") or {}]
                for each in elements:
                    if each.get("action_id") == action_id and value in (None, each.get("value", "")):
                        return {**each, "block_id": block.get("block_id") or f"block-{index}"}
        return None


def visible(message: Message, user: str) -> bool:
    """Whether a person sees a message: an ephemeral or direct one is for one person."""
    return {message["ephemeral_for"], message["direct_to"]} <= {"", user}


def shown(message: Message) -> dict[str, Any]:
    """The message object as Slack's answers and payloads carry it."""
    found = {name: message[name] for name in (*_CONTENT, "thread_ts") if message.get(name)}
    return {"type": "message", "text": "", "ts": message["ts"], "bot_id": BOT, **found}
