"""`fleetctl freeze` and `unfreeze`: hold every capability down to observing, within seconds, without a deployment."""

from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleet.modes import FREEZE
from fleetctl.plain import fail, out
from fleetctl.sessions import Fleet

AccountName = Annotated[str | None, typer.Option("--account", help="Name of one account of fleet.yaml.")]
All = Annotated[bool, typer.Option("--all", help="Every account of the fleet.")]
Local = Annotated[bool, typer.Option("--local", help="In the local cloud.")]


def freeze(account: AccountName = None, every: All = False, local: Local = False) -> None:
    """Hold the fleet down to observing: nothing outside it is changed until `unfreeze`. Undoing goes on."""
    _each(account, every, local, frozen=True)


def unfreeze(account: AccountName = None, every: All = False, local: Local = False) -> None:
    """Give the capabilities back the modes that fleet.yaml says."""
    _each(account, every, local, frozen=False)


def _each(name: str | None, every: bool, local: bool, *, frozen: bool) -> None:
    if (name is None) != every:
        fail("Which account? Give --account NAME, or --all.", 2)
    fleet = Fleet(local=local)
    failed = []
    for account in fleet.accounts(name):
        try:
            ssm = fleet.client("ssm", account, through="freeze")
            _set(ssm, frozen=frozen)
        except (ClientError, BotoCoreError) as error:
            failed.append(f"{account.name}: {error}")
        except typer.Exit:
            failed.append(account.name)
        else:
            out.print(f"{account.name}: {'frozen' if frozen else 'not frozen'}")
    if failed:
        fail("Not done: " + "; ".join(failed))


def _set(ssm: Any, *, frozen: bool) -> None:
    if frozen:
        ssm.put_parameter(Name=FREEZE, Value="frozen", Type="String", Overwrite=True)
        return
    try:
        ssm.delete_parameter(Name=FREEZE)
    except ssm.exceptions.ParameterNotFound:
        return
