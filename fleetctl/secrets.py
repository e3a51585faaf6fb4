"""`fleetctl secrets`: fill the secrets that are deployed empty."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleetctl.options import Local
from fleetctl.plain import err, fail, out
from fleetctl.secret_forms import FormError, forms
from fleetctl.sessions import Fleet

app = typer.Typer(no_args_is_help=True, help="Fill the secrets that are deployed empty.")

_CURRENT = "AWSCURRENT"


@app.command(name="set")
def set_secret(
    name: Annotated[str, typer.Argument(help="slack, slack-signing or pagerduty")],
    local: Local = False,
) -> None:
    """Set a secret of the hub; the value is asked for, or read from standard input."""
    fleet = Fleet(local=local)
    known = forms(fleet.config)
    if name not in known:
        without = " (fleet.yaml has no pagerduty)" if name == "pagerduty" else ""
        fail(f"{name!r} is no secret of the fleet{without}; it has: {', '.join(known)}", 2)
    form = known[name]
    value = _asked(form.asked).strip()
    try:
        warnings = form.check(value)
    except FormError as error:
        fail(f"{error}; nothing was changed.", 2)
    with _plain_errors(name):
        fleet.client("secretsmanager", fleet.config.fleet.hub).put_secret_value(
            SecretId=form.secret_name, SecretString=value
        )
    for warning in warnings:
        err.print(warning, style="yellow", markup=False, soft_wrap=True)
    out.print(f"Set. {form.then}")


@app.command()
def status(local: Local = False) -> None:
    """Say which secrets are filled, without showing them, and what keeps messages waiting, if anything does."""
    fleet = Fleet(local=local)
    secrets = fleet.client("secretsmanager", fleet.config.fleet.hub)
    empty = []
    for name, form in forms(fleet.config).items():
        with _plain_errors(name):
            told = filled_since(secrets, form.secret_name)
        out.print(f"{name}: {told or 'empty'}", markup=False)
        if not told:
            empty.append(name)
    with _plain_errors("messages"):
        item = fleet.client("dynamodb", fleet.config.fleet.hub).get_item(
            TableName="yagura-chatops", Key={"pk": {"S": "status#slack"}}
        )
    found = item.get("Item", {}).get("status", {}).get("S", "nothing has been posted yet")
    out.print(f"messages: {found}", markup=False, soft_wrap=True)
    for name in empty:
        out.print(f"Fill it: fleetctl secrets set {name}{' --local' if local else ''}", markup=False)


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
def _plain_errors(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            fail(f"{name}: it is not there; deploy chatops to the hub first.")
        fail(f"{name}: {error}")
    except BotoCoreError as error:
        fail(f"{name}: {error}")
