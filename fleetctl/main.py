"""fleetctl: the operator's and the product team's command line."""

import typer

from fleetctl import audit, commands, findings, freeze, local_cloud, secrets

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Operate the fleet, or try it locally.")
app.add_typer(local_cloud.app, name="local")
app.add_typer(secrets.app, name="secrets")
app.add_typer(audit.app, name="audit")
app.add_typer(findings.app, name="findings")
app.command(name="ask")(commands.ask)
app.command(name="follow")(commands.follow)
app.command(name="freeze")(freeze.freeze)
app.command(name="unfreeze")(freeze.unfreeze)


def run() -> None:
    """Entry point of the installed command."""
    app()
