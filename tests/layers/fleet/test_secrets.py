"""Secrets: unfilled is a state, a new value is seen."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from fleet.secrets import CACHE_MS, UNFILLED_CACHE_MS, Secret
from tests.layers.fleet.fakes import FakeSecrets, client_error


class Vault:
    def __init__(self, value: str | None) -> None:
        self.now = 0
        self.client = FakeSecrets(value)
        client: Any = self.client
        self.secret = Secret(client, "slack", lambda: self.now)


@pytest.mark.parametrize("value", [None, ""])
def test_an_unfilled_secret_is_none(value: str | None) -> None:
    assert Vault(value).secret.value() is None


def test_a_secret_that_was_just_filled_is_seen_soon() -> None:
    vault = Vault(None)
    assert vault.secret.value() is None
    vault.client.value = "xoxb-1"
    vault.now += UNFILLED_CACHE_MS
    assert vault.secret.value() == "xoxb-1"


def test_a_secret_is_read_once_in_five_minutes() -> None:
    vault = Vault("xoxb-1")
    for _ in range(5):
        assert vault.secret.value() == "xoxb-1"
        vault.now += CACHE_MS // 5 - 1
    assert vault.client.reads == 1


def test_a_rotated_secret_is_seen_after_the_cache() -> None:
    vault = Vault("xoxb-1")
    vault.secret.value()
    vault.client.value = "xoxb-2"
    vault.now += CACHE_MS
    assert vault.secret.value() == "xoxb-2"


def test_a_refused_value_is_forgotten_at_once() -> None:
    vault = Vault("xoxb-1")
    vault.secret.value()
    vault.client.value = "xoxb-2"
    vault.secret.forget()
    assert vault.secret.value() == "xoxb-2"


def test_a_secret_that_may_not_be_read_is_an_error_and_not_unfilled() -> None:
    vault = Vault("xoxb-1")
    vault.client.error = client_error("AccessDeniedException", "GetSecretValue")
    with pytest.raises(ClientError):
        vault.secret.value()
