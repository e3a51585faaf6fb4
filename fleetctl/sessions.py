"""Which account a command works in, and with whose credentials."""

from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from fleetctl.callers import Caller, local_caller
from fleetctl.plain import fail
from fleetctl.revision import config_at
from local.client import client as local_client
from local.errors import LocalCloudError
from local.process import Instance, from_environment, require_running
from stacks.config.load import FLEET_FILE, ConfigError, load
from stacks.config.model import Account, Config
from stacks.names import role_arn, role_name

ROOT = Path(__file__).resolve().parent.parent


class Fleet:
    """The accounts of fleet.yaml, or those of the local cloud, and clients in them."""

    def __init__(self, *, local: bool) -> None:
        self.local = local
        try:
            self._file, self._substitutions = (
                ("local/fleet.yaml", {"port": str(from_environment().port)}) if local else (FLEET_FILE, {})
            )
            self.config: Config = load(ROOT, self._file, self._substitutions)
        except (ConfigError, LocalCloudError) as error:
            fail(str(error))

    def config_at(self, revision: str) -> Config:
        """The same configuration as a git revision of this checkout has it. Raises NoSuchRevisionError, ConfigError."""
        return config_at(ROOT, revision, self._file, self._substitutions)

    def accounts(self, name: str | None) -> list[Account]:
        """The account called `name`, or all of them."""
        found = [account for account in self.config.fleet.accounts if name in {None, account.name}]
        if not found:
            names = ", ".join(account.name for account in self.config.fleet.accounts)
            fail(f"{name!r} is no account of the fleet; it has: {names}")
        return found

    def name_of(self, account: str, region: str) -> str:
        """What fleet.yaml calls an account and Region."""
        names = [each.name for each in self.config.fleet.accounts if (each.id, each.region) == (account, region)]
        return names[0] if names else f"{account}:{region}"

    def client(
        self, service: str, account: Account, *, through: tuple[str, str] | None = None, profile: str | None = None
    ) -> Any:
        """A client in `account`: as whoever runs the command, with an AWS profile, or through a role from the hub.

        `through` is the role's capability and entry, as in its name.
        """
        if self.local:
            return local_client(self._instance(), service, account.id, region=account.region)
        try:
            session: Any = boto3.Session(profile_name=profile)
            mine = session.client("sts").get_caller_identity()["Account"]
            if mine == account.id:
                return session.client(service, region_name=account.region)
            if through is None or profile is not None:
                fail(f"Your credentials are of account {mine}; {account.name} is {account.id}. Use that account's.")
            keys = session.client("sts").assume_role(
                RoleArn=role_arn(account.id, role_name(account, *through)), RoleSessionName="fleetctl"
            )["Credentials"]
        except (ClientError, BotoCoreError) as error:
            fail(f"{account.name}: {_why(error)}")
        return session.client(
            service,
            region_name=account.region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def caller(self, person: str | None) -> Caller:
        """Whoever runs the command, in the hub; in the local cloud, the person whose turn it is."""
        hub = self.config.fleet.hub
        if self.local:
            return local_caller(self._instance(), hub, [each.id for each in self.config.people.people], person)
        if person is not None:
            fail("--as is for the local cloud; on AWS you are who your credentials say.", 2)
        try:
            session: Any = boto3.Session()
            me = session.client("sts").get_caller_identity()
            if me["Account"] != hub.id:
                fail(f"Your credentials are of account {me['Account']}; the hub is {hub.id}. Use the hub's.")
            return Caller(
                arn=me["Arn"],
                region=hub.region,
                credentials=session.get_credentials(),
                connect=lambda service: session.client(service, region_name=hub.region),
            )
        except (ClientError, BotoCoreError) as error:
            fail(f"{hub.name}: {_why(error)}")

    def _instance(self) -> Instance:
        try:
            instance = from_environment()
            require_running(instance)
        except LocalCloudError as error:
            fail(str(error))
        return instance


def _why(error: ClientError | BotoCoreError) -> str:
    """In AWS's words, and what to do about those that do not say it."""
    if isinstance(error, NoCredentialsError):
        return f"{error}. Give some, for example by AWS_PROFILE; --local is for the local cloud."
    return str(error)
