"""`fleetctl secrets`: fill the secrets that are deployed empty."""

import sys
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleetctl.freeze import Local
from fleetctl.plain import fail, out
from fleetctl.sessions import Fleet

app = typer.Typer(no_args_is_help=True, help="Fill the secrets that are deployed empty.")


@app.command(name="set")
def set_secret(
    name: Annotated[str, typer.Argument(help="slack")],
    local: Local = False,
) -> None:
    """Set a secret of the hub; the value is asked for, or read from standard input."""
    fleet = Fleet(local=local)
    if name != "slack":
        fail(f"{name!r} is no secret of the fleet; it has: slack", 2)
    value = typer.prompt("Bot token", hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    if not value.strip().startswith("xoxb-"):
        fail("A bot token of Slack begins with xoxb-; nothing was changed.", 2)
    try:
        fleet.client("secretsmanager", fleet.config.fleet.hub).put_secret_value(
            SecretId=fleet.config.fleet.slack.secret_name, SecretString=value.strip()
        )
    except (ClientError, BotoCoreError) as error:
        fail(str(error))
    out.print("Set. Messages that wait are posted within two minutes.")


@app.command()
def status(local: Local = False) -> None:
    """Say what keeps messages waiting, if anything does."""
    fleet = Fleet(local=local)
    try:
        item = fleet.client("dynamodb", fleet.config.fleet.hub).get_item(
            TableName="yagura-chatops", Key={"pk": {"S": "status#slack"}}
        )
    except (ClientError, BotoCoreError) as error:
        fail(str(error))
    found = item.get("Item", {}).get("status", {}).get("S", "nothing has been posted yet")
    out.print(f"slack: {found}")
