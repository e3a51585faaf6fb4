"""Slack, as far as the fleet speaks to it."""

import re
from collections.abc import Callable
from hashlib import sha256
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import URLError

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from fleet import telemetry
from fleet.posting import UnreachableError, post_json, retry_after_ms
from fleet.secrets import Secret
from functions.chatops.message import Message

HOOKS = "https://hooks.slack.com/"
GONE = {"message_not_found", "cant_update_message", "edit_window_closed", "msg_too_old"}
"""What Slack says to an edit of a message that is not there any more, or that nobody can edit."""
USED_UP = {"expired_url", "used_url"}
"""What it says to a response_url after half an hour, or five uses."""
_TIMEOUT_SECONDS = 10
_TOKEN_REFUSED = {
    *("not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"),
    *("missing_scope", "not_allowed_token_type", "org_login_required"),
}
_OK, _CLIENT_ERROR, _TOO_MANY, _SERVER_ERROR = 200, 400, 429, 500
_PASSING = {"internal_error", "fatal_error", "request_timeout", "service_unavailable"}

_WORD = re.compile(r"[a-z][a-z0-9_]{1,60}")


class SlackUnavailableError(Exception):
    """Slack cannot take a message now; `status` says what an operator should know.

    `for_all`: it would take no other message either. `unclear`: it may have taken this one all the same. `ours`: there
    is no token that it takes, and until somebody fills one in there will be none.
    """

    def __init__(
        self, status: str, *, for_all: bool = False, unclear: bool = False, ours: bool = False, retry_after_ms: int = 0
    ) -> None:
        super().__init__(status)
        self.status, self.for_all, self.unclear, self.ours = status, for_all or ours, unclear, ours
        self.retry_after_ms = retry_after_ms


class SlackRefusedError(Exception):
    """Slack will never take this message; `code` is Slack's own word, for example channel_not_found."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Posted(NamedTuple):
    """Where a message stands: by this it can be edited."""

    place: str
    """Id of the channel, also if it was posted by the channel's name."""
    ts: str


class SlackUser(NamedTuple):
    """What Slack says of a user."""

    id: str
    team: str
    deleted: bool
    bot: bool
    restricted: bool
    email: str


class _Profile(msgspec.Struct, frozen=True):
    email: str = ""


class _User(msgspec.Struct, frozen=True, kw_only=True):
    # Without a default: what Slack does not say is not taken for a no.
    id: str
    team_id: str
    deleted: bool
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_workflow_bot: bool = False
    profile: _Profile = _Profile()


