"""What Slack writes into the requests that it sends to an app: pure functions, real shapes.

Evidence: docs.slack.dev, "Slash commands" (the form's fields), block_actions payload, view_submission payload. An
ephemeral message's click carries no `message`: the app must look at `container`. A stranger of a shared channel
(Slack Connect) presses buttons in our workspace with a `user.team_id` of his own (inferred from "Understanding Slack
Connect"): whoever looks at `team.id` alone takes him for one of us.
"""

import json
import time
from typing import Any
from urllib.parse import urlencode

from local.slack_messages import Message, shown
from local.slack_people import APP, TEAM, TEAM_DOMAIN, Person
from local.slack_views import View

# Slack sends it still, and says that nobody should look at it.
_TOKEN = "local-verification-token"  # noqa: S105
_TEAM = {"id": TEAM, "domain": TEAM_DOMAIN}


def _user(person: Person) -> dict[str, str]:
    return {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team}


def command(person: Person, channel: dict[str, str], line: str, response_url: str, trigger: str) -> bytes:
    """A slash command: the form that tells what was typed after the command's name."""
    name, _, text = line.partition(" ")
    return urlencode(
        {
            "token": _TOKEN,
            "team_id": person.team,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel["id"],
            "channel_name": channel["name"],
            "user_id": person.id,
            "user_name": person.name,
            "command": name,
            "text": text.strip(),
            "api_app_id": APP,
            "is_enterprise_install": "false",
            "response_url": response_url,
            "trigger_id": trigger,
        }
    ).encode()


def block_actions(person: Person, message: Message, button: dict[str, Any], response_url: str, trigger: str) -> bytes:
    """A pressed button of a message."""
    ephemeral = bool(message["ephemeral_for"])
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": _user(person),
        "api_app_id": APP,
        "token": _TOKEN,
        "container": {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": message["channel_id"],
            "is_ephemeral": ephemeral,
        },
        "trigger_id": trigger,
        "team": _TEAM,
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": message["channel_id"], "name": message["channel_name"]},
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [
            {
                "action_id": button["action_id"],
                "block_id": button["block_id"],
                "text": button.get("text", {}),
                **{name: button[name] for name in ("value", "style") if name in button},
                "type": button["type"],
                "action_ts": f"{time.time():.6f}",
            }
        ],
    }
    if not ephemeral:
        payload["message"] = shown(message)
    return _form(payload)


def view_submission(person: Person, view: View, values: dict[str, Any], trigger: str) -> bytes:
    """A submitted modal."""
    return _form(
        {
            "type": "view_submission",
            "team": _TEAM,
            "user": _user(person),
            "api_app_id": APP,
            "token": _TOKEN,
            "trigger_id": trigger,
            "view": {**view, "state": {"values": values}},
            "response_urls": [],
            "is_enterprise_install": False,
            "enterprise": None,
        }
    )


def _form(payload: dict[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload, separators=(",", ":"))}).encode()
