"""With whose credentials fleetctl works on AWS."""

from typing import Any

import boto3
import pytest
import typer
from botocore.exceptions import NoCredentialsError, ProfileNotFound

from fleetctl.sessions import ROOT, Fleet
from stacks.config.load import load
from tests.layers.fleet.fakes import client_error

CONFIG = load(ROOT)
HUB, ARCHIVE = CONFIG.fleet.hub, CONFIG.fleet.archive


class Session:
    """boto3's session of somebody in one account."""

    account, error = HUB.id, None
    opened: list[Any]

    def __init__(self, profile_name: str | None = None) -> None:
        self.opened.append(profile_name)
        if profile_name == "missing":
            raise ProfileNotFound(profile=profile_name)

    def client(self, service: str, **options: Any) -> Any:
        if service == "sts":
            return self
        return service, options

    def get_caller_identity(self) -> dict[str, str]:
        if self.error:
            raise self.error
        return {"Account": self.account, "Arn": f"arn:aws:sts::{self.account}:assumed-role/sre/aiko"}

    def get_credentials(self) -> str:
        return "credentials"

    def assume_role(self, *, RoleArn: str, RoleSessionName: str) -> dict[str, Any]:  # noqa: N803
        self.opened.append((RoleArn, RoleSessionName))
        return {"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"}}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> type[Session]:
    class Mine(Session):
        opened: list[Any] = []  # noqa: RUF012 - one for each test

    monkeypatch.setattr(boto3, "Session", Mine)
    return Mine


def test_in_ones_own_account_nothing_is_assumed(session: type[Session]) -> None:
    assert Fleet(local=False).client("s3", HUB) == ("s3", {"region_name": HUB.region})
    assert session.opened == [None]


def test_elsewhere_the_named_role_is_assumed_in_that_account(session: type[Session]) -> None:
    service, options = Fleet(local=False).client("s3", ARCHIVE, through=("archive", "read"))
    assert (service, options["aws_session_token"]) == ("s3", "T")
    role = f"arn:aws:iam::{ARCHIVE.id}:role/yagura/yagura-{ARCHIVE.region}-archive-read"
    assert session.opened == [None, (role, "fleetctl")]


def test_without_a_role_the_account_that_is_needed_is_told(
    session: type[Session], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        Fleet(local=False).client("s3", ARCHIVE)
    assert f"Your credentials are of account {HUB.id}; {ARCHIVE.name} is {ARCHIVE.id}." in capsys.readouterr().err


def test_a_profile_is_used_as_it_is_and_assumes_nothing(session: type[Session]) -> None:
    session.account = ARCHIVE.id
    assert Fleet(local=False).client("s3", ARCHIVE, through=("archive", "read"), profile="auditor")[0] == "s3"
    assert session.opened == ["auditor"]
    session.account = HUB.id
    with pytest.raises(typer.Exit):
        Fleet(local=False).client("s3", ARCHIVE, through=("archive", "read"), profile="auditor")


@pytest.mark.parametrize("error", [NoCredentialsError(), client_error("ExpiredToken", "GetCallerIdentity")])
def test_credentials_that_do_not_work_are_told_in_a_line(
    session: type[Session], error: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    session.error = error
    for ask in (lambda: Fleet(local=False).client("s3", HUB), lambda: Fleet(local=False).caller(None)):
        with pytest.raises(typer.Exit):
            ask()
        said = capsys.readouterr().err
        assert said.startswith("hub: ")
        assert ("AWS_PROFILE" in said) == isinstance(error, NoCredentialsError)


def test_a_profile_that_is_not_there_is_told(session: type[Session], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        Fleet(local=False).client("s3", ARCHIVE, profile="missing")
    assert "missing" in capsys.readouterr().err


def test_on_aws_one_is_who_the_credentials_say_and_must_be_in_the_hub(
    session: type[Session], capsys: pytest.CaptureFixture[str]
) -> None:
    caller = Fleet(local=False).caller(None)
    assert (caller.arn, caller.credentials) == (f"arn:aws:sts::{HUB.id}:assumed-role/sre/aiko", "credentials")
    assert caller.connect("dynamodb") == ("dynamodb", {"region_name": HUB.region})
    with pytest.raises(typer.Exit):
        Fleet(local=False).caller("ben")
    assert "--as is for the local cloud" in capsys.readouterr().err
    session.account = ARCHIVE.id
    with pytest.raises(typer.Exit):
        Fleet(local=False).caller(None)
    assert f"the hub is {HUB.id}" in capsys.readouterr().err


def test_a_port_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("YAGURA_LOCAL_PORT", "x")
    with pytest.raises(typer.Exit):
        Fleet(local=True)
    assert "YAGURA_LOCAL_PORT" in capsys.readouterr().err


def test_accounts_go_by_their_names() -> None:
    fleet = Fleet(local=False)
    assert fleet.accounts("hub") == [HUB]
    assert fleet.accounts(None) == CONFIG.fleet.accounts
    assert fleet.name_of(HUB.id, HUB.region) == "hub"
    assert fleet.name_of("1", "x") == "1:x"