class Slack:
    """The Web API with the bot token of a secret, and response_urls, which need none."""

    def __init__(self, secret: Secret, api: str, hooks: str = HOOKS) -> None:
        self._secret, self._api, self._hooks = secret, api, hooks

    # All of these raise SlackUnavailableError or SlackRefusedError.

    def post(self, message: Message, thread_ts: str = "") -> Posted:
        """Post a message, under another one if it is given."""
        answer = self._call(
            lambda client: client.chat_postMessage(
                channel=message.channel,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread_ts or None,
                unfurl_links=False,
                metadata={"event_type": "yagura", "event_payload": {"id": opaque(message.subject)}},
            )
        )
        place, ts = answer.get("channel"), answer.get("ts")
        if not isinstance(ts, str):
            raise SlackUnavailableError("Slack does not answer as Slack does", unclear=True)
        return Posted(place=place if isinstance(place, str) else message.channel, ts=ts)

    def update(self, place: str, ts: str, message: Message) -> None:
        """Put a message in the place of what stands there."""
        # Without blocks the old ones go, buttons and all: that is meant.
        blocks = message.blocks or None
        self._call(lambda client: client.chat_update(channel=place, ts=ts, text=message.text, blocks=blocks))

    def respond(self, url: str, message: Message) -> None:
        """Answer one person, through the response_url of what they did."""
        if not url.startswith(self._hooks):
            raise SlackRefusedError("foreign_response_url")
        said = {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": message.text,
            "blocks": message.blocks,
        }
        try:
            answer = post_json(url, said, timeout=_TIMEOUT_SECONDS)
        except UnreachableError as error:
            raise SlackUnavailableError(f"Slack cannot be reached ({error.why})", unclear=error.unclear) from error
        no = _says_no(answer.text) if answer.status == _OK else ""
        if answer.status == _OK and not no:
            return
        code = next((code for code in sorted(USED_UP) if code in answer.text), "")
        if code:
            raise SlackRefusedError(code)
        if no and no not in _PASSING and no.replace("_", "") != "ratelimited":
            raise SlackRefusedError(no)
        if answer.status == _TOO_MANY or answer.status >= _SERVER_ERROR or answer.status < _CLIENT_ERROR:
            raise SlackUnavailableError(
                f"Slack is not taking answers (HTTP {answer.status})",
                unclear=answer.status >= _SERVER_ERROR,
                retry_after_ms=answer.retry_after_ms,
            )
        raise SlackRefusedError(f"http_{answer.status}")

    def user(self, user_id: str) -> SlackUser:
        """Who a user is."""
        answer = self._call(lambda client: client.users_info(user=user_id))
        try:
            user = msgspec.convert(answer.get("user"), _User, strict=True)
        except msgspec.ValidationError as error:
            raise SlackUnavailableError("Slack does not answer as Slack does") from error
        return SlackUser(
            id=user.id,
            team=user.team_id,
            deleted=user.deleted,
            bot=user.is_bot or user.is_workflow_bot,
            restricted=user.is_restricted or user.is_ultra_restricted or user.is_stranger,
            email=user.profile.email,
        )

    def open_view(self, trigger_id: str, view: dict[str, object]) -> None:
        """Show somebody a form, within three seconds of what they did."""
        self._call(lambda client: client.views_open(trigger_id=trigger_id, view=view))

    def _call(self, call: Callable[[WebClient], SlackResponse]) -> SlackResponse:
        # No retry handlers: whoever calls knows if it may be said twice.
        client = WebClient(token=self._token(), base_url=self._api, timeout=_TIMEOUT_SECONDS, retry_handlers=[])
        try:
            answer = call(client)
        except SlackApiError as error:
            raise self._meaning(error) from error
        except (SlackClientError, OSError, HTTPException) as error:
            status = f"Slack cannot be reached ({type(error).__name__})"
            raise SlackUnavailableError(status, for_all=True, unclear=_may_have_arrived(error)) from error
        except (ValueError, AttributeError, TypeError, KeyError) as error:  # what slack-sdk makes of what is no object
            raise SlackUnavailableError("Slack does not answer as Slack does", unclear=True) from error
        return answer

    def _token(self) -> str:
        try:
            token = self._secret.value()
        except (ClientError, BotoCoreError) as error:
            telemetry.log_failure("token unreadable", error)
            raise SlackUnavailableError(f"the token cannot be read ({type(error).__name__})", ours=True) from error
        if token is None:
            raise SlackUnavailableError("no token: run `fleetctl secrets set slack`", ours=True)
        return token

    def _meaning(self, error: SlackApiError) -> SlackUnavailableError | SlackRefusedError:
        """Slack answers 200 with `ok: false` for most refusals; which of them pass is the client's to know."""
        response: Any = error.response
        status, code = response.status_code, str(response.get("error", ""))
        if not _WORD.fullmatch(code):  # a proxy's page, which slack-sdk quotes here: not Slack's word
            pause = _pause(response) if status == _TOO_MANY else 0
            return SlackUnavailableError(
                f"Slack cannot be reached (HTTP {status})", for_all=True, unclear=True, retry_after_ms=pause
            )
        if code in _TOKEN_REFUSED:
            self._secret.forget()
            return SlackUnavailableError(f"token refused ({code}): run `fleetctl secrets set slack`", ours=True)
        if status == _TOO_MANY or code.replace("_", "") == "ratelimited":
            pause = _pause(response)
            return SlackUnavailableError(f"Slack is not taking messages ({code})", for_all=True, retry_after_ms=pause)
        if code in _PASSING or status >= _SERVER_ERROR:
            return SlackUnavailableError(f"Slack is not taking messages ({code})", unclear=True)
        return SlackRefusedError(code)


def _says_no(text: str) -> str:
    """Slack's word in an answer that is 200 and `ok: false` all the same; empty if it is none."""
    try:
        answer = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return ""
    if not isinstance(answer, dict) or answer.get("ok") is not False:
        return ""
    error = str(answer.get("error", ""))
    return error if _WORD.fullmatch(error) else "not_ok"


def opaque(subject: str) -> str:
    """A subject in metadata, which apps in the workspace can read: told apart, and nothing told."""
    return sha256(subject.encode()).hexdigest()[:16]


def _pause(response: Any) -> int:
    headers = {str(name).lower(): value for name, value in dict(response.headers or {}).items()}
    return retry_after_ms(str(headers.get("retry-after", "")))


def _may_have_arrived(error: Exception) -> bool:
    """A refused connection, or a name that nobody knows, has brought nothing there."""
    reason = error.reason if isinstance(error, URLError) else error
    return not isinstance(reason, (ConnectionRefusedError, str)) and type(reason).__name__ != "gaierror"
