"""The fake workspace: what happens when a person types a command, presses a button or submits a view.

Evidence: docs.slack.dev, "Slash commands" (an answer's body is shown to the person, JSON with `response_type`
in_channel to all), "Modals" (`response_action` errors, clear, update; an empty answer closes the view; when none comes
in time the view stays and says so). The body of an answer to a button means nothing.
"""

import json
import os
import time
from collections import deque
from typing import Any

from local.slack_behave import Behaviour
from local.slack_hooks import Hooks
from local.slack_limits import refusal, view_refusal
from local.slack_messages import Board
from local.slack_out import Answer, RequestUrl, Sender
from local.slack_payloads import block_actions, command, view_submission
from local.slack_people import PEOPLE, Person
from local.slack_views import Triggers, View, Views, missing, values

_MOST_CALLS = 5000
_NO_APP = "nobody takes commands: no HTTP API yagura-chatops is deployed, and no request_url is set"


class UnknownError(Exception):
    """There is no such person, message, button or view; the message says which."""


class Workspace:
    """Everything that the fake Slack holds."""

    def __init__(self) -> None:
        self.board, self.behaviour = Board(), Behaviour()
        self.triggers, self.views = Triggers(), Views()
        self.hooks, self.url, self.sender = Hooks(self.board), RequestUrl(), Sender()
        self.calls: deque[dict[str, Any]] = deque(maxlen=_MOST_CALLS)

    async def type(self, user: str, channel: str, line: str) -> dict[str, Any]:
        """A person types a slash command; a line without one is taken for words after `/yagura`."""
        person, line = _person(user), line.strip()
        line = line if line.startswith("/") else f"/yagura {line}"
        key = self.board.named(channel)
        if not key:
            raise UnknownError(f"no channel {channel!r}")
        place = {"id": key, "name": self.board.name(key)}
        hook = self.hooks.make(person.id, key, time.monotonic())
        trigger = self.triggers.make(person.id, time.monotonic())
        body = command(person, place, line, _response_url(hook), trigger)
        answer = await self._send(body, {"kind": "command", "user": person.name})
        problem = answer.error or self._show(person, key, answer.body)
        if problem:
            text = f'{line.partition(" ")[0]} failed with the error "{problem}"'
            self.board.post({"channel": key, "text": text}, ephemeral_for=person.id, by="slackbot")
        return _outcome(answer)

    async def click(self, user: str, channel: str, ts: str, action_id: str, value: str | None = None) -> dict[str, Any]:
        """A person presses a button of a message; also one that the message showed before it was edited."""
        person = _person(user)
        message = self.board.find(self.board.named(channel) if channel else "", ts, person.id)
        button = message and self.board.button(message, action_id, value)
        if not message or not button:
            raise UnknownError(f"{person.name} sees no button {action_id!r} at {ts!r}")
        hook = self.hooks.make(person.id, message["channel_id"], time.monotonic(), message)
        trigger = self.triggers.make(person.id, time.monotonic())
        body = block_actions(person, message, button, _response_url(hook), trigger)
        return _outcome(await self._send(body, {"kind": "click", "user": person.name}))

    async def submit(self, user: str, view_id: str, typed: dict[str, str]) -> dict[str, Any]:
        """A person submits a view that is open for them, with what they typed by action_id."""
        person = _person(user)
        view = self.views.find(person.id, view_id)
        if view is None:
            raise UnknownError(f"{person.name} has no view {view_id!r} open")
        empty = missing(view, typed)
        if empty:
            return {"status": 0, "milliseconds": 0, "error": "", "errors": empty}
        trigger = self.triggers.make(person.id, time.monotonic())
        body = view_submission(person, view, values(view, typed), trigger)
        answer = await self._send(body, {"kind": "view", "user": person.name})
        if answer.error:
            return _outcome(answer)
        return _outcome(answer) | self._close(view, answer.body)

    def dismiss(self, user: str, view_id: str) -> None:
        """A person closes a view without submitting it; the app hears nothing of it."""
        view = self.views.find(user, view_id)
        if view:
            self.views.close(view)
            self.board.touch()

    def open_view(self, trigger: str, view: Any) -> tuple[View | None, str, list[str]]:
        """What views.open does: (the view, or Slack's error, explanations)."""
        problems = view_refusal(view)
        if problems:
            return None, "invalid_arguments", problems
        user, error = self.triggers.exchange(trigger, time.monotonic())
        if error:
            return None, error, []
        self.board.touch()
        return self.views.open(user, view), "", []

    async def _send(self, body: bytes, told: dict[str, str]) -> Answer:
        url = self.url.get()
        if not url:
            raise UnknownError(_NO_APP)
        try:
            return await self.sender.send(url, body, self.behaviour.manner(), told)
        finally:
            self.board.touch()

    def _show(self, person: Person, channel: str, body: bytes) -> str:
        """Show the answer to a command, if it says anything; Slack's word for one that cannot be shown."""
        text = body.decode(errors="replace").strip()
        if not text:
            return ""
        said = _object(text)
        if said is None:
            said = {"text": text}
        elif not said:
            return ""
        found = refusal(said)
        if found:
            return found[0]
        public = said.get("response_type") == "in_channel"
        self.board.post({**said, "channel": channel}, ephemeral_for="" if public else person.id)
        return ""

    def _close(self, view: View, body: bytes) -> dict[str, Any]:
        said = _object(body.decode(errors="replace")) or {}
        if said.get("response_action") == "errors":
            return {"errors": said.get("errors") or {}}
        if said.get("response_action") == "update" and not view_refusal(said.get("view")):
            self.views.replace(view, said["view"])
            return {}
        self.views.close(view)
        return {}


def _person(user: str) -> Person:
    if user not in PEOPLE:
        raise UnknownError(f"no person {user!r}; there are {', '.join(sorted(PEOPLE))}")
    return PEOPLE[user]


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _response_url(hook: str) -> str:
    return f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT', '4566')}/_local/slack/hooks/{hook}"


def _outcome(answer: Answer) -> dict[str, Any]:
    return {"status": answer.status, "milliseconds": answer.milliseconds, "error": answer.error}
