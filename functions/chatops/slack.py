"""Slack, as far as the fleet writes to it."""

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler

from fleet.secrets import Secret
from functions.chatops.message import Message

_TOKEN_REFUSED = {"not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"}
_PASSING = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "request_timeout", "service_unavailable"}


class SlackUnavailableError(Exception):
    """Slack cannot take messages now; `status` says what an operator should know."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


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
        token = self._secret.value()
        if token is None:
            raise SlackUnavailableError("no token: run `fleetctl secrets set slack`")
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
        except (SlackClientError, OSError) as error:
            raise SlackUnavailableError(f"Slack cannot be reached ({type(error).__name__})") from error
        return str(answer["ts"])

    def _meaning(self, error: SlackApiError) -> SlackUnavailableError | SlackRefusedError:
        """Slack answers 200 with `ok: false` for most refusals; which of them pass is the client's to know."""
        code = str(error.response.get("error", "")) or f"http_{error.response.status_code}"
        if code in _TOKEN_REFUSED:
            self._secret.forget()
            return SlackUnavailableError(f"token refused ({code}): run `fleetctl secrets set slack`")
        if code in _PASSING or error.response.status_code >= 429:
            return SlackUnavailableError(f"Slack is not taking messages ({code})")
        return SlackRefusedError(code)
