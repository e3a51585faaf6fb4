"""Options that several commands have."""

from typing import Annotated

import typer

AccountName = Annotated[str | None, typer.Option("--account", help="Name of one account of fleet.yaml.")]
All = Annotated[bool, typer.Option("--all", help="Every account of the fleet.")]
Local = Annotated[bool, typer.Option("--local", help="In the local cloud.")]
As = Annotated[str | None, typer.Option("--as", help="In the local cloud: which person of local/people.yaml you are.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until others have decided, and the work is done.")]
Api = Annotated[str | None, typer.Option("--api", help="Address of the hub's API; if none is given, it is looked for.")]
