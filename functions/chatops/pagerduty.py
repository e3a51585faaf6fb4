"""PagerDuty's Events API v2, and the routing keys of its services."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from fleet import telemetry
from fleet.posting import UnreachableError, post_json

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_ACCEPTED, _CLIENT_ERROR, _SERVER_ERROR = 202, 400, 500
_PASSING = {408, 429}
_SET_KEYS = "run `fleetctl secrets set pagerduty`"
_KEY_LENGTH = 32


class PagerDutyUnavailableError(Exception):
    """It cannot be told now; `status` says what an operator should know."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class PagerDutyRefusedError(Exception):
    """PagerDuty will never take it; `why` is a slug."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class RoutingKey(NamedTuple):
    """By which a service is paged, and the version of the secret that held it."""

    key: str
    version: str


class PagerDuty:
    """Routing keys in one secret: a JSON object from ids of PagerDuty services to keys of 32 characters."""

    def __init__(self, client: "SecretsManagerClient", secret: str, api: str) -> None:
        self._client, self._secret, self._api = client, secret, api

    @classmethod
    def from_environment(
        cls, client: "SecretsManagerClient", environment: Mapping[str, str] = os.environ
    ) -> "PagerDuty":
        """The one that fleet.yaml names, if it names one."""
        return cls(client, environment.get("YAGURA_PAGERDUTY_SECRET", ""), environment.get("YAGURA_PAGERDUTY_API", ""))

    def routing_key(self, service: str, version: str = "") -> RoutingKey:
        """The key of a service, as it is, or as it was in a `version` of the secret.

        Raises PagerDutyUnavailableError; PagerDutyRefusedError if that version is no more: an alert opened by its key
        can be closed by no other.
        """
        if not self._secret:
            raise PagerDutyUnavailableError("fleet.yaml names no PagerDuty")
        wanted: dict[str, Any] = {"VersionId": version} if version else {}
        try:
            found = self._client.get_secret_value(SecretId=self._secret, **wanted)
        except self._client.exceptions.ResourceNotFoundException as error:
            if version:
                raise PagerDutyRefusedError("routing_key_is_gone") from error
            raise PagerDutyUnavailableError(f"no routing keys: {_SET_KEYS}") from error
        except (ClientError, BotoCoreError) as error:
            telemetry.log_failure("routing keys unreadable", error)
            raise PagerDutyUnavailableError(f"the routing keys cannot be read ({type(error).__name__})") from error
        try:
            keys = msgspec.json.decode(found.get("SecretString") or "{}", type=dict[str, str])
        except msgspec.DecodeError as error:
            raise PagerDutyUnavailableError(f"the routing keys are no JSON object of texts: {_SET_KEYS}") from error
        key = keys.get(service, "")
        if len(key) != _KEY_LENGTH:
            name = service or "a service that services.yaml does not name"
            raise PagerDutyUnavailableError(f"no routing key of {name}: {_SET_KEYS}")
        return RoutingKey(key, found["VersionId"])

    def send(self, event: dict[str, Any]) -> None:
        """Enqueue an event. Raises PagerDutyUnavailableError or PagerDutyRefusedError."""
        try:
            answer = post_json(f"{self._api}enqueue", event)
        except UnreachableError as error:
            raise PagerDutyUnavailableError(f"PagerDuty cannot be reached ({error.why})") from error
        if answer.status == _ACCEPTED:
            return
        if _CLIENT_ERROR <= answer.status < _SERVER_ERROR and answer.status not in _PASSING:
            raise PagerDutyRefusedError(f"http_{answer.status}")
        raise PagerDutyUnavailableError(f"PagerDuty is not taking events (HTTP {answer.status})")
