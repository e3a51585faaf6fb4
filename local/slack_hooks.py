"""response_url: where an app answers one person's command or click, at `/_local/slack/hooks/<id>`.

Evidence: docs.slack.dev, "Handling user interaction", message responses: up to 5 times within 30 minutes; bound to the
person and the channel; `response_type` ephemeral (the default) or in_channel; `replace_original` and
`delete_original` act on the message of the button, ephemeral ones too. The words for a used up or expired one are not
in the reference: JSON with `ok` false, seen by other projects (getsentry/sentry pull request 7955).
"""

import secrets
from typing import Any, NamedTuple

from local.slack_limits import refusal
from local.slack_messages import Board, Message

_USES, _SECONDS = 5, 30 * 60.0


class _Hook(NamedTuple):
    user: str
    channel: str
    made: float
    original: Message | None
    uses: int = 0


class Hooks:
    """All response_urls that were handed out."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._made: dict[str, _Hook] = {}

    def make(self, user: str, channel: str, now: float, original: Message | None = None) -> str:
        """The id of a new one, for this person in this channel; `original` is the message of the pressed button."""
        key = secrets.token_hex(12)
        self._made[key] = _Hook(user, channel, now, original)
        return key

    def respond(self, key: str, body: Any, now: float) -> tuple[int, str]:
        """(HTTP status, error): 200 and the empty string when it was done."""
        hook = self._made.get(key)
        if hook is None:
            return 404, "no_service"
        if now - hook.made > _SECONDS:
            return 404, "expired_url"
        if hook.uses >= _USES:
            return 404, "used_url"
        if not isinstance(body, dict):
            return 400, "invalid_payload"
        original = self._original(hook)
        if body.get("delete_original"):
            if original:
                self._board.delete(original)
        else:
            found = refusal(body)
            if found:
                return 400, found[0]
            if body.get("replace_original") and original:
                self._board.update(original, body)
            else:
                self._post(hook, body)
        self._made[key] = hook._replace(uses=hook.uses + 1)
        return 200, ""

    def _original(self, hook: _Hook) -> Message | None:
        """The button's message, if it is still there."""
        return hook.original and self._board.find(hook.original["channel_id"], hook.original["ts"])

    def _post(self, hook: _Hook, body: dict[str, Any]) -> None:
        public = body.get("response_type") == "in_channel"
        self._board.post({**body, "channel": hook.channel}, ephemeral_for="" if public else hook.user)
