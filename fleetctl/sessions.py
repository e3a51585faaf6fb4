"""Which account a command works in, and with whose credentials."""

from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fleetctl.plain import fail
from local.client import client as local_client
from local.errors import LocalCloudError
from local.process import from_environment, require_running
from stacks.config.load import ConfigError, load
from stacks.config.model import Account, Config
from stacks.names import role_arn, role_name

ROOT = Path(__file__).resolve().parent.parent


class Fleet:
    """The accounts of fleet.yaml, or those of the local cloud, and clients in them."""

    def __init__(self, *, local: bool) -> None:
        self.local = local
        try:
            self.config: Config = (
                load(ROOT, "local/fleet.yaml", substitutions={"port": str(from_environment().port)})
                if local
                else load(ROOT)
            )
        except ConfigError as error:
            fail(str(error))

    def accounts(self, name: str | None) -> list[Account]:
        """The account called `name`, or all of them."""
        found = [account for account in self.config.fleet.accounts if name in {None, account.name}]
        if not found:
            names = ", ".join(account.name for account in self.config.fleet.accounts)
            fail(f"{name!r} is no account of the fleet; it has: {names}")
        return found

    def client(self, service: str, account: Account, *, through: str | None = None) -> Any:
        """A client in `account`: as whoever runs the command, or, from the hub, through the role of `through`."""
        if self.local:
            instance = from_environment()
            try:
                require_running(instance)
            except LocalCloudError as error:
                fail(str(error))
            return local_client(instance, service, account.id, region=account.region)
        try:
            session: Any = boto3.Session()
            mine = session.client("sts").get_caller_identity()["Account"]
            if mine == account.id:
                return session.client(service, region_name=account.region)
            if through is None:
                fail(f"Your credentials are of account {mine}; {account.name} is {account.id}. Use that account's.")
            keys = session.client("sts").assume_role(
                RoleArn=role_arn(account.id, role_name(account, "foundation", through)), RoleSessionName="fleetctl"
            )["Credentials"]
        except (ClientError, BotoCoreError) as error:
            fail(f"{account.name}: {error}")
        return session.client(
            service,
            region_name=account.region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
