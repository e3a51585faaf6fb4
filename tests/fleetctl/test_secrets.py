"""`fleetctl secrets`: only what can be right is set, and no value is ever shown."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from fleetctl import secrets as command
from fleetctl.secret_forms import FormError, forms, github, routing_keys, signing, token
from fleetctl.sessions import ROOT
from stacks.config.load import load
from stacks.config.model import FindingsHome
from tests.fleetctl.hub import Hub, run

PAT = f"github_pat_{'0123456789A' * 2}_{'b' * 59}"
KEY = "R0123456789ABCDEFGHIJ0123456789A"
NAMES = {
    "slack": "/yagura/slack/bot-token",
    "slack-signing": "/yagura/slack/signing-secret",
    "pagerduty": "/yagura/pagerduty/routing-keys",
    "github": "/yagura/github/token",
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
        ("github", PAT),
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
    result = run("secrets", "set", "jira", "--local", stdin="x")
    assert result.exit_code == 2
    assert "'jira' is no secret of the fleet; it has: slack, slack-signing, pagerduty, github" in result.stderr


def test_a_secret_is_set_where_it_lies(secrets: Any, hub: Hub) -> None:
    for name, value in (("slack", "xoxb-local-demo-1"), ("github", PAT)):
        assert run("secrets", "set", name, "--local", stdin=value).exit_code == 0
    assert hub.reached == [("secretsmanager", "local-hub"), ("secretsmanager", "local-spoke")]
    assert run("secrets", "set", "github", "--account", "local-spoke", "--local", stdin=PAT).exit_code == 0


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("local-hub", "github does not lie in local-hub, but in: local-spoke"),
        ("elsewhere", "'elsewhere' is no account of the fleet; it has: local-hub, local-spoke, local-audit"),
    ],
)
def test_a_secret_is_not_set_where_it_does_not_lie(secrets: Any, hub: Hub, account: str, words: str) -> None:
    result = run("secrets", "set", "github", "--account", account, "--local", stdin=PAT)
    assert result.exit_code != 0
    assert words in result.stderr
    assert hub.reached == []


@pytest.fixture
def each_account(secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings are triaged in the hub and in the spoke, each its own."""
    usual = vars(command)["Fleet"]

    def made(*, local: bool) -> Any:
        found = usual(local=local)
        fleet = found.config.fleet
        hub = msgspec.structs.replace(fleet.hub, capabilities=fleet.hub.capabilities | {"findings": "observe"})
        accounts = [hub if each.role == "hub" else each for each in fleet.accounts]
        changed = msgspec.structs.replace(fleet, findings=FindingsHome(home="each-account"), accounts=accounts)
        found.config = msgspec.structs.replace(found.config, fleet=changed)
        return found

    monkeypatch.setattr(command, "Fleet", made)


def test_of_several_accounts_one_must_be_named(each_account: None, hub: Hub) -> None:
    result = run("secrets", "set", "github", "--local", stdin=PAT)
    assert result.exit_code == 2
    assert "github lies in several accounts; give --account NAME, one of: local-hub, local-spoke" in result.stderr
    assert hub.reached == []
    for name in ("local-hub", "local-spoke"):
        assert run("secrets", "set", "github", "--account", name, "--local", stdin=PAT).exit_code == 0
    assert hub.reached == [("secretsmanager", "local-hub"), ("secretsmanager", "local-spoke")]


def test_status_of_one_of_several_accounts_says_where_to_fill(each_account: None) -> None:
    lines = run("secrets", "status", "--local").stdout.splitlines()
    assert "github: empty" in lines
    assert "Fill it: fleetctl secrets set github --account local-hub --local" in lines
    lines = run("secrets", "status", "--account", "local-spoke", "--local").stdout.splitlines()
    assert lines == ["github: empty", "Fill it: fleetctl secrets set github --account local-spoke --local"]


def test_status_of_an_account_says_what_lies_there(secrets: Any, hub: Hub) -> None:
    run("secrets", "set", "github", "--local", stdin=PAT)
    result = run("secrets", "status", "--account", "local-spoke", "--local")
    assert (result.exit_code, result.stdout[:28]) == (0, "github: filled, last changed")
    assert set(hub.reached) == {("secretsmanager", "local-spoke")}
    assert PAT not in result.output
    result = run("secrets", "status", "--account", "local-audit", "--local")
    assert result.stdout == "No secret of the fleet lies in local-audit.\n"


def test_status_of_the_hub_names_the_other_accounts(secrets: Any) -> None:
    said = "Others: fleetctl secrets status --account NAME --local, with NAME one of: local-spoke"
    assert run("secrets", "status", "--local").stdout.splitlines()[-1] == said


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
        assert "slack: it is not there; deploy chatops to local-hub first." in result.stderr


def test_a_token_is_a_bots() -> None:
    assert token("xoxb-1234567890-abcDEF") == []
    for value in ("xoxp-1234567890-a", "xapp-1-A-1", "xoxb-", "hello", "xoxb-1234567890 x"):
        with pytest.raises(FormError, match="xoxb-"):
            token(value)


def test_a_token_of_github_is_fine_grained_or_at_least_a_persons() -> None:
    assert github(PAT) == []
    [warning] = github("ghp_" + "a" * 36)
    assert "classic" in warning
    for value in ("ghs_" + "a" * 36, "gho_" + "a" * 36):
        with pytest.raises(FormError, match="hours only"):
            github(value)
    for value in ("hello", "ghp_short", "github_pat_", f"{PAT} x", f"{PAT}\nx", "xoxb-1234567890-abcDEF", "a" * 40):
        with pytest.raises(FormError, match="github_pat_"):
            github(value)


def test_on_aws_the_token_of_github_lies_where_findings_are_at_home() -> None:
    config = load(ROOT)
    assert [each.name for each in forms(config)["github"].accounts] == [config.fleet.findings.home]


def test_a_fleet_without_findings_has_no_token_of_github() -> None:
    config = load(ROOT)
    accounts = [msgspec.structs.replace(each, capabilities={}) for each in config.fleet.accounts]
    bare = msgspec.structs.replace(config, fleet=msgspec.structs.replace(config.fleet, accounts=accounts))
    assert "github" not in forms(bare)


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
