"""Trigger ids, and the modal views that they open.

Evidence: docs.slack.dev, "Handling user interaction" (a trigger_id expires 3 seconds after it was made, and opens one
view), views.open (`expired_trigger_id`, `exchanged_trigger_id`, `invalid_trigger_id`, format `132456.7890123.abcdef`),
the view_submission payload (an answer may carry `response_action` errors, clear or update; an empty one closes).
"""

import itertools
import secrets
from typing import Any, NamedTuple

from local.slack_people import APP, BOT, TEAM

_TRIGGER_SECONDS = 3.0
_KEPT_SECONDS = 600.0
_SHAPE = ("type", "title", "submit", "close", "callback_id", "private_metadata")

type View = dict[str, Any]


class _Trigger(NamedTuple):
    user: str
    made: float
    used: bool = False


class Triggers:
    """Who did something just now, and may be shown a view for it."""

    def __init__(self) -> None:
        self._made: dict[str, _Trigger] = {}
        self._count = itertools.count(1001)

    def make(self, user: str, now: float) -> str:
        """A trigger id for this person's click or command."""
        self._made = {key: each for key, each in self._made.items() if now - each.made < _KEPT_SECONDS}
        key = f"{next(self._count)}.{7890123}.{secrets.token_hex(16)}"
        self._made[key] = _Trigger(user, now)
        return key

    def exchange(self, key: str, now: float) -> tuple[str, str]:
        """(whose it is, Slack's error): one of them is empty."""
        trigger = self._made.get(key)
        if trigger is None:
            return "", "invalid_trigger_id"
        if trigger.used:
            return "", "exchanged_trigger_id"
        if now - trigger.made > _TRIGGER_SECONDS:
            return "", "expired_trigger_id"
        self._made[key] = trigger._replace(used=True)
        return trigger.user, ""


class Views:
    """The views that people have open."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, View]] = {}
        self._count = itertools.count(1)

    def open(self, user: str, asked: dict[str, Any]) -> View:
        """Show a view to a person."""
        view: View = {
            "id": f"V0LOCAL{next(self._count):04d}",
            "team_id": TEAM,
            **_content(asked),
            "state": {"values": {}},
            "hash": secrets.token_hex(8),
            "clear_on_close": False,
            "notify_on_close": False,
            "external_id": "",
            "previous_view_id": None,
            "app_id": APP,
            "bot_id": BOT,
        }
        view["root_view_id"] = view["id"]
        self._open[view["id"]] = (user, view)
        return view

    def of(self, user: str) -> list[View]:
        """What this person has open, the newest last."""
        return [view for owner, view in self._open.values() if owner == user]

    def find(self, user: str, view_id: str) -> View | None:
        """A view that this person has open."""
        owner, view = self._open.get(view_id, ("", {}))
        return view if view and owner == user else None

    def replace(self, view: View, asked: dict[str, Any]) -> None:
        """Another content in the same place."""
        view.update(_content(asked), hash=secrets.token_hex(8))

    def close(self, view: View) -> None:
        """It is gone."""
        self._open.pop(view["id"], None)


def _content(asked: dict[str, Any]) -> dict[str, Any]:
    """A view's own fields; blocks and inputs without an id get one, as Slack gives them."""
    blocks = []
    for index, block in enumerate(asked.get("blocks") or []):
        blocks.append({**block, "block_id": block.get("block_id") or f"block-{index}"})
        if isinstance(block.get("element"), dict):
            element = block["element"]
            blocks[-1]["element"] = {**element, "action_id": element.get("action_id") or f"input-{index}"}
    texts = {"callback_id": "", "private_metadata": "", "submit": None, "close": None}
    return {**texts, **{name: asked[name] for name in _SHAPE if name in asked}, "blocks": blocks}


def values(view: View, typed: dict[str, str]) -> dict[str, Any]:
    """`state.values` of a view: what was typed, by action_id, or null for an input left empty."""
    found: dict[str, Any] = {}
    for block in view["blocks"]:
        if block.get("type") == "input":
            element = block["element"]
            text = typed.get(element["action_id"]) or None
            found[block["block_id"]] = {element["action_id"]: {"type": element["type"], "value": text}}
    return found


def missing(view: View, typed: dict[str, str]) -> dict[str, str]:
    """What Slack itself says of inputs that must not be empty, by block_id: nothing is sent then."""
    return {
        block["block_id"]: "Please complete this required field."
        for block in view["blocks"]
        if block.get("type") == "input"
        and not block.get("optional")
        and not typed.get(block["element"]["action_id"], "").strip()
    }
