"""`fleetctl freeze` and `unfreeze`: hold every capability down to observing, within seconds, without a deployment.

Freezing goes straight to each account, through a role that can do nothing else: the safe direction must work when
chat is down, and CloudTrail tells who did it. Unfreezing gives the fleet its effects back, so it is a request that
somebody else agrees to, like `/yagura unfreeze`.
"""

import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleet.modes import FREEZE
from fleetctl.commands import say
from fleetctl.options import AccountName, All, Api, As, Local, Wait
from fleetctl.plain import fail, out
from fleetctl.sessions import Fleet

_EVERY = "all"


def freeze(account: AccountName = None, every: All = False, local: Local = False) -> None:
    """Hold the fleet down to observing: nothing outside it is changed until `unfreeze`. Undoing goes on."""
    _which(account, every=every)
    fleet = Fleet(local=local)
    failed = []
    for each in fleet.accounts(account):
        try:
            ssm = fleet.client("ssm", each, through=("foundation", "freeze"))
            ssm.put_parameter(Name=FREEZE, Value="frozen", Type="String", Overwrite=True)
        except (ClientError, BotoCoreError) as error:
            failed.append(f"{each.name}: {error}")
        except typer.Exit:
            failed.append(each.name)
        else:
            out.print(f"{each.name}: frozen")
    if failed:
        fail("Not done: " + "; ".join(failed))


def unfreeze(
    account: AccountName = None,
    every: All = False,
    local: Local = False,
    person: As = None,
    wait: Wait = False,
    api: Api = None,
) -> None:
    """Ask that the capabilities get back the modes that fleet.yaml says; somebody else must agree."""
    name = _which(account, every=every)
    Fleet(local=local).accounts(account)
    say(f"unfreeze {name}", local=local, person=person, wait=wait, api=api)


def _which(account: str | None, *, every: bool) -> str:
    if (account is None) != every:
        fail("Which account? Give --account NAME, or --all.", 2)
    return account or _EVERY
