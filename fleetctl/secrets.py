"""`fleetctl secrets`: fill the secrets that are deployed empty."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleetctl.options import AccountName, Local
from fleetctl.plain import err, fail, out
from fleetctl.secret_forms import Form, FormError, forms
from fleetctl.sessions import Fleet
from stacks.config.model import Account

app = typer.Typer(no_args_is_help=True, help="Fill the secrets that are deployed empty.")

_CURRENT = "AWSCURRENT"


@app.command(name="set")
def set_secret(
    name: Annotated[str, typer.Argument(help="slack, slack-signing, pagerduty or github")],
    account: AccountName = None,
    local: Local = False,
) -> None:
    """Set a secret of the fleet; the value is asked for, or read from standard input.

    github lies where findings are triaged, the others in the hub: --account is for a fleet that triages in several.
    """
    fleet = Fleet(local=local)
    known = forms(fleet.config)
    if name not in known:
        without = " (fleet.yaml has no pagerduty)" if name == "pagerduty" else ""
        fail(f"{name!r} is no secret of the fleet{without}; it has: {', '.join(known)}", 2)
    form = known[name]
    place = _place(fleet, name, form, account)
    value = _asked(form.asked).strip()
    try:
        warnings = form.check(value)
    except FormError as error:
        fail(f"{error}; nothing was changed.", 2)
    with _plain_errors(name, form.capability, place):
        fleet.client("secretsmanager", place).put_secret_value(SecretId=form.secret_name, SecretString=value)
    for warning in warnings:
        err.print(warning, style="yellow", markup=False, soft_wrap=True)
    out.print(f"Set. {form.then}")


def _place(fleet: Fleet, name: str, form: Form, account: str | None) -> Account:
    """Where to set a secret: in the account that is asked for, or in the only one where it lies."""
    wanted = form.accounts if account is None else fleet.accounts(account)
    found = [each for each in wanted if each in form.accounts]
    if len(found) != 1:
        several = "lies in several accounts; give --account NAME, one of"
        names = ", ".join(each.name for each in form.accounts)
        fail(f"{name} {several if found else f'does not lie in {account}, but in'}: {names}", 2)
    return found[0]


@app.command()
def status(account: AccountName = None, local: Local = False) -> None:
    """Say which secrets of an account are filled, without showing them; of the hub also what keeps messages waiting.

    Without --account it is the hub.
    """
    fleet = Fleet(local=local)
    hub = fleet.config.fleet.hub
    place = hub if account is None else fleet.accounts(account)[0]
    known = forms(fleet.config)
    here = {name: form for name, form in known.items() if place in form.accounts}
    empty = []
    for name, form in here.items():
        with _plain_errors(name, form.capability, place):
            told = filled_since(fleet.client("secretsmanager", place), form.secret_name)
        out.print(f"{name}: {told or 'empty'}", markup=False)
        if not told:
            empty.append(name)
    if place == hub:
        with _plain_errors("messages", "chatops", hub):
            item = fleet.client("dynamodb", hub).get_item(TableName="yagura-chatops", Key={"pk": {"S": "status#slack"}})
        found = item.get("Item", {}).get("status", {}).get("S", "nothing has been posted yet")
        out.print(f"messages: {found}", markup=False, soft_wrap=True)
    elif not here:
        out.print(f"No secret of the fleet lies in {place.name}.", markup=False)
    end = " --local" if local else ""
    for name in empty:
        where = f" --account {place.name}" if len(here[name].accounts) > 1 else ""
        out.print(f"Fill it: fleetctl secrets set {name}{where}{end}", markup=False, soft_wrap=True)
    others = ", ".join(dict.fromkeys(each.name for form in known.values() for each in form.accounts if each != hub))
    if account is None and others:
        said = f"Others: fleetctl secrets status --account NAME{end}, with NAME one of: {others}"
        out.print(said, markup=False, soft_wrap=True)


def filled_since(secrets: Any, name: str) -> str:
    """Since when it is filled; empty if it is not. The value is not read."""
    described = secrets.describe_secret(SecretId=name)
    if not any(_CURRENT in stages for stages in described.get("VersionIdsToStages", {}).values()):
        return ""
    changed = described.get("LastChangedDate")
    return f"filled{f', last changed {changed:%Y-%m-%d %H:%M %Z}' if changed else ''}"


def _asked(what: str) -> str:
    try:
        if sys.stdin.isatty():
            return str(typer.prompt(what, hide_input=True))
        return sys.stdin.read()
    except UnicodeDecodeError:
        fail("That is not text (UTF-8); nothing was changed.", 2)


@contextmanager
def _plain_errors(name: str, capability: str, place: Account) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            fail(f"{name}: it is not there; deploy {capability} to {place.name} first.")
        fail(f"{name}: {error}")
    except BotoCoreError as error:
        fail(f"{name}: {error}")
