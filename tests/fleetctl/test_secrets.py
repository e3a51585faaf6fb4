"""`fleetctl secrets`: only what can be right is set, and no value is ever shown."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from fleetctl.secret_forms import FormError, forms, routing_keys, signing, token
from fleetctl.sessions import ROOT
from stacks.config.load import load
from tests.fleetctl.hub import Hub, run

KEY = "R0123456789ABCDEFGHIJ0123456789A"
NAMES = {
    "slack": "/yagura/slack/bot-token",
    "slack-signing": "/yagura/slack/signing-secret",
    "pagerduty": "/yagura/pagerduty/routing-keys",
}


@pytest.fixture
def secrets(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Deployed empty."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client: Any = boto3.client("secretsmanager", region_name="us-east-1")
        for name in NAMES.values():
            client.create_secret(Name=name)
        hub.clients["secretsmanager"] = client
        yield client


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slack", "xoxb-local-demo-1"),
        ("slack-signing", "anything at all"),
        ("pagerduty", json.dumps({"payments-critical": KEY})),
    ],
)
def test_a_value_from_standard_input_becomes_the_secrets_and_is_not_shown(secrets: Any, name: str, value: str) -> None:
    result = run("secrets", "set", name, "--local", stdin=f"{value}\n")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("Set. ")
    assert secrets.get_secret_value(SecretId=NAMES[name])["SecretString"] == value
    assert value not in result.output
    assert KEY not in result.output


def test_the_value_before_stays_the_previous_one(secrets: Any) -> None:
    for value in ("xoxb-local-demo-1", "xoxb-local-demo-2"):
        run("secrets", "set", "slack", "--local", stdin=value)
    previous = secrets.get_secret_value(SecretId=NAMES["slack"], VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == "xoxb-local-demo-1"


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_right_changes_nothing_and_is_not_repeated(secrets: Any, name: str) -> None:
    for value in ("", "  \n", "xoxp-secretsecret" if name == "slack" else ""):
        result = run("secrets", "set", name, "--local", stdin=value)
        assert result.exit_code == 2
        assert "nothing was changed" in result.stderr
        assert "secretsecret" not in result.output
    assert "AWSCURRENT" not in str(secrets.describe_secret(SecretId=NAMES[name]).get("VersionIdsToStages"))


def test_what_is_no_text_changes_nothing(secrets: Any) -> None:
    result = run("secrets", "set", "slack-signing", "--local", stdin=b"\xff\xfe")
    assert result.exit_code == 2
    assert "not text" in result.stderr


def test_a_secret_that_there_is_not_is_told_with_those_that_there_are(secrets: Any) -> None:
    result = run("secrets", "set", "github", "--local", stdin="x")
    assert result.exit_code == 2
    assert "'github' is no secret of the fleet; it has: slack, slack-signing, pagerduty" in result.stderr


def test_status_says_which_are_filled_and_what_to_do_about_the_others(secrets: Any) -> None:
    run("secrets", "set", "slack", "--local", stdin="xoxb-local-demo-1")
    result = run("secrets", "status", "--local")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("slack: filled, last changed 20")
    assert lines[1:3] == ["slack-signing: empty", "pagerduty: empty"]
    assert lines[3] == "messages: nothing has been posted yet"
    assert lines[4] == "Fill it: fleetctl secrets set slack-signing --local"
    assert "xoxb" not in result.output


def test_status_says_what_keeps_messages_waiting(secrets: Any, hub: Hub) -> None:
    hub.table.put(pk="status#slack", status="no token: run `fleetctl secrets set slack`")
    assert "messages: no token" in run("secrets", "status", "--local").stdout


def test_a_hub_without_chatops_says_what_to_do(secrets: Any) -> None:
    secrets.delete_secret(SecretId=NAMES["slack"], ForceDeleteWithoutRecovery=True)
    for words in (["status"], ["set", "slack"]):
        result = run("secrets", *words, "--local", stdin="xoxb-local-demo-1")
        assert result.exit_code == 1
        assert "slack: it is not there; deploy chatops to the hub first." in result.stderr


def test_a_token_is_a_bots() -> None:
    assert token("xoxb-1234567890-abcDEF") == []
    for value in ("xoxp-1234567890-a", "xapp-1-A-1", "xoxb-", "hello", "xoxb-1234567890 x"):
        with pytest.raises(FormError, match="xoxb-"):
            token(value)


def test_a_signing_secret_is_32_hexadecimal_digits() -> None:
    assert signing("0123456789abcdef" * 2) == []
    for value in ("0123456789abcdef", "0123456789ABCDEF" * 2, "g" * 32, "xoxb-1234567890", "0" * 33):
        with pytest.raises(FormError, match="Basic Information"):
            signing(value)


def test_on_aws_the_signing_secret_must_look_like_slacks() -> None:
    with pytest.raises(FormError):
        forms(load(ROOT))["slack-signing"].check("anything")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("x", "not JSON"),
        ("[]", "it must be"),
        ("{}", "It must be"),
        ('{"a": 1}', "'a' is not 32"),
        (json.dumps({"a": KEY[:-1]}), "'a' is not 32"),
        (json.dumps({"a": KEY + "\n"}), "'a' is not 32"),
        (f'{{"a": "{KEY}", "a": "{KEY}"}}', "twice"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_routing_keys_are_an_object_of_32_characters_each(value: str, words: str) -> None:
    with pytest.raises(FormError, match=f"(?i){words}") as caught:
        routing_keys(value, {"a"})
    assert KEY[:-1] not in str(caught.value)


def test_services_without_a_key_and_keys_without_a_service_are_told() -> None:
    assert routing_keys(json.dumps({"a": KEY, "c": KEY}), {"a", "b"}) == [
        "services.yaml names 'b', and it has no key here.",
        "services.yaml names no 'c': its key is never used.",
    ]
