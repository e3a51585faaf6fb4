"""Slack, as far as the fleet writes to it."""

import re
from http.client import HTTPException

from botocore.exceptions import BotoCoreError, ClientError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler

from fleet import telemetry
from fleet.secrets import Secret
from functions.chatops.message import Message

_TOKEN_REFUSED = {
    *("not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"),
    *("missing_scope", "not_allowed_token_type", "org_login_required"),
}
_TOO_MANY, _SERVER_ERROR = 429, 500
_PASSING = {"internal_error", "fatal_error", "request_timeout", "service_unavailable"}

_WORD = re.compile(r"[a-z][a-z0-9_]{1,60}")


class SlackUnavailableError(Exception):
    """Slack cannot take a message now; `status` says what an operator should know.

    `for_all`: it would take no other message either.
    """

    def __init__(self, status: str, *, for_all: bool = False) -> None:
        super().__init__(status)
        self.status, self.for_all = status, for_all


class SlackRefusedError(Exception):
    """Slack will never take this message; `code` is Slack's own word, for example channel_not_found."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Slack:
    """chat.postMessage with the bot token of a secret."""

    def __init__(self, secret: Secret, api: str) -> None:
        self._secret, self._api = secret, api

    def post(self, message: Message) -> str:
        """Post, and return the message's `ts`. Raises SlackUnavailableError or SlackRefusedError."""
        token = self._token()
        client = WebClient(
            token=token, base_url=self._api, timeout=10, retry_handlers=[ConnectionErrorRetryHandler(max_retry_count=1)]
        )
        try:
            answer = client.chat_postMessage(
                channel=message.channel,
                text=message.text,
                blocks=message.blocks,
                unfurl_links=False,
                metadata={"event_type": "yagura", "event_payload": {"id": message.id}},
            )
        except SlackApiError as error:
            raise self._meaning(error) from error
        except (SlackClientError, OSError, HTTPException) as error:
            raise SlackUnavailableError(f"Slack cannot be reached ({type(error).__name__})", for_all=True) from error
        except (ValueError, AttributeError, TypeError) as error:  # what slack-sdk makes of an answer that is no object
            raise SlackUnavailableError("Slack does not answer as Slack does") from error
        return str(answer["ts"])

    def _token(self) -> str:
        try:
            token = self._secret.value()
        except (ClientError, BotoCoreError) as error:
            telemetry.log_failure("token unreadable", error)
            raise SlackUnavailableError(f"the token cannot be read ({type(error).__name__})", for_all=True) from error
        if token is None:
            raise SlackUnavailableError("no token: run `fleetctl secrets set slack`", for_all=True)
        return token

    def _meaning(self, error: SlackApiError) -> SlackUnavailableError | SlackRefusedError:
        """Slack answers 200 with `ok: false` for most refusals; which of them pass is the client's to know."""
        code = str(error.response.get("error", ""))
        if not _WORD.fullmatch(code):  # a proxy's page, which slack-sdk quotes here: not Slack's word
            return SlackUnavailableError(f"Slack cannot be reached (HTTP {error.response.status_code})", for_all=True)
        if code in _TOKEN_REFUSED:
            self._secret.forget()
            return SlackUnavailableError(f"token refused ({code}): run `fleetctl secrets set slack`", for_all=True)
        if error.response.status_code == _TOO_MANY or code.replace("_", "") == "ratelimited":
            return SlackUnavailableError(f"Slack is not taking messages ({code})", for_all=True)
        if code in _PASSING or error.response.status_code >= _SERVER_ERROR:
            return SlackUnavailableError(f"Slack is not taking messages ({code})")
        return SlackRefusedError(code)
